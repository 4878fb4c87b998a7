//! Answers that people labelled: whether what they say is supported by their contexts.

mod row;
mod source;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;

use anyhow::ensure;
use serde::Serialize;

use self::row::rows;
use super::{DataError, Digest, Metadata, Passage, Place, Table};

pub(super) use self::row::{Missing, document_of};
pub use self::source::{LabelledSource, LabelledSources, Paths};

/// An answer beside its contexts, with people's label.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Labelled {
    /// Its id, unique in the set.
    pub id: String,
    /// The question, or what was said before; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// The answer, or a claim of it.
    pub answer: String,
    /// What the answer should rest on, best first; at least one text that is not blank.
    pub contexts: Vec<Passage>,
    /// Whether all that it says is supported by them.
    pub supported: bool,
    /// What else is known of it; its fields can be slices and clusters. `set` and `document` are always there.
    #[serde(flatten)]
    pub metadata: Metadata,
}

/// The labelled answers of one or more files, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledAnswers {
    /// The files that they came from.
    pub paths: Vec<PathBuf>,
    /// The answers.
    pub answers: Vec<Labelled>,
    /// The rows that say too little to be used.
    pub left_out: LeftOut,
    /// How many answers have both labels: the same question, answer and contexts with the other label in another row. They stay, for people
    /// do differ.
    pub both_ways: usize,
}

/// How many rows were left out, by what they lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// Rows without a label.
    pub label: usize,
    /// Rows with a label whose answer is blank.
    pub answer: usize,
    /// Rows with label and answer that have no context with a text.
    pub contexts: usize,
}

impl LeftOut {
    /// All of them.
    pub fn rows(self) -> usize {
        self.label + self.answer + self.contexts
    }

    /// Counts one more.
    pub(super) fn count(&mut self, missing: Missing) {
        *match missing {
            Missing::Label => &mut self.label,
            Missing::Answer => &mut self.answer,
            Missing::Contexts => &mut self.contexts,
        } += 1;
    }
}

impl std::ops::AddAssign for LeftOut {
    fn add_assign(&mut self, other: Self) {
        self.label += other.label;
        self.answer += other.answer;
        self.contexts += other.contexts;
    }
}

impl fmt::Display for LeftOut {
    /// Such as `3 without a label, 1 without contexts`; only what there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.label, "a label"),
            (self.answer, "an answer"),
            (self.contexts, "contexts"),
        ];
        let told = kinds.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, what)| format!("{count} without {what}"))
            .collect();
        f.write_str(&told.join(", "))
    }
}

impl LabelledAnswers {
    /// Reads tables as one collection. Of a table its path, format and encoding count.
    ///
    /// | column | other names | holds |
    /// |---|---|---|
    /// | `id` | `_id` | the id: text or a whole number; the row's number, from 1, where there is no such column |
    /// | `answer` | `response`, `claim` | the answer |
    /// | `contexts` | `context`, `evidence`, `knowledge`, `retrieved_contexts`, `doc` | a list of texts or of objects with `text` and, as far as known, `title` and `id`; or one text |
    /// | `supported` | `label`, `faithful` | `true`, `1`, `yes`, `supported`, `faithful` or `entailment`; or `false`, `0`, `no`, `unsupported`, `unfaithful`, `hallucination`, `contradiction` or `neutral` |
    /// | `question` | `user_input` | the question; need not be there |
    ///
    /// The first of the names that a row has is taken. Every other column is metadata, and so are the fields of an object `metadata`; `set` is
    /// the file's name without its ending where a row has none, and `document` a name for its contexts, the same for the same letters and digits. In a table of texts alone (CSV) a list is written as JSON. A blank or null cell of
    /// label, answer or contexts leaves the row out, which is counted. Where an id stands in two sets, the set goes before all ids: `SET:ID`.
    ///
    /// # Errors
    /// With file and line, where a column is missing or holds what it should not, or an id stands twice in a set; and where all answers
    /// have one label.
    pub fn read(tables: &[Table]) -> anyhow::Result<Self> {
        ensure!(
            !tables.is_empty(),
            "no file of labelled answers is named; name at least one"
        );
        let (mut answers, mut paths) = (Vec::new(), Vec::new());
        let mut left_out = LeftOut::default();
        let mut ids: HashMap<(String, String), (PathBuf, Place)> = HashMap::new();
        for table in tables {
            let path = table.path.resolve()?;
            for row in rows(table, &path)? {
                let (place, row) = row?;
                let labelled: Labelled = match row {
                    Ok(labelled) => labelled,
                    Err(missing) => {
                        left_out.count(missing);
                        continue;
                    }
                };
                let key = (labelled.set().to_owned(), labelled.id.clone());
                if let Some((file, earlier)) = ids.insert(key, (path.clone(), place)) {
                    let message = format!(
                        "the id `{}` of the set `{}` stands already in `{}` {earlier}; ids must be unique in a set, so mend it or name the sets apart in `set`",
                        labelled.id,
                        labelled.set(),
                        file.display()
                    );
                    return Err(DataError::at(&path, place, message).into());
                }
                answers.push(labelled);
            }
            paths.push(path);
        }
        for label in [true, false] {
            ensure!(
                answers.iter().any(|one| one.supported == label),
                "{} no answer with `supported = {label}`; both kinds are needed to tell them apart",
                named(&paths, left_out)
            );
        }
        let distinct: BTreeSet<&String> = answers.iter().map(|one| &one.id).collect();
        if distinct.len() < answers.len() {
            for one in &mut answers {
                one.id = format!("{}:{}", one.set(), one.id);
            }
        }
        Ok(Self {
            both_ways: both_ways(&answers),
            paths,
            answers,
            left_out,
        })
    }

    /// A digest of the answers, whatever files they came from.
    pub fn digest(&self) -> String {
        let with = |digest: Digest, one: &Labelled| {
            let parts = serde_json::to_vec(one).expect("plain data is JSON");
            digest.with("labelled", parts)
        };
        self.answers.iter().fold(Digest::default(), with).finish()
    }

    /// The names of the answers' metadata fields, sorted.
    pub fn fields(&self) -> Vec<String> {
        let names = self.answers.iter().flat_map(|one| one.metadata.keys());
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().map(|name| format!("`{name}`")).collect()
    }

    /// The names of the sets, in the order in which they first come.
    pub fn sets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for one in &self.answers {
            if !names.contains(&one.set()) {
                names.push(one.set());
            }
        }
        names
    }
}

impl Labelled {
    /// The name of the set that it is of.
    pub fn set(&self) -> &str {
        self.metadata.get(row::SET).map_or("", String::as_str)
    }
}

/// The files in words, as the beginning of a sentence about what they hold.
fn named(paths: &[PathBuf], left_out: LeftOut) -> String {
    let names = paths.iter().map(|path| format!("`{}`", path.display()));
    let names = names.collect::<Vec<_>>().join(", ");
    let verb = if paths.len() == 1 { "has" } else { "have" };
    if left_out.rows() == 0 {
        format!("{names} {verb}")
    } else {
        format!("{names} (rows left out: {left_out}) {verb}")
    }
}

fn both_ways(answers: &[Labelled]) -> usize {
    let texts = |one: &Labelled| {
        let contexts = one.contexts.iter().map(|passage| passage.text.clone());
        (
            one.question.clone(),
            one.answer.clone(),
            contexts.collect::<Vec<_>>(),
        )
    };
    let mut labels: HashMap<_, [usize; 2]> = HashMap::new();
    for one in answers {
        labels.entry(texts(one)).or_default()[usize::from(one.supported)] += 1;
    }
    let both = labels.values().filter(|counts| !counts.contains(&0));
    both.map(|counts| counts.iter().sum::<usize>()).sum()
}
