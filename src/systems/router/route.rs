//! What a prompt's way through the models is worth and costs.

use super::cascade::{GOOD, Opened};
use super::choose::score;
use super::known::Known;
use super::metric::Each;
use super::pipeline::{Pipeline, stages};
use crate::data::{Outcome, RoutedPrompt};
use crate::metrics::routing::Kind;
use crate::outputs::{Item, Output};

/// Which models were asked for a prompt, in their order, and which one answers.
pub(super) struct Route<'a> {
    prompt: &'a RoutedPrompt,
    asked: Vec<usize>,
    served: Option<usize>,
}

impl<'a> Route<'a> {
    pub(super) fn of(prompt: &'a RoutedPrompt, asked: &[usize], served: Option<usize>) -> Self {
        Self {
            prompt,
            asked: asked.to_vec(),
            served,
        }
    }

    fn outcomes(&self) -> impl Iterator<Item = &'a Outcome> {
        let prompt = self.prompt;
        self.asked.iter().map(move |model| &prompt.outcomes[*model])
    }

    /// The tokens of all models that were asked; what is not logged counts nothing.
    pub(super) fn tokens(&self, of: impl Fn(&Outcome) -> Option<u64>) -> u64 {
        self.outcomes().filter_map(of).sum()
    }
}

/// The earlier prompt whose answer is served.
pub(super) struct Served<'a> {
    pub(super) prompt: &'a RoutedPrompt,
    pub(super) exact: bool,
    /// Whether that answers the prompt.
    pub(super) is_right: bool,
}

/// All that metrics of a prompt are computed from.
pub(super) struct Facts<'a> {
    pub(super) prompt: &'a RoutedPrompt,
    pub(super) output: &'a Output,
    pub(super) known: &'a Known<'a>,
    pub(super) hit: Option<Served<'a>>,
    pub(super) pipeline: &'a Pipeline<'a>,
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

impl Facts<'_> {
    fn stage(&self, name: &str) -> Option<&[Item]> {
        let stage = self.output.stages.iter().find(|stage| stage.name == name);
        stage.map(|stage| stage.items.as_slice())
    }

    fn model(&self, item: &Item) -> Option<usize> {
        let mut models = self.known.division.models.iter();
        models.position(|model| *model == item.id)
    }

    /// The way of the prompt, or of the earlier one whose answer is served.
    fn route(&self) -> Option<Route<'_>> {
        let models = |stage: &str| -> Option<Vec<usize>> {
            let items = self.stage(stage)?;
            Some(items.iter().filter_map(|item| self.model(item)).collect())
        };
        let asked = models(stages::ASK)?;
        let answers = models(stages::ROUTE)?.first().copied();
        let prompt = self.hit.as_ref().map_or(self.prompt, |hit| hit.prompt);
        Some(Route {
            prompt,
            asked,
            served: answers,
        })
    }

    /// The score of the answer that is given.
    fn quality(&self) -> Option<f64> {
        if self.prompt.outcomes.is_empty() {
            return None;
        }
        if self.output.error.is_some() {
            return Some(0.0);
        }
        let route = self.route()?;
        let right = self.hit.as_ref().is_none_or(|hit| hit.is_right);
        Some(if right {
            score(route.prompt, route.served?)
        } else {
            0.0
        })
    }

    fn cost(&self, prompt: &RoutedPrompt, model: usize) -> Option<f64> {
        self.known.costs.of(model, prompt.outcomes.get(model)?)
    }

    /// The cascade's first model and the one that would be asked next, of a prompt that went through a cascade.
    fn cascaded(&self) -> Option<(&Opened<'_>, usize, f64)> {
        if self.hit.is_some() {
            return None;
        }
        let looked = self.stage(stages::CASCADE)?.first()?;
        let next = self.model(self.stage(stages::CHOOSE)?.first()?)?;
        Some((self.pipeline.cascade.as_ref()?, next, looked.score))
    }

    /// The cascade whose judge looked at an answer, and how sure it was.
    fn judged(&self) -> Option<(&Opened<'_>, f64)> {
        let (cascade, _, confidence) = self.cascaded()?;
        let is_there = self.prompt.outcomes.get(cascade.first)?.error.is_none();
        is_there.then_some((cascade, confidence))
    }

    /// What it would cost to go past the cascade: the chosen model and those that would be fallen back on.
    fn full_cost_usd(&self) -> Option<f64> {
        let (_, chosen, _) = self.cascaded()?;
        let mut sum = 0.0;
        for model in self.pipeline.chain(self.prompt, chosen, self.known) {
            sum += self.cost(self.prompt, model)?;
            if self.prompt.outcomes[model].error.is_none() {
                break;
            }
        }
        Some(sum)
    }

    fn is_escalated(&self) -> Option<bool> {
        let (cascade, _, _) = self.cascaded()?;
        let route = self.route()?;
        Some(route.asked.iter().any(|model| *model != cascade.first))
    }

    /// What the judge of a cascade costs and how long it takes; nothing where none looks.
    fn judge(&self) -> (f64, f64) {
        self.judged().map_or((0.0, 0.0), |(cascade, _)| {
            (
                cascade.config.judge_cost_usd,
                cascade.config.judge_latency_ms,
            )
        })
    }

    fn cost_usd(&self) -> Option<f64> {
        if self.hit.is_some() {
            return Some(0.0);
        }
        let route = self.route()?;
        let costs = route
            .asked
            .iter()
            .map(|model| self.cost(route.prompt, *model));
        Some(costs.sum::<Option<f64>>()? + self.judge().0)
    }

    fn latency_ms(&self) -> Option<f64> {
        if self.hit.is_some() {
            return Some(0.0);
        }
        let route = self.route()?;
        let latencies = route.outcomes().map(|outcome| outcome.latency_ms);
        Some(latencies.sum::<Option<f64>>()? + self.judge().1)
    }

    fn ttft_ms(&self) -> Option<f64> {
        if self.hit.is_some() {
            return Some(0.0);
        }
        let route = self.route()?;
        let served = route.served?;
        // What a judge must see whole is shown when it is whole.
        if self
            .cascaded()
            .is_some_and(|(cascade, _, _)| cascade.first == served)
        {
            return self.latency_ms();
        }
        let (_, before) = route.asked.split_last()?;
        let waits = before
            .iter()
            .map(|model| route.prompt.outcomes[*model].latency_ms);
        Some(waits.sum::<Option<f64>>()? + self.judge().1 + route.prompt.outcomes[served].ttft_ms?)
    }

    fn predicted(&self) -> Option<&[Item]> {
        let chooser = &self.pipeline.chooser;
        chooser
            .predicts()
            .then(|| self.stage(stages::PREDICT))
            .flatten()
    }

    fn brier(&self) -> Option<f64> {
        if self.prompt.outcomes.is_empty() {
            return None;
        }
        let predicted = self.predicted()?;
        let squares = predicted.iter().enumerate();
        let squares = squares.map(|(model, item)| (item.score - score(self.prompt, model)).powi(2));
        Some(squares.sum::<f64>() / predicted.len() as f64)
    }

    /// Whether a model was asked that may not answer the tenant.
    fn is_violated(&self) -> Option<f64> {
        let (_, may) = self.known.tenant(self.prompt)?;
        let route = self.route()?;
        Some(truth(route.asked.iter().any(|model| !may[*model])))
    }

    /// The value of a metric.
    pub(super) fn value(&self, each: Each) -> Option<f64> {
        let scores =
            |model: usize| (!self.prompt.outcomes.is_empty()).then(|| score(self.prompt, model));
        let best = self.known.best;
        let oracle = || {
            let models = 0..self.prompt.outcomes.len();
            models
                .map(|model| score(self.prompt, model))
                .reduce(f64::max)
        };
        let pair = self.known.pair;
        let task = || {
            self.stage(stages::CLASSIFY)?
                .first()
                .map(|item| item.id.as_str())
        };
        let routed = !self.prompt.outcomes.is_empty();
        match each {
            Each::Quality => self.quality(),
            Each::CostUsd => self.cost_usd(),
            Each::TokensIn | Each::TokensOut if self.hit.is_some() => Some(0.0),
            Each::TokensIn => self.tokens(|outcome| outcome.tokens_in),
            Each::TokensOut => self.tokens(|outcome| outcome.tokens_out),
            Each::OracleQuality => oracle(),
            Each::TaskOracleQuality => scores(self.known.best_of_task(self.prompt.task()?)?),
            Each::BestSingleQuality => scores(best),
            Each::BestSingleCostUsd => self.cost(self.prompt, best),
            Each::QualityGain => Some(self.quality()? - scores(best)?),
            Each::Regret => Some(oracle()? - self.quality()?),
            Each::StrongShare => {
                let route = self.route()?;
                Some(truth(self.hit.is_none() && route.served == Some(pair?.0)))
            }
            Each::StrongQuality => scores(pair?.0),
            Each::WeakQuality => scores(pair?.1),
            Each::LatencyMs => self.latency_ms(),
            Each::TtftMs => self.ttft_ms(),
            Each::EscalatedTtftMs => self.is_escalated()?.then(|| self.ttft_ms()).flatten(),
            Each::EscalationRate => Some(truth(self.is_escalated()?)),
            Each::JudgeCostUsd => self.cascaded().map(|_| self.judge().0),
            Each::FirstCostUsd => {
                let (cascade, _, _) = self.cascaded()?;
                Some(self.cost(self.prompt, cascade.first)? + self.judge().0)
            }
            Each::FullCostUsd => self.full_cost_usd(),
            Each::FirstRight => {
                let (cascade, _) = self.judged()?;
                Some(truth(score(self.prompt, cascade.first) >= GOOD))
            }
            Each::JudgeConfidence => self.judged().map(|(_, confidence)| confidence),
            Each::AcceptedQuality => (!self.is_escalated()?).then(|| self.quality()).flatten(),
            Each::FallbackRate => {
                let chosen = self.model(self.stage(stages::CHOOSE)?.first()?)?;
                let prompt = self.route()?.prompt;
                let first = self
                    .cascaded()
                    .filter(|_| self.is_escalated() == Some(false));
                let failed = prompt.outcomes[chosen].error.is_some();
                Some(truth(first.is_none() && self.hit.is_none() && failed))
            }
            Each::HitRate => self.of_cache(|hit| hit.is_some()),
            Each::ExactHitRate => self.of_cache(|hit| hit.is_some_and(|hit| hit.exact)),
            Each::SemanticHitRate => self.of_cache(|hit| hit.is_some_and(|hit| !hit.exact)),
            Each::FalseHitRate => self.hit.as_ref().map(|hit| truth(!hit.is_right)),
            Each::FalseHitsPerRequest => self.of_cache(|hit| hit.is_some_and(|hit| !hit.is_right)),
            Each::PolicyViolations if routed => self.is_violated(),
            Each::PolicyViolations => None,
            Each::TaskAccuracy => {
                self.pipeline.classifier.as_ref()?;
                let told = task()?;
                Some(truth(told == self.prompt.task()?))
            }
            Each::TaskGiven => {
                task()?;
                Some(self.known.task_number(self.prompt.task()?))
            }
            Each::TaskTold => {
                self.prompt.task()?;
                Some(self.known.task_number(task()?))
            }
            Each::Brier => self.brier(),
        }
    }

    fn of_cache(&self, is: impl Fn(Option<&Served<'_>>) -> bool) -> Option<f64> {
        let cached = self.pipeline.cached.as_ref();
        cached.map(|_| truth(is(self.hit.as_ref())))
    }

    fn tokens(&self, of: impl Fn(&Outcome) -> Option<u64>) -> Option<f64> {
        let route = self.route()?;
        let tokens = route.outcomes().map(|outcome| Some(of(outcome)? as f64));
        tokens.sum()
    }

    /// A column of a model, that pooled metrics are computed from.
    pub(super) fn column(&self, kind: Kind, model: usize) -> Option<f64> {
        if self.prompt.outcomes.is_empty() || self.pipeline.cascade.is_some() {
            return None;
        }
        let predicted = self.predicted()?;
        match kind {
            Kind::Quality => Some(score(self.prompt, model)),
            Kind::Cost => self.cost(self.prompt, model),
            Kind::Predicted => Some(predicted.get(model)?.score),
            Kind::PredictedCost => {
                let chooser = &self.pipeline.chooser;
                chooser.predicted_cost(self.prompt, model, &self.known.costs)
            }
        }
    }
}
