//! Small models that ragkit fits itself: texts to vectors, learners over them, and both together.

mod features;
pub mod learners;
pub mod nonnegative;
mod predictor;

pub use features::{Features, FeaturesConfig, PromptLsa};
pub use learners::{Learned, Learner};
pub use predictor::{Predictor, PredictorConfig, Stored};
