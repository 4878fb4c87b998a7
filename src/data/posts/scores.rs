//! What another moderator says of posts: a probability for each category, in a file.

use std::collections::HashMap;

use anyhow::ensure;
use serde_json::{Map, Value};

use super::row::quoted;
use crate::data::record::id_text;
use crate::data::{DataError, Digest, PathText, Table};

/// Probabilities by post.
#[derive(Debug, Clone, PartialEq)]
pub struct PostScores {
    of: HashMap<String, Vec<Option<f64>>>,
    /// Of all of it, whatever the file.
    pub digest: String,
}

const IDS: [&str; 2] = ["id", "_id"];
const SCORES: [&str; 3] = ["probabilities", "category_scores", "scores"];

impl PostScores {
    /// Reads a table: a row a post, with its `id` and, for each category, a number from 0 to 1 in a column of its name or in an object `probabilities` (or
    /// `category_scores`, `scores`). What is absent or null is not known.
    ///
    /// # Errors
    /// With file and line, where a value is no such number or an id comes twice; and where no row says anything of any of `categories`.
    pub fn read(file: &PathText, categories: &[String]) -> anyhow::Result<Self> {
        let path = file.resolve()?;
        let mut of = HashMap::new();
        let mut digest = Digest::default().with("categories", categories.join("\n"));
        for row in Table::at(file.clone()).whole_rows(&path)? {
            let (place, row) = row?;
            let fault = |message: String| DataError::at(&path, place, message);
            let (id, scores) = said(&row, categories).map_err(fault)?;
            digest = digest.with(&id, format!("{scores:?}"));
            if of.insert(id.clone(), scores).is_some() {
                return Err(fault(format!("the id `{id}` comes twice")).into());
            }
        }
        let mut known = of.values().flatten();
        ensure!(
            known.any(Option::is_some),
            "`{}` says nothing of any category; those are {}: give each a column of its name, or an object `probabilities`",
            path.display(),
            quoted(categories.iter().map(String::as_str))
        );
        Ok(Self {
            of,
            digest: digest.finish(),
        })
    }

    /// The probabilities of a post, by category; `None` where the file has no row of it.
    pub fn of(&self, id: &str) -> Option<&[Option<f64>]> {
        self.of.get(id).map(Vec::as_slice)
    }
}

fn said(
    row: &Map<String, Value>,
    categories: &[String],
) -> Result<(String, Vec<Option<f64>>), String> {
    let id = IDS.iter().find_map(|name| row.get(*name));
    let id = id.ok_or_else(|| {
        format!(
            "no column `id`; the columns are {}",
            quoted(row.keys().map(String::as_str))
        )
    })?;
    let nested = SCORES.iter().find_map(|name| row.get(*name)?.as_object());
    let score = |category: &String| {
        let value = nested.unwrap_or(row).get(category);
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let number = match value {
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        let number = number.filter(|number: &f64| (0.0..=1.0).contains(number));
        let number = number
            .ok_or_else(|| format!("`{category}` is {value}, which is no number from 0 to 1"))?;
        Ok(Some(number))
    };
    let scores: Result<Vec<Option<f64>>, String> = categories.iter().map(score).collect();
    Ok((id_text(id)?, scores?))
}
