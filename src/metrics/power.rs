//! How small a difference an evaluation can see, and how many examples it would take to see a smaller one.
//!
//! All by the normal approximation of a two-sided test of a mean difference with a known standard error.

use statrs::distribution::{ContinuousCDF, Normal};

/// The chance that a two-sided test at level `alpha` finds a true difference of `delta`.
pub fn power(delta: f64, standard_error: f64, alpha: f64) -> f64 {
    let normal = Normal::standard();
    let (critical, shift) = (
        normal.inverse_cdf(1.0 - alpha / 2.0),
        delta.abs() / standard_error,
    );
    normal.cdf(shift - critical) + normal.cdf(-shift - critical)
}

/// The smallest true difference that a two-sided test at level `alpha` finds with this power:
/// (z(1 − α/2) + z(power)) · standard error. The chance of significance on the wrong side, below 1e-4 at 80 %, is left out.
pub fn minimum_detectable(standard_error: f64, alpha: f64, power: f64) -> f64 {
    let normal = Normal::standard();
    (normal.inverse_cdf(1.0 - alpha / 2.0) + normal.inverse_cdf(power)) * standard_error
}

/// The examples (or clusters) that it takes for a true difference of `delta` to be found with this power, where `n` of them
/// gave this standard error. At least 2.
pub fn examples_needed(n: usize, standard_error: f64, delta: f64, alpha: f64, power: f64) -> f64 {
    let share = minimum_detectable(standard_error, alpha, power) / delta;
    (n as f64 * share * share).ceil().max(2.0)
}

/// How many standard errors from 0 a two-sided test at level `alpha` begins to reject.
pub fn critical(alpha: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - alpha / 2.0)
}
