//! Feeds as partners really give them: credentials, authorities, proxies, pages, several files, folders; and no secret
//! anywhere in the lake.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::partner::{Answer, Asked, Authority, ForwardProxy, Partner};
use crate::support::{Lake, command};

const TESTS: &str = "dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n11;2020-10-05;20;162;0\n";
const BASIC: &str = "Basic YXJzOnNlc2FtZS00Mg=="; // ars:sesame-42

/// A lake with a configuration beside it.
fn configured(sources: &str) -> Lake {
    let lake = Lake::new();
    configure(&lake, sources);
    lake
}

fn configure(lake: &Lake, sources: &str) {
    let text = format!(
        "lake = \"lake\"\n[fetch]\nattempts = 1\nconnect_timeout = \"5s\"\nread_timeout = \"5s\"\n{sources}"
    );
    std::fs::write(lake.folder().join("vigie.toml"), text).unwrap();
}

fn secret(lake: &Lake, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = lake.folder().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn fetch_with(lake: &Lake, source: &str, variables: &[(&str, &str)]) -> (i32, Vec<Value>, Output) {
    let mut command = command(lake.folder());
    for name in [
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    let output = command.args(["--config", "vigie.toml", "-v", "--json", "fetch", source]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {text}"));
    let reports = match report {
        Value::Array(all) => all,
        one => vec![one],
    };
    (output.status.code().unwrap(), reports, output)
}

/// Exit code and report of a poll.
fn fetch(lake: &Lake, source: &str) -> (i32, Value) {
    let (code, mut reports, _) = fetch_with(lake, source, &[]);
    assert_eq!(reports.len(), 1, "{reports:?}");
    (code, reports.remove(0))
}

/// The poll fails with a code, and a sentence that holds some words.
fn fails(lake: &Lake, source: &str, code: &str, words: &[&str]) {
    let (exit, report) = fetch(lake, source);
    let message = report["message"].as_str().unwrap().replace(['\u{a0}', '\u{202f}'], " ");
    assert_eq!((exit, report["outcome"].as_str().unwrap()), (1, "failed"), "{report:#}");
    assert!(message.ends_with(&format!("({code})")), "{code}: {message}");
    for word in words {
        assert!(message.contains(word), "« {word} » in {message}");
    }
    assert!(report["sha256"].is_null());
}

fn is_new(lake: &Lake, source: &str) -> Value {
    let (exit, report) = fetch(lake, source);
    assert_eq!((exit, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
    report
}

/// No file below the folder holds any of the words: as bytes, unpacked, or in the rows and footers of tables.
pub(crate) fn holds_none_of(folder: &Path, words: &[&str]) {
    let mut seen = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            seen += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut text = name.clone();
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
            if name.ends_with(".zst") {
                let body = zstd::decode_all(std::fs::File::open(&path).unwrap()).unwrap();
                text.push_str(&String::from_utf8_lossy(&body));
            }
            if name.ends_with(".parquet") {
                let file = std::fs::File::open(&path).unwrap();
                let reader =
                    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                text.push_str(&format!("{:?}", reader.metadata().file_metadata()));
                for batch in reader.build().unwrap() {
                    text.push_str(
                        &arrow::util::pretty::pretty_format_batches(&[batch.unwrap()]).unwrap().to_string(),
                    );
                }
            }
            for word in words {
                assert!(!text.contains(word), "{} holds {word}", path.display());
            }
        }
    }
    assert!(seen > 0, "there are files to look at");
}

#[test]
fn each_way_to_say_who_asks_and_no_secret_is_kept_or_told() {
    let answer = |asked: &Asked| {
        let known = asked.header("authorization") == BASIC
            || asked.header("authorization") == "Bearer sesame-42"
            || asked.header("x-api-key") == "sesame-42"
            || asked.parameter("apikey").as_deref() == Some("sesame-42")
            || asked.target.starts_with("/s/sesame-42/")
            || asked.body == "{\"token\":\"sesame-42\"}";
        // A server that repeats the key in what it sends: in the body, and in headers that are kept.
        let body = TESTS.replace("cl_age90", "cl_age90;note").replace(";0\n", ";0;sesame-42\n");
        let answer = if known { Answer::ok(body) } else { Answer::status(401) };
        answer.with("ETag", "\"sesame-42\"").with("Content-Location", "/sesame-42")
    };
    let server = Partner::start(answer);
    let ways = [
        ("/a.csv", "user = \"ars\"\npassword_file = \"secret\""),
        ("/a.csv", "token_file = \"secret\""),
        ("/a.csv", "token_file = \"env:VIGIE_TEST_TOKEN\""),
        ("/a.csv", "token_file = \"credential:token\""),
        ("/a.csv", "key_file = \"secret\"\nkey_header = \"X-Api-Key\""),
        ("/a.csv?x=1", "key_file = \"secret\"\nkey_parameter = \"apikey\""),
        ("/s/{key}/a.csv", "key_file = \"secret\""),
        ("/a.csv", "key_file = \"secret\"\nmethod = \"post\"\nbody = '{\"token\":\"{key}\"}'"),
        ("/a.csv", "secret_headers = { X-Api-Key = \"secret\" }\nheaders = { Accept = \"text/csv\" }"),
    ];
    for (path, way) in ways {
        let lake = configured(&format!("[sources.tests]\nurl = \"{}\"\n{way}\n", server.url(path)));
        secret(&lake, "secret", "sesame-42\n");
        secret(&lake, "token", "sesame-42");
        let folder = lake.folder().display().to_string();
        let variables = [("VIGIE_TEST_TOKEN", "sesame-42"), ("CREDENTIALS_DIRECTORY", folder.as_str())];
        let (code, reports, output) = fetch_with(&lake, "tests", &variables);
        assert_eq!((code, reports[0]["outcome"].as_str().unwrap()), (0, "new"), "{way}: {reports:?}");
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!told.contains("sesame") && !told.contains("c2VzYW1l"), "{way}: {told}");
        assert!(told.contains("secret-in-body"), "{way}: {told}");
        holds_none_of(&lake.path(), &["sesame-42", "YXJzOnNlc2FtZS00Mg"]);

        // A changed secret is taken at the next poll, and one that is refused says what to look at.
        secret(&lake, "secret", "changed-42\n");
        secret(&lake, "token", "changed-42");
        let variables = [("VIGIE_TEST_TOKEN", "changed-42"), ("CREDENTIALS_DIRECTORY", folder.as_str())];
        let (code, reports, output) = fetch_with(&lake, "tests", &variables);
        let message = reports[0]["message"].as_str().unwrap();
        assert_eq!(code, 1, "{way}: {message}");
        let hint = if way.contains("headers") {
            "identifiants de la source"
        } else {
            "ne sont pas, ou plus, acceptés"
        };
        assert!(message.contains(hint), "{way}: {message}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("changed-42"), "{way}");
        holds_none_of(&lake.path(), &["changed-42"]);
    }
}

#[test]
fn an_address_with_a_password_works_is_kept_without_it_and_fails_the_check() {
    let server = Partner::start(|asked| {
        match asked.header("authorization") == BASIC || asked.target.contains("key=k123") {
            true => Answer::ok(TESTS),
            false => Answer::status(401),
        }
    });
    let with_password = server.url("/a.csv").replace("http://", "http://ars:sesame-42@");
    let lake = configured(&format!("[sources.tests]\nurl = \"{with_password}\"\n"));
    let report = is_new(&lake, "tests");
    assert_eq!(report["url"], server.url("/a.csv"));
    holds_none_of(&lake.path(), &["sesame-42", "ars:"]);
    let check = |lake: &Lake| {
        let output =
            command(lake.folder()).args(["--config", "vigie.toml", "config", "check"]).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, told) = check(&lake);
    assert!(code == 1 && told.contains("give user and password_file") && !told.contains("sesame"), "{told}");

    configure(&lake, &format!("[sources.tests]\nurl = \"{}\"\n", server.url("/a.csv?x=1&key=k123")));
    let (code, report) = fetch(&lake, "tests");
    assert_eq!((code, report["url"].as_str().unwrap()), (0, server.url("/a.csv?x=1&key=***").as_str()));
    holds_none_of(&lake.path(), &["k123"]);
    let (code, told) = check(&lake);
    assert!(
        code == 0 && told.contains("warning") && told.contains("give key_file with key_parameter"),
        "{told}"
    );
    // The same address from the command line.
    let from = server.url("/a.csv?x=1&key=k123");
    let output = command(lake.folder())
        .args(["--config", "vigie.toml", "fetch", "tests", "--from", &from])
        .output()
        .unwrap();
    assert!(output.status.success());
    holds_none_of(&lake.path(), &["k123"]);
}

#[test]
fn credentials_do_not_follow_redirects_to_another_host() {
    let other = Partner::start(|_| Answer::ok(TESTS));
    let to = other.url("/elsewhere.csv");
    let server = Partner::start(move |asked| match asked.target.split('?').next() {
        Some("/a.csv") => Answer::status(302).with("Location", "/b.csv"),
        Some("/b.csv") => Answer::status(302).with("Location", to.clone()),
        _ => Answer::status(404),
    });
    for way in [
        "user = \"ars\"\npassword_file = \"secret\"",
        "token_file = \"secret\"",
        "key_file = \"secret\"\nkey_header = \"X-Api-Key\"",
        "key_file = \"secret\"\nkey_parameter = \"apikey\"",
        "secret_headers = { X-Other = \"secret\" }",
    ] {
        let lake = configured(&format!("[sources.tests]\nurl = \"{}\"\n{way}\n", server.url("/a.csv")));
        secret(&lake, "secret", "sesame-42");
        is_new(&lake, "tests");
    }
    for asked in server.asked() {
        assert!(
            format!("{asked:?}").contains("sesame-42") || asked.header("authorization") == BASIC,
            "{asked:?}"
        );
    }
    for asked in other.asked() {
        let told = format!("{asked:?}");
        assert!(!told.contains("sesame") && asked.header("authorization").is_empty(), "{told}");
    }
    assert_eq!((server.asked().len(), other.asked().len()), (10, 5));
    // Nor to another address given by hand.
    let lake = configured(&format!(
        "[sources.tests]\nurl = \"{}\"\ntoken_file = \"secret\"\n",
        server.url("/a.csv")
    ));
    secret(&lake, "secret", "sesame-42");
    let from = other.url("/by-hand.csv");
    let output = command(lake.folder())
        .args(["--config", "vigie.toml", "fetch", "tests", "--from", &from])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = other.asked().pop().unwrap();
    assert!(asked.target == "/by-hand.csv" && asked.header("authorization").is_empty(), "{asked:?}");
}

#[test]
fn what_is_posted_comes_with_its_type_and_headers() {
    let server = Partner::start(|asked| match asked.method == "POST" && asked.body == "requête=1" {
        true => Answer::ok(TESTS),
        false => Answer::status(405),
    });
    let lake = configured(&format!(
        "[sources.tests]\nurl = \"{}\"\nmethod = \"post\"\nbody = \"requête=1\"\ncontent_type = \"application/x-www-form-urlencoded\"\n\
         headers = {{ Accept = \"text/csv\", X-Agency = \"ars\" }}\n",
        server.url("/a.csv")
    ));
    is_new(&lake, "tests");
    let asked = &server.asked()[0];
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!((asked.header("accept"), asked.header("x-agency")), ("text/csv", "ars"));
    configure(&lake, &format!("[sources.tests]\nurl = \"{}\"\n", server.url("/a.csv")));
    fails(&lake, "tests", "http-status", &["(405)", "method = \"post\""]);
}

#[test]
fn certificates_are_told_apart_and_an_authority_or_a_client_certificate_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = Authority::make(folder.path()) else { return };
    authority.host("good", "DNS:localhost", &["-days", "30"]);
    authority.host(
        "late",
        "DNS:localhost",
        &["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"],
    );
    authority.host(
        "early",
        "DNS:localhost",
        &["-startdate", "20990101000000Z", "-enddate", "20990201000000Z"],
    );
    authority.host("other", "DNS:ailleurs.example.org", &["-days", "30"]);
    authority.sign("client", "extendedKeyUsage=clientAuth", &["-days", "30"]);
    authority.sign(
        "gone",
        "extendedKeyUsage=clientAuth",
        &["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"],
    );
    let serve = |name: &str, asks_clients: bool| {
        let server = Partner::start_tls(authority.server(name, asks_clients), |_| Answer::ok(TESTS));
        format!("https://localhost:{}/a.csv", server.port)
    };
    let with = |name: &str| format!("{:?}", folder.path().join(name));
    let trusted = format!("ca_file = {}\n", with("ca.pem"));
    let lake = Lake::new();
    let set = |url: &str, more: &str| configure(&lake, &format!("[sources.tests]\nurl = \"{url}\"\n{more}"));

    set(&serve("good", false), "");
    fails(&lake, "tests", "certificate-authority", &["certificat", "autorité inconnue", "ca_file"]);
    set(&serve("late", false), &trusted);
    fails(
        &lake,
        "tests",
        "certificate-expired",
        &["certificat", "depuis le 01/02/2020", "Rien n’a été chargé"],
    );
    set(&serve("early", false), &trusted);
    fails(&lake, "tests", "certificate-expired", &["pas encore valable", "l’heure de cette machine"]);
    set(&serve("other", false), &trusted);
    fails(&lake, "tests", "certificate-name", &["n’est pas établi pour ce nom", "ailleurs.example.org"]);
    let asking = serve("good", true);
    set(&asking, &trusted);
    fails(&lake, "tests", "client-certificate", &["demande un certificat de client", "client_key"]);
    let identity = |name: &str| {
        format!(
            "{trusted}client_certificate = {}\nclient_key = {}\n",
            with(&format!("{name}.pem")),
            with(&format!("{name}.key"))
        )
    };
    set(&asking, &identity("gone"));
    fails(&lake, "tests", "client-certificate", &["refuse le certificat de client"]);
    assert_eq!(lake.value("select count(*) from tests_versions"), 0, "nothing was loaded");
    set(&asking, &identity("client"));
    is_new(&lake, "tests");
    set(&serve("good", false), &trusted);
    fetch(&lake, "tests");

    // A key that does not fit, an authority that is none: the check says so, and the poll fails before it asks.
    let check = |expected: &str| {
        let output =
            command(lake.folder()).args(["--config", "vigie.toml", "config", "check"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(1) && told.contains(expected), "{expected}: {told}");
    };
    let mixed = format!("client_certificate = {}\nclient_key = {}\n", with("client.pem"), with("gone.key"));
    set(&asking, &mixed);
    check("client_certificate: certificate and key do not fit together");
    fails(&lake, "tests", "bad-setting", &["client_certificate"]);
    set(&asking, &format!("ca_file = {}\n", with("ca.key")));
    check("ca_file: no certificate (PEM) in it");
    set(&asking, "ca_file = \"nowhere.pem\"\n");
    check("nowhere.pem");
    set(&asking, "token_file = \"nowhere\"\n");
    check("token_file: ");
    fails(&lake, "tests", "bad-setting", &["token_file"]);
}

#[test]
fn a_source_has_its_own_proxy_with_its_own_password() {
    let server = Partner::start(|_| Answer::ok(TESTS));
    let proxy = ForwardProxy::start(Some(BASIC));
    let lake = Lake::new();
    let set = |more: &str| {
        let proxy = format!("proxy = \"http://127.0.0.1:{}\"\n", proxy.port);
        configure(&lake, &format!("[sources.tests]\nurl = \"{}\"\n{proxy}{more}", server.url("/a.csv")));
    };
    set("");
    fails(&lake, "tests", "proxy-failed", &["proxy", "proxy_password_file"]);
    assert!(server.asked().is_empty());
    set("proxy_user = \"ars\"\nproxy_password_file = \"secret\"\n");
    secret(&lake, "secret", "sesame-42");
    is_new(&lake, "tests");
    assert_eq!(proxy.asked().last().unwrap().target, server.url("/a.csv"));
    assert!(server.asked()[0].header("proxy-authorization").is_empty());
    holds_none_of(&lake.path(), &["sesame-42", "YXJzOnNlc2FtZS00Mg"]);
    let before = proxy.asked().len();
    set("no_proxy = \"127.0.0.1\"\n");
    fetch(&lake, "tests");
    assert_eq!(proxy.asked().len(), before, "that host is reached without it");
    // The variables of the environment count where the source says nothing.
    configure(&lake, &format!("[sources.tests]\nurl = \"{}\"\n", server.url("/a.csv")));
    let through = format!("http://ars:sesame-42@127.0.0.1:{}", proxy.port);
    let (code, ..) = fetch_with(&lake, "tests", &[("http_proxy", &through)]);
    assert_eq!((code, proxy.asked().len()), (0, before + 1));
    configure(&lake, &format!("[sources.tests]\nurl = \"{}\"\nproxy = \"none\"\n", server.url("/a.csv")));
    let (code, ..) = fetch_with(&lake, "tests", &[("http_proxy", &through)]);
    assert_eq!((code, proxy.asked().len()), (0, before + 1));

    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = Authority::make(folder.path()) else { return };
    authority.host("good", "DNS:localhost", &["-days", "30"]);
    let secure = Partner::start_tls(authority.server("good", false), |_| Answer::ok(TESTS));
    let lake = configured(&format!(
        "[sources.tests]\nurl = \"https://localhost:{}/a.csv\"\nca_file = {:?}\nproxy = \"http://127.0.0.1:{}\"\n\
         proxy_user = \"ars\"\nproxy_password_file = \"secret\"\n",
        secure.port,
        folder.path().join("ca.pem"),
        proxy.port
    ));
    secret(&lake, "secret", "sesame-42");
    is_new(&lake, "tests");
    assert_eq!(proxy.asked().last().unwrap().method, "CONNECT");
    secret(&lake, "secret", "wrong-42");
    fails(&lake, "tests", "proxy-failed", &["refuse la connexion"]);
}

#[test]
fn failures_to_connect_say_which_step_failed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let lake = configured(&format!("[sources.tests]\nurl = \"http://127.0.0.1:{port}/a.csv\"\n"));
    fails(&lake, "tests", "connect-failed", &["refuse la connexion", "rien n’écoute à ce port"]);
    configure(&lake, "[sources.tests]\nurl = \"http://no-such-host.invalid/a.csv\"\n");
    fails(&lake, "tests", "name-not-found", &["Le nom du serveur", "DNS"]);
    configure(
        &lake,
        "[sources.tests]\nurl = \"http://127.0.0.1:9/a.csv\"\nproxy = \"http://no-such-host.invalid:3128\"\n",
    );
    let (code, report) = fetch(&lake, "tests");
    assert!(code == 1 && report["message"].as_str().unwrap().contains("proxy"), "{report:#}");
    // The cause is in the log, in English, as an error.
    configure(&lake, &format!("[sources.tests]\nurl = \"http://127.0.0.1:{port}/a.csv\"\n"));
    let (_, _, output) = fetch_with(&lake, "tests", &[]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("ERROR") && told.contains("Connection refused"), "{told}");
}

fn overlay(lake: &Lake, contract: &str) -> PathBuf {
    let folder = lake.folder().join("vocabulary/sources");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pages.toml"), contract).unwrap();
    folder
}

const PAGES: &str = "id = \"pages\"\ntitle_fr = \"Pages\"\ndescription_fr = \"Pages.\"\nkind = \"snapshot\"\n\
    key = [\"time_value\", \"department\"]\npublisher = \"Essai\"\nlicence = \"aucune\"\n\
    [feed]\nformat = \"json\"\npath = \"data\"\n\
    [cadence]\ncron = \"0 13 * * *\"\ntime_zone = \"Europe/Paris\"\nwarn_after = \"48h\"\nerror_after = \"96h\"\nsettling_days = 2\n\
    [[columns]]\nname = \"time_value\"\nfrom = [\"jour\"]\ntype = \"date\"\ntitle_fr = \"Jour\"\n\
    [[columns]]\nname = \"department\"\nfrom = [\"dep\"]\ntype = \"department\"\ntitle_fr = \"Département\"\n\
    [[columns]]\nname = \"n\"\ntype = \"integer\"\ntitle_fr = \"Nombre\"\n";

/// Fifteen rows, five a page.
fn page(number: u64) -> Vec<Value> {
    let days = (number - 1) * 5 + 1..=number * 5;
    let days = days.filter(|day| *day <= 15);
    days.map(|day| serde_json::json!({"dep": "31", "jour": format!("2020-10-{day:02}"), "n": day})).collect()
}

fn paged(server: &Partner, path: &str, paging: &str) -> Lake {
    let lake = Lake::new();
    overlay(&lake, PAGES);
    let paging = if paging.is_empty() { String::new() } else { format!("paging = {{ {paging} }}\n") };
    let url = server.url(path);
    let text = format!(
        "lake = \"lake\"\nvocabulary = \"vocabulary\"\n[fetch]\nattempts = 1\n[sources.pages]\nurl = \"{url}\"\n{paging}"
    );
    std::fs::write(lake.folder().join("vigie.toml"), text).unwrap();
    lake
}

fn answer_page(asked: &Asked) -> Answer {
    let number = asked.parameter("page").map_or(1, |page| page.parse::<u64>().unwrap());
    let offset = asked.parameter("offset").map(|offset| offset.parse::<u64>().unwrap());
    let number = offset.map_or(number, |offset| offset / 5 + 1);
    let next = (number < 3).then(|| format!("/page.json?page={}", number + 1));
    if asked.parameter("bare").is_some() {
        // A file a day, and a link to that of the next day: no pages.
        let body = serde_json::json!({"data": page(number)});
        return Answer::ok(body.to_string()).with("Link", "</page.json?page=4>; rel=\"next\"");
    }
    let body = serde_json::json!({"total": 15, "@odata.nextLink": next, "links": {"next": next}, "data": page(number)});
    let answer = Answer::ok(body.to_string()).with("Last-Modified", "Fri, 16 Oct 2020 17:00:00 GMT");
    match next {
        Some(next) => answer.with("Link", format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

#[test]
fn pages_make_one_edition_that_can_be_read_again() {
    let server = Partner::start(answer_page);
    let mut counts = Vec::new();
    for paging in [
        "next = \"link\"",
        "next = \"links.next\"",
        "next = \"@odata.nextLink\", total = \"total\"",
        "page = \"page\"",
        "page = \"page\", total = \"total\"",
        "offset = \"offset\"",
    ] {
        let before = server.asked().len();
        let lake = paged(&server, "/page.json", paging);
        let report = is_new(&lake, "pages");
        assert_eq!(
            (report["rows_in"].as_u64(), report["rows_accepted"].as_u64()),
            (Some(15), Some(15)),
            "{paging}"
        );
        assert_eq!(report["issued_at"], "2020-10-16T17:00:00Z", "{paging}");
        counts.push(server.asked().len() - before);
        // One record, one body, which holds the pages as they came.
        assert_eq!(lake.value("select count(*) from fetches where source = 'pages'"), 1);
        assert_eq!(lake.value("select sum(n) from pages"), 120);
        let sha256 = report["sha256"].as_str().unwrap();
        let raw = lake.path().join(format!("raw/pages/{sha256}.zst"));
        let body = zstd::decode_all(std::fs::File::open(raw).unwrap()).unwrap();
        assert_eq!(vigie::files::sha256_hex(&body), sha256);
        let (_, again) = fetch(&lake, "pages");
        assert_eq!(
            (again["outcome"].as_str(), again["sha256"].as_str()),
            (Some("unchanged"), Some(sha256)),
            "{paging}"
        );
        let replayed =
            lake_config(&lake, &["--json", "findings", "replay", report["fetch_id"].as_str().unwrap()]);
        assert!(replayed.contains("\"rows_accepted\": 15"), "{replayed}");
        assert!(lake_config(&lake, &["verify"]).contains("no damage"));
        lake_config(&lake, &["backup", "copy"]);
    }
    assert_eq!(counts, [3, 3, 3, 4, 3, 4], "without a total only an empty page is the end");
}

fn lake_config(lake: &Lake, words: &[&str]) -> String {
    let output = command(lake.folder()).args(["--config", "vigie.toml"]).args(words).output().unwrap();
    crate::support::succeed(&output)
}

#[test]
fn one_page_of_several_is_never_the_whole() {
    let server = Partner::start(answer_page);
    let lake = paged(&server, "/page.json", "");
    let (code, report) = fetch(&lake, "pages");
    let message = report["message"].as_str().unwrap();
    assert_eq!((code, report["outcome"].as_str().unwrap()), (3, "rejected"), "{report:#}");
    assert!(message.contains("(further-pages)") && message.contains("next = \"link\""), "{message}");
    // Reading the kept body again does not make it whole.
    let output = command(lake.folder())
        .args(["--config", "vigie.toml", "findings", "replay", report["fetch_id"].as_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(lake.value("select count(*) from fetches where outcome = 'new' and source = 'pages'"), 0);
    // A link that leads to something else can be declared so.
    let lake = paged(&server, "/page.json?page=3&bare=1", "next = \"none\"");
    assert_eq!(is_new(&lake, "pages")["rows_in"], 5);
}

#[test]
fn pages_that_fail_change_or_lead_back_load_nothing() {
    let kind = |asked: &Asked| {
        asked.target.trim_start_matches('/').split(['?', '.']).next().unwrap_or_default().to_owned()
    };
    let server = Partner::start(move |asked| {
        let number = asked.parameter("page").map_or(1, |page| page.parse::<u64>().unwrap());
        let kind = kind(asked);
        let total = if kind == "grows" && number > 1 { 16 } else { 15 };
        let rows = match kind.as_str() {
            "short" => page(number)[..4.min(page(number).len())].to_vec(),
            "same" => page(1),
            "endless" => vec![serde_json::json!({"dep": "31", "jour": "2020-10-01", "n": number})],
            "gone" if number > 3 => return Answer::status(404),
            _ => page(number),
        };
        if kind == "broken" && number == 3 {
            return Answer::status(500);
        }
        if kind == "html" && number == 2 {
            return Answer::ok("<html>");
        }
        let next = match kind.as_str() {
            "loop" => "/loop.json?page=1".to_owned(),
            _ => format!("/{kind}.json?page={}", number + 1),
        };
        Answer::ok(serde_json::json!({"total": total, "next": next, "data": rows}).to_string())
    });
    let cases = [
        ("/broken.json", "page = \"page\"", "server-error", "Page 3"),
        ("/html.json", "page = \"page\"", "bad-pages", "page 2"),
        ("/grows.json", "page = \"page\", total = \"total\"", "pages-changed", "de 15 à 16"),
        (
            "/short.json",
            "page = \"page\", total = \"total\"",
            "pages-changed",
            "annonce 15 lignes, les pages en contiennent 12",
        ),
        ("/same.json", "page = \"page\"", "bad-pages", "répète la page précédente"),
        ("/loop.json?page=1", "next = \"next\"", "bad-pages", "déjà lue"),
        ("/endless.json", "next = \"next\", pages_max = 4", "bad-pages", "plus de 4 pages"),
        ("/gone.json", "page = \"page\"", "http-status", "Page 4"),
    ];
    for (path, paging, code, words) in cases {
        let lake = paged(&server, path, paging);
        fails(&lake, "pages", code, &[words]);
        assert_eq!(lake.value("select count(*) from pages_versions"), 0, "{path}");
        assert!(!lake.path().join("raw/pages").exists(), "{path}: no part is kept as an edition");
    }
    let lake = paged(&server, "/gone.json", "page = \"page\", end_status = 404");
    assert_eq!(is_new(&lake, "pages")["rows_in"], 15);
}

#[test]
fn several_addresses_make_one_edition_and_a_bad_row_says_where_it_is() {
    let part =
        |dep: &str, extra: &str| format!("jour;dep;P;T;cl_age90\n2020-10-05;{dep};208;1626;0\n{extra}");
    let server = Partner::start(move |asked| match asked.target.as_str() {
        "/31.csv" => Answer::ok(part("31", "2020-10-06;31;1;2;0\n2020-10-07;31;1;2;0\n")),
        "/11.csv" => Answer::ok(part("11", "2020-10-06;11;beaucoup;1;0\n")),
        "/09.csv" => Answer::ok("dep;jour;P;T;cl_age90;note\n09;2020-10-05;1;2;0;x\n"),
        "/bad.csv" => Answer::ok("dep;jour;T;cl_age90\n09;2020-10-05;2;0\n"),
        _ => Answer::status(404),
    });
    let urls = |names: &[&str]| {
        let urls: Vec<String> = names.iter().map(|name| format!("\"{}\"", server.url(name))).collect();
        format!("[sources.tests]\nurl = [{}]\n", urls.join(", "))
    };
    let lake = configured(&urls(&["/31.csv", "/11.csv", "/09.csv"]));
    let report = is_new(&lake, "tests");
    assert_eq!(
        (report["rows_in"].as_u64(), report["rows_quarantined"].as_u64()),
        (Some(6), Some(1)),
        "{report:#}"
    );
    assert_eq!(lake.sql("select distinct department from tests order by 1").len(), 3);
    let message = lake.value("select message from findings where severity = 'error'");
    let message = message.as_str().unwrap().replace('\u{a0}', " ");
    assert!(
        message.contains("Soit la ligne 3 de la partie 2 (« 11.csv »)") && message.ends_with("(type-error)"),
        "{message}"
    );

    let lake = configured(&urls(&["/31.csv", "/none.csv"]));
    fails(&lake, "tests", "http-status", &["Fichier 2 sur 2", "/none.csv"]);
    let lake = configured(&urls(&["/31.csv", "/bad.csv"]));
    let (code, report) = fetch(&lake, "tests");
    let message = report["message"].as_str().unwrap().replace('\u{a0}', " ");
    assert_eq!(code, 3, "{message}");
    assert!(message.starts_with("Partie « bad.csv »") && message.contains("« P »"), "{message}");
}

fn drop_file(folder: &Path, name: &str, text: &str, seconds: u64) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_602_000_000 + seconds)).unwrap();
}

fn day(day: u32, positives: u32) -> String {
    format!("dep;jour;P;T;cl_age90\n31;2020-10-{day:02};{positives};1626;0\n")
}

#[test]
fn a_folder_gives_each_new_file_once_in_order() {
    let lake = configured("[sources.tests]\nurl = \"folder:depot/lits-*.csv\"\n");
    let depot = lake.folder().join("depot");
    fails(&lake, "tests", "no-file", &["Le dossier"]);
    std::fs::create_dir(&depot).unwrap();
    fails(&lake, "tests", "no-file", &["Aucun fichier ne correspond"]);
    // The later file was named first; one is not whole yet, one is another's.
    drop_file(&depot, "lits-a.csv", &day(5, 220), 100);
    drop_file(&depot, "lits-b.csv", &day(5, 208), 0);
    drop_file(&depot, "lits-c.csv.part", "dep", 200);
    drop_file(&depot, "autre.csv", "rien", 200);
    let (code, reports, _) = fetch_with(&lake, "tests", &[]);
    let names: Vec<&str> =
        reports.iter().map(|report| report["url"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!((code, names), (0, vec!["lits-b.csv", "lits-a.csv"]), "{reports:#?}");
    assert_eq!(reports[0]["issued_at"], "2020-10-06T16:00:00Z");
    assert_eq!(lake.value("select positives from tests"), 220);
    assert_eq!(lake.value("select count(*) from tests_versions"), 2);
    let (_, report) = fetch(&lake, "tests");
    assert_eq!(report["outcome"], "unchanged", "{report:#}");
    assert!(report["message"].as_str().unwrap().contains("dossier"), "{report:#}");
    // Under the same name, but another file.
    drop_file(&depot, "lits-a.csv", &day(5, 230), 300);
    std::fs::rename(depot.join("lits-c.csv.part"), depot.join("lits-c.csv")).unwrap();
    let (code, reports, _) = fetch_with(&lake, "tests", &[]);
    let outcomes: Vec<&str> = reports.iter().map(|report| report["outcome"].as_str().unwrap()).collect();
    assert_eq!((code, outcomes), (3, vec!["rejected", "new"]), "{reports:#?}");
    assert_eq!(lake.value("select positives from tests"), 230);
    assert_eq!(std::fs::read_dir(&depot).unwrap().count(), 4, "nothing is deleted or moved");
    assert!(lake_config(&lake, &["verify"]).contains("no damage"));
}

#[test]
fn files_read_are_moved_where_that_is_asked_and_the_newest_alone_can_be_taken() {
    let lake = configured(
        "[sources.tests]\nurl = \"folder:depot/*.csv\"\nfolder = { take = \"newest\", by = \"name\", done = \"fait\" }\n",
    );
    let depot = lake.folder().join("depot");
    std::fs::create_dir(&depot).unwrap();
    std::fs::create_dir(lake.folder().join("fait")).unwrap();
    drop_file(&depot, "2020-10-05.csv", &day(5, 208), 100);
    drop_file(&depot, "2020-10-06.csv", &day(6, 209), 50);
    let report = is_new(&lake, "tests");
    assert!(report["url"].as_str().unwrap().ends_with("2020-10-06.csv"));
    assert!(depot.join("2020-10-05.csv").exists() && lake.folder().join("fait/2020-10-06.csv").exists());
}

#[test]
fn files_that_belong_together_make_one_edition_or_none() {
    let lake = configured(
        "[sources.tests]\nurl = \"folder:depot/dep-*.csv\"\nfolder = { take = \"all\", count = 2 }\n",
    );
    let depot = lake.folder().join("depot");
    std::fs::create_dir(&depot).unwrap();
    drop_file(&depot, "dep-31.csv", TESTS, 0);
    let (code, report) = fetch(&lake, "tests");
    let message = report["message"].as_str().unwrap();
    assert!(code == 1 && message.contains("attendus ensemble (2)"), "{message}");
    drop_file(&depot, "dep-09.csv", "dep;jour;P;T;cl_age90\n09;2020-10-05;1;2;0\n", 60);
    let report = is_new(&lake, "tests");
    assert_eq!(
        (report["rows_in"].as_u64(), report["issued_at"].as_str()),
        (Some(3), Some("2020-10-06T16:01:00Z"))
    );
    let (_, again) = fetch(&lake, "tests");
    assert_eq!(again["outcome"], "unchanged");
}

#[test]
fn an_archive_of_several_files_is_read_whole_where_the_contract_names_them() {
    let lake = Lake::new();
    let contract =
        PAGES.replace("format = \"json\"\npath = \"data\"", "format = \"csv\"\nmembers = \"dep-*.csv\"");
    overlay(&lake, &contract);
    std::fs::write(lake.folder().join("vigie.toml"), "lake = \"lake\"\nvocabulary = \"vocabulary\"\n")
        .unwrap();
    let packed = lake.folder().join("export.zip");
    let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)\n\
                  z.writestr('x/dep-31.csv', 'jour,dep,n\\n2020-10-05,31,1\\n')\nz.writestr('x/dep-09.csv', 'dep,jour,n\\n09,2020-10-05,2\\n')\n\
                  z.writestr('LISEZMOI.txt', 'rien')\nz.close()\n";
    let made = std::process::Command::new("python3").args(["-c", script]).arg(&packed).status();
    if !made.is_ok_and(|made| made.success()) {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let output = command(lake.folder())
        .args(["--config", "vigie.toml", "--json", "fetch", "pages", "--from"])
        .arg(&packed)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (report["outcome"].as_str(), report["rows_in"].as_u64()),
        (Some("new"), Some(2)),
        "{report:#}"
    );
    assert_eq!(lake.value("select sum(n) from pages"), 3);
}
