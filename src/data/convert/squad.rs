//! SQuAD's JSON, as SQuAD 1 and 2, XQuAD and MLQA have it.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Contents, FromFile, Judged, row, text};
use crate::data::rows::Row;
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

/// Every paragraph becomes a document `article-paragraph`, counted from 1 through all files; every question a query that
/// is judged for its paragraph, with its answers as metadata. A question that its paragraph does not answer has no judgement.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let (mut documents, mut queries, mut judged) = (Vec::new(), Vec::new(), Vec::new());
    let mut articles = 0;
    for path in paths {
        let whole: Whole = serde_json::from_str(&text(path, Encoding::Utf8)?).map_err(|error| {
            DataError::file(
                path,
                format!("not SQuAD's JSON (`data`, `paragraphs`, `qas`): {error}"),
            )
        })?;
        let mut of_file = [Vec::new(), Vec::new()];
        for article in whole.data {
            articles += 1;
            article.read(articles, &mut of_file, &mut judged);
        }
        let [documents_here, queries_here] = of_file.map(|rows| FromFile {
            path: path.clone(),
            rows,
        });
        documents.push(documents_here);
        queries.push(queries_here);
    }
    Ok(Contents {
        documents,
        queries: Some(queries),
        judged: Some(judged),
    })
}

impl Article {
    fn read(
        self,
        article: usize,
        [documents, queries]: &mut [Vec<Row>; 2],
        judged: &mut Vec<Judged>,
    ) {
        for (number, paragraph) in (1..).zip(self.paragraphs) {
            let id = format!("{article}-{number}");
            let columns = [
                ("id", json!(id)),
                ("title", json!(self.title)),
                ("text", json!(paragraph.context)),
            ];
            push(documents, row(columns));
            for question in paragraph.qas {
                let answers = question.answers.into_iter().map(|answer| answer.text);
                let answers: Vec<String> = answers.collect();
                if !question.is_impossible {
                    judged.push(Judged {
                        query: question.id.clone(),
                        document: id.clone(),
                        grade: 1,
                    });
                }
                let columns = [
                    ("id", json!(question.id)),
                    ("text", json!(question.text)),
                    ("answers", json!(answers.join(" | "))),
                ];
                push(queries, row(columns));
            }
        }
    }
}

fn push(rows: &mut Vec<Row>, columns: Map<String, Value>) {
    rows.push(Ok((Place::Row(rows.len() as u64 + 1), columns)));
}
