//! ragkit: offline evaluation of the ML systems that companies run, in one binary.
//!
//! It answers, repeatably: is this system better than the last one, by how much, and how sure are we?
//!
//! ```text
//! documents of any format ► ragkit extract ► corpus                             (look)
//! documents or corpus ────► ragkit index ──► index directory ──► ragkit search   (look)
//! config (TOML) + dataset ► ragkit eval ───► run directory ─┬──► ragkit report   (look)
//!                                                          ├──► ragkit compare  (better? by how much? by chance?)
//!                                                          └──► ragkit gate     (a verdict for CI)
//! answers of other systems ─► ragkit eval                    (`system.recorded`: scored as if they were ours)
//! answers that people labelled ─► ragkit train, eval, doctor  (scorers of faithfulness: trained, held against people, examined)
//! what models made of prompts ─► ragkit train, eval            (routers between them, replayed)
//! posts that people labelled ► ragkit train, eval             (moderators: layers, policies, people; attacked)
//! a run + labels of a few ──► ragkit estimate                (what people would say of all)
//! runs of other systems ──► ragkit score ──► tables, Parquet, trec_eval's lines
//! ```
//!
//! # The house
//!
//! Imports point downwards only; `tests/layers.rs` keeps it so.
//!
//! | rank | module | what lives there |
//! |---|---|---|
//! | 10 | [`cli`] | arguments in, exit code out |
//! | 9 | [`commands`] | one file per subcommand, its arguments inside; only these print |
//! | 8 | [`experiment`], [`runner`] | the config's root; the one evaluation loop (batches, journal, resume) |
//! | 7 | [`systems`] | the pipelines under evaluation; a folder reads top to bottom as the stages of its pipeline |
//! | 6 | [`faithfulness`] | whether answers say only what their sources say: the tiers, how one is trained, and the doctor that examines them |
//! | 6 | [`moderation`] | what a moderator of posts is made of: normalisation, blocklists, classifiers, calibration, policies, thresholds; and attacks on it |
//! | 6 | [`routing`] | what a router of prompts is made of beside what it learns: rules that tell tasks, prices |
//! | 6 | [`gate`] | rules held against a run: verdicts, kept baselines, noise of the machine |
//! | 5 | [`indexes`] | BM25, exact and approximate dense search, and the store that keeps an index whole |
//! | 5 | [`learning`] | small models that ragkit fits itself: texts to vectors, and learners over them |
//! | 4 | [`comparison`] | two variants, example by example, and the stage at which they part |
//! | 4 | [`caches`] | what was computed once: vectors by the content of their texts, completions by that of their prompts; and the caches of answers that [`systems::cache`] evaluates |
//! | 4 | [`chunking`] | from documents to the passages that an index holds |
//! | 3 | [`claims`] | from a completion to sentences, citations and refusals, and how far words support what is claimed |
//! | 3 | [`report`] | the run directory: Parquet out, questions back in, tables |
//! | 3 | [`models`] | from text to tokens, vectors and scores of pairs; [`models::language`] from prompts to completions with their bills |
//! | 2 | [`analysis`] | from text to terms and sentences |
//! | 2 | [`extraction`] | from a file of any format to documents with their structure |
//! | 2 | [`scoring`] | runs of any system against judgements, under the conventions of the field's tools |
//! | 1 | [`data`], [`metrics`], [`outputs`], [`prompts`], [`queueing`], [`whole_file`] | records and readers; pure functions; what a system produced; texts that become messages, and replies; waiting lines; files that appear whole |
//!
//! # The way of the data
//!
//! [`experiment::Experiment`] names a [`data::Source`]. Its documents, rows of a table or what
//! [`extraction`] makes of files, are cut into passages ([`chunking`]) and become an [`indexes::Index`] in one pass; its
//! judged queries ([`data::Judged`]) go through a [`systems::System`] in batches (of [`systems::rag`]: understood, searched for, fused,
//! reranked, packed into a prompt, answered, verified), and what comes out
//! ([`outputs::Output`]) is journalled, scored and written by [`runner::evaluate`]. Every stage of a pipeline is
//! recorded: [`comparison`] reads two runs back and tells at which stage they part, for any system; [`gate`] holds the
//! comparison against rules.
//!
//! # What makes a number repeatable
//!
//! A number is a function of its inputs and of a stated convention ([`scoring::Convention`], [`metrics::Rules`]), which stands
//! beside it in every table and file. A ranking is a total order ([`indexes::Hit::order`]: score, then document id as trec_eval breaks ties), a sum has a
//! fixed order whatever the number of threads or the batch ([`indexes::Flat`], [`indexes::Bm25`], [`models::Lsa`]),
//! and randomness is counted, not consumed ([`metrics::statistics::intervals`]). So every file of a run but its
//! timings, what monitors them and its manifest is the same, byte for byte, for the same inputs and seed on one kind of machine.
//!
//! # Where this differs from the first design
//!
//! * BM25 is scored by ragkit, term at a time, over tantivy's postings: k1 and b are the user's, lengths are exact.
//! * Chunking belongs to an index, not to a corpus: variants of one run may cut the same documents in ways of their own, each with its
//!   own index. A chunk's id says which characters of which document it is, and gold answers are stretches of documents, so
//!   what is measured does not depend on how documents are cut ([`metrics::spans`]).
//! * Text is extracted by readers of ragkit's own over the field's parsers (zip, XML, HTML, mail, PDF), not by an all-in-one crate: structure is
//!   what chunking lives on. Each file is read in a process of its own ([`extraction::Extraction`]).
//! * There is no `Retriever` trait and no hybrid one: variants share the embedding of a query and their searches, and fusion is a
//!   function over lists.
//! * An index has several named sets of vectors, and a run builds and opens those that its variants search: a model that is
//!   missing stops only the variants that want it.
//! * A language model is asked through one seam ([`models::language::LanguageModel`]), which the selection of sentences that needs no model
//!   stands behind too. A stage that asks one says what it cost; the price is that of the config, whatever a cache saved.
//! * A component that fails and one that a config declares unavailable go the same way ([`systems::rag::OnFailure`]): so what is left
//!   of the quality in an outage is measured, not guessed.
//! * Variants take over the stages of a common `pipeline`, and an ablation is a table over variants: there is no second way to run one.
//! * Scores need no model: sentences are held against their sources by words ([`metrics::answer`] counts what was verified), and a scorer of
//!   [`faithfulness`] runs beside the pipeline, for all variants alike.
//! * A metric that is no mean over examples (AUROC) is one of pseudo-values ([`metrics::pooled`]), so summary, comparison and gate serve it too. A router's curve is
//!   computed from columns of each model that are kept `aside` ([`metrics::routing`]): so its figures of any slice are computed anew from the run alone.
//! * A router replays outcomes that are known, with a clock of its own; load, rate limits and outages are for a simulator to come.
//! * A moderator's probabilities, decisions and what each layer would have left undone are recorded with every post, so its metrics are functions of a run alone; what is no metric of
//!   posts (queues, claims, drift, attacks) is one sheet beside it ([`systems::moderation::Sheet`]).
//! * Comparison and gate are modules of their own above [`report`], which only writes runs and reads them back.
//! * There are three exit codes and not six: 2 is whatever could not be compared or done, with the reason in every format.
//! * A regression needs the adjusted p-value and a drop of `min_effect`; an interval below −`min_effect` alone would alarm
//!   without regard to the number of checks.
//! * [`outputs::Output`] is one type for all systems, not an associated type: a stage, items, scores. The journal and
//!   the reports need nothing else, and a system stays free to have its own examples.

pub mod analysis;
pub mod caches;
pub mod chunking;
pub mod claims;
pub mod cli;
pub mod commands;
pub mod comparison;
pub mod data;
pub mod experiment;
pub mod extraction;
pub mod faithfulness;
pub mod gate;
pub mod indexes;
pub mod learning;
pub mod metrics;
pub mod models;
pub mod moderation;
pub mod outputs;
pub mod prompts;
pub mod queueing;
pub mod report;
pub mod routing;
pub mod runner;
pub mod scoring;
pub mod systems;
pub mod whole_file;

/// The version with the commit it was built from, such as `0.1.0 (4f3a2b1c9d)`.
pub fn version() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), env!("RAGKIT_COMMIT"))
}
