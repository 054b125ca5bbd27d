//! A faulty feed server: every fault ends in its verdict, while two good sources in the same `vigie fetch` go on.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server::{Reply, Server, Step};
use super::site::Site;
use super::{Check, Options, Tally, ensure, feeds, packed, side_by_side};

/// A fault and what must come of it.
struct Fault {
    name: &'static str,
    /// Path or address asked for in place of the usual path.
    address: Option<String>,
    reply: Reply,
    /// `outcome` of the report.
    outcome: &'static str,
    /// Code of the message or of a finding; empty when the edition is simply applied.
    code: &'static str,
    /// Requests that the server must have seen, where that matters.
    asked: Option<usize>,
    /// Seconds within which it must be over, where it must be quick.
    within: Option<u64>,
}

impl Fault {
    fn asked(mut self, times: usize) -> Self {
        self.asked = Some(times);
        self
    }

    fn within(mut self, seconds: u64) -> Self {
        self.within = Some(seconds);
        self
    }

    fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

fn fault(name: &'static str, outcome: &'static str, code: &'static str, reply: Reply) -> Fault {
    Fault { name, address: None, reply, outcome, code, asked: None, within: None }
}

/// Seconds after which Vigie gives up in these tests: between two reads, and in all.
const READ_TIMEOUT: u64 = 2;
const DEADLINE: u64 = 8;
/// Bytes of a body at most, in these tests.
const BYTES_MAX: usize = 4 << 20;
/// A poll of a good source ends before the deadline of its neighbours, however busy the machine: it did not wait for them.
const GOOD_POLL_MAX: u64 = (DEADLINE - 1) * 1_000;

fn raw(text: impl AsRef<[u8]>) -> Reply {
    Reply::Raw(vec![Step::Send(text.as_ref().to_vec())])
}

/// 200 with a body and its length, and further headers.
fn ok_with(more: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{more}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A head and a body, as they are.
fn parts(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), b"\r\n\r\n", body].concat()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in body.chunks(1000) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Every fault. `good` is the edition that the server should have given, `old` the one before.
fn faults(server: &Server, good: &[u8], old: &[u8]) -> Vec<Fault> {
    let half = &good[..good.len() / 2];
    let head_only = format!("HTTP/1.1 200 OK\r\nContent-Length: {}", good.len());
    let stall = Step::Wait(Duration::from_secs(20));
    let broken = |steps: Vec<Step>| Reply::Raw(steps);
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    let new = |name, reply| fault(name, "new", "", reply);
    let failed = |name, code, reply| fault(name, "failed", code, reply);
    let rejected = |name, code, body: &[u8]| fault(name, "rejected", code, raw(ok_with("", body)));
    let gz = packed::gzip(good);
    let mut bad_crc = gz.clone();
    let crc = bad_crc.len() - 8;
    bad_crc[crc] ^= 0x40;
    let bomb = packed::gzip_repeated(&good[..60], &[b'0'; 1 << 20], 400);
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(String::from_utf8_lossy(good).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let redirect = |status: &str, to: &str| {
        raw(format!("HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
    };
    let body_of = |path: &str| {
        server.set(path, Reply::Body(good.to_vec()));
        server.url(path)
    };
    for hop in 0..7 {
        server.set(&format!("/hop-{hop}"), redirect("302", &format!("/hop-{}", hop + 1)));
    }
    let target = body_of("/target.csv");
    let elsewhere = target.replace("127.0.0.1", "localhost");
    let later = |seconds: i64| feeds::http_date(feeds::issued(0) + jiff::SignedDuration::from_secs(seconds));
    vec![
        // The connection.
        failed("refused", "connect-failed", Reply::Hangup).at("http://127.0.0.1:9/hospital.csv").within(6),
        failed("refused-ipv6", "connect-failed", Reply::Hangup).at("http://[::1]:9/hospital.csv").within(6),
        failed("name-unknown", "name-not-found", Reply::Hangup).at("http://no-such-host.invalid/h.csv"),
        failed("https-asked-of-a-plain-port", "connect-failed", Reply::Hangup)
            .at(format!("https://127.0.0.1:{}/h.csv", server.port())),
        failed("tls-spoken-on-a-plain-port", "bad-reply", raw(b"\x15\x03\x03\x00\x02\x02\x28")),
        failed("hangup", "cut-short", Reply::Hangup).asked(2),
        failed("reset-before-headers", "cut-short", broken(vec![Step::Reset])),
        failed(
            "reset-inside-headers",
            "cut-short",
            broken(vec![send(b"HTTP/1.1 200 OK\r\nContent-Le"), Step::Reset]),
        ),
        failed("reset-mid-body", "cut-short", broken(vec![send(&parts(&head_only, half)), Step::Reset])),
        failed("closed-inside-headers", "cut-short", raw("HTTP/1.1 200 OK\r\nContent-Le")),
        failed("closed-mid-body", "cut-short", Reply::Cut(good.to_vec())).asked(2),
        failed(
            "one-byte-a-second",
            "timed-out",
            broken(vec![send(&parts(&head_only, b"")), Step::Trickle(good.to_vec(), Duration::from_secs(1))]),
        ),
        failed("stall-before-headers", "timed-out", broken(vec![stall.clone()])),
        failed(
            "stall-inside-headers",
            "timed-out",
            broken(vec![send(b"HTTP/1.1 200 OK\r\nConte"), stall.clone()]),
        ),
        failed(
            "stall-after-headers",
            "timed-out",
            broken(vec![send(&parts(&head_only, b"")), stall.clone()]),
        ),
        failed("stall-mid-body", "timed-out", broken(vec![send(&parts(&head_only, half)), stall.clone()])),
        new(
            "headers-in-small-pieces",
            broken(vec![
                Step::Trickle(b"HTTP/1.1 200 OK\r\n".to_vec(), Duration::from_millis(20)),
                send(&parts(&format!("Content-Length: {}", good.len()), good)),
            ]),
        ),
        // Lengths and chunks.
        failed(
            "length-too-long",
            "cut-short",
            raw(parts(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}", good.len() + 10), good)),
        ),
        // HTTP says that the body is whole; its last line and its rows say that it is not.
        fault(
            "length-too-short",
            "held",
            "",
            raw(parts(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}", good.len() / 2), good)),
        ),
        failed(
            "length-not-a-number",
            "bad-reply",
            raw(parts("HTTP/1.1 200 OK\r\nContent-Length: many", good)),
        ),
        failed("length-negative", "bad-reply", raw(parts("HTTP/1.1 200 OK\r\nContent-Length: -5", good))),
        failed(
            "two-lengths",
            "bad-reply",
            raw(parts(
                &format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {}", good.len()),
                good,
            )),
        ),
        failed(
            "length-of-ten-terabytes",
            "body-too-large",
            raw(parts("HTTP/1.1 200 OK\r\nContent-Length: 10995116277760", half)),
        )
        .asked(1)
        .within(3),
        new("no-length", raw(parts("HTTP/1.1 200 OK\r\nConnection: close", good))),
        fault("no-length-and-cut", "held", "", raw(parts("HTTP/1.1 200 OK\r\nConnection: close", half))),
        new(
            "chunked",
            raw(parts(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
                &[chunked(good), b"0\r\n\r\n".to_vec()].concat(),
            )),
        ),
        failed(
            "chunked-and-cut",
            "cut-short",
            raw(parts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", &chunked(half))),
        ),
        failed(
            "chunk-cut-inside",
            "cut-short",
            raw(parts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", &parts("3e8", half)[..700])),
        ),
        failed(
            "bad-chunk-size",
            "bad-reply",
            raw(parts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"zz\r\nabc\r\n0\r\n\r\n")),
        ),
        new(
            "garbage-after-the-body",
            raw([ok_with("", good), b"HTTP/1.1 500 \r\n\0\0\0\0 and so on".repeat(50)].concat()),
        ),
        failed(
            "endless-stream",
            "body-too-large",
            broken(vec![
                send(&parts("HTTP/1.1 200 OK\r\nConnection: close", good)),
                Step::Repeat(vec![b'7'; 1 << 16], 1 << 20),
            ]),
        )
        .asked(1)
        .within(6),
        failed(
            "endless-chunks",
            "body-too-large",
            broken(vec![
                send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Step::Repeat(
                    [b"10000\r\n".to_vec(), vec![b'7'; 1 << 16], b"\r\n".to_vec()].concat(),
                    1 << 20,
                ),
            ]),
        )
        .asked(1)
        .within(6),
        // Redirects.
        new("moved-permanently", redirect("301", "/target.csv")),
        new("redirect-to-another-host", redirect("302", &elsewhere)),
        failed("redirect-loop", "bad-redirect", redirect("302", "/hospital.csv")).at("/loop").within(4),
        failed("redirect-too-long", "bad-redirect", Reply::Hangup).at(server.url("/hop-0")).within(4),
        failed("redirect-to-file", "bad-redirect", redirect("302", "file:///etc/passwd")).asked(1).within(4),
        failed("redirect-to-ftp", "bad-redirect", redirect("302", "ftp://127.0.0.1/h.csv"))
            .asked(1)
            .within(4),
        failed(
            "redirect-without-an-address",
            "http-status",
            raw("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        )
        .asked(1),
        // Statuses.
        new(
            "429-then-well",
            Reply::Turns(vec![
                raw("HTTP/1.1 429 Wait\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
                Reply::Body(good.to_vec()),
            ]),
        )
        .asked(2),
        new(
            "429-until-a-date-then-well",
            Reply::Turns(vec![
                raw(format!(
                    "HTTP/1.1 429 Wait\r\nDate: {}\r\nRetry-After: {}\r\nContent-Length: 0\r\n\r\n",
                    later(0),
                    later(2)
                )),
                Reply::Body(good.to_vec()),
            ]),
        )
        .asked(2),
        failed(
            "429-for-an-hour",
            "too-many-requests",
            raw("HTTP/1.1 429 Wait\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"),
        )
        .asked(1)
        .within(3),
        failed(
            "429-until-tomorrow",
            "too-many-requests",
            raw(format!(
                "HTTP/1.1 429 Wait\r\nDate: {}\r\nRetry-After: {}\r\nContent-Length: 0\r\n\r\n",
                later(0),
                later(86_400)
            )),
        )
        .asked(1)
        .within(3),
        failed("429-for-ever", "too-many-requests", Reply::Status(429)).asked(2),
        new("500-then-well", Reply::Turns(vec![Reply::Status(500), Reply::Body(good.to_vec())])).asked(2),
        new(
            "503-then-well",
            Reply::Turns(vec![
                raw("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
                Reply::Body(good.to_vec()),
            ]),
        )
        .asked(2),
        failed("500-for-ever", "server-error", Reply::Status(500)).asked(2),
        failed(
            "502-with-a-page",
            "server-error",
            raw("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 28\r\n\r\n<html>proxy is down</html>\r\n"),
        )
        .asked(2),
        failed("404", "http-status", Reply::Status(404)).asked(1),
        failed("410", "http-status", Reply::Status(410)).asked(1),
        failed("401", "http-status", Reply::Status(401)).asked(1),
        failed("403", "http-status", Reply::Status(403)).asked(1),
        failed("204", "http-status", raw("HTTP/1.1 204 No Content\r\n\r\n")).asked(1),
        failed(
            "206-unasked",
            "http-status",
            raw(parts(
                &format!(
                    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-99/{}\r\nContent-Length: 100",
                    good.len()
                ),
                &good[..100],
            )),
        )
        .asked(1),
        failed("304-unasked", "http-status", raw("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"))
            .at("/unasked.csv")
            .asked(1),
        failed("status-999", "http-status", Reply::Status(999)).asked(1),
        // Bodies that are not the feed.
        fault(
            "html-with-200",
            "rejected",
            "html-body",
            Reply::Html("<!DOCTYPE html><html><body>Maintenance</body></html>"),
        ),
        rejected("json-with-200", "json-body", b"{\"error\": \"quota exceeded\", \"code\": 17}"),
        rejected("xml-with-200", "xml-body", b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"),
        rejected("empty-with-200", "empty-body", b""),
        rejected("zeros-with-200", "", &[0; 5000]),
        rejected("another-feed", "missing-column", &feeds::body("tests", 1)),
        fault(
            "header-alone",
            "rejected",
            "no-rows",
            raw(ok_with("", &good[..good.iter().position(|b| *b == b'\n').unwrap() + 1])),
        ),
        new("utf-16-said-to-be-utf-8", raw(ok_with("Content-Type: text/csv; charset=utf-8\r\n", &utf16))),
        // Packing.
        new("gzip", raw(ok_with("Content-Encoding: gzip\r\n", &gz))),
        new("plain-said-to-be-gzip", raw(ok_with("Content-Encoding: gzip\r\n", good))),
        rejected("gzip-cut", "broken-archive", &gz[..gz.len() / 2]),
        rejected("gzip-bad-crc", "broken-archive", &bad_crc),
        rejected("gzip-in-gzip", "binary-body", &packed::gzip(&gz)),
        rejected("gzip-bomb", "decompression-bomb", &bomb).within(6),
        rejected("zip-bomb", "decompression-bomb", &packed::zip_of_gzip("h.csv", &bomb, 60 + (400 << 20)))
            .within(6),
        rejected(
            "zip-of-two",
            "archive-members",
            &packed::zip_of_gzips(&[("a.csv", &gz, good.len() as u64), ("b.csv", &gz, good.len() as u64)]),
        ),
        fault(
            "deflate-unasked",
            "rejected",
            "",
            raw(ok_with("Content-Encoding: deflate\r\n", &[&[0x78, 0x9c], &gz[10..gz.len() - 8]].concat())),
        ),
        fault(
            "brotli-unasked",
            "rejected",
            "",
            raw(ok_with(
                "Content-Encoding: br\r\n",
                &[0x1b, 0xff, 0x3f, 0x00, 0x8c, 0x94, 0x6e, 0xde, 0xb8, 0x55, 0xc6, 0xa1, 0x00, 0x9a],
            )),
        ),
        // Editions that lie.
        fault(
            "old-file-with-a-new-date",
            "stale",
            "older-edition",
            Reply::Edition(old.to_vec(), feeds::http_date(feeds::issued(5))),
        ),
        fault(
            // A date before the newest day of the body cannot be true: the arrival counts, and a finding says so.
            "new-file-with-an-old-date",
            "new",
            "edition-time",
            Reply::Edition(
                good.to_vec(),
                feeds::http_date(feeds::issued(0) - jiff::SignedDuration::from_hours(48)),
            ),
        ),
        new("a-date-in-the-future", Reply::Edition(good.to_vec(), "Wed, 01 Jan 2070 00:00:00 GMT".into())),
        new("a-date-that-is-none", Reply::Edition(good.to_vec(), "yesterday, about noon".into())),
        new("same-etag-for-another-body", raw(ok_with("ETag: \"known\"\r\n", good))),
        fault(
            "304-though-changed",
            "unchanged",
            "",
            raw("HTTP/1.1 304 Not Modified\r\nETag: \"known\"\r\n\r\n"),
        )
        .asked(1),
        // Heads.
        failed(
            "headers-of-ten-megabytes",
            "bad-reply",
            broken(vec![
                send(b"HTTP/1.1 200 OK\r\n"),
                Step::Repeat(b"X-Filler: ............................................\r\n".to_vec(), 200_000),
                send(&parts("X: y", good)),
            ]),
        )
        .within(8),
        failed(
            "ten-thousand-headers",
            "bad-reply",
            broken(vec![
                send(b"HTTP/1.1 200 OK\r\n"),
                Step::Repeat(b"A: b\r\n".to_vec(), 10_000),
                send(&parts("X: y", good)),
            ]),
        )
        .within(8),
        failed(
            "a-header-without-end",
            "bad-reply",
            broken(vec![send(b"HTTP/1.1 200 OK\r\nX: "), Step::Repeat(vec![b'.'; 1 << 16], 1 << 14)]),
        )
        .within(8),
        failed("http-0.9", "bad-reply", raw(good)),
        failed("garbage", "bad-reply", raw([0_u8, 159, 146, 150].repeat(500))),
        failed("status-line-garbage", "bad-reply", raw("HTTP/1.1 fine thanks\r\n\r\n")),
        new(
            "early-hints",
            raw([b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n".to_vec(), ok_with("", good)].concat()),
        ),
        new(
            "100-continue-ten-times",
            raw([b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10), ok_with("", good)].concat()),
        ),
        failed(
            "100-continue-for-ever",
            "timed-out",
            broken(vec![Step::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100), 1 << 30)]),
        ),
        new(
            "keep-alive-dropped",
            Reply::Turns(vec![
                raw("HTTP/1.1 500 Oops\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
                Reply::Body(good.to_vec()),
            ]),
        )
        .asked(2),
    ]
}

/// Runs every fault in a lake of its own.
pub(crate) fn run(options: &Options) -> Tally {
    let server = Server::start();
    let template = match template() {
        Ok(template) => template,
        Err(fault) => return Tally::failed("a room of its own", fault),
    };
    let (old, good) = (feeds::body("hospital_stock", 0), feeds::body("hospital_stock", 2));
    let mut faults = faults(&server, &good, &old);
    if let Some(rounds) = options.rounds {
        // A quick selection: no waiting for time-outs, nothing endless, drawn by the seed.
        let mut rng = super::rng::Rng::new(options.seed, "server");
        faults.retain(|fault| fault.code != "timed-out" && fault.within.is_none());
        while faults.len() as u64 > rounds {
            faults.remove(usize::try_from(rng.below(faults.len() as u64)).unwrap());
        }
    }
    let numbered: Vec<(usize, &Fault)> = faults.iter().enumerate().collect();
    side_by_side(
        8,
        &numbered,
        |(_, fault)| fault.name.to_owned(),
        |(place, fault)| ill_treat(&server, &template, *place, fault),
    )
}

/// A room whose hospital feed is bounded more narrowly than usual, so that an endless body ends soon.
fn template() -> Check<Site> {
    let site = Site::new();
    let sources = site.folder().join("vocabulary/sources");
    let contract = include_str!("../../queries/sources/hospital_stock.toml");
    let contract = format!("{contract}\n[bounds]\nbytes_max = {BYTES_MAX}\n");
    std::fs::create_dir_all(&sources)
        .and_then(|()| std::fs::write(sources.join("hospital_stock.toml"), contract))
        .map_err(|fault| fault.to_string())?;
    Ok(site)
}

/// One good round, one with the fault, one after it.
fn ill_treat(server: &Server, template: &Site, place: usize, fault: &Fault) -> Check {
    let site = Site::copy_of(template);
    let path = |source: &str| match (&fault.address, source) {
        (Some(path), "hospital_stock") if path.starts_with('/') => format!("/{place}{path}"),
        _ => format!("/{place}/{source}.csv"),
    };
    let usual = server.url(&path("hospital_stock"));
    let configure = |hospital: &str| {
        site.configure(&format!(
            "vocabulary = \"vocabulary\"\n[fetch]\nattempts = 2\nconnect_timeout = \"2s\"\nread_timeout = \"{READ_TIMEOUT}s\"\n\
             total_deadline = \"{DEADLINE}s\"\n[sources.hospital_stock]\nurl = \"{hospital}\"\n[sources.tests]\nurl = \"{}\"\n\
             [sources.er_visits]\nurl = \"{}\"\n",
            server.url(&path("tests")),
            server.url(&path("er_visits"))
        ));
    };
    let serve = |source: &str, edition: u32| {
        let body = feeds::body(source, edition);
        server.set(&path(source), Reply::Edition(body, feeds::http_date(feeds::issued(edition))));
    };
    let polls = |round: &str| -> Check<(Option<i32>, Vec<Value>)> {
        let ended = site.run(&["--json", "fetch"])?;
        let reports = ended.reports().map_err(|fault| format!("{round}: {fault}"))?;
        ensure!(reports.len() == 3, "{round}: {} reports", reports.len());
        Ok((ended.code, reports))
    };
    let outcome_of = |reports: &[Value], source: &str| -> Value {
        reports.iter().find(|report| report["source"] == source).cloned().unwrap_or_default()
    };

    // A good round first; two editions, so that an old one can come back.
    configure(&usual);
    let conditional = fault.name != "304-unasked";
    for edition in [0, 1] {
        for source in feeds::SOURCES {
            serve(source, edition);
        }
        if edition == 1 && fault.name.contains("etag") || fault.name == "304-though-changed" {
            let body = feeds::body("hospital_stock", edition);
            let modified = feeds::http_date(feeds::issued(edition));
            let more = format!("ETag: \"known\"\r\nLast-Modified: {modified}\r\n");
            server.set(&path("hospital_stock"), raw(ok_with(&more, &body)));
        }
        let (code, reports) = polls("before")?;
        ensure!(code == Some(0), "before: exit {code:?}: {}", reports.iter().map(short).collect::<String>());
    }
    let before = site.content("hospital_stock", None)?;

    // The fault.
    for source in ["tests", "er_visits"] {
        serve(source, 2);
    }
    let asked_path = match &fault.address {
        Some(address) if !address.starts_with('/') => {
            configure(address);
            None
        }
        _ => Some(path("hospital_stock")),
    };
    if !conditional {
        // Another address: nothing is known of it.
        configure(&server.url(&format!("/{place}/unasked")));
    }
    let asked_path = if conditional { asked_path } else { Some(format!("/{place}/unasked")) };
    if let Some(path) = &asked_path {
        let reply = match (&fault.reply, fault.name) {
            (_, "redirect-loop") => {
                raw(format!("HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n"))
            }
            (reply, _) => reply.clone(),
        };
        server.set(path, reply);
    }
    let asked_before = asked_path.as_ref().map_or(0, |path| server.times_asked(path));
    if let (Some(path), Reply::Turns(turns)) = (&asked_path, &fault.reply) {
        // Turns count from the first request of the path: the good round had some.
        let mut padded = vec![Reply::Hangup; asked_before];
        padded.extend(turns.iter().cloned());
        server.set(path, Reply::Turns(padded));
    }
    let started = Instant::now();
    let (code, reports) = polls("fault")?;
    let seconds = started.elapsed().as_secs_f64();
    let report = outcome_of(&reports, "hospital_stock");
    ensure!(
        report["outcome"] == fault.outcome,
        "expected {} {}: {}",
        fault.outcome,
        fault.code,
        short(&report)
    );
    let expected_code = match fault.outcome {
        "failed" => 5,
        "rejected" | "held" | "stale" => 3,
        _ => 0,
    };
    ensure!(code == Some(expected_code), "exit {code:?}, expected {expected_code}: {}", short(&report));
    check_words(fault, &report)?;
    check_body_kept(&site, &report)?;
    for source in ["tests", "er_visits"] {
        let good = outcome_of(&reports, source);
        ensure!(good["outcome"] == "new", "a good source suffers: {}", short(&good));
        let took = good["duration_ms"].as_u64().unwrap_or(u64::MAX);
        ensure!(took <= GOOD_POLL_MAX, "the good source {source} took {took} ms");
    }
    let most = fault.within.unwrap_or(DEADLINE + 10);
    ensure!(seconds < most as f64, "took {seconds:.1} s, expected less than {most}");
    if let (Some(times), Some(path)) = (fault.asked, &asked_path) {
        let asked = server.times_asked(path) - asked_before;
        ensure!(asked == times, "the server was asked {asked} times, expected {times}");
    }
    let after = site.content("hospital_stock", None)?;
    if fault.outcome == "new" {
        ensure!(after != before, "the new edition is not there");
    } else {
        ensure!(after == before, "the good data changed");
    }
    site.verify()?;

    // Afterwards everything is as if nothing had been.
    configure(&usual);
    for source in feeds::SOURCES {
        serve(source, 3);
    }
    if fault.name == "a-date-in-the-future" || fault.name == "a-date-that-is-none" || fault.outcome == "new" {
        // Such an edition is dated by the clock of the machine: what comes after it must be newer still.
        server.set(&path("hospital_stock"), Reply::Body(feeds::body("hospital_stock", 3)));
    }
    let (code, reports) = polls("after")?;
    ensure!(code == Some(0), "after: exit {code:?}: {}", reports.iter().map(short).collect::<String>());
    let report = outcome_of(&reports, "hospital_stock");
    ensure!(report["outcome"] == "new", "after: {}", short(&report));
    ensure!(report["rows_accepted"] == feeds::rows(3), "after: {}", short(&report));
    site.verify()
}

/// What matters of a report, in one line.
fn short(report: &Value) -> String {
    let findings = report["findings"].as_array().into_iter().flatten();
    let codes: Vec<&str> = findings.filter_map(|finding| finding["code"].as_str()).collect();
    format!(
        "{} {} {}: {} {codes:?} rows in {} accepted {} changed {} withdrawn {}; ",
        report["source"],
        report["outcome"],
        report["http_status"],
        report["message"],
        report["rows_in"],
        report["rows_accepted"],
        report["rows_changed"],
        report["rows_withdrawn"],
    )
}

/// The report names the fault by its code, in a French sentence that says what to do.
fn check_words(fault: &Fault, report: &Value) -> Check {
    let message = report["message"].as_str().unwrap_or_default();
    let codes: Vec<&str> =
        report["findings"].as_array().into_iter().flatten().filter_map(|f| f["code"].as_str()).collect();
    let named = message.contains(&format!("({})", fault.code)) || codes.contains(&fault.code);
    ensure!(fault.code.is_empty() || named, "the code {} is nowhere in {}", fault.code, short(report));
    if matches!(fault.outcome, "new" | "unchanged") {
        return Ok(());
    }
    let advice = [
        "réessaiera",
        "Donner",
        "Vérifier",
        "vérifier",
        "Corriger",
        "corriger",
        "prévenir",
        "relever",
        "vigie accept",
        "Attendu",
        "Rien n’a été chargé",
    ];
    ensure!(advice.iter().any(|word| message.contains(word)), "no advice in {message:?}");
    Ok(())
}

/// A body that came is kept as it came: the lake has it under its hash, and `vigie verify` hashes it.
fn check_body_kept(site: &Site, report: &Value) -> Check {
    let outcome = report["outcome"].as_str().unwrap_or_default();
    if outcome == "failed" || report["http_status"] == 304 {
        return Ok(());
    }
    let sha256 = report["sha256"].as_str().ok_or(format!("no hash in {}", short(report)))?;
    let kept: PathBuf = site.lake().join(format!("raw/hospital_stock/{sha256}.zst"));
    ensure!(kept.exists(), "the body {sha256} is not kept");
    Ok(())
}
