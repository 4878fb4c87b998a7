//! `ragkit extract`: documents of any format become a corpus.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::Rendering;
use crate::cli::Global;
use crate::data::{Files, Limits, PathText};
use crate::extraction::{self, Extraction, RefusedFile};
use crate::report::{Style, text_table};
use crate::whole_file::WholeFile;

/// Write the text of documents of any format, with its structure, as a corpus.
///
/// Reads PDF, Word (.docx and .doc), PowerPoint, Excel, OpenDocument, HTML, Markdown, EPUB, RTF, mail (.eml) with its attachments,
/// CSV, XML, reStructuredText, Org, plain text in any encoding, and the exports of Confluence (a space as XML) and Slack, packed or
/// unpacked. Each document is a line of a BEIR corpus: `_id`, `title`, `text`, `metadata` (author, date, source, format, …) and
/// `blocks`, which say which characters of the text are headings, paragraphs, items of lists, tables and code, and on
/// which page.
///
/// A file that cannot be read is listed with its reason and stops nothing. Every file is read in a process of its own, within
/// limits on size, nesting, decompression and time.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit extract wiki/ --out wiki/corpus.jsonl\n  \
    ragkit extract report.pdf | jq -r .text\n  \
    ragkit extract wiki/ --out corpus.jsonl --max-failures 10 --summary json")]
pub struct Arguments {
    /// A folder, with all below it but what is hidden, or a file.
    path: PathBuf,
    /// The corpus to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with exit code 2 if more than N files are refused; the corpus of the others is written all the same.
    #[arg(long, value_name = "N")]
    max_failures: Option<usize>,
    /// Seconds of processor time that one file may take; by the clock six times as many.
    #[arg(long, value_name = "N", default_value_t = Limits::default().seconds)]
    seconds: u32,
    /// Mebibytes that one file may hold.
    #[arg(long, value_name = "N", default_value_t = Limits::default().file_mib)]
    file_mib: u64,
    /// How to print the summary on standard error.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    summary: Rendering,
}

/// The arguments of the processes that do the work.
#[derive(Args)]
pub struct WorkerArguments {
    /// Mebibytes of memory that it may have.
    memory_mib: u64,
}

/// What came of the files of one ending.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Counts {
    files: usize,
    extracted: usize,
    documents: usize,
    characters: usize,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    bytes: u64,
    seconds: f64,
    endings: BTreeMap<String, Counts>,
    refused: Vec<RefusedFile>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let limits = Limits {
        seconds: arguments.seconds,
        file_mib: arguments.file_mib,
        ..Limits::default()
    };
    let text = arguments.path.to_str().context("the path is not UTF-8")?;
    let files = Files {
        limits,
        max_failures: arguments.max_failures,
        ..Files::at(PathText::literal(text))
    };
    let extraction = Extraction::open(&files)?;
    let extraction = match &arguments.out {
        Some(out) => extraction.without(out),
        None => extraction,
    };
    let summary = match &arguments.out {
        None => write(extraction, std::io::stdout().lock(), global)?,
        Some(path) => {
            let mut file = WholeFile::create(path.clone())?;
            let summary = write(extraction, &mut file, global)?;
            file.finish()?;
            summary
        }
    };
    global.say(&match arguments.summary.style() {
        None => serde_json::to_string_pretty(&summary)?,
        Some(style) => table(&summary, style),
    });
    if arguments.summary.style().is_some() {
        tell_refused(&summary.refused, global);
    }
    files.check_refused(summary.refused.len())
}

fn write(mut extraction: Extraction, out: impl Write, global: &Global) -> anyhow::Result<Summary> {
    let started = Instant::now();
    let mut out = BufWriter::new(out);
    let (files, bytes) = extraction.left();
    let mut summary = Summary {
        files,
        bytes,
        seconds: 0.0,
        endings: BTreeMap::new(),
        refused: Vec::new(),
    };
    let progress = global.progress("documents", None);
    let mut before = String::new();
    for document in extraction.by_ref() {
        let document = document?;
        // As text first: a reader that has stopped reading must be told from a document that is no JSON.
        writeln!(out, "{}", serde_json::to_string(&document)?)?;
        let source = document.metadata.get("source").cloned().unwrap_or_default();
        let counts = summary.endings.entry(ending(&source)).or_default();
        // The documents of a file follow one another.
        counts.extracted += usize::from(source != before);
        counts.documents += 1;
        counts.characters += document.text.chars().count();
        before = source;
        progress.inc(1);
    }
    out.flush()?;
    progress.finish_and_clear();
    summary.refused = extraction.refused();
    summary
        .endings
        .values_mut()
        .for_each(|counts| counts.files = counts.extracted);
    for refused in &summary.refused {
        summary
            .endings
            .entry(ending(&refused.file))
            .or_default()
            .files += 1;
    }
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// What a name ends in, as a kind of file.
fn ending(name: &str) -> String {
    let path = Path::new(name);
    path.extension().map_or_else(
        || "none".to_owned(),
        |ending| ending.to_string_lossy().to_lowercase(),
    )
}

fn table(summary: &Summary, style: Style) -> String {
    let row = |(ending, counts): (&String, &Counts)| {
        let mean = counts.characters as f64 / counts.documents.max(1) as f64;
        let numbers =
            [counts.files, counts.extracted, counts.documents].map(|count| count.to_string());
        std::iter::once(ending.clone())
            .chain(numbers)
            .chain([format!("{mean:.0}")])
            .collect()
    };
    let header = [
        "ending",
        "files",
        "extracted",
        "documents",
        "mean characters",
    ];
    let table = text_table(style, &header, summary.endings.iter().map(row), 1);
    let megabytes = summary.bytes as f64 / 1e6;
    format!(
        "{table}\n{} files, {megabytes:.1} MB in {:.1} s: {:.1} MB/s",
        summary.files,
        summary.seconds,
        megabytes / summary.seconds
    )
}

/// Says which files were refused, and why.
pub(super) fn tell_refused(refused: &[RefusedFile], global: &Global) {
    for RefusedFile { file, reason } in refused {
        global.say(&format!("refused `{file}` ({}): {reason}", reason.name()));
    }
    match refused.len() {
        0 => {}
        1 => global.say("1 file was refused"),
        many => global.say(&format!("{many} files were refused")),
    }
}

/// Does the work of a process for extraction.
pub fn serve(arguments: &WorkerArguments) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let most = Some(arguments.memory_mib << 20);
        // Where the system sets a lower limit, that one stays.
        let _ = setrlimit(
            Resource::As,
            Rlimit {
                current: most,
                maximum: most,
            },
        );
    }
    extraction::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
