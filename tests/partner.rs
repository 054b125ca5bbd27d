//! A partner's server on loopback: what it was asked, and what it answers, over TCP or TLS; a forward proxy before it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query, or a whole address when asked as a proxy.
    pub(crate) target: String,
    /// Names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: b"no".to_vec() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A server that lives as long as the process of the tests.
pub(crate) struct Partner {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Partner {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(answer), None)
    }

    pub(crate) fn start_tls(
        tls: rustls::ServerConfig,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Arc::new(answer), Some(Arc::new(tls)))
    }

    fn serve(answer: Arc<Handler>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, tls, seen) = (Arc::clone(&answer), tls.clone(), Arc::clone(&seen));
                std::thread::spawn(move || match tls {
                    None => one(stream, &*answer, &seen),
                    Some(tls) => {
                        let connection = rustls::ServerConnection::new(tls).unwrap();
                        one(rustls::StreamOwned::new(connection, stream), &*answer, &seen);
                    }
                });
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads one request and answers it.
fn one(stream: impl Read + Write, answer: &Handler, seen: &Mutex<Vec<Asked>>) {
    let mut stream = BufReader::new(stream);
    let Some(asked) = read(&mut stream) else { return };
    let given = answer(&asked);
    seen.lock().unwrap().push(asked);
    let mut text = format!(
        "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n",
        given.status,
        given.body.len()
    );
    for (name, value) in &given.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let stream = stream.get_mut();
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.write_all(&given.body);
    let _ = stream.flush();
}

fn read(stream: &mut impl std::io::BufRead) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let mut asked =
        Asked { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Asked::default() };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        asked.headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = asked.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}

/// A forward proxy that asks for `credentials` (`user:password`): tunnels (CONNECT) and whole addresses.
pub(crate) struct ForwardProxy {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ForwardProxy {
    pub(crate) fn start(authorization: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || forward(stream, authorization, &seen));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn forward(stream: TcpStream, authorization: Option<&str>, seen: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut client = BufReader::new(stream);
    let asked = read(&mut client)?;
    seen.lock().unwrap().push(asked.clone());
    let mut stream = client.into_inner();
    if authorization.is_some_and(|wanted| asked.header("proxy-authorization") != wanted) {
        stream.write_all(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=p\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
        return None;
    }
    let plain = asked.target.strip_prefix("http://");
    let host = plain.map_or(asked.target.as_str(), |rest| rest.split('/').next().unwrap_or_default());
    let mut server = TcpStream::connect(host).ok()?;
    match plain {
        None => stream.write_all(b"HTTP/1.1 200 X\r\n\r\n").ok()?,
        Some(rest) => {
            let path = rest.find('/').map_or("/", |at| &rest[at..]);
            let mut text = format!("{} {path} HTTP/1.1\r\n", asked.method);
            for (name, value) in asked.headers.iter().filter(|(name, _)| !name.starts_with("proxy-")) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            server.write_all(format!("{text}\r\n").as_bytes()).ok()?;
        }
    }
    let (mut from, mut to) = (stream.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    Some(())
}

/// An authority of our own and what it signs, made by openssl; none where the program is missing.
pub(crate) struct Authority<'f> {
    folder: &'f Path,
}

impl<'f> Authority<'f> {
    pub(crate) fn make(folder: &'f Path) -> Option<Self> {
        let authority = Self { folder };
        let made = Command::new("openssl").arg("version").output().is_ok();
        if !made {
            eprintln!("skipped: openssl is not installed (.ci/setup --tests)");
            return None;
        }
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=Autorite d'essai",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";
        std::fs::write(folder.join("ca.cnf"), settings).unwrap();
        std::fs::write(folder.join("index.txt"), "").unwrap();
        std::fs::write(folder.join("serial"), "01\n").unwrap();
        Some(authority)
    }

    fn openssl(&self, words: &[&str]) {
        let made = Command::new("openssl").args(words).current_dir(self.folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// `NAME.pem` and `NAME.key`, for a host or a client.
    pub(crate) fn sign(&self, name: &str, extension: &str, dates: &[&str]) {
        let (key, request, signed) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        std::fs::write(self.folder.join("ext"), format!("basicConstraints=critical,CA:FALSE\n{extension}\n"))
            .unwrap();
        self.openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            &format!("/CN={name}"),
        ]);
        let words = [
            "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext",
            "-extfile", "ext",
        ];
        self.openssl(&[&words[..], &["-in", &request, "-out", &signed], dates].concat());
    }

    pub(crate) fn host(&self, name: &str, names: &str, dates: &[&str]) {
        self.sign(name, &format!("subjectAltName={names}\nextendedKeyUsage=serverAuth"), dates);
    }

    fn certificates(&self, name: &str) -> Vec<CertificateDer<'static>> {
        let file = self.folder.join(format!("{name}.pem"));
        CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap).collect()
    }

    /// A server that shows a certificate, and asks its clients for one of this authority or not.
    pub(crate) fn server(&self, name: &str, asks_clients: bool) -> rustls::ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if asks_clients {
            let mut roots = rustls::RootCertStore::empty();
            roots.add_parsable_certificates(self.certificates("ca"));
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(self.folder.join(format!("{name}.key"))).unwrap();
        builder.with_single_cert(self.certificates(name), key).unwrap()
    }
}
