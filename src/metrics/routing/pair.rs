//! A router between a strong and a weak model, by the share of prompts that the strong one gets.
//!
//! With n prompts, whose strong answers are better by d, put in the order in which they would go to the strong model, the performance gap recovered at
//! the share c is PGR(c) = Σ d of the first c n / Σ d. Prompts that the router does not tell apart go together, and between two shares that it
//! can have it draws at random, which is a straight line.
//!
//! Source: Ong et al. 2024, `RouteLLM` (arXiv 2406.18665), section 2.3. Its code takes ten thresholds only, and its CPT inverts a curve that is not
//! monotone by interpolation; here every distinct score is a threshold, and CPT is the first share that reaches the target.

use super::cost_quality::Figure;
use super::hull::envelope;
use crate::metrics::pooled::levels;
use crate::metrics::statistics::mean;

/// A pair of models, prompt by prompt.
pub(super) struct Pair {
    /// By how much the strong answer is better.
    gaps: Vec<f64>,
    /// The mean gap, above 0.
    gap: f64,
    /// The prompts in the order in which they go to the strong model, those that are not told apart together.
    levels: Vec<Vec<usize>>,
}

impl Pair {
    /// `wanted` says how much the router would have the strong model. `None` where the strong model is no better than the weak one.
    pub(super) fn of(gaps: Vec<f64>, wanted: &[f64]) -> Option<Self> {
        let gap = mean(&gaps).filter(|gap| *gap > 0.0)?;
        let mut levels = levels(wanted);
        levels.reverse();
        Some(Self { gaps, gap, levels })
    }

    /// The average performance gap recovered: the area under PGR over all shares.
    pub(super) fn apgr(&self) -> Figure {
        let prompts = self.gaps.len() as f64;
        // For each prompt the share of prompts before it, and the gap of those before it.
        let (mut before, mut gap_before) = (vec![0.0; self.gaps.len()], vec![0.0; self.gaps.len()]);
        let (mut count, mut sum) = (0.0, 0.0);
        for level in &self.levels {
            let size = level.len() as f64;
            let gap: f64 = level.iter().map(|&place| self.gaps[place]).sum();
            for &place in level {
                before[place] = (count + size / 2.0) / prompts;
                gap_before[place] = (sum + gap / 2.0) / prompts;
            }
            count += size;
            sum += gap;
        }
        let behind = self.gaps.iter().zip(&before);
        let area = behind
            .map(|(gap, before)| gap * (1.0 - before))
            .sum::<f64>()
            / prompts;
        let value = area / self.gap;
        // A prompt counts by its own gap, and by standing before those with a lower place: all but the gap before it.
        let influence = |place: usize| {
            let gap_behind = self.gap - gap_before[place];
            let own = self.gaps[place] * (1.0 - before[place]) - area;
            let others = (self.gap - area) - gap_behind;
            (own + others - value * (self.gaps[place] - self.gap)) / self.gap
        };
        Figure {
            value,
            influences: (0..self.gaps.len()).map(influence).collect(),
        }
    }

    /// The least share of prompts for the strong model at which PGR reaches `target`, 0 < target ≤ 1.
    pub(super) fn cpt(&self, target: f64) -> Option<Figure> {
        let prompts = self.gaps.len() as f64;
        let mut points = vec![(0.0, 0.0)];
        let (mut count, mut sum) = (0.0, 0.0);
        for level in &self.levels {
            count += level.len() as f64;
            sum += level.iter().map(|&place| self.gaps[place]).sum::<f64>();
            points.push((count / prompts, sum / (prompts * self.gap)));
        }
        // The last point is (1, 1), but for rounding.
        points.last_mut()?.1 = 1.0;
        let reached = points.iter().position(|point| point.1 >= target)?;
        let ((x0, y0), (x1, y1)) = (points[reached.checked_sub(1)?], points[reached]);
        let within = (target - y0) / (y1 - y0);
        let share = x0 + within * (x1 - x0);
        let steepness = steepness(&points, share)?;
        // At a share that stays, PGR moves with a prompt's own gap, with the threshold that keeps the share, and with Σ d.
        let mut taken = vec![0.0; self.gaps.len()];
        for (number, level) in self.levels.iter().enumerate() {
            for &place in level {
                taken[place] = match (number + 1).cmp(&reached) {
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal => within,
                    std::cmp::Ordering::Greater => 0.0,
                };
            }
        }
        let influence = |(gap, taken): (&f64, &f64)| {
            let moved = gap * taken / self.gap - target * gap / self.gap;
            (taken - share) - moved / steepness
        };
        Some(Figure {
            value: share,
            influences: self.gaps.iter().zip(&taken).map(influence).collect(),
        })
    }
}

/// The slope of PGR at a share: that of its concave envelope, for between two prompts it is whatever one prompt is.
fn steepness(points: &[(f64, f64)], share: f64) -> Option<f64> {
    let corners: Vec<(f64, f64)> = envelope(points)
        .into_iter()
        .map(|place| points[place])
        .collect();
    let around = corners.windows(2).find(|pair| share <= pair[1].0)?;
    Some((around[1].1 - around[0].1) / (around[1].0 - around[0].0))
}
