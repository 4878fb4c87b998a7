//! What a router of prompts is made of beside what it learns ([`crate::learning`]): rules that tell tasks apart, prices, and trained routers in folders.

mod prices;
mod rules;
mod trained;

pub use prices::{PriceTable, Priced};
pub use rules::{Compiled, Rule, TaskRules};
pub use trained::{TrainedRouter, Training};
