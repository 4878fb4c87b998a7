//! What our clients of HTTP servers have in common: the connection, the key, and patience.
//!
//! The key comes from an environment variable and goes into the request's header, nowhere else: texts of errors are cleared of it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{anyhow, ensure};
use ureq::http::{Response, StatusCode, Uri};
use ureq::{Body, Error, Timeout};

mod secret;

use secret::Secret;
pub(super) use secret::check_key_env;

/// How a server is reached.
pub(super) struct Connect<'a> {
    /// The address that paths are added to.
    pub(super) url: &'a str,
    /// The environment variable that holds the key; none is sent where absent.
    pub(super) key_env: Option<&'a str>,
    /// The header that the key goes into.
    pub(super) key_header: KeyHeader,
    /// What a request and its answer may take in all.
    pub(super) timeout: Duration,
    /// How long the server may be silent.
    pub(super) silence: Option<Duration>,
    /// Requests at the same time, each on a connection that is kept for the next.
    pub(super) connections: usize,
}

/// The header that a key goes into.
#[derive(Clone, Copy)]
pub(super) enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    ApiKey,
}

/// A server, and how to ask it.
pub(super) struct Http {
    agent: ureq::Agent,
    url: String,
    key: Option<Secret>,
    key_header: KeyHeader,
}

/// Why a request came to nothing.
pub(super) enum Refusal {
    /// It may succeed later, after so long if the server said.
    ForNow(anyhow::Error, Option<Duration>),
    /// It will not.
    ForGood(anyhow::Error),
}

/// A request that was not answered.
pub(super) struct Failure {
    /// Why, and whether to ask again.
    pub(super) refusal: Refusal,
    /// How far it came.
    pub(super) reached: Reached,
}

/// How far a request came that was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// There was no connection to send it over.
    Nowhere,
    /// The server refused it.
    Refused,
    /// The server refused it, as it will every other: the key, the account, the address or the model is at fault.
    RefusedLikeAll,
    /// It was sent, and what became of it is not known.
    Unknown,
}

impl Connect<'_> {
    /// Whether the server is on this machine, where no proxy leads to.
    fn is_local(&self) -> bool {
        let uri = self.url.parse::<Uri>();
        let host = uri.as_ref().ok().and_then(Uri::host);
        host.is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    pub(super) fn open(&self) -> anyhow::Result<Http> {
        let key = self.key_env.map(Secret::of).transpose()?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(self.timeout.min(LONGEST_CONNECT)))
            .timeout_per_read(self.silence)
            .max_idle_connections(self.connections)
            .max_idle_connections_per_host(self.connections)
            .http_status_as_error(false)
            // A redirect would lose the body or the key: the user is told where it points.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("ragkit/", env!("CARGO_PKG_VERSION")));
        let config = if self.is_local() {
            config.proxy(None)
        } else {
            config
        };
        Ok(Http {
            agent: config.build().new_agent(),
            url: self.url.trim_end_matches('/').to_owned(),
            key,
            key_header: self.key_header,
        })
    }
}

/// Checks that an address can be one.
pub(super) fn check_url(url: &str) -> anyhow::Result<()> {
    ensure!(
        url.starts_with("http://") || url.starts_with("https://"),
        "`url = \"{url}\"` must begin with `http://` or `https://`"
    );
    Ok(())
}

/// A server that accepts no connection in this time is not there.
const LONGEST_CONNECT: Duration = Duration::from_secs(30);

/// The longest that a server is obeyed when it says when to come back.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

impl Http {
    /// Where `path` is.
    pub(super) fn place(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The server's answer to a JSON body, if it is one of success.
    pub(super) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response<Body>, Failure> {
        let url = self.place(path);
        let mut request = self.agent.post(&url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.key {
            let key = key.key();
            request = match self.key_header {
                KeyHeader::Bearer => request.header("Authorization", format!("Bearer {key}")),
                KeyHeader::ApiKey => request.header("x-api-key", key),
            };
        }
        let response = request.send(body).map_err(|error| Failure {
            reached: if is_before_sending(&error) {
                Reached::Nowhere
            } else {
                Reached::Unknown
            },
            refusal: Refusal::ForNow(anyhow!("`{url}` does not answer: {}", reason(&error)), None),
        })?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refused(&url, response))
        }
    }

    fn refused(&self, url: &str, mut response: Response<Body>) -> Failure {
        let status = response.status();
        let text = response.body_mut().read_to_string().unwrap_or_default();
        let is_spent = text.contains("insufficient_quota");
        let text = self.excerpt(&text);
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let error = match header("location") {
            Some(place) if status.is_redirection() => anyhow!(
                "`{url}` answers {status} and points to `{place}`; give the `url` that it points to"
            ),
            _ => anyhow!("`{url}` answers {status}: {text}"),
        };
        let is_for_now = matches!(status.as_u16(), 408 | 409 | 429) || status.is_server_error();
        Failure {
            refusal: if is_for_now && !is_spent {
                Refusal::ForNow(error, header("retry-after").and_then(wait_of))
            } else {
                Refusal::ForGood(error)
            },
            reached: match status {
                StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND => {
                    Reached::RefusedLikeAll
                }
                // A gateway that lost patience: the server behind it may have answered.
                StatusCode::GATEWAY_TIMEOUT => Reached::Unknown,
                _ if is_spent || status.is_redirection() => Reached::RefusedLikeAll,
                _ => Reached::Refused,
            },
        }
    }

    /// What `ask` gets, asked for up to `retries` times more where that can help.
    pub(super) fn patiently<T>(
        &self,
        retries: u32,
        mut ask: impl FnMut() -> Result<T, Refusal>,
    ) -> anyhow::Result<T> {
        let mut attempt = 0;
        loop {
            match ask() {
                Ok(found) => return Ok(found),
                Err(Refusal::ForGood(error)) => return Err(self.cleared_error(&error)),
                Err(Refusal::ForNow(error, wait)) => {
                    if attempt == retries {
                        let error = self.cleared_error(&error);
                        return Err(match attempt {
                            0 => error,
                            _ => error.context(format!("gave up after {} attempts", attempt + 1)),
                        });
                    }
                    std::thread::sleep(wait.map_or_else(|| backoff(attempt), spread));
                    attempt += 1;
                }
            }
        }
    }

    fn cleared_error(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!(self.cleared(&format!("{error:#}")).into_owned())
    }

    /// A text without the key, should the server have repeated it.
    fn cleared<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.key {
            Some(key) => key.cleared(text),
            None => text.into(),
        }
    }

    /// What an error shows of a server's text. It is cleared before it is cut: half a key is a secret too.
    pub(super) fn excerpt(&self, text: &str) -> String {
        self.cleared(text).chars().take(300).collect()
    }

    /// As [`Self::cleared`], for a model's words: a key that is no secret is an ordinary word there.
    pub(super) fn cleared_words(&self, text: String) -> String {
        match &self.key {
            Some(key) if key.is_secret() => key.cleared(&text).into_owned(),
            _ => text,
        }
    }
}

/// What is wrong with a connection. Of limits on time, the setting is named.
fn reason(error: &Error) -> String {
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            "no connection came about in time; check `url`".to_owned()
        }
        Error::Timeout(Timeout::PerRead) => {
            "it is silent for longer than `silence_seconds`; raise it".to_owned()
        }
        Error::Timeout(_) => "it takes longer than `timeout_seconds`; raise it".to_owned(),
        _ => error.to_string(),
    }
}

/// As [`reason`], of an answer that is being read.
pub(super) fn read_reason(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or_else(|| error.to_string(), reason)
}

/// Whether there was no connection, so that nothing was sent.
fn is_before_sending(error: &Error) -> bool {
    use std::io::ErrorKind as Kind;
    match error {
        Error::Io(error) => matches!(
            error.kind(),
            Kind::ConnectionRefused
                | Kind::AddrNotAvailable
                | Kind::HostUnreachable
                | Kind::NetworkUnreachable
        ),
        Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
        Error::BadUri(_)
        | Error::HostNotFound
        | Error::InvalidProxyUrl
        | Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::Tls(_)
        | Error::TlsRequired => true,
        _ => false,
    }
}

/// What `Retry-After` says: seconds, or a date (RFC 9110, section 10.2.3). At most a minute.
fn wait_of(header: &str) -> Option<Duration> {
    let header = header.trim();
    let wait = if let Ok(seconds) = header.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = chrono::DateTime::parse_from_rfc2822(header).ok()?;
        let wait = date.signed_duration_since(chrono::Utc::now());
        wait.to_std().unwrap_or_default() // A date that is past.
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Exponential backoff with full jitter: up to half a second, doubled by every attempt, up to 20 s, all lengths equally likely.
fn backoff(attempt: u32) -> Duration {
    let most = Duration::from_millis(500 * 2_u64.pow(attempt.min(6))).min(Duration::from_secs(20));
    most.mul_f64(chance())
}

/// A wait that the server asked for, and up to a tenth more, so that those refused together do not come back together.
fn spread(wait: Duration) -> Duration {
    wait + wait.mul_f64(chance() / 10.0)
}

/// A number in 0..1, of the seed that the standard library hashes with; only waits depend on it.
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let bits = std::hash::RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// Does `work` for the numbers below `count`, so many at the same time. After an error no further number is begun.
pub(super) fn side_by_side(
    count: usize,
    threads: usize,
    work: &(dyn Fn(usize) -> anyhow::Result<()> + Sync),
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<anyhow::Error>> = Mutex::default();
    let run = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            if let Err(error) = work(number) {
                lock(&failed).get_or_insert(error);
                next.store(count, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(run);
        }
    });
    lock(&failed).take().map_or(Ok(()), Err)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked takes the others with it when the scope ends.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_and_never_long() {
        let seconds = |header: &str| wait_of(header).map(|wait| wait.as_secs_f64().round());
        assert_eq!(seconds(" 7 "), Some(7.0));
        assert_eq!(seconds("86400"), Some(60.0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0.0));
        assert_eq!(seconds("Fri, 06 Nov 2893 08:49:37 GMT"), Some(60.0));
        let soon = chrono::Utc::now() + Duration::from_secs(30);
        let soon = soon.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert!((28.0..=30.0).contains(&seconds(&soon).unwrap()));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
    }

    #[test]
    fn waits_grow_and_differ() {
        for (attempt, most) in [(0, 0.5), (1, 1.0), (5, 16.0), (6, 20.0), (99, 20.0)] {
            let waits: Vec<f64> = (0..200).map(|_| backoff(attempt).as_secs_f64()).collect();
            assert!(waits.iter().all(|wait| (0.0..most).contains(wait)));
            // Of 200 draws the greatest is above 80 % of the range but once in 10^19 runs.
            assert!(waits.iter().any(|wait| *wait > 0.8 * most));
            assert!(waits.iter().any(|wait| *wait < 0.2 * most));
        }
    }
}
