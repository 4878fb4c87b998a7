//! Examples that belong together, such as the questions about one document or the turns of one conversation.

use std::collections::HashMap;

/// Which examples form a cluster. They are not independent of each other: what is drawn or flipped at random is the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The cluster of each example.
    of: Vec<usize>,
    /// How many examples each cluster has.
    sizes: Vec<f64>,
}

impl Clusters {
    /// Clusters by the name of each example's, in the order of their first example; an example without one is alone.
    pub fn by_name<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let (mut known, mut of, mut sizes) = (HashMap::new(), Vec::new(), Vec::new());
        for name in names {
            let next = sizes.len();
            let cluster = name.map_or(next, |name| *known.entry(name).or_insert(next));
            if cluster == next {
                sizes.push(0.0);
            }
            sizes[cluster] += 1.0;
            of.push(cluster);
        }
        Self { of, sizes }
    }

    /// The number of clusters.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.of.len()
    }

    /// The places of the examples of each cluster, in order.
    pub(super) fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count()];
        for (example, &cluster) in self.of.iter().enumerate() {
            members[cluster].push(example);
        }
        members
    }

    /// The examples of each cluster.
    pub(super) fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// The sum of a column over each cluster.
    pub(super) fn sums(&self, column: &[f64]) -> Vec<f64> {
        assert_eq!(column.len(), self.of.len(), "one value an example");
        let mut sums = vec![0.0; self.sizes.len()];
        for (value, &cluster) in column.iter().zip(&self.of) {
            sums[cluster] += value;
        }
        sums
    }
}
