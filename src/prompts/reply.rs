//! The JSON in a reply: as it is, among prose, or repaired.

use serde_json::Value;

/// What was read out of a reply.
#[derive(Debug, PartialEq)]
pub struct Found<T> {
    /// What it says.
    pub value: T,
    /// Whether the reply was not the JSON that it should be, and was read nevertheless.
    pub repaired: bool,
}

/// How a value is read, and which readings of one reply say the same.
pub struct Shape<'a, T> {
    /// What the value says, or what is wrong with it.
    pub of: &'a dyn Fn(&Value) -> Result<T, String>,
    /// Whether two readings say the same.
    pub same: &'a dyn Fn(&T, &T) -> bool,
    /// Whether a value still means something whose end was cut off.
    pub may_be_cut: bool,
}

/// Ends of what a reasoning model thinks aloud.
const THOUGHT: [&str; 2] = ["</think>", "</thinking>"];
/// Places in a reply at which a value is looked for: a reply of brackets alone shall not take for ever.
const MOST_STARTS: usize = 64;

impl<T> Shape<'_, T> {
    /// Reads a reply: strict JSON, else strict JSON in the midst of prose, else what a repair makes of its first brackets.
    ///
    /// Where a reply holds several values that do not say the same, none of them counts.
    ///
    /// # Errors
    /// What is wrong with it, in words that its writer understands.
    pub fn read(&self, reply: &str) -> Result<Found<T>, String> {
        let text = said(reply);
        let is_bare = text.len() == reply.trim().len();
        if let Ok(value) = serde_json::from_str(text) {
            let value = (self.of)(&value)?;
            return Ok(Found {
                value,
                repaired: !is_bare,
            });
        }
        let (mut strict, mut fault) = (Vec::new(), None);
        for value in embedded(text) {
            match (self.of)(&value) {
                Ok(value) => strict.push(value),
                Err(reason) => fault = fault.or(Some(reason)),
            }
        }
        if let Some(value) = strict.pop() {
            if strict.iter().any(|other| !(self.same)(other, &value)) {
                return Err("it holds several JSON values that do not say the same".to_owned());
            }
            return Ok(Found {
                value,
                repaired: true,
            });
        }
        // What is wrong with all of it tells more than what is wrong with a part of it that is strict by itself.
        let mut of_all = None;
        for value in repairs(text, self.may_be_cut) {
            match (self.of)(&value) {
                Ok(value) => {
                    return Ok(Found {
                        value,
                        repaired: true,
                    });
                }
                Err(reason) => of_all = of_all.or(Some(reason)),
            }
        }
        let fault = of_all.or(fault);
        Err(fault.unwrap_or_else(|| "it is no JSON".to_owned()))
    }
}

/// A reply without what was thought aloud before it.
pub fn said(reply: &str) -> &str {
    let ends = THOUGHT
        .iter()
        .filter_map(|end| Some(reply.rfind(end)? + end.len()));
    reply[ends.max().unwrap_or(0)..].trim()
}

/// The values of strict JSON that begin with a bracket, each outermost.
fn embedded(text: &str) -> Vec<Value> {
    let (mut values, mut from) = (Vec::new(), 0);
    for _ in 0..MOST_STARTS {
        let Some(start) = text[from..].find(['{', '[']) else {
            break;
        };
        let start = from + start;
        let mut read = serde_json::Deserializer::from_str(&text[start..]).into_iter();
        from = match read.next() {
            Some(Ok(value)) => {
                values.push(value);
                start + read.byte_offset()
            }
            _ => start + 1,
        };
    }
    values
}

/// What repairs make of a text: from its first brace or bracket to the last that closes one, and to its end where it may be cut off.
fn repairs(text: &str, may_be_cut: bool) -> impl Iterator<Item = Value> {
    let mut starts: Vec<usize> = ['{', '[']
        .iter()
        .filter_map(|open| text.find(*open))
        .collect();
    starts.sort_unstable();
    let last = text.rfind(['}', ']']).map_or(0, |place| place + 1);
    let to_end = if may_be_cut {
        text.trim_end_matches('`').trim_end().len()
    } else {
        0
    };
    let stretches = starts
        .into_iter()
        .flat_map(move |start| [(start, last), (start, to_end)])
        .filter(|(start, end)| start < end);
    stretches.filter_map(|(start, end)| {
        let repaired = jsonrepair_rs::jsonrepair(&text[start..end]).ok()?;
        serde_json::from_str(&repaired).ok()
    })
}

/// A whole number from 1 in a value: as a number, or as the first digits of a text (`[2]`, `source 2`).
pub fn number(value: &Value) -> Option<usize> {
    let number = match value {
        Value::String(text) => {
            let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
            let end = digits.find(|c: char| !c.is_ascii_digit());
            digits[..end.unwrap_or(digits.len())].parse().ok()?
        }
        value => usize::try_from(value.as_u64()?).ok()?,
    };
    (number > 0).then_some(number)
}
