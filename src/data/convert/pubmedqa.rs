//! PubMedQA's JSON: questions that are the titles of abstracts, which answer them.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::{Contents, FromFile, Judged, push, row, text};
use crate::data::pairs::Entries;
use crate::data::{DataError, Encoding, GoldAnswer};

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Question {
    #[serde(rename = "QUESTION")]
    text: String,
    contexts: Vec<String>,
    long_answer: String,
    #[serde(default)]
    meshes: Vec<String>,
    year: Option<String>,
    #[serde(rename = "final_decision")]
    decision: Option<String>,
}

/// Every abstract without its conclusion becomes a document, its paragraphs separated by blank lines, and the question a query of the
/// same id, the PubMed id, that is judged for it. The conclusion is the gold answer, the verdict (`yes`, `no` or `maybe`) metadata.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents {
        queries: Some(Vec::new()),
        judged: Some(Vec::new()),
        ..Contents::default()
    };
    for path in paths {
        let questions: Entries<Question> = serde_json::from_str(&text(path, Encoding::Utf8)?)
            .map_err(|error| {
                let message = format!(
                    "not PubMedQA's JSON (`QUESTION`, `CONTEXTS`, `LONG_ANSWER` by PubMed id): {error}"
                );
                DataError::file(path, message)
            })?;
        let (mut documents, mut queries) = (Vec::new(), Vec::new());
        for (id, question) in questions.0 {
            let mut document = row([
                ("id", json!(id)),
                ("text", json!(question.contexts.join("\n\n"))),
            ]);
            let mut query = row([("id", json!(id)), ("text", json!(question.text))]);
            if let Some(year) = question.year {
                document.insert("year".into(), json!(year));
                query.insert("year".into(), json!(year));
            }
            if !question.meshes.is_empty() {
                document.insert("mesh".into(), json!(question.meshes));
            }
            if let Some(decision) = question.decision {
                query.insert("final_decision".into(), json!(decision));
            }
            push(&mut documents, document);
            push(&mut queries, query);
            let gold = GoldAnswer {
                answers: vec![question.long_answer],
                nuggets: Vec::new(),
                answerable: Some(true),
            };
            contents.answers.push((id.clone(), gold));
            contents.judged.get_or_insert_default().push(Judged {
                query: id.clone(),
                document: id,
                grade: 1,
            });
        }
        contents.documents.push(FromFile {
            path: path.clone(),
            rows: documents,
        });
        contents.queries.get_or_insert_default().push(FromFile {
            path: path.clone(),
            rows: queries,
        });
    }
    Ok(contents)
}
