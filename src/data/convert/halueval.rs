//! HaluEval's questions (Li et al. 2023): a right answer and one that a language model made up, beside the knowledge.

use std::path::PathBuf;

use super::Contents;
use super::labelled::{cell, context, each_row, metadata};
use crate::data::{DataError, Encoding, Labelled, rows};

const COLUMNS: &str = "HaluEval's questions have `knowledge`, `question`, `right_answer` and `hallucinated_answer`, a JSON object a line";

/// Every question becomes two labelled answers, the right one, which is supported, and the made up one, which is not. Metadata: `label`,
/// `right` or `hallucinated`; `document`, the question, as `halueval-3` by its number over all files.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents::default();
    let mut questions = 0;
    for path in paths {
        each_row(path, rows::jsonl(path, Encoding::Utf8)?, |_, row| {
            questions += 1;
            let cell = |name: &str| cell(row, name, COLUMNS);
            for (label, column, supported) in [
                ("right", "right_answer", true),
                ("hallucinated", "hallucinated_answer", false),
            ] {
                let one = Labelled {
                    id: format!("{questions}-{label}"),
                    question: cell("question")?.to_owned(),
                    answer: cell(column)?.to_owned(),
                    contexts: context(cell("knowledge")?),
                    supported,
                    metadata: metadata([
                        ("set", "halueval"),
                        ("label", label),
                        ("document", &format!("halueval-{questions}")),
                    ]),
                };
                contents.label(Some(supported), one);
            }
            Ok(())
        })?;
    }
    Ok(contents)
}
