//! Mails: the text once, in its richest form, and every attachment that is a document.

use std::collections::HashMap;

use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;
use mail_parser::{Address, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, html, text};

/// The mail, then its attachments with what is attached to them.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Vec<Draft>, Refusal> {
    let decoded = decoded(bytes)?;
    let bytes = without_mbox_line(decoded.as_deref().unwrap_or(bytes));
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    let parse = |bytes| MessageParser::default().parse(bytes);
    let cut = || Refusal::Damaged("it has no mail headers".to_owned());
    let mut message = parse(bytes).ok_or_else(cut)?;
    let closed = closed(&message, bytes);
    if let Some(closed) = &closed {
        message = parse(closed).ok_or_else(cut)?;
    }
    if is_encrypted(&message) {
        return Err(Refusal::Encrypted);
    }
    let mut mail = Draft::default();
    head(&mut mail, &message);
    body(&mut mail, &message, guard)?;
    let mut drafts = vec![mail];
    let mut refused = Vec::new();
    let mut names = HashMap::new();
    for (number, part) in (1..)
        .zip(message.attachments())
        .filter(|(_, part)| is_document(part))
    {
        guard.check()?;
        let name = name_of(part, number);
        match attachment(&name, &message, part, guard) {
            Ok(attached) => drafts.extend(attached.into_iter().map(|mut draft| {
                draft.part = part_of(&name, &draft.part, &mut names);
                draft.fact("attached_to", message.subject().unwrap_or_default());
                draft
            })),
            Err(Refusal::Empty) => {}
            Err(refusal) => refused.push(format!("{name} ({})", refusal.name())),
        }
    }
    if let Some(mail) = drafts.first_mut() {
        mail.fact("attachments_refused", &refused.join(", "));
    }
    Ok(drafts)
}

/// A mail that was saved in an encoding of its own, as UTF-8.
fn decoded(bytes: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    let begins_with_mark = [&b"\xEF\xBB\xBF"[..], b"\xFF\xFE", b"\xFE\xFF"]
        .iter()
        .any(|mark| bytes.starts_with(mark));
    let has_wide_letters = bytes.iter().take(64).any(|byte| *byte == 0);
    if begins_with_mark || has_wide_letters {
        return Ok(Some(text::decode(bytes)?.into_bytes()));
    }
    Ok(None)
}

/// Without the line before the headers that mails from an mbox begin with.
fn without_mbox_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    if bytes.starts_with(b"From ") || bytes.starts_with(b">From ") {
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(bytes.len());
        return bytes.get(end + 1..).unwrap_or_default();
    }
    bytes
}

/// A mail that is cut off, with what closes its parts: otherwise the last of them is not decoded.
fn closed(message: &Message<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let last = message
        .parts
        .iter()
        .rfind(|part| part.is_encoding_problem)?;
    if (last.offset_end as usize) < bytes.len() {
        return None;
    }
    let kinds = message.parts.iter().filter_map(MimeHeaders::content_type);
    let boundaries: Vec<&str> = kinds
        .filter_map(|kind| kind.attribute("boundary"))
        .collect();
    let ends = boundaries
        .iter()
        .rev()
        .map(|boundary| format!("\r\n--{boundary}--\r\n"));
    (!boundaries.is_empty()).then(|| [bytes, ends.collect::<String>().as_bytes()].concat())
}

/// Whether its text is encrypted with PGP or S/MIME.
fn is_encrypted(message: &Message<'_>) -> bool {
    let root = message.parts.first();
    let Some(kind) = root.and_then(MimeHeaders::content_type) else {
        return starts_as_pgp(message);
    };
    let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
    match subtype.as_str() {
        "encrypted" => true,
        "pkcs7-mime" | "x-pkcs7-mime" => kind
            .attribute("smime-type")
            .is_none_or(|what| what.contains("enveloped")),
        _ => starts_as_pgp(message),
    }
}

fn starts_as_pgp(message: &Message<'_>) -> bool {
    let text = message
        .text_bodies()
        .next()
        .and_then(MessagePart::text_contents);
    text.is_some_and(|text| text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----"))
}

/// The facts that the headers tell.
fn head(mail: &mut Draft, message: &Message<'_>) {
    mail.title(message.subject().unwrap_or_default());
    mail.fact("author", &addresses(message.from()));
    mail.fact("to", &addresses(message.to()));
    mail.fact("cc", &addresses(message.cc()));
    mail.date(message.header_raw("Date").unwrap_or_default());
    if let Some(date) = message.date().filter(|date| date.is_valid()) {
        mail.date(&date.to_rfc3339());
    }
}

fn addresses(list: Option<&Address<'_>>) -> String {
    let shown = list.into_iter().flat_map(Address::iter).filter_map(|one| {
        match (one.name(), one.address()) {
            (Some(name), Some(address)) if name != address => Some(format!("{name} <{address}>")),
            (name, address) => name.or(address).map(str::to_owned),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The text: as HTML where that has structure or is all there is, else as plain text.
fn body(mail: &mut Draft, message: &Message<'_>, guard: &Guard<'_>) -> Result<(), Refusal> {
    let plain: Vec<&MessagePart<'_>> = message.text_bodies().collect();
    let rich: Vec<&MessagePart<'_>> = message.html_bodies().collect();
    let has_plain = plain
        .iter()
        .any(|part| matches!(&part.body, PartType::Text(text) if !text.trim().is_empty()));
    let is_rich = rich
        .iter()
        .any(|part| matches!(&part.body, PartType::Html(html) if has_structure(html)));
    let chosen = if is_rich || !has_plain { rich } else { plain };
    for part in chosen {
        match &part.body {
            PartType::Html(html) => html::fill(mail, &readable(html, message, part), guard)?,
            PartType::Text(plain) => {
                text::fill(mail, &unquoted(&readable(plain, message, part)), guard)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn has_structure(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    ["<table", "<li", "<h1", "<h2", "<h3", "<h4", "<pre"]
        .iter()
        .any(|tag| html.contains(tag))
}

/// The text of a part. Where its bytes are not what it says they are decoded as what they look like.
fn readable(text: &str, message: &Message<'_>, part: &MessagePart<'_>) -> String {
    let is_as_sent = part.encoding == Encoding::None || part.is_encoding_problem;
    let raw = message
        .raw_message
        .get(part.offset_body as usize..part.offset_end as usize);
    let stated = part
        .content_transfer_encoding()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let better = match stated.as_str() {
        "base64" if part.is_encoding_problem => Some(String::new()),
        "quoted-printable" if part.is_encoding_problem => {
            raw.and_then(|raw| text::decode(&unquoted_bytes(raw)).ok())
        }
        _ if is_as_sent && text.contains('\u{fffd}') => raw.and_then(|raw| text::decode(raw).ok()),
        _ => None,
    };
    better.unwrap_or_else(|| text.to_owned())
}

/// Quoted-printable text in which not everything is quoted as it should be.
fn unquoted_bytes(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let (decoded, length) = match after {
            [b'\r', b'\n', ..] if *first == b'=' => (None, 3),
            [b'\n', ..] if *first == b'=' => (None, 2),
            [high, low, ..] if *first == b'=' => match quoted_printable_decode_char(*high, *low) {
                Some(byte) => (Some(byte), 3),
                None => (Some(*first), 1),
            },
            _ => (Some(*first), 1),
        };
        bytes.extend(decoded);
        rest = rest.get(length..).unwrap_or_default();
    }
    bytes
}

/// Plain text with one `> ` before each quoted paragraph instead of before each line.
fn unquoted(text: &str) -> String {
    let mut unquoted = String::with_capacity(text.len());
    let mut depth = 0;
    let mut begins = true;
    for line in text.lines() {
        let rest = line.trim_start_matches(['>', ' ']);
        let marks = line.get(..line.len() - rest.len()).unwrap_or_default();
        let quotes = if line.starts_with('>') {
            marks.matches('>').count()
        } else {
            0
        };
        if quotes != depth || rest.is_empty() {
            unquoted.push('\n');
            begins = true;
        }
        if begins && quotes > 0 && !rest.is_empty() {
            unquoted.push_str(&">".repeat(quotes.min(8)));
            unquoted.push(' ');
        }
        begins &= rest.is_empty();
        depth = quotes;
        unquoted.push_str(if quotes > 0 { rest } else { line });
        unquoted.push('\n');
    }
    unquoted
}

/// The name of an attachment; one without gets a number, and an ending by its type.
fn name_of(part: &MessagePart<'_>, number: usize) -> String {
    let subject = part.message().and_then(Message::subject);
    let name = part
        .attachment_name()
        .or(subject)
        .map_or_else(|| format!("attachment {number}"), super::draft::one_line);
    if part.message().is_some() && !name.to_lowercase().ends_with(".eml") {
        return format!("{name}.eml");
    }
    let subtype = part
        .content_type()
        .and_then(|kind| kind.subtype())
        .unwrap_or("plain");
    match &part.body {
        PartType::Text(_) | PartType::Html(_) if !name.contains('.') => match subtype {
            "plain" => format!("{name}.txt"),
            subtype => format!("{name}.{subtype}"),
        },
        _ => name,
    }
}

/// Whether an attachment is meant to be read, so that it is missed where it cannot be.
fn is_document(part: &MessagePart<'_>) -> bool {
    let Some(kind) = part.content_type() else {
        return true;
    };
    let is_signature = kind
        .subtype()
        .is_some_and(|subtype| subtype.ends_with("signature"));
    !matches!(kind.ctype(), "image" | "audio" | "video") && !is_signature
}

fn attachment(
    name: &str,
    message: &Message<'_>,
    part: &MessagePart<'_>,
    guard: &Guard<'_>,
) -> Result<Vec<Draft>, Refusal> {
    let is_text = part
        .content_type()
        .is_none_or(|kind| kind.ctype() == "text");
    if part.is_encoding_problem && !is_text {
        return Err(Refusal::Damaged(
            "its encoding in the mail is broken".to_owned(),
        ));
    }
    match &part.body {
        PartType::Text(text) | PartType::Html(text) if text.is_ascii() => {
            super::read(name, text.as_bytes(), guard)
        }
        // The byte order mark says that it is UTF-8 by now, whatever is declared in it.
        PartType::Text(text) | PartType::Html(text) => super::read(
            name,
            format!("\u{feff}{}", readable(text, message, part)).as_bytes(),
            guard,
        ),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            guard.spend(bytes.len())?;
            super::read(name, bytes, guard)
        }
        PartType::Message(inner) if part.encoding != Encoding::None => {
            super::read(name, &inner.raw_message, guard)
        }
        PartType::Message(_) => {
            let raw = message
                .raw_message
                .get(part.offset_body as usize..part.offset_end as usize);
            super::read(name, raw.unwrap_or_default(), guard)
        }
        PartType::Multipart(_) => Ok(Vec::new()),
    }
}

/// The name of an attachment, or of what is attached to it, with a number where there was one of that name before.
fn part_of(name: &str, inner: &str, names: &mut HashMap<String, usize>) -> String {
    let part = if inner.is_empty() {
        name.to_owned()
    } else {
        format!("{name}/{inner}")
    };
    let copies = names.entry(part.clone()).or_insert(0);
    *copies += 1;
    if *copies == 1 {
        part
    } else {
        format!("{part} ({copies})")
    }
}
