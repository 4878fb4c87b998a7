//! SQuAD's JSON, as SQuAD 1 and 2, XQuAD and MLQA have it.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::{Judged, row};
use crate::data::rows::{self, Row};
use crate::data::{DataError, Encoding, Place};

#[derive(Deserialize)]
struct Whole {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(default)]
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    id: String,
    #[serde(rename = "question")]
    text: String,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    is_impossible: bool,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

/// Every paragraph becomes a document `article-paragraph`, counted from 1; every question a query that is judged for its
/// paragraph, with its answers as metadata. A question that its paragraph does not answer has no judgement.
pub(super) fn read(
    path: &Path,
    documents: &mut Vec<Row>,
    queries: &mut Vec<Row>,
    judged: &mut Vec<Judged>,
) -> Result<(), DataError> {
    let reader = rows::open(path, Encoding::Utf8)?;
    let whole: Whole = serde_json::from_reader(reader).map_err(|error| {
        DataError::file(
            path,
            format!("not SQuAD's JSON (`data`, `paragraphs`, `qas`): {error}"),
        )
    })?;
    for (article_number, article) in (1..).zip(whole.data) {
        for (number, paragraph) in (1..).zip(article.paragraphs) {
            let id = format!("{article_number}-{number}");
            let place = Place::Row(documents.len() as u64 + 1);
            let columns = [
                ("id", json!(id)),
                ("title", json!(article.title)),
                ("text", json!(paragraph.context)),
            ];
            documents.push(Ok((place, row(columns))));
            for question in paragraph.qas {
                let answers: Vec<String> = question
                    .answers
                    .into_iter()
                    .map(|answer| answer.text)
                    .collect();
                if !question.is_impossible {
                    judged.push((question.id.clone(), id.clone(), 1));
                }
                let place = Place::Row(queries.len() as u64 + 1);
                let columns = [
                    ("id", json!(question.id)),
                    ("text", json!(question.text)),
                    ("answers", json!(answers.join(" | "))),
                ];
                queries.push(Ok((place, row(columns))));
            }
        }
    }
    Ok(())
}
