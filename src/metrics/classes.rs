//! Decisions between more than two classes.

use std::collections::BTreeMap;

/// One value an example, whose mean is the macro-averaged F1 over all classes that are given or decided: the mean of 2 TP / (2 TP + FP + FN) over them. Each
/// value is the figure plus what the example adds to it, the derivative with respect to its weight times the number of examples. Classes are
/// numbers, compared exactly. `None` where there is no example.
///
/// # Panics
/// Where the columns differ in length.
pub fn macro_f1(given: &[f64], decided: &[f64]) -> Option<Vec<f64>> {
    assert_eq!(given.len(), decided.len(), "one decision an example");
    if given.is_empty() {
        return None;
    }
    // For each class how often it is both, and how often it is either.
    let mut classes: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (given, decided) in given.iter().zip(decided) {
        for class in [given, decided] {
            let counts = classes.entry(class.to_bits()).or_default();
            counts.1 += 1.0;
            if given.to_bits() == decided.to_bits() {
                counts.0 += 0.5;
            }
        }
    }
    let (examples, count) = (given.len() as f64, classes.len() as f64);
    let f1 = |(both, either): &(f64, f64)| 2.0 * both / either;
    let value = classes.values().map(f1).sum::<f64>() / count;
    // Of F1 = 2 a / b, a and b being means over the examples, an example with its own a and b has the influence (2 a − F1 b) / b̄.
    let part = |class: f64, right: f64| {
        let counts = classes[&class.to_bits()];
        examples / counts.1 * (2.0 * right - f1(&counts))
    };
    let of_example = |(given, decided): (&f64, &f64)| {
        let parts = if given.to_bits() == decided.to_bits() {
            2.0 * part(*given, 0.5)
        } else {
            part(*given, 0.0) + part(*decided, 0.0)
        };
        value + parts / count
    };
    Some(given.iter().zip(decided).map(of_example).collect())
}
