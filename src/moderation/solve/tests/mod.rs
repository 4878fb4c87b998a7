mod brute_force;

use super::*;
use brute_force::brute_force;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    /// A multiple of 1/`parts` below `end`.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn dyadic(&mut self, parts: u64, end: u64) -> f64 {
        self.below(end * parts) as f64 / parts as f64
    }
}

struct Posts {
    labels: Vec<bool>,
    probabilities: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Posts {
    fn random(random: &mut Random, most: u64) -> Self {
        let count = 2 + random.below(most - 1);
        let ties = [2, 8, 64, 1 << 20][usize::try_from(random.below(4)).unwrap()];
        let rare = 1 + random.below(8);
        let mut labels: Vec<bool> = (0..count).map(|_| random.below(10) < rare).collect();
        labels[0] = true;
        labels[1] = false;
        let probabilities = (0..count).map(|_| random.dyadic(ties, 1)).collect();
        let weights = (random.below(3) == 0).then(|| {
            let mut weights: Vec<f64> = (0..count).map(|_| random.dyadic(4, 3)).collect();
            weights[0] = 1.0;
            weights[1] = 0.75;
            weights
        });
        Self {
            labels,
            probabilities,
            weights,
        }
    }
}

fn random_objective(random: &mut Random, count: f64) -> Objective {
    Objective {
        cost_false_positive: random.dyadic(4, 4),
        cost_false_negative: random.dyadic(4, 8),
        cost_review: random.dyadic(16, 1),
        reviewer_error: [0.0, 0.0, 0.125, 0.5][usize::try_from(random.below(4)).unwrap()],
        review_capacity: match random.below(3) {
            0 => Some(Capacity::Share(random.dyadic(32, 1))),
            1 => Some(Capacity::Count((count * random.dyadic(64, 1)).floor())),
            _ => None,
        },
        max_false_positive_rate: (random.below(2) == 0).then(|| random.dyadic(64, 1)),
    }
}

#[test]
fn no_pair_of_cuts_costs_less() {
    let mut random = Random(26);
    let (mut reviewed, mut bound, mut rejected) = (0, 0, 0);
    for instance in 0..6_000 {
        let posts = Posts::random(&mut random, if instance % 500 == 0 { 200 } else { 24 });
        let objective = random_objective(&mut random, f64::from(24));
        let solved = objective
            .solve(
                &posts.labels,
                &posts.probabilities,
                posts.weights.as_deref(),
            )
            .unwrap();
        assert_eq!(
            solved,
            brute_force(&objective, &posts),
            "instance {instance}: {objective:?}"
        );
        let free = Objective {
            review_capacity: None,
            max_false_positive_rate: None,
            ..objective
        };
        let unbound = free
            .solve(
                &posts.labels,
                &posts.probabilities,
                posts.weights.as_deref(),
            )
            .unwrap();
        reviewed += u32::from(solved.reviews > 0.0);
        rejected += u32::from(solved.reject_from.is_some());
        bound += u32::from(unbound.cost < solved.cost);
    }
    // The instances are of all kinds.
    assert!(
        reviewed > 600 && bound > 600 && rejected > 600,
        "{reviewed} {bound} {rejected}"
    );
}

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    labels: Vec<bool>,
    probabilities: Vec<f64>,
    weights: Option<Vec<f64>>,
    objective: Objective,
    solved: Solved,
}

#[test]
fn it_finds_what_exact_fractions_find() {
    let golden = include_str!("../../../../tests/golden/moderation_solve.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    assert_eq!(golden.cases.len(), 162);
    for (place, case) in golden.cases.iter().enumerate() {
        let solved = case
            .objective
            .solve(&case.labels, &case.probabilities, case.weights.as_deref())
            .unwrap();
        assert_eq!(solved, case.solved, "case {place}");
    }
}

fn objective() -> Objective {
    toml::from_str("cost_false_positive = 1\ncost_false_negative = 4\ncost_review = 0.5").unwrap()
}

#[test]
fn weights_stand_for_posts_that_come_so_often() {
    let mut random = Random(7);
    for _ in 0..200 {
        let mut posts = Posts::random(&mut random, 16);
        let objective = random_objective(&mut random, 16.0);
        let times: Vec<u8> = (0..posts.labels.len())
            .map(|place| {
                u8::try_from(random.below(4))
                    .unwrap()
                    .max(u8::from(place < 2))
            })
            .collect();
        posts.weights = Some(times.iter().map(|times| f64::from(*times)).collect());
        let weighted = objective
            .solve(
                &posts.labels,
                &posts.probabilities,
                posts.weights.as_deref(),
            )
            .unwrap();
        let places = (0..times.len()).flat_map(|place| vec![place; usize::from(times[place])]);
        let (labels, probabilities): (Vec<bool>, Vec<f64>) = places
            .map(|place| (posts.labels[place], posts.probabilities[place]))
            .unzip();
        let repeated = objective.solve(&labels, &probabilities, None).unwrap();
        assert_eq!(weighted, repeated);
    }
}

#[test]
fn thresholds_tell_the_posts_apart_that_they_were_solved_on() {
    // Neighbours among the floating-point numbers have nothing between them.
    let mut low = 0.3_f64;
    for _ in 0..2 {
        let high = low.next_up();
        let solved = objective()
            .solve(&[false, true], &[low, high], None)
            .unwrap();
        assert_eq!(solved.review_from, Some(high));
        assert_eq!((solved.reject_from, solved.cost), (Some(high), 0.0));
        // The middle is rounded up between these two, and down between the next.
        low = high;
    }
    // Zero has one place, whatever its sign, and a threshold below all is zero.
    let solved = objective()
        .solve(&[true, false, true, true], &[-0.0, 0.0, 0.0, 1.0], None)
        .unwrap();
    assert_eq!(solved.reject_from, Some(0.0));
    assert_eq!(
        (solved.review_from, solved.false_positives),
        (Some(0.0), 1.0)
    );
    // Nothing at all is rejected where that costs more than it is worth.
    let dear = Objective {
        cost_false_positive: 100.0,
        cost_review: 100.0,
        ..objective()
    };
    let solved = dear.solve(&[true, false], &[0.5, 0.5], None).unwrap();
    assert_eq!((solved.review_from, solved.reject_from), (None, None));
}

#[test]
fn large_sets_are_solved_as_small_ones_are() {
    // Scores from a grid: the second set is the first one 2,000 times over.
    let mut random = Random(3);
    let posts = Posts::random(&mut random, 150);
    let objective = Objective {
        review_capacity: Some(Capacity::Share(0.125)),
        ..objective()
    };
    let small = objective
        .solve(&posts.labels, &posts.probabilities, None)
        .unwrap();
    let (labels, probabilities) = (posts.labels.repeat(2000), posts.probabilities.repeat(2000));
    let large = objective.solve(&labels, &probabilities, None).unwrap();
    assert_eq!(
        (large.review_from, large.reject_from),
        (small.review_from, small.reject_from)
    );
    assert_eq!(
        (large.cost, large.reviews),
        (2000.0 * small.cost, 2000.0 * small.reviews)
    );
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let fails =
        |objective: &Objective, labels: &[bool], scores: &[f64], weights: Option<&[f64]>| {
            objective
                .solve(labels, scores, weights)
                .unwrap_err()
                .to_string()
        };
    let plain = objective();
    let both = [true, false];
    for (error, expected) in [
        (
            fails(&plain, &[], &[], None),
            "none of the 0 posts is a violation",
        ),
        (
            fails(&plain, &[true], &[0.5], None),
            "none of the 1 posts is harmless",
        ),
        (
            fails(&plain, &both, &[0.5, 0.5], Some(&[0.0, 1.0])),
            "is a violation",
        ),
        (
            fails(&plain, &both, &[0.5], None),
            "2 labels, 1 probabilities",
        ),
        (
            fails(&plain, &both, &[0.5, f64::NAN], None),
            "post 2 is NaN",
        ),
        (fails(&plain, &both, &[-0.1, 0.5], None), "post 1 is -0.1"),
        (
            fails(&plain, &both, &[0.1, 0.5], Some(&[1.0, -1.0])),
            "weight of post 2 is -1",
        ),
        (
            fails(&plain, &both, &[0.1, 0.5], Some(&[1.0, f64::INFINITY])),
            "is inf",
        ),
        (
            fails(
                &plain,
                &[true, true, false],
                &[0.1; 3],
                Some(&[f64::MAX, f64::MAX, 1.0]),
            ),
            "too large",
        ),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let fails = |changed: &str| {
        let text = format!("cost_false_negative = 4\n{changed}");
        let objective: Objective = toml::from_str(&text).unwrap();
        objective.validate().unwrap_err().to_string()
    };
    for (changed, expected) in [
        ("cost_false_positive = -1", "`cost_false_positive` is -1"),
        ("cost_false_positive = nan", "`cost_false_positive` is NaN"),
        (
            "cost_false_positive = 1\ncost_review = inf",
            "`cost_review` is inf",
        ),
        (
            "cost_false_positive = 1\nreviewer_error = 0.6",
            "`reviewer_error` is 0.6",
        ),
        (
            "cost_false_positive = 1\nreview_capacity = { share = 2 }",
            "`review_capacity.share` is 2",
        ),
        (
            "cost_false_positive = 1\nreview_capacity = { count = -2 }",
            "count` is -2",
        ),
        (
            "cost_false_positive = 1\nmax_false_positive_rate = 1.5",
            "rate` is 1.5",
        ),
    ] {
        assert!(fails(changed).contains(expected), "{changed}");
    }
}

#[test]
fn without_data_the_costs_tell_the_threshold() {
    assert_eq!(cost_threshold(1.0, 3.0), Some(0.25));
    assert_eq!(cost_threshold(0.0, 3.0), Some(0.0));
    assert_eq!(cost_threshold(2.0, 0.0), Some(1.0));
    assert_eq!(cost_threshold(f64::MAX, f64::MAX), Some(0.5));
    assert_eq!(cost_threshold(0.0, 0.0), None);
    assert_eq!(cost_threshold(-1.0, 3.0), None);
    assert_eq!(cost_threshold(1.0, f64::NAN), None);
    // On posts whose probabilities are what they say, the solved threshold is the same up to the grid.
    let (mut labels, mut probabilities, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..=100 {
        let probability = f64::from(place) / 100.0;
        for (label, weight) in [(true, probability), (false, 1.0 - probability)] {
            labels.push(label);
            probabilities.push(probability);
            weights.push(weight);
        }
    }
    let calibrated = Objective {
        cost_review: 100.0,
        ..objective()
    };
    let solved = calibrated
        .solve(&labels, &probabilities, Some(&weights))
        .unwrap();
    let reject_from = solved.reject_from.unwrap();
    assert!(
        (reject_from - cost_threshold(1.0, 4.0).unwrap()).abs() <= 0.01,
        "{reject_from}"
    );
}
