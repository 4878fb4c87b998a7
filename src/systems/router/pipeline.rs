//! The stages of a router, one after the other.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context;

use super::cached::{Hit, hits};
use super::cascade::Opened;
use super::choose::Chooser;
use super::classify::Classifier;
use super::config::{Accept, Config, Judge, Trade, Variant};
use super::known::Known;
use super::route::{self, Facts, Route};
use crate::caches::Embeddings;
use crate::data::RoutedPrompt;
use crate::outputs::{Item, Output, Stage, Usage};

/// The stages, by the names that they have in the files.
pub(super) mod stages {
    pub(in super::super) const CACHE: &str = "cache";
    pub(in super::super) const CLASSIFY: &str = "classify";
    pub(in super::super) const PREDICT: &str = "predict";
    pub(in super::super) const CHOOSE: &str = "choose";
    pub(in super::super) const CASCADE: &str = "cascade";
    pub(in super::super) const ASK: &str = "ask";
    pub(in super::super) const ROUTE: &str = "route";
}

/// One variant, ready.
pub(super) struct Pipeline<'a> {
    variant: &'a Variant,
    /// What each prompt is served with from the cache.
    pub(super) cached: Option<Vec<Option<Hit>>>,
    pub(super) classifier: Option<Classifier<'a>>,
    pub(super) chooser: Chooser,
    /// The price of quality by the tenant's tier; that of the variant by no name.
    prices: HashMap<Option<&'a str>, f64>,
    pub(super) cascade: Option<Opened<'a>>,
    fallback: Vec<usize>,
    seed: u64,
    pub(super) digest: Option<String>,
    pub(super) note: String,
}

impl<'a> Pipeline<'a> {
    pub(super) fn open(
        variant: &'a Variant,
        config: &'a Config,
        known: &Known<'_>,
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Self> {
        let division = known.division;
        let is_used = |name: &String| {
            let mut tenants = config.tenants.iter();
            tenants.any(|tenant| tenant.tier.as_ref() == Some(name))
        };
        let tiers = config.tiers.iter().filter(|(name, _)| is_used(name));
        let tiers = tiers.map(|(name, trade)| (Some(name.as_str()), *trade));
        let trades: Vec<(Option<&str>, Trade)> = tiers.chain([(None, variant.trade)]).collect();
        let is_budget = |trade: &Trade| matches!(trade, Trade::UsdPer1k(_));
        let is_judge = variant.cascade.as_ref().is_some_and(|cascade| {
            matches!(
                (cascade.judge, cascade.accept),
                (Judge::Predicted(_), Accept::EscalatedShare(_))
            )
        });
        let crosses = is_judge || trades.iter().any(|(_, trade)| is_budget(trade));
        let chooser = Chooser::new(variant, division, &known.costs, seed, crosses, embeddings)?;
        let price = |(tier, trade): &(Option<&'a str>, Trade)| {
            let price = chooser.price(*trade, &known.costs);
            let price = price.with_context(|| {
                tier.map_or_else(|| "`trade`".to_owned(), |tier| format!("the tier `{tier}`"))
            });
            Ok((*tier, price?))
        };
        let prices: HashMap<Option<&str>, f64> =
            trades.iter().map(price).collect::<anyhow::Result<_>>()?;
        let classifier = match &variant.classify {
            None => None,
            Some(config) => Some(Classifier::open(config, division, seed, embeddings)?),
        };
        let cascade = match &variant.cascade {
            None => None,
            Some(config) => Some(Opened::new(config, &chooser, known, seed)?),
        };
        let fallback = variant.fallback.iter().map(|name| division.model(name));
        let fallback: anyhow::Result<Vec<usize>> = fallback.collect();
        let mut notes = vec![variant.note()];
        if let Some(price) = prices.get(&None).filter(|_| is_budget(&variant.trade)) {
            notes.push(format!("which comes to {price:.4} of quality per USD"));
        }
        if let Some(cascade) = &cascade {
            let accept = cascade.accept;
            notes.push(format!(
                "the first answer stays from a confidence of {accept:.4} on"
            ));
        }
        let mut pipeline = Self {
            digest: chooser.digest.clone(),
            fallback: fallback.context("`fallback`")?,
            variant,
            cached: None,
            classifier,
            chooser,
            prices,
            cascade,
            seed,
            note: notes.join(", "),
        };
        if let Some(cache) = &variant.cache {
            // Only what was answered is held.
            let all: Vec<&RoutedPrompt> = division.test.iter().collect();
            let outputs = pipeline.run(&all, known);
            let answered: Vec<bool> = outputs
                .iter()
                .map(|output| output.error.is_none())
                .collect();
            pipeline.cached = Some(hits(&division.test, &answered, cache, embeddings)?);
        }
        Ok(pipeline)
    }

    pub(super) fn name(&self) -> &str {
        &self.variant.name
    }

    /// What it makes of a batch.
    pub(super) fn run(&self, batch: &[&RoutedPrompt], known: &Known<'_>) -> Vec<Output> {
        // A prompt that is served from the cache gets what the earlier one got, so that one is routed.
        let hits: Vec<Option<Hit>> = batch.iter().map(|prompt| self.hit(prompt, known)).collect();
        let routed = batch.iter().zip(&hits).map(|(prompt, hit)| match hit {
            Some(hit) => &known.division.test[hit.of],
            None => prompt,
        });
        let routed: Vec<&RoutedPrompt> = routed.collect();
        let started = Instant::now();
        let tasks = match &self.classifier {
            None => Ok(vec![None; routed.len()]),
            Some(classifier) => classifier.tell(&routed),
        };
        let classify_ms = share(started, batch.len());
        let started = Instant::now();
        let expected = tasks.and_then(|tasks| {
            let prompts = routed.iter().zip(&tasks);
            let prompts: Vec<(&RoutedPrompt, Option<&str>)> = prompts
                .map(|(prompt, task)| (*prompt, task.as_ref().map(|(task, _)| task.as_str())))
                .collect();
            let expected = self.chooser.expected(&prompts)?;
            Ok((tasks, expected))
        });
        let predict_ms = share(started, batch.len());
        let (tasks, expected) = match expected {
            Ok(found) => found,
            Err(error) => return vec![Output::failed(format!("{error:#}")); batch.len()],
        };
        let batch_size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let timed = |name: &str, items: Vec<Item>, latency_ms: f64, batch_size: u32| Stage {
            name: name.to_owned(),
            items,
            latency_ms,
            batch_size,
            ..Stage::default()
        };
        let models = &known.division.models;
        let of_prompt = |place: usize| {
            let mut stages = Vec::new();
            if let Some(hit) = hits[place] {
                let item = Item {
                    id: routed[place].id.clone(),
                    score: hit.similarity,
                };
                stages.push(timed(stages::CACHE, vec![item], 0.0, 0));
            } else {
                if let Some((task, score)) = &tasks[place] {
                    let item = Item {
                        id: task.clone(),
                        score: *score,
                    };
                    stages.push(timed(stages::CLASSIFY, vec![item], classify_ms, batch_size));
                }
                let predicted = models.iter().zip(&expected[place]);
                let predicted = predicted.map(|(model, score)| Item {
                    id: model.clone(),
                    score: *score,
                });
                stages.push(timed(
                    stages::PREDICT,
                    predicted.collect(),
                    predict_ms,
                    batch_size,
                ));
            }
            let started = Instant::now();
            let chosen = self.choose(routed[place], &expected[place], known);
            let choose_ms = share(started, 1);
            let Some(chosen) = chosen else {
                return Output::failed("no model may answer this tenant");
            };
            let item = |model: usize, score: f64| Item {
                id: models[model].clone(),
                score,
            };
            stages.push(timed(
                stages::CHOOSE,
                vec![item(chosen, expected[place][chosen])],
                choose_ms,
                1,
            ));
            self.answer(
                routed[place],
                chosen,
                &expected[place],
                hits[place].is_some(),
                known,
                stages,
            )
        };
        (0..batch.len()).map(of_prompt).collect()
    }

    /// Cascade and fallback: who is asked, and who answers.
    fn answer(
        &self,
        prompt: &RoutedPrompt,
        chosen: usize,
        expected: &[f64],
        is_hit: bool,
        known: &Known<'_>,
        mut stages: Vec<Stage>,
    ) -> Output {
        let models = &known.division.models;
        if prompt.outcomes.is_empty() {
            return Output {
                stages,
                ..Output::default()
            };
        }
        let may = |model: usize| known.tenant(prompt).is_none_or(|(_, may)| may[model]);
        let mut asked = Vec::new();
        let mut stays = None;
        if let Some(cascade) = self
            .cascade
            .as_ref()
            .filter(|cascade| cascade.first != chosen && may(cascade.first))
        {
            let confidence = cascade.confidence(prompt, Some(expected[cascade.first]));
            let item = Item {
                id: models[cascade.first].clone(),
                score: confidence.unwrap_or(0.0),
            };
            stages.push(Stage {
                name: stages::CASCADE.to_owned(),
                items: vec![item],
                ..Stage::default()
            });
            asked.push(cascade.first);
            stays = confidence
                .filter(|confidence| *confidence >= cascade.accept)
                .map(|_| cascade.first);
        }
        let mut served = stays;
        if served.is_none() {
            for model in self.chain(prompt, chosen, known) {
                let answers = prompt.outcomes[model].error.is_none();
                if !asked.contains(&model) {
                    asked.push(model);
                }
                if answers {
                    served = Some(model);
                    break;
                }
            }
        }
        // An answer that the judge doubts is better than none.
        let doubted = asked
            .first()
            .filter(|model| prompt.outcomes[**model].error.is_none());
        let served = served.or(doubted.copied());
        let route = Route::of(prompt, &asked, served);
        let cost = asked
            .iter()
            .map(|model| known.costs.of(*model, &prompt.outcomes[*model]));
        let judged = self.cascade.as_ref().filter(|cascade| {
            let is_there = prompt.outcomes[cascade.first].error.is_none();
            is_there && stages.iter().any(|stage| stage.name == stages::CASCADE)
        });
        let judge = judged.map_or(0.0, |cascade| cascade.config.judge_cost_usd);
        let usage = Usage {
            calls: u32::try_from(asked.len()).unwrap_or(u32::MAX),
            tokens_in: route.tokens(|outcome| outcome.tokens_in),
            cached_tokens_in: route.tokens(|outcome| outcome.cached_tokens_in),
            tokens_out: route.tokens(|outcome| outcome.tokens_out),
            cost_usd: cost.sum::<Option<f64>>().map(|cost| cost + judge),
            ..Usage::default()
        };
        let item = |model: usize| Item {
            id: models[model].clone(),
            score: expected[model],
        };
        stages.push(Stage {
            name: stages::ASK.to_owned(),
            items: asked.iter().copied().map(item).collect(),
            ..Stage::default()
        });
        let failed = served.is_none().then(|| {
            let error = prompt.outcomes[chosen].error.clone().unwrap_or_default();
            format!(
                "`{}` gave no answer ({error}), nor did any model that `fallback` names",
                models[chosen]
            )
        });
        stages.push(Stage {
            name: stages::ROUTE.to_owned(),
            items: served.into_iter().map(item).collect(),
            usage: (!is_hit).then_some(usage),
            degraded: (served != Some(chosen) && stays.is_none() && served.is_some())
                .then(|| format!("`{}` gave no answer", models[chosen])),
            ..Stage::default()
        });
        Output {
            stages,
            error: failed,
            ..Output::default()
        }
    }

    /// Who is asked after a cascade, as long as nobody answers: the chosen model, then those that the variant falls back on and the tenant allows.
    pub(super) fn chain(
        &self,
        prompt: &RoutedPrompt,
        chosen: usize,
        known: &Known<'_>,
    ) -> impl Iterator<Item = usize> {
        let may = known.tenant(prompt).map(|(_, may)| may.clone());
        let others = self.fallback.clone().into_iter();
        let others = others
            .filter(move |model| *model != chosen && may.as_ref().is_none_or(|may| may[*model]));
        std::iter::once(chosen).chain(others)
    }

    fn hit(&self, prompt: &RoutedPrompt, known: &Known<'_>) -> Option<Hit> {
        let place = known.places.get(prompt.id.as_str())?;
        self.cached.as_ref()?[*place]
    }

    /// The model that a prompt goes to, of those that its tenant allows.
    fn choose(&self, prompt: &RoutedPrompt, expected: &[f64], known: &Known<'_>) -> Option<usize> {
        let tenant = known.tenant(prompt);
        let tier = tenant.and_then(|(tenant, _)| tenant.tier.as_deref());
        let price = self
            .prices
            .get(&tier)
            .or_else(|| self.prices.get(&None))
            .copied()?;
        let all = vec![true; expected.len()];
        let may = tenant.map_or(&all, |(_, may)| may);
        self.chooser
            .choose(prompt, expected, may, price, self.seed, &known.costs)
    }

    /// What is known of a prompt and what was made of it.
    pub(super) fn facts<'f>(
        &'f self,
        prompt: &'f RoutedPrompt,
        output: &'f Output,
        known: &'f Known<'f>,
    ) -> Facts<'f> {
        let hit = self.hit(prompt, known).map(|hit| {
            let own = known.places.get(prompt.id.as_str());
            let meanings = &known.division.meanings;
            let is_right = own.is_some_and(|own| meanings[*own] == meanings[hit.of]);
            route::Served {
                prompt: &known.division.test[hit.of],
                exact: hit.exact,
                is_right,
            }
        });
        Facts {
            prompt,
            output,
            known,
            hit,
            pipeline: self,
        }
    }
}

/// Wall time in shares of the prompts that it served.
fn share(started: Instant, prompts: usize) -> f64 {
    started.elapsed().as_secs_f64() * 1e3 / prompts.max(1) as f64
}
