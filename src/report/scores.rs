//! The scores of one variant of a run, example by example.

use anyhow::{Context, ensure};
use polars::prelude::{ChunkCompareEq, DataFrame};

use super::read::{lists, numbers, texts};
use super::summary::slices;
use super::{Run, files};
use crate::metrics::{Column, MetricFacts};

/// What every example of a variant scored, in the order of their ids: nothing that is computed from it depends on the order of
/// rows in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The examples' ids, sorted, each once.
    pub ids: Vec<String>,
    /// The places of each slice's examples, the slice `all` first.
    pub slices: Vec<(String, Vec<usize>)>,
    /// The cluster of each example.
    pub clusters: Vec<Option<String>>,
    /// Which examples ended in an error. Their scores are 0.
    pub failed: Vec<bool>,
    /// The values of each metric; `None` where an example has no such value. Those of a pooled metric are pseudo-values over all examples:
    /// over some of them it is [`Scores::over`].
    pub metrics: Vec<(MetricFacts, Vec<Option<f64>>)>,
}

impl Run {
    /// The scores of `variant`.
    ///
    /// # Errors
    /// Where the run has no such variant, an id comes twice, or a score is not finite.
    pub fn scores(&self, variant: &str) -> anyhow::Result<Scores> {
        let (path, identity) = (self.path.file(files::EXAMPLES), &self.manifest.identity);
        ensure!(
            identity.variants.iter().any(|known| known == variant),
            "`{}` has no variant `{variant}`; it has {}",
            self.path.0.display(),
            identity.variants.join(", ")
        );
        let whole = self.read(files::EXAMPLES)?;
        let rows = whole.filter(&whole.column("variant")?.str()?.equal(variant))?;
        ensure!(
            rows.height() == identity.examples,
            "`{}` has {} examples of variant `{variant}`, its manifest says {}; the run is not whole",
            path.display(),
            rows.height(),
            identity.examples
        );
        Scores::of(&rows, &identity.metrics)
            .with_context(|| format!("`{}`, variant `{variant}`", path.display()))
    }
}

impl Scores {
    fn of(rows: &DataFrame, metrics: &[MetricFacts]) -> anyhow::Result<Self> {
        let ids = texts(rows, "example_id")?;
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by(|a, b| ids[*a].cmp(&ids[*b]));
        if let Some(pair) = order.windows(2).find(|pair| ids[pair[0]] == ids[pair[1]]) {
            anyhow::bail!("example `{}` is there twice", ids[pair[0]]);
        }
        let memberships = lists(rows.column("slices")?)?;
        let memberships: Vec<Vec<String>> = memberships
            .into_iter()
            .map(|list| Ok(list.str()?.iter().flatten().map(str::to_owned).collect()))
            .collect::<anyhow::Result<_>>()?;
        let clusters = rows.column("cluster")?.str()?;
        let failed: Vec<bool> = rows
            .column("error")?
            .is_not_null()
            .iter()
            .map(|failed| failed == Some(true))
            .collect();
        let mut columns = Vec::new();
        for facts in metrics.iter().filter(|facts| facts.pooled.is_none()) {
            let values = numbers(rows, &facts.name)?;
            let in_order: Vec<Option<f64>> = order.iter().map(|&row| values[row]).collect();
            let bad = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
            if let Some(place) = in_order.iter().position(bad) {
                anyhow::bail!(
                    "example `{}`: its `{}` is no finite number; a mean over it would be none either",
                    ids[order[place]],
                    facts.name
                );
            }
            columns.push((facts.clone(), in_order));
        }
        let mut scores = Self {
            slices: slices(order.iter().map(|&row| memberships[row].as_slice())),
            clusters: order
                .iter()
                .map(|&row| clusters.get(row).map(str::to_owned))
                .collect(),
            failed: order.iter().map(|&row| failed[row]).collect(),
            ids: order.iter().map(|&row| ids[row].clone()).collect(),
            metrics: columns,
        };
        scores.pool(metrics);
        Ok(scores)
    }

    /// Adds the metrics that are no means, and puts all in the order in which the run names them.
    fn pool(&mut self, metrics: &[MetricFacts]) {
        let all: Vec<usize> = (0..self.ids.len()).collect();
        for facts in metrics.iter().filter(|facts| facts.pooled.is_some()) {
            let mut values = vec![None; all.len()];
            let column = self.over(facts, &all);
            for (place, value) in column.places.into_iter().zip(&column.values[0]) {
                values[place] = Some(*value);
            }
            self.metrics.push((facts.clone(), values));
        }
        let place = |facts: &MetricFacts| metrics.iter().position(|other| other.name == facts.name);
        self.metrics.sort_by_key(|(facts, _)| place(facts));
    }

    /// The values of a metric over some examples.
    pub fn over(&self, facts: &MetricFacts, places: &[usize]) -> Column<1> {
        facts.over(places, [&|name, place| self.values(name)?[place]])
    }

    /// The values of a metric, by its name in any case.
    pub fn values(&self, metric: &str) -> Option<&[Option<f64>]> {
        self.named(metric).map(|(_, values)| values.as_slice())
    }

    /// What is said of a metric, by its name in any case.
    pub fn facts(&self, metric: &str) -> Option<&MetricFacts> {
        self.named(metric).map(|(facts, _)| facts)
    }

    fn named(&self, metric: &str) -> Option<&(MetricFacts, Vec<Option<f64>>)> {
        let mut metrics = self.metrics.iter();
        metrics.find(|(facts, _)| facts.name.eq_ignore_ascii_case(metric))
    }
}
