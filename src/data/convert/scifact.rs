//! SciFact's claims with their evidence, beside its abstracts in BEIR's layout.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Contents, FromFile, Judged, path_text, push, row};
use crate::data::rows;
use crate::data::{Corpus, DataError, Encoding, GoldAnswer, GoldSpan, Table};

/// A claim with all rows of it.
#[derive(Default)]
pub(super) struct Claim {
    pub(super) text: String,
    /// In the order of the file.
    pub(super) cited: Vec<String>,
    /// By document.
    labels: BTreeMap<String, BTreeSet<String>>,
    /// Numbers of sentences, from 0, by document: those of all alternative sets of evidence.
    evidence: BTreeMap<String, BTreeSet<usize>>,
}

/// Every claim becomes a query that is judged for the abstracts that it cites, as in BEIR's SciFact, with its `label` as metadata:
/// `SUPPORT`, `CONTRADICT`, `MIXED` where it has both, or `NONE` where the abstracts that it cites say neither. It is answerable where it has
/// evidence. The evidence's sentences are gold spans and nuggets. A claim that cites nothing, as those of the test split, has no label.
///
/// The sentences are counted by [`sentences`], as BEIR's corpus has the abstracts in one piece. Where a claim's evidence is a sentence that
/// the abstract does not have by this count, the claim goes without spans and nuggets, and is counted.
pub(super) fn read(corpus: &[PathBuf], claims: &Path) -> anyhow::Result<Contents> {
    let mut contents = Contents::default();
    let mut abstracts: HashMap<String, String> = HashMap::new();
    for path in corpus {
        let mut rows = Vec::new();
        for document in Corpus::open(&Table::at(path_text(path)?))? {
            let document = document?;
            let mut columns = row([
                ("id", json!(document.id)),
                ("title", json!(document.title)),
                ("text", json!(document.text)),
            ]);
            let metadata = document.metadata.into_iter();
            columns.extend(metadata.map(|(name, value)| (name, json!(value))));
            push(&mut rows, columns);
            abstracts.insert(document.id, document.text);
        }
        contents.documents.push(FromFile {
            path: path.clone(),
            rows,
        });
    }
    let (mut queries, mut judged) = (Vec::new(), Vec::new());
    for (id, claim) in read_claims(claims, &abstracts)? {
        push(&mut queries, claim.query(&id));
        judged.extend(claim.cited.iter().map(|document| Judged {
            query: id.clone(),
            document: document.clone(),
            grade: 1,
        }));
        let spans = claim.spans(&abstracts);
        contents.unplaced += usize::from(spans.is_none());
        let spans = spans.unwrap_or_default();
        if claim.label().is_some() {
            let gold = GoldAnswer {
                answers: Vec::new(),
                nuggets: spans.iter().filter_map(|span| span.text.clone()).collect(),
                answerable: Some(!claim.evidence.is_empty()),
            };
            contents.answers.push((id.clone(), gold));
        }
        contents
            .spans
            .extend(spans.into_iter().map(|span| (id.clone(), span)));
    }
    contents.queries = Some(vec![FromFile {
        path: claims.to_owned(),
        rows: queries,
    }]);
    contents.judged = Some(judged).filter(|judged| !judged.is_empty());
    Ok(contents)
}

impl Claim {
    fn label(&self) -> Option<&str> {
        let labels = self.labels.values().flatten();
        let none = Some("NONE").filter(|_| !self.cited.is_empty());
        only(labels).or(none)
    }

    /// What a document says of it: `SUPPORT`, `CONTRADICT`, `MIXED` where it says both, and `None` where it says neither.
    pub(super) fn label_of(&self, document: &str) -> Option<&str> {
        only(self.labels.get(document).into_iter().flatten())
    }

    fn query(&self, id: &str) -> Map<String, Value> {
        let mut query = row([("id", json!(id)), ("text", json!(self.text))]);
        if let Some(label) = self.label() {
            query.insert("label".into(), json!(label));
        }
        query
    }

    /// The evidence's sentences as stretches of the abstracts; `None` where an abstract has too few.
    fn spans(&self, abstracts: &HashMap<String, String>) -> Option<Vec<GoldSpan>> {
        let mut spans = Vec::new();
        for (document, numbers) in &self.evidence {
            let text = &abstracts[document];
            let sentences = sentences(text);
            for number in numbers {
                let sentence = sentences.get(*number)?.clone();
                let start = text[..sentence.start].chars().count();
                let sentence = &text[sentence];
                spans.push(GoldSpan {
                    document: document.clone(),
                    start,
                    end: start + sentence.chars().count(),
                    text: Some(sentence.to_owned()),
                });
            }
        }
        Some(spans)
    }
}

/// The one label that all are, or `MIXED`.
fn only<'a>(mut labels: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let first = labels.next()?;
    let is_first = |label: &String| label == first;
    Some(if labels.all(is_first) { first } else { "MIXED" })
}

/// The claims of a file in its order, a claim's rows together.
pub(super) fn read_claims<T>(
    path: &Path,
    abstracts: &HashMap<String, T>,
) -> Result<Vec<(String, Claim)>, DataError> {
    let mut claims: Vec<(String, Claim)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows::csv(path, Encoding::Utf8, b',')? {
        let (place, row) = row?;
        let fault = |message: String| DataError::at(path, place, message);
        let cell = |name: &str| {
            let missing = || {
                fault(format!(
                    "no column `{name}`; SciFact's claims have `id`, `claim`, `evidence_doc_id`, `evidence_label`, `evidence_sentences` and `cited_doc_ids`"
                ))
            };
            row.get(name)
                .and_then(Value::as_str)
                .map(str::trim)
                .ok_or_else(missing)
        };
        let (id, text) = (cell("id")?, cell("claim")?);
        let place_of = *places.entry(id.to_owned()).or_insert(claims.len());
        if place_of == claims.len() {
            let claim = Claim {
                text: text.to_owned(),
                ..Claim::default()
            };
            claims.push((id.to_owned(), claim));
        }
        let claim = &mut claims[place_of].1;
        if claim.text != text {
            return Err(fault(format!(
                "claim `{id}` has another text in an earlier row"
            )));
        }
        for document in list(cell("cited_doc_ids")?) {
            if !claim.cited.iter().any(|cited| cited == document) {
                claim.cited.push(document.to_owned());
            }
        }
        let (document, label) = (cell("evidence_doc_id")?, cell("evidence_label")?);
        let numbers: BTreeSet<usize> = list(cell("evidence_sentences")?)
            .map(|number| {
                number.parse().map_err(|_| {
                    fault(format!(
                        "the sentence `{number}` is not a whole number from 0"
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        if document.is_empty() && label.is_empty() && numbers.is_empty() {
            continue;
        }
        if numbers.is_empty() || !["SUPPORT", "CONTRADICT"].contains(&label) {
            return Err(fault(
                "evidence needs `evidence_doc_id`, `evidence_label` (`SUPPORT` or `CONTRADICT`) and `evidence_sentences`".to_owned(),
            ));
        }
        if !abstracts.contains_key(document) {
            return Err(fault(format!(
                "the evidence is of document `{document}`, which is not in the corpus"
            )));
        }
        let labels = claim.labels.entry(document.to_owned()).or_default();
        labels.insert(label.to_owned());
        claim
            .evidence
            .entry(document.to_owned())
            .or_default()
            .extend(numbers);
    }
    Ok(claims)
}

/// The items of a list as NumPy prints it: `[2 5]`.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.trim_matches(['[', ']']).split_whitespace()
}

/// Abbreviations behind which an abstract's sentence goes on, whatever comes next. `ref.` is none of them: SciFact's own sentences end there.
const ABBREVIATIONS: [&str; 7] = ["al", "approx", "cf", "e.g", "fig", "i.e", "vs"];

/// The sentences of an abstract, in bytes, as close as rules come to those that SciFact's annotators were shown, whose list is in the original
/// corpus and lost in BEIR's. A sentence ends at `.`, `!` or `?`, with whatever closes behind it, where the next word begins with a capital, a
/// digit or a sign, or is a name such as `miR-193a` or `p53`, at which Unicode's rules (UAX 29) see no beginning.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), None);
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let place = word.as_ptr() as usize - text.as_ptr() as usize;
        let begin = *start.get_or_insert(place);
        let is_last = words
            .peek()
            .is_none_or(|next| ends_sentence(word) && begins_sentence(next));
        if is_last {
            found.push(begin..place + word.len());
            start = None;
        }
    }
    found
}

fn ends_sentence(word: &str) -> bool {
    let open = word.trim_end_matches([')', ']', '"', '\'', '”', '’']);
    let Some(stem) = open.strip_suffix('.') else {
        return open.ends_with(['!', '?']);
    };
    let stem = stem.trim_start_matches(['(', '[', '{', '"', '\'']);
    !ABBREVIATIONS.contains(&stem.to_lowercase().as_str())
}

fn begins_sentence(word: &str) -> bool {
    let signs = "([{\"'“‘+-≥≤<>~";
    let name = word.trim_start_matches(|c: char| signs.contains(c));
    let is_name = |c: char| c.is_numeric() || c.is_uppercase();
    match name.chars().next() {
        None => false,
        Some(first) if first.is_lowercase() => name.contains(is_name),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_as_those_of_the_original_corpus_do() {
        let text = " Activity rose (43 ± 2 vs. 33 ± 2; P < .05). miR-193a binds S. aureus, i.e. MVP (ref. 4) and p53.  31 of 40 (\"most.\") Did it? No";
        let found: Vec<&str> = sentences(text)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(
            found,
            [
                "Activity rose (43 ± 2 vs. 33 ± 2; P < .05).",
                "miR-193a binds S. aureus, i.e. MVP (ref.",
                "4) and p53.",
                "31 of 40 (\"most.\")",
                "Did it?",
                "No"
            ]
        );
        assert!(sentences(" ").is_empty());
    }
}
