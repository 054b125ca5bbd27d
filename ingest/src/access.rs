//! How a source lets itself be reached: who asks, with which key, certificate and proxy, and what is sent.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Identity, Method, NoProxy, RequestBuilder, Url, redirect};

use crate::fetch::FetchPolicy;
use crate::fetch_error::FetchError;
use crate::redact::{Secret, Secrets, redact};

/// Stands for the key in an address or a body ([`Credentials::Placed`]).
pub(crate) const KEY_MARK: &str = "{key}";

/// What is needed to reach a source. The secrets in it are read anew for each poll.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The address as configured: credentials go to its scheme, host and port only, wherever redirects lead.
    pub home: String,
    /// Who asks.
    pub credentials: Credentials,
    /// Headers sent everywhere.
    pub headers: Vec<(String, String)>,
    /// Headers sent to the home only.
    pub secret_headers: Vec<(String, Secret)>,
    /// What is posted; the address is got when there is nothing.
    pub post: Option<Post>,
    /// Certificates (PEM) of authorities trusted besides those of the machine.
    pub authorities: Option<Vec<u8>>,
    /// Certificate and key (PEM) that the server asks of its clients.
    pub identity: Option<Secret>,
    /// Proxy of this source, in the place of that of the environment.
    pub proxy: Option<Proxy>,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    None,
    /// User name and password.
    Basic {
        /// Name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// A key in a header.
    Header {
        /// Name of the header.
        name: String,
        /// The key.
        key: Secret,
    },
    /// A key in a parameter of the address.
    Parameter {
        /// Name of the parameter.
        name: String,
        /// The key.
        key: Secret,
    },
    /// A key where the address or the body says `{key}`.
    Placed(Secret),
}

/// A request by POST.
#[derive(Debug, Clone)]
pub struct Post {
    /// What is sent.
    pub body: Secret,
    /// Its type.
    pub content_type: String,
}

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address, `http://host:port`; none: no proxy at all, whatever the environment says.
    pub address: Option<String>,
    /// User name and password it asks for.
    pub credentials: Option<(String, Secret)>,
    /// Hosts reached without it, separated by commas.
    pub except: Option<String>,
}

impl Access {
    /// Takes user name and password out of the home address, as `http://user:password@host/` gives them.
    #[must_use]
    pub fn of_address(address: &str) -> Self {
        let mut access = Self { home: address.to_owned(), ..Self::default() };
        access.take_user_info();
        access
    }

    /// User name and password of the home address become credentials, unless there are others.
    pub fn take_user_info(&mut self) {
        let Ok(url) = Url::parse(&self.home) else { return };
        if matches!(self.credentials, Credentials::None)
            && (!url.username().is_empty() || url.password().is_some())
        {
            let text = |part: &str| {
                let plain = format!("x:?v={}", part.replace('+', "%2B"));
                Url::parse(&plain)
                    .ok()
                    .and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned()))
                    .unwrap_or_else(|| part.to_owned())
            };
            self.credentials = Credentials::Basic {
                user: text(url.username()),
                password: Secret::new(text(url.password().unwrap_or_default())),
            };
        }
    }

    /// Everything that must not be kept.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        match &self.credentials {
            Credentials::None => {}
            Credentials::Basic { user, password } => {
                secrets.add(password.expose());
                secrets.add(&basic(user, password));
            }
            Credentials::Bearer(key)
            | Credentials::Header { key, .. }
            | Credentials::Parameter { key, .. }
            | Credentials::Placed(key) => secrets.add(key.expose()),
        }
        for (_, value) in &self.secret_headers {
            secrets.add(value.expose());
        }
        if let Some((user, password)) = self.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref()) {
            secrets.add(password.expose());
            secrets.add(&basic(user, password));
        }
        if let Ok(home) = Url::parse(&self.home) {
            secrets.add(home.password().unwrap_or_default());
            for (name, value) in home.query_pairs() {
                if crate::redact::is_secret_name(&name) && value != KEY_MARK {
                    secrets.add(&value);
                }
            }
        }
        secrets
    }

    /// Whether credentials are given at all.
    #[must_use]
    pub(crate) fn has_credentials(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
            || !self.secret_headers.is_empty()
            || self.identity.is_some()
    }

    /// Whether an address is on the host that the credentials are for.
    pub(crate) fn is_home(&self, address: &Url) -> bool {
        Url::parse(&self.home).is_ok_and(|home| home.origin() == address.origin())
    }

    /// The request for an address: credentials only when it is at home.
    pub(crate) fn request(
        &self,
        client: &Client,
        address: &Url,
        post: bool,
    ) -> Result<RequestBuilder, FetchError> {
        let at_home = self.is_home(address);
        let mut url = address.clone();
        // Both fail only for addresses that can hold neither.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if at_home {
            match &self.credentials {
                Credentials::Parameter { name, key } => {
                    let others: Vec<(String, String)> = url
                        .query_pairs()
                        .filter(|(known, _)| known != name)
                        .map(|(name, value)| (name.into_owned(), value.into_owned()))
                        .collect();
                    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, key.expose());
                }
                Credentials::Placed(key) => url = self.placed(&url, key)?,
                _ => {}
            }
        }
        let method = if post && self.post.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method.clone(), url);
        for (name, value) in &self.headers {
            request = request.header(header_name(name)?, header_value(name, value, false)?);
        }
        if let Some(post) = self.post.as_ref().filter(|_| method == Method::POST) {
            let mut body = post.body.expose().to_owned();
            if let Credentials::Placed(key) = &self.credentials {
                body = body.replace(KEY_MARK, if at_home { key.expose() } else { "" });
            }
            request = request
                .header(CONTENT_TYPE, header_value("content_type", &post.content_type, false)?)
                .body(body);
        }
        if !at_home {
            return Ok(request);
        }
        for (name, value) in &self.secret_headers {
            request = request.header(header_name(name)?, header_value(name, value.expose(), true)?);
        }
        Ok(match &self.credentials {
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password.expose())),
            Credentials::Bearer(key) => {
                let value = format!("Bearer {}", key.expose());
                request.header(AUTHORIZATION, header_value("token", &value, true)?)
            }
            Credentials::Header { name, key } => {
                request.header(header_name(name)?, header_value(name, key.expose(), true)?)
            }
            Credentials::None | Credentials::Parameter { .. } | Credentials::Placed(_) => request,
        })
    }

    /// An address with the key where it says `{key}`, in its path or its query.
    fn placed(&self, url: &Url, key: &Secret) -> Result<Url, FetchError> {
        let mut probe = Url::parse("x://h/").map_err(|_| unusable("address", "no address"))?;
        probe.query_pairs_mut().append_pair("k", key.expose());
        let encoded =
            probe.query().and_then(|query| query.strip_prefix("k=")).unwrap_or_default().replace('+', "%20");
        let mut text = url.to_string();
        for mark in [KEY_MARK, "%7Bkey%7D", "%7bkey%7d"] {
            text = text.replace(mark, &encoded);
        }
        Url::parse(&text)
            .map_err(|_| FetchError::bad_url(&self.home, "the key does not fit into the address"))
    }

    /// The client for this source. Redirects are followed by [`crate::Fetcher`], which knows where credentials may go.
    pub(crate) fn client(&self, policy: &FetchPolicy) -> Result<Client, FetchError> {
        let mut client = Client::builder()
            .connect_timeout(policy.connect_timeout)
            .read_timeout(policy.read_timeout)
            .redirect(redirect::Policy::none())
            .user_agent(&policy.user_agent)
            .referer(false);
        if let Some(pem) = &self.authorities {
            let bundle = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|bundle| !bundle.is_empty());
            let bundle = bundle.ok_or_else(|| unusable("ca_file", "no certificate (PEM) in it"))?;
            client = client.tls_certs_merge(bundle);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem.expose().as_bytes()).map_err(|_| {
                unusable("client_certificate", "no certificate with its key (PEM, not encrypted)")
            })?;
            client = client.identity(identity);
        }
        if let Some(proxy) = &self.proxy {
            client = match &proxy.address {
                None => client.no_proxy(),
                Some(address) => {
                    let mut through = reqwest::Proxy::all(address).map_err(|_| {
                        unusable("proxy", &format!("{} is not an address of a proxy", redact(address)))
                    })?;
                    if let Some((user, password)) = &proxy.credentials {
                        through = through.basic_auth(user, password.expose());
                    }
                    let except = proxy.except.as_deref().and_then(NoProxy::from_string);
                    client.no_proxy().proxy(through.no_proxy(except))
                }
            };
        }
        client.build().map_err(|cause| {
            let (what, why) = if self.identity.is_some() {
                ("client_certificate", "certificate and key do not fit together, or the key cannot be used")
            } else if self.authorities.is_some() {
                ("ca_file", "a certificate in it cannot be used")
            } else {
                ("TLS", "are there certificates on this machine (package ca-certificates)?")
            };
            unusable(what, &format!("{why}: {}", crate::network::innermost(&cause)))
        })
    }

    /// Whether this can be used at all: certificates, key and proxy are read, nobody is asked.
    ///
    /// # Errors
    /// What is wrong, as a poll would say it.
    pub fn check(&self) -> Result<(), FetchError> {
        crate::fetch::tls_provider()?;
        let client = self.client(&FetchPolicy::default())?;
        let address =
            Url::parse(&self.home).map_err(|cause| FetchError::bad_url(&self.home, &cause.to_string()))?;
        self.request(&client, &address, true).map(drop)
    }
}

fn basic(user: &str, password: &Secret) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.expose()))
}

fn unusable(setting: &str, why: &str) -> FetchError {
    FetchError::setting(setting, why)
}

fn header_name(name: &str) -> Result<HeaderName, FetchError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| unusable("headers", &format!("{name:?} is not a name of a header")))
}

fn header_value(name: &str, value: &str, secret: bool) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| unusable(name, "its value holds characters that a header cannot carry"))?;
    value.set_sensitive(secret);
    Ok(value)
}
