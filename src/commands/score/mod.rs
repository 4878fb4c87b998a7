//! `ragkit score`: score the runs of any system.

mod arguments;
mod outcome;
mod render;

use anyhow::{Context, ensure};

pub use self::arguments::Arguments;
use self::arguments::{Format, TieRule};
use self::outcome::{Outcome, Scored};
use super::print;
use crate::cli::Global;
use crate::data::{PathText, Qrels, QrelsFile, Rankings};
use crate::metrics::trec_eval::{self, Line, Version};
use crate::metrics::{Metric, ties};
use crate::scoring::{Convention, Missing, Tool, bounds, score, trec_lines};

/// What is measured unless the user says.
const DEFAULT_METRICS: [&str; 5] = ["nDCG@10", "RR@10", "AP", "P@10", "R@100"];

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    if let Some(name) = &arguments.explain {
        return print(render::explanations(
            &arguments.metrics_of(&[name])?,
            &arguments.convention(None),
        ));
    }
    let qrels = arguments
        .qrels
        .as_ref()
        .context("the judgements are missing")?;
    arguments.check()?;
    let path = PathText::literal(&qrels.display().to_string());
    let qrels = QrelsFile::at(path).read()?;
    let convention = arguments.convention(qrels.highest_grade());
    if arguments.format == Format::Trec {
        return arguments.print_trec_lines(&qrels, &convention, global);
    }
    let names: Vec<&str> = arguments.metrics.iter().map(String::as_str).collect();
    let names = if names.is_empty() {
        &DEFAULT_METRICS[..]
    } else {
        &names
    };
    let metrics = arguments.metrics_of(names)?;
    if arguments.ties == Some(TieRule::Bounds) {
        return arguments.print_bounds(&qrels, &metrics, &convention, global);
    }
    let mut runs = Vec::new();
    for path in &arguments.runs {
        let rankings = Rankings::read(path)?;
        let scores = score(&rankings, &qrels, &metrics, &convention)?;
        arguments.tell(
            &rankings,
            scores.missing(),
            scores.not_judged,
            &convention,
            global,
        );
        runs.push(Scored {
            tag: rankings.tag,
            path: rankings.path,
            scores,
        });
    }
    let outcome = Outcome::new(&qrels, runs, &metrics, &convention, arguments.seed);
    if let Some(path) = &arguments.parquet {
        outcome.write_parquet(path)?;
    }
    print(render::outcome(
        &outcome,
        arguments.format,
        arguments.per_query,
    )?)
}

impl Arguments {
    /// What a reader of the numbers must know.
    fn tell(
        &self,
        rankings: &Rankings,
        missing: usize,
        not_judged: usize,
        convention: &Convention,
        global: &Global,
    ) {
        let run = rankings.path.display();
        if missing > 0 {
            global.say(&format!(
                "note: `{run}` lacks {missing} judged queries; they count 0"
            ));
        }
        if not_judged > 0 {
            global.say(&format!(
                "note: `{run}` has {not_judged} queries that nobody judged; they are passed over"
            ));
        }
        if convention.missing == Missing::Skip && self.format != Format::Trec {
            global.say("note: judged queries that a run lacks are left out of its means; `-c` counts them as 0");
        }
    }

    fn print_trec_lines(
        &self,
        qrels: &Qrels,
        convention: &Convention,
        global: &Global,
    ) -> anyhow::Result<()> {
        let version = match self.tool() {
            Some(Tool::TrecEval9) => Version::V9,
            _ => Version::V10,
        };
        let names: Vec<&str> = self.metrics.iter().map(String::as_str).collect();
        let names = if names.is_empty() {
            vec!["official"]
        } else {
            names
        };
        let lines = trec_eval::lines(names, version)?;
        let metrics: Vec<Metric> = lines
            .iter()
            .cloned()
            .filter_map(Line::into_metric)
            .collect();
        for path in &self.runs {
            let rankings = Rankings::read(path)?;
            let scores = score(&rankings, qrels, &metrics, convention)?;
            self.tell(
                &rankings,
                scores.missing(),
                scores.not_judged,
                convention,
                global,
            );
            let text = trec_lines(
                &lines,
                &rankings,
                &scores,
                convention.missing,
                self.per_query,
                !self.no_summary,
            );
            if !text.is_empty() {
                print(text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }

    fn print_bounds(
        &self,
        qrels: &Qrels,
        metrics: &[Metric],
        convention: &Convention,
        global: &Global,
    ) -> anyhow::Result<()> {
        for metric in metrics {
            ensure!(
                ties::has_bounds(metric),
                "`{metric}` has no bounds over ties here; leave it out or choose a rule for ties"
            );
        }
        let mut runs = Vec::new();
        for path in &self.runs {
            let rankings = Rankings::read(path)?;
            let scores = bounds(&rankings, qrels, metrics, convention)?;
            self.tell(
                &rankings,
                scores.missing(),
                scores.not_judged,
                convention,
                global,
            );
            runs.push(Scored {
                tag: rankings.tag,
                path: rankings.path,
                scores,
            });
        }
        print(render::bounds(&runs, metrics, convention, self.format)?)
    }
}
