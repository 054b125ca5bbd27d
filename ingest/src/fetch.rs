//! The one door to the outside: an address in, a body on disk out.
//!
//! Bodies are kept as sent: nothing is decompressed here, so that the hash is that of the publisher's file; only a secret
//! that the publisher repeats is taken out. Waits are bounded three ways: to connect, between two reads, and for the whole
//! fetch with all its attempts.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::Instant;

use crate::access::Access;
use crate::fetch_error::{FetchError, REDIRECTS_MAX};
use crate::parts;
use crate::received::{Received, Spooled};
use crate::redact::{Secrets, redact};

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

/// Downloads the bodies of one source.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    policy: FetchPolicy,
    access: Access,
    secrets: Secrets,
    /// Whether a further page that an answer names is one.
    links: bool,
}

/// Whether `main` installed a TLS provider.
pub(crate) fn tls_provider() -> Result<(), FetchError> {
    match rustls::crypto::CryptoProvider::get_default() {
        Some(_) => Ok(()),
        None => Err(FetchError::setting(
            "TLS",
            "no provider is installed; call rustls::crypto::ring::default_provider().install_default() first",
        )),
    }
}

impl Fetcher {
    /// Makes the HTTP client of a source.
    ///
    /// # Errors
    /// `bad-setting` when a certificate, a key or the proxy cannot be used, or the machine has no certificates.
    pub fn new(policy: FetchPolicy, access: Access) -> Result<Self, FetchError> {
        tls_provider()?;
        let client = access.client(&policy)?;
        let secrets = access.secrets();
        Ok(Self { client, policy, access, secrets, links: true })
    }

    /// The same for a source whose answers name a further page that is none.
    #[must_use]
    pub fn without_links(self) -> Self {
        Self { links: false, ..self }
    }

    /// Streams the body at `url` to a temporary file in `spool`, at most `bytes_max` bytes, hashing on the way.
    ///
    /// Refused connections, time-outs, broken connections, 5xx and 429 answers are tried again, `Retry-After` being
    /// honoured as long as it fits into the total deadline. An answer that names a further page (`Link: rel="next"`) is
    /// kept as what it is, a part: reading it as an edition is refused.
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
        let address = self.address(url)?;
        let reply = self.body(&address, validators, bytes_max, spool, self.deadline()).await?;
        match reply {
            Reply::Body(received) if received.next.is_some() => {
                let one = vec![("page-1".to_owned(), received)];
                let bound = parts::bind(one, false, spool).map_err(|cause| FetchError::disk(url, &cause))?;
                Ok(Reply::Body(bound))
            }
            reply => Ok(reply),
        }
    }

    /// The bodies at several addresses, which make one edition together: all of them or none.
    ///
    /// # Errors
    /// [`FetchError`] naming the first address that gave none.
    pub async fn get_each(
        &self,
        urls: &[&str],
        bytes_max: u64,
        spool: &Path,
    ) -> Result<Received, FetchError> {
        let deadline = self.deadline();
        let mut left = bytes_max;
        let mut all = Vec::new();
        for (rank, url) in urls.iter().enumerate() {
            let of_part = |error: FetchError| {
                let mut error = error.of_part(&format!("Fichier {} sur {}", rank + 1, urls.len()));
                error.retryable = false;
                error
            };
            let address = self.address(url).map_err(of_part)?;
            let reply =
                self.body(&address, &Validators::default(), left, spool, deadline).await.map_err(of_part)?;
            let Reply::Body(received) = reply else { continue }; // nobody asks for 304 here
            left -= received.bytes.min(left);
            let name = address.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
            all.push((self.secrets.clean(name), received));
        }
        let whole = all.iter().all(|(_, received)| received.next.is_none());
        let place = urls.first().map_or_else(String::new, |url| redact(url));
        parts::bind(all, whole, spool).map_err(|cause| FetchError::disk(&place, &cause))
    }

    /// An address that can be asked.
    pub(crate) fn address(&self, url: &str) -> Result<Url, FetchError> {
        let address = Url::parse(url).map_err(|cause| FetchError::bad_url(url, &cause.to_string()))?;
        if !matches!(address.scheme(), "http" | "https") || address.host_str().is_none() {
            return Err(FetchError::bad_url(url, "neither http nor https"));
        }
        Ok(address)
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.policy.total_deadline
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// One body, with all its attempts.
    pub(crate) async fn body(
        &self,
        address: &Url,
        validators: &Validators,
        bytes_max: u64,
        spool: &Path,
        deadline: Instant,
    ) -> Result<Reply, FetchError> {
        let place = place_of(address);
        let attempts = AtomicU32::new(0);
        let backoff = ExponentialBuilder::new()
            .with_min_delay(self.policy.backoff_base)
            .with_max_delay(self.policy.backoff_max)
            .with_max_times(self.policy.attempts.saturating_sub(1) as usize)
            .with_jitter();
        let attempt = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            async {
                let once = self.once(address, &place, validators, bytes_max, spool).await;
                once.map_err(|error| error.clean(&self.secrets))
            }
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
            Err(_) => Err(FetchError::deadline(&place, self.policy.total_deadline).clean(&self.secrets)),
        };
        outcome.map_err(|mut error| {
            error.attempts = attempts.load(Ordering::Relaxed);
            error
        })
    }

    async fn once(
        &self,
        address: &Url,
        place: &str,
        validators: &Validators,
        bytes_max: u64,
        spool: &Path,
    ) -> Result<Reply, FetchError> {
        let (mut response, url) = self.ask(address, place, validators).await?;
        let status = response.status();
        let conditional = validators.etag.is_some() || validators.last_modified.is_some();
        if status == StatusCode::NOT_MODIFIED && conditional {
            return Ok(Reply::NotModified { status: status.as_u16() });
        }
        if status != StatusCode::OK && status != StatusCode::NON_AUTHORITATIVE_INFORMATION {
            // Credentials that were not sent to another host are not what was refused.
            let given = self.access.has_credentials() && self.access.is_home(&url);
            return Err(FetchError::status(place, status.as_u16(), retry_after(response.headers()), given));
        }
        let declared = response.content_length();
        if declared.is_some_and(|length| length > bytes_max) {
            return Err(FetchError::too_large(place, bytes_max));
        }
        // Plain writes: a chunk goes to the page cache, which is quicker than handing it to another thread.
        let mut spooled = Spooled::new(spool).map_err(|cause| FetchError::disk(place, &cause))?;
        let mut scrub = self.secrets.scrub();
        let mut came = 0;
        while let Some(chunk) = response.chunk().await.map_err(|cause| self.transport(place, &cause))? {
            came += chunk.len() as u64;
            if came > bytes_max {
                return Err(FetchError::too_large(place, bytes_max));
            }
            let written = match &mut scrub {
                None => spooled.push(&chunk),
                Some(scrub) => spooled.push(&scrub.take(&chunk)),
            };
            written.map_err(|cause| FetchError::disk(place, &cause))?;
        }
        if let Some(declared) = declared
            && declared != came
        {
            return Err(FetchError::wrong_length(place, came, declared));
        }
        let mut secrets_found = 0;
        if let Some(scrub) = &mut scrub {
            let rest = scrub.rest();
            spooled.push(&rest).map_err(|cause| FetchError::disk(place, &cause))?;
            secrets_found = scrub.found;
        }
        let (file, sha256, bytes) = spooled.finish().map_err(|cause| FetchError::disk(place, &cause))?;
        let headers = response.headers();
        let last_modified = text_of(headers, header::LAST_MODIFIED);
        Ok(Reply::Body(Received {
            file,
            sha256,
            bytes,
            url: self.secrets.clean(&without_secrets(&url)),
            http_status: Some(status.as_u16()),
            etag: text_of(headers, header::ETAG).map(|tag| self.secrets.clean(&tag)),
            issued_at: last_modified.as_deref().and_then(http_date),
            last_modified: last_modified.map(|text| self.secrets.clean(&text)),
            next: if self.links { next_page(headers, &url).map(Box::new) } else { None },
            secrets_found,
        }))
    }

    /// Asks, and follows redirects: at most five, never from https back to http, never to a file or another service.
    /// Gives the answer and the address that gave it.
    async fn ask(
        &self,
        address: &Url,
        place: &str,
        validators: &Validators,
    ) -> Result<(Response, Url), FetchError> {
        let (mut url, mut post) = (address.clone(), true);
        for _ in 0..=REDIRECTS_MAX {
            let mut request = self.access.request(&self.client, &url, post)?;
            if let Some(etag) = &validators.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(day) = &validators.last_modified {
                request = request.header(header::IF_MODIFIED_SINCE, day);
            }
            let response = request.send().await.map_err(|cause| self.transport(place, &cause))?;
            let status = response.status();
            let Some(location) = response.headers().get(header::LOCATION).filter(|_| is_redirect(status))
            else {
                return Ok((response, url));
            };
            let to = location.to_str().ok().and_then(|location| url.join(location).ok());
            let Some(to) = to.filter(|to| to.host_str().is_some()) else {
                return Err(FetchError::redirect(
                    place,
                    format!("status {status}, to an address that is none"),
                ));
            };
            if !matches!(to.scheme(), "http" | "https") {
                return Err(FetchError::redirect(place, "redirect to neither http nor https"));
            }
            if url.scheme() == "https" && to.scheme() == "http" {
                return Err(FetchError::redirect(place, "redirect from https to http"));
            }
            post &= matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            url = to;
        }
        Err(FetchError::redirect(place, "too many redirects"))
    }

    fn transport(&self, place: &str, cause: &reqwest::Error) -> FetchError {
        let proxied = self.access.proxy.as_ref().is_some_and(|proxy| proxy.address.is_some());
        FetchError::transport(place, cause, proxied, self.access.identity.is_some())
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The address of the further page that an answer names: `Link: <…>; rel="next"` (RFC 8288).
fn next_page(headers: &HeaderMap, base: &Url) -> Option<Url> {
    let lines = headers.get_all(header::LINK).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(links)
        .find(|(_, rel)| rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next")))
        .and_then(|(address, _)| base.join(address).ok())
}

/// The addresses of a `Link` line and what they are.
fn links(line: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, from)) = rest.split_once('<') {
        let Some((address, parameters)) = from.split_once('>') else { break };
        // Up to the next comma that is not inside quotes.
        let mut quoted = false;
        let end = parameters.find(|letter| {
            quoted ^= letter == '"';
            letter == ',' && !quoted
        });
        let (parameters, after) = parameters.split_at(end.unwrap_or(parameters.len()));
        let rel = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"').to_owned())
        });
        found.push((address.trim(), rel.unwrap_or_default()));
        rest = after;
    }
    found
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

/// The address for the record: no user name, password, key or fragment.
fn without_secrets(url: &Url) -> String {
    let mut bare = url.clone();
    strip(&mut bare);
    redact(bare.as_str())
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
        assert_eq!(without_secrets(&url), "https://example.org/a.csv?token=***");
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let base = Url::parse("https://e.org/api/a?page=1").unwrap();
        let cases = [
            (r#"</api/a?page=2>; rel="next""#, Some("https://e.org/api/a?page=2")),
            (r#"<a?x=1,2>; title="a, b"; rel=prev, <b>; rel="last next""#, Some("https://e.org/api/b")),
            (r#"<https://o.org/>; rel="prev", <https://o.org/n>;rel=NEXT"#, Some("https://o.org/n")),
            (r#"<https://o.org/>; rel="prev""#, None),
            (r#"<https://o.org/>; rel="nextish""#, None),
            ("<", None),
        ];
        for (line, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.append(header::LINK, "<x>; rel=self".parse().unwrap());
            headers.append(header::LINK, line.parse().unwrap());
            assert_eq!(next_page(&headers, &base).map(String::from).as_deref(), expected, "{line}");
        }
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
