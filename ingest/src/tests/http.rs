//! A server of our own that misbehaves on purpose, spoken to over real connections.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{Access, Code, FetchError, FetchPolicy, Fetcher, Received, Reply, Validators};

/// What the server does with one connection, after it has read the request.
#[derive(Clone)]
enum Step {
    Send(Vec<u8>),
    Wait(u64),
    /// Bytes without end.
    Pour,
    /// A byte every 50 ms without end.
    Drip,
}

fn send(text: &str) -> Vec<Step> {
    vec![Step::Send(text.replace('\n', "\r\n").into_bytes())]
}

fn answer(body: &str) -> Vec<Step> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    vec![Step::Send(head.into_bytes())]
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the first connection with the first script, and so on; the last one serves all others.
    async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let own_url = url.clone();
        tokio::spawn(async move {
            for rank in 0.. {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let script = scripts[rank.min(scripts.len() - 1)].clone();
                let (seen, own_url) = (seen.clone(), own_url.clone());
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => request.push(byte),
                            Err(_) => return,
                        }
                    }
                    seen.lock().unwrap().push(String::from_utf8(request).unwrap());
                    for step in script {
                        match step {
                            Step::Send(bytes) => {
                                let text = String::from_utf8(bytes).unwrap().replace("OWN_URL", &own_url);
                                let _ = stream.write_all(text.as_bytes()).await;
                            }
                            Step::Wait(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
                            Step::Pour => while stream.write_all(&[b'x'; 8192]).await.is_ok() {},
                            Step::Drip => {
                                while stream.write_all(b"x").await.is_ok() {
                                    tokio::time::sleep(Duration::from_millis(50)).await;
                                }
                            }
                        }
                    }
                });
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn policy() -> FetchPolicy {
    FetchPolicy {
        connect_timeout: Duration::from_millis(500),
        read_timeout: Duration::from_millis(300),
        total_deadline: Duration::from_millis(2500),
        attempts: 3,
        backoff_base: Duration::from_millis(10),
        backoff_max: Duration::from_millis(40),
        ..FetchPolicy::default()
    }
}

async fn fetch_with(url: &str, validators: &Validators, policy: FetchPolicy) -> Result<Reply, FetchError> {
    // The second test to come here finds it installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spool = tempfile::tempdir().unwrap();
    let fetcher = Fetcher::new(policy, Access::of_address(url)).unwrap();
    let reply = fetcher.get(url, validators, 1_000_000, spool.path()).await;
    if reply.is_err() {
        assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0, "a failed fetch leaves no file");
    }
    if let Ok(Reply::Body(received)) = &reply {
        // The folder goes when this returns: take the file out of its reach.
        assert_eq!(std::fs::metadata(received.file.path()).unwrap().len(), received.bytes);
    }
    reply
}

async fn body(server: &Server) -> Received {
    match fetch_with(&server.url, &Validators::default(), policy()).await.unwrap() {
        Reply::Body(received) => received,
        Reply::NotModified { .. } => panic!("not modified"),
    }
}

/// Scripts, code of the failure, how many times the server was asked.
async fn check_fails(scripts: Vec<Vec<Step>>, code: Code, attempts: u32) -> FetchError {
    let server = Server::start(scripts).await;
    let error = fetch_with(&server.url, &Validators::default(), policy()).await.unwrap_err();
    assert_eq!((error.code, error.attempts), (code, attempts), "{error} {}", error.message_fr);
    assert!(error.message_fr.ends_with(&format!("({code})")), "{}", error.message_fr);
    error
}

#[tokio::test]
async fn a_body_comes_with_its_hash_and_validators() {
    let server = Server::start(vec![send(
        "HTTP/1.1 200 OK\nContent-Length: 3\nETag: \"v1\"\nLast-Modified: Tue, 13 Oct 2020 17:00:00 GMT\nConnection: close\n\nabc",
    )])
    .await;
    let received = body(&server).await;
    assert_eq!(received.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((received.bytes, received.http_status), (3, Some(200)));
    assert_eq!(received.etag.as_deref(), Some("\"v1\""));
    assert_eq!(received.issued_at.unwrap().to_string(), "2020-10-13T17:00:00Z");
    let request = server.requests()[0].to_lowercase();
    assert!(request.contains("user-agent: vigie/") && !request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn a_known_edition_is_not_sent_again() {
    let validators = Validators {
        etag: Some("\"v1\"".to_owned()),
        last_modified: Some("Tue, 13 Oct 2020 17:00:00 GMT".to_owned()),
    };
    let server = Server::start(vec![send("HTTP/1.1 304 Not Modified\nConnection: close\n\n")]).await;
    let reply = fetch_with(&server.url, &validators, policy()).await.unwrap();
    assert!(matches!(reply, Reply::NotModified { status: 304 }));
    let request = server.requests()[0].to_lowercase();
    assert!(request.contains("if-none-match: \"v1\"") && request.contains("if-modified-since: tue, 13 oct"));
    // A 304 that nobody asked for is a fault.
    check_fails(vec![send("HTTP/1.1 304 Not Modified\nConnection: close\n\n")], Code::HttpStatus, 1).await;
}

#[tokio::test]
async fn passing_faults_are_tried_again() {
    let short = send("HTTP/1.1 200 OK\nContent-Length: 100\nConnection: close\n\nabc");
    let failing = send("HTTP/1.1 503 Service Unavailable\nContent-Length: 0\nConnection: close\n\n");
    let server = Server::start(vec![failing, short, answer("good")]).await;
    assert_eq!(body(&server).await.bytes, 4);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let busy =
        send("HTTP/1.1 429 Too Many Requests\nRetry-After: 1\nContent-Length: 0\nConnection: close\n\n");
    let server = Server::start(vec![busy, answer("good")]).await;
    let start = Instant::now();
    assert_eq!(body(&server).await.bytes, 4);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_ends_the_fetch_at_once() {
    let busy =
        send("HTTP/1.1 429 Too Many Requests\nRetry-After: 3600\nContent-Length: 0\nConnection: close\n\n");
    let start = Instant::now();
    let error = check_fails(vec![busy], Code::TooManyRequests, 1).await;
    assert_eq!(error.http_status, Some(429));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn lasting_faults_have_their_code() {
    let status =
        |line: &str| vec![send(&format!("HTTP/1.1 {line}\nContent-Length: 0\nConnection: close\n\n"))];
    check_fails(status("500 Internal Server Error"), Code::ServerError, 3).await;
    check_fails(status("404 Not Found"), Code::HttpStatus, 1).await;
    check_fails(status("403 Forbidden"), Code::HttpStatus, 1).await;
    check_fails(status("204 No Content"), Code::HttpStatus, 1).await;
    check_fails(status("206 Partial Content"), Code::HttpStatus, 1).await;
    check_fails(
        vec![send("HTTP/1.1 200 OK\nContent-Length: 9\nConnection: close\n\nabc")],
        Code::CutShort,
        3,
    )
    .await;
    check_fails(vec![send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nab")], Code::CutShort, 3).await;
    // Whole chunks, and no last one.
    check_fails(vec![send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n")], Code::CutShort, 3)
        .await;
    check_fails(vec![send("")], Code::CutShort, 3).await;
    check_fails(vec![send("hello, I am no web server\n\n")], Code::BadReply, 3).await;
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let to = |place: &str| {
        send(&format!("HTTP/1.1 302 Found\nLocation: {place}\nContent-Length: 0\nConnection: close\n\n"))
    };
    let server = Server::start(vec![to("OWN_URL/b.csv"), answer("good")]).await;
    assert!(body(&server).await.url.ends_with("/b.csv"));
    check_fails(vec![to("OWN_URL/again")], Code::BadRedirect, 1).await;
    check_fails(vec![to("file:///etc/passwd")], Code::BadRedirect, 1).await;
}

#[tokio::test]
async fn too_large_a_body_is_cut_off() {
    check_fails(vec![send("HTTP/1.1 200 OK\nContent-Length: 99999999\n\n")], Code::BodyTooLarge, 1).await;
    let mut endless = send("HTTP/1.1 200 OK\nConnection: close\n\n");
    endless.push(Step::Pour);
    check_fails(vec![endless], Code::BodyTooLarge, 1).await;
}

#[tokio::test]
async fn silence_and_slowness_end_in_time() {
    let mut stalls = send("HTTP/1.1 200 OK\nContent-Length: 100\n\nabc");
    stalls.push(Step::Wait(5_000));
    check_fails(vec![stalls], Code::TimedOut, 3).await;
    check_fails(vec![vec![Step::Wait(5_000)]], Code::TimedOut, 3).await;
    let mut drips = send("HTTP/1.1 200 OK\n\n");
    drips.push(Step::Drip);
    let start = Instant::now();
    check_fails(vec![drips], Code::TimedOut, 1).await;
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn no_server_and_no_address_have_their_code() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fetch_with(&closed, &Validators::default(), policy()).await.unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::ConnectFailed, 3), "{error}");
    for url in ["", "not a url", "ftp://example.org/a.csv", "file:///etc/passwd"] {
        let error = fetch_with(url, &Validators::default(), policy()).await.unwrap_err();
        assert_eq!(error.code, Code::BadUrl, "{url}");
    }
}
