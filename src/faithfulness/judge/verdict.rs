//! What replies say: claims of sentences, and votes on claims.

use serde_json::Value;

use crate::prompts::{Found, Shape, number, said};

/// The most claims of one sentence: what is more is a model that does not stop.
const MOST_CLAIMS: usize = 20;

/// One vote on a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vote {
    pub(super) supported: bool,
    /// The source that decides, by number from 1.
    pub(super) source: Option<usize>,
    /// Its words that decide; may be empty.
    pub(super) quote: String,
}

/// Reads a vote.
pub(super) fn vote(reply: &str) -> Result<Found<Vote>, String> {
    let shape = Shape {
        of: &vote_of,
        same: &|a: &Vote, b: &Vote| a.supported == b.supported,
        // The quote may end early.
        may_be_cut: true,
    };
    let found = shape.read(reply)?;
    // A source may hold JSON, which a vote that quotes it without escapes holds then too: what is no JSON as a whole counts only where all
    // that looks like a verdict in it says the same.
    if found.repaired && verdicts(said(reply)).any(|supported| supported != found.value.supported) {
        return Err("it holds several verdicts that do not say the same".to_owned());
    }
    Ok(found)
}

/// What a text says wherever it writes `verdict` and one of its words behind, in whatever syntax.
fn verdicts(text: &str) -> impl Iterator<Item = bool> {
    let lower = text.to_lowercase();
    let behind: Vec<String> = lower.split("verdict").skip(1).map(str::to_owned).collect();
    behind.into_iter().filter_map(|behind| {
        let word = behind.trim_start_matches(|c: char| !c.is_alphanumeric());
        if word.starts_with("supported") {
            Some(true)
        } else {
            let negative = ["not", "unsupported", "contradicted"];
            negative
                .iter()
                .any(|start| word.starts_with(start))
                .then_some(false)
        }
    })
}

fn vote_of(value: &Value) -> Result<Vote, String> {
    let value = match value {
        Value::Array(values) if values.len() == 1 => &values[0],
        value => value,
    };
    let verdict = value.get("verdict").ok_or("it has no `verdict`")?;
    let word = verdict.as_str().unwrap_or_default().trim().to_lowercase();
    let supported = match word.replace(['-', ' '], "_").as_str() {
        "supported" => true,
        // A model that tells what is denied from what is not said means neither is supported.
        "not_supported" | "unsupported" | "contradicted" => false,
        _ => return Err("its `verdict` is neither \"supported\" nor \"not_supported\"".to_owned()),
    };
    let quote = value.get("quote").and_then(Value::as_str);
    Ok(Vote {
        supported,
        source: value.get("source").and_then(number),
        quote: quote.unwrap_or_default().to_owned(),
    })
}

/// Reads the claims of each of `count` sentences.
pub(super) fn claims(reply: &str, count: usize) -> Result<Found<Vec<Vec<String>>>, String> {
    let shape = Shape {
        of: &|value| claims_of(value, count),
        same: &|a, b| a == b,
        may_be_cut: false,
    };
    let found = shape.read(reply)?;
    // As for votes: an answer may hold JSON too.
    if found.repaired && lists(said(reply)) > count {
        return Err("it holds several lists of claims".to_owned());
    }
    Ok(found)
}

/// How often a text writes `claims` as the name of a field, between quotation marks.
fn lists(text: &str) -> usize {
    let behind = text.split("claims").skip(1);
    let is_name = |behind: &&str| {
        let value = behind.trim_start_matches(['\\', '"', '\'', '”', '’']);
        value.len() < behind.len() && value.trim_start().starts_with(':')
    };
    behind.filter(is_name).count()
}

fn claims_of(value: &Value, count: usize) -> Result<Vec<Vec<String>>, String> {
    let listed = value.get("sentences").unwrap_or(value);
    let listed = listed.as_array().ok_or("it has no list `sentences`")?;
    let mut claims: Vec<Option<Vec<String>>> = vec![None; count];
    for entry in listed {
        let number = entry.get("sentence").and_then(number);
        let number = number.ok_or("an entry of `sentences` has no number `sentence`")?;
        let place = claims
            .get_mut(number - 1)
            .ok_or_else(|| format!("there is no sentence {number}"))?;
        if place.is_some() {
            return Err(format!("sentence {number} comes twice"));
        }
        let own = entry.get("claims").and_then(Value::as_array);
        let own = own.ok_or_else(|| format!("sentence {number} has no list `claims`"))?;
        *place = Some(texts(own).map_err(|reason| format!("sentence {number} has {reason}"))?);
    }
    // An answer that was cut off shows here: the last sentences are missing.
    let missing: Vec<String> = (1..)
        .zip(&claims)
        .filter(|(_, claims)| claims.is_none())
        .map(|(number, _): (usize, _)| number.to_string())
        .collect();
    if !missing.is_empty() {
        let numbers = missing.join(", ");
        return Err(format!("of {count} sentences these are missing: {numbers}"));
    }
    Ok(claims.into_iter().flatten().collect())
}

/// The claims of one sentence, each once.
fn texts(listed: &[Value]) -> Result<Vec<String>, String> {
    let mut texts: Vec<String> = Vec::new();
    for entry in listed {
        let text = entry.as_str().or_else(|| entry.get("claim")?.as_str());
        let text = text.ok_or("a claim that is no text")?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        if text.contains(char::is_alphanumeric) && !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.len() > MOST_CLAIMS {
        return Err(format!("{} claims, of at most {MOST_CLAIMS}", texts.len()));
    }
    Ok(texts)
}
