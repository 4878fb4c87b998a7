//! How far one sample differs from another, such as this week's scores and words from last week's.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::calibration::equal_mass;
use super::pooled::levels;
use super::statistics::below;

/// Documents drawn for a p-value of words, unless a caller wants more.
pub const PERMUTATIONS: usize = 1_000;

/// A statistic, and how probable one at least as large is where both samples are drawn alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The statistic, 0 where the samples are alike.
    pub value: f64,
    /// The p-value, 0..=1.
    pub p: f64,
}

/// The population stability index Σ (q − p) ln (q / p) over bins of equal mass of the reference (at most `wanted`; ties are never split), p being a bin's
/// share of the reference and q that of the current sample. Below 0.1 is usually called stable, above 0.25 a shift. `None` where a sample is empty or there
/// is only one bin.
///
/// A bin begins at its lowest reference value, the first one at −∞. Half an example is added to each bin of each sample (Jeffreys), so that a bin without one
/// has a finite share. By chance alone the index divided by (1/n + 1/m) is χ² with one degree less than there are bins (Yurdakul 2018, "Statistical
/// properties of population stability index"); the p-value is from that, and too high where the bins hold few.
///
/// # Panics
/// Without a bin.
pub fn population_stability(reference: &[f64], current: &[f64], wanted: usize) -> Option<Tested> {
    if reference.is_empty() || current.is_empty() {
        return None;
    }
    let bins = equal_mass(reference, wanted);
    let starts: Vec<f64> = bins[1..].iter().map(|bin| reference[bin[0]]).collect();
    let mut counts = vec![0_usize; bins.len()];
    for value in current {
        counts[starts.partition_point(|start| start <= value)] += 1;
    }
    let share =
        |count: usize, all: usize| (count as f64 + 0.5) / (all as f64 + 0.5 * bins.len() as f64);
    let terms = bins.iter().zip(&counts).map(|(bin, count)| {
        let (before, now) = (
            share(bin.len(), reference.len()),
            share(*count, current.len()),
        );
        (now - before) * (now / before).ln()
    });
    let value: f64 = terms.sum();
    let scale = 1.0 / reference.len() as f64 + 1.0 / current.len() as f64;
    // Without a degree of freedom there is no such distribution.
    let by_chance = ChiSquared::new((bins.len() - 1) as f64).ok()?;
    Some(Tested {
        value,
        p: by_chance.sf(value / scale),
    })
}

/// The largest distance between the shares of two samples that are no higher than a value, over all values (Kolmogorov and Smirnov), 0..=1. `None` where a
/// sample is empty. O(n log n).
///
/// The two-sided p-value is that of Kolmogorov's distribution at (√e + 0.12 + 0.11 / √e) D with e = n m / (n + m) (Stephens 1970), within 0.01 of the exact
/// one from e = 4 on for values without ties. With ties it is too high.
pub fn kolmogorov_smirnov(before: &[f64], now: &[f64]) -> Option<Tested> {
    if before.is_empty() || now.is_empty() {
        return None;
    }
    let (n, m) = (before.len(), now.len());
    let both: Vec<f64> = before.iter().chain(now).copied().collect();
    // Counts times the size of the other sample: whole numbers, so that equal means equal.
    let (mut below, mut below_now, mut widest) = (0, 0, 0);
    for level in levels(&both) {
        let old = level.iter().filter(|place| **place < n).count();
        below += old;
        below_now += level.len() - old;
        widest = widest.max((below as u128 * m as u128).abs_diff(below_now as u128 * n as u128));
    }
    let value = widest as f64 / (n as f64 * m as f64);
    let root = (n as f64 * m as f64 / (n as f64 + m as f64)).sqrt();
    Some(Tested {
        value,
        p: kolmogorov((root + 0.12 + 0.11 / root) * value),
    })
}

/// The probability that the supremum of a Brownian bridge is above `x`. Two series, each where it converges fast.
fn kolmogorov(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let term = |j: i32| (-f64::from(2 * j - 1).powi(2) * PI * PI / (8.0 * x * x)).exp();
        return 1.0 - (2.0 * PI).sqrt() / x * (1..=6).map(term).sum::<f64>();
    }
    let term = |j: i32| {
        let sign = if j % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(j * j) * x * x).exp()
    };
    (1..=6).map(term).sum()
}

/// How far the words of two sets of documents differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VocabularyDrift {
    /// The Jensen-Shannon divergence of the shares that terms have, in bits, 0..=1.
    pub divergence_bits: Tested,
    /// The share of the occurrences of terms in the new documents, 0..=1, whose term is in none of the old ones.
    pub novelty: Tested,
}

/// How far the terms of new documents differ from those of old ones. `None` where either have no term.
///
/// The p-values are (1 + as extreme) / (1 + `permutations`), over random choices of as many documents as are new from all of them: documents are drawn whole,
/// as their words are not independent. Choice `i` draws from stream `i` of ChaCha8 under `seed`. O(permutations · (terms + occurrences)).
///
/// Source: Lin 1991, "Divergence measures based on the Shannon entropy"; Phipson and Smyth 2010 for the + 1.
pub fn vocabulary_drift<T: Ord + Sync>(
    old: &[Vec<T>],
    new: &[Vec<T>],
    permutations: usize,
    seed: u64,
) -> Option<VocabularyDrift> {
    let terms = old.iter().chain(new).flatten();
    let mut ids: BTreeMap<&T, usize> = terms.map(|term| (term, 0)).collect();
    ids.values_mut()
        .enumerate()
        .for_each(|(place, id)| *id = place);
    let of_document = |document: &Vec<T>| document.iter().map(|term| ids[term]).collect();
    let documents: Vec<Vec<usize>> = old.iter().chain(new).map(of_document).collect();
    let mut all = vec![0.0; ids.len()];
    documents
        .iter()
        .flatten()
        .for_each(|term| all[*term] += 1.0);
    let figures = |chosen: &[usize]| {
        let mut now = vec![0.0; all.len()];
        for place in chosen {
            documents[*place].iter().for_each(|term| now[*term] += 1.0);
        }
        let before: Vec<f64> = all.iter().zip(&now).map(|(all, now)| all - now).collect();
        Some((jensen_shannon_bits(&before, &now)?, novelty(&before, &now)?))
    };
    let places: Vec<usize> = (0..documents.len()).collect();
    let (divergence, novel) = figures(&places[old.len()..])?;
    let permuted = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream as u64);
        let mut places = places.clone();
        for place in 0..new.len() {
            let other = place + below(&mut rng, places.len() - place);
            places.swap(place, other);
        }
        // A choice that leaves one side without terms is as extreme as can be.
        figures(&places[..new.len()]).unwrap_or((1.0, 1.0))
    };
    let permuted: Vec<(f64, f64)> = (0..permutations).into_par_iter().map(permuted).collect();
    let tested = |value: f64, of: fn(&(f64, f64)) -> f64| {
        // Equal but for rounding counts as equal.
        let extreme = permuted
            .iter()
            .filter(|drawn| of(drawn) >= value - 1e-12)
            .count();
        Tested {
            value,
            p: (extreme + 1) as f64 / (permutations + 1) as f64,
        }
    };
    Some(VocabularyDrift {
        divergence_bits: tested(divergence, |drawn| drawn.0),
        novelty: tested(novel, |drawn| drawn.1),
    })
}

/// The Jensen-Shannon divergence in bits, 0..=1, of the shares of terms in two columns of counts, one place a term. `None` where a column has no count above
/// 0.
///
/// # Panics
/// Where the columns differ in length.
pub fn jensen_shannon_bits(before: &[f64], now: &[f64]) -> Option<f64> {
    assert_eq!(before.len(), now.len(), "columns of one length");
    let (all_before, all_now) = (before.iter().sum::<f64>(), now.iter().sum::<f64>());
    if all_before <= 0.0 || all_now <= 0.0 {
        return None;
    }
    let part = |share: f64, middle: f64| {
        if share > 0.0 {
            share * (share / middle).log2()
        } else {
            0.0
        }
    };
    let term = |(before, now): (&f64, &f64)| {
        let (before, now) = (before / all_before, now / all_now);
        let middle = f64::midpoint(before, now);
        part(before, middle) + part(now, middle)
    };
    let divergence = before.iter().zip(now).map(term).sum::<f64>() / 2.0;
    Some(divergence.clamp(0.0, 1.0))
}

/// The share of the counts of now whose term has none before. `None` where now has none at all.
fn novelty(before: &[f64], now: &[f64]) -> Option<f64> {
    let all: f64 = now.iter().sum();
    let is_new = before.iter().zip(now).filter(|(before, _)| **before <= 0.0);
    (all > 0.0).then(|| is_new.map(|(_, now)| now).sum::<f64>() / all)
}

#[cfg(test)]
mod tests;
