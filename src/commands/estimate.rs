//! `ragkit estimate`: what people would say of a whole run, from the labels of a few examples.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Rendering, print, print_json};
use crate::cli::Global;
use crate::comparison::named;
use crate::metrics::Clusters;
use crate::metrics::prediction_powered::{
    self, Estimate, FEWEST, Label, Labelling, LabellingOrder, PredictionPowered,
};
use crate::report::{ClaimRow, Run, Scores, estimate, text_table};
use crate::whole_file::WholeFile;

/// Estimate what people would say of all answers of a run, from their labels of a few.
///
/// The scorer's values of all answers and people's of a few give an unbiased mean with an interval, whatever the scorer is worth, and the narrower the
/// more it is: prediction-powered inference. Beside it stands what the labels say alone. Which answers to label is drawn at random, in one order that
/// can be gone on with at any time.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit estimate RUN:hybrid --next 40 --out sheet.csv        # write down what to label next\n  \
    ragkit estimate RUN:hybrid --labels sheet.csv               # once `label` holds 1 or 0 for every claim\n  \
    ragkit estimate RUN:hybrid --labels sheet.csv --next 40 --out more.csv\n  \
    ragkit estimate RUN:hybrid --labels sheet.csv --labels more.csv")]
pub struct Arguments {
    /// The run directory, or one variant of it as RUN:variant.
    run: String,
    /// The scorer's value of an answer, from 0 to 1. What is estimated is always the share of an answer's claims that people call supported.
    #[arg(long, value_name = "METRIC", default_value = "Faithfulness")]
    metric: String,
    /// Sheets that were filled in: `label` is 1 or yes where the sources support the claim, 0 or no where they do not.
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// The labelled answers were drawn at random in some other way, all equally likely: they need not be the first of ragkit's order.
    #[arg(long, requires = "labels")]
    uniform: bool,
    /// Let answers of which the scorer is unsure come sooner; of use where its values are like probabilities. Give it with every sheet of a run alike.
    #[arg(long)]
    unsure_first: bool,
    /// Write down the next N answers to label.
    #[arg(long, value_name = "N", requires = "out")]
    next: Option<NonZeroUsize>,
    /// Where they go, as CSV.
    #[arg(long, value_name = "FILE", requires = "next")]
    out: Option<PathBuf>,
    /// Seed of the order.
    #[arg(long, value_name = "N", default_value_t = 17)]
    seed: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

/// One claim on a sheet.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// The place of the answer in the order, from 1.
    rank: usize,
    example_id: String,
    claim: u32,
    text: String,
    evidence: String,
    support: Option<f64>,
    label: String,
}

#[derive(Serialize)]
struct Outcome {
    run: String,
    variant: String,
    metric: String,
    answers: usize,
    without_value: usize,
    labelled: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    scorer_mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Shown>,
}

#[derive(Serialize)]
struct Shown {
    labels_and_scorer: Mean,
    labels_alone: Mean,
    tuning: f64,
}

#[derive(Serialize)]
struct Mean {
    #[serde(rename = "mean")]
    value: f64,
    standard_error: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
}

impl From<&Estimate> for Mean {
    fn from(found: &Estimate) -> Self {
        Self {
            value: found.mean,
            standard_error: found.standard_error,
            ci_low: found.interval.map(|interval| interval.low),
            ci_high: found.interval.map(|interval| interval.high),
        }
    }
}

/// The answers of a variant that have a value.
struct Answers {
    ids: Vec<String>,
    values: Vec<f64>,
    clusters: Option<Clusters>,
    without: usize,
    order: LabellingOrder,
}

impl Answers {
    fn of(scores: &Scores, arguments: &Arguments) -> anyhow::Result<Self> {
        let metric = &arguments.metric;
        let values = scores.values(metric).with_context(|| {
            let names = scores.metrics.iter().map(|(facts, _)| facts.name.as_str());
            format!(
                "the run has no metric `{metric}`; it has {}",
                names.collect::<Vec<_>>().join(", ")
            )
        })?;
        let places: Vec<usize> = (0..values.len())
            .filter(|place| values[*place].is_some())
            .collect();
        ensure!(
            !places.is_empty(),
            "no answer of the run has a value of `{metric}`"
        );
        let ids: Vec<String> = places
            .iter()
            .map(|place| scores.ids[*place].clone())
            .collect();
        let found: Vec<f64> = places.iter().filter_map(|place| values[*place]).collect();
        ensure!(
            found.iter().all(|value| (0.0..=1.0).contains(value)),
            "`{metric}` is no share from 0 to 1; name one that is, such as `Faithfulness`"
        );
        let names = places
            .iter()
            .map(|place| scores.clusters[*place].as_deref());
        let clustered = scores.clusters.iter().any(Option::is_some);
        let labelling = if arguments.unsure_first {
            Labelling::Uncertain
        } else {
            Labelling::Uniform
        };
        let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
        Ok(Self {
            order: LabellingOrder::new(&texts, &found, labelling, arguments.seed),
            clusters: clustered.then(|| Clusters::by_name(names)),
            without: values.len() - places.len(),
            values: found,
            ids,
        })
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let (run, variant) = named(&arguments.run)?;
    let path = run.path.0.display().to_string();
    let variants = &run.manifest.identity.variants;
    let variant = match (variant, variants.as_slice()) {
        (Some(variant), _) => variant,
        (None, [only]) => only.clone(),
        (None, _) => bail!(
            "`{path}` has the variants {}; name one, as in `{path}:{}`",
            variants.join(", "),
            variants.first().map_or("variant", String::as_str)
        ),
    };
    let answers = Answers::of(&run.scores(&variant)?, arguments)?;
    let labels = labels(&answers, &run, &variant, &arguments.labels)?;
    if let (Some(next), Some(out)) = (arguments.next, &arguments.out) {
        let written = write_sheet(&answers, &run, &variant, labels.len(), next.get(), out)?;
        global.say(&format!(
            "wrote `{}`: {written} answers to label; fill in `label` with 1 or 0 for every claim",
            out.display()
        ));
    }
    let found = if labels.is_empty() {
        None
    } else {
        Some(estimated(&answers, &labels, arguments.uniform)?)
    };
    let outcome = Outcome {
        run: path,
        variant,
        metric: arguments.metric.clone(),
        answers: answers.values.len(),
        without_value: answers.without,
        labelled: labels.len(),
        scorer_mean: crate::metrics::statistics::mean(&answers.values),
        estimate: found.as_ref().map(|found| Shown {
            labels_and_scorer: Mean::from(&found.powered),
            labels_alone: Mean::from(&found.labels_only),
            tuning: found.tuning,
        }),
    };
    show(&outcome, arguments.format)
}

fn show(outcome: &Outcome, format: Rendering) -> anyhow::Result<()> {
    let Some(style) = format.style() else {
        return print_json(outcome);
    };
    let row = |what: &str, n: usize, mean: &Mean| {
        vec![
            what.to_owned(),
            n.to_string(),
            estimate(mean.value, mean.ci_low, mean.ci_high, false),
        ]
    };
    let mut rows = vec![vec![
        "scorer alone (biased as it is)".to_owned(),
        outcome.answers.to_string(),
        outcome
            .scorer_mean
            .map_or_else(String::new, |mean| format!("{mean:.4}")),
    ]];
    if let Some(found) = &outcome.estimate {
        rows.push(row("labels alone", outcome.labelled, &found.labels_alone));
        rows.push(row(
            "labels and scorer",
            outcome.labelled,
            &found.labels_and_scorer,
        ));
    }
    let header = ["what", "n", "supported claims"];
    let tuning = outcome.estimate.as_ref().map_or_else(String::new, |found| {
        format!(
            "; a difference in scores counts {:.2} (PPI++)",
            found.tuning
        )
    });
    let text = format!(
        "{}\n\n{} answers of `{}`; {} without a value of `{}` are left out{tuning}",
        text_table(style, &header, rows, 1),
        outcome.answers,
        outcome.variant,
        outcome.without_value,
        outcome.metric
    );
    print(text)
}

/// What people say: by the place of an answer the share of its claims that they call supported.
fn labels(
    answers: &Answers,
    run: &Run,
    variant: &str,
    sheets: &[PathBuf],
) -> anyhow::Result<BTreeMap<usize, f64>> {
    let places: BTreeMap<&str, usize> = answers.ids.iter().map(String::as_str).zip(0..).collect();
    let mut said: BTreeMap<usize, BTreeMap<u32, bool>> = BTreeMap::new();
    for sheet in sheets {
        let mut reader = csv::Reader::from_reader(fs_err::File::open(sheet)?);
        for (line, row) in (2..).zip(reader.deserialize()) {
            let fault =
                |reason: String| anyhow::anyhow!("`{}`, row {line}: {reason}", sheet.display());
            let row: Line = row.map_err(|error| fault(error.to_string()))?;
            let place = places.get(row.example_id.as_str());
            let place = *place.ok_or_else(|| {
                fault(format!(
                    "`{}` is no answer of `{variant}` with a value; the sheet is of another run",
                    row.example_id
                ))
            })?;
            let label = match row.label.trim().to_lowercase().as_str() {
                // Not labelled yet.
                "" => continue,
                "1" | "yes" | "true" => true,
                "0" | "no" | "false" => false,
                other => {
                    return Err(fault(format!(
                        "the label `{other}` must be 1 or 0; decide, or leave all claims of the answer and of those behind it empty"
                    )));
                }
            };
            let before = said.entry(place).or_default().insert(row.claim, label);
            if before.is_some_and(|before| before != label) {
                return Err(fault(format!(
                    "claim {} of `{}` has another label before",
                    row.claim, row.example_id
                )));
            }
        }
    }
    let claims = claims(
        run,
        variant,
        said.keys().map(|place| answers.ids[*place].as_str()),
    )?;
    let mut labels = BTreeMap::new();
    for (place, said) in said {
        let id = &answers.ids[place];
        let all = claims.get(id.as_str()).map_or(0, Vec::len);
        ensure!(
            said.len() == all,
            "`{id}` has labels for {} of its {all} claims; label all of them, or none",
            said.len()
        );
        let supported = said.values().filter(|label| **label).count();
        labels.insert(place, supported as f64 / all as f64);
    }
    Ok(labels)
}

fn estimated(
    answers: &Answers,
    labels: &BTreeMap<usize, f64>,
    uniform: bool,
) -> anyhow::Result<PredictionPowered> {
    let n = labels.len();
    ensure!(
        n >= FEWEST,
        "{n} answers are labelled; it takes {FEWEST} at least, and some 40 to say much"
    );
    let missing: Vec<&str> = answers.order.places[..n]
        .iter()
        .filter(|place| !labels.contains_key(place))
        .map(|place| answers.ids[*place].as_str())
        .collect();
    ensure!(
        uniform || missing.is_empty(),
        "the labelled answers are not the first {n} of the order, so they are no random sample: {} not labelled; label these too, or say `--uniform` if all answers were equally likely to be labelled",
        missing.join(", ")
    );
    let inclusion = if uniform {
        vec![1.0; answers.values.len()]
    } else {
        answers.order.inclusion(n)
    };
    let labels = labels.iter().map(|(place, value)| Label {
        place: *place,
        value: *value,
        inclusion: inclusion[*place],
    });
    let labels: Vec<Label> = labels.collect();
    prediction_powered::estimate(&answers.values, &labels, answers.clusters.as_ref())
        .context("there is no label")
}

/// Writes the claims of the answers to label behind the first `done`.
fn write_sheet(
    answers: &Answers,
    run: &Run,
    variant: &str,
    done: usize,
    next: usize,
    out: &Path,
) -> anyhow::Result<usize> {
    let places = answers
        .order
        .places
        .iter()
        .enumerate()
        .skip(done)
        .take(next);
    let places: Vec<(usize, &str)> = places
        .map(|(rank, place)| (rank + 1, answers.ids[*place].as_str()))
        .collect();
    ensure!(
        !places.is_empty(),
        "all {done} answers are labelled already"
    );
    let claims = claims(run, variant, places.iter().map(|(_, id)| *id))?;
    let mut writer = csv::Writer::from_writer(WholeFile::create(out.to_owned())?);
    for (rank, id) in &places {
        for (number, claim) in (1..).zip(claims.get(*id).into_iter().flatten()) {
            writer.serialize(Line {
                rank: *rank,
                example_id: (*id).to_owned(),
                claim: number,
                text: claim.text.clone(),
                evidence: claim.evidence.clone().unwrap_or_default(),
                support: claim.support,
                label: String::new(),
            })?;
        }
    }
    let file = writer
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    file.finish()?;
    Ok(places.len())
}

/// The claims of some answers, in their order.
fn claims<'i>(
    run: &Run,
    variant: &str,
    ids: impl Iterator<Item = &'i str>,
) -> anyhow::Result<BTreeMap<String, Vec<ClaimRow>>> {
    let wanted: BTreeSet<&str> = ids.collect();
    let mut found: BTreeMap<String, Vec<ClaimRow>> = BTreeMap::new();
    for claim in run.claims(variant)? {
        if wanted.contains(claim.example.as_str()) {
            found.entry(claim.example.clone()).or_default().push(claim);
        }
    }
    Ok(found)
}
