//! From a file to documents with their structure: title, headings, tables, lists, pages, and facts such as author and date.
//!
//! [`extract`] tells the format, has its reader make a `Draft`, and turns that into a [`Document`]. A reader says only what
//! it finds in the order in which it finds it, so the text of all formats comes out alike: blocks with blank lines
//! between them, list items with `- `, table rows with ` | ` between the cells. Everything that a file may take is
//! limited (`Guard`), and what it cannot give has a named reason ([`Refusal`]).

mod archive;
mod confluence;
mod csv;
mod doc;
mod docx;
mod draft;
mod email;
mod epub;
mod format;
mod guard;
mod html;
mod markdown;
mod markup;
mod odt;
mod office;
mod pdf;
mod pptx;
mod refusal;
mod rtf;
mod sheet;
mod slack;
mod text;
mod workers;
mod xml;

use crate::data::Document;
pub use crate::data::Limits;

use self::draft::Draft;
pub use self::format::FileFormat;
use self::guard::Guard;
pub use self::refusal::Refusal;
pub use self::workers::{Extraction, RefusedFile, WORKER_COMMAND, serve};

/// The documents of the file called `name`: one of most files, one of every thread of a Slack export, one of a mail and each of
/// its attachments. The id of the first is `name`, unless they have parts of their own: `name#part`.
///
/// # Errors
/// Why there are none.
pub fn extract(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<Document>, Refusal> {
    if bytes.len() as u64 > limits.file_mib << 20 {
        return Err(Refusal::TooLarge(limits.file_mib));
    }
    let guard = Guard::new(limits, bytes.len());
    let drafts = read(name, bytes, &guard)?;
    documents(name, drafts)
}

fn documents(name: &str, drafts: Vec<Draft>) -> Result<Vec<Document>, Refusal> {
    let stem = name.rsplit('/').next().unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let finish = |mut draft: Draft| {
        draft.fact("source", name);
        let id = match draft.part.as_str() {
            "" => name.to_owned(),
            part => format!("{name}#{part}"),
        };
        draft.finish(id, stem)
    };
    let documents: Vec<Document> = drafts.into_iter().filter_map(finish).collect();
    if documents.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(documents)
}

/// What the reader of its format makes of a file, or of a file inside a file.
fn read(name: &str, bytes: &[u8], guard: &Guard<'_>) -> Result<Vec<Draft>, Refusal> {
    let _level = guard.enter()?;
    let format = FileFormat::of(name, bytes, guard)?;
    let mut drafts = match format {
        FileFormat::Confluence => confluence::read(bytes, guard)?,
        FileFormat::Slack => slack::read(bytes, guard)?,
        FileFormat::Email => email::read(bytes, guard)?,
        FileFormat::Csv => vec![csv::read(bytes, guard)?],
        FileFormat::Doc => vec![doc::read(bytes, guard)?],
        FileFormat::Docx => vec![docx::read(bytes, guard)?],
        FileFormat::Epub => vec![epub::read(bytes, guard)?],
        FileFormat::Html => vec![html::read(bytes, guard)?],
        FileFormat::Markdown => vec![markdown::read(bytes, guard)?],
        FileFormat::Odt => vec![odt::read(bytes, guard)?],
        FileFormat::Org | FileFormat::Rst => vec![markup::read(bytes, format, guard)?],
        FileFormat::Pdf => vec![pdf::read(bytes, guard)?],
        FileFormat::Pptx => vec![pptx::read(bytes, guard)?],
        FileFormat::Rtf => vec![rtf::read(bytes, guard)?],
        FileFormat::Sheet => vec![sheet::read(bytes, guard)?],
        FileFormat::Text => vec![text::read(bytes, guard)?],
        FileFormat::Xml => vec![xml::read(bytes, guard)?],
    };
    for draft in &mut drafts {
        draft.fact("format", format.name());
    }
    Ok(drafts)
}
