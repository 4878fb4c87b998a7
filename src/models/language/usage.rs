//! What completions cost, as results hold it.

use super::{Completion, Price};
use crate::outputs::Usage;

impl Usage {
    /// The bill of one completion.
    pub fn of(completion: &Completion, price: Option<&Price>) -> Self {
        Self {
            calls: 1,
            tokens_in: completion.tokens_in,
            cached_tokens_in: completion.cached_tokens_in,
            tokens_out: completion.tokens_out,
            cost_usd: price.map(|price| price.cost(completion)),
            ttft_ms: completion.clock.ttft_ms,
            inter_token_ms: completion.clock.inter_token_ms,
            cached_calls: u32::from(completion.clock.cached),
            estimated_calls: u32::from(completion.estimated),
        }
    }

    /// Adds what was asked after it. The time to the first token stays that of the first completion; that between tokens becomes the mean
    /// of both, each weighed by its tokens.
    pub fn add(&mut self, next: &Self) {
        if self.calls == 0 {
            self.clone_from(next);
            return;
        }
        self.inter_token_ms = match (self.inter_token_ms, next.inter_token_ms) {
            (Some(own), Some(other)) => {
                let (weight, other_weight) = (self.tokens_out as f64, next.tokens_out as f64);
                let all = weight + other_weight;
                Some(if all > 0.0 {
                    (own * weight + other * other_weight) / all
                } else {
                    f64::midpoint(own, other)
                })
            }
            (own, other) => own.or(other),
        };
        self.calls += next.calls;
        self.tokens_in += next.tokens_in;
        self.cached_tokens_in += next.cached_tokens_in;
        self.tokens_out += next.tokens_out;
        self.cost_usd = self
            .cost_usd
            .zip(next.cost_usd)
            .map(|(own, other)| own + other);
        self.cached_calls += next.cached_calls;
        self.estimated_calls += next.estimated_calls;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_add_up() {
        let one = |calls, tokens_out, inter: Option<f64>| Usage {
            calls,
            tokens_out,
            cost_usd: Some(0.5),
            ttft_ms: inter.map(|ms| 10.0 * ms),
            inter_token_ms: inter,
            ..Usage::default()
        };
        let mut sum = Usage::default();
        sum.add(&one(1, 10, Some(2.0)));
        sum.add(&one(2, 30, Some(6.0)));
        sum.add(&one(1, 5, None));
        assert_eq!((sum.calls, sum.tokens_out), (4, 45));
        assert_eq!(sum.cost_usd, Some(1.5));
        assert_eq!((sum.ttft_ms, sum.inter_token_ms), (Some(20.0), Some(5.0)));
        // A sum with a part that has no price has none.
        sum.add(&Usage {
            calls: 1,
            ..Usage::default()
        });
        assert_eq!(sum.cost_usd, None);
    }
}
