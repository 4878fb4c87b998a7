//! Figures of the whole cost-quality curve, with what each prompt adds to them: the derivative of the figure with respect to the prompt's
//! weight, times the number of prompts.
//!
//! Which policies are corners of the envelope is taken as given: where it is not in doubt, moving a prompt's weight a little does not change it.

use super::curve::{Curve, Routes};
use super::hull::{Reach, envelope, mean_height, reach};

/// A figure, and what each prompt adds to it; the additions have the mean 0.
pub(super) struct Figure {
    pub(super) value: f64,
    pub(super) influences: Vec<f64>,
}

impl Figure {
    /// The figure with each prompt's addition, whose mean is the figure.
    pub(super) fn pseudo_values(self) -> Vec<f64> {
        let values = self.influences.iter();
        values.map(|influence| self.value + influence).collect()
    }

    /// This figure less another of the same prompts.
    pub(super) fn less(mut self, other: &Self) -> Self {
        self.value -= other.value;
        for (influence, other) in self.influences.iter_mut().zip(&other.influences) {
            *influence -= other;
        }
        self
    }
}

/// Policies, each a choice for every prompt, with their mean cost and quality.
struct Policies<'a> {
    routes: &'a Routes<'a>,
    corners: Vec<(f64, f64)>,
    choices: Vec<Vec<usize>>,
}

impl<'a> Policies<'a> {
    /// Those that are corners of a router's envelope.
    fn of_router(routes: &'a Routes<'a>) -> Self {
        let curve = Curve::of(routes);
        let coordinates = curve.coordinates();
        let corners = envelope(&coordinates);
        Self {
            routes,
            choices: curve.choices(&corners),
            corners: corners.iter().map(|&corner| coordinates[corner]).collect(),
        }
    }

    /// The single models that are corners of their envelope.
    fn of_models(routes: &'a Routes<'a>) -> Self {
        let mean = |model: usize| {
            let quality = routes.mean_of(routes.quality, model);
            (routes.mean_of(routes.cost, model), quality)
        };
        let coordinates: Vec<(f64, f64)> = (0..routes.models).map(mean).collect();
        let corners = envelope(&coordinates);
        Self {
            routes,
            choices: corners
                .iter()
                .map(|&model| vec![model; routes.prompts()])
                .collect(),
            corners: corners.iter().map(|&model| coordinates[model]).collect(),
        }
    }

    /// Adds what each prompt adds by way of a corner's cost and quality.
    fn add(&self, influences: &mut [f64], corner: usize, in_cost: f64, in_quality: f64) {
        let (cost, quality) = self.corners[corner];
        for (prompt, (influence, model)) in
            influences.iter_mut().zip(&self.choices[corner]).enumerate()
        {
            let place = prompt * self.routes.models + model;
            *influence += in_cost * (self.routes.cost[place] - cost)
                + in_quality * (self.routes.quality[place] - quality);
        }
    }

    /// The mean height of the envelope over the costs of the single models, from the cheapest to the dearest. What costs less than the cheapest policy
    /// is had by asking no model at all for some prompts, which is worth 0.
    fn mean_quality(&self) -> Option<Figure> {
        let costs = (0..self.routes.models)
            .map(|model| (self.routes.mean_of(self.routes.cost, model), model));
        let costs: Vec<(f64, usize)> = costs.collect();
        let (low, cheapest) = *costs.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let (high, dearest) = *costs.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        if high <= low || low < 0.0 {
            return None;
        }
        let nothing = std::iter::once((0.0, 0.0));
        let points: Vec<(f64, f64)> = nothing.chain(self.corners.iter().copied()).collect();
        let places = envelope(&points);
        let corners: Vec<(f64, f64)> = places.iter().map(|&place| points[place]).collect();
        let (value, slopes) = mean_height(&corners, low, high);
        let mut influences = vec![0.0; self.routes.prompts()];
        for (place, (in_cost, in_quality)) in places.iter().zip(slopes) {
            if let Some(corner) = place.checked_sub(1) {
                self.add(&mut influences, corner, in_cost, in_quality);
            }
        }
        // Both ends of the interval are means over the prompts too.
        let at = |cost: f64| super::hull::height(&corners, cost).unwrap_or_default();
        let ends = [
            (cheapest, low, value - at(low)),
            (dearest, high, at(high) - value),
        ];
        for (model, mean, slope) in ends {
            let costs = self
                .routes
                .cost
                .iter()
                .skip(model)
                .step_by(self.routes.models);
            for (influence, cost) in influences.iter_mut().zip(costs) {
                *influence += slope / (high - low) * (cost - mean);
            }
        }
        Some(Figure { value, influences })
    }
}

/// AIQ, the average improvement in quality: the mean height of a router's envelope between the costs of the cheapest and the dearest model.
pub(super) fn aiq(routes: &Routes<'_>) -> Option<Figure> {
    Policies::of_router(routes).mean_quality()
}

/// AIQ beyond that of the zero router, which draws between the single models without a look at the prompt.
pub(super) fn aiq_gain(routes: &Routes<'_>) -> Option<Figure> {
    let of_models = Policies::of_models(routes).mean_quality()?;
    Some(aiq(routes)?.less(&of_models))
}

/// The share of the cost of always asking a model that a router saves at the quality of that model. A router that reaches it at no lower cost
/// saves nothing: one can ask that model. `None` where the model costs nothing.
pub(super) fn savings(routes: &Routes<'_>, reference: usize) -> Option<Figure> {
    let wanted = routes.mean_of(routes.quality, reference);
    let full = routes.mean_of(routes.cost, reference);
    if full <= 0.0 {
        return None;
    }
    let policies = Policies::of_router(routes);
    let mut influences = vec![0.0; routes.prompts()];
    let reached = reach(&policies.corners, wanted).filter(|reach| reach.x < full);
    let Some(Reach { x, slopes, in_y }) = reached else {
        return Some(Figure {
            value: 0.0,
            influences,
        });
    };
    for (corner, in_cost, in_quality) in slopes {
        policies.add(&mut influences, corner, -in_cost / full, -in_quality / full);
    }
    for (prompt, influence) in influences.iter_mut().enumerate() {
        let place = prompt * routes.models + reference;
        *influence += x / (full * full) * (routes.cost[place] - full)
            - in_y / full * (routes.quality[place] - wanted);
    }
    Some(Figure {
        value: 1.0 - x / full,
        influences,
    })
}

/// The best mean quality that a router reaches at any price, as a gain on that of a single model: q / reference − 1.
pub(super) fn performance_gain(routes: &Routes<'_>, reference: usize) -> Option<Figure> {
    let single = routes.mean_of(routes.quality, reference);
    if single <= 0.0 {
        return None;
    }
    let policies = Policies::of_router(routes);
    let best = policies.corners.len().checked_sub(1)?;
    let quality = policies.corners[best].1;
    let mut influences = vec![0.0; routes.prompts()];
    policies.add(&mut influences, best, 0.0, 1.0 / single);
    for (prompt, influence) in influences.iter_mut().enumerate() {
        let place = prompt * routes.models + reference;
        *influence -= quality / (single * single) * (routes.quality[place] - single);
    }
    Some(Figure {
        value: quality / single - 1.0,
        influences,
    })
}
