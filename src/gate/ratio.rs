//! `ratio`: two variants of one run, timed in turns.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Answer;
use super::config::{Gate, Ratio, Rule, quantile};
use crate::comparison::timed::{LEAST_UNITS, RESAMPLES, Timed, drawn, number, percentiles, stream};
use crate::metrics::statistics::Interval;
use crate::report::Run;
use crate::whole_file::WholeFile;

/// Measured noise of latency ratios, by machine: what `ragkit gate calibrate` keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// By class of machine.
    pub hardware: BTreeMap<String, Vec<NoiseOf>>,
}

/// How far apart a variant seems to be from itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseOf {
    /// The variant.
    pub variant: String,
    /// The stage; all together where absent.
    pub stage: Option<String>,
    /// The metric, such as `latency_p95_ms`.
    pub metric: String,
    /// The ratio that 97.5 % of comparisons of the variant with itself stay below.
    pub ratio: f64,
    /// Blocks behind it.
    pub blocks: usize,
}

impl Noise {
    /// Reads the file; nothing is known where there is none.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&fs_err::read(path)?).with_context(|| {
            format!(
                "`{}` is no file of measured noise; make it with `ragkit gate calibrate`",
                path.display()
            )
        })
    }

    /// Writes the file.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let mut file = WholeFile::create(path.to_owned())?;
        serde_json::to_writer_pretty(&mut file, self)?;
        Ok(file.finish()?)
    }

    /// Adds what was measured on a machine; the same variant, stage and metric of it is replaced, or the noisier kept of what
    /// was measured together.
    pub fn add(&mut self, hardware: &str, measured: Vec<NoiseOf>) {
        let same = |a: &NoiseOf, b: &NoiseOf| {
            (&a.variant, &a.stage, &a.metric) == (&b.variant, &b.stage, &b.metric)
        };
        let known = self.hardware.entry(hardware.to_owned()).or_default();
        known.retain(|old| !measured.iter().any(|new| same(old, new)));
        for new in measured {
            match known.iter_mut().find(|old| same(old, &new)) {
                Some(old) if old.ratio >= new.ratio => {}
                Some(old) => *old = new,
                None => known.push(new),
            }
        }
    }

    fn of(&self, hardware: &str, variant: &str, rule: &Ratio) -> Option<f64> {
        let known = self.hardware.get(hardware)?.iter();
        known
            .filter(|noise| {
                noise.variant == variant && noise.stage == rule.stage && noise.metric == rule.metric
            })
            .map(|noise| noise.ratio)
            .reduce(f64::max)
    }
}

/// What the ratio is, with its interval over blocks.
pub(super) struct Found {
    pub(super) value: Option<f64>,
    pub(super) interval: Option<Interval>,
    pub(super) answer: Answer,
    pub(super) because: String,
}

impl Found {
    fn without_value(answer: Answer, because: String) -> Self {
        Self {
            value: None,
            interval: None,
            answer,
            because,
        }
    }
}

/// Holds the rule against a run: it is broken where the whole interval of the ratio lies above what is allowed, and above what
/// this machine makes of two equal variants; it is kept where the whole interval lies within what is allowed.
pub(super) fn ratio(run: &Run, rule: &Ratio, noise: &Noise, gate: &Gate) -> anyhow::Result<Found> {
    let manifest = &run.manifest;
    let known = &manifest.identity.variants;
    if let Some(missing) = [&rule.variant, &rule.to]
        .into_iter()
        .find(|variant| !known.contains(variant))
    {
        return Ok(Found::without_value(
            Answer::CannotCompare,
            format!(
                "the run has no variant `{missing}`; it has {}",
                known.join(", ")
            ),
        ));
    }
    if manifest.identity.interleaved_rounds == 0 {
        return Ok(Found::without_value(
            Answer::CannotCompare,
            "the variants were not timed in turns; make the run with `ragkit eval --interleave`"
                .to_owned(),
        ));
    }
    let hardware = manifest.hardware();
    let known = [&rule.variant, &rule.to].map(|variant| noise.of(&hardware, variant, rule));
    let [Some(one), Some(other)] = known else {
        return Ok(Found::without_value(
            Answer::CannotCompare,
            format!(
                "the noise of this machine ({hardware}) is not known; measure it with `ragkit gate calibrate {} RUN`",
                gate.path.display()
            ),
        ));
    };
    let noise = one.max(other);
    let probability = quantile(&rule.metric).context("a latency")?;
    let calls = [&rule.variant, &rule.to].map(|variant| run.calls(variant, rule.stage.as_deref()));
    let [after, before] = calls;
    let (after, before) = (after?, before?);
    let known = number(&after, |call| call.block);
    if number(&before, |call| call.block) != known {
        return Ok(Found::without_value(
            Answer::CannotCompare,
            "the two variants were not timed on the same batches".to_owned(),
        ));
    }
    let count = known.len();
    let [after, before] = [&after, &before]
        .map(|calls| Timed::new(calls.iter().map(|call| (call, known[&call.block]))));
    let of = |weights: &[f64]| {
        let weight = |block: usize, _| weights[block];
        after.quantile(probability, weight) / before.quantile(probability, weight)
    };
    let value = of(&vec![1.0; count]);
    if !value.is_finite() {
        return Ok(Found::without_value(
            Answer::CannotCompare,
            format!("`{}` took no time", rule.to),
        ));
    }
    if count < LEAST_UNITS {
        return Ok(Found {
            value: Some(value),
            ..Found::without_value(
                Answer::Inconclusive,
                format!(
                    "{count} blocks are too few, {LEAST_UNITS} are needed; a smaller `batch_size` or `--interleave=ROUNDS` gives more"
                ),
            )
        });
    }
    let draws = (0..RESAMPLES)
        .into_par_iter()
        .map(|number| of(&drawn(count, gate.seed, number)));
    let interval = percentiles(draws.collect());
    let answer = if interval.low > rule.max.max(noise) {
        Answer::Regression
    } else if interval.high <= rule.max {
        Answer::Ok
    } else {
        Answer::Inconclusive
    };
    Ok(Found {
        value: Some(value),
        interval: Some(interval),
        answer,
        because: format!(
            "{value:.3} [{:.3}, {:.3}] times `{}`, allowed {} (noise of this machine {noise:.3}), {count} blocks",
            interval.low, interval.high, rule.to, rule.max
        ),
    })
}

/// The noise of every ratio rule's variants in a run that alternated them: the calls of one variant, split at random within
/// every block into two halves that are then compared as if they were two variants.
pub fn calibrate(gate: &Gate, run: &Run) -> anyhow::Result<Vec<NoiseOf>> {
    anyhow::ensure!(
        run.manifest.identity.interleaved_rounds > 0,
        "`{}` did not time its variants in turns; make a run with `ragkit eval --interleave`",
        run.path.0.display()
    );
    let mut found: Vec<NoiseOf> = Vec::new();
    for (rule, _) in gate.numbered() {
        let Rule::Ratio(rule) = rule else {
            continue;
        };
        for variant in [&rule.variant, &rule.to] {
            let known = found.iter().any(|noise| {
                noise.variant == *variant
                    && noise.stage == rule.stage
                    && noise.metric == rule.metric
            });
            if !known {
                found.push(noise_of(run, variant, rule, gate.seed)?);
            }
        }
    }
    anyhow::ensure!(
        !found.is_empty(),
        "`{}` has no `ratio` rule",
        gate.path.display()
    );
    Ok(found)
}

fn noise_of(run: &Run, variant: &str, rule: &Ratio, seed: u64) -> anyhow::Result<NoiseOf> {
    let calls = run.calls(variant, rule.stage.as_deref())?;
    let known = number(&calls, |call| call.block);
    anyhow::ensure!(
        known.len() >= LEAST_UNITS,
        "{} blocks are too few, {LEAST_UNITS} are needed; a smaller `batch_size` or `--interleave=ROUNDS` gives more",
        known.len()
    );
    // The two calls of each block, by their number.
    let mut first = vec![u32::MAX; known.len()];
    for call in &calls {
        let block = known[&call.block];
        first[block] = first[block].min(call.call.unwrap_or(0));
    }
    let timed = Timed::new(calls.iter().map(|call| (call, known[&call.block])));
    let probability = quantile(&rule.metric).context("a latency")?;
    let ratios = (0..RESAMPLES).into_par_iter().map(|number| {
        let mut rng = stream(seed, number);
        let swapped: Vec<bool> = first.iter().map(|_| rng.next_u32() % 2 == 1).collect();
        let half = |wanted: bool| {
            timed.quantile(probability, |block, call| {
                f64::from(u8::from(
                    ((call == first[block]) != swapped[block]) == wanted,
                ))
            })
        };
        half(true) / half(false)
    });
    Ok(NoiseOf {
        variant: variant.to_owned(),
        stage: rule.stage.clone(),
        metric: rule.metric.clone(),
        ratio: percentiles(ratios.collect()).high.max(1.0),
        blocks: known.len(),
    })
}
