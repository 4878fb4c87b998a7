//! `ragkit eval --dry-run`: the resolved config and the bill: rows × calls × tokens × seconds × dollars.

use std::collections::{BTreeMap, HashSet};

use super::{Arguments, rag};
use crate::commands::print;
use crate::data::{Corpus, CorpusFrom, Source};
use crate::experiment::{Experiment, SystemConfig};
use crate::faithfulness::ScorerConfig;
use crate::indexes::VectorsConfig;
use crate::models::EmbedderConfig;
use crate::report::{Run, RunPath};
use crate::systems::rag::{Config, RagMetric};
use crate::systems::{faithfulness, moderation};

pub(super) fn run(experiment: &Experiment, arguments: &Arguments) -> anyhow::Result<()> {
    let mut lines = vec![toml::to_string(experiment)?];
    let examples = match &experiment.system {
        SystemConfig::Rag(config) => rag_bill(experiment, config, arguments, &mut lines)?,
        SystemConfig::Faithfulness(config) => {
            Some(judges_bill(experiment, config, arguments, &mut lines)?)
        }
        SystemConfig::Recorded(config) => {
            if !is_judged(&config.faithfulness, &experiment.rag_metrics()?) {
                lines.push(NOTHING.to_owned());
            }
            lines.extend(unknown_bill(
                &config.faithfulness,
                &experiment.rag_metrics()?,
            ));
            None
        }
        SystemConfig::Moderation(config) => {
            let posts = experiment.posts()?.posts.len();
            let posts = arguments
                .limit
                .map_or(posts, |limit| posts.min(limit.get()));
            lines.extend(slow_bill(config, posts));
            Some(posts)
        }
        SystemConfig::Cache(_) | SystemConfig::Router(_) => {
            lines.push(NOTHING.to_owned());
            None
        }
    };
    lines.push(match last_pace(experiment, arguments)?.zip(examples) {
        Some((seconds, examples)) => format!(
            "# seconds: about {:.1}, at the pace of the last finished run",
            seconds * examples as f64
        ),
        None => "# seconds: unknown until a first run".to_owned(),
    });
    print(lines.join("\n"))
}

const NOTHING: &str =
    "# tokens: 0; cost: 0 USD; over the network: none but what the config's embedders name";

/// Whether a language model judges faithfulness.
fn is_judged(scorer: &ScorerConfig, metrics: &[RagMetric]) -> bool {
    matches!(scorer, ScorerConfig::Judge(_)) && RagMetric::need_verdicts(metrics)
}

/// What is known of a judge's bill before the answers are: that it is not known.
fn unknown_bill(scorer: &ScorerConfig, metrics: &[RagMetric]) -> Option<String> {
    let ScorerConfig::Judge(judge) = scorer else {
        return None;
    };
    is_judged(scorer, metrics).then(|| {
        format!(
            "# judge `{}`: up to {} votes on each of at most {} claims of every answer, over the network; how many claims there are is known with the answers; its `max_usd` is what is never exceeded",
            judge.model, judge.votes, judge.max_claims
        )
    })
}

/// What scorers of faithfulness would ask of language models; returns the answers.
fn judges_bill(
    experiment: &Experiment,
    config: &faithfulness::Config,
    arguments: &Arguments,
    lines: &mut Vec<String>,
) -> anyhow::Result<usize> {
    let mut answers = experiment.labelled()?.answers;
    if let Some(limit) = arguments.limit {
        answers.truncate(limit.get());
    }
    let bills = config.bills(&answers)?;
    if bills.is_empty() {
        lines.push(NOTHING.to_owned());
    }
    for (judge, estimate) in bills {
        let server = config.models[&judge.model].server();
        let price =
            server.and_then(|server| Some((server.usd_per_million?, server.max_output_tokens)));
        let cost = price.map_or_else(
            || "unknown, the config names no `usd_per_million`".to_owned(),
            |(price, most)| {
                let out = (estimate.calls * most) as f64 * price.output;
                let cost = (estimate.tokens_in as f64 * price.input + out) / 1e6;
                format!("at most about {cost:.2} USD; `max_usd` is what is never exceeded")
            },
        );
        lines.push(format!(
            "# judge `{}`: about {} calls, twice as many where no reply can be read, those in the cache excepted; tokens: about {} in by ragkit's count; cost: {cost}",
            judge.model, estimate.calls, estimate.tokens_in
        ));
    }
    Ok(answers.len())
}

/// What slow paths would ask of language models at most; how many posts are uncertain is known with the classifiers.
fn slow_bill(config: &moderation::Config, posts: usize) -> Vec<String> {
    let slow = config
        .variants
        .iter()
        .filter_map(|one| Some((one, one.slow.as_ref()?)));
    let lines: Vec<String> = slow
        .map(|(variant, slow)| {
            format!(
                "# language model `{}`: at most {posts} calls for `{}`, of posts that are uncertain, those in the cache excepted; its `max_usd` is what is never exceeded",
                slow.model, variant.name
            )
        })
        .collect();
    if lines.is_empty() {
        return vec![NOTHING.to_owned()];
    }
    lines
}

/// What a RAG run would take; returns its examples.
fn rag_bill(
    experiment: &Experiment,
    config: &Config,
    arguments: &Arguments,
    lines: &mut Vec<String>,
) -> anyhow::Result<Option<usize>> {
    let (metrics, source) = (experiment.rag_metrics()?, experiment.source()?);
    let judged = rag::judged(experiment, &metrics, &source, arguments.limit)?;
    let queries = judged.queries.len();
    lines.push(format!(
        "# {queries} judged queries ({} without a judgement are left out)",
        judged.unjudged
    ));
    let indexes = experiment.indexes()?;
    let mut is_current = true;
    for index in &indexes {
        let state = match index.owned {
            Some(_) if !index.is_current(&source)? => {
                is_current = false;
                format!("to be built from {}", corpus_size(&source)?)
            }
            Some(_) => "current".to_owned(),
            None => "yours".to_owned(),
        };
        lines.push(format!("# index `{}`: {state}", index.path.display()));
    }
    let sets: HashSet<Option<&str>> = config
        .variants
        .iter()
        .filter_map(|variant| Some(variant.retrieve.dense(0)?.0.vectors.as_deref()))
        .collect();
    let remote = indexes
        .iter()
        .filter_map(|index| index.owned.as_ref())
        .any(|index| {
            let asked = |name: &String| sets.contains(&Some(name.as_str())) || sets.contains(&None);
            let is_endpoint =
                |set: &VectorsConfig| matches!(set.embedder, EmbedderConfig::Endpoint(_));
            index
                .vectors
                .iter()
                .any(|(name, set)| asked(name) && is_endpoint(set))
        });
    let rows = queries * config.variants.len();
    lines.push(format!(
        "# rows: {queries} queries × {} variants = {rows}",
        config.variants.len()
    ));
    let asks = config.models.values().any(|model| model.server().is_some());
    lines.push(format!(
        "# texts to embed: {} queries{}; over the network: {}",
        queries * sets.len(),
        if is_current {
            ""
        } else {
            " and the documents, those in the cache excepted"
        },
        if remote || asks || is_judged(&config.faithfulness, &metrics) {
            "yes, by the endpoints of the config"
        } else {
            "none"
        }
    ));
    // In turns every query is asked for twice a round, the first batch once more, and nothing is kept.
    let asked = arguments.interleave.map_or(queries, |rounds| {
        queries * 2 * rounds.get() + experiment.batch_size.get().min(queries)
    });
    let written = writing_bill(config, asked);
    if written.is_empty() && !is_judged(&config.faithfulness, &metrics) {
        lines.push(
            if remote {
                "# tokens: of those texts, as the endpoint counts them; cost: what it charges for them"
            } else {
                "# tokens: 0; cost: 0 USD"
            }
            .to_owned(),
        );
    }
    lines.extend(written);
    lines.extend(unknown_bill(&config.faithfulness, &metrics));
    Ok(Some(queries))
}

/// A line for each language model: about what a run asks of it, what the cache holds included. Prompts for answers count their whole
/// budget, those for an order the passages that they show, the others [`SHORT_PROMPT`].
fn writing_bill(config: &Config, queries: usize) -> Vec<String> {
    let mut asked: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for variant in &config.variants {
        for (name, tokens) in variant.calls() {
            if config.models.contains_key(name) {
                let (calls, all) = asked.entry(name).or_default();
                *calls += queries;
                *all += queries * tokens.unwrap_or(SHORT_PROMPT);
            }
        }
    }
    let line = |(name, (calls, tokens)): (&str, (usize, usize))| {
        let about = config.models[name].server().map(|server| {
            let out = calls as u64 * server.max_output_tokens;
            let cost = server
                .usd_per_million
                .map(|price| (tokens as f64 * price.input + out as f64 * price.output) / 1e6);
            let cost = cost.map_or_else(
                || "unknown, the config names no `usd_per_million`".to_owned(),
                |cost| format!("about {cost:.2} USD; `max_usd` is what is never exceeded"),
            );
            format!(
                "; tokens: about {tokens} in by ragkit's count and at most {out} out; cost: {cost}"
            )
        });
        format!(
            "# language model `{name}`: at most {calls} calls, those in the cache excepted{}",
            about.unwrap_or_else(|| "; cost: 0 USD".to_owned())
        )
    };
    asked.into_iter().map(line).collect()
}

/// Tokens of a prompt that shows a question alone.
const SHORT_PROMPT: usize = 150;

/// How large a corpus is, in words.
fn corpus_size(source: &Source) -> anyhow::Result<String> {
    Ok(match source.corpus() {
        CorpusFrom::Table(table) => {
            let documents =
                Corpus::open(&table)?.try_fold(0_usize, |count, row| row.map(|_| count + 1))?;
            format!("{documents} documents")
        }
        CorpusFrom::Files(files) => format!("{} files", files.entries()?.len()),
    })
}

/// Seconds per example of the newest finished run of this name.
fn last_pace(experiment: &Experiment, arguments: &Arguments) -> anyhow::Result<Option<f64>> {
    for path in RunPath::all(&arguments.reports, &String::from(experiment.name.clone()))? {
        // A run that cannot be read says nothing about the pace.
        if let Ok(Run { manifest, .. }) = Run::open(path) {
            let ran = manifest
                .identity
                .examples
                .saturating_sub(manifest.resumed_examples);
            if ran > 0 {
                return Ok(Some(manifest.seconds / ran as f64));
            }
        }
    }
    Ok(None)
}
