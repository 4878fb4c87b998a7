//! How fast a server may be asked: two token buckets over all threads, and a pause that the server asked for.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::chat::ChatConfig;
use crate::models::http::lock;

/// How fast a server may be asked.
pub(super) struct Limits {
    requests: Option<Mutex<Bucket>>,
    tokens: Option<Mutex<Bucket>>,
    /// Nothing is sent before.
    pause: Mutex<Instant>,
}

impl Limits {
    pub(super) fn new(config: &ChatConfig) -> Self {
        let now = Instant::now();
        let bucket =
            |per_minute: Option<u64>| Some(Mutex::new(Bucket::new(per_minute? as f64 / 60.0, now)));
        Self {
            requests: bucket(config.requests_per_minute),
            tokens: bucket(config.tokens_per_minute),
            pause: Mutex::new(now),
        }
    }

    /// Waits until a request of about so many tokens may be sent.
    pub(super) fn wait(&self, tokens: u64) {
        let take = |bucket: &Option<Mutex<Bucket>>, amount: u64| {
            let bucket = bucket.as_ref();
            bucket.map_or(Duration::ZERO, |bucket| {
                lock(bucket).take(amount as f64, Instant::now())
            })
        };
        let wait = take(&self.requests, 1).max(take(&self.tokens, tokens));
        std::thread::sleep(wait);
        loop {
            let until = *lock(&self.pause);
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            std::thread::sleep(wait);
        }
    }

    /// Corrects what a request took for what it used.
    pub(super) fn correct(&self, taken: u64, used: u64) {
        if let Some(bucket) = &self.tokens {
            lock(bucket).level += taken as f64 - used as f64;
        }
    }

    /// Lets nothing be sent for so long: the server said to all what it said to one.
    pub(super) fn pause(&self, wait: Duration) {
        let mut pause = lock(&self.pause);
        *pause = (*pause).max(Instant::now() + wait);
    }
}

/// A token bucket that holds what comes in a second. Whatever is in it or not, the next one may take, and who comes after
/// waits until that is made up for: a request above a second's worth passes too, and the mean is kept.
struct Bucket {
    /// What comes in a second.
    rate: f64,
    level: f64,
    filled: Instant,
}

impl Bucket {
    fn new(rate: f64, now: Instant) -> Self {
        Self {
            rate,
            level: rate,
            filled: now,
        }
    }

    /// Takes an amount out, and says how long to wait before it is used.
    fn take(&mut self, amount: f64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.level = (self.level + passed * self.rate).min(self.rate);
        self.filled = now;
        let missing = (-self.level / self.rate).max(0.0);
        self.level -= amount;
        Duration::from_secs_f64(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_keeps_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2.0, start);
        // A burst of a second's worth and one more, then one each half second.
        let waits: Vec<f64> = (0..6)
            .map(|_| bucket.take(1.0, start).as_secs_f64())
            .collect();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.5, 1.0, 1.5]);
        // A long time later no more than a second's worth has gathered.
        let later = start + Duration::from_secs(1000);
        let waits: Vec<f64> = (0..4)
            .map(|_| bucket.take(1.0, later).as_secs_f64())
            .collect();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.5]);
        // What is larger than the bucket passes, and the next one makes up for it.
        let later = later + Duration::from_secs(1000);
        assert_eq!(bucket.take(100.0, later), Duration::ZERO);
        assert_eq!(bucket.take(1.0, later), Duration::from_secs(49));
    }

    #[test]
    fn what_was_not_used_is_given_back() {
        let start = Instant::now();
        let limits = Limits {
            requests: None,
            tokens: Some(Mutex::new(Bucket::new(10.0, start))),
            pause: Mutex::new(start),
        };
        let take = |amount: f64| lock(limits.tokens.as_ref().unwrap()).take(amount, start);
        assert_eq!(take(1010.0), Duration::ZERO);
        assert_eq!(take(1.0), Duration::from_secs(100));
        limits.correct(1010, 30);
        assert_eq!(take(1.0), Duration::from_millis(2100));
    }
}
