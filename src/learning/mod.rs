//! Small models that ragkit fits itself: texts to vectors, learners over them, and both together.

mod algebra;
mod features;
pub mod learners;
pub mod newton;
pub mod nonnegative;
mod predictor;

pub use features::{Features, FeaturesConfig, PromptLsa};
pub use learners::{Learned, Learner};
pub use predictor::{Predictor, PredictorConfig, Stored};
