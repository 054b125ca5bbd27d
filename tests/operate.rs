//! An operator's day: checks that find what cannot run, one service a lake, a state that tells, logs, notices.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::send::{MailServer, Mood};
use crate::support::{Lake, command, stock_feed, succeed};
use crate::torture::server::{Reply, Server};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Both streams: the result and what was said beside it.
fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), told(output))
}

/// A watch-room with a vocabulary of its own: a feed of calls, an indicator of it and a rule.
fn room_with_own_files() -> Lake {
    let lake = Lake::new();
    let own = lake.folder().join("vocabulary");
    for part in ["sources", "indicators", "rules"] {
        std::fs::create_dir_all(own.join(part)).unwrap();
    }
    let contract = "id = \"calls\"\ntitle_fr = \"Appels\"\ndescription_fr = \"Appels reçus\"\npublisher = \"SAMU\"\nlicence = \"interne\"\nkind = \"snapshot\"\n\
        key = [\"department\", \"time_value\"]\n[feed]\nformat = \"csv\"\n[cadence]\ncron = \"0 8 * * *\"\nwarn_after = \"36h\"\n\
        error_after = \"72h\"\n[[columns]]\nname = \"department\"\ntype = \"department\"\ntitle_fr = \"D\"\n[[columns]]\n\
        name = \"time_value\"\ntype = \"date\"\ntitle_fr = \"J\"\n[[columns]]\nname = \"calls\"\ntype = \"integer\"\ntitle_fr = \"N\"\n\
        unit = \"calls\"\nmin = 0\n";
    std::fs::write(own.join("sources/calls.toml"), contract).unwrap();
    std::fs::write(own.join("indicators/calls_a_day.sql"), INDICATOR).unwrap();
    std::fs::write(lake.folder().join("vigie.toml"), "lake = \"lake\"\nvocabulary = \"vocabulary\"\n")
        .unwrap();
    lake
}

const INDICATOR: &str = "/*---\nid = \"calls_a_day\"\ntitle_fr = \"Appels par jour\"\ndefinition_fr = \"Appels.\"\nunit = \"calls\"\nweek = \"sum\"\n\
    grain = [\"geo_type\", \"geo_value\", \"time_value\"]\nsources = [\"calls\"]\n---*/\n-- one row a place and day\nselect\n  \
    'department' as geo_type, department as geo_value, time_value,\n  cast(calls as double) as value,\n  \
    cast(calls as double) as numerator, cast(null as double) as denominator,\n  cast(null as varchar) as missing_reason\n\
    from calls\n";

/// `vigie …` with the configuration of the folder.
fn vigie(folder: &Path, words: &[&str]) -> Output {
    command(folder).args(words).output().unwrap()
}

fn own_file(lake: &Lake, file: &str, text: &str) {
    std::fs::write(lake.folder().join("vocabulary").join(file), text).unwrap();
}

#[test]
fn a_check_plans_every_query_and_names_file_line_and_reason() {
    let lake = room_with_own_files();
    let check = || vigie(lake.folder(), &["config", "check"]);
    succeed(&check());
    // The last line of the file reads the table; what is wrong with the whole query is told at its first line.
    for (from, to, line, what) in [
        ("from calls", "from call", 16, "there is no table \"call\"; was \"calls\" meant?"),
        ("select\n", "slect\n", 11, "this is not SQL"),
        ("cast(calls as double) as value", "cast(cals as double) as value", 13, "cals"),
        ("cast(calls as double) as value", "calls + department_name as value", 13, "department_name"),
        ("cast(calls as double) as value", "sum(calls, 3, 4) as value", 13, "sum"),
        ("cast(calls as double) as value", "date_trunc(calls, 5) as value", 13, "date_trunc"),
        ("'department' as geo_type, ", "", 10, "geo_type"),
        (
            "from calls",
            "from tests",
            10,
            "it reads the table \"tests\", which sources in its header does not name",
        ),
    ] {
        own_file(&lake, "indicators/calls_a_day.sql", &INDICATOR.replacen(from, to, 1));
        let output = check();
        let said = all(&output);
        assert_eq!(output.status.code(), Some(1), "{to}: {said}");
        assert!(said.contains(&format!("indicators/calls_a_day.sql:{line}: ")), "{to}, line {line}: {said}");
        assert!(said.contains(what), "{to}: {said}");
    }
    // A column renamed in the contract: the query that reads it is named.
    own_file(&lake, "indicators/calls_a_day.sql", INDICATOR);
    let contract = std::fs::read_to_string(lake.folder().join("vocabulary/sources/calls.toml")).unwrap();
    own_file(&lake, "sources/calls.toml", &contract.replace("name = \"calls\"", "name = \"n_calls\""));
    let said = all(&check());
    assert!(said.contains("indicators/calls_a_day.sql:") && said.contains("calls"), "{said}");
    // A faulty gate of a bulletin and a saved query, both at once.
    own_file(&lake, "sources/calls.toml", &contract);
    for (part, head, sql) in [
        (
            "gates",
            "id = \"own-gate\"\ntitle_fr = \"t\"\ndefinition_fr = \"d\"\nstage = \"bulletin\"\nseverity = \"warn\"\nmessage_fr = \"m\"",
            "select place, sunday as day, cast(null as varchar) as column, 1 as found,\n 2 as expected from buletin",
        ),
        (
            "saved",
            "id = \"own-gate\"\ntitle_fr = \"t\"\ndescription_fr = \"d\"",
            "select *\nfrom nowhere_at_all",
        ),
    ] {
        std::fs::create_dir_all(lake.folder().join("vocabulary").join(part)).unwrap();
        own_file(&lake, &format!("{part}/own-gate.sql"), &format!("/*---\n{head}\n---*/\n{sql}\n"));
    }
    let output = check();
    let said = all(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("gates/own-gate.sql:10: there is no table \"buletin\""), "{said}");
    assert!(said.contains("saved/own-gate.sql:6: ") && said.contains("nowhere_at_all"), "{said}");
}

#[test]
fn one_bad_file_of_ones_own_silences_nothing_else() {
    let lake = room_with_own_files();
    let file = lake.folder().join("stock.csv");
    std::fs::write(&file, stock_feed(90)).unwrap();
    let words = ["--config", "vigie.toml"];
    let with = |more: &[&str]| vigie(lake.folder(), &[&words, more].concat());
    let issued = ["fetch", "hospital_stock", "--from", "stock.csv", "--issued-at", "2020-10-12"];
    succeed(&with(&issued));
    let calls = lake.folder().join("calls.csv");
    std::fs::write(&calls, "department,time_value,calls\n31,2020-10-11,12\n").unwrap();
    succeed(&with(&["fetch", "calls", "--from", "calls.csv", "--issued-at", "2020-10-12"]));
    let rule = "id = \"many-calls\"\ntitle_fr = \"Beaucoup d’appels\"\nreference = \"essai\"\nsource_grade = \"vigie\"\n\
        geo_types = [\"department\"]\ncombine = \"any\"\n[[levels]]\nid = \"haut\"\ntitle_fr = \"haut\"\naction_fr = \"agir\"\n\
        [[criteria]]\nid = \"n\"\ntitle_fr = \"Appels\"\nindicator = \"calls_a_day\"\ncomparison = \">=\"\nthresholds = [{ levels = { haut = 10 } }]\nclear_ratio = 0.8\n";
    own_file(&lake, "rules/many-calls.toml", rule);
    let checked = with(&["config", "check"]);
    if !checked.status.success() {
        // The rule's form is that of the built-in ones.
        panic!("{}", told(&checked));
    }
    succeed(&with(&["build", "--as-of", "2020-10-12"]));
    let count = |query: &str| -> i64 { lake.value(query).as_i64().unwrap() };
    let computed = count("select count(*) from indicators where indicator = 'hospital_patients'");
    let events = count("select count(*) from alert_events where rule = 'many-calls'");
    assert!(computed > 100 && events > 0, "{computed} {events}");

    own_file(&lake, "indicators/calls_a_day.sql", &INDICATOR.replace("from calls", "from call"));
    let file = lake.folder().join("stock2.csv");
    std::fs::write(&file, stock_feed(99)).unwrap();
    let issued = ["fetch", "hospital_stock", "--from", "stock2.csv", "--issued-at", "2020-10-13"];
    succeed(&with(&issued));
    let built = with(&["build", "--as-of", "2020-10-13"]);
    assert_eq!(built.status.code(), Some(5), "{}", told(&built));
    assert!(told(&built).contains("no table \"call\""), "{}", told(&built));
    let newest = "select numerator from indicators where indicator = 'hospital_patients' and geo_value = '31'
                  and geo_type = 'department' and time_type = 'day' and time_value = date '2020-10-11'";
    assert_eq!(lake.value(&newest.replace("numerator", "cast(value as bigint)")), 99, "all else is computed");
    let revoked = "select count(*) from alert_events where rule = 'many-calls' and revoked";
    assert_eq!(count(revoked), 0, "an alert is not taken back because its query is at fault");
    let status = with(&["--json", "status", "--as-of", "2020-10-13"]);
    assert_eq!(status.status.code(), Some(5), "{}", told(&status));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let problem = &status["problems"][0];
    assert_eq!(problem["key"], "job:build", "{status:#}");
    assert!(problem["detail"].as_str().unwrap().contains("calls_a_day.sql:16"), "{status:#}");
    // The bulletin comes out, and tells of it among its checks.
    let bulletin =
        with(&["--json", "bulletin", "--week", "2020-W41", "--as-of", "2020-10-13", "--out", "b.pdf"]);
    assert_eq!(bulletin.status.code(), Some(5), "{}", told(&bulletin));
    let html = std::fs::read_to_string(lake.folder().join("b.html")).unwrap();
    assert!(html.contains("Définitions en défaut") && html.contains("calls_a_day.sql"));

    // A file that does not even read is left out in the same way.
    own_file(&lake, "indicators/calls_a_day.sql", INDICATOR);
    own_file(&lake, "rules/many-calls.toml", &rule.replace("geo_types", "geo_tipes"));
    let built = with(&["build", "--as-of", "2020-10-13"]);
    assert_eq!(built.status.code(), Some(5), "{}", told(&built));
    assert_eq!(count(revoked), 0);
    assert_eq!(with(&["config", "check"]).status.code(), Some(2));
    own_file(&lake, "rules/many-calls.toml", rule);
    succeed(&with(&["build", "--as-of", "2020-10-13"]));
    // The bulletin that came out without the file stays a problem until one is made with it.
    assert_eq!(with(&["status", "--as-of", "2020-10-13"]).status.code(), Some(5));
    succeed(&with(&["bulletin", "--week", "2020-W41", "--as-of", "2020-10-13", "--out", "b.pdf"]));
    let status = with(&["status", "--as-of", "2020-10-13"]);
    assert_eq!(status.status.code(), Some(0), "{}", all(&status));
}

#[test]
fn what_nothing_reads_and_what_cannot_be_meant_is_found() {
    let lake = room_with_own_files();
    let check = |config: &str| {
        std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
        let output = vigie(lake.folder(), &["config", "check"]);
        (output.status.code(), all(&output))
    };
    let (code, said) = check("lake = \"lake\"\nvocabulary = \"vocabulaire\"\n");
    assert_eq!(code, Some(2));
    assert!(said.contains("vigie.toml:2: vocabulary: there is no folder vocabulaire"), "{said}");
    std::fs::create_dir_all(lake.folder().join("vocabulary/source")).unwrap();
    std::fs::write(lake.folder().join("vocabulary/indicators/x.sql.txt"), "select 1").unwrap();
    let odd = "lake = \"lake\"\nvocabulary = \"vocabulary\"\nmemory_mib = 0\n# attempts = 0\n[fetch]\nattempts = 0\n\
               read_timeout = \"0s\"\n[sources.tests]\nurl = \"example.org/tests.csv\"\n[sources.centres]\n\
               url = \"https://example.org/{jour}.csv\"\n";
    let (code, said) = check(odd);
    assert_eq!(code, Some(2), "{said}");
    for part in [
        "vocabulary/source: nothing reads this folder; was \"sources\" meant?",
        "indicators/x.sql.txt:1: unexpected kind of file",
        "vigie.toml:3: memory_mib: found 0",
        "vigie.toml:6: fetch.attempts: found 0",
        "vigie.toml:7: fetch.read_timeout: found 0s",
        "vigie.toml:9: sources.tests.url: example.org/tests.csv: an address starts with https://",
        "vigie.toml:11: sources.centres.url: https://example.org/{jour}.csv: {jour} is not filled in",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for (config, what) in [
        ("[fetch]\nread_timeout = \"soon\"\n", "vigie.toml:2: \"soon\" is not a duration"),
        ("memory_mib = \"a lot\"\n", "vigie.toml:1: \"a lot\" is not a whole number"),
        ("lake = \"a\"\n\nlake = \"b\"\n", "vigie.toml:3: lake stands twice"),
        ("[schedule]\nbuild = \"* * * * * * *\"\n", "vigie.toml:2: schedule.build: cron pattern"),
        ("# build\n[schedule]\ntime_zone = \"Europe/Toulouse\"\n", "vigie.toml:3: schedule.time_zone"),
        (
            "[sources.test]\nurl = \"https://e.org\"\n",
            "vigie.toml:1: no source is named \"test\"; was \"tests\" meant?",
        ),
    ] {
        let (code, said) = check(config);
        assert_eq!(code, Some(2), "{config}: {said}");
        assert!(said.contains(what), "{config}: {said}");
        for word in ["usize", "friendly", "Pattern must"] {
            assert!(!said.contains(word), "{config}: {said}");
        }
    }
}

/// A service, ended with the test.
struct Service {
    child: Child,
    log: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Service {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut command = command(folder);
        command.env_remove("NO_COLOR").args(["--config", "vigie.toml"]).args(more).arg("run");
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()), std::sync::Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let service = Self { child, log };
        service.wait("the watch begins");
        service
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log says something.
    fn wait(&self, words: &str) {
        let until = Instant::now() + Duration::from_secs(90);
        while !self.log().contains(words) {
            assert!(Instant::now() < until, "{words:?} is not in the log: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn stop(mut self) -> String {
        self.signal("TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        std::thread::sleep(Duration::from_millis(100));
        self.log()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const QUIET: &str = "lake = \"lake\"\n[schedule]\nbuild = \"0 4 1 1 *\"\nbulletin = \"0 4 1 1 *\"\n";

#[test]
fn one_service_a_lake_also_after_a_kill_and_status_tells_of_it() {
    let lake = Lake::new();
    std::fs::write(lake.folder().join("vigie.toml"), QUIET).unwrap();
    let status =
        || -> Value { serde_json::from_slice(&vigie(lake.folder(), &["--json", "status"]).stdout).unwrap() };
    assert_eq!(status()["service"]["state"], "stopped");
    let mut first = Service::start(lake.folder(), &[]);
    let second = vigie(lake.folder(), &["run"]);
    assert_eq!(second.status.code(), Some(6), "{}", told(&second));
    let said = told(&second);
    assert!(said.contains("a service runs on this lake already"), "{said}");
    assert!(said.contains(&format!("process {}", first.child.id())), "{said}");
    let running = status();
    assert_eq!(running["service"]["state"], "running", "{running:#}");
    assert_eq!(running["service"]["pid"], first.child.id());
    assert_eq!(running["service"]["settings_changed"], false);
    succeed(&vigie(lake.folder(), &["sql", "select 1"]));
    // A changed configuration is noticed, and a SIGHUP ends nothing.
    std::fs::write(lake.folder().join("vigie.toml"), QUIET.replace("4 1 1", "5 1 1")).unwrap();
    assert_eq!(status()["service"]["settings_changed"], true);
    first.signal("HUP");
    first.wait("SIGHUP");
    assert!(first.child.try_wait().unwrap().is_none(), "still there");
    let log = first.log();
    assert!(!log.contains('\u{1b}'), "no colours in a pipe: {log}");
    assert!(!log.contains("last="), "nothing ever ran on this lake: {log}");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let died = vigie(lake.folder(), &["status"]);
    assert_eq!(died.status.code(), Some(5));
    assert!(told(&died).contains("arrêté sans prévenir"), "{}", told(&died));
    let third = Service::start(lake.folder(), &[]);
    third.stop();
    assert_eq!(status()["service"]["state"], "stopped");
    assert_eq!(vigie(lake.folder(), &["status"]).status.code(), Some(0));
}

#[test]
fn json_logs_have_one_message_a_line_and_plain_values() {
    let server = Server::start();
    server.set("/tests.csv", Reply::Status(503));
    let lake = Lake::new();
    let config = format!(
        "{QUIET}[fetch]\nattempts = 1\n[sources.tests]\nurl = \"{}\"\ncron = \"*/2 * * * * *\"\n",
        server.url("/tests.csv")
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
    let service = Service::start(lake.folder(), &["--json"]);
    service.wait("run ends");
    let log = service.stop();
    for line in log.lines() {
        let one: Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        assert!(one["fields"]["message"].is_string(), "{line}");
        assert_eq!(line.matches("\"message\":").count(), 1, "{line}");
        assert!(!line.contains("Some(") && !line.contains("\"None\""), "{line}");
    }
    let failed = log.lines().find(|line| line.contains("run ends")).unwrap();
    assert!(failed.contains("\"level\":\"ERROR\""), "a failure is an error: {failed}");
}

#[test]
fn an_edition_that_is_held_shows_in_status_and_is_mailed_once() {
    let server = Server::start();
    server.set("/stock.csv", Reply::Body(stock_feed(90).into()));
    let mails = MailServer::start(Mood::Takes);
    let lake = Lake::new();
    let config = format!(
        "{QUIET}[fetch]\nattempts = 1\n[sources.hospital_stock]\nurl = \"{}\"\ncron = \"*/2 * * * * *\"\n\
         [smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Vigie <vigie@example.org>\"\n\
         [notify]\nto = [\"Astreinte <astreinte@example.org>\"]\ndisk_free_min_mib = 0\n",
        server.url("/stock.csv"),
        mails.port
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
    let service = Service::start(lake.folder(), &[]);
    service.wait("rows_changed=240");
    // Most of it is gone: the edition is held.
    let short: Vec<String> = stock_feed(90).lines().take(9).map(str::to_owned).collect();
    server.set("/stock.csv", Reply::Body((short.join("\n") + "\n").into()));
    service.wait("an edition was not applied");
    service.wait("notices sent");
    std::thread::sleep(Duration::from_secs(8)); // some polls more, held like the first
    let status = vigie(lake.folder(), &["status"]);
    let shown = String::from_utf8_lossy(&status.stdout).into_owned();
    let log = service.stop();
    let taken = mails.mails();
    assert_eq!(taken.len(), 1, "one mail an incident: {taken:#?} {log}");
    assert_eq!(status.status.code(), Some(3), "{shown}");
    let row = shown.lines().find(|line| line.contains("hospital_stock ")).unwrap();
    assert!(row.contains("retenue") && !row.contains("à jour"), "{row}");
    assert!(told(&status).contains("→ vigie accept "), "{}", told(&status));
    let mail = crate::send::read(&taken[0]);
    assert_eq!(mail["to"], "Astreinte <astreinte@example.org>");
    assert_eq!(mail["subject"], "Vigie (Occitanie) : 1 incident");
    let text = mail["text"].as_str().unwrap();
    assert!(
        text.contains("édition de hospital_stock est retenue") && text.contains("vigie accept "),
        "{text}"
    );
}

#[test]
fn a_mail_server_that_never_answers_costs_one_wait_and_holds_up_no_folder() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap(); // takes connections, says nothing
    let port = silent.local_addr().unwrap().port();
    let lake = Lake::new();
    let config = format!(
        "lake = \"lake\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"V <v@example.org>\"\n\
         [delivery]\ntimeout = \"3s\"\n[[send]]\nname = \"crise\"\nto = [\"a@example.org\", \"b@example.org\", \"c@example.org\"]\n\
         [[send]]\nname = \"partage\"\nfolder = \"partage\"\n"
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
    succeed(&vigie(lake.folder(), &["bulletin", "--week", "2020-W41", "--as-of", "2020-10-13"]));
    let began = Instant::now();
    let output = vigie(lake.folder(), &["--json", "send"]);
    let took = began.elapsed();
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    let done: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes: Vec<&str> = done.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "failed", "failed", "sent"], "{done:#?}");
    assert!(
        done[2]["message"].as_str().unwrap().contains("n’est pas joignable : il ne répond pas à temps"),
        "{done:#?}"
    );
    assert!(lake.folder().join("partage/bulletin-2020-W41-region-76.pdf").is_file());
    assert!(
        took < Duration::from_secs(25),
        "one wait of three seconds, not nine of them and pauses: {took:?}"
    );
}

#[test]
fn the_schedule_makes_the_sheets_that_targets_wait_for() {
    let lake = Lake::new();
    let config = format!(
        "{}[[send]]\nname = \"gers\"\nterritory = \"department:32\"\nfolder = \"gers\"\n",
        QUIET.replace("bulletin = \"0 4 1 1 *\"", "bulletin = \"*/5 * * * * *\"")
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
    let service = Service::start(lake.folder(), &[]);
    service.wait("target=\"gers\"");
    service.stop();
    let sent: Vec<String> = std::fs::read_dir(lake.folder().join("gers"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(sent.iter().any(|name| name.ends_with("-department-32.pdf")), "{sent:?}");
    let made: i64 = lake.value("select count(distinct territory) from bulletins").as_i64().unwrap();
    assert_eq!(made, 2, "the region's and the sheet");
}

#[test]
fn a_reader_that_has_enough_ends_a_command_without_a_word() {
    let lake = Lake::new();
    for words in [&["status"][..], &["vocabulary", "list"], &["config", "check"], &["completions", "bash"]] {
        let mut child = command(lake.folder())
            .arg("--lake")
            .arg(lake.path())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
    }
}

#[test]
fn the_vocabulary_can_be_read_with_the_binary_alone() {
    let folder = tempfile::tempdir().unwrap();
    let show = |name: &str| vigie(folder.path(), &["vocabulary", "show", name]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, file) in [
        ("hospital_stock", "queries/sources/hospital_stock.toml"),
        ("er_covid_share_7d", "queries/indicators/er_covid_share_7d.sql"),
        ("rules/zones-2020-09-23", "queries/rules/zones-2020-09-23.toml"),
        ("theme/bulletin.typ", "reports/templates/bulletin.typ"),
        ("open_alerts", "queries/saved/open_alerts.sql"),
    ] {
        let output = show(name);
        assert_eq!(output.stdout, std::fs::read(root.join(file)).unwrap(), "{name}: {}", told(&output));
    }
    let output = show("hospital_stok");
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("was \"hospital_stock\" meant?"), "{}", told(&output));
    let listed = succeed(&vigie(folder.path(), &["vocabulary", "list", "rules"]));
    assert!(listed.contains("zones-2020-09-23") && !listed.contains("hospital_stock"), "{listed}");
}

#[test]
fn a_bare_code_that_is_a_far_region_and_a_department_of_ours_is_asked_back() {
    let lake = Lake::new();
    std::fs::write(lake.folder().join("vigie.toml"), "lake = \"lake\"\nterritory = \"department:32\"\n")
        .unwrap();
    let output = vigie(lake.folder(), &["bulletin", "--week", "2020-W41", "--territory", "32"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let said = told(&output);
    assert!(said.contains("Hauts-de-France (region:32)") && said.contains("Gers (department:32)"), "{said}");
    let checked = succeed(&vigie(lake.folder(), &["config", "check"]));
    assert!(checked.contains("territory department:32 (Gers)"), "{checked}");
}

#[test]
fn notes_of_repairs_are_told_when_they_are_new() {
    let lake = Lake::new();
    let fetch = |body: &str, more: &[&str]| {
        std::fs::write(lake.folder().join("t.csv"), body).unwrap();
        lake.ok(&[&["fetch", "tests", "--from", "t.csv"], more].concat())
    };
    // Line ends of Windows are repaired, and told.
    let first =
        fetch("dep;jour;P;T;cl_age90\r\n31;2020-10-05;208;1626;0\r\n", &["--issued-at", "2020-10-06"]);
    assert!(first.contains("  info "), "{first}");
    let again =
        fetch("dep;jour;P;T;cl_age90\r\n31;2020-10-05;209;1626;0\r\n", &["--issued-at", "2020-10-07"]);
    assert!(again.contains("new") && !again.contains("  info "), "told once: {again}");
    let notes = "select count(distinct fetch_id) from findings where severity = 'info'";
    assert_eq!(lake.value(notes), 2, "the lake has them all");
}

#[test]
fn a_folder_of_another_user_is_told_as_such() {
    use std::os::unix::process::CommandExt as _;
    let lake = Lake::new();
    lake.ok(&["sql", "select 1"]);
    std::fs::write(lake.folder().join("t.csv"), "dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n").unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        eprintln!("skipped: only root can be another user");
        return;
    }
    for folder in [lake.folder(), lake.folder().parent().unwrap()] {
        let opened = Command::new("chmod").arg("a+rx").arg(folder).status().unwrap();
        assert!(opened.success());
    }
    let mut words = command(lake.folder());
    words.arg("--lake").arg(lake.path()).args(["fetch", "tests", "--from", "t.csv"]).uid(65534).gid(65534);
    let Ok(output) = words.output() else {
        eprintln!("skipped: the binary cannot be run by another user here");
        return;
    };
    let said = format!("{}{}", told(&output), String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("this user has no right to write there") && !said.contains("backup"), "{said}");
    assert_eq!(said.matches("no right to write").count(), 1, "once: {said}");
}
