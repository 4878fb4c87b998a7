//! The command line: arguments in, exit code out.

use std::io::Write;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::{
    Ended, compare, data, doctor, estimate, eval, extract, gate, index, report, score, search,
    train,
};
use crate::extraction::WORKER_COMMAND;

/// Offline evaluation of RAG, LLM routing, content moderation and recommendation.
///
/// `ragkit eval CONFIG` runs a pipeline over a dataset and writes a run directory; `ragkit report` shows it.
#[derive(Parser)]
#[command(name = "ragkit", version = crate::version(), after_help = EXIT_CODES, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the verdict is no, 2 could not do it.\n\
    Results go to standard output, everything else to standard error. Nothing is sent anywhere.";

/// Options that every command takes.
#[derive(Args)]
pub struct Global {
    /// Threads to use; `RAGKIT_THREADS` or all processors unless given. No result depends on it, but for a graph that `index --hnsw` builds without `--deterministic`.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Say nothing but results and errors.
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Write the text of documents of any format, with its structure, as a corpus.
    Extract(extract::Arguments),
    /// What `extract` and `index` start for themselves: reads files that it is told of, and answers with their documents.
    #[command(name = WORKER_COMMAND, hide = true)]
    ExtractionWorker(extract::WorkerArguments),
    /// Build an index directory: BM25 and vectors.
    Index(index::Arguments),
    /// Look at what retrieval finds, and why.
    Search(search::Arguments),
    /// Run a config's variants over its dataset and score them.
    Eval(eval::Arguments),
    /// Score the runs of any system, as trec_eval does or as other tools do.
    Score(Box<score::Arguments>),
    /// Show a run.
    Report(report::Arguments),
    /// Compare two runs, example by example.
    Compare(compare::Arguments),
    /// Hold a run against rules: verdicts for CI.
    Gate(gate::Arguments),
    /// Estimate what people would say of all answers from their labels of a few, and draw which to label next.
    Estimate(estimate::Arguments),
    /// Examine scorers of faithfulness: do they notice what they should?
    Doctor(doctor::Arguments),
    /// Train the small models that ragkit evaluates with.
    Train(train::Arguments),
    /// List datasets, check a local copy against its card, convert collections.
    Data(data::Arguments),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Ended> {
        if let Some(threads) = self.global.threads()? {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()?;
        }
        match self.command {
            Command::ExtractionWorker(arguments) => extract::serve(&arguments)?,
            Command::Extract(arguments) => extract::run(&arguments, &self.global)?,
            Command::Index(arguments) => index::run(&arguments, &self.global)?,
            Command::Search(arguments) => search::run(&arguments)?,
            Command::Eval(arguments) => eval::run(&arguments, &self.global)?,
            Command::Score(arguments) => score::run(&arguments, &self.global)?,
            Command::Report(arguments) => report::run(&arguments)?,
            Command::Compare(arguments) => compare::run(&arguments, &self.global)?,
            Command::Data(arguments) => data::run(&arguments)?,
            Command::Estimate(arguments) => estimate::run(&arguments, &self.global)?,
            Command::Train(arguments) => train::run(&arguments, &self.global)?,
            // Those that can say no.
            Command::Gate(arguments) => return gate::run(&arguments, &self.global),
            Command::Doctor(arguments) => return doctor::run(&arguments, &self.global),
        }
        Ok(Ended::Done)
    }
}

impl Global {
    /// The number of threads that was asked for.
    fn threads(&self) -> anyhow::Result<Option<usize>> {
        const MOST: usize = 1024;
        let variable = std::env::var("RAGKIT_THREADS")
            .ok()
            .filter(|text| !text.trim().is_empty());
        let threads = match (self.threads, variable) {
            (Some(threads), _) => threads.get(),
            (None, Some(text)) => text.trim().parse().unwrap_or(0),
            (None, None) => return Ok(None),
        };
        ensure!(
            (1..=MOST).contains(&threads),
            "`--threads` and `RAGKIT_THREADS` take a whole number from 1 to {MOST}"
        );
        Ok(Some(threads))
    }

    /// Tells the user something that is no result.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            // Where nobody listens any more, the work goes on all the same.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A progress bar on standard error, a spinner where the `total` is not known; none where that is no terminal.
    pub(crate) fn progress(&self, unit: &str, total: Option<usize>) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let (shape, of) = if total.is_some() {
            ("{bar:30}", "/{human_len}")
        } else {
            ("{spinner}", "")
        };
        let template = format!("{shape} {{human_pos}}{of} {unit} {{per_sec}} {{elapsed}} {{msg}}");
        let style = ProgressStyle::with_template(&template).expect("the template is well formed");
        let total = total.map(|total| total as u64);
        let progress =
            ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_style(style);
        // Fitting takes a while without a step: the clock goes on.
        progress.enable_steady_tick(std::time::Duration::from_millis(200));
        progress
    }
}
