//! Tests of ragkit from outside: golden figures, properties, and the binary as a user runs it.

mod bad_input;
mod commands;
mod configs;
mod golden;
mod layers;
mod properties;
mod real_data;
mod repeatability;
mod sandbox;
