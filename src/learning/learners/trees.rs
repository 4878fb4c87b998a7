//! Gradient boosting on the squared error with histogram trees, as in scikit-learn's `HistGradientBoostingRegressor`, one ensemble a model.
//!
//! Written here because `gbdt` has had no release since January 2024, `perpetual` takes a budget instead of rounds and a depth, and `forust-ml` 0.8, the one
//! that would do, keeps its sums in f32, takes twice as long, writes seven times as much, and its models are neither `Debug` nor `Clone`.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Rows;
use crate::learning::algebra::column;

/// Boosts trees that each fit what is left of the squared error. A split is the one that lowers it most; the earlier feature and the lower cut of two
/// that are as good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trees {
    /// Trees a model, at least 1; fewer where one finds nothing to split.
    pub rounds: usize,
    /// Splits from root to leaf, 1 to 16.
    pub depth: usize,
    /// The share of a leaf's mean that is added, above 0 and at most 1.
    pub learning_rate: f64,
    /// Training rows in a leaf, at least 1.
    pub min_leaf: usize,
    /// Rows of residual 0 added to each leaf, 0 or more.
    pub l2: f64,
}

impl Default for Trees {
    fn default() -> Self {
        Self {
            rounds: 150,
            depth: 4,
            learning_rate: 0.05,
            min_leaf: 40,
            l2: 1.0,
        }
    }
}

/// One ensemble a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosted(Vec<Ensemble>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ensemble {
    /// The mean score, to which the leaves are added.
    mean: f64,
    trees: Vec<Vec<Node>>,
}

/// A node of a tree in preorder: what is left of a split follows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Node {
    /// What is added to the score.
    #[serde(rename = "l")]
    Leaf(f64),
    /// Feature, the largest value that goes left, and the node to the right.
    #[serde(rename = "s")]
    Split(usize, f32, usize),
}

/// The largest depth allowed.
pub(super) const DEPTH_LIMIT: usize = 16;
/// Bins of a feature's values.
const BINS: usize = 64;
/// A split that lowers the squared error by less lowers it by rounding alone.
const LEAST_GAIN: f64 = 1e-12;

/// Sum of residuals and number of rows in each bin of a feature; both f64, so that one vector instruction adds them.
type Histogram = [[f64; 2]; BINS];

impl Trees {
    pub(super) fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize) -> Boosted {
        let binned = Binned::new(rows, targets.len() / models);
        let ensembles = (0..models).into_par_iter();
        Boosted(
            ensembles
                .map(|model| self.boost(&binned, &column(targets, models, model)))
                .collect(),
        )
    }

    fn boost(&self, binned: &Binned, scores: &[f64]) -> Ensemble {
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let mut residuals: Vec<f64> = scores.iter().map(|score| score - mean).collect();
        let mut trees = Vec::new();
        for _ in 0..self.rounds {
            let mut rows: Vec<usize> = (0..scores.len()).collect();
            let mut grower = Grower {
                settings: self,
                binned,
                residuals: &mut residuals,
                nodes: Vec::new(),
            };
            let root = grower.histograms(&rows);
            grower.grow(&mut rows, root, self.depth);
            let nodes = grower.nodes;
            if nodes.len() == 1 {
                break;
            }
            trees.push(nodes);
        }
        Ensemble { mean, trees }
    }
}

impl Boosted {
    pub(super) fn predict(&self, row: &[f32]) -> Vec<f64> {
        let score = |ensemble: &Ensemble| {
            let leaves = ensemble.trees.iter().map(|tree| leaf(tree, row));
            leaves.fold(ensemble.mean, |sum, leaf| sum + leaf)
        };
        self.0.iter().map(score).collect()
    }
}

fn leaf(tree: &[Node], row: &[f32]) -> f64 {
    let mut place = 0;
    loop {
        match tree[place] {
            Node::Leaf(value) => return value,
            Node::Split(feature, cut, _) if row[feature] <= cut => place += 1,
            Node::Split(_, _, right) => place = right,
        }
    }
}

/// A tree as it grows.
struct Grower<'a> {
    settings: &'a Trees,
    binned: &'a Binned,
    /// What is left of each row's score, less the leaf it falls into.
    residuals: &'a mut [f64],
    nodes: Vec<Node>,
}

impl Grower<'_> {
    fn histograms(&self, rows: &[usize]) -> Vec<Histogram> {
        let residuals: Vec<f64> = rows.iter().map(|row| self.residuals[*row]).collect();
        let of_feature = |feature: usize| {
            let bins = self.binned.bins(feature);
            let mut histogram = [[0.0; 2]; BINS];
            for (row, residual) in rows.iter().zip(&residuals) {
                // The remainder is the bin itself and spares the check of a bound.
                let [sum, count] = &mut histogram[usize::from(bins[*row]) % BINS];
                *sum += residual;
                *count += 1.0;
            }
            histogram
        };
        (0..self.binned.cuts.len()).map(of_feature).collect()
    }

    /// Adds the node of some rows and all below it.
    fn grow(&mut self, rows: &mut [usize], mut histograms: Vec<Histogram>, depth: usize) {
        let sum: f64 = rows.iter().map(|row| self.residuals[*row]).sum();
        let Some((feature, bin)) = self.split(&histograms, sum, rows.len()) else {
            self.leaf(rows, sum);
            return;
        };
        let node = self.nodes.len();
        self.nodes.push(Node::Leaf(0.0));
        let bins = self.binned.bins(feature);
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|row| usize::from(bins[**row]) <= bin);
        rows[..left.len()].copy_from_slice(&left);
        rows[left.len()..].copy_from_slice(&right);
        let (left, right) = rows.split_at_mut(left.len());
        let (mut left_histograms, mut right_histograms) = (Vec::new(), Vec::new());
        if depth > 1 {
            // The larger side is what the smaller one leaves of both.
            let left_is_smaller = left.len() <= right.len();
            let smaller = self.histograms(if left_is_smaller { left } else { right });
            for (both, smaller) in histograms.iter_mut().zip(&smaller) {
                for ([sum, count], [less, fewer]) in both.iter_mut().zip(smaller) {
                    *sum -= less;
                    *count -= fewer;
                }
            }
            (left_histograms, right_histograms) = if left_is_smaller {
                (smaller, histograms)
            } else {
                (histograms, smaller)
            };
        }
        self.grow(left, left_histograms, depth - 1);
        self.nodes[node] = Node::Split(feature, self.binned.cuts[feature][bin], self.nodes.len());
        self.grow(right, right_histograms, depth - 1);
    }

    fn leaf(&mut self, rows: &[usize], sum: f64) {
        let value = self.settings.learning_rate * sum / (rows.len() as f64 + self.settings.l2);
        for row in rows {
            self.residuals[*row] -= value;
        }
        self.nodes.push(Node::Leaf(value));
    }

    /// The feature and the last bin that goes left; none without histograms, which is where the depth is used up.
    fn split(&self, histograms: &[Histogram], sum: f64, rows: usize) -> Option<(usize, usize)> {
        let (all, least) = (rows as f64, self.settings.min_leaf as f64);
        let worth = |sum: f64, count: f64| sum * sum / (count + self.settings.l2);
        let mut best = None;
        let mut most = worth(sum, all) + LEAST_GAIN;
        for (feature, histogram) in histograms.iter().enumerate() {
            let (mut left, mut count) = (0.0, 0.0);
            let cuts = self.binned.cuts[feature].len();
            for (bin, [residuals, rows]) in histogram.iter().take(cuts).enumerate() {
                left += residuals;
                count += rows;
                if count < least || all - count < least {
                    continue;
                }
                let now = worth(left, count) + worth(sum - left, all - count);
                if now > most {
                    (best, most) = (Some((feature, bin)), now);
                }
            }
        }
        best
    }
}

/// Features as numbers of bins.
struct Binned {
    /// The largest value of each bin but the last, ascending, for each feature.
    cuts: Vec<Vec<f32>>,
    count: usize,
    /// Feature after feature.
    values: Vec<u8>,
}

impl Binned {
    fn new(rows: Rows<'_>, count: usize) -> Self {
        let feature = |feature: usize| {
            let values: Vec<f32> = (0..count).map(|row| rows.row(row)[feature]).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let cuts = cuts(&sorted);
            let bin = |value: &f32| {
                let bin = cuts.partition_point(|cut| cut < value);
                u8::try_from(bin).expect("fewer bins than a byte counts")
            };
            let bins: Vec<u8> = values.iter().map(bin).collect();
            (cuts, bins)
        };
        let features: Vec<_> = (0..rows.dim).into_par_iter().map(feature).collect();
        let (cuts, bins): (Vec<_>, Vec<_>) = features.into_iter().unzip();
        Self {
            cuts,
            count,
            values: bins.concat(),
        }
    }

    fn bins(&self, feature: usize) -> &[u8] {
        &self.values[feature * self.count..(feature + 1) * self.count]
    }
}

/// Cuts between values so that the bins hold about as many rows each; a value that fills a bin has one of its own.
fn cuts(sorted: &[f32]) -> Vec<f32> {
    // Of ascending values, equal ones.
    let runs: Vec<&[f32]> = sorted.chunk_by(|a, b| a >= b).collect();
    let mut cuts = Vec::new();
    let (mut held, mut left) = (0, sorted.len());
    for pair in runs.windows(2) {
        held += pair[0].len();
        let wanted = left.div_ceil(BINS - cuts.len());
        let is_full = runs.len() <= BINS || held >= wanted || pair[1].len() >= wanted;
        if is_full && cuts.len() + 1 < BINS {
            let (low, high) = (pair[0][0], pair[1][0]);
            let middle = low / 2.0 + high / 2.0;
            cuts.push(if middle < high { middle } else { low });
            left -= held;
            held = 0;
        }
    }
    cuts
}
