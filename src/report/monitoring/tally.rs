//! Counting: what components did over the examples of one slice.

use super::TOTAL;
use super::figures::{Component, What, place_of};
use crate::metrics::statistics::quantile;
use crate::outputs::{Output, Pass, Stage, Usage};

/// What a component did over the examples of a slice.
#[derive(Default)]
struct Tally {
    /// A clock per answer that it had a part in.
    clocks_ms: Vec<f64>,
    batch_size_max: u32,
    ttft_ms: Vec<f64>,
    inter_token_ms: Vec<f64>,
    calls: u64,
    cached_calls: u64,
    tokens_in: u64,
    cached_tokens_in: u64,
    tokens_out: u64,
    cost_usd: f64,
    /// Answers in which it was degraded.
    degraded: u64,
}

impl Tally {
    fn add_usage(&mut self, usage: &Usage) {
        self.calls += u64::from(usage.calls);
        self.cached_calls += u64::from(usage.cached_calls);
        self.tokens_in += usage.tokens_in;
        self.cached_tokens_in += usage.cached_tokens_in;
        self.tokens_out += usage.tokens_out;
        self.cost_usd += usage.cost_usd.unwrap_or(0.0);
        self.ttft_ms.extend(usage.ttft_ms);
        self.inter_token_ms.extend(usage.inter_token_ms);
    }

    /// Its rows over so many examples; `all_ms` is the time of all components.
    fn rows(mut self, component: &Component, examples: u64, all_ms: f64) -> Vec<(What, u64, f64)> {
        let mut rows = Vec::new();
        let clocks = self.clocks_ms.len() as u64;
        if clocks > 0 {
            let time_ms: f64 = self.clocks_ms.iter().sum();
            rows.push((What::LatencyMean, clocks, time_ms / clocks as f64));
            quantiles(&mut rows, &mut self.clocks_ms, &LATENCIES);
            if !component.aside && all_ms > 0.0 {
                rows.push((What::LatencyShare, clocks, time_ms / all_ms));
            }
            rows.push((
                What::BatchSizeMax,
                clocks,
                f64::from(self.batch_size_max.max(1)),
            ));
        }
        let [ttft, inter_token] = [
            [(What::TtftP50, 0.50), (What::TtftP95, 0.95)],
            [(What::InterTokenP50, 0.50), (What::InterTokenP95, 0.95)],
        ];
        // Of all stages together they would be a mixture of waits that no user has.
        if component.name != TOTAL {
            quantiles(&mut rows, &mut self.ttft_ms, &ttft);
            quantiles(&mut rows, &mut self.inter_token_ms, &inter_token);
        }
        let per_example = |value: f64| value / examples as f64;
        if component.asks && examples > 0 {
            for (what, count) in [
                (What::Calls, self.calls),
                (What::CachedCalls, self.cached_calls),
                (What::TokensIn, self.tokens_in),
                (What::CachedTokensIn, self.cached_tokens_in),
                (What::TokensOut, self.tokens_out),
            ] {
                rows.push((what, examples, per_example(count as f64)));
            }
            if component.priced {
                rows.push((What::Cost, examples, per_example(self.cost_usd)));
            }
        }
        if examples > 0 {
            let rate = per_example(self.degraded as f64);
            rows.push((What::DegradedRate, examples, rate));
        }
        rows
    }
}

const LATENCIES: [(What, f64); 3] = [
    (What::LatencyP50, 0.50),
    (What::LatencyP95, 0.95),
    (What::LatencyP99, 0.99),
];

fn quantiles(rows: &mut Vec<(What, u64, f64)>, values: &mut [f64], asked: &[(What, f64)]) {
    values.sort_unstable_by(f64::total_cmp);
    if !values.is_empty() {
        let row = |&(what, p): &(What, f64)| (what, values.len() as u64, quantile(values, p));
        rows.extend(asked.iter().map(row));
    }
}

/// The rows of all components over the outputs of one slice, component by component.
pub(super) fn of_slice<'c>(
    outputs: &[&Output],
    components: &'c [Component],
) -> Vec<(&'c Component, What, u64, f64)> {
    let mut tallies: Vec<Tally> = components.iter().map(|_| Tally::default()).collect();
    let total = components.len() - 1;
    for output in outputs {
        add_clocks(&mut tallies, output, components);
        let mut degraded = vec![false; components.len()];
        for stage in &output.stages {
            let Some(place) = place_of(components, &stage.name, stage.aside) else {
                continue;
            };
            let places = [Some(place), (!stage.aside).then_some(total)];
            for place in places.into_iter().flatten() {
                if let Some(usage) = &stage.usage {
                    tallies[place].add_usage(usage);
                }
                degraded[place] |= stage.degraded.is_some();
            }
        }
        for (tally, degraded) in tallies.iter_mut().zip(degraded) {
            tally.degraded += u64::from(degraded);
        }
    }
    let examples = outputs.len() as u64;
    let all_ms: f64 = tallies[total].clocks_ms.iter().sum();
    let mut rows: Vec<_> = components
        .iter()
        .zip(tallies)
        .flat_map(|(component, tally)| {
            let rows = tally.rows(component, examples, all_ms).into_iter();
            rows.map(move |(what, n, value)| (component, what, n, value))
        })
        .collect();
    let of_answers = answers(outputs).into_iter();
    rows.extend(of_answers.map(|(what, n, value)| (&components[total], what, n, value)));
    rows
}

/// Adds the clocks of one answer: a sum per component and call, and one over all that are not aside.
fn add_clocks(tallies: &mut [Tally], output: &Output, components: &[Component]) {
    let total = components.len() - 1;
    for call in calls(output) {
        let mut sums: Vec<Option<f64>> = vec![None; components.len()];
        for clock in call {
            let place = place_of(components, clock.stage, clock.aside);
            let places = [place, (!clock.aside).then_some(total)];
            for place in places.into_iter().flatten() {
                *sums[place].get_or_insert(0.0) += clock.latency_ms;
                let most = &mut tallies[place].batch_size_max;
                *most = clock.batch_size.max(*most);
            }
        }
        for (tally, sum) in tallies.iter_mut().zip(sums) {
            tally.clocks_ms.extend(sum);
        }
    }
}

/// How long one stage took in one call.
struct Clock<'a> {
    stage: &'a str,
    aside: bool,
    latency_ms: f64,
    batch_size: u32,
}

/// The clocks of every call that made the answer: one, or more where variants were alternated.
fn calls<'a>(output: &'a Output) -> Vec<Vec<Clock<'a>>> {
    let of_stage = |stage: &'a Stage| Clock {
        stage: &stage.name,
        aside: stage.aside,
        latency_ms: stage.latency_ms,
        batch_size: stage.batch_size,
    };
    let of_pass = |pass: &'a Pass| {
        let clock = |(stage, latency_ms): &'a (String, f64)| Clock {
            stage,
            aside: false,
            latency_ms: *latency_ms,
            batch_size: pass.batch_size,
        };
        pass.latencies_ms.iter().map(clock).collect()
    };
    if output.passes.is_empty() {
        let timed = output.stages.iter().filter(|stage| stage.batch_size > 0);
        vec![timed.map(of_stage).collect()]
    } else {
        output.passes.iter().map(of_pass).collect()
    }
}

/// What became of the answers: rates, and how sure the system was.
fn answers(outputs: &[&Output]) -> Vec<(What, u64, f64)> {
    let mut rows = Vec::new();
    let examples = outputs.len() as u64;
    if examples > 0 {
        let errors = outputs.iter().filter(|o| o.error.is_some()).count();
        rows.push((What::ErrorRate, examples, errors as f64 / examples as f64));
    }
    let answers: Vec<_> = outputs.iter().filter_map(|o| o.answer.as_ref()).collect();
    let n = answers.len() as u64;
    if n > 0 {
        let refused = answers.iter().filter(|answer| answer.refused).count();
        let review = answers.iter().filter(|answer| answer.review).count();
        let confidence: f64 = answers.iter().map(|answer| answer.confidence).sum();
        rows.push((What::RefusalRate, n, refused as f64 / n as f64));
        rows.push((What::ReviewRate, n, review as f64 / n as f64));
        rows.push((What::ConfidenceMean, n, confidence / n as f64));
    }
    rows
}
