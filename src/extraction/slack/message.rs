//! One message of Slack: who wrote it, and what.

use std::collections::HashMap;

use serde_json::Value;

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;

/// The names of people and channels by their ids.
pub(super) struct Names {
    users: HashMap<String, String>,
    channels: HashMap<String, String>,
}

impl Names {
    pub(super) fn new(users: &[Value], channels: &[Value]) -> Self {
        let users = users
            .iter()
            .map(|user| (text(user, "id").to_owned(), person(user)));
        let users: HashMap<String, String> = users.collect();
        let called = |channel: &Value| -> Option<(String, String)> {
            let (id, name) = (text(channel, "id"), text(channel, "name"));
            let members = channel.get("members").and_then(Value::as_array);
            let members = || -> Vec<&str> {
                let ids = members.into_iter().flatten().filter_map(Value::as_str);
                ids.map(|id| users.get(id).map_or(id, String::as_str))
                    .collect()
            };
            match name {
                "" => Some((id.to_owned(), members().join(", "))),
                name if name.starts_with("mpdm-") => Some((name.to_owned(), members().join(", "))),
                name => Some((id.to_owned(), format!("#{name}"))),
            }
        };
        let channels = channels
            .iter()
            .filter_map(called)
            .filter(|(_, name)| !name.is_empty())
            .collect();
        Self { users, channels }
    }

    fn user(&self, id: &str) -> Option<&str> {
        self.users
            .get(id)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }

    /// What the channel is called whose files are in `folder`: people where it is a conversation between them.
    pub(super) fn channel(&self, folder: &str) -> String {
        self.channels
            .get(folder)
            .cloned()
            .unwrap_or_else(|| format!("#{folder}"))
    }
}

/// Someone's real name, or else what they are called.
fn person(user: &Value) -> String {
    let profile = user.get("profile").unwrap_or(&Value::Null);
    let names = [
        text(profile, "real_name"),
        text(user, "real_name"),
        text(profile, "display_name"),
        text(user, "name"),
    ];
    names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// A message that says something.
pub(super) struct Message {
    pub(super) ts: String,
    pub(super) seconds: f64,
    /// The `ts` of the message that began the thread; its own outside threads.
    pub(super) thread: String,
    pub(super) day: String,
    pub(super) author: String,
    pieces: Vec<Piece>,
}

enum Piece {
    Paragraph(String),
    Item(String),
    Code(String),
}

impl Message {
    /// `None` of what Slack says on its own, such as that someone joined, and of what has no text.
    pub(super) fn new(
        value: &Value,
        day: &str,
        names: &Names,
        guard: &Guard<'_>,
    ) -> Result<Option<Self>, Refusal> {
        if is_notice(text(value, "subtype")) {
            return Ok(None);
        }
        let mut pieces = Vec::new();
        match text(value, "text") {
            "" => blocks(value.get("blocks"), &mut pieces, names, guard)?,
            written => split(&decode(written, names, guard)?, &mut pieces),
        }
        for attachment in list(value, "attachments") {
            attached(attachment, &mut pieces, names, guard)?;
        }
        for file in list(value, "files") {
            let title = [text(file, "title"), text(file, "name")]
                .into_iter()
                .find(|name| !name.is_empty());
            pieces.extend(title.map(|title| Piece::Paragraph(format!("[file] {title}"))));
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let ts = text(value, "ts").to_owned();
        let thread = match text(value, "thread_ts") {
            "" => ts.clone(),
            thread => thread.to_owned(),
        };
        Ok(Some(Self {
            seconds: ts.parse().unwrap_or_default(),
            ts,
            thread,
            day: day.to_owned(),
            author: author(value, names),
            pieces,
        }))
    }

    /// What tells it from all others of its channel; an export may hold a message twice.
    pub(super) fn key(&self) -> (String, String, String) {
        (self.ts.clone(), self.author.clone(), self.plain())
    }

    /// Its text alone.
    pub(super) fn plain(&self) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Paragraph(text) | Piece::Item(text) | Piece::Code(text) => text.as_str(),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    /// Adds it to a document, after the name of who wrote it.
    pub(super) fn say(&self, draft: &mut Draft) {
        let mut pieces = self.pieces.iter().peekable();
        match pieces.peek() {
            Some(Piece::Paragraph(text)) => {
                draft.paragraph(&format!("{}: {text}", self.author));
                pieces.next();
            }
            _ => draft.paragraph(&format!("{}:", self.author)),
        }
        for piece in pieces {
            match piece {
                Piece::Paragraph(text) => draft.paragraph(text),
                Piece::Item(text) => draft.item(0, text),
                Piece::Code(text) => draft.code(text),
            }
        }
    }
}

fn is_notice(subtype: &str) -> bool {
    let endings = ["_join", "_leave", "_archive", "_unarchive", "_name"];
    endings.iter().any(|ending| subtype.ends_with(ending))
        || matches!(
            subtype,
            "bot_add"
                | "bot_remove"
                | "pinned_item"
                | "unpinned_item"
                | "tombstone"
                | "message_deleted"
        )
}

fn author(value: &Value, names: &Names) -> String {
    let known = names.user(text(value, "user")).map(str::to_owned);
    let told = |place: &str, name: &str| {
        value
            .get(place)
            .map(|of| text(of, name).to_owned())
            .filter(|name| !name.is_empty())
    };
    let own = |name: &str| Some(text(value, name).to_owned()).filter(|name| !name.is_empty());
    let found = known
        .or_else(|| told("user_profile", "real_name"))
        .or_else(|| told("user_profile", "display_name"))
        .or_else(|| own("username"))
        .or_else(|| told("bot_profile", "name"))
        .or_else(|| own("user"))
        .or_else(|| own("bot_id"));
    found.unwrap_or_else(|| "unknown".to_owned())
}

/// What a link unfolds to, or what an app says.
fn attached(
    value: &Value,
    pieces: &mut Vec<Piece>,
    names: &Names,
    guard: &Guard<'_>,
) -> Result<(), Refusal> {
    for name in ["pretext", "title", "text"] {
        split(&decode(text(value, name), names, guard)?, pieces);
    }
    if text(value, "text").is_empty() && text(value, "title").is_empty() {
        split(&decode(text(value, "fallback"), names, guard)?, pieces);
    }
    for field in list(value, "fields") {
        let said = [text(field, "title"), text(field, "value")].join(": ");
        split(&decode(&said, names, guard)?, pieces);
    }
    Ok(())
}

/// Blocks of what was written in the editor or built by an app.
fn blocks(
    value: Option<&Value>,
    pieces: &mut Vec<Piece>,
    names: &Names,
    guard: &Guard<'_>,
) -> Result<(), Refusal> {
    for block in value.and_then(Value::as_array).into_iter().flatten() {
        let _level = guard.enter()?;
        match text(block, "type") {
            "rich_text_section" | "rich_text_quote" => {
                pieces.push(Piece::Paragraph(inline(block, names)));
            }
            "rich_text_preformatted" => pieces.push(Piece::Code(inline(block, names))),
            "rich_text_list" => {
                let items = list(block, "elements").map(|item| Piece::Item(inline(item, names)));
                pieces.extend(items);
            }
            "rich_text" | "context" => blocks(block.get("elements"), pieces, names, guard)?,
            "mrkdwn" | "plain_text" => split(&decode(text(block, "text"), names, guard)?, pieces),
            "section" | "header" => {
                let said = block.get("text").map_or("", |said| text(said, "text"));
                split(&decode(said, names, guard)?, pieces);
                blocks(block.get("fields"), pieces, names, guard)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The text of what stands in a line.
fn inline(block: &Value, names: &Names) -> String {
    let parts = list(block, "elements").map(|part| match text(part, "type") {
        "user" => {
            let id = text(part, "user_id");
            format!("@{}", names.user(id).unwrap_or(id))
        }
        "channel" => names.channel(text(part, "channel_id")),
        "broadcast" => format!("@{}", text(part, "range")),
        "emoji" => format!(":{}:", text(part, "name")),
        "link" if text(part, "text").is_empty() => text(part, "url").to_owned(),
        _ => text(part, "text").to_owned(),
    });
    parts.collect()
}

/// Cuts a text into paragraphs, which blank lines end, items and code between fences.
fn split(text: &str, pieces: &mut Vec<Piece>) {
    for (part, is_code) in text.split("```").zip([false, true].into_iter().cycle()) {
        if is_code {
            pieces.push(Piece::Code(part.to_owned()));
            continue;
        }
        let mut paragraph = String::new();
        for line in part.lines().chain([""]) {
            let item = line.trim_start().strip_prefix("• ");
            if (line.trim().is_empty() || item.is_some()) && !paragraph.trim().is_empty() {
                pieces.push(Piece::Paragraph(std::mem::take(&mut paragraph)));
            }
            match item {
                Some(item) => pieces.push(Piece::Item(item.to_owned())),
                None => paragraph.extend([line, " "]),
            }
        }
    }
}

/// Slack's text with names for ids, labels for links, and characters for entities.
fn decode(raw: &str, names: &Names, guard: &Guard<'_>) -> Result<String, Refusal> {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('<') {
        decoded.push_str(before);
        let Some((mark, after)) = after.split_once('>') else {
            decoded.push('<');
            rest = after;
            continue;
        };
        let (target, label) = mark
            .split_once('|')
            .map_or((mark, None), |(target, label)| (target, Some(label)));
        let label = label.filter(|label| !label.is_empty());
        match target.chars().next() {
            Some('@') => {
                let id = target.trim_start_matches('@');
                let name = names.user(id).or(label).unwrap_or(id);
                guard.spend(name.len())?;
                decoded.extend(["@", name]);
            }
            Some('#') => {
                let id = target.trim_start_matches('#');
                let name = label.map_or_else(|| names.channel(id), |label| format!("#{label}"));
                guard.spend(name.len())?;
                decoded.push_str(&name);
            }
            Some('!') => {
                let word = target
                    .trim_start_matches('!')
                    .split('^')
                    .next()
                    .unwrap_or_default();
                let said = label.map_or_else(|| format!("@{word}"), str::to_owned);
                decoded.push_str(&said);
            }
            _ => decoded.push_str(
                label.unwrap_or_else(|| target.strip_prefix("mailto:").unwrap_or(target)),
            ),
        }
        rest = after;
    }
    decoded.push_str(rest);
    Ok(decoded
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
