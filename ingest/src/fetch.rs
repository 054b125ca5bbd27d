//! The one door to the outside: an address in, a body on disk out.
//!
//! Bodies are kept as sent: nothing is decompressed here, so that the hash is that of the publisher's file. Waits are
//! bounded three ways: to connect, between two reads, and for the whole fetch with all its attempts.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, StatusCode, Url, redirect};
use tokio::time::Instant;

use crate::Error;
use crate::fetch_error::{FetchError, REDIRECTS_MAX};
use crate::received::{Received, Spooled};

/// How patient a [`Fetcher`] is.
#[derive(Debug, Clone)]
pub struct FetchPolicy {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence between two reads (the idle time-out).
    pub read_timeout: Duration,
    /// Longest time for one fetch, attempts and pauses included.
    pub total_deadline: Duration,
    /// How many times a server is asked at most; 4xx answers are not asked again.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles each time, with jitter.
    pub backoff_base: Duration,
    /// Longest pause that Vigie chooses by itself (`Retry-After` may ask for more, within the deadline).
    pub backoff_max: Duration,
    /// What Vigie calls itself.
    pub user_agent: String,
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_deadline: Duration::from_secs(600),
            attempts: 4,
            backoff_base: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            user_agent: concat!("vigie/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What the last fetch of a source told, for a conditional request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Sent as `If-None-Match`.
    pub etag: Option<String>,
    /// Sent as `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub enum Reply {
    /// The edition is the one that the validators name (304).
    NotModified {
        /// Always 304.
        status: u16,
    },
    /// A body.
    Body(Received),
}

/// Downloads bodies. Cheap to share: one per process.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    policy: FetchPolicy,
}

impl Fetcher {
    /// Makes the HTTP client.
    ///
    /// # Errors
    /// [`Error::NoTlsProvider`] when `main` installed none, [`Error::Client`] when the machine has no certificates.
    pub fn new(policy: FetchPolicy) -> Result<Self, Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(Error::NoTlsProvider);
        }
        let client = Client::builder()
            .connect_timeout(policy.connect_timeout)
            .read_timeout(policy.read_timeout)
            .redirect(redirect::Policy::custom(follow))
            .user_agent(&policy.user_agent)
            .referer(false)
            .build()
            .map_err(Error::Client)?;
        Ok(Self { client, policy })
    }

    /// Streams the body at `url` to a temporary file in `spool`, at most `bytes_max` bytes, hashing on the way.
    ///
    /// Refused connections, time-outs, broken connections, 5xx and 429 answers are tried again, `Retry-After` being
    /// honoured as long as it fits into the total deadline.
    ///
    /// # Errors
    /// [`FetchError`] of the last attempt, or `timed-out` when the deadline fell first.
    pub async fn get(
        &self,
        url: &str,
        validators: &Validators,
        bytes_max: u64,
        spool: &Path,
    ) -> Result<Reply, FetchError> {
        let address = Url::parse(url).map_err(|cause| FetchError::bad_url(url, &cause.to_string()))?;
        if !matches!(address.scheme(), "http" | "https") || address.host_str().is_none() {
            return Err(FetchError::bad_url(url, "neither http nor https"));
        }
        let place = place_of(&address);
        let deadline = Instant::now() + self.policy.total_deadline;
        let attempts = AtomicU32::new(0);
        let backoff = ExponentialBuilder::new()
            .with_min_delay(self.policy.backoff_base)
            .with_max_delay(self.policy.backoff_max)
            .with_max_times(self.policy.attempts.saturating_sub(1) as usize)
            .with_jitter();
        let attempt = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            self.once(&address, &place, validators, bytes_max, spool)
        };
        let all = attempt
            .retry(backoff)
            .when(|error: &FetchError| error.retryable)
            .adjust(|error: &FetchError, pause: Option<Duration>| {
                let pause = pause?.max(error.retry_after.unwrap_or_default());
                // A pause beyond the deadline would only be waited for in vain.
                (Instant::now() + pause < deadline).then_some(pause)
            })
            .notify(|error: &FetchError, pause: Duration| {
                tracing::info!(code = %error.code, place = %error.place, what = %error.what, ?pause, "fetch: trying again");
            });
        let outcome = match tokio::time::timeout_at(deadline, all).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::deadline(&place, self.policy.total_deadline)),
        };
        outcome.map_err(|mut error| {
            error.attempts = attempts.load(Ordering::Relaxed);
            error
        })
    }

    async fn once(
        &self,
        url: &Url,
        place: &str,
        validators: &Validators,
        bytes_max: u64,
        spool: &Path,
    ) -> Result<Reply, FetchError> {
        let mut request = self.client.get(url.clone());
        if let Some(etag) = &validators.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(day) = &validators.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, day);
        }
        let mut response = request.send().await.map_err(|cause| FetchError::transport(place, &cause))?;
        let status = response.status();
        let conditional = validators.etag.is_some() || validators.last_modified.is_some();
        if status == StatusCode::NOT_MODIFIED && conditional {
            return Ok(Reply::NotModified { status: status.as_u16() });
        }
        if status.is_redirection() && response.headers().contains_key(header::LOCATION) {
            // The client gives up in silence on an address that it cannot even read as one.
            return Err(FetchError::redirect(place, format!("status {status}, to an address that is none")));
        }
        if status != StatusCode::OK && status != StatusCode::NON_AUTHORITATIVE_INFORMATION {
            return Err(FetchError::status(place, status.as_u16(), retry_after(response.headers())));
        }
        let declared = response.content_length();
        if declared.is_some_and(|length| length > bytes_max) {
            return Err(FetchError::too_large(place, bytes_max));
        }
        // Plain writes: a chunk goes to the page cache, which is quicker than handing it to another thread.
        let mut spooled = Spooled::new(spool).map_err(|cause| FetchError::disk(place, &cause))?;
        while let Some(chunk) =
            response.chunk().await.map_err(|cause| FetchError::transport(place, &cause))?
        {
            if spooled.bytes + chunk.len() as u64 > bytes_max {
                return Err(FetchError::too_large(place, bytes_max));
            }
            spooled.push(&chunk).map_err(|cause| FetchError::disk(place, &cause))?;
        }
        if let Some(declared) = declared
            && declared != spooled.bytes
        {
            return Err(FetchError::wrong_length(place, spooled.bytes, declared));
        }
        let (file, sha256, bytes) = spooled.finish().map_err(|cause| FetchError::disk(place, &cause))?;
        let last_modified = text_of(response.headers(), header::LAST_MODIFIED);
        Ok(Reply::Body(Received {
            file,
            sha256,
            bytes,
            url: without_secrets(response.url()),
            http_status: Some(status.as_u16()),
            etag: text_of(response.headers(), header::ETAG),
            issued_at: last_modified.as_deref().and_then(http_date),
            last_modified,
        }))
    }
}

/// At most five redirects, never from https back to http, never to a file or another service.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let downgraded = attempt.url().scheme() == "http"
        && attempt.previous().last().is_some_and(|from| from.scheme() == "https");
    if downgraded {
        attempt.error("redirect from https to http")
    } else if !matches!(attempt.url().scheme(), "http" | "https") {
        attempt.error("redirect to neither http nor https")
    } else if attempt.previous().len() > REDIRECTS_MAX {
        attempt.error("too many redirects")
    } else {
        attempt.follow()
    }
}

/// How long the server asks to wait: seconds, or a date read against the server's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text_of(headers, header::RETRY_AFTER)?;
    if let Ok(seconds) = asked.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(&asked)?;
    let now = http_date(&text_of(headers, header::DATE)?)?;
    u64::try_from(until.as_second() - now.as_second()).ok().map(Duration::from_secs)
}

/// An HTTP date such as `Tue, 13 Oct 2020 19:00:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp())
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The address for messages: no user name, password, query or fragment, which may hold a token.
fn place_of(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    strip(&mut bare);
    bare.to_string()
}

/// The address for the record: no user name, password or fragment.
fn without_secrets(url: &Url) -> String {
    let mut bare = url.clone();
    strip(&mut bare);
    bare.to_string()
}

fn strip(url: &mut Url) {
    // Both fail only for addresses that can hold neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_messages_and_records() {
        let url = Url::parse("https://me:pass@example.org/a.csv?token=1#x").unwrap();
        assert_eq!(place_of(&url), "https://example.org/a.csv");
        assert_eq!(without_secrets(&url), "https://example.org/a.csv?token=1");
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_against_the_date_of_the_server() {
        let headers = |pairs: &[(header::HeaderName, &str)]| {
            pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect::<HeaderMap>()
        };
        let date = (header::DATE, "Tue, 13 Oct 2020 19:00:00 GMT");
        let cases: [(&[_], Option<u64>); 4] = [
            (&[(header::RETRY_AFTER, "7")], Some(7)),
            (&[(header::RETRY_AFTER, "Tue, 13 Oct 2020 19:02:00 GMT"), date.clone()], Some(120)),
            (&[(header::RETRY_AFTER, "Tue, 13 Oct 2020 18:02:00 GMT"), date], None),
            (&[(header::RETRY_AFTER, "Tue, 13 Oct 2020 19:02:00 GMT")], None),
        ];
        for (given, seconds) in cases {
            assert_eq!(retry_after(&headers(given)), seconds.map(Duration::from_secs), "{given:?}");
        }
    }
}
