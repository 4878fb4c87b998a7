//! The graph as a search reads it: lists of links on each layer, and the rows of each node.

use super::build::MAX_LAYERS;
use super::error::Fault;

/// An immutable graph. Node 0 is on every layer; layer `l` is the nodes below `counts[l]`.
#[derive(Clone, Copy)]
pub(super) struct Graph<'w> {
    counts: [u32; MAX_LAYERS],
    /// Which list is the first of each layer.
    first_lists: [usize; MAX_LAYERS],
    links: Lists<'w>,
    rows: Lists<'w>,
}

/// Lists that lie behind one another.
#[derive(Clone, Copy)]
struct Lists<'w> {
    /// Where each begins; one more than there are lists.
    starts: &'w [u32],
    members: &'w [u32],
}

impl<'w> Lists<'w> {
    #[inline]
    fn get(&self, list: usize) -> &'w [u32] {
        &self.members[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    fn follow_one_another(&self) -> bool {
        self.starts.first() == Some(&0)
            && self.starts.is_sorted()
            && self
                .starts
                .last()
                .is_some_and(|end| *end as usize == self.members.len())
    }
}

impl<'w> Graph<'w> {
    pub(super) fn new(
        counts: &[u32; MAX_LAYERS],
        list_starts: &'w [u32],
        links: &'w [u32],
        row_starts: &'w [u32],
        rows: &'w [u32],
    ) -> Self {
        let mut first_lists = [0; MAX_LAYERS];
        for layer in 1..MAX_LAYERS {
            first_lists[layer] = first_lists[layer - 1] + counts[layer - 1] as usize;
        }
        Self {
            counts: *counts,
            first_lists,
            links: Lists {
                starts: list_starts,
                members: links,
            },
            rows: Lists {
                starts: row_starts,
                members: rows,
            },
        }
    }

    /// Number of nodes.
    pub(super) fn nodes(&self) -> usize {
        self.counts[0] as usize
    }

    /// The layers above the lowest, from the highest down.
    pub(super) fn upper_layers(&self) -> impl Iterator<Item = usize> + use<> {
        let counts = self.counts;
        (1..MAX_LAYERS)
            .rev()
            .filter(move |&layer| counts[layer] > 0)
    }

    /// The links of a node of this layer.
    #[inline]
    pub(super) fn links(&self, layer: usize, node: u32) -> &'w [u32] {
        self.links.get(self.first_lists[layer] + node as usize)
    }

    /// The rows that have this node's vector.
    #[inline]
    pub(super) fn rows(&self, node: u32) -> &'w [u32] {
        self.rows.get(node as usize)
    }

    /// Whether every link leads to a node of its own layer, and every one of `rows` belongs to one node.
    pub(super) fn check(&self, rows: usize) -> Result<(), Fault> {
        if !self.links.follow_one_another() || !self.rows.follow_one_another() {
            return Err(Fault::Lists);
        }
        for layer in 0..MAX_LAYERS {
            let count = self.counts[layer];
            let mut links = (0..count).flat_map(|node| self.links(layer, node));
            if links.any(|other| *other >= count) {
                return Err(Fault::Link);
            }
        }
        let mut seen = vec![false; rows];
        for &row in self.rows.members {
            match seen.get_mut(row as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(Fault::Rows),
            }
        }
        // Rows that are all there are once each, for there are as many places as rows.
        let empty = (0..self.counts[0]).any(|node| self.rows(node).is_empty());
        if empty { Err(Fault::Rows) } else { Ok(()) }
    }
}
