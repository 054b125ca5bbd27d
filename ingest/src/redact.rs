//! Secrets stay out of whatever is kept, logged or printed.
//!
//! Two nets, because neither is enough alone: an address loses its user name, its password and the values of parameters
//! that are named like keys, whoever wrote it; and the secrets that Vigie was given are taken out of any text by value,
//! wherever a server repeats them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use reqwest::Url;

/// What stands in the place of a secret.
pub const REDACTED: &str = "***";

/// The same in bodies, where a short one may be an ordinary value.
const BODY_VALUE_MIN: usize = 8;

/// A secret: printed by nothing, not even for debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Every form in which a server or a library may repeat a secret: as it is, percent-encoded, in JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Shorter ones are not looked for by value: they would be found everywhere.
    pub const VALUE_MIN: usize = 4;

    /// Adds a secret and the forms it may take.
    pub fn add(&mut self, value: &str) {
        if value.len() < Self::VALUE_MIN {
            return;
        }
        let json = serde_json::to_string(value).unwrap_or_default();
        let forms = [
            value.to_owned(),
            encoded(value, false),
            encoded(value, true),
            json.trim_matches('"').to_owned(),
        ];
        for form in forms {
            if form.len() >= Self::VALUE_MIN && !self.0.contains(&form) {
                self.0.push(form);
            }
        }
        // The longest first: a form may be the start of another.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The forms, the longest first.
    #[must_use]
    pub fn forms(&self) -> &[String] {
        &self.0
    }

    /// What takes them out of a body; none when none of them is long enough to be found for certain.
    pub(crate) fn scrub(&self) -> Option<Scrub> {
        let long = self.0.iter().filter(|form| form.len() >= BODY_VALUE_MIN);
        let forms: Vec<Vec<u8>> = long.map(|form| form.clone().into_bytes()).collect();
        (!forms.is_empty()).then(|| Scrub { forms, held: Vec::new(), found: 0 })
    }

    /// Copies a body without them; how many there were.
    ///
    /// # Errors
    /// When either side cannot be read or written.
    pub fn clean_body(&self, from: &Path, into: &mut impl Write) -> io::Result<u64> {
        let Some(mut scrub) = self.scrub() else { return Ok(0) };
        let mut source = File::open(from)?;
        let mut chunk = vec![0; 1 << 16];
        loop {
            match source.read(&mut chunk)? {
                0 => break,
                read => into.write_all(&scrub.take(&chunk[..read]))?,
            }
        }
        into.write_all(&scrub.rest())?;
        Ok(scrub.found)
    }

    /// A text without them, and without secrets in the addresses it holds.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut clean = redact(text);
        for form in &self.0 {
            if clean.contains(form.as_str()) {
                clean = clean.replace(form.as_str(), REDACTED);
            }
        }
        clean
    }
}

/// Takes secrets out of a body that comes in pieces.
pub(crate) struct Scrub {
    forms: Vec<Vec<u8>>,
    /// Bytes that may be the start of a secret.
    held: Vec<u8>,
    /// How many were taken out.
    pub(crate) found: u64,
}

impl Scrub {
    /// The next piece, as far as it can be told.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let longest = self.forms.first().map_or(1, Vec::len);
        let until = self.held.len().saturating_sub(longest - 1);
        self.pass(until)
    }

    /// What is left at the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.pass(self.held.len())
    }

    /// Gives what begins before `until`.
    fn pass(&mut self, until: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(until);
        let mut at = 0;
        while at < until {
            let here = &self.held[at..];
            match self.forms.iter().find(|form| here.starts_with(form)) {
                Some(form) => {
                    out.extend_from_slice(REDACTED.as_bytes());
                    at += form.len();
                    self.found += 1;
                }
                None => {
                    out.push(here[0]);
                    at += 1;
                }
            }
        }
        self.held.drain(..at);
        out
    }
}

/// A value as the query of an address holds it: `+` or `%20` for a space.
fn encoded(value: &str, plus: bool) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' if plus => out.push('+'),
            other => {
                out.push('%');
                for half in [other >> 4, other & 15] {
                    out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    out
}

/// A text whose addresses hold no secrets any more: user names and passwords are left out, values of parameters named
/// like keys become `***`. Everything else stays as it is written.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, from) = rest.split_at(at + 3);
        out.push_str(before);
        let end = from.find(ends_address).unwrap_or(from.len());
        let (address, after) = from.split_at(end);
        out.push_str(&bare(address));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a text holds an address with a password or a key in it.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    redact(text) != text
}

/// Whether an address gives a user name or a password before its host.
#[must_use]
pub fn has_user_info(address: &str) -> bool {
    address.split_once("://").is_some_and(|(_, rest)| user_info(rest) > 0)
}

fn ends_address(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '"' | '<' | '>' | '«' | '»' | '`' | '\\')
}

/// What follows `://`, without its secrets.
fn bare(address: &str) -> String {
    let address = &address[user_info(address)..];
    let Some(start) = address.find(['?', '#']) else { return address.to_owned() };
    let (place, parameters) = address.split_at(start);
    let mut out = place.to_owned();
    let mut piece = 0;
    for (at, mark) in parameters.match_indices(['?', '&', ';', '#']).chain([(parameters.len(), "")]) {
        out.push_str(&bare_parameter(&parameters[piece..at]));
        out.push_str(mark);
        piece = at + mark.len();
    }
    out
}

/// Length of the user name and password before the host, `@` included.
fn user_info(address: &str) -> usize {
    let authority = address.find(['/', '?', '#']).unwrap_or(address.len());
    if let Some(at) = address[..authority].rfind('@') {
        return at + 1;
    }
    // `user:pass/word@host`: what follows the colon is no port, so the slash belongs to the password.
    let host = &address[..authority];
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (host.split_once(':'), address.rfind('@')) {
        (Some((_, port)), Some(at)) if !host.starts_with('[') && !is_port(port) => at + 1,
        _ => 0,
    }
}

fn bare_parameter(piece: &str) -> String {
    match piece.split_once('=') {
        // A place to fill in, such as {key}, is no secret.
        Some((name, value)) if is_secret_name(name) && !value.is_empty() && !is_blank(value) => {
            format!("{name}={REDACTED}")
        }
        _ => piece.to_owned(),
    }
}

fn is_blank(value: &str) -> bool {
    value == REDACTED || (value.starts_with('{') && value.ends_with('}'))
}

/// Words that name a secret, alone or as a part of a longer name (`api_key`, `accessToken`, `X-Amz-Signature`).
const SECRET_WORDS: [&str; 24] = [
    "apikey",
    "auth",
    "authorization",
    "authkey",
    "bearer",
    "clef",
    "cle",
    "cookie",
    "credential",
    "credentials",
    "jeton",
    "jwt",
    "key",
    "mdp",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "sas",
    "secret",
    "sig",
    "signature",
    "token",
];
/// Ends of names written in one word.
const SECRET_ENDS: [&str; 7] =
    ["apikey", "accesskey", "authkey", "subscriptionkey", "token", "password", "secret"];

/// Whether a parameter or header of that name carries a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = if name.contains('%') { decoded(name) } else { name.to_owned() };
    let mut words = vec![String::new()];
    let mut before_is_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && before_is_small) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before_is_small = letter.is_lowercase();
    }
    words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || SECRET_ENDS.iter().any(|end| words.concat().ends_with(end))
}

fn decoded(name: &str) -> String {
    Url::parse(&format!("x:?{name}"))
        .ok()
        .and_then(|url| url.query_pairs().next().map(|(name, _)| name.into_owned()))
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_secrets_and_nothing_else() {
        let cases = [
            ("https://ars:secret@example.org/a.csv", "https://example.org/a.csv"),
            ("https://ars@example.org/a.csv", "https://example.org/a.csv"),
            ("http://ars:p@ss@example.org:81/a", "http://example.org:81/a"),
            ("http://ars:pa/ss?w@example.org/a", "http://example.org/a"),
            ("http://127.0.0.1:8080/a@b", "http://127.0.0.1:8080/a@b"),
            ("http://[::1]:8080/a@b", "http://[::1]:8080/a@b"),
            ("https://e.org/f?key=k123&date={date}", "https://e.org/f?key=***&date={date}"),
            ("https://e.org/f?a=1;api%5Fkey=k", "https://e.org/f?a=1;api%5Fkey=***"),
            ("https://e.org/f?accessToken=k#x", "https://e.org/f?accessToken=***#x"),
            ("https://e.org/f?X-Amz-Signature=9f&x=1", "https://e.org/f?X-Amz-Signature=***&x=1"),
            ("https://e.org/f#access_token=k", "https://e.org/f#access_token=***"),
            ("https://e.org/f?apikey={key}", "https://e.org/f?apikey={key}"),
            ("https://e.org/f?keyword=a&passage=b&author=c&code=31&design=d", ""),
            ("sftp://ars:secret@example.org/a.csv", "sftp://example.org/a.csv"),
            (
                "error for url (https://a:b@e.org/x?token=t), then « https://e.org/y?sig=1 »",
                "error for url (https://e.org/x?token=*** then « https://e.org/y?sig=*** »",
            ),
            ("aucune adresse : a@b.org, key=1", ""),
            ("file:/srv/depot/a.csv", ""),
        ];
        for (given, expected) in cases {
            let expected = if expected.is_empty() { given } else { expected };
            // A bracket at the end of a value goes with it: better that than half of a key.
            assert_eq!(redact(given), expected, "{given}");
            assert_eq!(redact(expected), expected, "twice is once: {given}");
            assert_eq!(holds_secret(given), given != expected);
        }
    }

    #[test]
    fn a_body_in_pieces_loses_the_secrets_it_repeats() {
        let mut secrets = Secrets::default();
        secrets.add("sesame-42");
        secrets.add("sesame-42-and-more");
        let body = b"a;sesame-4;sesame-42;b\n\"next\":\"https://e.org?k=sesame-42-and-more&p=2\"sesame-42";
        for size in 1..body.len() {
            let mut scrub = secrets.scrub().unwrap();
            let mut out: Vec<u8> = body.chunks(size).flat_map(|piece| scrub.take(piece)).collect();
            out.extend(scrub.rest());
            let expected = "a;sesame-4;***;b\n\"next\":\"https://e.org?k=***&p=2\"***";
            assert_eq!(
                (String::from_utf8(out).unwrap().as_str(), scrub.found),
                (expected, 3),
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn known_secrets_are_found_in_every_form() {
        let mut secrets = Secrets::default();
        secrets.add("p@ss \"w/rd");
        secrets.add("abc"); // too short to be looked for
        for text in ["p@ss \"w/rd", "p%40ss%20%22w%2Frd", "p%40ss+%22w%2Frd", r#"p@ss \"w/rd"#] {
            assert_eq!(secrets.clean(&format!("<{text}> abc")), "<***> abc");
        }
        assert_eq!(format!("{:?} {:?}", Secret::new("hidden"), secrets), "*** 4 secrets");
    }
}
