//! One file per subcommand, its arguments inside. Only these print.

pub mod compare;
pub mod data;
pub mod doctor;
pub mod estimate;
pub mod eval;
pub mod extract;
pub mod gate;
pub mod index;
pub mod report;
pub mod score;
pub mod search;
pub mod train;

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::report::Style;

/// How a result is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rendering {
    /// Tables for the terminal.
    Table,
    /// Tables for a Markdown page.
    Markdown,
    /// One JSON object.
    Json,
}

impl Rendering {
    /// The style of its tables, if it has any.
    fn style(self) -> Option<Style> {
        match self {
            Self::Table => Some(Style::Terminal),
            Self::Markdown => Some(Style::Markdown),
            Self::Json => None,
        }
    }
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done,
    /// It is done, and the verdict is no.
    No,
    /// It said why there is no verdict.
    CouldNot,
}

/// Writes a result to standard output.
fn print(text: impl AsRef<str>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Writes one JSON value to standard output.
fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(serde_json::to_string_pretty(value)?)
}

/// A value by its name in a config, for an argument.
fn known<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// The most memory that this process has had, in bytes, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
