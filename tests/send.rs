//! `vigie send` against a real SMTP conversation, a folder and a web server: at least once, visibly.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{command, succeed};

/// What a server does with the first mails it is handed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    /// Takes all.
    Takes,
    /// Says « try later » to so many, then takes.
    Refuses(usize),
    /// Takes the first, and closes before saying so.
    TakesInSilence,
    /// Wants a password, and refuses every one.
    RefusesThePassword,
}

/// A mail server of few words (RFC 5321): keeps what it takes.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<String>>>,
    /// How often it was asked to take a mail, or a password.
    asked: Arc<AtomicUsize>,
}

impl MailServer {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (kept, counted) = (Arc::clone(&taken), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, asked) = (Arc::clone(&kept), Arc::clone(&counted));
                std::thread::spawn(move || converse(stream, mood, &kept, &asked));
            }
        });
        Self { port, taken, asked }
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

fn converse(stream: TcpStream, mood: Mood, kept: &Mutex<Vec<String>>, asked: &AtomicUsize) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut out = stream;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 essai ESMTP")?;
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if mood == Mood::RefusesThePassword => say("250-essai\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => {
                asked.fetch_add(1, Ordering::SeqCst);
                say("535 5.7.8 not you")?;
            }
            "EHLO" => say("250-essai\r\n250-8BITMIME\r\n250 SIZE 50000000")?,
            "MAIL" => {
                let n = asked.fetch_add(1, Ordering::SeqCst);
                match mood {
                    Mood::Refuses(times) if n < times => say("451 4.7.1 plus tard")?,
                    _ => say("250 2.1.0 ok")?,
                }
            }
            "RCPT" => say("250 2.1.5 ok")?,
            "DATA" => {
                say("354 go on")?;
                let mut mail = String::new();
                loop {
                    line.clear();
                    lines.read_line(&mut line).ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                let mut kept = kept.lock().unwrap();
                kept.push(mail);
                if mood == Mood::TakesInSilence && kept.len() == 1 {
                    return None;
                }
                say("250 2.0.0 taken")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return Some(());
            }
            _ => say("250 ok")?,
        }
    }
}

/// A mail read by another program: Python's own `email`.
pub(crate) fn read(mail: &str) -> Value {
    let script = "import sys, json, hashlib, email, email.policy\n\
        m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)\n\
        a = [(p.get_filename(), p.get_content_type(), hashlib.sha256(p.get_content()).hexdigest()) for p in m.iter_attachments()]\n\
        b = m.get_body(('plain',))\n\
        print(json.dumps({'subject': m['Subject'], 'to': m['To'], 'from': m['From'], 'id': m['Message-ID'], \
        'date': m['Date'], 'text': b.get_content(), 'attached': a, 'defects': [str(d) for d in m.defects]}))";
    let mut child = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn configure(folder: &Path, port: u16, more: &str) {
    let config = format!(
        "lake = \"demo/lake\"\nterritory = \"76\"\n\
         [smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Veille <veille@example.org>\"\n\
         [delivery]\nattempts = 2\nretry_after = \"100ms\"\n{more}"
    );
    std::fs::write(folder.join("vigie.toml"), config).unwrap();
}

fn send(folder: &Path, more: &[&str]) -> (Option<i32>, Value, String) {
    let output =
        command(folder).args(["--config", "vigie.toml", "--json", "send"]).args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), said)
}

const LIST: &str = "[[send]]\nname = \"crise\"\nto = [\"Cellule de crise <crise@example.org>\", \"astreinte@example.org\"]\n";

#[test]
fn a_published_bulletin_reaches_its_lists_its_folder_and_its_address_at_least_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(&command(folder).args(["demo", "--out", "demo", "--quiet"]).output().unwrap());
    let pdf = folder.join("demo/bulletin-2020-W42-region-76.pdf");
    let state = |words: &[&str]| {
        command(folder).args(["--config", "vigie.toml", "status"]).args(words).output().unwrap()
    };

    // No server: visible, recorded, due again.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    configure(folder, nobody, LIST);
    let (code, done, said) = send(folder, &[]);
    assert_eq!(code, Some(5), "{said}");
    assert_eq!(done.as_array().unwrap().len(), 2);
    assert_eq!(done[0]["outcome"], "failed");
    assert!(done[0]["message"].as_str().unwrap().contains("127.0.0.1"), "{done:#}");
    let status = state(&["--as-of", "2020-10-22"]);
    assert_eq!(status.status.code(), Some(5));
    let told = String::from_utf8_lossy(&status.stderr).into_owned();
    assert!(told.contains("envoi en échec : crise → Cellule de crise <crise@example.org>"), "{told}");

    // A password that is refused is not tried again by itself: that locks accounts.
    let server = MailServer::start(Mood::RefusesThePassword);
    configure(folder, server.port, LIST);
    std::fs::write(folder.join("password"), "wrong\n").unwrap();
    let config = std::fs::read_to_string(folder.join("vigie.toml")).unwrap();
    let signed_in = "security = \"none\"\nuser = \"veille\"\npassword_file = \"password\"";
    std::fs::write(folder.join("vigie.toml"), config.replace("security = \"none\"", signed_in)).unwrap();
    let (code, done, said) = send(folder, &[]);
    assert_eq!(code, Some(5), "{said} {done:#}");
    assert!(
        done[0]["message"].as_str().unwrap().contains("identifiant ou mot de passe refusé (535"),
        "{done:#}"
    );
    assert_eq!(
        server.asked.load(Ordering::SeqCst),
        1,
        "once, whatever the number of addresses: three times lock an account"
    );

    // A server that says « later » once: tried again at once. Its mail is what another program reads.
    let server = MailServer::start(Mood::Refuses(1));
    configure(folder, server.port, LIST);
    let (code, done, said) = send(folder, &[]);
    assert_eq!(code, Some(0), "{said} {done:#}");
    let mails: Vec<Value> = server.mails().iter().map(|mail| read(mail)).collect();
    assert_eq!(mails.len(), 2, "one a reader");
    // What was told « later » is tried again after the others.
    let mail = mails.iter().find(|mail| mail["to"] == "Cellule de crise <crise@example.org>").unwrap();
    assert_eq!(mail["from"], "Veille <veille@example.org>");
    assert_eq!(mail["defects"], serde_json::json!([]));
    let subject = mail["subject"].as_str().unwrap();
    assert!(
        subject.starts_with(
            "Occitanie, semaine 42 : 3 départements sur 13 sont au niveau « saturation » (Gard, "
        ),
        "{subject}"
    );
    let text = mail["text"].as_str().unwrap();
    for part in ["Patients hospitalisés : 670", "Prochaine étape", "alertes en cours"] {
        assert!(text.contains(part), "{text}");
    }
    let published = hex(&std::fs::read(&pdf).unwrap());
    assert_eq!(
        mail["attached"],
        serde_json::json!([["bulletin-2020-W42-region-76.pdf", "application/pdf", published]]),
        "byte for byte what was published"
    );
    assert_eq!(mail["id"], done[0]["message_id"], "the id of the table is that of the mail");
    assert_eq!(state(&["--as-of", "2020-10-22"]).status.code(), Some(0), "nothing fails any more");
    let (code, done, _) = send(folder, &[]);
    assert_eq!((code, done), (Some(0), serde_json::json!([])), "once is enough");

    // The file is gone: what is sent is made again, and is the same.
    std::fs::remove_file(&pdf).unwrap();
    let server = MailServer::start(Mood::Takes);
    configure(folder, server.port, LIST);
    let (code, _, said) = send(folder, &["--again", "--target", "crise"]);
    assert_eq!(code, Some(0), "{said}");
    let again = read(&server.mails()[0]);
    assert_eq!(again["id"], mail["id"], "a second copy is known as one");
    assert_eq!(again["attached"], mail["attached"]);

    // Too large: a link. The summary: for a telephone.
    let small = LIST.replace("[[send]]\nname = \"crise\"", "[[send]]\nname = \"petit\"\nattach = \"a5\"");
    let more = format!("{LIST}{}[[send]]\nname = \"lien\"\nto = [\"x@example.org\"]\n", small);
    let server = MailServer::start(Mood::Takes);
    let limits = "attachment_max_kib = 100\nlink = \"https://intranet.example.org/b/\"\n[delivery]";
    configure(folder, server.port, &more);
    let config = std::fs::read_to_string(folder.join("vigie.toml")).unwrap();
    std::fs::write(folder.join("vigie.toml"), config.replacen("[delivery]", limits, 1)).unwrap();
    let (code, done, said) = send(folder, &[]);
    assert_eq!(code, Some(0), "{said} {done:#}");
    let forms: Vec<&str> = done.as_array().unwrap().iter().map(|d| d["form"].as_str().unwrap()).collect();
    assert_eq!(forms, ["attached", "attached", "link"], "{done:#}");
    let mails: Vec<Value> = server.mails().iter().map(|mail| read(mail)).collect();
    assert_eq!(mails[0]["attached"][0][0], "bulletin-2020-W42-region-76-a5.pdf");
    assert_eq!(mails[2]["attached"], serde_json::json!([]));
    let text = mails[2]["text"].as_str().unwrap();
    assert!(text.contains("https://intranet.example.org/b/bulletin-2020-W42-region-76.pdf"), "{text}");

    // A server that takes a mail and dies before saying so: the mail comes twice, under one id.
    let server = MailServer::start(Mood::TakesInSilence);
    configure(folder, server.port, "[[send]]\nname = \"deux\"\nto = [\"y@example.org\"]\n");
    let (code, _, said) = send(folder, &[]);
    assert_eq!(code, Some(0), "{said}");
    let ids: Vec<Value> = server.mails().iter().map(|mail| read(mail)["id"].clone()).collect();
    assert_eq!(ids.len(), 2, "at least once");
    assert_eq!(ids[0], ids[1]);

    // A folder and a web address get every file; the address under an id of its own.
    let web = WebServer::start();
    let more = format!(
        "[[send]]\nname = \"partage\"\nfolder = \"partage/deep\"\n[[send]]\nname = \"web\"\nurl = \"http://veille:secret-53@127.0.0.1:{}/in/{{file}}\"\n",
        web.port
    );
    configure(folder, nobody, &more);
    let (code, done, said) = send(folder, &[]);
    assert_eq!(code, Some(0), "{said} {done:#}");
    assert!(!done.to_string().contains("secret-53"), "a password of an address is told nowhere: {done:#}");
    let there = |name: &str| hex(&std::fs::read(folder.join("partage/deep").join(name)).unwrap());
    assert_eq!(there("bulletin-2020-W42-region-76.pdf"), published);
    assert_eq!(
        there("bulletin-2020-W42-region-76.html"),
        hex(&std::fs::read(pdf.with_extension("html")).unwrap())
    );
    let put = web.put.lock().unwrap().clone();
    assert_eq!(put.len(), 5, "PDF, summary, HTML, JSON, XLSX");
    let (last, id, body) = put.last().unwrap();
    assert_eq!(last, "/in/bulletin-2020-W42-region-76.pdf", "the document last");
    assert_eq!(hex(body), published);
    assert!(id.contains("vigie."), "{id}");
    assert_eq!(there("bulletin-2020-W42-region-76-a5.pdf").len(), 64);

    // A department's list gets its sheet, once there is one.
    let server = MailServer::start(Mood::Takes);
    configure(
        folder,
        server.port,
        "[[send]]\nname = \"gard\"\nterritory = \"30\"\nto = [\"gard@example.org\"]\n",
    );
    assert_eq!(send(folder, &[]).1, serde_json::json!([]));
    let words = [
        "--config",
        "vigie.toml",
        "bulletin",
        "--week",
        "2020-W42",
        "--territory",
        "30",
        "--as-of",
        "2020-10-22",
    ];
    succeed(&command(folder).args(words).output().unwrap());
    assert_eq!(send(folder, &[]).0, Some(0));
    let mail = read(&server.mails()[0]);
    assert!(
        mail["subject"]
            .as_str()
            .unwrap()
            .starts_with("Gard, semaine 42 : Département au niveau « saturation »"),
        "{mail:#}"
    );

    // Another edition of the same week is told as such, with what it changes: here nothing.
    succeed(&command(folder).args(words).arg("--new-edition").output().unwrap());
    assert_eq!(send(folder, &[]).0, Some(0));
    let mail = read(server.mails().last().unwrap());
    let subject = mail["subject"].as_str().unwrap();
    assert!(subject.starts_with("Rectificatif (édition 2) – Gard, semaine 42 : "), "{subject}");
    let text = mail["text"].as_str().unwrap();
    assert!(
        text.starts_with("RECTIFICATIF : cette édition 2 remplace l’édition 1, faite des données"),
        "{text}"
    );
    assert!(text.contains("Aucune valeur ni aucun niveau publié n’a changé"), "{text}");
}

fn hex(bytes: &[u8]) -> String {
    let mut child = std::process::Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// What was put: path, id, body.
type Put = (String, String, Vec<u8>);

/// A web server that keeps what is put.
struct WebServer {
    port: u16,
    put: Arc<Mutex<Vec<Put>>>,
}

impl WebServer {
    fn start() -> Self {
        use std::io::Read as _;
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let put = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&put);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                let (mut path, mut id, mut length) = (String::new(), String::new(), 0);
                let mut line = String::new();
                while lines.read_line(&mut line).unwrap_or(0) > 2 {
                    let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.trim().parse().unwrap(),
                        "idempotency-key" => id = value.trim().to_owned(),
                        _ if path.is_empty() => path = line.split(' ').nth(1).unwrap().to_owned(),
                        _ => {}
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                lines.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push((path, id, body));
                stream
                    .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { port, put }
    }
}
