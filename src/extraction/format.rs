//! Which format a file has: by its first bytes where those tell, else by its ending.

use std::io::Cursor;

use super::archive::Archive;
use super::guard::Guard;
use super::{Refusal, text};

/// A format that ragkit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileFormat {
    /// A Confluence space export.
    Confluence,
    /// Values separated by commas, tabs, semicolons or bars.
    Csv,
    /// Word 97 to 2003.
    Doc,
    /// Word.
    Docx,
    /// A mail with its attachments.
    Email,
    /// An electronic book.
    Epub,
    /// HTML.
    Html,
    /// Markdown.
    Markdown,
    /// OpenDocument text.
    Odt,
    /// Emacs' Org mode.
    Org,
    /// PDF.
    Pdf,
    /// PowerPoint.
    Pptx,
    /// reStructuredText.
    Rst,
    /// Rich text.
    Rtf,
    /// A workbook: Excel, old or new, or OpenDocument.
    Sheet,
    /// A Slack export.
    Slack,
    /// Plain text.
    Text,
    /// XML of no other kind.
    Xml,
}

impl FileFormat {
    /// Its name, as it stands in the `format` field of a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confluence => "confluence",
            Self::Csv => "csv",
            Self::Doc => "doc",
            Self::Docx => "docx",
            Self::Email => "email",
            Self::Epub => "epub",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Odt => "odt",
            Self::Org => "org",
            Self::Pdf => "pdf",
            Self::Pptx => "pptx",
            Self::Rst => "rst",
            Self::Rtf => "rtf",
            Self::Sheet => "sheet",
            Self::Slack => "slack",
            Self::Text => "text",
            Self::Xml => "xml",
        }
    }

    /// The format of the file called `name`.
    pub(super) fn of(name: &str, bytes: &[u8], guard: &Guard<'_>) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Err(Refusal::Empty);
        }
        let head = &bytes[..bytes.len().min(1024)];
        if head.windows(5).any(|window| window == b"%PDF-") {
            return Ok(Self::Pdf);
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return of_archive(&Archive::open(bytes, guard)?);
        }
        if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
            return of_compound(bytes);
        }
        if bytes.starts_with(b"{\\rtf") {
            return Ok(Self::Rtf);
        }
        let ending = name
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'));
        let ending = ending.map_or("", |(_, ending)| ending).to_lowercase();
        Ok(match ending.as_str() {
            "csv" | "tsv" | "tab" => Self::Csv,
            "eml" => Self::Email,
            "htm" | "html" | "xhtml" => Self::Html,
            "md" | "markdown" => Self::Markdown,
            "org" => Self::Org,
            "rst" => Self::Rst,
            "txt" | "text" | "log" => Self::Text,
            "xml" => Self::Xml,
            _ => return of_text(&ending, bytes),
        })
    }
}

/// By what an archive holds.
fn of_archive(archive: &Archive<'_>) -> Result<FileFormat, Refusal> {
    let names = archive.names();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if let Some(kind) = archive.read("mimetype")? {
        match String::from_utf8_lossy(&kind).trim() {
            "application/epub+zip" => return Ok(FileFormat::Epub),
            "application/vnd.oasis.opendocument.text" => return Ok(FileFormat::Odt),
            "application/vnd.oasis.opendocument.spreadsheet" => return Ok(FileFormat::Sheet),
            _ => {}
        }
    }
    let holds = |entry: &str| {
        names
            .iter()
            .any(|name| name.rsplit('/').next() == Some(entry))
    };
    Ok(if names.iter().any(|name| name.starts_with("word/")) {
        FileFormat::Docx
    } else if names.iter().any(|name| name.starts_with("ppt/")) {
        FileFormat::Pptx
    } else if names.iter().any(|name| name.starts_with("xl/")) {
        FileFormat::Sheet
    } else if has("META-INF/container.xml") {
        FileFormat::Epub
    } else if has("entities.xml") {
        FileFormat::Confluence
    } else if holds("channels.json") || holds("users.json") {
        FileFormat::Slack
    } else {
        let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        return Err(Refusal::Unknown(format!(
            "an archive of {} files ({shown}, …)",
            names.len()
        )));
    })
}

/// By the streams of an OLE compound file.
fn of_compound(bytes: &[u8]) -> Result<FileFormat, Refusal> {
    let file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(Refusal::damaged)?;
    let has = |stream: &str| file.exists(stream);
    if has("/EncryptedPackage") {
        Err(Refusal::Encrypted)
    } else if has("/WordDocument") {
        Ok(FileFormat::Doc)
    } else if has("/Workbook") || has("/Book") {
        Ok(FileFormat::Sheet)
    } else if has("/PowerPoint Document") {
        Err(Refusal::Unknown("PowerPoint 97 to 2003".to_owned()))
    } else {
        Err(Refusal::Unknown(
            "an OLE file that is neither Word's nor Excel's".to_owned(),
        ))
    }
}

/// What a file without a telling ending is, if it is text at all.
fn of_text(ending: &str, bytes: &[u8]) -> Result<FileFormat, Refusal> {
    let unknown = || match ending {
        "" => Refusal::Unknown("a file without an ending".to_owned()),
        ending => Refusal::Unknown(format!("`.{ending}`")),
    };
    let head = text::decode(&bytes[..bytes.len().min(4096)]).map_err(|_| unknown())?;
    let head = head.trim_start().to_lowercase();
    Ok(
        if head.starts_with("<!doctype html") || head.starts_with("<html") {
            FileFormat::Html
        } else if head.starts_with("<?xml") {
            FileFormat::Xml
        } else {
            FileFormat::Text
        },
    )
}
