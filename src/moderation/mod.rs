//! What a moderator of posts is made of, and what attacks it.
//!
//! | module | what it does |
//! |---|---|
//! | [`normalise`] | undoes tricks of writing before anything looks |
//! | [`prefilter`] | blocklists and patterns |
//! | [`reading`] | what classifiers read of a post: its words, repaired where they are misspelt |
//! | [`ngrams`], [`linear`], [`calibration`] | fast classifiers, and chances that hold |
//! | [`ensemble`] | classifiers together: these, heads on vectors, transformers; learned, combined, kept |
//! | [`solve`] | thresholds of least cost |
//! | [`policy`] | what becomes of a post |
//! | [`attack`] | variants that people write to slip past all of that |

pub mod attack;
pub mod calibration;
pub mod ensemble;
mod head;
pub mod linear;
pub mod ngrams;
pub mod normalise;
pub mod policy;
pub mod prefilter;
pub mod reading;
mod sequence;
pub mod solve;
mod trained;

pub use ensemble::{Aim, Ensemble, EnsembleConfig, MemberConfig, Members, Sample};
pub use head::HeadConfig;
pub use normalise::{Normalised, Normaliser, NormaliserConfig, Step};
pub use policy::{Action, Bound, NamedThresholds, Policy, PolicyConfig, Rule};
pub use prefilter::{Prefilter, PrefilterConfig};
pub use reading::{ReadingConfig, RepairConfig};
pub use sequence::SequenceConfig;
pub use solve::Objective;
pub use trained::{Facts, TrainedModerator};
