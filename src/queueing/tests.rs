use serde_json::Value;

use super::*;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/moderation_queueing.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn assert_close(found: f64, golden: f64, share: f64, of: &str) {
    let slack = share * golden.abs().max(1e-300);
    assert!((found - golden).abs() <= slack, "{of}: {found} {golden}");
}

fn queue_of(case: &Value) -> Queue {
    let servers = case["servers"].as_u64().unwrap();
    Queue::new(
        number(&case["arrivals_per_s"]),
        number(&case["handling_s"]),
        servers,
    )
    .unwrap()
}

#[test]
fn formulas_are_those_of_exact_sums() {
    for case in golden()["cases"].as_array().unwrap() {
        let queue = queue_of(case);
        let blocking = erlang_b(queue.load_erlangs(), queue.servers());
        assert_close(blocking, number(&case["erlang_b"]), 1e-11, "B");
        assert_close(queue.waiting(), number(&case["waiting"]), 1e-11, "C");
        assert_close(
            queue.mean_wait_s(),
            number(&case["mean_wait_s"]),
            1e-10,
            "mean wait",
        );
        for pair in case["within"].as_array().unwrap() {
            let found = queue.service_level(number(&pair[0]));
            assert_close(found, number(&pair[1]), 1e-10, "service level");
        }
        for pair in case["wait_quantiles_s"].as_array().unwrap() {
            let found = queue.wait_quantile_s(number(&pair[0]));
            assert!((found - number(&pair[1])).abs() < 1e-8, "{found} {pair}");
        }
        for pair in case["age_quantiles_s"].as_array().unwrap() {
            let found = queue.age_quantile_s(number(&pair[0]));
            assert_close(found, number(&pair[1]), 1e-7, "age");
            assert_close(
                queue.older_than(found),
                1.0 - number(&pair[0]),
                1e-9,
                "older",
            );
        }
    }
}

/// Two million items one by one: their figures scatter, most under a heavy load.
#[test]
fn formulas_are_what_a_simulation_finds() {
    let mut checked = 0;
    for case in golden()["cases"].as_array().unwrap() {
        let Some(simulated) = case.get("simulated") else {
            continue;
        };
        let queue = queue_of(case);
        let slack = 0.006 / (1.0 - queue.utilisation());
        assert_close(queue.waiting(), number(&simulated["waiting"]), slack, "C");
        assert_close(
            queue.mean_wait_s(),
            number(&simulated["mean_wait_s"]),
            slack,
            "wait",
        );
        let (wait, age) = (queue.wait_quantile_s(0.95), queue.age_quantile_s(0.95));
        assert_close(wait, number(&simulated["p95_wait_s"]), slack, "P95 wait");
        assert_close(age, number(&simulated["p95_age_s"]), slack, "P95 age");
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn a_hundred_thousand_servers_are_no_trouble() {
    for case in golden()["large"].as_array().unwrap() {
        let (load, servers) = (number(&case[0]), case[1].as_u64().unwrap());
        // Down to the size of the least floats, which have few digits.
        let (blocking, waiting) = (number(&case[2]), number(&case[3]));
        assert_close(erlang_b(load, servers), blocking, 1e-9, "B");
        assert_close(erlang_c(load, servers), waiting, 1e-9, "C");
    }
    let queue = Queue::staffed(1_600.0, 60.0, 60.0, 0.95).unwrap();
    assert!((96_001..96_100).contains(&queue.servers()));
    assert!(queue.age_quantile_s(0.95).is_finite());
}

#[test]
fn staffing_is_the_least_that_is_enough() {
    for case in golden()["staffed"].as_array().unwrap() {
        let [arrivals, handling, within, share] = [0, 1, 2, 3].map(|k| number(&case[k]));
        let queue = Queue::staffed(arrivals, handling, within, share).unwrap();
        assert_eq!(queue.servers(), case[4].as_u64().unwrap(), "{case}");
        assert!(queue.service_level(within) >= share);
        let fewer = Queue::new(arrivals, handling, queue.servers() - 1).unwrap();
        assert!(fewer.service_level(within) < share);
    }
    let reviewers = Queue::staffed(440_000.0 / 86_400.0, 60.0, 300.0, 0.9).unwrap();
    assert_eq!(reviewers.servers(), 307);
    assert!((reviewers.load_erlangs() - 305.555_555_6).abs() < 1e-6);
}

#[test]
fn what_grows_without_end_has_infinite_waits() {
    for servers in [0, 1, 2] {
        let queue = Queue::new(2.0, 1.0, servers).unwrap();
        assert!(!queue.is_stable());
        let (waiting, level) = (queue.waiting(), queue.service_level(1e9));
        assert_eq!((waiting, level, queue.utilisation()), (1.0, 0.0, 1.0));
        let waits = (queue.wait_quantile_s(0.5), queue.age_quantile_s(0.5));
        assert_eq!(waits, (f64::INFINITY, f64::INFINITY));
        assert_eq!(
            (queue.mean_wait_s(), queue.older_than(1e9)),
            (f64::INFINITY, 1.0)
        );
    }
    for (arrivals, handling) in [
        (-1.0, 1.0),
        (1.0, 0.0),
        (f64::NAN, 1.0),
        (1.0, f64::INFINITY),
    ] {
        assert_eq!(Queue::new(arrivals, handling, 1), None);
    }
    assert_eq!(Queue::staffed(1.0, 1.0, 1.0, 1.0), None);
    assert_eq!(Queue::staffed(1.0, 1.0, 1.0, f64::NAN), None);
}

#[test]
fn nothing_to_do_waits_for_nothing() {
    let idle = Queue::staffed(0.0, 60.0, 0.0, 0.999).unwrap();
    assert_eq!(
        (idle.servers(), idle.waiting(), idle.mean_wait_s()),
        (1, 0.0, 0.0)
    );
    assert_eq!(
        (idle.wait_quantile_s(0.99), idle.wait_quantile_s(1.0)),
        (0.0, 0.0)
    );
    // Only the handling is left: −τ ln 0.05.
    assert!((idle.age_quantile_s(0.95) - 179.743_936).abs() < 1e-5);
}

/// Of one server, Pollaczek and Khinchine's mean wait is this one exactly: for handling times that do not vary, half of it.
#[test]
fn even_handling_halves_the_wait() {
    let queue = Queue::new(0.8, 1.0, 1).unwrap();
    assert!((queue.mean_wait_s() - 4.0).abs() < 1e-12);
    assert!((queue.mean_wait_of_s(1.0, 0.0) - 2.0).abs() < 1e-12);
}
