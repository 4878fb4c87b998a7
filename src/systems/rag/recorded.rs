//! What another RAG system produced, scored as if it were a variant of ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::answers::{self, Evidence, Verifier};
use super::judge::{self, judge};
use super::metric::{RELEVANT_DOCUMENTS, RagMetric};
use super::prompt::Template;
use crate::analysis::{Analyser, AnalyserConfig};
use crate::claims::{CitationsConfig, Reading, SourceText};
use crate::data::{self, Digest, Judged, Passage, PathText, RecordedFile, Recordings};
use crate::faithfulness::{self, LanguageModels, OpenedScorer, ScorerConfig};
use crate::metrics::answer::{AnswerMetric, Normalisation};
use crate::metrics::{Judgements, MetricFacts, Rules};
use crate::outputs::{Item, Output, Source, Stage, Usage};
use crate::systems::{System, check_names};

/// `[system.recorded]`: what another system produced, in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedConfig {
    /// The file: a row for each query and system, with the answer and the contexts that it rests on; that of the dataset unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<PathText>,
    /// How answers are verified.
    #[serde(default)]
    pub citations: CitationsConfig,
    /// Language models, by the names that a judge calls them.
    #[serde(default, skip_serializing_if = "LanguageModels::is_empty")]
    pub models: LanguageModels,
    /// What says whether answers are faithful, asked where a metric needs it.
    #[serde(default, skip_serializing_if = "ScorerConfig::is_default")]
    pub faithfulness: ScorerConfig,
    /// How text becomes terms, to verify answers by.
    #[serde(default)]
    pub analyser: AnalyserConfig,
    /// How answers and gold answers are made comparable, by language; that of the analyser unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Normalisation>,
}

impl RecordedConfig {
    /// Checks what serde cannot.
    pub fn validate(&self, metrics: &[RagMetric]) -> anyhow::Result<()> {
        self.citations.validate()?;
        for (name, model) in &self.models {
            let model = model.validate();
            model.with_context(|| format!("`system.recorded.models.{name}`"))?;
        }
        self.faithfulness
            .validate(&self.models)
            .context("`system.recorded.faithfulness`")?;
        for metric in metrics {
            ensure!(
                !matches!(metric, RagMetric::Span(_)),
                "`{metric}` is of chunks whose places in their documents are known, and recorded contexts are texts; drop it"
            );
        }
        Ok(())
    }
}

/// Recorded answers, judged.
pub struct Recorded<'a> {
    judged: &'a Judged,
    config: RecordedConfig,
    metrics: &'a [RagMetric],
    rules: Rules,
    variants: Vec<String>,
    rows: HashMap<(usize, String), data::Recorded>,
    unknown: usize,
    digest: String,
    analyser: Analyser,
    normalisation: Normalisation,
    rarity: Rarity,
    refusal: String,
    scorer: Option<OpenedScorer>,
}

/// In how many of the recorded contexts each term stands.
struct Rarity {
    contexts: usize,
    holding: HashMap<String, usize>,
}

impl Rarity {
    fn of(recordings: &Recordings, analyser: &mut Analyser) -> Self {
        let mut rarity = Self {
            contexts: 0,
            holding: HashMap::new(),
        };
        let mut seen = BTreeSet::new();
        let rows = recordings.outputs.iter();
        for context in rows.flat_map(|(_, row)| &row.contexts) {
            if seen.insert(context.text.as_str()) {
                rarity.contexts += 1;
                let terms: BTreeSet<String> = analyser.terms(&context.text).into_iter().collect();
                for term in terms {
                    *rarity.holding.entry(term).or_default() += 1;
                }
            }
        }
        rarity
    }

    /// ln(1 + (N − n + 0.5) / (n + 0.5)), as BM25 weighs terms.
    fn weight(&self, term: &str) -> f64 {
        let holding = self.holding.get(term).copied().unwrap_or_default() as f64;
        (1.0 + (self.contexts as f64 - holding + 0.5) / (holding + 0.5)).ln()
    }
}

impl<'a> Recorded<'a> {
    /// Reads what was recorded.
    ///
    /// # Errors
    /// Where a row of the file is not as it should be, no answer is to a query of the dataset, or a metric of rankings is asked for and a
    /// context has no id.
    pub fn open(
        judged: &'a Judged,
        source: &data::Source,
        config: &RecordedConfig,
        metrics: &'a [RagMetric],
    ) -> anyhow::Result<Self> {
        let file = match &config.outputs {
            Some(path) => Some(RecordedFile::at(path.clone())),
            None => source.outputs()?,
        };
        let file = file.context(
            "the dataset has no recorded outputs; name their file as `system.recorded.outputs`",
        )?;
        let recordings = file.read()?;
        let mut analyser = Analyser::new(&config.analyser)?;
        let rarity = Rarity::of(&recordings, &mut analyser);
        let comparing = metrics.iter().find(|metric| metric.compares_ids());
        let mut digest = Digest::default();
        for (_, row) in &recordings.outputs {
            digest = digest.with("output", serde_json::to_vec(row)?);
        }
        let variants: Vec<String> = recordings
            .variants()
            .into_iter()
            .map(str::to_owned)
            .collect();
        check_names(variants.iter().map(String::as_str))
            .with_context(|| format!("`{}`", recordings.path.display()))?;
        let known: BTreeSet<&str> = judged.queries.iter().map(|query| &*query.id).collect();
        let (mut rows, mut unknown) = (HashMap::new(), 0);
        let path = recordings.path;
        for (place, row) in recordings.outputs {
            ensure!(
                comparing.is_none() || row.contexts.iter().all(|context| context.id.is_some()),
                "`{}`, {place}: a context has no `id`, and `{}` compares ids with judgements; give it one, or drop the metric",
                path.display(),
                comparing.map_or_else(String::new, ToString::to_string)
            );
            if !known.contains(row.query_id.as_str()) {
                unknown += 1;
                continue;
            }
            let variant = variants.iter().position(|name| *name == row.variant);
            if let Some(variant) = variant {
                rows.insert((variant, row.query_id.clone()), row);
            }
        }
        ensure!(
            !rows.is_empty(),
            "`{}` answers no query of the dataset; its `query_id` must be the ids of the queries",
            path.display()
        );
        let language = answers::normalisation(config.analyser.language);
        let scorer = RagMetric::need_verdicts(metrics)
            .then(|| config.faithfulness.open(&config.models, true));
        let scorer = scorer
            .transpose()
            .context("`system.recorded.faithfulness`")?;
        Ok(Self {
            scorer,
            judged,
            config: config.clone(),
            metrics,
            rules: Rules::with_highest_grade(judged.qrels.highest_grade()),
            variants,
            rows,
            unknown,
            digest: digest.finish(),
            analyser,
            normalisation: config.normalisation.unwrap_or(language),
            rarity,
            refusal: Template::built_in(false).refusal().to_owned(),
        })
    }

    /// The systems whose answers were recorded.
    pub fn variants(&self) -> &[String] {
        &self.variants
    }

    /// Recorded answers to queries that are not evaluated.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// What must be equal in two runs for their numbers to be comparable.
    pub fn conditions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("queries".to_owned(), self.judged.digest())])
    }

    /// What the numbers are a function of, beside the config: what was recorded, and the scorer of faithfulness.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let scorer = self.scorer.iter();
        let scorer = scorer.map(|opened| ("faithfulness".to_owned(), opened.digest.clone()));
        let recorded = ("outputs".to_owned(), self.digest.clone());
        std::iter::once(recorded).chain(scorer).collect()
    }

    /// Holds what the recorded answers claim against their contexts, where that is measured.
    fn judge(&self, batch: &[&data::Query], outputs: &mut [Vec<Output>]) {
        let Some(scorer) = &self.scorer else { return };
        for variant in 0..self.variants.len() {
            let mut judged = Vec::new();
            let mut stages: Vec<&mut Vec<Stage>> = Vec::new();
            for (query, outputs) in batch.iter().zip(outputs.iter_mut()) {
                let Output {
                    answer, stages: of, ..
                } = &mut outputs[variant];
                let row = self.rows.get(&(variant, query.id.clone()));
                if let Some((answer, row)) = answer.as_mut().zip(row) {
                    stages.push(of);
                    judged.push(judge::Judged {
                        question: &query.text,
                        answer,
                        contexts: row
                            .contexts
                            .iter()
                            .map(faithfulness::Context::from)
                            .collect(),
                    });
                }
            }
            let verdicts = judge(scorer, self.verifier(), &mut judged);
            for (stages, verdict) in stages.into_iter().zip(verdicts) {
                stages.push(verdict);
            }
        }
    }

    fn verifier(&self) -> Verifier {
        Verifier {
            config: self.config.citations,
            thinks: false,
        }
    }

    fn output(&self, question: &str, row: &data::Recorded) -> Output {
        if let Some(error) = &row.error {
            return Output::failed(error);
        }
        let items = (0..).zip(&row.contexts).map(|(place, context)| Item {
            id: item(place, context),
            // Without scores the order is all that is known.
            score: context.score.unwrap_or_else(|| -f64::from(place)),
        });
        let usage = (row.tokens_in, row.tokens_out, row.cost_usd) != (None, None, None);
        let mut output = Output {
            stages: vec![
                stage("contexts", items.collect(), None),
                Stage {
                    writes: true,
                    text: row.answer.clone(),
                    usage: usage.then(|| Usage {
                        calls: 1,
                        tokens_in: row.tokens_in.unwrap_or_default(),
                        tokens_out: row.tokens_out.unwrap_or_default(),
                        cost_usd: row.cost_usd,
                        ..Usage::default()
                    }),
                    ..stage("generate", Vec::new(), row.latency_ms)
                },
            ],
            ..Output::default()
        };
        if let Some(text) = &row.answer {
            let source = |(place, context): (u32, &Passage)| Source {
                item: item(place, context),
                document: document_of(&item(place, context)).to_owned(),
                title: if context.title.is_empty() {
                    item(place, context)
                } else {
                    context.title.clone()
                },
                truncated: false,
            };
            let sources: Vec<Source> = (0..).zip(&row.contexts).map(source).collect();
            let texts: Vec<SourceText<'_>> = sources
                .iter()
                .zip(&row.contexts)
                .map(|(source, context)| SourceText {
                    source,
                    text: &context.text,
                    about: &context.title,
                })
                .collect();
            let reading = Reading {
                config: self.config.citations,
                refusal: &self.refusal,
                thinks: false,
                weight: &|term| self.rarity.weight(term),
            };
            output.answer = Some(reading.read(question, text, &texts, &mut self.analyser.clone()));
        }
        output
    }
}

/// The document of a context, whose id may be that of a passage as ragkit writes it: `document#start-end`.
fn document_of(id: &str) -> &str {
    let is_place = |place: &str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        place
            .split_once('-')
            .is_some_and(|(start, end)| digits(start) && digits(end))
    };
    match id.rsplit_once('#') {
        Some((document, place)) if is_place(place) => document,
        _ => id,
    }
}

/// The id of a context, or its place where it has none.
fn item(place: u32, context: &Passage) -> String {
    let numbered = || format!("context-{}", place + 1);
    context.id.clone().unwrap_or_else(numbered)
}

/// A stage; one whose latency is not known served nobody, which leaves it out of all clocks.
fn stage(name: &str, items: Vec<Item>, latency_ms: Option<f64>) -> Stage {
    Stage {
        name: name.to_owned(),
        items,
        latency_ms: latency_ms.unwrap_or_default(),
        batch_size: u32::from(latency_ms.is_some()),
        ..Stage::default()
    }
}

impl System for Recorded<'_> {
    type Example = data::Query;

    fn id<'q>(&self, example: &'q data::Query) -> &'q str {
        &example.id
    }

    fn fact<'q>(&self, example: &'q data::Query, name: &str) -> Option<&'q str> {
        example.fact(name)
    }

    fn notes(&self) -> Vec<String> {
        vec!["as it was recorded".to_owned(); self.variants.len()]
    }

    fn run(&self, batch: &[&data::Query]) -> Vec<Vec<Output>> {
        let one = |query: &&data::Query| {
            let of = |variant: usize| match self.rows.get(&(variant, query.id.clone())) {
                Some(row) => self.output(&query.text, row),
                None => Output::failed("the file has no answer to it"),
            };
            (0..self.variants.len()).map(of).collect()
        };
        let mut outputs: Vec<Vec<Output>> = batch.iter().map(one).collect();
        self.judge(batch, &mut outputs);
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let metrics = self.metrics.iter();
        metrics
            .map(|metric| {
                let facts = metric.facts(&self.rules, "", self.normalisation);
                metric.explained(
                    facts,
                    RELEVANT_DOCUMENTS,
                    "the recorded contexts",
                    self.scorer.as_ref(),
                )
            })
            .collect()
    }

    fn grades(&self, example: &data::Query, outputs: &[Output]) -> HashMap<String, i32> {
        let known: HashMap<&str, i32> = self.judged.grades(&example.id).collect();
        let items = outputs.iter().flat_map(Output::list);
        items
            .filter_map(|item| Some((item.id.clone(), *known.get(document_of(&item.id))?)))
            .collect()
    }

    fn score(&self, _: usize, example: &data::Query, output: &Output) -> Vec<Option<f64>> {
        let mut seen = BTreeSet::new();
        // An example with an error scores 0, whatever was recorded.
        let list = if output.error.is_some() {
            &[]
        } else {
            output.list()
        };
        let ids = list.iter().map(|item| document_of(&item.id));
        let ranked = ids.clone().filter(|id| seen.insert(*id));
        let judgements = Judgements::new(ranked, self.judged.grades(&example.id));
        let metrics = self.metrics.iter().filter_map(RagMetric::of_answers);
        let metrics: Vec<AnswerMetric> = metrics.collect();
        let scorer = answers::Scorer {
            query: example,
            evidence: Evidence::of_documents(self.judged, &example.id, &ids),
            verifier: self.verifier(),
            analyser: self.analyser.clone(),
            weight: &|term| self.rarity.weight(term),
            normalisation: self.normalisation,
        };
        let mut answers = scorer.score(output, &metrics).into_iter();
        let is_judged = self.judged.is_judged(&example.id);
        let value = |metric: &RagMetric| match metric {
            RagMetric::Ranking(metric) => is_judged.then(|| metric.score(&judgements, &self.rules)),
            RagMetric::Answer(_) => answers.next().flatten(),
            RagMetric::Span(_) => None,
        };
        self.metrics.iter().map(value).collect()
    }
}
