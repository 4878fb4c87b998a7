//! Variants in words.

use super::config::{Choose, Classify, Judge, Trade, Variant};

impl Variant {
    /// What must be known of it to read its numbers.
    pub(super) fn note(&self) -> String {
        let mut parts = Vec::new();
        if let Some(cache) = &self.cache {
            parts.push(match &cache.semantic {
                Some(semantic) => {
                    format!("exact cache, then semantic ({})", semantic.embedder.name())
                }
                None => "exact cache".to_owned(),
            });
        }
        match &self.classify {
            None => {}
            Some(Classify::Given(_)) => parts.push("tasks as given".to_owned()),
            Some(Classify::Rules(_)) => parts.push("tasks by rules".to_owned()),
            Some(Classify::Learned(predictor)) => {
                parts.push(format!("tasks by {}", predictor.describe()));
            }
            Some(Classify::Trained(path)) => parts.push(format!("tasks as trained in `{path}`")),
        }
        parts.push(match &self.choose {
            Choose::Single(model) => format!("always `{model}`"),
            Choose::Random(_) => "drawn at random".to_owned(),
            Choose::ByTask(_) => "chosen by task, as the config has it".to_owned(),
            Choose::BestByTask(_) => "the best of the task on the training part".to_owned(),
            Choose::Predict(predictor) => format!("scores by {}", predictor.describe()),
            Choose::Trained(path) => format!("scores as trained in `{path}`"),
            Choose::Oracle(_) => {
                "chosen by the outcomes themselves, which no router knows".to_owned()
            }
        });
        match self.trade {
            Trade::Quality => {}
            Trade::QualityPerUsd(price) => parts.push(format!("{price} of quality for a USD")),
            Trade::UsdPer1k(budget) => parts.push(format!("within {budget} USD per 1,000 prompts")),
        }
        if let Some(cascade) = &self.cascade {
            let judge = match cascade.judge {
                Judge::Logged(_) => "a logged judge".to_owned(),
                Judge::Predicted(_) => "the prediction".to_owned(),
                Judge::Simulated(judge) => format!(
                    "a simulated judge that looks at the truth (sensitivity {}, specificity {})",
                    judge.sensitivity, judge.specificity
                ),
            };
            parts.push(format!("cascade from `{}` by {judge}", cascade.first));
        }
        parts.join(", ")
    }
}
