//! Queries with their judgements: what an evaluation runs over.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, bail};

use super::corpus::Records;
use super::{DataError, Digest, GoldSpan, Metadata, Place, Predicate, Qrels, Source};

/// One query.
#[derive(Debug, Clone, PartialEq)]
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
}

/// The judged queries of a dataset in the order of their file.
#[derive(Debug)]
pub struct Judged {
    /// Queries that have at least one judgement.
    pub queries: Vec<Query>,
    /// The judgements, by query.
    pub qrels: Qrels,
    /// The stretches of documents that answer a query, by query; empty where the dataset names none.
    pub spans: BTreeMap<String, Vec<GoldSpan>>,
    /// How many queries have none, and are therefore not evaluated.
    pub unjudged: usize,
}

impl Judged {
    /// Reads the queries and judgements of `source` and checks them against each other.
    pub fn read(source: &Source) -> anyhow::Result<Self> {
        let table = source
            .queries()
            .context("the dataset names no queries; add `[source.tables.queries]`")?;
        let judged = source.qrels().map(|file| file.read()).transpose()?;
        let spans = source.spans()?.map(|file| file.read()).transpose()?;
        let qrels = match (judged, &spans) {
            (Some(qrels), _) => qrels,
            (None, Some(spans)) => spans.judgements(),
            (None, None) => bail!(
                "the dataset names no judgements; add `[source.tables.qrels]`, or `[source.tables.spans]` for gold answers as stretches of documents"
            ),
        };
        let path = table.path.resolve()?;
        let (mut queries, mut places, mut unjudged) = (Vec::new(), HashMap::new(), 0);
        for record in Records::open(&table)? {
            let (place, record) = record?;
            if !qrels.queries.contains_key(&record.id) {
                unjudged += 1;
                continue;
            }
            places.insert(record.id.clone(), place);
            queries.push(Query {
                id: record.id,
                text: record.text,
                metadata: record.metadata,
                access: record.access,
                filter: record
                    .filter
                    .map_err(|reason| DataError::at(&path, place, reason))?,
                vector: record.vector,
            });
        }
        for (id, judgements) in &qrels.queries {
            if !places.contains_key(id) {
                let message = format!(
                    "query `{id}` is judged but is not in `{}`; add it there or drop its judgements",
                    path.display()
                );
                return Err(
                    DataError::at(&qrels.path, Place::Line(judgements[0].line), message).into(),
                );
            }
        }
        let spans = spans.unwrap_or_default();
        for (id, (place, _)) in &spans.queries {
            if !places.contains_key(id) {
                let message = format!(
                    "query `{id}` has a gold span but is not among the judged queries of `{}`",
                    path.display()
                );
                return Err(DataError::at(&spans.path, *place, message).into());
            }
        }
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

    /// A digest of the queries and their judgements, whatever files they came from.
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
            let parts = serde_json::to_vec(&parts).expect("plain data is JSON");
            digest = digest.with("query", parts);
            if !query.filter.is_empty() {
                digest = digest.with(
                    "filter",
                    serde_json::to_vec(&query.filter).expect("plain data is JSON"),
                );
            }
            if let Some(spans) = self.spans.get(&query.id) {
                digest = digest.with(
                    "spans",
                    serde_json::to_vec(spans).expect("plain data is JSON"),
                );
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
