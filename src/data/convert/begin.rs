//! BEGIN (Dziri et al. 2022): replies of dialogue systems beside the knowledge that they should rest on.

use std::collections::HashMap;
use std::path::PathBuf;

use super::Contents;
use super::labelled::{cell, context, each_row, metadata};
use crate::data::rows::tabbed;
use crate::data::{DataError, Encoding, Labelled, document_of};

const COLUMNS: &str = "BEGIN's files have `model_name`, `data_source`, `knowledge`, `message`, `response` and `begin_label`, with tabs between them";

/// Every reply becomes a labelled answer, supported where its label is `Fully attributable`, and not where it is `Not fully attributable` or
/// `Generic`. What was said before is the question. Metadata: `label` as it stands; `model`; `part`, the dialogues that the systems were trained on
/// (`cmu`, `tc`, `wow`); `document`, a name for the
/// knowledge.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents::default();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for path in paths {
        each_row(path, tabbed(path, Encoding::Utf8, None)?, |_, row| {
            let cell = |name: &str| cell(row, name, COLUMNS);
            let (part, knowledge) = (cell("data_source")?, cell("knowledge")?);
            let label = cell("begin_label")?.trim();
            let supported = match label {
                "Fully attributable" => Some(true),
                "Not fully attributable" | "Generic" => Some(false),
                "" => None,
                other => {
                    return Err(format!(
                        "the label `{other}` is none of BEGIN's: `Fully attributable`, `Not fully attributable`, `Generic`"
                    ));
                }
            };
            let number = numbers.entry(part.to_owned()).or_default();
            *number += 1;
            let passages = context(knowledge);
            let document = document_of(&passages);
            let one = Labelled {
                id: format!("{part}-{number}"),
                question: cell("message")?.to_owned(),
                answer: cell("response")?.to_owned(),
                contexts: passages,
                supported: false,
                metadata: metadata([
                    ("set", "begin"),
                    ("label", label),
                    ("model", cell("model_name")?),
                    ("part", part),
                    ("document", &document),
                ]),
            };
            contents.label(supported, one);
            Ok(())
        })?;
    }
    Ok(contents)
}
