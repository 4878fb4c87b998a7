//! `ragkit search`: look at what retrieval finds, and why.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{print, print_json};
use crate::data;
use crate::indexes::{Bm25Params, Hit, Index, Shown, Term};
use crate::systems::rag::{
    Dense, Found, GraphSearch, Hybrid, Models, Retrieve, Search, Searcher, Variant,
};

/// Look at what retrieval finds, and why.
///
/// Prints the best documents for QUERY; with --explain also the terms of every lexical score and the place of every
/// document in each list. The document frequencies are those of the whole index, also for a restricted caller.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit search handbook.index \"travel by train\"\n  \
    ragkit search handbook.index \"salary bands\" --access hr,managers --by lexical --explain\n  \
    ragkit search wiki.index \"parental leave\" --where \"author=Ann Lee\" --where \"date>=2024-01\"")]
pub struct Arguments {
    /// The index directory.
    index: PathBuf,
    /// What to search for.
    query: String,
    /// How to search; hybrid where the index can embed a query, else lexical.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// The set of vectors to search [default: the only one].
    #[arg(long, value_name = "NAME")]
    vectors: Option<String>,
    /// Search the graph with so many candidates, and not all vectors.
    #[arg(long, value_name = "N")]
    ef: Option<i64>,
    /// Documents to show.
    #[arg(short, default_value = "10", value_name = "N")]
    k: NonZeroUsize,
    /// Labels that the caller holds: show only what these may see [default: everything].
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',', num_args = 0..=1)]
    access: Option<Vec<String>>,
    /// Show only what fulfils these conditions on its metadata: `author=Ann Lee`, `source=a.pdf`, `section=Handbook > Leave` (and
    /// below), `date>=2024-01-01`, `date<=2024`. Several values of one field mean any of them.
    #[arg(long = "where", value_name = "CONDITION")]
    filter: Vec<String>,
    /// BM25's k1.
    #[arg(long, default_value_t = Bm25Params::default().k1)]
    k1: f32,
    /// BM25's b.
    #[arg(long, default_value_t = Bm25Params::default().b)]
    b: f32,
    /// Show the terms of every score.
    #[arg(long)]
    explain: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Lexical,
    Dense,
    Hybrid,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// One document found.
#[derive(Serialize)]
struct Line {
    rank: usize,
    score: f64,
    #[serde(flatten)]
    document: Shown,
    /// Where it stood in each stage's list: rank and score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<(&'static str, usize, f64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms: Vec<Term>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let wants_vectors = arguments.by != Some(By::Lexical);
    let asked = arguments.vectors.as_deref();
    let wanted = |name: &str| wants_vectors && asked.is_none_or(|asked| asked == name);
    let index = Index::open(&arguments.index, &wanted, true)?;
    let params = Bm25Params {
        k1: arguments.k1,
        b: arguments.b,
    };
    params.validate()?;
    let embeds = index.vectors.values().any(|set| set.embedder.is_some());
    let by = arguments
        .by
        .unwrap_or(if embeds { By::Hybrid } else { By::Lexical });
    let dense = Dense {
        vectors: arguments.vectors.clone(),
        search: match arguments.ef {
            Some(ef) => Search::Hnsw(GraphSearch {
                ef: ef.try_into().context("--ef")?,
            }),
            None => Search::Auto,
        },
    };
    let retrieve = match by {
        By::Lexical => Retrieve::Lexical(params),
        By::Dense => Retrieve::Dense(dense),
        By::Hybrid => Retrieve::Hybrid(Hybrid {
            lexical: params,
            depth: Hybrid::default().depth.max(arguments.k),
            dense,
            ..Hybrid::default()
        }),
    };
    let query = data::Query {
        text: arguments.query.clone(),
        access: arguments.access.clone(),
        filter: data::Predicate::from_texts(arguments.filter.iter().map(String::as_str))
            .map_err(anyhow::Error::msg)
            .context("--where")?,
        ..data::Query::default()
    };
    let variant = Variant::new("search", retrieve);
    let models = Models::default();
    let searcher = Searcher::new(&index, vec![&variant], arguments.k.get(), &models)?;
    let found = searcher.search(&[&query]);
    let retrieval = found
        .into_iter()
        .flatten()
        .next()
        .context("one query and one variant give one result")?;
    let lines = lines(&index, arguments, params, &retrieval?.stages)?;
    match arguments.format {
        Format::Json => print_json(&lines),
        Format::Text if lines.is_empty() => print("nothing found"),
        Format::Text => print(lines.iter().map(text).collect::<Vec<_>>().join("\n")),
    }
}

fn lines(
    index: &Index,
    arguments: &Arguments,
    params: Bm25Params,
    stages: &[Found],
) -> anyhow::Result<Vec<Line>> {
    let hits = stages.last().map_or(&[][..], |found| &found.hits);
    let rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
    let terms = index.analyser.clone().terms(&arguments.query);
    let scorer = index.bm25.scorer(params);
    let line = |((rank, hit), document): ((usize, &Hit), Shown)| {
        let mut line = Line {
            rank,
            score: hit.score,
            document,
            stages: Vec::new(),
            terms: Vec::new(),
        };
        if arguments.explain {
            line.terms = scorer.explain(&terms, hit.row)?;
            for Found { stage, hits, .. } in stages {
                if let Some(place) = hits.iter().position(|other| other.row == hit.row) {
                    line.stages.push((stage, place + 1, hits[place].score));
                }
            }
        }
        Ok(line)
    };
    (1..)
        .zip(hits)
        .zip(index.documents.read(&rows)?)
        .map(line)
        .collect()
}

/// A document as text: a line, the beginning of its text, and what explains it.
fn text(line: &Line) -> String {
    const WIDTH: usize = 100;
    let mut lines = vec![format!(
        "{:>3}  {:.4}  {}  {}",
        line.rank, line.score, line.document.id, line.document.title
    )];
    let beginning: String = line.document.text.chars().take(WIDTH).collect();
    let more = if beginning.len() < line.document.text.len() {
        "…"
    } else {
        ""
    };
    lines.push(format!("     {beginning}{more}"));
    for (stage, rank, score) in &line.stages {
        lines.push(format!("     {stage}: rank {rank}, score {score:.4}"));
    }
    for term in &line.terms {
        lines.push(format!(
            "     {:+.4} `{}`: idf {:.4} (in {} documents), {} of the {} terms here{}",
            term.score,
            term.term,
            term.idf,
            term.document_frequency,
            term.in_document,
            term.document_length,
            if term.in_query > 1 {
                format!(", {} times in the query", term.in_query)
            } else {
                String::new()
            }
        ));
    }
    // What a document or an id holds must not steer the terminal.
    let plain = |line: &String| line.replace(char::is_control, " ");
    lines.iter().map(plain).collect::<Vec<_>>().join("\n")
}
