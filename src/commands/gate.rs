//! `ragkit gate`: verdicts for CI.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::{Ended, print, print_json};
use crate::cli::Global;
use crate::comparison::named;
use crate::gate::{
    Answer, Gate, Ledger, Noise, OnInconclusive, Verdict, annotations, calibrate, check, junit,
    render,
};
use crate::report::{Run, RunPath, Style};
use crate::whole_file::WholeFile;

/// Hold a run against the rules of a gate file.
///
/// Exit code 0: every rule was kept, or these examples cannot tell and the gate only warns of that. 1: a rule was broken.
/// 2: there was nothing to compare, which is never taken for success.
#[derive(Args)]
#[command(after_help = "A gate file:\n  \
    baseline = \"reports/baselines/main\"      # kept by `ragkit gate promote`\n  \
    alpha = 0.05                             # chance of any false alarm in all no_worse checks together\n  \
    on_inconclusive = \"warn\"                 # or \"fail\"\n\n  \
    [[rules]]\n  \
    no_worse = { metric = \"nDCG@10\", min_effect = 0.01, slices = [\"kind\"] }\n  \
    [[rules]]\n  \
    floor = { metric = \"nDCG@10\", value = 0.60 }               # the whole interval at or above it\n  \
    [[rules]]\n  \
    ceiling = { metric = \"latency_p95_ms\", value = 50.0 }\n  \
    [[rules]]\n  \
    ratio = { metric = \"latency_p95_ms\", variant = \"hybrid\", to = \"bm25\", max = 3.0 }   # of `eval --interleave`\n  \
    [[rules]]\n  \
    completeness = { min = 0.99 }")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Hold a run against the rules.
    Check(Check),
    /// Measure how far apart equal variants seem on this machine, for the rules about latency.
    Calibrate(Calibrate),
    /// Keep a run as the next version of the gate's baseline.
    Promote(Promote),
}

#[derive(Args)]
struct Check {
    /// The gate file.
    gate: PathBuf,
    /// The run directory, or one variant of it as RUN:variant.
    run: String,
    /// The run to compare with, instead of the gate's baseline.
    #[arg(long, value_name = "RUN")]
    baseline: Option<PathBuf>,
    /// Compare although these differ: corpus, queries, k, convention, judge, clusters, slices, hardware, values, errors.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    waive: Vec<String>,
    /// How to print. `github` prints annotations and adds a summary to $`GITHUB_STEP_SUMMARY`.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the verdict as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write it as Markdown too, for a pull request.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write it as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Args)]
struct Calibrate {
    /// The gate file, which names the file to keep the noise in: `noise = "FILE"`.
    gate: PathBuf,
    /// Run directories made with `ragkit eval --interleave` on this machine; of several the noisiest counts.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
}

#[derive(Args)]
struct Promote {
    /// The gate file, which names the baseline.
    gate: PathBuf,
    /// The run directory.
    run: PathBuf,
    /// Why this run is kept although something is lower than before, or a rule is not kept.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Compare although these differ: corpus, queries, k, convention, judge, clusters, slices, hardware, values, errors.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    waive: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for the terminal.
    Table,
    /// A table for a Markdown page.
    Markdown,
    /// One JSON object.
    Json,
    /// JUnit XML.
    Junit,
    /// GitHub's annotations.
    Github,
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<Ended> {
    match &arguments.command {
        Command::Check(check) => check.run(),
        Command::Calibrate(calibrate) => calibrate.run(global),
        Command::Promote(promote) => promote.run(global),
    }
}

/// The newest version of the gate's baseline, if it has one.
fn newest(gate: &Gate) -> anyhow::Result<Option<Run>> {
    match &gate.baseline {
        Some(folder) => Ledger::open(folder)?.newest(),
        None => Ok(None),
    }
}

impl Check {
    fn run(&self) -> anyhow::Result<Ended> {
        let gate = Gate::load(&self.gate)?;
        let (run, variant) = named(&self.run)?;
        let baseline = match &self.baseline {
            Some(path) => Some(Run::open(RunPath::finished(path)?)?),
            None => newest(&gate)?,
        };
        let verdict = check(
            &gate,
            &run,
            variant.as_deref(),
            baseline.as_ref(),
            &self.waive,
        )?;
        let as_junit = || junit(&verdict, gate.on_inconclusive);
        if let Some(path) = &self.junit {
            write(path, &as_junit()?)?;
        }
        if let Some(path) = &self.markdown {
            write(path, &render(&verdict, Style::Markdown))?;
        }
        if let Some(path) = &self.json {
            write(path, &serde_json::to_string_pretty(&verdict)?)?;
        }
        match self.format {
            Format::Table => print(render(&verdict, Style::Terminal))?,
            Format::Markdown => print(render(&verdict, Style::Markdown))?,
            Format::Json => print_json(&verdict)?,
            Format::Junit => print(as_junit()?.trim_end())?,
            Format::Github => github(&verdict, gate.on_inconclusive)?,
        }
        Ok(match verdict.exit_code {
            0 => Ended::Done,
            1 => Ended::No,
            _ => Ended::CouldNot,
        })
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = WholeFile::create(path.to_owned()).and_then(|mut file| {
        writeln!(file, "{}", text.trim_end())?;
        file.finish()
    });
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// Annotations on standard output, the table on the summary page of the step.
fn github(verdict: &Verdict, on_inconclusive: OnInconclusive) -> anyhow::Result<()> {
    let annotations = annotations(verdict, on_inconclusive);
    if !annotations.is_empty() {
        print(annotations)?;
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") {
        let mut summary = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(PathBuf::from(path))?;
        writeln!(summary, "{}\n", render(verdict, Style::Markdown))?;
    }
    Ok(())
}

impl Calibrate {
    fn run(&self, global: &Global) -> anyhow::Result<Ended> {
        let gate = Gate::load(&self.gate)?;
        let path = gate.noise.as_ref().with_context(|| {
            format!(
                "`{}` does not say where the noise is kept; add `noise = \"FILE\"`",
                self.gate.display()
            )
        })?;
        let mut noise = Noise::load(path)?;
        let mut measured: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for run in &self.runs {
            let run = Run::open(RunPath::finished(run)?)?;
            let found = measured.entry(run.manifest.hardware()).or_default();
            found.extend(calibrate(&gate, &run)?);
        }
        for (hardware, found) in &measured {
            noise.add(hardware, found.clone());
        }
        noise.save(path)?;
        global.say(&format!("written: {}", path.display()));
        print_json(&measured)?;
        Ok(Ended::Done)
    }
}

impl Promote {
    fn run(&self, global: &Global) -> anyhow::Result<Ended> {
        let gate = Gate::load(&self.gate)?;
        let folder = gate.baseline.as_ref().with_context(|| {
            format!(
                "`{}` names no baseline; add `baseline = \"FOLDER\"`",
                self.gate.display()
            )
        })?;
        let run = Run::open(RunPath::finished(&self.run)?)?;
        let ledger = Ledger::open(folder)?;
        let baseline = ledger.newest()?;
        let verdict = check(&gate, &run, None, baseline.as_ref(), &self.waive)?;
        let first = baseline.is_none();
        let mut lowered = Vec::new();
        for check in &verdict.checks {
            let what = format!("{} of {} on {}", check.metric, check.variant, check.slice);
            match (check.answer, check.rule) {
                // Without a baseline there is nothing that could be lowered, and the rules that compare have nothing to say.
                (Answer::CannotCompare, "no_worse") if first => {}
                (Answer::CannotCompare, "ratio") => {}
                // What has no counterpart in the baseline is a decision, and needs its reason as one.
                (Answer::CannotCompare, "no_worse" | "variants") => {
                    lowered.push(format!("{what} cannot be compared: {}", check.because));
                }
                (Answer::CannotCompare, _) | (Answer::Regression, "answers") => {
                    bail!("this run is no baseline: {what}: {}", check.because)
                }
                (Answer::Regression, _) => lowered.push(format!("{what}: {}", check.because)),
                _ => {
                    let row = check.difference.as_ref().filter(|row| row.gain() < 0.0);
                    lowered.extend(
                        row.map(|row| {
                            format!("{what}: {:.6} → {:.6}", row.baseline_mean, row.mean)
                        }),
                    );
                }
            }
        }
        let waived = verdict.waived.into_iter().map(|waived| waived.detail);
        let waived: Vec<String> = waived.collect();
        // What is compared less than before is a decision too.
        lowered.extend(waived.iter().map(|waived| format!("waived: {waived}")));
        let path = ledger.promote(&run, lowered, waived, self.reason.clone())?;
        global.say("promoted; put the folder under version control");
        print(path.display().to_string())?;
        Ok(Ended::Done)
    }
}
