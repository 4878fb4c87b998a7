//! What a router of prompts is made of: features, learners that predict scores, rules that tell tasks apart, and prices.

mod features;
pub mod learners;
mod predictor;
mod prices;
mod rules;
mod trained;

pub use features::{Features, FeaturesConfig, PromptLsa};
pub use learners::{Learned, Learner};
pub use predictor::{Predictor, PredictorConfig, Stored};
pub use prices::{PriceTable, Priced};
pub use rules::{Compiled, Rule, TaskRules};
pub use trained::{TrainedRouter, Training};
