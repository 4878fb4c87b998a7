//! Logistic regression for features of which more is better: no coefficient is below 0, so that none can learn the opposite of what it
//! means from one collection, which is what fails on the next.

/// What is fitted: log-odds = intercept + Σ coefficient × value.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// One a feature, 0 or more.
    pub coefficients: Vec<f64>,
    /// The log-odds where all values are 0.
    pub intercept: f64,
}

impl Model {
    /// The log-odds of a row.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        let terms = self.coefficients.iter().zip(row);
        terms.fold(self.intercept, |sum, (coefficient, value)| {
            sum + coefficient * value
        })
    }
}

/// A row that a model is fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its values, finite.
    pub values: Vec<f64>,
    /// What is true of it.
    pub label: bool,
    /// How much it counts, above 0.
    pub weight: f64,
}

/// Rounds of coordinate descent; it stops where no coefficient moves by [`STILL`] any more.
const ROUNDS: usize = 10_000;
/// A step that is none.
const STILL: f64 = 1e-10;

/// Minimises Σ weight · ln(1 + exp(∓ log-odds)) / Σ weight + l2 / 2 · Σ (coefficient · sd)² under coefficients of 0 and more, sd being the weighted
/// standard deviation of the feature and `l2` above 0: the penalty is that of standardised features. A feature without spread gets 0.
///
/// Coordinate descent with Newton's steps, bounded as Jaakkola and Jordan 2000 bound the logistic: every step goes down, so it ends at the one minimum.
/// In f64 and in a fixed order: the same rows give the same model to the last bit.
///
/// # Panics
/// Where rows have different numbers of values.
pub fn fit(rows: &[Row], l2: f64) -> Model {
    let features = rows.first().map_or(0, |row| row.values.len());
    assert!(
        rows.iter().all(|row| row.values.len() == features),
        "one value a feature"
    );
    let total: f64 = rows.iter().map(|row| row.weight).sum();
    let mean = |of: &dyn Fn(&Row) -> f64| {
        let sum: f64 = rows.iter().map(|row| row.weight * of(row)).sum();
        sum / total
    };
    let centres: Vec<f64> = (0..features)
        .map(|feature| mean(&|row| row.values[feature]))
        .collect();
    let spreads: Vec<f64> = (0..features)
        .map(|feature| mean(&|row| (row.values[feature] - centres[feature]).powi(2)).sqrt())
        .collect();
    let standard = |row: &Row, feature: usize| {
        if spreads[feature] > 1e-12 {
            (row.values[feature] - centres[feature]) / spreads[feature]
        } else {
            0.0
        }
    };
    // The last column is that of the intercept.
    let columns: Vec<Vec<f64>> = (0..features)
        .map(|feature| rows.iter().map(|row| standard(row, feature)).collect())
        .chain([vec![1.0; rows.len()]])
        .collect();
    let mut found = vec![0.0_f64; features + 1];
    let mut odds = vec![0.0_f64; rows.len()];
    for _ in 0..ROUNDS {
        let mut moved = 0.0_f64;
        for (place, column) in columns.iter().enumerate() {
            let (mut slope, mut bend) = (0.0, 0.0);
            for ((row, value), odds) in rows.iter().zip(column).zip(&odds) {
                let chance = 1.0 / (1.0 + (-odds).exp());
                let wanted = f64::from(u8::from(row.label));
                slope += row.weight / total * (chance - wanted) * value;
                bend += row.weight / total * curvature(*odds) * value * value;
            }
            if bend <= 0.0 {
                continue;
            }
            let is_intercept = place == features;
            let penalty = if is_intercept { 0.0 } else { l2 };
            let step = (slope + penalty * found[place]) / (bend + penalty);
            let mut next = found[place] - step;
            if !is_intercept {
                next = next.max(0.0);
            }
            let change = next - found[place];
            found[place] = next;
            moved = moved.max(change.abs());
            for (odds, value) in odds.iter_mut().zip(column) {
                *odds += change * value;
            }
        }
        if moved < STILL {
            break;
        }
    }
    let coefficients: Vec<f64> = (0..features)
        .map(|feature| {
            if spreads[feature] > 1e-12 {
                found[feature] / spreads[feature]
            } else {
                0.0
            }
        })
        .collect();
    let shift: f64 = coefficients
        .iter()
        .zip(&centres)
        .map(|(c, centre)| c * centre)
        .sum();
    Model {
        intercept: found[features] - shift,
        coefficients,
    }
}

/// The least curvature of a parabola that touches ln(1 + exp(−x)) at `odds` and lies above it everywhere: tanh(x / 2) / 2x.
fn curvature(odds: f64) -> f64 {
    if odds.abs() < 1e-6 {
        0.25
    } else {
        (odds / 2.0).tanh() / (2.0 * odds)
    }
}
