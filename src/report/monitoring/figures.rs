//! What every component of every variant did, by slice.

use std::collections::{BTreeMap, HashMap};

use super::TOTAL;
use super::tally::of_slice;
use crate::outputs::Output;
use crate::report::Evaluated;
use crate::report::spent::is_priced;
use crate::report::summary::slices;

/// What a row says of its component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum What {
    LatencyMean,
    LatencyP50,
    LatencyP95,
    LatencyP99,
    LatencyShare,
    BatchSizeMax,
    TtftP50,
    TtftP95,
    InterTokenP50,
    InterTokenP95,
    Calls,
    CachedCalls,
    TokensIn,
    CachedTokensIn,
    TokensOut,
    Cost,
    DegradedRate,
    ErrorRate,
    RefusalRate,
    ReviewRate,
    ConfidenceMean,
}

impl What {
    /// As it stands in the file, with its unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LatencyMean => "latency_mean_ms",
            Self::LatencyP50 => "latency_p50_ms",
            Self::LatencyP95 => "latency_p95_ms",
            Self::LatencyP99 => "latency_p99_ms",
            Self::LatencyShare => "latency_share",
            Self::BatchSizeMax => "batch_size_max",
            Self::TtftP50 => "ttft_p50_ms",
            Self::TtftP95 => "ttft_p95_ms",
            Self::InterTokenP50 => "inter_token_p50_ms",
            Self::InterTokenP95 => "inter_token_p95_ms",
            Self::Calls => "calls",
            Self::CachedCalls => "cached_calls",
            Self::TokensIn => "tokens_in",
            Self::CachedTokensIn => "cached_tokens_in",
            Self::TokensOut => "tokens_out",
            Self::Cost => "cost_usd",
            Self::DegradedRate => "degraded_rate",
            Self::ErrorRate => "error_rate",
            Self::RefusalRate => "refusal_rate",
            Self::ReviewRate => "review_rate",
            Self::ConfidenceMean => "confidence_mean",
        }
    }
}

/// One row of `monitoring.parquet`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) variant: String,
    pub(super) slice: String,
    pub(super) component: String,
    pub(super) aside: bool,
    pub(super) what: What,
    pub(super) n: u64,
    pub(super) value: f64,
}

/// A stage of a variant, or all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) aside: bool,
    /// Whether it asks a language model, in any example.
    pub(super) asks: bool,
    /// Whether all that it asks for has a price.
    pub(super) priced: bool,
    /// Its place among the stages of all variants: the same stage has the same colour everywhere.
    pub(super) colour: usize,
}

/// Why answers were not as the config says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// The stage that was degraded; absent of an error.
    pub(super) component: Option<String>,
    pub(super) text: String,
    pub(super) examples: u64,
}

/// A variant, apart from its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    /// In the order in which they run.
    pub(super) components: Vec<Component>,
    /// The most frequent first; of as many, by stage and text.
    pub(super) reasons: Vec<Reason>,
    /// The clocks of an answer: more than 1 where variants were alternated.
    pub(super) calls_per_example: usize,
}

/// All rows, in the order variant, slice, component, what; `all` comes first and `total` last.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) rows: Vec<Row>,
    pub(super) slices: Vec<(String, usize)>,
    pub(super) served: Vec<Served>,
    /// Where a row is.
    places: HashMap<(String, String, String, What), usize>,
}

impl Figures {
    pub(super) fn of(examples: &[Evaluated], variants: &[String]) -> Self {
        let slices = slices(examples.iter().map(|example| example.slices.as_slice()));
        let (mut rows, mut served) = (Vec::new(), Vec::new());
        let mut known: Vec<String> = Vec::new();
        for (place, variant) in variants.iter().enumerate() {
            let outputs: Vec<&Output> = examples
                .iter()
                .map(|example| &example.outputs[place])
                .collect();
            let mut components = components(&outputs);
            for component in components.iter_mut().filter(|one| one.name != TOTAL) {
                let same = known.iter().position(|name| *name == component.name);
                component.colour = same.unwrap_or_else(|| {
                    known.push(component.name.clone());
                    known.len() - 1
                });
            }
            for (slice, members) in &slices {
                let outputs: Vec<&Output> = members.iter().map(|&place| outputs[place]).collect();
                let found = of_slice(&outputs, &components);
                rows.extend(found.into_iter().map(|(component, what, n, value)| Row {
                    variant: variant.clone(),
                    slice: slice.clone(),
                    component: component.name.clone(),
                    aside: component.aside,
                    what,
                    n,
                    value,
                }));
            }
            served.push(Served {
                reasons: reasons(&outputs),
                calls_per_example: outputs
                    .iter()
                    .map(|output| output.passes.len())
                    .max()
                    .unwrap_or(0)
                    .max(1),
                components,
            });
        }
        let key = |row: &Row| {
            let (variant, slice) = (row.variant.clone(), row.slice.clone());
            (variant, slice, row.component.clone(), row.what)
        };
        Self {
            places: rows.iter().map(key).zip(0..).collect(),
            slices: slices
                .into_iter()
                .map(|(slice, members)| (slice, members.len()))
                .collect(),
            rows,
            served,
        }
    }

    /// The row, where there is one.
    pub(super) fn row(
        &self,
        variant: &str,
        slice: &str,
        component: &str,
        what: What,
    ) -> Option<&Row> {
        let [variant, slice, component] = [variant, slice, component].map(str::to_owned);
        let place = self.places.get(&(variant, slice, component, what))?;
        Some(&self.rows[*place])
    }
}

/// The stages of all outputs, in the order in which they run, and last all of them together. A stage that only some outputs have
/// stands behind the one that it first followed.
fn components(outputs: &[&Output]) -> Vec<Component> {
    let mut found: Vec<Component> = Vec::new();
    let total = |found: &[Component]| Component {
        name: TOTAL.to_owned(),
        aside: false,
        asks: found.iter().any(|one| one.asks && !one.aside),
        priced: found.iter().all(|one| one.priced || one.aside),
        colour: 0,
    };
    for output in outputs {
        let mut next = 0;
        for stage in &output.stages {
            let place = place_of(&found, &stage.name, stage.aside).unwrap_or_else(|| {
                let component = Component {
                    name: stage.name.clone(),
                    aside: stage.aside,
                    asks: false,
                    priced: true,
                    colour: 0,
                };
                found.insert(next, component);
                next
            });
            found[place].asks |= stage.usage.is_some();
            found[place].priced &= stage.usage.as_ref().is_none_or(is_priced);
            next = place + 1;
        }
    }
    found.push(total(&found));
    found
}

/// Where a stage of this name is.
pub(super) fn place_of(components: &[Component], name: &str, aside: bool) -> Option<usize> {
    let mut known = components.iter();
    known.position(|known| known.name == name && known.aside == aside)
}

/// Why stages were degraded and examples ended in an error.
fn reasons(outputs: &[&Output]) -> Vec<Reason> {
    let mut found: BTreeMap<(Option<&str>, &str), u64> = BTreeMap::new();
    for output in outputs {
        let degraded = output.stages.iter().filter_map(|stage| {
            let text = stage.degraded.as_deref()?;
            Some((Some(stage.name.as_str()), text))
        });
        let error = output.error.as_deref().map(|error| (None, error));
        // A stage may be degraded twice in one answer for the same reason.
        let mut of_output: Vec<_> = degraded.chain(error).collect();
        of_output.sort_unstable();
        of_output.dedup();
        for reason in of_output {
            *found.entry(reason).or_default() += 1;
        }
    }
    let mut reasons: Vec<Reason> = found
        .into_iter()
        .map(|((component, text), examples)| Reason {
            component: component.map(str::to_owned),
            text: text.to_owned(),
            examples,
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.examples));
    reasons
}
