//! `ragkit data`: the dataset cards.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{print, print_json};
use crate::caches;
use crate::data::convert::{self, Collection, Layout};
use crate::data::{Card, Encoding, Finding};

/// List datasets, check a local copy against its card, convert collections.
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
    /// Write a collection in another layout as a BEIR folder: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv, answers.jsonl; or labelled answers as
    /// labelled.jsonl.
    #[command(after_help = CONVERT_EXAMPLES)]
    Convert(Convert),
    /// Check the local copies: checksums, counts, judgements of documents that do not exist.
    Verify {
        /// Cards to check, by name; all whose files are on this machine unless given.
        names: Vec<String>,
    },
}

const CONVERT_EXAMPLES: &str = "Examples:\n  \
    ragkit data convert smart cran.all.1400 --queries cran.qry --qrels cranqrel --encoding latin1 \\\n      \
    --ordinal-queries --grade 1=4 --grade 2=3 --grade 3=2 --grade 4=1 --out cranfield\n  \
    ragkit data convert squad xquad.en.json --out xquad-en\n  \
    ragkit data convert squad xquad.en.json --volumes 8 --out xquad-volumes\n  \
    ragkit data convert trec disk4/* --queries topics.301-350 --qrels qrels.txt --encoding latin1 --out robust\n  \
    ragkit data convert msmarco collection.tsv --queries queries.dev.tsv --qrels qrels.dev.tsv --split dev --out msmarco\n  \
    ragkit data convert pubmedqa ori_pqal.json --out pubmedqa\n  \
    ragkit data convert scifact corpus.jsonl --queries claims_validation.csv --out scifact-evidence\n  \
    ragkit data convert ragchecker human_labeled_data.json --out ragchecker\n  \
    ragkit data convert begin begin_dev_cmu.tsv begin_dev_tc.tsv begin_dev_wow.tsv --out begin";

#[derive(Args)]
struct Convert {
    /// The layout of the files.
    #[arg(value_enum)]
    layout: LayoutName,
    /// The files of the documents; for `squad`, `pubmedqa`, `ragchecker` and labelled answers those of everything.
    #[arg(required = true)]
    corpus: Vec<PathBuf>,
    /// The file of the queries.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// The file of the judgements.
    #[arg(long, value_name = "FILE")]
    qrels: Option<PathBuf>,
    /// What a grade of the file counts; as it stands unless any is given.
    #[arg(long = "grade", value_name = "GRADE=COUNT", value_parser = grade, requires = "qrels")]
    grades: Vec<(String, i32)>,
    /// Number the queries by their place in the file, from 1.
    #[arg(long, requires = "queries")]
    ordinal_queries: bool,
    /// The character encoding of the files.
    #[arg(long, default_value = "utf8", value_name = "utf8|latin1", value_parser = super::known::<Encoding>)]
    encoding: Encoding,
    /// `squad` only: join the articles into so many long documents, with their titles as headings.
    #[arg(long, value_name = "N")]
    volumes: Option<NonZeroUsize>,
    /// The name of the split that the judgements become.
    #[arg(long, default_value = "test")]
    split: String,
    /// The folder to write, new or empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayoutName {
    /// SMART: Cranfield, CACM, MED.
    Smart,
    /// SQuAD's JSON: SQuAD, XQuAD, MLQA.
    Squad,
    /// TREC's SGML documents and topics.
    Trec,
    /// MS MARCO's tab-separated collection and queries.
    Msmarco,
    /// PubMedQA's JSON: questions, the abstracts that answer them, the answers.
    Pubmedqa,
    /// BEIR's corpus of SciFact, with `claims_*.csv` as the queries.
    Scifact,
    /// RAGChecker's `human_labeled_data.json`: questions, two answers each, preferences; no documents.
    Ragchecker,
    /// BEGIN's tables: replies beside their knowledge, with people's labels. Labelled answers, as the layouts below.
    Begin,
    /// The tables of FaithDial's audit: replies of people and of dialogue systems.
    Faithdial,
    /// HaluEval's questions, each with a right and a made up answer.
    Halueval,
    /// ExpertQA's claims with their evidence.
    Expertqa,
    /// SciFact's claims against the abstracts that they cite; files as for `scifact`.
    Scifactclaims,
}

fn grade(text: &str) -> Result<(String, i32), String> {
    let (grade, count) = text
        .split_once('=')
        .ok_or("expected GRADE=COUNT, as in `1=4`")?;
    let count = count
        .parse()
        .map_err(|_| format!("`{count}` is not a whole number"))?;
    Ok((grade.to_owned(), count))
}

impl Convert {
    fn run(&self) -> anyhow::Result<()> {
        let qrels = self
            .qrels
            .as_ref()
            .map(|path| convert::qrels_at(path, &self.grades));
        let collection = Collection {
            layout: match self.layout {
                LayoutName::Smart => Layout::Smart,
                LayoutName::Squad => Layout::Squad,
                LayoutName::Trec => Layout::Trec,
                LayoutName::Msmarco => Layout::MsMarco,
                LayoutName::Pubmedqa => Layout::PubMedQa,
                LayoutName::Scifact => Layout::SciFact,
                LayoutName::Ragchecker => Layout::RagChecker,
                LayoutName::Begin => Layout::Begin,
                LayoutName::Faithdial => Layout::FaithDial,
                LayoutName::Halueval => Layout::HaluEval,
                LayoutName::Expertqa => Layout::ExpertQa,
                LayoutName::Scifactclaims => Layout::SciFactClaims,
            },
            corpus: self.corpus.clone(),
            queries: self.queries.clone(),
            qrels: qrels.transpose()?,
            encoding: self.encoding,
            ordinal_queries: self.ordinal_queries,
            volumes: self.volumes,
        };
        let written = collection.convert(&self.out, &self.split)?;
        print(format!("{written}: `{}`", self.out.display()))
    }
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
    match &arguments.command {
        Action::Convert(convert) => convert.run(),
        Action::List => list(&cards(&arguments.cards)?, arguments.format),
        Action::Verify { names } => verify(&cards(&arguments.cards)?, names, arguments.format),
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
            .verify(&caches::folder())
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
