//! RAGChecker's meta evaluation (Ru et al. 2024): pairs of answers with the preferences of people, to hold scores of answers against.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use super::{Contents, FromFile, push, row, text};
use crate::data::{DataError, Encoding, GoldAnswer, Recorded};

/// What one annotator said of a pair.
#[derive(Deserialize)]
struct Label {
    #[serde(rename = "instance_id")]
    instance: u64,
    dataset: String,
    query_id: String,
    query: String,
    #[serde(rename = "gt_answer")]
    answer: String,
    model1: Response,
    model2: Response,
    #[serde(rename = "correctness_label")]
    correctness: i64,
    #[serde(rename = "completeness_label")]
    completeness: i64,
    #[serde(rename = "overall_label")]
    overall: i64,
}

#[derive(Deserialize, PartialEq)]
struct Response {
    #[serde(rename = "model_name")]
    system: String,
    response: String,
}

impl Label {
    fn preferences(&self) -> [(&'static str, i64); 3] {
        [
            ("correctness", self.correctness),
            ("completeness", self.completeness),
            ("overall", self.overall),
        ]
    }

    fn is_of_the_pair_of(&self, other: &Self) -> bool {
        let (of, others) = (
            [&self.dataset, &self.query_id, &self.query, &self.answer],
            [&other.dataset, &other.query_id, &other.query, &other.answer],
        );
        of == others && self.model1 == other.model1 && self.model2 == other.model2
    }
}

/// Every pair becomes a query, its instance the id, with the gold answer, and two recorded outputs, those of the variants `model1` and
/// `model2`, without contexts, which the file does not hold. There are no documents and no judgements.
///
/// Metadata: `dataset` and `query_id`, where the question comes from; `model1` and `model2`, the systems' names; and the preferences
/// `correctness`, `completeness` and `overall`. **A positive preference is for `model2`**, a negative one for `model1`, 0 for neither. That
/// of the annotator N is `overall_N`, from −2 to 2; `overall` is the sum of all annotators'. (RAGChecker's `meta_eval.py` correlates the
/// labels with `model2`'s score less `model1`'s.)
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, DataError> {
    let mut contents = Contents::default();
    for path in paths {
        let labels: Vec<Label> =
            serde_json::from_str(&text(path, Encoding::Utf8)?).map_err(|error| {
                let message = format!(
                    "not RAGChecker's human labels (a list of `instance_id`, `query`, `model1`, `overall_label`, …): {error}"
                );
                DataError::file(path, message)
            })?;
        let mut rows = Vec::new();
        for labels in pairs(path, labels)? {
            let query = labels[0].instance.to_string();
            push(&mut rows, query_of(&labels));
            let first = labels.into_iter().next().expect("a pair has a label");
            let gold = GoldAnswer {
                answers: vec![first.answer],
                nuggets: Vec::new(),
                answerable: Some(true),
            };
            contents.answers.push((query.clone(), gold));
            for (variant, response) in [("model1", first.model1), ("model2", first.model2)] {
                contents.outputs.push(Recorded {
                    query_id: query.clone(),
                    variant: variant.to_owned(),
                    answer: Some(response.response),
                    ..Recorded::default()
                });
            }
        }
        contents.queries.get_or_insert_default().push(FromFile {
            path: path.clone(),
            rows,
        });
    }
    Ok(contents)
}

/// The labels of each pair, in the order of the file.
fn pairs(path: &Path, labels: Vec<Label>) -> Result<Vec<Vec<Label>>, DataError> {
    let mut pairs: Vec<Vec<Label>> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    for label in labels {
        let fault =
            |what: String| DataError::file(path, format!("instance {}: {what}", label.instance));
        if let Some((name, value)) = label
            .preferences()
            .into_iter()
            .find(|(_, value)| !(-2..=2).contains(value))
        {
            return Err(fault(format!(
                "`{name}_label` is {value}; expected −2 to 2"
            )));
        }
        let place = *places.entry(label.instance).or_insert(pairs.len());
        match pairs.get_mut(place) {
            None => pairs.push(vec![label]),
            Some(others) if label.is_of_the_pair_of(&others[0]) => others.push(label),
            Some(_) => {
                return Err(fault(
                    "its labels are not all of one question and one pair of answers".to_owned(),
                ));
            }
        }
    }
    Ok(pairs)
}

fn query_of(labels: &[Label]) -> serde_json::Map<String, serde_json::Value> {
    let first = &labels[0];
    let mut query = row([
        ("id", json!(first.instance.to_string())),
        ("text", json!(first.query)),
        ("dataset", json!(first.dataset)),
        ("query_id", json!(first.query_id)),
        ("model1", json!(first.model1.system)),
        ("model2", json!(first.model2.system)),
    ]);
    for (place, (name, _)) in first.preferences().into_iter().enumerate() {
        let values = labels.iter().map(|label| label.preferences()[place].1);
        query.insert(name.to_owned(), json!(values.clone().sum::<i64>()));
        for (annotator, value) in (1..).zip(values) {
            query.insert(format!("{name}_{annotator}"), json!(value));
        }
    }
    query
}
