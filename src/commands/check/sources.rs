//! Sources as they are configured: addresses that can be asked, secrets and certificates that are there.

use vigie_ingest::redact::{has_user_info, holds_secret, redact};
use vigie_queries::{Format, Vocabulary};

use crate::config::Config;
use crate::config::secret::SecretPlace;
use crate::config::source::{FOLDER, Source, several};

/// What is found in the sources.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What makes a poll fail, or writes a secret where it does not belong.
    pub(super) faults: Vec<String>,
    /// What is worth a look.
    pub(super) warnings: Vec<String>,
}

/// Checks the address, the secrets and the certificates of every source; nobody is asked.
#[must_use]
pub(super) fn check(config: &Config, vocabulary: &Vocabulary) -> Found {
    let mut found = Found::default();
    for contract in vocabulary.contracts() {
        let name = contract.name();
        let unset = Source::default();
        let source = config.sources.get(name).unwrap_or(&unset);
        if source.enabled == Some(false) {
            continue;
        }
        let configured = source.url.is_some();
        let Some(url) = source.url.as_ref().or(contract.feed.url.as_ref()) else {
            continue;
        };
        let at = if configured { format!("sources.{name}") } else { format!("contract {name}: feed") };
        for url in several(url) {
            if let Some(fault) = address_fault(url) {
                found.faults.push(format!("{at}.url: {fault}"));
            }
            if has_user_info(url) {
                found.faults.push(format!(
                    "{at}.url: an address holds no user name and password: write it as {} and give user and password_file",
                    redact(url)
                ));
            } else if holds_secret(url) {
                let what = format!(
                    "{at}.url: {} seems to hold a key: give key_file with key_parameter, or write {{key}} in its place",
                    redact(url)
                );
                // A contract is kept with each bulletin; nothing in it is a secret.
                if configured { found.warnings.push(what) } else { found.faults.push(what) }
            }
        }
        let form = contract.feed.format;
        if source.paging(contract).is_some() && form == Format::Xlsx {
            found.faults.push(format!("{at}.paging: pages of a workbook cannot be put together"));
        }
        let looks_into_json = source.paging.as_ref().is_some_and(|pages| {
            pages.total.is_some()
                || pages.next.as_deref().is_some_and(|next| next != "link" && next != "none")
        });
        if looks_into_json && form != Format::Json {
            found.faults.push(format!("{at}.paging: total and the path of next are looked for in JSON only"));
        }
        if let Some(pattern) = url.strip_prefix(FOLDER) {
            if !pattern.contains('{')
                && let Err(fault) = vigie_ingest::folder::list(pattern)
            {
                found.faults.push(format!("{at}.url: {}", fault.what));
            }
            if let Some(done) = source.folder.done.as_ref().filter(|done| !done.is_dir()) {
                found.faults.push(format!("{at}.folder.done: {} is not a folder", done.display()));
            }
        } else if address_fault(several(url).first().copied().unwrap_or_default()).is_none() {
            let filled = url.replace("{date}", "2020-01-01");
            match source.access(several(&filled).first().copied().unwrap_or_default()) {
                Err(fault) => found.faults.push(format!("{at}.{}", fault.what)),
                Ok(access) => {
                    if let Err(fault) = access.check() {
                        found.faults.push(format!("{at}.{}", fault.what));
                    }
                }
            }
        }
        let places = [&source.password_file, &source.token_file, &source.key_file, &source.client_key];
        let places = places
            .into_iter()
            .flatten()
            .chain(source.secret_headers.values())
            .chain(&source.proxy_password_file);
        found.warnings.extend(places.filter_map(SecretPlace::exposed));
    }
    found
}

/// What keeps an address from being asked, with what to write in its place.
fn address_fault(url: &str) -> Option<String> {
    let shown = redact(url);
    if let Some(mark) = unknown_mark(url) {
        return Some(format!(
            "{shown}: {{{mark}}} is not filled in; {{date}} stands for the day, {{key}} for the key"
        ));
    }
    if url.starts_with(FOLDER) {
        return None;
    }
    match url.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() => None,
        Some(("sftp" | "ftp" | "ftps" | "scp", _)) => Some(format!(
            "{shown}: let sshd or rclone put the files into a folder, and write folder:/path/to/*.csv (docs/feeds.md)"
        )),
        Some(("file", path)) => Some(format!("{shown}: write folder:{path}")),
        Some((scheme, _)) => Some(format!("{shown}: {scheme} is neither http nor https")),
        None if url.starts_with('/') => Some(format!("{shown}: write folder:{shown}")),
        None => Some(format!(
            "{shown}: an address starts with https:// or http://, or names a folder with folder:/path/*"
        )),
    }
}

/// A word in braces that nothing fills in.
fn unknown_mark(url: &str) -> Option<&str> {
    url.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(word, _)| word)
        .find(|word| !matches!(*word, "date" | "key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_asked_say_what_to_write() {
        let cases = [
            ("https://example.org/a-{date}.csv", None),
            ("folder:/srv/depot/*.csv", None),
            ("https://example.org/a-{jour}.csv", Some("{date} stands for the day")),
            ("example.org/a.csv", Some("starts with https://")),
            ("sftp://a:b@example.org/a.csv", Some("folder:/path/to/*.csv")),
            ("ftp://example.org/a.csv", Some("folder:")),
            ("file:///srv/a.csv", Some("write folder:/srv/a.csv")),
            ("/srv/a.csv", Some("write folder:/srv/a.csv")),
            ("gopher://example.org/", Some("gopher is neither")),
        ];
        for (url, expected) in cases {
            let said = address_fault(url);
            match expected {
                None => assert_eq!(said, None, "{url}"),
                Some(expected) => {
                    assert!(said.as_ref().is_some_and(|said| said.contains(expected)), "{url}: {said:?}")
                }
            }
            assert!(!said.unwrap_or_default().contains("a:b"), "{url}");
        }
    }
}
