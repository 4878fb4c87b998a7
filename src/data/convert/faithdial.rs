//! The audit of FaithDial (Dziri et al. 2022): replies of people and of dialogue systems beside the knowledge that they should rest on.

use std::path::{Path, PathBuf};

use super::Contents;
use super::labelled::{cell, context, each_row, metadata};
use crate::data::{DataError, Encoding, Labelled, document_of, rows};

const COLUMNS: &str = "the audit's files have `knowledge` (or `evidence`), `history`, the reply (`response`, `ctrl`, `gpt2` or `doha`) and `begin_label` (or `BEGIN`)";

/// The columns that hold a reply, and whose it is.
const MODELS: [(&str, &str); 4] = [
    ("response", "gold"),
    ("ctrl", "CTRL"),
    ("gpt2", "GPT2"),
    ("doha", "DoHA"),
];

/// What a file's name says of where its dialogues come from, by BEGIN's names.
const PARTS: [(&str, &str); 3] = [("cmu", "cmu"), ("topical", "tc"), ("wow", "wow")];

/// Every reply becomes a labelled answer. It is supported where its label is `entailment` or `entailment,uncooperative` (what it says follows
/// from the knowledge, though it is no help in the dialogue), and not where any of it is a hallucination or where it is generic. What was said
/// before is the question. Metadata: `label` in one spelling; `model`; `part`, told from the file's name; `document`, a name for the
/// knowledge.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents::default();
    for path in paths {
        let part = part(path);
        each_row(
            path,
            rows::csv(path, Encoding::Utf8, b',')?,
            |number, row| {
                let either = |one: &str, other: &str| {
                    let name = if row.contains_key(other) { other } else { one };
                    cell(row, name, COLUMNS)
                };
                let reply = MODELS.iter().find(|(column, _)| row.contains_key(*column));
                let (column, model) = reply.unwrap_or(&MODELS[0]);
                let knowledge = either("knowledge", "evidence")?;
                let label = either("begin_label", "BEGIN")?;
                let spelt = spelling(label);
                if spelt.is_none() && !label.trim().is_empty() {
                    return Err(format!(
                        "the label `{label}` is none of the audit's: entailment, hallucination, both, uncooperative, generic"
                    ));
                }
                let history = cell(row, "history", COLUMNS)?.trim();
                let passages = context(knowledge);
                let document = document_of(&passages);
                let one = Labelled {
                    id: format!("{}-{part}-{number}", model.to_lowercase()),
                    question: if history == "[]" { "" } else { history }.to_owned(),
                    answer: cell(row, column, COLUMNS)?.trim().to_owned(),
                    contexts: passages,
                    supported: false,
                    metadata: metadata([
                        ("set", "faithdial"),
                        ("label", spelt.unwrap_or_default()),
                        ("model", model),
                        ("part", &part),
                        ("document", &document),
                    ]),
                };
                contents.label(
                    spelt.map(|label| {
                        label.starts_with("entailment") && !label.contains("hallucination")
                    }),
                    one,
                );
                Ok(())
            },
        )?;
    }
    Ok(contents)
}

/// The label in one spelling. The files have `Hallucination`, `hallucinated`, `entailmentt,uncooperative`, `entailment. uncooperative`,
/// `Partial Hallucination` for both entailment and hallucination, and `Uncooperative` alone for what the others call
/// `entailment,uncooperative`.
fn spelling(label: &str) -> Option<&'static str> {
    let label = label.to_lowercase();
    let words = label.split(|c: char| !c.is_alphabetic());
    let (mut entailed, mut hallucinated, mut uncooperative, mut generic) =
        (false, false, false, false);
    for word in words.filter(|word| !word.is_empty()) {
        match word {
            "entailment" | "entailmentt" | "partial" => entailed = true,
            "hallucination" | "hallucinated" => hallucinated = true,
            "uncooperative" => uncooperative = true,
            "generic" => generic = true,
            _ => return None,
        }
    }
    match (entailed, hallucinated, uncooperative, generic) {
        (true, true, _, false) => Some("entailment,hallucination"),
        (false, true, _, false) => Some("hallucination"),
        (_, false, true, false) => Some("entailment,uncooperative"),
        (true, false, false, false) => Some("entailment"),
        (false, false, false, true) => Some("generic"),
        _ => None,
    }
}

fn part(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let known = PARTS.iter().find(|(word, _)| name.contains(word));
    known.map_or_else(|| name.to_string(), |(_, part)| (*part).to_owned())
}
