//! Queues for several servers alike, such as reviewers of posts: Erlang's formulas for Poisson arrivals and exponential handling times (M/M/c), first come,
//! first served, nobody gives up.
//!
//! With the load a = λ τ in Erlang (arrivals per second times mean handling time), c servers and the blocking probability B of a queue without places to
//! wait, the probability of waiting is C = c B / (c − a (1 − B)), a wait exceeds t with probability C e^(−(c − a) t / τ), and is C τ / (c − a) in the mean.
//! So it has an atom at 0.
//!
//! Source: Erlang 1917, "Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges"; Kleinrock 1975,
//! "Queueing systems", volume 1, chapter 3. Where there are no fewer Erlang than servers, the queue grows without end: waits are infinite.

/// A queue. Its fields are as they should be where [`Queue::new`] made it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Queue {
    arrivals_per_s: f64,
    handling_s: f64,
    servers: u64,
}

impl Queue {
    /// Items that arrive so often in the mean, at `servers` servers that take `handling_s` seconds for each in the mean. `None` where a number is negative,
    /// infinite or not a number, or the handling time is 0.
    pub fn new(arrivals_per_s: f64, handling_s: f64, servers: u64) -> Option<Self> {
        let possible =
            arrivals_per_s >= 0.0 && handling_s > 0.0 && (arrivals_per_s * handling_s).is_finite();
        (possible && handling_s.is_finite() && arrivals_per_s.is_finite()).then_some(Self {
            arrivals_per_s,
            handling_s,
            servers,
        })
    }

    /// The least number of servers with which at least `share` of the items, 0..1, wait no longer than `within_s` seconds. `None` where [`Queue::new`] gives
    /// none, or `share` is not below 1.
    ///
    /// One pass of the recursion of [`erlang_b`]: 100,000 servers take less than a millisecond.
    pub fn staffed(
        arrivals_per_s: f64,
        handling_s: f64,
        within_s: f64,
        share: f64,
    ) -> Option<Self> {
        let mut queue = Self::new(arrivals_per_s, handling_s, 0)?;
        let load = queue.load_erlangs();
        if share >= 1.0 || share.is_nan() {
            return None;
        }
        let mut blocking = 1.0;
        loop {
            queue.servers += 1;
            blocking = next_blocking(load, queue.servers, blocking);
            let waiting = waiting(load, queue.servers, blocking);
            if queue.exceeds(waiting, within_s) <= 1.0 - share {
                return Some(queue);
            }
        }
    }

    /// How many servers there are.
    pub fn servers(&self) -> u64 {
        self.servers
    }

    /// The load in Erlang: how many servers are busy in the mean, where there are enough of them.
    pub fn load_erlangs(&self) -> f64 {
        self.arrivals_per_s * self.handling_s
    }

    /// The share of the servers that is busy in the mean, 0..=1; 1 where the queue grows without end.
    pub fn utilisation(&self) -> f64 {
        if self.is_stable() {
            self.load_erlangs() / self.servers as f64
        } else {
            1.0
        }
    }

    /// Whether the queue does not grow without end.
    pub fn is_stable(&self) -> bool {
        self.load_erlangs() < self.servers as f64
    }

    /// The probability that an item waits at all, Erlang's C. 1 where the queue grows without end.
    pub fn waiting(&self) -> f64 {
        erlang_c(self.load_erlangs(), self.servers)
    }

    /// The probability that an item waits longer than so many seconds.
    pub fn waiting_beyond(&self, seconds: f64) -> f64 {
        self.exceeds(self.waiting(), seconds)
    }

    /// The share of the items that wait no longer than so many seconds: the service level.
    pub fn service_level(&self, within_s: f64) -> f64 {
        1.0 - self.waiting_beyond(within_s)
    }

    /// The mean wait in seconds.
    pub fn mean_wait_s(&self) -> f64 {
        if self.is_stable() {
            self.waiting() / self.drain_per_s()
        } else {
            f64::INFINITY
        }
    }

    /// The mean wait in seconds of other arrivals and handling times than these, by [`allen_cunneen`].
    pub fn mean_wait_of_s(&self, arrivals: f64, handling: f64) -> f64 {
        self.mean_wait_s() * allen_cunneen(arrivals, handling)
    }

    /// The wait in seconds that a share `probability` of the items, 0..1, does not exceed; 0 where so many do not wait.
    pub fn wait_quantile_s(&self, probability: f64) -> f64 {
        if !self.is_stable() {
            return f64::INFINITY;
        }
        let beyond = self.waiting() / (1.0 - probability);
        beyond.ln().max(0.0) / self.drain_per_s()
    }

    /// The probability that an item is older than so many seconds when it is done: that its wait and its handling together take longer.
    ///
    /// The handling time has the rate μ. Those that wait do so for a time of the rate θ = (c − a) μ, so that with C of them
    /// P(T > t) = (1 − C) e^(−μt) + C (θ e^(−μt) − μ e^(−θt)) / (θ − μ).
    pub fn older_than(&self, seconds: f64) -> f64 {
        if !self.is_stable() {
            return 1.0;
        }
        self.older(self.waiting(), seconds)
    }

    /// The age in seconds, from arrival until it is done, that a share `probability` of the items, 0..1, does not exceed. To the last bits of a float, by
    /// bisection.
    pub fn age_quantile_s(&self, probability: f64) -> f64 {
        if !self.is_stable() || probability >= 1.0 {
            return f64::INFINITY;
        }
        let (waiting, beyond) = (self.waiting(), 1.0 - probability);
        let mut high = self.handling_s;
        while self.older(waiting, high) > beyond {
            high *= 2.0;
        }
        let mut low = 0.0;
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                return high;
            }
            if self.older(waiting, middle) > beyond {
                low = middle;
            } else {
                high = middle;
            }
        }
    }

    /// How fast a queue shrinks while all servers are busy: (c − a) / τ.
    fn drain_per_s(&self) -> f64 {
        (self.servers as f64 - self.load_erlangs()) / self.handling_s
    }

    /// The probability to wait longer than so long, of the probability to wait at all.
    fn exceeds(&self, waiting: f64, seconds: f64) -> f64 {
        if self.is_stable() {
            waiting * (-self.drain_per_s() * seconds.max(0.0)).exp()
        } else {
            1.0
        }
    }

    fn older(&self, waiting: f64, seconds: f64) -> f64 {
        let (handling, drain) = (1.0 / self.handling_s, self.drain_per_s());
        // The sum of two exponential times is the same in both orders. With the slower rate taken out no power is too large for a float, nor is anything
        // lost where the rates are alike.
        let (slow, apart) = (handling.min(drain), (handling - drain).abs());
        let between = if apart > 0.0 {
            -(-apart * seconds).exp_m1() / apart
        } else {
            seconds
        };
        let both = (-slow * seconds).exp() * (1.0 + slow * between);
        (1.0 - waiting) * (-handling * seconds).exp() + waiting * both
    }
}

/// The probability that all of `servers` servers are busy where items that find them so go away, of a load in Erlang. 1 without a server.
///
/// By the recursion B₀ = 1, Bₖ = a Bₖ₋₁ / (k + a Bₖ₋₁), in which no number is large and nothing is subtracted; what is below the least float comes out as 0.
pub fn erlang_b(load_erlangs: f64, servers: u64) -> f64 {
    (1..=servers).fold(1.0, |blocking, servers| {
        next_blocking(load_erlangs, servers, blocking)
    })
}

/// The probability that an item has to wait, of a load in Erlang. 1 where there are no fewer Erlang than servers.
pub fn erlang_c(load_erlangs: f64, servers: u64) -> f64 {
    waiting(load_erlangs, servers, erlang_b(load_erlangs, servers))
}

/// What a mean wait is multiplied by where arrivals are not Poisson or handling times not exponential: the mean of the squared coefficients of variation
/// (variance / mean²) of the times between arrivals and of the handling times, each 1 in M/M/c. An approximation, best under heavy load.
///
/// Source: Allen 1990, "Probability, statistics and queueing theory", after Cunneen.
pub fn allen_cunneen(arrivals: f64, handling: f64) -> f64 {
    f64::midpoint(arrivals, handling)
}

/// The blocking probability with one server more.
fn next_blocking(load: f64, servers: u64, blocking: f64) -> f64 {
    load * blocking / (servers as f64 + load * blocking)
}

/// The probability to wait, from the blocking probability.
fn waiting(load: f64, servers: u64, blocking: f64) -> f64 {
    let servers = servers as f64;
    if load < servers {
        servers * blocking / (servers - load * (1.0 - blocking))
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests;
