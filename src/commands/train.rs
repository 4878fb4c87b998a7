//! `ragkit train`: fit the small models that ragkit evaluates with.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Rendering, print, print_json};
use crate::cli::Global;
use crate::experiment::{Experiment, FaithfulnessTraining, SystemConfig};
use crate::faithfulness::train::train;
use crate::faithfulness::trained::Weights;
use crate::models::EncoderConfig;
use crate::moderation::TrainedModerator;
use crate::report::text_table;
use crate::routing::TrainedRouter;
use crate::systems::moderation;
use crate::systems::router::{self, Division};
use crate::whole_file::WholeFile;

/// Train the small models that ragkit evaluates with, from labelled data.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train tier 1 of faithfulness: which answers say only what their sources say?
    Faithfulness(Faithfulness),
    /// Train a router: which model answers a prompt well, and what kind of task is it?
    Router(Router),
    /// Train a moderator: which categories is a post of?
    Moderation(Moderation),
}

/// Train the router of a config, to be kept.
///
/// Learns what a variant's `choose.predict` and `classify.learned` learn, from the training part of the config's outcomes. `ragkit eval` learns it by itself; a trained
/// router is for keeping one as it is and holding it against other outcomes. It remembers the prompts that it saw, and refuses to be evaluated on one of them.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit train router configs/router-demo.toml --variant ridge --out router\n\n\
    A config then asks for it:\n  \
    choose.trained = \"router\"\n  \
    trade.quality_per_usd = 30.0       # one of those that the training printed")]
struct Router {
    /// The experiment file, of `system.router` with a `split`.
    config: PathBuf,
    /// The variant whose router is trained.
    #[arg(long, value_name = "NAME")]
    variant: String,
    /// Where it goes: a new folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How to print what it can be had for.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

/// Train the classifiers of a config's moderator, to be kept.
///
/// Learns what a variant's `fast.learned` learns, from all posts of its `learn`, and chooses its thresholds on those that are held back. `ragkit eval` learns it by itself; a trained
/// moderator is for keeping one as it is and holding it against other posts. It remembers the posts that it saw, and refuses to be evaluated on one of them.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit train moderation configs/hatecheck.toml --variant linear --out moderator\n\n\
    A config then asks for it:\n  \
    fast.trained = \"moderator\"")]
struct Moderation {
    /// The experiment file, of `system.moderation` with `learn.cards` or `learn.posts`.
    config: PathBuf,
    /// The variant whose classifiers are trained.
    #[arg(long, value_name = "NAME")]
    variant: String,
    /// Where they go: a new folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How to print the thresholds.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

/// Train tier 1 of faithfulness on answers that people labelled.
///
/// What the weights are worth is measured on every family of collections by weights that were trained on all others, and both stand in the file.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit train faithfulness configs/faithfulness/train.toml --out words.json\n  \
    ragkit train faithfulness configs/faithfulness/train.toml --encoder all-MiniLM-L6-v2 --out minilm.json\n\n\
    A config then asks for them:\n  \
    system.rag.faithfulness.trained.weights = \"words.json\"")]
struct Faithfulness {
    /// The training file: families of labelled answers.
    training: PathBuf,
    /// Look at similarities by this encoder too: a name in `$RAGKIT_MODELS`, or a path with a `/` in it.
    #[arg(long, value_name = "MODEL")]
    encoder: Option<String>,
    /// Where the weights go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How to print what they are worth; JSON is the file itself.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Faithfulness(arguments) => faithfulness(arguments, global),
        Command::Router(arguments) => router(arguments, global),
        Command::Moderation(arguments) => moderation(arguments, global),
    }
}

fn moderation(arguments: &Moderation, global: &Global) -> anyhow::Result<()> {
    let experiment = Experiment::load(&arguments.config)?;
    let SystemConfig::Moderation(config) = &experiment.system else {
        bail!(
            "`{}` is no config of `system.moderation`",
            arguments.config.display()
        );
    };
    TrainedModerator::check_new(&arguments.out)?;
    let trained = moderation::train(config, &arguments.variant, experiment.seed)?;
    trained.save(&arguments.out)?;
    global.say(&format!(
        "learned from {} posts; wrote `{}`",
        trained.facts.names.len(),
        arguments.out.display()
    ));
    let Some(style) = arguments.format.style() else {
        return print_json(&trained.facts);
    };
    let number = |threshold: Option<f64>| {
        threshold.map_or_else(|| "never".to_owned(), |threshold| format!("{threshold:.4}"))
    };
    let rows = trained.facts.categories.iter().zip(&trained.facts.cuts);
    let rows = rows.map(|(category, [review, reject])| {
        vec![category.clone(), number(*review), number(*reject)]
    });
    print(text_table(
        style,
        &["category", "review from", "reject from"],
        rows,
        1,
    ))
}

fn router(arguments: &Router, global: &Global) -> anyhow::Result<()> {
    let experiment = Experiment::load(&arguments.config)?;
    let SystemConfig::Router(config) = &experiment.system else {
        bail!(
            "`{}` is no config of `system.router`",
            arguments.config.display()
        );
    };
    TrainedRouter::check_new(&arguments.out)?;
    let division = Division::of(experiment.outcomes()?, config.split.as_ref())?;
    global.say(&division.note());
    let trained = router::train(&division, config, &arguments.variant, experiment.seed)?;
    trained.save(&arguments.out)?;
    global.say(&format!("wrote `{}`", arguments.out.display()));
    let Some(style) = arguments.format.style() else {
        return print_json(&trained.tradeoffs);
    };
    if trained.tradeoffs.is_empty() {
        return Ok(());
    }
    let header = ["quality_per_usd", "USD per 1,000 prompts", "quality"];
    let rows = trained.tradeoffs.iter().map(|one| {
        vec![
            format!("{:.4}", one.quality_per_usd),
            format!("{:.4}", one.usd_per_1k),
            format!("{:.4}", one.quality),
        ]
    });
    print(format!(
        "{}\n\nwhat can be had on the training part, each half routed by what was learned from the other: corners of the envelope",
        text_table(style, &header, rows, 0)
    ))
}

fn faithfulness(arguments: &Faithfulness, global: &Global) -> anyhow::Result<()> {
    let training = FaithfulnessTraining::load(&arguments.training)?;
    let encoder = match &arguments.encoder {
        Some(model) => Some((model.as_str(), EncoderConfig::at(model).load()?)),
        None => None,
    };
    let families = training.collections()?;
    let asked = encoder.as_ref().map(|(model, encoder)| (*model, encoder));
    let weights = train(&families, &training.options(), asked)?;
    let mut file = WholeFile::create(arguments.out.clone())?;
    serde_json::to_writer_pretty(&mut file, &weights)?;
    file.finish()?;
    global.say(&format!("wrote `{}`", arguments.out.display()));
    match arguments.format.style() {
        None => print_json(&weights),
        Some(style) => {
            let header = ["feature", "coefficient"];
            let features = text_table(style, &header, coefficients(&weights), 1);
            let header = [
                "family left out",
                "set",
                "supported",
                "not",
                "trained",
                "tier 0",
            ];
            let sets = text_table(style, &header, sets(&weights), 2);
            print(format!(
                "{features}\n\n{sets}\n\nAUROC/balanced accuracy of weights and thresholds from all other families; `changed`: supported answers beside\nthe same with a number, a name or a denial changed, or without their evidence"
            ))
        }
    }
}

fn coefficients(weights: &Weights) -> Vec<Vec<String>> {
    let features = weights.features.iter().zip(&weights.model.coefficients);
    let features = features.map(|(name, value)| vec![name.to_string(), format!("{value:.4}")]);
    let others = [
        ("intercept", weights.model.intercept),
        ("threshold", weights.model.threshold),
    ];
    let others = others.map(|(name, value)| vec![name.to_owned(), format!("{value:.4}")]);
    features.chain(others).collect()
}

fn sets(weights: &Weights) -> Vec<Vec<String>> {
    let families = weights.families.iter();
    let sets = families.flat_map(|family| {
        let sets = family.sets.iter().chain([&family.changed]);
        sets.map(move |set| (family, set))
    });
    sets.map(|(family, set)| {
        vec![
            family.name.clone(),
            set.name.clone(),
            set.supported.to_string(),
            set.unsupported.to_string(),
            set.trained.to_string(),
            set.words.to_string(),
        ]
    })
    .collect()
}
