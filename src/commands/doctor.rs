//! `ragkit doctor`: do the scorers of faithfulness notice what they should?

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;

use super::{Ended, Rendering, known, print, print_json};
use crate::caches;
use crate::cli::Global;
use crate::data::{Card, LabelledAnswers, PathText, Table};
use crate::experiment::{Experiment, SystemConfig};
use crate::faithfulness::doctor::{
    Brought, Case, Check, Examination, Expected, Finding, LEAST_CASES, Limits, Verdict, cases_of,
    examine, suite,
};
use crate::faithfulness::{
    BaselineConfig, LanguageModels, Measure, OpenedScorer, ScorerConfig, TrainedConfig, WordsConfig,
};
use crate::report::{Style, estimate, plain, text_table};

/// Examine scorers of faithfulness, from counting words to judges: do they notice a missing source, a wrong number, and are they calm where
/// nothing changed?
///
/// Supported answers are changed in ways whose effect is known. Sensitivity: the evidence is taken away, a number or a name swapped, the answer denied, the
/// roles turned around; an answer that was supported must no longer be. Invariance: a context of another topic, other places, other words, asked again;
/// the decision must stay. An answer counts as supported where all that it claims is. Rates have exact 95 % intervals (Clopper-Pearson), errors count
/// against the scorer, and cases that share a document count once.
///
/// The scorers are those of a config: `[[system.faithfulness.variants]]`, or the one of `system.rag` or `system.recorded`; without one those that need no model. The
/// cases are 180 that come with ragkit (150 English, 30 German), or what rules make of answers that people labelled.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 every scorer passes, 1 one fails a check, 2 it could not be told.\n\n\
    Examples:\n  \
    ragkit doctor                                   # the scorers that need no model\n  \
    ragkit doctor configs/faithfulness.toml\n  \
    ragkit doctor --known-bad                       # these must fail\n  \
    ragkit doctor --data labelled.jsonl --limit 200 --require number=0.9,role=0.5\n  \
    ragkit doctor --format json | jq '.scorers[].findings[] | select(.verdict == \"fail\") | {check, failed}'"
)]
pub struct Arguments {
    /// A config with scorers of faithfulness.
    config: Option<PathBuf>,
    /// Examine these instead: words, trained, or a baseline (constant, yes, random, length, rouge2, tokens).
    #[arg(
        long = "tier",
        value_name = "NAME,…",
        value_delimiter = ',',
        conflicts_with = "config"
    )]
    tiers: Vec<String>,
    /// Examine scorers too that look at nothing or count words only, to see that they fail.
    #[arg(long)]
    known_bad: bool,
    /// Make the cases of answers that people labelled: tables with `answer`, `contexts` and `supported`, or cards of such.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["suite", "language"])]
    data: Vec<PathBuf>,
    /// The metadata field by which labelled answers are of one document; those without it are where their contexts are the same.
    #[arg(
        long,
        value_name = "FIELD",
        default_value = "document",
        requires = "data"
    )]
    cluster: String,
    /// Take the cases of this file, written as `datasets/doctor/cases.jsonl` is.
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// Only cases in this language.
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Examine so many cases, drawn by lot.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Other limits, 0 for none. Unless given: base=0.8, delete=0.9, number=0.8, entity=0.8, negation=0.5, unrelated=0.95, shuffle=0.98,
    /// paraphrase=0.7, repeat=0.98; role has none.
    #[arg(long, value_name = "CHECK=RATE,…", value_delimiter = ',', value_parser = requirement)]
    require: Vec<(Check, f64)>,
    /// Seed of what is drawn.
    #[arg(long, value_name = "N", default_value_t = 17)]
    seed: u64,
    /// How to print; JSON has the ids of the cases that did not come out as they should.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

fn requirement(text: &str) -> Result<(Check, f64), String> {
    let (name, limit) = text
        .split_once('=')
        .ok_or("expected a check and a rate, as in `number=0.9`")?;
    let limit = limit.trim().parse();
    let limit: f64 = limit.map_err(|_| "the rate is no number".to_owned())?;
    Ok((known(name.trim())?, limit))
}

/// What was found.
#[derive(Serialize)]
struct Outcome {
    cases: usize,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    labelled: Option<Brought>,
    seed: u64,
    limits: Limits,
    scorers: Vec<Examined>,
}

/// A scorer with what was found.
#[derive(Serialize)]
struct Examined {
    name: String,
    description: String,
    digest: String,
    #[serde(flatten)]
    found: Examination,
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<Ended> {
    let mut limits = Limits::default();
    for (check, limit) in &arguments.require {
        limits.set(*check, *limit)?;
    }
    let (source, cases, labelled) = arguments.cases()?;
    let (scorers, models) = arguments.scorers()?;
    let opened: Vec<(String, OpenedScorer)> = scorers
        .into_iter()
        .map(|(name, config)| {
            let opened = open(&config, &models).with_context(|| format!("scorer `{name}`"))?;
            Ok((name, opened))
        })
        .collect::<anyhow::Result<_>>()?;
    // As it is twice, and in every form.
    let answers: usize = cases.iter().map(|case| 2 + case.forms.len()).sum();
    let progress = global.progress("answers", Some(answers * opened.len()));
    let mut scorers = Vec::new();
    for (name, opened) in opened {
        progress.set_message(name.clone());
        let mut done = |count: usize| progress.inc(count as u64);
        scorers.push(Examined {
            found: examine(opened.scorer.as_ref(), &cases, &limits, &mut done),
            name,
            description: opened.description,
            digest: opened.digest,
        });
    }
    progress.finish_and_clear();
    let outcome = Outcome {
        cases: cases.len(),
        source,
        labelled,
        seed: arguments.seed,
        limits,
        scorers,
    };
    match arguments.format.style() {
        Some(style) => print(render(&outcome, style))?,
        None => print_json(&outcome)?,
    }
    Ok(ended(&outcome))
}

/// The one place where scorers are opened.
fn open(config: &ScorerConfig, models: &LanguageModels) -> anyhow::Result<OpenedScorer> {
    config.validate(models)?;
    config.open(models, true)
}

fn ended(outcome: &Outcome) -> Ended {
    let mut scorers = outcome.scorers.iter();
    if scorers.any(|one| one.found.failures().next().is_some()) {
        Ended::No
    } else if outcome.scorers.iter().all(|one| one.found.passed) {
        Ended::Done
    } else {
        Ended::CouldNot
    }
}

impl Arguments {
    /// The cases, and where they come from.
    fn cases(&self) -> anyhow::Result<(String, Vec<Case>, Option<Brought>)> {
        let limit = self.limit.map(|limit| limit as usize);
        if self.data.is_empty() {
            let (text, name) = match &self.suite {
                Some(path) => (fs_err::read_to_string(path)?, path.display().to_string()),
                None => (suite::OWN.to_owned(), "ragkit's own".to_owned()),
            };
            let authored = suite::read(&text, &name)?;
            let language = self.language.as_deref();
            let cases = suite::cases(&authored, language, self.seed, limit)?;
            return Ok((format!("suite: {name}"), cases, None));
        }
        let names: Vec<String> = self
            .data
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let (cards, tables): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|found| found.eq_ignore_ascii_case("toml"))
        });
        let literal = |names: Vec<&String>| -> Vec<PathText> {
            names
                .into_iter()
                .map(|name| PathText::literal(name))
                .collect()
        };
        let (cards, tables) = (literal(cards), literal(tables));
        ensure!(
            cards.is_empty() || tables.is_empty(),
            "`--data` takes either tables or cards, not both"
        );
        let answers = if cards.is_empty() {
            let tables: Vec<Table> = tables.into_iter().map(Table::at).collect();
            LabelledAnswers::read(&tables)?
        } else {
            Card::labelled(&cards, &caches::folder())?
        };
        let (cases, brought) = cases_of(&answers.answers, &self.cluster, self.seed, limit)?;
        Ok((format!("data: {}", names.join(", ")), cases, Some(brought)))
    }

    /// The scorers by name, and the language models that judges among them may ask.
    fn scorers(&self) -> anyhow::Result<(Vec<(String, ScorerConfig)>, LanguageModels)> {
        let mut models = LanguageModels::new();
        let mut found: Vec<(String, ScorerConfig)> = match &self.config {
            Some(path) => {
                let found = configured(Experiment::load(path)?)
                    .with_context(|| format!("`{}`", path.display()))?;
                models = found.1;
                found.0
            }
            None if self.tiers.is_empty() => ["words", "trained"]
                .into_iter()
                .map(|name| Ok((name.to_owned(), tier(name)?)))
                .collect::<anyhow::Result<_>>()?,
            None => self
                .tiers
                .iter()
                .map(|name| Ok((name.clone(), tier(name)?)))
                .collect::<anyhow::Result<_>>()?,
        };
        if self.known_bad {
            let bad = Measure::KNOWN_BAD.into_iter().chain(Measure::KNOWN_WEAK);
            let asked: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
            let bad = bad.filter(|measure| !asked.iter().any(|name| name == measure.name()));
            found.extend(bad.map(|measure| {
                let config = ScorerConfig::Baseline(BaselineConfig::by(measure));
                (measure.name().to_owned(), config)
            }));
        }
        Ok((found, models))
    }
}

fn tier(name: &str) -> anyhow::Result<ScorerConfig> {
    Ok(match name {
        "words" => ScorerConfig::Words(WordsConfig::default()),
        "trained" => ScorerConfig::Trained(TrainedConfig::default()),
        name => {
            let measure = known(name).map_err(|_| {
                anyhow::anyhow!(
                    "`{name}` is no tier that needs no model: those are words, trained, constant, yes, random, length, rouge2 and tokens; name others in a config"
                )
            });
            ScorerConfig::Baseline(BaselineConfig::by(measure?))
        }
    })
}

fn configured(
    experiment: Experiment,
) -> anyhow::Result<(Vec<(String, ScorerConfig)>, LanguageModels)> {
    Ok(match experiment.system {
        SystemConfig::Faithfulness(config) => {
            let variants = config.variants.into_iter();
            let scorers = variants.map(|variant| (variant.name, variant.scorer));
            (scorers.collect(), config.models)
        }
        SystemConfig::Rag(config) => (
            vec![("system.rag".to_owned(), config.faithfulness)],
            config.models,
        ),
        SystemConfig::Recorded(config) => (
            vec![("system.recorded".to_owned(), config.faithfulness)],
            config.models,
        ),
        SystemConfig::Cache(_) | SystemConfig::Router(_) | SystemConfig::Moderation(_) => bail!(
            "a config of `system.cache` or `system.router` has no scorer of faithfulness; declare some with `[[system.faithfulness.variants]]`"
        ),
    })
}

fn render(outcome: &Outcome, style: Style) -> String {
    let mut parts = vec![headline(outcome, style)];
    for scorer in &outcome.scorers {
        let findings = scorer.found.findings.iter().map(row);
        let header = [
            "check",
            "must",
            "n",
            "rate [95 %]",
            "limit",
            "moved",
            "verdict",
        ];
        let mut title = format!("{}: {}", scorer.name, scorer.description);
        if scorer.found.calls > 0 {
            let (calls, cost_usd) = (scorer.found.calls, scorer.found.cost_usd);
            write!(title, "; {calls} completions, {cost_usd:.2} USD").expect("a string takes all");
        }
        parts.push(plain(style, &title));
        parts.push(text_table(style, &header, findings, 2));
        let (errors, silent) = lost(&scorer.found);
        if errors + silent > 0 {
            parts.push(plain(
                style,
                &format!(
                    "of {} answers {errors} gave an error and of {silent} it was said that nothing is claimed; both count against the scorer{}",
                    scorer.found.asked,
                    scorer.found.errors.iter().fold(String::new(), |all, error| all + "\nerror: " + error)
                ),
            ));
        }
    }
    let rows = outcome.scorers.iter().map(|scorer| {
        let failed: Vec<&str> = scorer
            .found
            .failures()
            .map(|one| one.check.name())
            .collect();
        let verdict = match (failed.is_empty(), scorer.found.passed) {
            (true, true) => "pass",
            (true, false) => "cannot be told",
            (false, _) => "fail",
        };
        vec![scorer.name.clone(), verdict.to_owned(), failed.join(", ")]
    });
    parts.push(text_table(style, &["scorer", "verdict", "fails"], rows, 3));
    parts.push(format!(
        "falls: of the answers that the scorer supports as they are, the share that it no longer does; stays: the share of all whose decision is the same\n\
         moved: the share whose support changed by more than 0.05, whatever was decided\n\
         ?: the interval holds the limit, so that other cases may say otherwise; few: fewer than {LEAST_CASES} cases, not judged; –: no limit, told only"
    ));
    parts.join("\n\n")
}

fn headline(outcome: &Outcome, style: Style) -> String {
    let brought = outcome.labelled.map_or(String::new(), |brought| {
        format!(
            ", one of each of {} documents among {} supported of {} labelled answers",
            brought.clusters, brought.supported, brought.answers
        )
    });
    let text = format!(
        "{} cases{brought} ({}; seed {})",
        outcome.cases, outcome.source, outcome.seed
    );
    plain(style, &text)
}

/// Answers with an error, and those of which it was said that nothing is claimed.
fn lost(found: &Examination) -> (usize, usize) {
    let sum = |count: fn(&Finding) -> usize| found.findings.iter().map(count).sum();
    (sum(|one| one.errors), sum(|one| one.silent))
}

fn row(finding: &Finding) -> Vec<String> {
    let must = match finding.expected {
        Expected::Supported => "hold",
        Expected::Falls => "fall",
        Expected::Stays => "stay",
    };
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let rate = finding.rate.map_or("nothing supported".to_owned(), |rate| {
        estimate(rate, finding.low, finding.high, false)
    });
    let holds_limit = match (finding.limit, finding.low, finding.high) {
        (Some(limit), Some(low), Some(high)) => low < limit && limit <= high,
        _ => false,
    };
    let mark = if holds_limit { "?" } else { "" };
    let verdict = match finding.verdict {
        Verdict::Pass => format!("pass{mark}"),
        Verdict::Fail => format!("FAIL{mark}"),
        Verdict::Few => "few".to_owned(),
        Verdict::Told => "–".to_owned(),
    };
    vec![
        finding.check.name().to_owned(),
        must.to_owned(),
        finding.cases.to_string(),
        rate,
        share(finding.limit),
        share(finding.moved),
        verdict,
    ]
}
