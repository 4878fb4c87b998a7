//! The write side: `hnsw_rs` inserts the vectors, and its links are read out, mended and numbered anew.
#![expect(
    clippy::inline_always,
    reason = "what a dispatch compiles for the machine's vectors has to be inlined into it"
)]

use std::collections::HashMap;

use hnsw_rs::anndists::dist::Distance;
use hnsw_rs::hnsw::Hnsw as Inserter;
use pulp::{Arch, Simd, WithSimd};

use super::HnswError;
use super::config::HnswConfig;
use crate::models::Matrix;

/// The most layers that `hnsw_rs` makes.
pub(super) const MAX_LAYERS: usize = 16;

/// A built graph. A node is a distinct vector: rows that are equal share one, because links among equal points lead
/// nowhere.
///
/// Nodes are numbered from the highest layer down, so that a layer is the nodes below some number and node 0 is where
/// every search begins; within a layer as a walk from node 0 meets them, so that neighbours lie near each other.
#[derive(Debug)]
pub(super) struct Built {
    /// The rows of each node, ascending.
    pub(super) rows: Vec<Vec<u32>>,
    /// For each layer from the lowest up, the links of its nodes, ascending.
    pub(super) layers: Vec<Vec<Vec<u32>>>,
}

/// A vector of length 1 in whole steps: half the memory to fetch while nodes are inserted, and sums that are equal on
/// every machine. A product is at most that of the lengths, 1.01 each, and so fits 32 bits.
fn fixed(vector: &[f32]) -> impl Iterator<Item = i16> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casting keeps to the range"
    )]
    vector
        .iter()
        .map(|value| (value * f32::from(i16::MAX)).round() as i16)
}

/// One minus the cosine, in steps.
struct OneMinusDot;

impl Distance<i16> for OneMinusDot {
    fn eval(&self, a: &[i16], b: &[i16]) -> f32 {
        const ONE: i32 = i16::MAX as i32 * i16::MAX as i32;
        // Rounding can lift the product above one, and `hnsw_rs` asserts that no distance is negative.
        (ONE - dot(a, b)).max(0) as f32
    }
}

fn dot(a: &[i16], b: &[i16]) -> i32 {
    Arch::new().dispatch(Dot(a, b))
}

/// What is compiled for the machine's vectors.
struct Dot<'v>(&'v [i16], &'v [i16]);

impl WithSimd for Dot<'_> {
    type Output = i32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> i32 {
        let mut sum = 0;
        for (a, b) in self.0.iter().zip(self.1) {
            sum += i32::from(*a) * i32::from(*b);
        }
        sum
    }
}

/// Builds a graph over vectors of length 1 (or 0, which are near nothing).
pub(super) fn build(vectors: &Matrix, config: &HnswConfig) -> Result<Built, HnswError> {
    check(vectors)?;
    let rows = distinct(vectors);
    let dim = vectors.dim();
    let steps: Vec<i16> = rows
        .iter()
        .flat_map(|rows| fixed(vectors.row(rows[0] as usize)))
        .collect();
    let vector = |node: usize| &steps[node * dim..(node + 1) * dim];
    let mut links = inserted(rows.len(), vector, config);
    connect(&mut links, vector);
    Ok(renumbered(&links, &rows))
}

/// Refuses what `hnsw_rs` would panic on.
fn check(vectors: &Matrix) -> Result<(), HnswError> {
    for row in 0..vectors.rows() {
        let vector = vectors.row(row);
        if let Some(&value) = vector.iter().find(|value| !value.is_finite()) {
            return Err(HnswError::VectorNotFinite { row, value });
        }
        let length = vector
            .iter()
            .map(|value| f64::from(*value).powi(2))
            .sum::<f64>()
            .sqrt();
        // Vectors that others normalised in 16 bits are off by a thousandth.
        if length != 0.0 && (length - 1.0).abs() > 0.01 {
            return Err(HnswError::VectorLength { row, length });
        }
    }
    Ok(())
}

/// The rows of each distinct vector, in the order of their first.
fn distinct(vectors: &Matrix) -> Vec<Vec<u32>> {
    let mut nodes: HashMap<&[u8], usize> = HashMap::new();
    let mut rows: Vec<Vec<u32>> = Vec::new();
    for row in 0..vectors.rows() {
        let node = *nodes
            .entry(bytemuck::cast_slice(vectors.row(row)))
            .or_insert(rows.len());
        if node == rows.len() {
            rows.push(Vec::new());
        }
        rows[node].push(u32::try_from(row).expect("rows are counted in u32"));
    }
    rows
}

/// The links of each node on each of its layers, from the lowest up, nearest first.
type Links = Vec<Vec<Vec<u32>>>;

fn inserted<'v>(nodes: usize, vector: impl Fn(usize) -> &'v [i16], config: &HnswConfig) -> Links {
    let inserter = Inserter::new(
        config.m.get(),
        nodes,
        MAX_LAYERS,
        config.ef_construction.get(),
        OneMinusDot,
    );
    let all: Vec<(&[i16], usize)> = (0..nodes).map(|node| (vector(node), node)).collect();
    // Threads that insert the very first nodes at once would not see each other, and leave them without links.
    let alone = if config.deterministic {
        nodes
    } else {
        nodes.min(1)
    };
    for &node in &all[..alone] {
        inserter.insert_slice(node);
    }
    inserter.parallel_insert_slice(&all[alone..].to_vec());

    let mut links: Links = vec![Vec::new(); nodes];
    let points = inserter.get_point_indexation();
    for top in 0..MAX_LAYERS {
        for point in points.get_layer_iterator(top) {
            // It also notes one link on each layer above a point's own; no search comes by there.
            links[point.get_origin_id()] = point
                .get_neighborhood_id()
                .into_iter()
                .take(top + 1)
                .map(|layer| {
                    layer
                        .iter()
                        .map(|link| u32::try_from(link.d_id).expect("nodes are counted in u32"))
                        .collect()
                })
                .collect();
        }
    }
    // Where a point opened new layers it was linked there to the entry point of that time, which lies below.
    let tops: Vec<usize> = links.iter().map(Vec::len).collect();
    for (node, layers) in links.iter_mut().enumerate() {
        for (layer, list) in layers.iter_mut().enumerate() {
            list.retain(|&other| other as usize != node && tops[other as usize] > layer);
        }
    }
    links
}

/// The node on which every search begins.
fn entry(links: &Links) -> usize {
    let highest = links.iter().map(Vec::len).max().unwrap_or(0);
    links
        .iter()
        .position(|layers| layers.len() == highest)
        .unwrap_or(0)
}

/// Makes every node reachable from the entry on the lowest layer: `hnsw_rs` drops a link to make room for a nearer one
/// without asking whether it was the only one.
fn connect<'v>(links: &mut Links, vector: impl Fn(usize) -> &'v [i16]) {
    let mut reached = vec![false; links.len()];
    if links.is_empty() {
        return;
    }
    reach(links, entry(links), &mut reached);
    for node in 0..links.len() {
        if reached[node] {
            continue;
        }
        let near = |&other: &usize| (reached[other], dot(vector(node), vector(other)));
        let best = |others: &mut dyn Iterator<Item = usize>| {
            others.filter(|other| reached[*other]).max_by(|a, b| {
                let (a, b) = (near(a), near(b));
                a.1.cmp(&b.1)
            })
        };
        let own = best(&mut links[node][0].iter().map(|&other| other as usize));
        let from = own
            .or_else(|| best(&mut (0..links.len())))
            .expect("the entry is reached");
        links[from][0].push(u32::try_from(node).expect("nodes are counted in u32"));
        reach(links, node, &mut reached);
    }
}

/// Marks all that can be reached from `start` on the lowest layer.
fn reach(links: &Links, start: usize, reached: &mut [bool]) {
    reached[start] = true;
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for &next in &links[node][0] {
            let next = next as usize;
            if !reached[next] {
                reached[next] = true;
                open.push(next);
            }
        }
    }
}

fn renumbered(links: &Links, rows: &[Vec<u32>]) -> Built {
    let order = numbering(links);
    let mut number = vec![0_u32; order.len()];
    for (new, &old) in (0..).zip(&order) {
        number[old] = new;
    }
    let highest = links.iter().map(Vec::len).max().unwrap_or(0);
    let layer = |layer: usize| -> Vec<Vec<u32>> {
        let members = order.iter().filter(|&&old| links[old].len() > layer);
        members
            .map(|&old| {
                let mut list: Vec<u32> = links[old][layer]
                    .iter()
                    .map(|&other| number[other as usize])
                    .collect();
                list.sort_unstable();
                list.dedup();
                list
            })
            .collect()
    };
    Built {
        rows: order.iter().map(|&old| rows[old].clone()).collect(),
        layers: (0..highest).map(layer).collect(),
    }
}

/// The nodes by their highest layer, then as a walk in breadth from the entry meets them.
fn numbering(links: &Links) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(links.len());
    let mut met = vec![false; links.len()];
    if !links.is_empty() {
        order.push(entry(links));
        met[order[0]] = true;
    }
    let mut next = 0;
    while next < order.len() {
        for &other in &links[order[next]][0] {
            let other = other as usize;
            if !met[other] {
                met[other] = true;
                order.push(other);
            }
        }
        next += 1;
    }
    order.sort_by_key(|&node| std::cmp::Reverse(links[node].len()));
    order
}
