//! What may be spent: reserved before a request is sent, so that no number of them at the same time can exceed it.
//!
//! A request reserves the most that it can cost: a token for every byte of its body, as no tokenizer makes more of it, and
//! all tokens that the completion may have. What the server counted takes the place of the reservation; one whose
//! request has an unknown fate stays. Amounts are whole numbers, so sums are exact in any order.

use std::sync::{Condvar, Mutex, PoisonError};

use anyhow::bail;

use super::chat::ChatConfig;
use super::draft::Counts;
use super::price::Price;
use crate::models::http::lock;

/// What may be spent, and what was.
pub(super) struct Budget {
    most: Amount,
    prices: Option<Price>,
    config: ChatConfig,
    spent: Mutex<Spent>,
    settled: Condvar,
}

/// Tokens, and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amount {
    tokens: u64,
    /// In 10^-12 US dollars: a token at one dollar a million is a million of them.
    picodollars: u64,
}

#[derive(Debug, Default)]
struct Spent {
    /// What was answered, and what may have been billed.
    gone: Amount,
    /// The part of it whose bill is not known.
    unknown: Amount,
    /// What is reserved.
    held: Amount,
}

/// A number that is not negative, cut to a whole one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "meant, and the config's checks keep it small and positive"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            picodollars: self.picodollars.saturating_add(other.picodollars),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            picodollars: self.picodollars.saturating_sub(other.picodollars),
        }
    }

    fn fits(self, most: Self) -> bool {
        self.tokens <= most.tokens && self.picodollars <= most.picodollars
    }
}

/// What a request may cost, set aside. Dropped without a word, it stays spent.
pub(super) struct Reservation<'a> {
    budget: &'a Budget,
    amount: Amount,
    /// What became of it, once that is known.
    fate: Option<Amount>,
}

impl Budget {
    pub(super) fn new(config: &ChatConfig) -> Self {
        Self {
            most: Amount {
                tokens: config.max_tokens_total.unwrap_or(u64::MAX),
                picodollars: config.max_usd.map_or(u64::MAX, |most| whole(most * 1e12)),
            },
            prices: config.usd_per_million,
            config: config.clone(),
            spent: Mutex::default(),
            settled: Condvar::new(),
        }
    }

    /// What tokens cost, rounded up.
    fn amount(&self, fresh: u64, cached: u64, output: u64) -> Amount {
        let price = |tokens: u64, usd_per_million: f64| {
            // A dollar a million tokens is 10^6 picodollars a token.
            tokens.saturating_mul(whole((usd_per_million * 1e6).ceil()))
        };
        let picodollars = self.prices.map_or(0, |prices| {
            price(fresh, prices.input)
                .saturating_add(price(cached, prices.cached_input.unwrap_or(prices.input)))
                .saturating_add(price(output, prices.output))
        });
        Amount {
            tokens: fresh.saturating_add(cached).saturating_add(output),
            picodollars,
        }
    }

    /// Sets aside what a body of so many bytes may cost. Where others have set aside too much for that, it waits for what
    /// they leave.
    ///
    /// # Errors
    /// Where what is spent leaves too little.
    pub(super) fn reserve(&self, bytes: u64) -> anyhow::Result<Reservation<'_>> {
        let output = self.config.max_output_tokens;
        let fresh = self.amount(bytes, 0, output);
        let cached = self.amount(0, bytes, output); // The dearer one, should a price list be odd.
        let amount = Amount {
            picodollars: fresh.picodollars.max(cached.picodollars),
            ..fresh
        };
        let mut spent = lock(&self.spent);
        while !spent.gone.plus(spent.held).plus(amount).fits(self.most) {
            if !spent.gone.plus(amount).fits(self.most) {
                bail!(self.refusal(&spent, amount));
            }
            let woken = self.settled.wait(spent);
            spent = woken.unwrap_or_else(PoisonError::into_inner);
        }
        spent.held = spent.held.plus(amount);
        Ok(Reservation {
            budget: self,
            amount,
            fate: None,
        })
    }

    fn refusal(&self, spent: &Spent, amount: Amount) -> String {
        let (gone, unknown) = (spent.gone, spent.unknown);
        let of_tokens = gone.plus(amount).tokens > self.most.tokens;
        let show = |amount: Amount| {
            if of_tokens {
                format!("{} tokens", amount.tokens)
            } else {
                format!("{:.6} dollars", amount.picodollars as f64 / 1e12)
            }
        };
        let (name, most) = if of_tokens {
            ("max_tokens_total", self.most.tokens.to_string())
        } else {
            (
                "max_usd",
                self.config.max_usd.unwrap_or_default().to_string(),
            )
        };
        let set_aside = if unknown == Amount::default() {
            String::new()
        } else {
            format!(
                ", {} of them for requests whose bill is not known",
                show(unknown)
            )
        };
        format!(
            "the budget of `{}` does not suffice: the prompt may take {}, and of `{name} = {most}` there are {} spent{set_aside}; raise `{name}`, what was answered is kept",
            self.config.model,
            show(amount),
            show(gone)
        )
    }
}

impl Reservation<'_> {
    /// The request was refused: nothing is billed.
    pub(super) fn release(mut self) {
        self.fate = Some(Amount::default());
    }

    /// The request was answered. Where the server did not count, all that was reserved stays spent.
    pub(super) fn settle(mut self, counts: &Counts) {
        let (Some(tokens_in), Some(tokens_out)) = (counts.tokens_in, counts.tokens_out) else {
            return;
        };
        let cached = counts.cached_tokens_in.unwrap_or(0).min(tokens_in);
        let amount = self.budget.amount(tokens_in - cached, cached, tokens_out);
        self.fate = Some(amount);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut spent = lock(&self.budget.spent);
        spent.held = spent.held.minus(self.amount);
        spent.gone = spent.gone.plus(self.fate.unwrap_or(self.amount));
        if self.fate.is_none() {
            spent.unknown = spent.unknown.plus(self.amount);
        }
        drop(spent);
        self.budget.settled.notify_all();
    }
}
