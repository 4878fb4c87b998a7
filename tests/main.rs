//! Tests of ragkit from outside: golden figures, properties, and the binary as a user runs it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::float_cmp,
    clippy::naive_bytecount,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test stops at the first surprise, and nobody imports it"
)]

mod bad_config;
mod bad_input;
mod cases;
mod chunking;
mod commands;
mod configs;
mod convert;
mod crafted;
mod endpoint;
mod extract;
mod extract_mail;
mod extract_mutations;
mod extract_office;
mod extract_pdf;
mod extract_sheets;
mod extract_web;
mod gate;
mod gate_around;
mod gate_holes;
mod golden;
mod index_and_search;
mod layers;
mod paired;
mod promises;
mod properties;
mod real_data;
mod repeatability;
mod sandbox;
mod score;
mod score_golden;
mod spans;
mod vectors;
