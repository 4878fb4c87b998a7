//! Texts that become messages to language models: templates with places to fill in, and values made safe to stand in them as data.

mod pattern;
mod quote;

pub use pattern::Pattern;
pub use quote::{attribute, quoted, tags};
