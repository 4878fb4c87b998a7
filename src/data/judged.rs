//! Queries with what is known of their right answers: what an evaluation runs over.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Serialize;

use super::corpus::Records;
use super::{
    Answers, DataError, Digest, GoldAnswer, GoldSpan, Metadata, Place, Predicate, Qrels, Source,
    Spans,
};

/// One query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// Its id, unique in the table.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What else is known of it; its fields can be slices.
    pub metadata: Metadata,
    /// The labels that the caller holds; `None` means that the caller sees everything.
    pub access: Option<Vec<String>>,
    /// Which documents it is about.
    pub filter: Predicate,
    /// The user's own vector of the query.
    pub vector: Option<Vec<f32>>,
    /// What was said before it, oldest first.
    pub history: Vec<String>,
    /// Right answers, each of which will do. This and the next two are empty where [`Gold::Judgements`] was asked for.
    pub answers: Vec<String>,
    /// The facts that a whole answer holds.
    pub nuggets: Vec<String>,
    /// Whether the documents answer it; absent where that is not known.
    pub answerable: Option<bool>,
}

impl Query {
    /// A named fact about it, by which a report can be sliced: a field of its metadata, or `answerable` (`yes` or `no`) where that
    /// is known and no field has the name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        let known = self.metadata.get(name).map(String::as_str);
        known.or_else(|| {
            let answerable = self.answerable.filter(|_| name == "answerable")?;
            Some(if answerable { "yes" } else { "no" })
        })
    }
}

/// What is held against a system, and so which queries are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gold {
    /// Judged documents, for metrics of rankings: queries with a judgement. Gold answers are not looked at.
    Judgements,
    /// Gold answers too: queries with a judgement or a known answer. A metric of rankings does not apply to one that
    /// [is not judged](Judged::is_judged).
    Answers,
}

/// The queries of a dataset that are evaluated, in the order of their file.
#[derive(Debug)]
pub struct Judged {
    /// Queries that something can be held against.
    pub queries: Vec<Query>,
    /// The judgements, by query.
    pub qrels: Qrels,
    /// The stretches of documents that answer a query, by query; empty where the dataset names none.
    pub spans: BTreeMap<String, Vec<GoldSpan>>,
    /// How many queries have nothing of the kind, and are therefore not evaluated.
    pub unjudged: usize,
}

impl Judged {
    /// Reads the queries of `source` with what is known of their answers, as far as `gold` asks for it, and checks them against each
    /// other.
    ///
    /// # Errors
    /// With file and line, where a row is not as it should be, or a judgement, a gold span or a gold answer is of no query.
    pub fn read(source: &Source, gold: Gold) -> anyhow::Result<Self> {
        let table = source
            .queries()
            .context("the dataset names no queries; add `[source.tables.queries]`")?;
        let spans = source.spans()?.map(|file| file.read()).transpose()?;
        let qrels = judgements(source, gold, spans.as_ref())?;
        let spans = spans.unwrap_or_default();
        let mut answers = match (gold, source.answers()?) {
            (Gold::Answers, Some(file)) => file.read()?,
            _ => Answers::default(),
        };
        let path = table.path.resolve()?;
        let (mut queries, mut places, mut unjudged) = (Vec::new(), HashMap::new(), 0);
        for record in Records::open(&table)? {
            let (place, record) = record?;
            let fault = |reason: String| DataError::at(&path, place, reason);
            let known = match gold {
                Gold::Judgements => GoldAnswer::default(),
                Gold::Answers => {
                    let inside = record.gold.map_err(fault)?;
                    the_one(inside, &record.id, &mut answers).map_err(fault)?
                }
            };
            if !qrels.queries.contains_key(&record.id) && !known.is_known() {
                unjudged += 1;
                continue;
            }
            places.insert(record.id.clone(), place);
            queries.push(Query {
                id: record.id,
                text: record.text,
                metadata: record.metadata,
                access: record.access,
                filter: record.filter.map_err(fault)?,
                vector: record.vector,
                history: record.history.map_err(fault)?.unwrap_or_default(),
                answers: known.answers,
                nuggets: known.nuggets,
                answerable: known.answerable,
            });
        }
        check(&path, &places, &qrels, &spans, &answers)?;
        ensure!(
            !queries.is_empty(),
            "no query of `{}` has a judgement or a known answer; give `answers` or `answerable` in its rows, or their file as `answers`",
            path.display()
        );
        Ok(Self {
            queries,
            qrels,
            spans: spans
                .queries
                .into_iter()
                .map(|(id, (_, spans))| (id, spans))
                .collect(),
            unjudged,
        })
    }

    /// Whether a query has a judgement, so that a ranking can be held against it.
    pub fn is_judged(&self, query: &str) -> bool {
        self.qrels.queries.contains_key(query)
    }

    /// A digest of the queries and what is held against them, whatever files they came from. Gold answers and earlier turns are part of it
    /// where there are any: with none, it is the same for either [`Gold`].
    pub fn digest(&self) -> String {
        let mut digest = Digest::default();
        for query in &self.queries {
            let mut grades: Vec<(&str, i32)> = self.grades(&query.id).collect();
            grades.sort_unstable();
            let parts = (
                &query.id,
                &query.text,
                &query.metadata,
                &query.access,
                grades,
            );
            digest = digest.with("query", json(&parts));
            if !query.filter.is_empty() {
                digest = digest.with("filter", json(&query.filter));
            }
            if let Some(spans) = self.spans.get(&query.id) {
                digest = digest.with("spans", json(spans));
            }
            if !query.history.is_empty() {
                digest = digest.with("history", json(&query.history));
            }
            let gold = (&query.answers, &query.nuggets, query.answerable);
            if query.answerable.is_some() {
                digest = digest.with("gold", json(&gold));
            }
            for value in query.vector.iter().flatten() {
                digest = digest.with("vector", value.to_le_bytes());
            }
        }
        digest.finish()
    }

    /// The names of the queries' metadata fields.
    pub fn fields(&self) -> Vec<String> {
        let names: std::collections::BTreeSet<&String> = self
            .queries
            .iter()
            .flat_map(|query| query.metadata.keys())
            .collect();
        names.into_iter().map(|name| format!("`{name}`")).collect()
    }

    /// The judgements of a query as `(document, grade)`.
    pub fn grades<'a>(&'a self, query: &str) -> impl Iterator<Item = (&'a str, i32)> {
        let judgements = self.qrels.queries.get(query).map_or(&[][..], Vec::as_slice);
        judgements
            .iter()
            .map(|judgement| (judgement.document.as_str(), judgement.grade))
    }
}

fn json(part: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(part).expect("plain data is JSON")
}

/// The judgements of a source: those that it names, those that its gold spans come to, or none where gold answers will do.
fn judgements(source: &Source, gold: Gold, spans: Option<&Spans>) -> anyhow::Result<Qrels> {
    match (source.qrels(), spans) {
        (Some(file), _) if gold == Gold::Judgements || !source.is_unjudged()? => file.read(),
        (_, Some(spans)) => Ok(spans.judgements()),
        _ if gold == Gold::Answers => Ok(Qrels::default()),
        _ => bail!(
            "the dataset names no judgements; add `[source.tables.qrels]`, or `[source.tables.spans]` for gold answers as stretches of documents"
        ),
    }
}

/// What is known of the answer to a query: what stands beside its text, or its entry in `answers`, which is taken out.
fn the_one(inside: GoldAnswer, query: &str, answers: &mut Answers) -> Result<GoldAnswer, String> {
    match answers.queries.remove(query) {
        None => Ok(inside),
        Some((_, beside)) if inside == GoldAnswer::default() => Ok(beside),
        Some((place, _)) => Err(format!(
            "query `{query}` has a gold answer here and another in `{}` {place}; keep one of the two",
            answers.path.display()
        )),
    }
}

/// No judgement, gold span or gold answer is of a query that is not in the table at `path`. `answers` are those that no query took.
fn check(
    path: &Path,
    queries: &HashMap<String, Place>,
    qrels: &Qrels,
    spans: &Spans,
    answers: &Answers,
) -> Result<(), DataError> {
    let table = path.display();
    for (id, judgements) in &qrels.queries {
        if !queries.contains_key(id) {
            let message = format!(
                "query `{id}` is judged but is not in `{table}`; add it there or drop its judgements"
            );
            let line = Place::Line(judgements[0].line);
            return Err(DataError::at(&qrels.path, line, message));
        }
    }
    for (id, (place, _)) in &spans.queries {
        if !queries.contains_key(id) {
            let message = format!(
                "query `{id}` has a gold span but is not among the judged queries of `{table}`"
            );
            return Err(DataError::at(&spans.path, *place, message));
        }
    }
    let first = answers.queries.iter();
    if let Some((id, (place, _))) = first.min_by_key(|(_, (place, _))| place.number()) {
        let message = format!(
            "query `{id}` has a gold answer but is not in `{table}`; add it there or drop its answer"
        );
        return Err(DataError::at(&answers.path, *place, message));
    }
    Ok(())
}
