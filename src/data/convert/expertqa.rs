//! ExpertQA (Malaviya et al. 2024): claims of long answers, held against their evidence by experts of the field.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::Contents;
use super::labelled::{each_row, metadata};
use crate::data::{DataError, Encoding, Labelled, Passage, rows};

#[derive(Deserialize)]
struct Question {
    #[serde(rename = "question")]
    text: String,
    /// By the system that answered.
    answers: BTreeMap<String, Answer>,
    #[serde(default)]
    metadata: About,
}

#[derive(Deserialize, Default)]
struct About {
    #[serde(default)]
    field: String,
}

#[derive(Deserialize)]
struct Answer {
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    #[serde(rename = "claim_string")]
    text: String,
    evidence: Vec<String>,
    support: Option<String>,
    worthiness: Option<String>,
}

/// Every claim becomes a labelled answer with the texts of its evidence as the contexts, whose ids are their addresses. It is supported where
/// the experts' `support` is `Complete`, and not where it is `Partial`, `Incomplete` or `Missing`, as the collection's authors have it
/// (`modeling/auto_attribution/compute_human_correlation.py` of their repository). A claim that nobody judged (`N/A`), or whose evidence is nothing but
/// addresses, is left out.
///
/// Metadata: `label`, the experts' `support`; `model`; `field`, that of the expert; `worthiness`, whether the claim needs evidence; `document`, the
/// question, as `expertqa-3` by its number over all files.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents::default();
    let mut questions = 0;
    for path in paths {
        each_row(path, rows::jsonl(path, Encoding::Utf8)?, |_, row| {
            questions += 1;
            let question = Question::deserialize(Value::Object(row.clone())).map_err(|error| {
                format!(
                    "not ExpertQA's JSON (`question`, `answers` with `claims` of `claim_string`, `evidence` and `support`): {error}"
                )
            })?;
            let claims = question
                .answers
                .iter()
                .flat_map(|(model, answer)| answer.claims.iter().map(move |claim| (model, claim)));
            for (number, (model, claim)) in (1..).zip(claims) {
                let label = claim.support.as_deref().unwrap_or_default().trim();
                let one = Labelled {
                    id: format!("{questions}-{number}"),
                    question: question.text.clone(),
                    answer: claim.text.clone(),
                    contexts: claim
                        .evidence
                        .iter()
                        .filter_map(|text| evidence(text))
                        .collect(),
                    supported: false,
                    metadata: metadata([
                        ("set", "expertqa"),
                        ("label", label),
                        ("model", model),
                        ("field", &question.metadata.field),
                        (
                            "worthiness",
                            claim.worthiness.as_deref().unwrap_or_default(),
                        ),
                        ("document", &format!("expertqa-{questions}")),
                    ]),
                };
                contents.label(supported(label)?, one);
            }
            Ok(())
        })?;
    }
    Ok(contents)
}

fn supported(label: &str) -> Result<Option<bool>, String> {
    match label {
        "Complete" => Ok(Some(true)),
        "Partial" | "Incomplete" | "Missing" => Ok(Some(false)),
        "N/A" | "" => Ok(None),
        other => Err(format!(
            "the support `{other}` is none of ExpertQA's: `Complete`, `Partial`, `Incomplete`, `Missing`, `N/A`"
        )),
    }
}

/// Evidence as `[2] https://example.org/ …` has it, whose text comes behind the address; `None` where there is none.
fn evidence(whole: &str) -> Option<Passage> {
    let whole = whole.trim();
    let number = |text: &'_ str| text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = match whole
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((mark, rest)) if number(mark) => rest.trim_start(),
        _ => whole,
    };
    let (address, text) = if rest.starts_with("http://") || rest.starts_with("https://") {
        rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
    } else {
        ("", rest)
    };
    let text = text.trim();
    let passage = Passage {
        id: Some(address.to_owned()).filter(|address| !address.is_empty()),
        text: text.to_owned(),
        ..Passage::default()
    };
    Some(passage).filter(|_| !text.is_empty())
}
