//! Elementary functions that vectorise: no branch, no table, the same bits for every vector width.

#![expect(
    clippy::inline_always,
    reason = "compiled for the machine's vectors only where inlined into a dispatch"
)]

/// What follows a linear map, value by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Activation {
    /// No function at all.
    Identity,
    /// `x Φ(x)`, with the error function.
    Gelu,
    /// `x Φ(x)`, with the usual approximation by a hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// The hyperbolic tangent, as the heads of classifiers take it.
    Tanh,
}

/// `e^x` to 2 units in the last place, for `x` up to 88; below -87 it stays at the smallest normal numbers.
///
/// Cephes' `expf`: the nearest whole power of two is taken out, the rest goes through a polynomial.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding and taking away 1.5 × 2^23 rounds to the nearest whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let power = shifted - ROUND;
    let rest = power.mul_add(-0.693_359_4, x);
    let rest = power.mul_add(2.121_944_4e-4, rest);
    let series = 1.987_569_1e-4_f32
        .mul_add(rest, 1.398_2e-3)
        .mul_add(rest, 8.333_452e-3)
        .mul_add(rest, 4.166_579_6e-2)
        .mul_add(rest, 1.666_666_6e-1)
        .mul_add(rest, 0.5);
    let fraction = series.mul_add(rest * rest, rest) + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    fraction * f32::from_bits(exponent << 23)
}

/// The error function to 5e-7: Eigen's ratio of polynomials.
#[inline(always)]
fn erf(x: f32) -> f32 {
    // From here on it is 1 in f32.
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let above = (-2.726_142_3e-10_f32)
        .mul_add(square, 2.770_681_4e-8)
        .mul_add(square, -2.101_024e-6)
        .mul_add(square, -5.692_506_4e-5)
        .mul_add(square, -7.349_906_6e-4)
        .mul_add(square, -2.954_6e-3)
        .mul_add(square, -1.609_603_3e-2);
    let below = (-1.456_607_2e-5_f32)
        .mul_add(square, -2.133_740_6e-4)
        .mul_add(square, -1.682_827e-3)
        .mul_add(square, -7.373_329e-3)
        .mul_add(square, -1.426_473_9e-2);
    x * above / below
}

#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    /// `2 √(2/π)`: the tangent is taken as an exponential of twice its argument.
    const SCALE: f32 = 1.595_769;
    let doubled = SCALE * (0.044_715 * x * x).mul_add(x, x);
    x * (1.0 - 1.0 / (exp(doubled) + 1.0))
}

/// To 2e-7, absolutely: what is near 0 has fewer digits.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

impl Activation {
    /// Applies the function to every value in place.
    #[inline(always)]
    pub(super) fn apply(self, values: &mut [f32; super::tile::COLUMNS]) {
        match self {
            Self::Identity => {}
            Self::Gelu => values.iter_mut().for_each(|value| *value = gelu(*value)),
            Self::GeluTanh => values
                .iter_mut()
                .for_each(|value| *value = gelu_tanh(*value)),
            Self::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
            Self::Tanh => values.iter_mut().for_each(|value| *value = tanh(*value)),
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the reference is rounded to f32"
)]
mod tests {
    use super::*;

    /// The error function by its Taylor series, which in f64 is good to 1e-9 as far as 4.
    fn erf_by_series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for step in -8700..=8800_i16 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "exp({x}): {error}");
        }
        assert!(exp(-1e9) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn tanh_is_close_to_its_definition_everywhere() {
        for step in -2000..=2000_i16 {
            let x = f64::from(step) / 100.0;
            let error = f64::from(tanh(x as f32)) - f64::from(x as f32).tanh();
            assert!(error.abs() < 2e-7, "tanh({x}): {error}");
        }
        assert!((tanh(1e9) - 1.0).abs() < 1e-7 && (tanh(-1e9) + 1.0).abs() < 1e-7);
    }

    #[test]
    fn gelu_is_close_to_its_definition_everywhere() {
        for step in -1200..=1200_i16 {
            let x = f64::from(step) / 200.0;
            let narrow = (x / std::f64::consts::SQRT_2).clamp(-4.0, 4.0);
            let error = f64::from(erf(narrow as f32)) - erf_by_series(narrow);
            assert!(error.abs() < 5e-7, "erf({narrow}): {error}");
            let exact = 0.5 * x * (1.0 + erf_by_series(narrow));
            let error = f64::from(gelu(x as f32)) - exact;
            assert!(error.abs() < 2e-6, "gelu({x}): {error}");
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            let error = f64::from(gelu_tanh(x as f32)) - 0.5 * x * (1.0 + inner.tanh());
            assert!(error.abs() < 1e-6, "gelu_tanh({x}): {error}");
        }
        assert!((gelu(30.0) - 30.0).abs() < 1e-5 && (gelu_tanh(30.0) - 30.0).abs() < 1e-5);
        assert!(gelu(-30.0).abs() < 1e-5 && gelu_tanh(-30.0).abs() < 1e-5);
    }
}
