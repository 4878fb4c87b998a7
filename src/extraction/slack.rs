//! Slack exports: a document of every thread, and one of every day of a channel for what stands outside threads.

mod message;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::DateTime;
use serde_json::Value;

use super::Refusal;
use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;

use self::message::{Message, Names};

/// A title shows so many characters of what a thread begins with.
const TITLE_LENGTH: usize = 60;

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Vec<Draft>, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let entries = archive.names();
    let is_list = |entry: &&String| {
        matches!(
            entry.rsplit('/').next(),
            Some("users.json" | "channels.json")
        )
    };
    let shortest = entries
        .iter()
        .filter(is_list)
        .min_by_key(|entry| entry.len());
    let root = shortest.map_or("", |entry| {
        entry
            .get(..entry.rfind('/').map_or(0, |at| at + 1))
            .unwrap_or_default()
    });
    let mut refused = Vec::new();
    let mut list = |name: &str| -> Result<Vec<Value>, Refusal> {
        let entry = format!("{root}{name}");
        let Some(bytes) = archive.read(&entry)? else {
            return Ok(Vec::new());
        };
        Ok(parse(&bytes).unwrap_or_else(|| {
            refused.push(entry);
            Vec::new()
        }))
    };
    let users = list("users.json")?;
    let mut channels = Vec::new();
    for name in ["channels.json", "groups.json", "dms.json", "mpims.json"] {
        channels.extend(list(name)?);
    }
    let names = Names::new(&users, &channels);
    let mut drafts = Vec::new();
    for (folder, days) in days_by_channel(&entries, root) {
        let mut messages = Vec::new();
        for (day, entry) in days {
            guard.check()?;
            match archive.read(entry) {
                Ok(Some(bytes)) if let Some(day_messages) = parse(&bytes) => {
                    messages.extend(day_messages.into_iter().map(|message| (day, message)));
                }
                Ok(None) => {}
                Err(refusal @ (Refusal::TooMuch(_) | Refusal::TooSlow(_) | Refusal::Encrypted)) => {
                    return Err(refusal);
                }
                _ => refused.push(entry.clone()),
            }
        }
        channel(&mut drafts, folder, messages, &names, guard)?;
    }
    match drafts.first_mut() {
        Some(first) => first.fact("files_refused", &refused.join(", ")),
        None if refused.is_empty() => {}
        None => {
            return Err(Refusal::Damaged(format!(
                "not JSON: {}",
                refused.join(", ")
            )));
        }
    }
    Ok(drafts)
}

fn parse(json: &[u8]) -> Option<Vec<Value>> {
    serde_json::from_slice(json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json)).ok()
}

/// The files of each channel's folder, by day.
fn days_by_channel<'a>(
    entries: &'a [String],
    root: &str,
) -> BTreeMap<&'a str, Vec<(&'a str, &'a String)>> {
    let mut days: BTreeMap<&str, Vec<(&str, &String)>> = BTreeMap::new();
    for entry in entries {
        let path = entry
            .strip_prefix(root)
            .and_then(|path| path.split_once('/'));
        let Some((folder, file)) = path else { continue };
        let Some(day) = file.strip_suffix(".json") else {
            continue;
        };
        if chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok() {
            days.entry(folder).or_default().push((day, entry));
        }
    }
    days
}

/// The documents of a channel: its threads and its days, in the order of their first messages.
fn channel(
    drafts: &mut Vec<Draft>,
    folder: &str,
    messages: Vec<(&str, Value)>,
    names: &Names,
    guard: &Guard<'_>,
) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (day, value) in messages {
        guard.check()?;
        if let Some(message) = Message::new(&value, day, names, guard)?
            && seen.insert(message.key())
        {
            found.push(message);
        }
    }
    found.sort_by(|a, b| {
        a.seconds
            .total_cmp(&b.seconds)
            .then_with(|| a.ts.cmp(&b.ts))
    });
    let mut sizes: HashMap<String, usize> = HashMap::new();
    for message in &found {
        *sizes.entry(message.thread.clone()).or_default() += 1;
    }
    let mut order = Vec::new();
    let mut groups: HashMap<String, Vec<Message>> = HashMap::new();
    for message in found {
        let is_thread = message.thread != message.ts
            || sizes.get(&message.thread).is_some_and(|size| *size > 1);
        let part = if is_thread {
            &message.thread
        } else {
            &message.day
        };
        if !groups.contains_key(part) {
            order.push(part.clone());
        }
        groups.entry(part.clone()).or_default().push(message);
    }
    let channel = names.channel(folder);
    for part in order {
        let messages = groups.remove(&part).unwrap_or_default();
        let Some(first) = messages.first() else {
            continue;
        };
        let mut draft = Draft::default();
        if part == first.day {
            draft.title(&channel);
            draft.date(&first.day);
        } else {
            draft.title(&format!("{channel}: {}", beginning(&first.plain())));
            draft.date(&moment(&part).unwrap_or_else(|| first.day.clone()));
        }
        draft.fact("channel", channel.trim_start_matches('#'));
        draft.fact("author", &authors(&messages));
        draft.part = format!("{folder}/{part}");
        for message in &messages {
            message.say(&mut draft);
        }
        drafts.push(draft);
    }
    Ok(())
}

/// Everyone who wrote, once, in the order of their first messages.
fn authors(messages: &[Message]) -> String {
    let mut seen = HashSet::new();
    let mut authors = messages
        .iter()
        .map(|message| message.author.as_str())
        .collect::<Vec<_>>();
    authors.retain(|author| seen.insert(*author));
    authors.join(", ")
}

/// The first words of a text.
fn beginning(text: &str) -> String {
    let mut shown = String::new();
    for word in text.split_whitespace() {
        if !shown.is_empty() && shown.chars().count() + word.chars().count() >= TITLE_LENGTH {
            shown.push_str(" …");
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(word.chars().take(TITLE_LENGTH));
    }
    shown
}

/// Slack's seconds since 1970 as ISO 8601 has them.
fn moment(ts: &str) -> Option<String> {
    let seconds = ts.split('.').next()?.parse().ok()?;
    Some(DateTime::from_timestamp(seconds, 0)?.to_rfc3339())
}
