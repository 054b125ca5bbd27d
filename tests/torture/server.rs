//! An HTTP server on a free loopback port that can misbehave in every way: each path has a reply that the test may
//! change.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The server. Its threads end with the process.
#[derive(Clone)]
pub(crate) struct Server {
    port: u16,
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What the server does when a path is asked for.
#[derive(Clone)]
pub(crate) enum Reply {
    /// 200 with an ETag made of its content; 304 when the client has it.
    Body(Vec<u8>),
    /// The same with a `Last-Modified`.
    Edition(Vec<u8>, String),
    /// 200, a content type of HTML, a page.
    Html(&'static str),
    /// A status without a body.
    Status(u16),
    /// Half of a body, then the connection is closed.
    Cut(Vec<u8>),
    /// The connection is closed before any byte.
    Hangup,
    /// 304 to whoever asks with a condition, this to others.
    Conditional(Box<Reply>),
    /// These steps on the bare connection, then it is closed.
    Raw(Vec<Step>),
    /// The first request gets the first one, the second the second; the last one serves all others.
    Turns(Vec<Reply>),
}

/// One thing done on a connection.
#[derive(Clone)]
pub(crate) enum Step {
    /// Bytes, as they are.
    Send(Vec<u8>),
    /// Bytes one by one, with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Silence.
    Wait(Duration),
    /// The same bytes so many times.
    Repeat(Vec<u8>, u64),
    /// The connection is reset: closed with bytes of the client unread.
    Reset,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
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
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn set(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Paths asked for so far, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub(crate) fn times_asked(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == path).count()
    }

    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        // Looked at, not taken: a reset needs bytes that were never read.
        let mut head = vec![0; 16 << 10];
        let (head, length) = loop {
            let seen = stream.peek(&mut head).ok()?;
            if seen == 0 {
                return None;
            }
            let text = String::from_utf8_lossy(&head[..seen]).into_owned();
            if let Some(end) = text.find("\r\n\r\n") {
                break (text, end + 4);
            }
            if !text.starts_with("GET ") {
                return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").ok();
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let path = head.split_whitespace().nth(1)?.split('?').next()?.to_owned();
        let turn = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(path.clone());
            asked.iter().filter(|other| **other == path).count() - 1
        };
        let mut reply = self.replies.lock().unwrap().get(&path).cloned().unwrap_or(Reply::Status(404));
        if let Reply::Conditional(otherwise) = reply {
            let asks = head.to_lowercase().contains("\r\nif-none-match:");
            reply = if asks { Reply::Status(304) } else { *otherwise };
        }
        while let Reply::Turns(turns) = reply {
            reply = turns.get(turn).or(turns.last())?.clone();
        }
        let resets =
            matches!(&reply, Reply::Raw(steps) if steps.iter().any(|step| matches!(step, Step::Reset)));
        if !resets {
            stream.read_exact(&mut vec![0; length]).ok()?;
        }
        self.say(&mut stream, &head, reply)
    }

    fn say(&self, stream: &mut TcpStream, head: &str, reply: Reply) -> Option<()> {
        let mut write = |status: &str, more: &str, body: &[u8]| {
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n");
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
        };
        let whole = |body: &[u8], more: &str| {
            let sum =
                body.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            let tag = format!("\"{}-{sum:x}\"", body.len());
            let known = head.to_lowercase().contains(&format!("if-none-match: {tag}"));
            (known, format!("ETag: {tag}\r\n{more}"))
        };
        match reply {
            Reply::Body(body) => match whole(&body, "") {
                (true, _) => write("304 Not Modified", "", b""),
                (false, more) => write("200 OK", &more, &body),
            },
            Reply::Edition(body, modified) => match whole(&body, &format!("Last-Modified: {modified}\r\n")) {
                (true, _) => write("304 Not Modified", "", b""),
                (false, more) => write("200 OK", &more, &body),
            },
            Reply::Html(page) => write("200 OK", "Content-Type: text/html\r\n", page.as_bytes()),
            Reply::Status(status) => write(&format!("{status} Status"), "", b""),
            Reply::Cut(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).ok()?;
                stream.write_all(&body[..body.len() / 2]).ok()
            }
            Reply::Hangup | Reply::Turns(_) | Reply::Conditional(_) => None,
            Reply::Raw(steps) => {
                for step in steps {
                    match step {
                        Step::Send(bytes) => stream.write_all(&bytes).ok()?,
                        Step::Trickle(bytes, pause) => {
                            for byte in bytes {
                                stream.write_all(&[byte]).ok()?;
                                std::thread::sleep(pause);
                            }
                        }
                        Step::Wait(pause) => std::thread::sleep(pause),
                        Step::Repeat(bytes, times) => {
                            for _ in 0..times {
                                stream.write_all(&bytes).ok()?;
                            }
                        }
                        // What was sent before must be on its way first.
                        Step::Reset => std::thread::sleep(Duration::from_millis(50)),
                    }
                }
                Some(())
            }
        }
    }
}
