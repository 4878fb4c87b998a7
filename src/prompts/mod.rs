//! Texts that become messages to language models: templates with places to fill in, and values made safe to stand in them as data; and the JSON that comes back.

mod pattern;
mod quote;
mod reply;

pub use pattern::Pattern;
pub use quote::{attribute, quoted, tags};
pub use reply::{Found, Shape, number, said};
