//! The variants over one index, from query to answer, sharing the work that they have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::answers::Verifier;
use super::config::{Component, OnFailure, Variant};
use super::generate::{self, Answered};
use super::judge::{Judged, judge};
use super::models::Models;
use super::rerank::{self, Rerank};
use super::retrieve::{Failed, Found};
use super::searcher::{Retrieval, Searcher};
use crate::data;
use crate::faithfulness::Context;
use crate::indexes::{Hit, Index, Origin, Shown};
use crate::outputs::{Item, Output, Stage};

/// An index with the variants that search it.
pub(super) struct Group<'a> {
    pub(super) index: &'a Index,
    pub(super) searcher: Searcher<'a>,
    variants: Vec<&'a Variant>,
    models: &'a Models,
    writers: Vec<Option<generate::Writer>>,
    /// The row of each passage, where documents are cut or gold spans are to be covered.
    rows: HashMap<&'a str, u32>,
}

/// What one variant did for one query, or why it could not.
type Run = Result<Retrieval, Failed>;

impl<'a> Group<'a> {
    pub(super) fn new(
        index: &'a Index,
        variants: Vec<&'a Variant>,
        depth: usize,
        covers: bool,
        models: &'a Models,
    ) -> anyhow::Result<Self> {
        let mut rows = HashMap::new();
        if covers || index.is_cut() {
            for row in 0..u32::try_from(index.documents.len())? {
                rows.insert(index.documents.id(row), row);
            }
        }
        let writers = variants.iter().map(|variant| {
            let answer = variant.answer.as_ref();
            answer.map(generate::Writer::new).transpose()
        });
        Ok(Self {
            index,
            writers: writers.collect::<anyhow::Result<_>>()?,
            searcher: Searcher::new(index, variants.clone(), depth, models)?,
            variants,
            models,
            rows,
        })
    }

    /// Where a passage comes from; `None` where passages are whole documents whose places nobody asks for.
    pub(super) fn origin(&self, id: &str) -> Option<Origin<'a>> {
        self.rows
            .get(id)
            .map(|row| self.index.documents.origin(*row))
    }

    /// The document of a passage.
    pub(super) fn document<'i>(&self, id: &'i str) -> &'i str
    where
        'a: 'i,
    {
        self.origin(id).map_or(id, |origin| origin.document)
    }

    /// The documents of a ranking, each where its best passage stands.
    pub(super) fn documents<'o>(&'o self, items: &'o [Item]) -> Vec<&'o str> {
        let ids = items.iter().map(|item| item.id.as_str());
        if !self.index.is_cut() {
            return ids.collect();
        }
        let mut seen = HashSet::new();
        let documents = ids.map(|id| self.document(id));
        documents
            .filter(|document| seen.insert(*document))
            .collect()
    }

    /// What every variant makes of every query: `outputs[query][variant]`.
    pub(super) fn run(&self, batch: &[&data::Query]) -> Vec<Vec<Output>> {
        let mut runs = self.searcher.search(batch);
        let passages = match self.passages(&runs) {
            Ok(passages) => passages,
            Err(error) => {
                let failed = Output::failed(format!("{error:#}"));
                return vec![vec![failed; self.variants.len()]; batch.len()];
            }
        };
        self.rerank(&mut runs, &passages);
        let mut outputs: Vec<Vec<Output>> = runs
            .iter()
            .map(|variants| variants.iter().map(|run| self.output(run)).collect())
            .collect();
        for (variant, writer) in self.writers.iter().enumerate() {
            let Some(writer) = writer else { continue };
            let (mut places, mut asked) = (Vec::new(), Vec::new());
            for (query, variants) in runs.iter().enumerate() {
                if let Ok(run) = &variants[variant] {
                    let best = last_hits(&run.stages).iter().take(writer.candidates());
                    places.push(query);
                    asked.push(generate::Asked {
                        question: &run.question,
                        history: &batch[query].history,
                        passages: best.map(|hit| self.passage(hit, &passages)).collect(),
                    });
                }
            }
            let answered = writer.answer(&asked, self.index, self.variants[variant], self.models);
            let (places_of_answers, mut answers): (Vec<usize>, Vec<Answered>) = (0..)
                .zip(&places)
                .zip(answered)
                .filter_map(|((place, query), answered)| match answered {
                    Ok(answered) => Some((place, answered)),
                    Err(reason) => {
                        outputs[*query][variant].error = Some(reason);
                        None
                    }
                })
                .unzip();
            let verdicts = self.judge(writer, &asked, &places_of_answers, &mut answers);
            for (number, (place, answered)) in
                places_of_answers.into_iter().zip(answers).enumerate()
            {
                let output = &mut outputs[places[place]][variant];
                let stages = answered.stages.iter().map(|found| self.stage(found));
                output.stages.extend(stages);
                output.stages.extend(verdicts.get(number).cloned());
                output.answer = Some(answered.answer);
            }
        }
        outputs
    }

    /// Holds what the answers to the questions at `places` claim against what they were to rest on, where that is measured.
    fn judge(
        &self,
        writer: &generate::Writer,
        asked: &[generate::Asked<'_>],
        places: &[usize],
        answers: &mut [Answered],
    ) -> Vec<Stage> {
        let Some(scorer) = self.models.faithfulness() else {
            return Vec::new();
        };
        let answers = places.iter().zip(answers);
        let mut judged: Vec<Judged<'_>> = answers
            .map(|(place, answered)| Judged {
                question: asked[*place].question,
                answer: &mut answered.answer,
                contexts: answered
                    .sources
                    .iter()
                    .map(|(text, about)| Context { text, about })
                    .collect(),
            })
            .collect();
        judge(scorer, writer.verifier(), &mut judged)
    }

    fn passage<'p>(
        &'p self,
        hit: &Hit,
        passages: &'p HashMap<u32, Shown>,
    ) -> generate::Passage<'p> {
        generate::Passage {
            origin: self.index.documents.origin(hit.row),
            shown: &passages[&hit.row],
        }
    }

    /// The passages that rerankers and writers read, by row.
    fn passages(&self, runs: &[Vec<Run>]) -> anyhow::Result<HashMap<u32, Shown>> {
        let mut rows = BTreeSet::new();
        for variants in runs {
            for (place, run) in variants.iter().enumerate() {
                let reranked = self.variants[place].rerank.as_ref();
                let reranked = reranked.map_or(0, |rerank| rerank.from.get());
                let answered = self.writers[place].as_ref();
                let answered = answered.map_or(0, generate::Writer::candidates);
                let hits = run.as_ref().map_or(&[][..], |run| last_hits(&run.stages));
                let read = hits.iter().take(reranked.max(answered));
                rows.extend(read.map(|hit| hit.row));
            }
        }
        let rows: Vec<u32> = rows.into_iter().collect();
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let shown = self.index.documents.read(&rows)?;
        Ok(rows.into_iter().zip(shown).collect())
    }

    /// Puts the lists of the variants that rerank into their new order. Variants with the same reranker share its work.
    fn rerank(&self, runs: &mut [Vec<Run>], passages: &HashMap<u32, Shown>) {
        let mut done: Vec<(&Rerank, Option<Component>)> = Vec::new();
        let mut texts: HashMap<u32, String> = HashMap::new();
        for variant in &self.variants {
            let outage = outage(variant);
            let Some(config) = &variant.rerank else {
                continue;
            };
            if done.contains(&(config, outage)) {
                continue;
            }
            done.push((config, outage));
            if texts.is_empty() {
                let searched = passages.iter();
                texts.extend(searched.map(|(row, shown)| (*row, shown.searched())));
            }
            let alike = |place: &usize| {
                let variant = self.variants[*place];
                variant.rerank.as_ref() == Some(config) && self::outage(variant) == outage
            };
            let alike: Vec<usize> = (0..self.variants.len()).filter(alike).collect();
            let places: Vec<(usize, usize)> = (0..runs.len())
                .flat_map(|query| alike.iter().map(move |variant| (query, *variant)))
                .filter(|(query, variant)| runs[*query][*variant].is_ok())
                .collect();
            let lists = places.iter().filter_map(|(query, variant)| {
                let run = runs[*query][*variant].as_ref().ok()?;
                Some(rerank::Wanted {
                    question: &run.searched,
                    hits: last_hits(&run.stages),
                })
            });
            let lists: Vec<_> = lists.collect();
            let reranked = rerank::rerank(config, &lists, &texts, self.models, outage);
            for ((query, variant), reranked) in places.into_iter().zip(reranked) {
                add(
                    &mut runs[query][variant],
                    reranked,
                    self.variants[variant].on_failure,
                );
            }
        }
    }

    fn output(&self, run: &Run) -> Output {
        match run {
            Ok(run) => Output {
                stages: run.stages.iter().map(|found| self.stage(found)).collect(),
                ..Output::default()
            },
            Err(Failed { reason, stages }) => Output {
                stages: stages.iter().map(|found| self.stage(found)).collect(),
                ..Output::failed(reason)
            },
        }
    }

    fn stage(&self, found: &Found) -> Stage {
        let item = |hit: &Hit| Item {
            id: self.index.documents.id(hit.row).to_owned(),
            score: hit.score,
        };
        Stage {
            name: found.stage.to_owned(),
            items: found.hits.iter().map(item).collect(),
            latency_ms: found.latency_ms,
            batch_size: found.batch_size,
            aside: found.stage == super::retrieve::EXACT,
            writes: found.writes,
            text: found.text.clone(),
            usage: found.usage.clone(),
            degraded: found.degraded.clone(),
        }
    }

    /// The digests of the models and of the templates of prompts.
    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        let mut digests = self.models.digests();
        for (variant, writer) in self.variants.iter().zip(&self.writers) {
            if let Some(writer) = writer {
                let name = format!("prompt of `{}`", variant.name);
                digests.insert(name, writer.digest().to_owned());
            }
        }
        digests
    }

    /// What verifies the answers of a variant, where it gives any.
    pub(super) fn verifier(&self, variant: usize) -> Option<Verifier> {
        let writer = self.writers[variant].as_ref()?;
        Some(writer.verifier())
    }

    /// How rare a term is in the index, and 0 for one that cannot be looked up.
    pub(super) fn weight(&self, term: &str) -> f64 {
        f64::from(self.index.bm25.idf(term).unwrap_or_default())
    }
}

/// The list so far: that of the last stage that chooses.
fn last_hits(stages: &[Found]) -> &[Hit] {
    let last = stages.iter().rev().find(|found| !found.writes);
    last.map_or(&[], |found| &found.hits)
}

/// What keeps a variant from reranking, if anything does.
fn outage(variant: &Variant) -> Option<Component> {
    let asks = variant
        .rerank
        .as_ref()
        .is_some_and(|rerank| rerank.model().is_some());
    let needed = [
        (Component::Reranker, true),
        (Component::LanguageModel, asks),
    ];
    let missing = needed
        .into_iter()
        .find(|(component, needs)| *needs && !variant.has(*component));
    missing.map(|(component, _)| component)
}

fn add(run: &mut Run, reranked: Result<Found, String>, on_failure: OnFailure) {
    let Ok(retrieval) = run else { return };
    let found =
        reranked.or_else(|reason| rerank::kept(reason, last_hits(&retrieval.stages), on_failure));
    match found {
        Ok(found) => retrieval.stages.push(found),
        Err(reason) => {
            let stages = std::mem::take(&mut retrieval.stages);
            *run = Err(Failed { reason, stages });
        }
    }
}
