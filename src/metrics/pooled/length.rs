//! Scores without what the length of the answer explains.

use crate::metrics::statistics::mean;

/// Differences below this share of the range of the scores are rounding.
const GRAIN: f64 = 1e-9;

/// What is left of the scores once a line in ln(1 + length) is taken out by least squares: the residuals plus the mean score. The
/// scores themselves where the lengths or the scores do not vary.
///
/// What differs by less than 10⁻⁹ of the range of the scores comes out equal: scores that the length explains wholly leave ties, not
/// the order of rounding errors.
///
/// # Panics
/// Where the columns differ in length.
pub fn without_length(scores: &[f64], lengths: &[f64]) -> Vec<f64> {
    assert_eq!(scores.len(), lengths.len(), "one length a score");
    let logarithms: Vec<f64> = lengths.iter().map(|length| length.ln_1p()).collect();
    let (Some(score), Some(logarithm)) = (mean(scores), mean(&logarithms)) else {
        return Vec::new();
    };
    let (low, high) = scores.iter().fold((score, score), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    let grain = GRAIN * (high - low);
    let off: Vec<f64> = logarithms.iter().map(|value| value - logarithm).collect();
    let squares: f64 = off.iter().map(|off| off * off).sum();
    let is_constant = squares <= 1e-18 * scores.len() as f64;
    if is_constant || grain <= 0.0 {
        return scores.to_vec();
    }
    let products = off
        .iter()
        .zip(scores)
        .map(|(off, value)| off * (value - score));
    let slope = products.sum::<f64>() / squares;
    let rest = off
        .iter()
        .zip(scores)
        .map(|(off, value)| value - slope * off);
    rest.map(|rest| (rest / grain).round() * grain).collect()
}
