//! The walk of one query through the graph.
#![expect(
    clippy::inline_always,
    reason = "what a dispatch compiles for the machine's vectors has to be inlined into it"
)]

use pulp::{Arch, Simd, WithSimd};

use super::codes::Codes;
use super::graph::Graph;

/// What a [`Candidate`] can number.
pub(super) const MAX_NODES: u32 = 1 << 30;
/// Codes that are compared at once, so that the memory of one is fetched while another is summed up.
const TOGETHER: usize = 4;

/// A node that was compared: one number whose order is that of nearness, nearest first, and then of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate(u64);

impl Candidate {
    const FOLLOWED: u64 = 1;
    const WANTED: u64 = 2;

    fn new(nearness: i32, node: u32) -> Self {
        // The sign bit turned, whole numbers are ordered as those without a sign; all bits turned, the largest is first.
        let order = !(nearness.cast_unsigned() ^ (1 << 31));
        Self(u64::from(order) << 32 | u64::from(node) << 2)
    }

    fn node(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let lower = self.0 as u32;
        lower >> 2
    }

    fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }
}

/// What walks leave for the next: memory, but nothing that a result depends on.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    query: Vec<i16>,
    /// The walk that last met each node.
    met: Vec<u8>,
    walk: u8,
    /// The links of one node that are new to this walk.
    fresh: Vec<u32>,
    beam: Beam,
}

/// The nearest nodes met so far, nearest first: as many as are asked for of those that are wanted, and among them those
/// that are only passed through.
#[derive(Debug, Default)]
struct Beam {
    candidates: Vec<Candidate>,
    wanted: usize,
    /// All before are followed.
    next: usize,
}

impl Beam {
    fn clear(&mut self) {
        self.candidates.clear();
        self.wanted = 0;
        self.next = 0;
    }

    /// The nearest candidate whose links were not followed yet.
    #[inline]
    fn follow(&mut self) -> Option<u32> {
        while let Some(candidate) = self.candidates.get_mut(self.next) {
            self.next += 1;
            if !candidate.is(Candidate::FOLLOWED) {
                candidate.0 |= Candidate::FOLLOWED;
                return Some(candidate.node());
            }
        }
        None
    }

    #[inline]
    fn offer(&mut self, mut candidate: Candidate, ef: usize, is_wanted: impl Fn(u32) -> bool) {
        let full = self.wanted >= ef;
        if full && self.candidates.last().is_some_and(|last| candidate > *last) {
            return;
        }
        if is_wanted(candidate.node()) {
            candidate.0 |= Candidate::WANTED;
            self.wanted += 1;
            if full {
                // The last is a wanted one, and so has to be the new last.
                self.candidates.pop();
                self.wanted -= 1;
            }
        }
        let place = self.candidates.partition_point(|other| *other < candidate);
        self.candidates.insert(place, candidate);
        self.next = self.next.min(place);
        if self.wanted >= ef {
            while let Some(last) = self.candidates.last()
                && !last.is(Candidate::WANTED)
            {
                self.candidates.pop();
            }
        }
    }
}

/// What is compiled for the machine's vectors: a type and not a closure, because it has to be inlined into the dispatch.
struct Walk<'w, F> {
    scratch: &'w mut Scratch,
    graph: &'w Graph<'w>,
    codes: &'w Codes<'w>,
    ef: usize,
    budget: usize,
    is_wanted: F,
}

impl<F: Fn(u32) -> bool> WithSimd for Walk<'_, F> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let start = self.scratch.descend(self.graph, self.codes);
        self.scratch.spread(
            start,
            self.graph,
            self.codes,
            self.ef,
            self.budget,
            self.is_wanted,
        )
    }
}

impl Scratch {
    /// The `ef` wanted nodes that a walk from node 0 finds nearest to the query, or fewer where there are no more; `None`
    /// where that took more than `budget` comparisons.
    ///
    /// A node that is not wanted is passed through all the same, for wanted ones may lie behind it.
    pub(super) fn walk(
        &mut self,
        graph: &Graph<'_>,
        codes: &Codes<'_>,
        query: &[f32],
        ef: usize,
        budget: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Option<impl Iterator<Item = u32>> {
        self.met.resize(graph.nodes(), 0);
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 {
            self.met.fill(0);
            self.walk = 1;
        }
        self.beam.clear();
        codes.query(query, &mut self.query);
        let within = Arch::new().dispatch(Walk {
            scratch: self,
            graph,
            codes,
            ef,
            budget,
            is_wanted,
        });
        let wanted = |candidate: &&Candidate| candidate.is(Candidate::WANTED);
        within.then(|| {
            self.beam
                .candidates
                .iter()
                .filter(wanted)
                .map(|candidate| candidate.node())
        })
    }

    /// From the highest layer down, goes on to the nearest neighbour while there is a nearer one.
    #[inline(always)]
    fn descend(&self, graph: &Graph<'_>, codes: &Codes<'_>) -> Candidate {
        let compare = |node| Candidate::new(codes.nearness(&self.query, [node])[0], node);
        let mut best = compare(0);
        for layer in graph.upper_layers() {
            loop {
                let from = best;
                for &node in graph.links(layer, from.node()) {
                    best = best.min(compare(node));
                }
                if best == from {
                    break;
                }
            }
        }
        best
    }

    /// Follows the links of the nearest candidate on the lowest layer until all that are left are followed; `false`
    /// where that took more than `budget` comparisons.
    #[inline(always)]
    fn spread(
        &mut self,
        start: Candidate,
        graph: &Graph<'_>,
        codes: &Codes<'_>,
        ef: usize,
        mut budget: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> bool {
        self.met[start.node() as usize] = self.walk;
        self.beam.offer(start, ef, &is_wanted);
        while let Some(node) = self.beam.follow() {
            self.fresh.clear();
            let mut touched = 0;
            for &node in graph.links(0, node) {
                let met = &mut self.met[node as usize];
                if *met != self.walk {
                    *met = self.walk;
                    self.fresh.push(node);
                    touched ^= codes.touch(node);
                }
            }
            // Used for nothing, but to have all codes on their way before the first is waited for.
            std::hint::black_box(touched);
            let Some(left) = budget.checked_sub(self.fresh.len()) else {
                return false;
            };
            budget = left;
            let (groups, rest) = self.fresh.as_chunks::<TOGETHER>();
            for group in groups {
                for (&node, nearness) in group.iter().zip(codes.nearness(&self.query, *group)) {
                    self.beam
                        .offer(Candidate::new(nearness, node), ef, &is_wanted);
                }
            }
            for &node in rest {
                let [nearness] = codes.nearness(&self.query, [node]);
                self.beam
                    .offer(Candidate::new(nearness, node), ef, &is_wanted);
            }
        }
        true
    }
}
