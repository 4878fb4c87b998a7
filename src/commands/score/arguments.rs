//! The arguments of `ragkit score`, and the conventions that they ask for.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::metrics::{Gain, Measure, Metric};
use crate::scoring::{Convention, Missing, Ties, Tool};

/// Score the runs of any system, as trec_eval does or as other tools do.
///
/// Reads TREC runs and judgements (plain or gzip), BEIR's `qrels.tsv`, MS MARCO's `query document rank`, JSON
/// (`{"query": {"document": number}}`) and Parquet. Prints every metric with its 95 % interval; with several runs also the
/// paired differences from the first, with p-values adjusted for their number (Holm).
///
/// Metrics are named as in ir-measures (`nDCG@10`, `P(rel=2)@5`, `RBP(p=0.9)`, `IPrec@0.1`) or by trec_eval's own names
/// (`map`, `P.5,10`, `ndcg_cut_10`, `all_trec`); `--explain` tells what each is.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(
    args_override_self = true,
    after_help = "Examples:\n  \
    ragkit score qrels.txt bm25.run dense.run\n  \
    ragkit score qrels.txt bm25.run -m nDCG@10 -m 'P(rel=2)@5' --format json\n  \
    ragkit score qrels.txt bm25.run --format trec -q -c -m all_trec      # trec_eval's own lines\n  \
    ragkit score qrels.txt bm25.run --as ranx -m nDCG@10                 # the number that ranx prints\n  \
    ragkit score qrels.txt bm25.run --ties bounds                        # what tied scores leave open\n  \
    ragkit score --explain nDCG@10"
)]
pub struct Arguments {
    /// The judgements.
    #[arg(required_unless_present = "explain")]
    pub(super) qrels: Option<PathBuf>,
    /// The runs; the first is the one that the others are compared with. `-` is standard input.
    #[arg(required_unless_present = "explain", value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// A metric or a family of metrics; may be given several times.
    #[arg(short, long = "metric", alias = "measure", value_name = "NAME")]
    pub(super) metrics: Vec<String>,
    /// Print a metric's definition, conventions and source, and do nothing else.
    #[arg(long, value_name = "METRIC")]
    pub(super) explain: Option<String>,
    /// Reproduce the numbers of this tool; trec_eval 10 with `--format trec`, otherwise ragkit's own conventions.
    #[arg(long = "as", value_enum, value_name = "TOOL")]
    tool: Option<ToolName>,
    /// The order of documents with equal scores, or what all orders leave open.
    #[arg(long, value_enum, value_name = "RULE")]
    pub(super) ties: Option<TieRule>,
    /// The precision in which scores are compared.
    #[arg(long, value_enum, value_name = "TYPE")]
    score_precision: Option<Precision>,
    /// What a judged query counts that is not in the run; 0 unless a trec_eval is reproduced.
    #[arg(long, value_enum, value_name = "RULE")]
    missing: Option<MissingRule>,
    /// What a grade is worth to nDCG: the grade (linear), or 2^grade - 1 (exponential).
    #[arg(long, value_enum, default_value_t = GainRule::Linear)]
    gain: GainRule,
    /// Values of single queries too.
    #[arg(short = 'q', long, alias = "query_eval_wanted")]
    pub(super) per_query: bool,
    /// Count every judged query, as `--missing zero`.
    #[arg(
        short = 'c',
        long,
        alias = "complete_rel_info_wanted",
        conflicts_with = "missing"
    )]
    complete: bool,
    /// No values over all queries (`--format trec`).
    #[arg(short = 'n', long, alias = "nosummary")]
    pub(super) no_summary: bool,
    /// The lowest grade that counts as relevant, for metrics that name none.
    #[arg(
        short = 'l',
        long,
        alias = "level_for_rel",
        default_value = "1",
        value_name = "GRADE",
        allow_negative_numbers = true
    )]
    level: i32,
    /// Take documents that nobody judged out of the rankings first.
    #[arg(short = 'J', long, alias = "Judged_docs_only")]
    judged_only: bool,
    /// Look at the first so many documents of each ranking only.
    #[arg(short = 'M', long, alias = "Max_retrieved_per_topic", value_name = "N")]
    depth: Option<NonZeroUsize>,
    /// Documents in the collection, for `utility`.
    #[arg(
        short = 'N',
        long,
        alias = "Number_docs_in_coll",
        default_value = "0",
        value_name = "N"
    )]
    collection: u64,
    /// trec_eval's format of judgements: it is told from the file.
    #[arg(short = 'R', hide = true, value_parser = ["qrels"])]
    judgement_format: Option<String>,
    /// trec_eval's format of runs: it is told from the file.
    #[arg(short = 'T', hide = true, value_parser = ["trec_results"])]
    run_format: Option<String>,
    /// Take a document whose id is that of the query out of its ranking (ArguAna, Quora).
    #[arg(long)]
    without_self: bool,
    /// Seed of the intervals and tests.
    #[arg(long, default_value = "17", value_name = "N")]
    pub(super) seed: u64,
    /// Also write all values to this Parquet file, those of single queries included.
    #[arg(long, value_name = "FILE")]
    pub(super) parquet: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Tables for the terminal.
    Table,
    /// Tables for a Markdown page.
    Markdown,
    /// One JSON object.
    Json,
    /// trec_eval's lines: name, query or `all`, value.
    Trec,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ToolName {
    #[value(name = "trec_eval-9")]
    TrecEval9,
    #[value(name = "trec_eval-10")]
    TrecEval10,
    #[value(name = "ir-measures")]
    IrMeasures,
    #[value(name = "ranx")]
    Ranx,
    #[value(name = "msmarco")]
    MsMarco,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TieRule {
    /// By id, the highest byte first (trec_eval).
    IdDescending,
    /// By id, the lowest byte first.
    IdAscending,
    /// In the order of the file.
    FileOrder,
    /// By the rank column, whatever the scores.
    RankColumn,
    /// The lowest, expected and highest value over all orders.
    Bounds,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Precision {
    F32,
    F64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MissingRule {
    /// 0.
    Zero,
    /// Nothing: it is left out.
    Skip,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GainRule {
    Linear,
    Exponential,
}

impl From<ToolName> for Tool {
    fn from(name: ToolName) -> Self {
        match name {
            ToolName::TrecEval9 => Self::TrecEval9,
            ToolName::TrecEval10 => Self::TrecEval10,
            ToolName::IrMeasures => Self::IrMeasures,
            ToolName::Ranx => Self::Ranx,
            ToolName::MsMarco => Self::MsMarco,
        }
    }
}

impl Arguments {
    /// Options that exclude each other.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let (trec, bounds) = (
            self.format == Format::Trec,
            self.ties == Some(TieRule::Bounds),
        );
        ensure!(
            !(trec && bounds),
            "`--format trec` has no place for bounds; choose another format"
        );
        ensure!(
            !(trec && self.gain == GainRule::Exponential),
            "trec_eval knows no `--gain exponential`; choose another format"
        );
        ensure!(
            self.parquet.is_none() || !(trec || bounds),
            "`--parquet` goes with neither `--format trec` nor `--ties bounds`"
        );
        ensure!(
            !(bounds && self.per_query),
            "bounds are printed over all queries; leave out `-q`"
        );
        Ok(())
    }

    /// The tool whose numbers are wanted.
    pub(super) fn tool(&self) -> Option<Tool> {
        let of_format = (self.format == Format::Trec).then_some(Tool::TrecEval10);
        self.tool.map(Tool::from).or(of_format)
    }

    /// The conventions that were asked for.
    pub(super) fn convention(&self, highest_grade: Option<i32>) -> Convention {
        let tool = self.tool();
        let mut convention = Convention::of(tool, highest_grade);
        match self.ties {
            Some(TieRule::IdDescending) => convention.order.ties = Ties::IdDescending,
            Some(TieRule::IdAscending) => convention.order.ties = Ties::IdAscending,
            Some(TieRule::FileOrder) => convention.order.ties = Ties::FileOrder,
            Some(TieRule::RankColumn) => convention.order.ties = Ties::RankColumn,
            Some(TieRule::Bounds) | None => {}
        }
        if let Some(precision) = self.score_precision {
            convention.order.single_precision = precision == Precision::F32;
        }
        if self.ties.is_some() || self.score_precision.is_some() {
            // What the user says of the order holds for every metric.
            convention.own_order = true;
        }
        convention.missing = match self.missing {
            Some(MissingRule::Skip) => Missing::Skip,
            None if !self.complete => convention.missing,
            _ if tool == Some(Tool::TrecEval9) => Missing::ZeroInMeans,
            _ => Missing::Zero,
        };
        convention.rules.level = self.level;
        convention.rules.collection = self.collection;
        convention.depth = self.depth.map_or(usize::MAX, NonZeroUsize::get);
        convention.judged_only = self.judged_only;
        convention.without_self = self.without_self;
        convention
    }

    /// The metrics of these names, each once.
    pub(super) fn metrics_of(&self, names: &[&str]) -> anyhow::Result<Vec<Metric>> {
        let mut metrics: Vec<Metric> = Vec::new();
        for name in names {
            for mut metric in Metric::family(name)? {
                if self.gain == GainRule::Exponential
                    && metric.measure == Measure::Ndcg(Gain::Linear)
                {
                    metric.measure = Measure::Ndcg(Gain::Exponential);
                }
                if !metrics.contains(&metric) {
                    metrics.push(metric);
                }
            }
        }
        ensure!(
            !metrics.is_empty(),
            "none of the names is a metric with a number"
        );
        Ok(metrics)
    }
}
