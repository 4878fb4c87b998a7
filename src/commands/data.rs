//! `ragkit data`: the dataset cards.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{print, print_json};
use crate::data::{Card, Finding};

/// List datasets, and check a local copy against its card.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Action,
    /// Where the cards are.
    #[arg(long, global = true, value_name = "DIR", default_value = "datasets")]
    cards: PathBuf,
    /// How to print.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Subcommand)]
enum Action {
    /// List the cards.
    List,
    /// Check the local copies: checksums, counts, judgements of documents that do not exist.
    Verify {
        /// Cards to check, by name; all whose files are on this machine unless given.
        names: Vec<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Serialize)]
struct Verdict<'a> {
    dataset: &'a str,
    findings: Vec<Finding>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let cards = cards(&arguments.cards)?;
    match &arguments.command {
        Action::List => list(&cards, arguments.format),
        Action::Verify { names } => verify(&cards, names, arguments.format),
    }
}

fn cards(folder: &std::path::Path) -> anyhow::Result<Vec<Card>> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder).context("name the folder of the cards with --cards")? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Card::load(path)).collect()
}

fn list(cards: &[Card], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return print_json(&cards);
    }
    let text = cards.iter().map(|card| {
        let e = &card.expect;
        format!(
            "{}\n  {}\n  {} documents, {} judged queries, {} judgements; licence: {}",
            card.name, card.about, e.documents, e.judged_queries, e.judgements, card.licence
        )
    });
    print(text.collect::<Vec<_>>().join("\n"))
}

fn verify(cards: &[Card], names: &[String], format: Format) -> anyhow::Result<()> {
    let mut verdicts = Vec::new();
    for name in names {
        if !cards.iter().any(|card| card.name == *name) {
            let known: Vec<_> = cards
                .iter()
                .map(|card| format!("`{}`", card.name))
                .collect();
            bail!("there is no card `{name}`; there are {}", known.join(", "));
        }
    }
    for card in cards
        .iter()
        .filter(|card| names.is_empty() || names.contains(&card.name))
    {
        if names.is_empty() && !card.is_here() {
            if format == Format::Text {
                print(format!(
                    "{}\n  not here: its files are not on this machine",
                    card.name
                ))?;
            }
            continue;
        }
        let findings = card
            .verify()
            .with_context(|| format!("cannot check `{}`", card.name))?;
        verdicts.push(Verdict {
            dataset: &card.name,
            findings,
        });
    }
    if format == Format::Json {
        print_json(&verdicts)?;
    } else {
        for verdict in &verdicts {
            print(verdict.dataset)?;
            for finding in &verdict.findings {
                print(format!(
                    "  {} {}: {}",
                    if finding.ok { "ok  " } else { "FAIL" },
                    finding.check,
                    finding.found
                ))?;
            }
        }
    }
    let failed = verdicts
        .iter()
        .filter(|verdict| verdict.findings.iter().any(|finding| !finding.ok))
        .count();
    if failed > 0 {
        bail!(
            "{failed} of {} datasets are not what their cards say",
            verdicts.len()
        );
    }
    Ok(())
}
