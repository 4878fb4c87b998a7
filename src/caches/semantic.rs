//! Answers by the meaning of their question: that of the nearest question that is near enough.

use super::guards::{Guard, Traits};
use crate::models::Matrix;

/// A cache that takes a question for one that it holds where the cosine of their vectors reaches a threshold and every guard admits the two.
///
/// Every question is compared: a cache is small beside what its answers cost.
#[derive(Debug, Clone)]
pub struct SemanticCache {
    threshold: Option<f64>,
    guards: Vec<Guard>,
    vectors: Matrix,
    traits: Vec<Traits>,
}

/// The nearest question of a cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Its place, in the order in which questions came in.
    pub place: usize,
    /// The cosine of its vector and that of the question that was asked, -1 to 1, rounded to a millionth: nearer than that vectors of `f32` do not tell
    /// things apart, and what is equally near is not parted by the order of a sum.
    pub similarity: f64,
}

impl SemanticCache {
    /// An empty cache that hits from this similarity on; with no threshold, never.
    pub fn new(threshold: Option<f64>, guards: &[Guard]) -> Self {
        Self {
            threshold,
            guards: guards.to_vec(),
            vectors: Matrix::default(),
            traits: Vec::new(),
        }
    }

    /// The same questions behind another threshold.
    pub fn set_threshold(&mut self, threshold: Option<f64>) {
        self.threshold = threshold;
    }

    /// Takes in a question with its vector, of length 1 or all zeros, and says at which place.
    ///
    /// # Panics
    /// Where the vector has another dimension than those before it.
    pub fn insert(&mut self, question: &str, vector: &[f32]) -> usize {
        self.vectors.push(vector);
        self.traits.push(Traits::of(question));
        self.traits.len() - 1
    }

    /// The question whose answer may be taken for that of this one: the [`Self::nearest`], where it reaches the threshold.
    pub fn get(&self, question: &str, vector: &[f32]) -> Option<Nearest> {
        let nearest = self.nearest(question, vector)?;
        let reaches = |threshold: &f64| nearest.similarity >= *threshold;
        self.threshold
            .as_ref()
            .is_some_and(reaches)
            .then_some(nearest)
    }

    /// The nearest of the questions that the guards admit, whatever its similarity; of equally near ones the first that came in. There is none
    /// for a question of zeros, which is equally near to everything, and a cached question of zeros is never it.
    ///
    /// # Panics
    /// Where the vector has another dimension than the cache's.
    pub fn nearest(&self, question: &str, vector: &[f32]) -> Option<Nearest> {
        let traits = Traits::of(question);
        let mut best: Option<Nearest> = None;
        if is_zero(vector) {
            return None;
        }
        for (place, known) in self.traits.iter().enumerate() {
            let row = self.vectors.row(place);
            let similarity = (dot(row, vector) * 1e6).round() / 1e6;
            let is_nearer = best.is_none_or(|best| similarity > best.similarity);
            if is_nearer
                && !is_zero(row)
                && self.guards.iter().all(|guard| guard.admits(&traits, known))
            {
                best = Some(Nearest { place, similarity });
            }
        }
        best
    }
}

fn is_zero(vector: &[f32]) -> bool {
    vector.iter().all(|value| *value == 0.0)
}

/// Independent partial sums of a dot product: their number fixes the order of summation, on every machine.
const LANES: usize = 16;

fn dot(one: &[f32], other: &[f32]) -> f64 {
    assert_eq!(one.len(), other.len(), "vectors of one dimension");
    let (one, one_rest) = one.as_chunks::<LANES>();
    let (other, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (one, other) in one.iter().zip(other) {
        for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
            *sum += a * b;
        }
    }
    let rest = one_rest.iter().zip(other_rest);
    let rest: f64 = rest.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    rest + sums.iter().map(|sum| f64::from(*sum)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(place: usize, similarity: f64) -> Nearest {
        Nearest { place, similarity }
    }

    fn cache(threshold: Option<f64>, guards: &[Guard]) -> SemanticCache {
        let mut cache = SemanticCache::new(threshold, guards);
        for (place, (question, vector)) in [
            ("Is it unknown?", [0.0, 0.0]),
            ("May I bring 2 dogs?", [1.0, 0.0]),
            ("May I bring 3 dogs?", [1.0, 0.0]),
            ("May I not bring 2 dogs?", [0.8, 0.6]),
            ("What does the canteen cost?", [0.0, 1.0]),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(cache.insert(question, &vector), place);
        }
        cache
    }

    #[test]
    fn the_nearest_answers_from_the_threshold_on_and_the_first_of_equals() {
        let cache = cache(Some(0.75), &[]);
        let ask = |vector: &[f32]| cache.get("Are 3 dogs not allowed?", vector);
        assert_eq!(ask(&[1.0, 0.0]), Some(near(1, 1.0)));
        assert_eq!(ask(&[0.0, 1.0]), Some(near(4, 1.0)));
        assert_eq!(ask(&[0.0, -1.0]), None);
        assert_eq!(cache.nearest("", &[0.0, -1.0]), Some(near(1, 0.0)));
        assert_eq!(ask(&[0.0, 0.0]), None);
        let at = |threshold| self::cache(threshold, &[]).get("?", &[-0.25, 0.5]);
        assert_eq!(at(Some(0.5)), Some(near(4, 0.5)));
        assert_eq!(at(Some(0.500_001)), None);
        assert_eq!(at(None), None);
        assert_eq!(
            SemanticCache::new(Some(-1.0), &[]).get("Anything?", &[1.0, 0.0]),
            None
        );
    }

    #[test]
    fn a_guard_leaves_the_nearest_that_it_admits() {
        let ask = |guards: &[Guard], question: &str| {
            cache(Some(-1.0), guards)
                .get(question, &[1.0, 0.0])
                .map(|nearest| nearest.place)
        };
        let question = "Are 3 dogs allowed?";
        assert_eq!(ask(&[], question), Some(1));
        assert_eq!(ask(&[Guard::Numbers], question), Some(2));
        let question = "Are 2 dogs not allowed?";
        assert_eq!(ask(&[Guard::Numbers], question), Some(1));
        assert_eq!(ask(&[Guard::Negation, Guard::Numbers], question), Some(3));
        assert_eq!(ask(&[Guard::Numbers], "Are 7 dogs allowed?"), None);
    }

    #[test]
    fn a_long_dot_product_is_right() {
        let vector = |step: f64| -> Vec<f32> {
            #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
            let mut vector: Vec<f32> = (0..389)
                .map(|place| (f64::from(place) * step).sin() as f32)
                .collect();
            Matrix::normalise(&mut vector);
            vector
        };
        let (one, other) = (vector(0.37), vector(0.41));
        let plain = |one: &[f32], other: &[f32]| -> f64 {
            let products = one.iter().zip(other);
            products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        assert!((dot(&one, &other) - plain(&one, &other)).abs() < 1e-7);
        let mut cache = SemanticCache::new(Some(1.0), &[]);
        cache.insert("", &other);
        cache.insert("", &one);
        cache.insert("", &one);
        assert_eq!(cache.get("", &one), Some(near(1, 1.0)));
    }
}
