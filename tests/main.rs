//! Tests of ragkit from outside: golden figures, properties, and the binary as a user runs it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::type_complexity,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::naive_bytecount,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test stops at the first surprise, and nobody imports it"
)]

mod ablation;
mod answer_caches;
mod answers;
mod bad_config;
mod bad_input;
mod cases;
mod chat_server;
mod chunking;
mod commands;
mod completions;
mod configs;
mod convert;
mod convert_answers;
mod convert_labelled;
mod correlation;
mod crafted;
mod doctor;
mod endpoint;
mod extract;
mod extract_mail;
mod extract_mutations;
mod extract_office;
mod extract_pdf;
mod extract_sheets;
mod extract_web;
mod faithfulness;
mod gate;
mod gate_around;
mod gate_holes;
mod gold_answers;
mod golden;
mod index_and_search;
mod judge_server;
mod labelled;
mod labelled_real;
mod language_budget;
mod language_config;
mod language_models;
mod layers;
mod lying_servers;
mod moderation;
mod moderation_real;
mod monitoring;
mod monitoring_page;
mod paired;
mod pooled;
mod prediction_powered;
mod promises;
mod properties;
mod rag_ablation;
mod rag_answers;
mod rag_config;
mod rag_killed;
mod rag_language_models;
mod rag_outages;
mod rag_prompts;
mod rag_recorded;
mod rag_scripted;
mod rag_small;
mod rag_spending;
mod real_data;
mod recorded_outputs;
mod repeatability;
mod router;
mod router_real;
mod routing;
mod sandbox;
mod score;
mod score_golden;
mod spans;
mod vectors;
