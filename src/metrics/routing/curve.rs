//! What a router would choose at every price of quality, and what that costs and is worth.

/// Models beside each other for a set of prompts: what is known of each pair of them, prompt by prompt.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a> {
    /// How many models there are, at least 1.
    pub models: usize,
    /// The quality of each model's answer: that of prompt i by model m at `i * models + m`, as in all of these.
    pub quality: &'a [f64],
    /// What the answer cost, in USD.
    pub cost: &'a [f64],
    /// The quality that the router predicts.
    pub predicted: &'a [f64],
    /// The cost that the router predicts.
    pub predicted_cost: &'a [f64],
}

impl Routes<'_> {
    /// How many prompts there are.
    pub fn prompts(&self) -> usize {
        self.quality.len() / self.models
    }

    /// The mean of a column of all pairs over the prompts, for one model.
    pub(super) fn mean_of(&self, column: &[f64], model: usize) -> f64 {
        let values = column.iter().skip(model).step_by(self.models);
        values.sum::<f64>() / self.prompts() as f64
    }

    /// What the models would be chosen for this prompt as the price of quality falls: each with the highest price at which it is chosen, the first at any.
    ///
    /// At the price λ the choice has the most predicted quality − λ · predicted cost; of equals the cheaper is chosen, then the first. So
    /// these are the corners of the upper concave envelope of (predicted cost, predicted quality), from the cheapest model up.
    pub fn ladder(&self, prompt: usize) -> Vec<(f64, usize)> {
        let from = prompt * self.models;
        let quality = |model: usize| self.predicted[from + model];
        let cost = |model: usize| self.predicted_cost[from + model];
        let mut order: Vec<usize> = (0..self.models).collect();
        order.sort_by(|&a, &b| {
            let by_cost = cost(a).total_cmp(&cost(b));
            by_cost
                .then(quality(b).total_cmp(&quality(a)))
                .then(a.cmp(&b))
        });
        let mut ladder: Vec<(f64, usize)> = Vec::new();
        for model in order {
            if ladder
                .last()
                .is_some_and(|(_, last)| quality(model) <= quality(*last))
            {
                continue;
            }
            let price = loop {
                let Some(&(before, last)) = ladder.last() else {
                    break f64::INFINITY;
                };
                // Two of one cost: the better one came first, so the difference is above 0.
                let price = (quality(model) - quality(last)) / (cost(model) - cost(last));
                if price < before {
                    break price;
                }
                ladder.pop();
            };
            ladder.push((price, model));
        }
        ladder
    }
}

/// The mean cost and quality of a policy, a choice of one model for each prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The lowest price of quality, in quality per USD, at which it is chosen.
    pub price: f64,
    /// USD per prompt.
    pub cost: f64,
    /// Of the answers.
    pub quality: f64,
}

/// All policies of a router, from the cheapest to the one that does not look at cost: one for every distinct price at which a choice changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Mean cost and quality of each policy.
    pub points: Vec<Point>,
    /// The cheapest policy's choices.
    first: Vec<usize>,
    /// Which prompts go to another model at each later point.
    moves: Vec<Vec<(usize, usize)>>,
}

impl Curve {
    /// The curve of a router. O(n m log(n m)) of n prompts and m models.
    ///
    /// All numbers must be finite.
    ///
    /// # Panics
    /// Where there is no prompt.
    pub fn of(routes: &Routes<'_>) -> Self {
        let prompts = routes.prompts();
        assert!(prompts > 0, "a curve needs a prompt");
        let mut first = Vec::with_capacity(prompts);
        let mut steps: Vec<(f64, usize, usize)> = Vec::new();
        for prompt in 0..prompts {
            let ladder = routes.ladder(prompt);
            first.push(ladder[0].1);
            let later = ladder.into_iter().skip(1);
            steps.extend(later.map(|(price, model)| (price, prompt, model)));
        }
        // A ladder's prices fall, so the moves of one prompt stay in their order.
        steps.sort_by(|a, b| b.0.total_cmp(&a.0));
        let at = |prompt: usize, model: usize| prompt * routes.models + model;
        let sum = |column: &[f64]| -> f64 {
            let chosen = first.iter().enumerate();
            chosen
                .map(|(prompt, model)| column[at(prompt, *model)])
                .sum()
        };
        let (mut cost, mut quality) = (sum(routes.cost), sum(routes.quality));
        let point = |price: f64, cost: f64, quality: f64| Point {
            price,
            cost: cost / prompts as f64,
            quality: quality / prompts as f64,
        };
        let mut points = vec![point(f64::INFINITY, cost, quality)];
        let mut moves = Vec::new();
        let mut chosen = first.clone();
        for together in steps.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            for &(_, prompt, model) in together {
                let (from, to) = (at(prompt, chosen[prompt]), at(prompt, model));
                cost += routes.cost[to] - routes.cost[from];
                quality += routes.quality[to] - routes.quality[from];
                chosen[prompt] = model;
            }
            points.push(point(together[0].0, cost, quality));
            let pairs = together.iter().map(|&(_, prompt, model)| (prompt, model));
            moves.push(pairs.collect());
        }
        Self {
            points,
            first,
            moves,
        }
    }

    /// Cost and quality as coordinates.
    pub fn coordinates(&self) -> Vec<(f64, f64)> {
        let points = self.points.iter();
        points.map(|point| (point.cost, point.quality)).collect()
    }

    /// The model chosen for each prompt at each of these points.
    pub fn choices(&self, points: &[usize]) -> Vec<Vec<usize>> {
        // A policy that costs more than another may come before it: what is predicted and what is differ.
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by_key(|place| points[*place]);
        let (mut chosen, mut at) = (self.first.clone(), 0);
        let mut choices = vec![Vec::new(); points.len()];
        for place in order {
            for moved in &self.moves[at..points[place]] {
                for &(prompt, model) in moved {
                    chosen[prompt] = model;
                }
            }
            at = points[place];
            choices[place].clone_from(&chosen);
        }
        choices
    }

    /// A price at which the mean of the predicted costs is the most that does not exceed a budget, halfway between the prices at which choices change; `None` where
    /// even the cheapest policy exceeds it.
    pub fn price_within(&self, predicted_cost: &[f64], models: usize, budget: f64) -> Option<f64> {
        let prompts = self.first.len();
        let cost = |prompt: usize, model: usize| predicted_cost[prompt * models + model];
        let mut chosen = self.first.clone();
        let first = chosen.iter().enumerate();
        let mut sum: f64 = first.map(|(prompt, model)| cost(prompt, *model)).sum();
        let mut within = None;
        for place in 0..self.points.len() {
            for &(prompt, model) in place.checked_sub(1).map_or(&[][..], |at| &self.moves[at]) {
                sum += cost(prompt, model) - cost(prompt, chosen[prompt]);
                chosen[prompt] = model;
            }
            if sum <= budget * prompts as f64 {
                within = Some(self.price_at(place));
            }
        }
        within
    }

    /// A price at which the policy at a point is chosen: halfway between those at which choices change.
    pub fn price_at(&self, point: usize) -> f64 {
        let next = self.points.get(point + 1).map_or(0.0, |next| next.price);
        let price = self.points[point].price;
        // For the cheapest policy any higher price does.
        let price = if price.is_finite() {
            price
        } else {
            2.0 * next + 1.0
        };
        f64::midpoint(price, next)
    }
}
