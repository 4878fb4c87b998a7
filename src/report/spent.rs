//! What each answer asked of language models.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::read::{numbers, texts};
use super::{Run, files};
use crate::outputs::{Output, Usage};

/// What one answer asked of language models, over all its stages but those aside.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Tokens of the prompts.
    pub tokens_in: u64,
    /// Tokens of the completions.
    pub tokens_out: u64,
    /// What they cost; absent where one of the stages has no price.
    pub cost_usd: Option<f64>,
}

impl Spent {
    /// What `output` asked for; `None` where none of its stages asked.
    pub(super) fn of(output: &Output) -> Option<Self> {
        let stages = output.stages.iter().filter(|stage| !stage.aside);
        let mut usages = stages.filter_map(|stage| stage.usage.as_ref()).peekable();
        usages.peek()?;
        let (mut spent, mut priced) = (Self::default(), true);
        for usage in usages {
            spent.tokens_in += usage.tokens_in;
            spent.tokens_out += usage.tokens_out;
            spent.cost_usd = match (spent.cost_usd, usage.cost_usd) {
                (Some(sum), Some(cost)) => Some(sum + cost),
                (sum, cost) => sum.or(cost),
            };
            priced &= is_priced(usage);
        }
        spent.cost_usd = spent.cost_usd.filter(|_| priced);
        Some(spent)
    }
}

/// Whether what was asked for has a price, or nothing was asked.
pub(super) fn is_priced(usage: &Usage) -> bool {
    usage.calls == 0 || usage.cost_usd.is_some()
}

impl Run {
    /// What every answer of `variant` asked of language models, by example; those that asked for nothing are left out.
    ///
    /// # Errors
    /// Where a number of tokens is below 0, or a cost is no number from 0.
    pub fn spent(&self, variant: &str) -> anyhow::Result<BTreeMap<String, Spent>> {
        let path = self.path.file(files::EXAMPLES);
        let frame = self.read(files::EXAMPLES)?;
        let (variants, examples) = (texts(&frame, "variant")?, texts(&frame, "example_id")?);
        let tokens = |name: &str| anyhow::Ok(frame.column(name)?.i64()?.to_vec());
        let (tokens_in, tokens_out) = (tokens("tokens_in")?, tokens("tokens_out")?);
        let costs = numbers(&frame, "cost_usd")?;
        let mut found = BTreeMap::new();
        for row in (0..frame.height()).filter(|&row| variants[row] == variant) {
            let (Some(tokens_in), Some(tokens_out)) = (tokens_in[row], tokens_out[row]) else {
                continue;
            };
            let place = || format!("`{}`, example `{}`", path.display(), examples[row]);
            let count = |tokens: i64| {
                u64::try_from(tokens).with_context(|| format!("{}: tokens below 0", place()))
            };
            let cost_usd = costs[row];
            ensure!(
                cost_usd.is_none_or(|cost| cost.is_finite() && cost >= 0.0),
                "{}: a cost that is no number from 0",
                place()
            );
            let spent = Spent {
                tokens_in: count(tokens_in)?,
                tokens_out: count(tokens_out)?,
                cost_usd,
            };
            found.insert(examples[row].clone(), spent);
        }
        Ok(found)
    }
}
