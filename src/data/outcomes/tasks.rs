//! What kind of task prompts are, where a file of its own says it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::row::{first, prompt_text};
use super::{PROMPT, RoutedPrompt, SET, TASK};
use crate::data::{DataError, Format, Metadata, PathText, Table, text_name};

/// A table of prompts with their tasks. Prompts that no outcome is known of are kept too: telling their task can be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskFile {
    /// The file.
    pub path: PathText,
    /// Its format; told from its ending where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// The tasks of prompts, by their text.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) of: HashMap<String, String>,
    /// The prompts themselves, each text once.
    pub(super) prompts: Vec<RoutedPrompt>,
    /// The texts that have more than one task.
    pub(super) two: HashSet<String>,
}

impl TaskFile {
    pub(super) fn read(&self, split: Option<&str>, tasks: &mut Tasks) -> anyhow::Result<()> {
        let path = self.path.resolve()?;
        let table = Table {
            format: self.format,
            ..Table::at(self.path.clone())
        };
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for (number, row) in (1_u64..).zip(table.whole_rows(&path)?) {
            let (place, row) = row?;
            let fault = |message: String| DataError::at(&path, place, message);
            let text = prompt_text(&row).map_err(fault)?;
            let task = first(&row, &super::row::TASKS).and_then(|(_, task)| task.as_str());
            let task = task.ok_or_else(|| {
                let columns = super::quoted(row.keys().map(String::as_str));
                fault(format!(
                    "no column `task` (or `task_name`); the columns are {columns}"
                ))
            })?;
            if tasks.two.contains(&text) {
                continue;
            }
            if let Some(known) = tasks.of.get(&text) {
                // Who can tell what is right?
                if known != task {
                    tasks.of.remove(&text);
                    tasks.prompts.retain(|prompt| prompt.text != text);
                    tasks.two.insert(text);
                }
                continue;
            }
            let mut metadata = Metadata::from([
                (SET.to_owned(), stem.clone()),
                (TASK.to_owned(), task.to_owned()),
                (PROMPT.to_owned(), text_name(&text)),
            ]);
            metadata.extend(split.map(|split| ("split".to_owned(), split.to_owned())));
            tasks.of.insert(text.clone(), task.to_owned());
            tasks.prompts.push(RoutedPrompt {
                id: format!("{stem}-{number}"),
                text,
                outcomes: Vec::new(),
                metadata,
            });
        }
        Ok(())
    }
}
