//! What an agency says of a source: its address, how to reach it, when, and with which secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};
use vigie_ingest::redact::{has_user_info, is_secret_name};
use vigie_ingest::{Access, Credentials, FetchError, FetchPolicy, Next, Paging, Post, Proxy, Secret};
use vigie_queries::Contract;

use crate::config::secret::SecretPlace;
use crate::config::{Fetch, positive};

/// An address that names files of a folder.
pub(crate) const FOLDER: &str = "folder:";
/// Between the addresses of an edition in several.
const BETWEEN: char = '\n';

/// What differs from the contract of a source, and how it is reached.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Address of the feed, or a list of addresses whose bodies make one edition; `{date}` stands for the day.
    #[serde(deserialize_with = "addresses")]
    pub url: Option<String>,
    /// Cron pattern of the polls.
    pub cron: Option<String>,
    /// Whether it is polled at all.
    pub enabled: Option<bool>,

    /// User name; the password comes from `password_file`.
    pub user: Option<String>,
    /// Password of `user`.
    pub password_file: Option<SecretPlace>,
    /// Token sent as `Authorization: Bearer …`.
    pub token_file: Option<SecretPlace>,
    /// Key sent in `key_header`, in `key_parameter`, or where the address or the body says `{key}`.
    pub key_file: Option<SecretPlace>,
    /// Header that carries the key.
    pub key_header: Option<String>,
    /// Parameter of the address that carries the key.
    pub key_parameter: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// Further headers whose values are secrets.
    pub secret_headers: BTreeMap<String, SecretPlace>,

    /// `get` or `post`.
    pub method: Method,
    /// What is posted.
    pub body: Option<String>,
    /// A file that holds what is posted.
    pub body_file: Option<SecretPlace>,
    /// Type of what is posted.
    pub content_type: Option<String>,

    /// Certificates (PEM) of an authority of the agency's or the partner's own, trusted besides those of the machine.
    pub ca_file: Option<PathBuf>,
    /// Certificate (PEM) shown to a server that asks for one.
    pub client_certificate: Option<PathBuf>,
    /// Its key (PEM, not encrypted).
    pub client_key: Option<SecretPlace>,

    /// Proxy of this source, or `"none"`; that of the environment when absent.
    pub proxy: Option<String>,
    /// User name that the proxy asks for.
    pub proxy_user: Option<String>,
    /// Its password.
    pub proxy_password_file: Option<SecretPlace>,
    /// Hosts reached without the proxy, separated by commas.
    pub no_proxy: Option<String>,

    /// Longest wait for a connection.
    pub connect_timeout: Option<SignedDuration>,
    /// Longest silence in the middle of a body.
    pub read_timeout: Option<SignedDuration>,
    /// Longest time for one poll, pages and retries included.
    pub total_deadline: Option<SignedDuration>,
    /// Tries before giving up.
    pub attempts: Option<u32>,

    /// How the server gives its pages.
    pub paging: Option<Pages>,
    /// How files of a folder are taken.
    pub folder: Folder,

    /// Refused: a secret does not stand in the configuration.
    #[serde(deserialize_with = "refuse_password")]
    pub password: (),
    /// Refused, as `password`.
    #[serde(deserialize_with = "refuse_token")]
    pub token: (),
    /// Refused, as `password`.
    #[serde(deserialize_with = "refuse_key")]
    pub key: (),
    /// Refused, as `password`.
    #[serde(deserialize_with = "refuse_key")]
    pub api_key: (),
    /// Refused, as `password`.
    #[serde(deserialize_with = "refuse_proxy_password")]
    pub proxy_password: (),
}

/// How a source is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// For its address.
    #[default]
    Get,
    /// By sending it a body.
    Post,
}

/// How a server gives its pages: exactly one of `next`, `page` and `offset`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// `"link"`: the header `Link: …; rel="next"`; `"none"`: that header leads elsewhere; else the dotted path of the
    /// JSON member that holds the address of the next page.
    pub next: Option<String>,
    /// Parameter that counts pages.
    pub page: Option<String>,
    /// Number of the first page.
    pub first: Option<u64>,
    /// Parameter that counts rows left out.
    pub offset: Option<String>,
    /// JSON: dotted path to the number of rows of all pages.
    pub total: Option<String>,
    /// Pages at most.
    pub pages_max: Option<u64>,
    /// Status with which the server answers beyond the last page.
    pub end_status: Option<u16>,
}

/// How files of a folder are taken.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Folder {
    /// Which files.
    pub take: Take,
    /// In which order, and which is the newest.
    pub by: By,
    /// Folder to which a file is moved once it was read; files stay where they are without it.
    pub done: Option<PathBuf>,
    /// How long a file must have been left alone.
    pub quiet: SignedDuration,
    /// With `take = "all"`: how many files make an edition.
    pub count: Option<usize>,
}

impl Default for Folder {
    fn default() -> Self {
        Self {
            take: Take::default(),
            by: By::default(),
            done: None,
            quiet: SignedDuration::from_secs(10),
            count: None,
        }
    }
}

/// Which files of a folder are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// Each new one, as an edition of its own, the oldest first.
    #[default]
    Each,
    /// Only the newest.
    Newest,
    /// All of them together, as one edition.
    All,
}

/// What orders the files of a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// When they were last written.
    #[default]
    Modified,
    /// Their names.
    Name,
}

/// One address, or several that make one edition.
fn addresses<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(source) {
        Ok(OneOrMore::One(one)) => Some(one),
        Ok(OneOrMore::More(more)) if !more.is_empty() => Some(more.join(&BETWEEN.to_string())),
        _ => return Err(serde::de::Error::custom("url: expected an address, or a list of addresses")),
    })
}

/// The addresses of an edition, as [`Source::url`] joins them.
pub(crate) fn several(url: &str) -> Vec<&str> {
    url.split(BETWEEN).map(str::trim).filter(|one| !one.is_empty()).collect()
}

fn refused(given: &str, instead: &str) -> String {
    format!(
        "{given} is not written in this file; {instead} names the file that holds it, or \"credential:NAME\" for a \
         systemd credential, or \"env:NAME\" for an environment variable"
    )
}

macro_rules! refuse {
    ($name:ident, $given:literal, $instead:literal) => {
        fn $name<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
            Err(serde::de::Error::custom(refused($given, $instead)))
        }
    };
}
refuse!(refuse_password, "a password", "password_file");
refuse!(refuse_token, "a token", "token_file");
refuse!(refuse_key, "a key", "key_file (with key_header or key_parameter)");
refuse!(refuse_proxy_password, "a password", "proxy_password_file");

impl Source {
    /// Relative files are taken from the folder of the configuration.
    pub(crate) fn rooted(&mut self, folder: &Path) {
        for path in
            [&mut self.ca_file, &mut self.client_certificate, &mut self.folder.done].into_iter().flatten()
        {
            *path = folder.join(&*path);
        }
        let places = [
            &mut self.password_file,
            &mut self.token_file,
            &mut self.key_file,
            &mut self.body_file,
            &mut self.client_key,
            &mut self.proxy_password_file,
        ];
        for place in places.into_iter().flatten().chain(self.secret_headers.values_mut()) {
            place.rooted(folder);
        }
        if let Some(pattern) = self.url.as_deref().and_then(|url| url.strip_prefix(FOLDER)) {
            self.url = Some(format!("{FOLDER}{}", folder.join(pattern).display()));
        }
    }

    /// What makes the settings of a source contradict one another, in one sentence.
    pub(crate) fn fault(&self) -> Option<String> {
        let ways = [
            ("password_file", self.password_file.is_some()),
            ("token_file", self.token_file.is_some()),
            ("key_file", self.key_file.is_some()),
        ];
        let given: Vec<&str> = ways.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if given.len() > 1 {
            return Some(format!("{} are given together; one of them says who asks", given.join(" and ")));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Some("user and password_file go together".into());
        }
        let url = self.url.as_deref().unwrap_or_default();
        let marked = url.contains("{key}") || self.body.as_deref().is_some_and(|body| body.contains("{key}"));
        let carriers = [self.key_header.is_some(), self.key_parameter.is_some(), marked];
        let carriers = carriers.iter().filter(|carrier| **carrier).count();
        if self.key_file.is_some() && carriers != 1 {
            return Some(
                "key_file needs one place for the key: key_header, key_parameter, or {key} in the address or the body".into(),
            );
        }
        if self.key_file.is_none() && carriers > 0 {
            return Some("key_header, key_parameter and {key} need key_file".into());
        }
        if let Some(name) = self.headers.keys().find(|name| is_secret_name(name)) {
            return Some(format!(
                "headers.{name}: {}",
                refused("a secret", &format!("secret_headers = {{ {name} = \"FILE\" }}"))
            ));
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            return Some("client_certificate and client_key go together".into());
        }
        if self.method == Method::Get && (self.body.is_some() || self.body_file.is_some()) {
            return Some("a body is sent with method = \"post\"".into());
        }
        if self.body.is_some() && self.body_file.is_some() {
            return Some("body and body_file are given together".into());
        }
        if self.proxy.as_deref().is_some_and(has_user_info) {
            return Some(format!("proxy: {}", refused("a password", "proxy_user with proxy_password_file")));
        }
        if self.proxy_user.is_some() != self.proxy_password_file.is_some() {
            return Some("proxy_user and proxy_password_file go together".into());
        }
        if self.proxy_user.is_some() && self.proxy.as_deref().is_none_or(|proxy| proxy == "none") {
            return Some("proxy_user needs proxy".into());
        }
        if url.contains(BETWEEN) && (url.contains(FOLDER) || self.pages().is_some()) {
            return Some("a list of addresses names neither a folder nor the first of several pages".into());
        }
        if self.folder.count.is_some() && self.folder.take != Take::All {
            return Some("folder.count goes with folder.take = \"all\"".into());
        }
        self.paging.as_ref().and_then(Pages::fault).map(|fault| format!("paging: {fault}"))
    }

    /// Its paging, unless it says that there is none.
    fn pages(&self) -> Option<&Pages> {
        self.paging.as_ref().filter(|pages| pages.next.as_deref() != Some("none"))
    }

    /// Whether a further page that an answer names is none.
    pub(crate) fn ignores_links(&self) -> bool {
        self.paging.as_ref().is_some_and(|pages| pages.next.as_deref() == Some("none"))
    }

    /// How the pages of a source are found; none when it has none.
    pub(crate) fn paging(&self, contract: &Contract) -> Option<Paging> {
        let pages = self.pages()?;
        let next = match (&pages.next, &pages.page, &pages.offset) {
            (Some(next), ..) if next == "link" => Next::Link,
            (Some(member), ..) => Next::Member(member.clone()),
            (_, Some(parameter), _) => {
                Next::Page { parameter: parameter.clone(), first: pages.first.unwrap_or(1) }
            }
            (.., Some(parameter)) => Next::Offset { parameter: parameter.clone() },
            _ => return None,
        };
        Some(Paging {
            next,
            format: contract.feed.format,
            rows: contract.feed.path.clone().unwrap_or_default(),
            total: pages.total.clone(),
            pages_max: pages.pages_max.unwrap_or(1000),
            end_status: pages.end_status,
        })
    }

    /// Patience with this source.
    pub(crate) fn policy(&self, general: &Fetch) -> FetchPolicy {
        let mut policy = general.policy();
        let bounds = [
            (&mut policy.connect_timeout, self.connect_timeout),
            (&mut policy.read_timeout, self.read_timeout),
            (&mut policy.total_deadline, self.total_deadline),
        ];
        for (bound, own) in bounds {
            if let Some(own) = own {
                *bound = positive(own);
            }
        }
        policy.attempts = self.attempts.unwrap_or(policy.attempts);
        policy
    }

    /// How the source is reached, its secrets read now.
    ///
    /// # Errors
    /// `bad-setting` naming the file or variable that is not there.
    pub(crate) fn access(&self, url: &str) -> Result<Access, FetchError> {
        let secret = |setting: &str, place: &SecretPlace| {
            if let Some(exposed) = place.exposed() {
                tracing::warn!("{exposed}");
            }
            place.read().map_err(|why| FetchError::setting(setting, &why))
        };
        let file = |setting: &str, path: &Path| {
            std::fs::read(path)
                .map_err(|cause| FetchError::setting(setting, &format!("{}: {cause}", path.display())))
        };
        let mut access = Access { home: url.to_owned(), ..Access::default() };
        access.credentials = match (&self.user, &self.password_file, &self.token_file, &self.key_file) {
            (Some(user), Some(place), ..) => {
                Credentials::Basic { user: user.clone(), password: secret("password_file", place)? }
            }
            (_, _, Some(place), _) => Credentials::Bearer(secret("token_file", place)?),
            (.., Some(place)) => {
                let key = secret("key_file", place)?;
                match (&self.key_header, &self.key_parameter) {
                    (Some(name), _) => Credentials::Header { name: name.clone(), key },
                    (_, Some(name)) => Credentials::Parameter { name: name.clone(), key },
                    _ => Credentials::Placed(key),
                }
            }
            _ => Credentials::None,
        };
        access.take_user_info();
        access.headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        for (name, place) in &self.secret_headers {
            access.secret_headers.push((name.clone(), secret("secret_headers", place)?));
        }
        if self.method == Method::Post {
            let body = match (&self.body, &self.body_file) {
                (_, Some(place)) => {
                    place.read_whole().map_err(|why| FetchError::setting("body_file", &why))?
                }
                (body, None) => Secret::new(body.clone().unwrap_or_default()),
            };
            let content_type = self.content_type.clone().unwrap_or_else(|| "application/json".into());
            access.post = Some(Post { body, content_type });
        }
        access.authorities = self.ca_file.as_deref().map(|path| file("ca_file", path)).transpose()?;
        if let (Some(certificate), Some(key)) = (&self.client_certificate, &self.client_key) {
            let mut pem = String::from_utf8_lossy(&file("client_certificate", certificate)?).into_owned();
            pem.push('\n');
            if let Some(exposed) = key.exposed() {
                tracing::warn!("{exposed}");
            }
            pem.push_str(key.read_whole().map_err(|why| FetchError::setting("client_key", &why))?.expose());
            access.identity = Some(Secret::new(pem));
        }
        if let Some(address) = &self.proxy {
            let credentials = match (&self.proxy_user, &self.proxy_password_file) {
                (Some(user), Some(place)) => Some((user.clone(), secret("proxy_password_file", place)?)),
                _ => None,
            };
            access.proxy = Some(Proxy {
                address: Some(address.clone()).filter(|address| address != "none"),
                credentials,
                except: self.no_proxy.clone(),
            });
        }
        Ok(access)
    }
}

impl Pages {
    fn fault(&self) -> Option<String> {
        let ways = [self.next.is_some(), self.page.is_some(), self.offset.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            Some("exactly one of next, page and offset is expected".into())
        } else if self.first.is_some() && self.page.is_none() {
            Some("first goes with page".into())
        } else if self.pages_max == Some(0) {
            Some("pages_max is at least 1".into())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Result<Source, String> {
        let source: Source = toml::from_str(text).map_err(|fault| fault.message().to_owned())?;
        match source.fault() {
            Some(fault) => Err(fault),
            None => Ok(source),
        }
    }

    #[test]
    fn contradictions_and_inline_secrets_are_refused_with_what_to_write() {
        let cases = [
            ("password = \"x\"", "password_file names the file"),
            ("token = \"x\"", "token_file names the file"),
            ("api_key = \"x\"", "key_file (with key_header or key_parameter)"),
            ("proxy_password = \"x\"", "proxy_password_file names"),
            ("user = \"a\"", "user and password_file go together"),
            ("key_file = \"k\"", "key_file needs one place for the key"),
            ("key_file = \"k\"\nkey_header = \"X\"\nkey_parameter = \"p\"", "one place"),
            ("key_header = \"X\"", "need key_file"),
            (
                "token_file = \"t\"\nkey_file = \"k\"\nkey_header = \"X\"",
                "token_file and key_file are given together",
            ),
            ("headers = { Authorization = \"Basic x\" }", "secret_headers = { Authorization = \"FILE\" }"),
            ("client_certificate = \"c\"", "client_certificate and client_key go together"),
            ("body = \"{}\"", "method = \"post\""),
            ("proxy = \"http://a:b@p:3128\"", "proxy_user with proxy_password_file"),
            ("proxy_user = \"a\"\nproxy_password_file = \"p\"", "proxy_user needs proxy"),
            ("paging = { page = \"p\", next = \"link\" }", "exactly one of next, page and offset"),
            ("paging = {}", "exactly one of"),
            ("url = [\"folder:/a/*\", \"https://e.org\"]", "names neither a folder"),
            ("url = []", "expected an address"),
            ("folder = { count = 3 }", "take = \"all\""),
        ];
        for (text, expected) in cases {
            let said = source(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
        source("user = \"a\"\npassword_file = \"credential:p\"\nproxy = \"none\"").unwrap();
        source("url = \"https://e.org/{key}/a\"\nkey_file = \"env:K\"").unwrap();
        let several = source("url = [\"https://e.org/a\", \"https://e.org/b\"]").unwrap();
        assert_eq!(super::several(several.url.as_deref().unwrap()), ["https://e.org/a", "https://e.org/b"]);
    }
}
