//! Runs the binary, keeps temporary lakes, serves bodies on loopback.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A lake in a folder that goes away with the test.
pub(crate) struct Lake {
    folder: tempfile::TempDir,
}

impl Lake {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder beside the lake: outputs, configurations.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// `vigie --lake L …`, in the test's folder.
    pub(crate) fn vigie(&self, words: &[&str]) -> Output {
        command(self.folder()).arg("--lake").arg(self.path()).args(words).output().unwrap()
    }

    /// The same, which must end well; its standard output.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        succeed(&self.vigie(words))
    }

    /// Rows of a query, as JSON objects.
    pub(crate) fn sql(&self, query: &str) -> Vec<Value> {
        serde_json::from_str(&self.ok(&["sql", "--format", "json", query])).unwrap()
    }

    /// The only value of a query.
    pub(crate) fn value(&self, query: &str) -> Value {
        let rows = self.sql(query);
        assert_eq!(rows.len(), 1, "one row expected of {query}: {rows:?}");
        let row = rows[0].as_object().unwrap();
        assert_eq!(row.len(), 1, "one column expected of {query}");
        row.values().next().unwrap().clone()
    }

    /// `vigie fetch SOURCE --from FILE --json`: exit code and report.
    pub(crate) fn fetch_file(&self, source: &str, file: &Path, more: &[&str]) -> (i32, Value) {
        let file = file.to_str().unwrap();
        let output = self.vigie(&[&["--json", "fetch", source, "--from", file], more].concat());
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), report)
    }
}

/// The binary under test, in a folder, with nothing of the caller's configuration.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command.current_dir(folder).env_remove("VIGIE_CONFIG").env_remove("VIGIE_LOG").env("NO_COLOR", "1");
    command
}

/// Standard output of a command that must have ended well.
pub(crate) fn succeed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "exit {:?}: {said}", output.status.code());
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The folder of real data beside the project, when this machine has it.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VIGIE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join(part);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here (VIGIE_SHARED names another place)", folder.display());
    None
}

/// Text of a PDF, as `pdftotext -layout` reads it; none where the program is missing.
pub(crate) fn pdf_text(pdf: &Path) -> Option<String> {
    match Command::new("pdftotext").arg("-layout").arg(pdf).arg("-").output() {
        Ok(output) => {
            assert!(output.status.success(), "pdftotext: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(_) => {
            eprintln!("skipped: pdftotext is not installed (.ci/setup --tests)");
            None
        }
    }
}

/// An HTTP server on a free loopback port: each path has a reply, or a fault, that the test may change.
#[derive(Clone)]
pub(crate) struct Server {
    address: String,
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What the server does when a path is asked for.
#[derive(Clone)]
pub(crate) enum Reply {
    /// 200 with an ETag made of its length; 304 when the client has it.
    Body(Vec<u8>),
    /// 200, a content type of HTML, a page.
    Html(&'static str),
    /// A status without a body.
    Status(u16),
    /// Half of a body, then the connection is closed.
    Cut(Vec<u8>),
    /// The connection is closed before any byte.
    Hangup,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            replies: Arc::default(),
            asked: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(stream));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub(crate) fn set(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Paths asked for so far, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut head = Vec::new();
        let mut byte = [0_u8; 1];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split_whitespace().nth(1)?.to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let reply = self.replies.lock().unwrap().get(&path).cloned().unwrap_or(Reply::Status(404));
        let write = |stream: &mut TcpStream, status: &str, more: &str, body: &[u8]| {
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n");
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
        };
        match reply {
            Reply::Body(body) => {
                let tag = format!("\"{}-{}\"", body.len(), body.iter().map(|b| u64::from(*b)).sum::<u64>());
                if head.to_lowercase().contains(&format!("if-none-match: {tag}")) {
                    return write(&mut stream, "304 Not Modified", "", b"");
                }
                write(&mut stream, "200 OK", &format!("ETag: {tag}\r\n"), &body)
            }
            Reply::Html(page) => write(&mut stream, "200 OK", "Content-Type: text/html\r\n", page.as_bytes()),
            Reply::Status(status) => write(&mut stream, &format!("{status} Status"), "", b""),
            Reply::Cut(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).ok()?;
                stream.write_all(&body[..body.len() / 2]).ok()
            }
            Reply::Hangup => None,
        }
    }
}
