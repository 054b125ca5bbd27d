//! What the readers of contracts, queries and rules refuse, and how they say it.

use std::path::Path;

use crate::{Contract, Error, GeoType, Place, Query, QueryKind, Rule, Vocabulary};

const CONTRACT: &str = r#"id = "beds"
title_fr = "Lits"
description_fr = "Lits armés"
kind = "snapshot"
key = ["department", "time_value"]
publisher = "ARS"
licence = "lov2"

[feed]
format = "csv"

[cadence]
cron = "0 8 * * *"
warn_after = "36h"
error_after = "72h"

[[columns]]
name = "department"
type = "department"
title_fr = "Département"

[[columns]]
name = "time_value"
type = "date"
title_fr = "Jour"

[[columns]]
name = "open"
type = "integer"
title_fr = "Lits ouverts"
min = 0
"#;

const QUERY: &str = r#"/*---
id            = "open_beds"
title_fr      = "Lits"
definition_fr = "Lits ouverts."
unit          = "beds"
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["beds"]
---*/
select 1
"#;

const RULE: &str = r#"id = "full"
title_fr = "Plein"
reference = "aucune"
source_grade = "vigie"
valid_from = 2020-10-01
geo_types = ["department"]
combine = "any"

[[levels]]
id = "high"
title_fr = "Haut"
action_fr = "Ouvrir des lits"

[[criteria]]
id = "open"
title_fr = "Lits ouverts"
indicator = "open_beds"
comparison = ">"
thresholds = [{ levels = { high = 10 } }]

[[tests]]
name = "eleven is high"
on = 2020-10-12
given = { open = 11 }
expect = "high"
"#;

/// A text with one passage replaced; the passage must be there, else the test would test nothing.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the text");
    text.replacen(from, to, 1)
}

/// The line of the fault and the message, which must hold each of the words.
fn refused(found: Result<(), Error>, file: &str, line: usize, words: &[&str]) {
    let Err(Error::Faulty { file: said_file, line: said_line, what }) = found else {
        panic!("expected a refusal of {file}: {words:?}, found {found:?}");
    };
    assert_eq!((said_file.as_str(), said_line), (file, line), "{what}");
    for word in words {
        assert!(what.contains(word), "{what:?} does not say {word:?}");
    }
    assert!(!what.contains('\n'), "one line: {what:?}");
}

#[test]
fn a_faulty_contract_is_refused_with_file_line_what_and_why() {
    let file = "sources/beds.toml";
    Contract::parse(file, CONTRACT).unwrap();
    for (from, to, line, words) in [
        ("kind = \"snapshot\"", "kind = snapshot", 4, vec![]),
        ("publisher", "publishr", 6, vec!["unknown field", "publishr", "publisher"]),
        ("licence = \"lov2\"\n", "", 1, vec!["missing field", "licence"]),
        ("\"snapshot\"", "\"sometimes\"", 4, vec!["sometimes", "snapshot", "increment"]),
        ("\"time_value\"]", "\"week\"]", 5, vec!["key column", "\"week\"", "not among the columns"]),
        ("[\"department\", \"time_value\"]", "[]", 1, vec!["key is empty"]),
        ("0 8 * * *", "0 25 * * *", 13, vec!["cron", "0 25 * * *"]),
        ("0 8 * * *", "every day", 13, vec!["cron", "every day"]),
        ("warn_after = \"36h\"", "warn_after = \"soon\"", 14, vec!["soon", "duration", "2h"]),
        ("error_after = \"72h\"", "error_after = \"1h\"", 13, vec!["error_after", "shorter", "warn_after"]),
        (
            "warn_after",
            "time_zone = \"Europe/Lutece\"\nwarn_after",
            14,
            vec!["Europe/Lutece", "Europe/Paris"],
        ),
        ("min = 0", "min = 10\nmax = 5", 28, vec!["\"open\"", "min 10", "max 5"]),
        ("id = \"beds\"", "id = \"bed\"", 1, vec!["\"bed\"", "\"beds\"", "the same"]),
        ("name = \"open\"", "name = \"time_value\"", 28, vec!["time_value", "twice"]),
        ("name = \"open\"", "name = \"Open beds\"", 28, vec!["lower-case"]),
        ("name = \"open\"", "name = \"issued_at\"", 28, vec!["issued_at", "Vigie adds itself"]),
        ("type = \"date\"", "type = \"day\"", 24, vec!["day", "date"]),
        ("type = \"date\"", "type = \"date\"\nnullable = true", 5, vec!["time_value", "nullable"]),
        ("min = 0", "default = \"0\"", 28, vec!["default", "optional = true"]),
        (
            "[cadence]",
            "[bounds]\nwithdrawn_share_max = 5\n[cadence]",
            1,
            vec!["withdrawn_share_max", "5", "0 to 1"],
        ),
        ("min = 0", "pattern = \"DEP-{}\"", 28, vec!["pattern", "neither a text nor a department"]),
        ("type = \"department\"", "type = \"department\"\npattern = \"DEP-\"", 20, vec!["DEP-", "has no {}"]),
        ("type = \"department\"", "type = \"department\"\npattern = \"{x}\"", 20, vec!["braces"]),
        (
            "type = \"department\"",
            "type = \"department\"\nmap = { HG = \"311\" }",
            18,
            vec!["311", "no department"],
        ),
        ("min = 0", "names = true", 28, vec!["names", "not a department"]),
        ("min = 0", "formats = \"%Y\"", 28, vec!["formats", "neither a date nor a timestamp"]),
        ("type = \"date\"", "type = \"date\"\nepoch = \"h\"", 25, vec!["h", "ms"]),
        (
            "type = \"date\"",
            "type = \"date\"\nepoch = \"ms\"",
            23,
            vec!["instant", "time_zone", "Europe/Paris"],
        ),
        ("type = \"date\"", "type = \"timestamp\"", 23, vec!["offset", "time_zone"]),
        (
            "type = \"date\"",
            "type = \"date\"\ntime_zone = \"Europe/Lutece\"",
            23,
            vec!["Europe/Lutece", "unknown"],
        ),
        ("type = \"date\"", "type = \"date\"\nformats = \"%d/%~\"", 23, vec!["%d/%~", "cannot be read"]),
        ("type = \"date\"", "type = \"date\"\nformats = \"%d/%m\"", 23, vec!["%d/%m", "no year"]),
        (
            "type = \"date\"",
            "type = \"timestamp\"\ntime_zone = \"Europe/Paris\"\nformats = \"%d/%m/%Y\"",
            23,
            vec!["%d/%m/%Y", "no hour"],
        ),
        ("type = \"date\"", "type = \"date\"\njoin = \"{annee}-{mois\"", 25, vec!["join", "brace"]),
        ("type = \"date\"", "type = \"date\"\njoin = \"annee\"", 25, vec!["join", "no field"]),
        (
            "type = \"date\"",
            "type = \"date\"\nfrom = [\"a\"]\njoin = \"{a}\"",
            23,
            vec!["both from and join"],
        ),
        ("[cadence]", "record = \"properties\"\n[cadence]", 12, vec!["feed.record", "JSON"]),
        ("[cadence]", "keys = \"dep\"\n[cadence]", 12, vec!["feed.keys", "JSON"]),
        ("[cadence]", "total = \"n\"\n[cadence]", 12, vec!["feed.total", "JSON"]),
        ("\"csv\"", "\"json\"\ntotal = true", 11, vec!["dotted path", "false"]),
        ("\"csv\"", "\"json\"\nrecord = \"a..b\"", 11, vec!["a..b", "dotted path"]),
        ("\"csv\"", "\"json\"\nskip_rows = 3", 11, vec!["skip_rows", "CSV"]),
        ("\"csv\"", "\"csv\"\nskip_rows = -3", 11, vec!["-3"]),
        ("[cadence]", "[dialect]\nencoding = \"latin-12\"\n[cadence]", 13, vec!["latin-12", "iso-8859-15"]),
        ("[cadence]", "[dialect]\nfooter = \"*\"\n[cadence]", 13, vec!["every line"]),
        ("[cadence]", "[dialect]\nfooter = [\"Total {}\"]\n[cadence]", 13, vec!["Total {}", "{rows}"]),
        ("[cadence]", "[[filters]]\ncolumn = \"a\"\n[cadence]", 1, vec!["\"a\"", "keep or leave_out"]),
        (
            "[cadence]",
            "[[filters]]\ncolumn = \"a\"\nkeep = [\"D*P\"]\n[cadence]",
            1,
            vec!["D*P", "beginning or end"],
        ),
        (
            "[cadence]",
            "[unpivot]\nnames = \"time_value\"\nvalues = \"beds\"\n[cadence]",
            14,
            vec!["unpivot.values", "beds", "not among"],
        ),
        (
            "[cadence]",
            "[unpivot]\nnames = \"open\"\nvalues = \"open\"\n[cadence]",
            13,
            vec!["unpivot.names", "in the key"],
        ),
    ] {
        refused(Contract::parse(file, &with(CONTRACT, from, to)).map(drop), file, line, &words);
    }
}

#[test]
fn a_faulty_query_header_is_refused_with_file_line_what_and_why() {
    let file = "indicators/open_beds.sql";
    Query::parse(QueryKind::Indicator, file, QUERY).unwrap();
    for (from, to, line, words) in [
        ("/*---", "--", 1, vec!["no header", "/*---"]),
        ("---*/", "", 1, vec!["not closed", "---*/"]),
        ("unit  ", "units ", 5, vec!["unknown field", "units"]),
        ("title_fr      = \"Lits\"\n", "", 1, vec!["missing field", "title_fr"]),
        ("= [\"beds\"]", "= \"beds\"", 8, vec!["sequence"]),
        ("\"open_beds\"", "\"beds_open\"", 1, vec!["beds_open", "open_beds", "the same"]),
        ("\"Lits ouverts.\"", "\"\"", 1, vec!["definition_fr"]),
        ("week          = \"sunday\"\n", "", 1, vec!["needs week", "sunday", "window", "ratio", "sum"]),
        ("\"sunday\"", "\"monday\"", 6, vec!["monday", "sunday", "window"]),
        ("grain ", "coverage = { unit_fr = \"lits\", at_least = 90 }\ngrain ", 7, vec!["90", "up to 1"]),
        ("grain ", "coverage = { unit_fr = \"\", at_least = 0.9 }\ngrain ", 7, vec!["unit_fr is empty"]),
    ] {
        let found = Query::parse(QueryKind::Indicator, file, &with(QUERY, from, to));
        refused(found.map(drop), file, line, &words);
    }
}

#[test]
fn a_faulty_rule_is_refused_with_file_line_what_and_why() {
    let file = "rules/full.toml";
    Rule::parse(file, RULE).unwrap();
    for (from, to, line, words) in [
        ("source_grade", "grade", 4, vec!["unknown field", "grade"]),
        ("id = \"full\"", "id = \"fuller\"", 1, vec!["fuller", "full", "the same"]),
        ("combine = \"any\"", "combine = \"most\"", 7, vec!["most", "any"]),
        ("2020-10-01", "2020-13-01", 5, vec![]),
        ("2020-10-01", "\"1 October\"", 5, vec!["1 October", "2020-10-12"]),
        ("2020-10-01", "2020-10-01T00:00:00Z", 5, vec!["is not a day"]),
        ("geo_types", "valid_to = 2020-09-01\ngeo_types", 6, vec!["2020-09-01", "before", "2020-10-01"]),
        ("geo_types", "places = [\"region:77\"]\ngeo_types", 6, vec!["77"]),
        ("geo_types", "alert_rank = 2\ngeo_types", 6, vec!["alert_rank", "1 to 1"]),
        ("\"Ouvrir des lits\"", "\" \"", 10, vec!["\"high\"", "action_fr", "what to do"]),
        ("{ high = 10 }", "{ low = 10 }", 15, vec!["\"open\"", "\"low\"", "no level"]),
        ("[{ levels = { high = 10 } }]", "[]", 15, vec!["\"open\"", "no thresholds"]),
        (
            "[{ levels = { high = 10 } }]",
            "[{ from = 2020-11-01, levels = { high = 10 } }, { from = 2020-10-01, levels = { high = 9 } }]",
            15,
            vec!["\"open\"", "order of their dates"],
        ),
        ("comparison = \">\"", "comparison = \"above\"", 18, vec!["above", ">="]),
        ("comparison", "clear_ratio = 1.5\ncomparison", 15, vec!["clear_ratio 1.5", "up to 1"]),
        ("expect = \"high\"", "expect = \"highest\"", 22, vec!["eleven is high", "\"highest\"", "no level"]),
        ("{ open = 11 }", "{ closed = 11 }", 22, vec!["\"closed\"", "no criterion"]),
        ("\"any\"", "\"score\"", 10, vec!["\"high\"", "score_min"]),
    ] {
        refused(Rule::parse(file, &with(RULE, from, to)).map(drop), file, line, &words);
    }
}

/// A folder with the given files, to be laid over the embedded vocabulary.
fn overlay(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }
    folder
}

fn laid_over(files: &[(&str, &str)]) -> Result<Vocabulary, Error> {
    Vocabulary::with_overlay(overlay(files).path())
}

#[test]
fn every_embedded_file_reads() {
    let vocabulary = Vocabulary::embedded().unwrap();
    assert!(vocabulary.contracts().count() >= 14);
    assert!(vocabulary.queries().iter().any(|query| query.kind == QueryKind::Indicator));
    assert!(vocabulary.rules().count() >= 10);
    for query in vocabulary.queries() {
        for source in vocabulary.sources_of(&query.id) {
            assert!(vocabulary.contract(source).is_some(), "{} rests on {source}", query.id);
        }
    }
    for body in vocabulary.reference_bodies() {
        assert!(!body.body.is_empty(), "{}", body.file);
    }
}

#[test]
fn a_folder_replaces_and_adds_files() {
    let embedded = Vocabulary::embedded().unwrap();
    let rule = with(RULE, "\"full\"", "\"cover-tests\"");
    let files = [
        ("sources/beds.toml", CONTRACT),
        ("indicators/open_beds.sql", QUERY),
        ("rules/full.toml", RULE),
        ("rules/cover-tests.toml", rule.as_str()),
        ("rules/.hidden", "not read"),
    ];
    let vocabulary = laid_over(&files).unwrap();
    assert!(vocabulary.contract("beds").is_some());
    assert!(vocabulary.query("open_beds").is_some());
    assert_eq!(vocabulary.rules().count(), embedded.rules().count() + 1);
    assert_eq!(vocabulary.rule("cover-tests").unwrap().title_fr, "Plein");
    assert_ne!(
        vocabulary.rule("cover-tests").unwrap().fingerprint,
        embedded.rule("cover-tests").unwrap().fingerprint
    );
    assert_eq!(vocabulary.contracts().count(), embedded.contracts().count() + 1);
}

#[test]
fn files_that_do_not_fit_each_other_are_refused() {
    let query = |id: &str, source: &str| {
        with(&with(QUERY, "open_beds", id), "[\"beds\"]", &format!("[\"{source}\"]"))
    };
    let (first, second) = (query("aa", "bb"), query("bb", "aa"));
    let circle = laid_over(&[("indicators/aa.sql", &first), ("indicators/bb.sql", &second)]);
    refused(circle.map(drop), "indicators/aa.sql", 1, &["circle", "aa", "bb"]);

    let lost = laid_over(&[("indicators/open_beds.sql", QUERY)]);
    refused(lost.map(drop), "indicators/open_beds.sql", 1, &["\"beds\"", "neither a source"]);

    let blind = laid_over(&[("rules/full.toml", RULE)]);
    refused(blind.map(drop), "rules/full.toml", 1, &["\"open\"", "open_beds", "indicators/"]);

    let reading = |more: &str| with(QUERY, "unit          =", &format!("{more}\nunit          ="));
    for (more, words) in [
        ("reading_fr = \"a\"\nsecond_readings = [\"nowhere\"]", ["\"nowhere\"", "indicators/"]),
        (
            "reading_fr = \"a\"\nsecond_readings = [\"icu_admissions_7d\"]",
            ["\"icu_admissions_7d\"", "reading_fr"],
        ),
        ("second_readings = [\"icu_patients\"]", ["\"open_beds\"", "reading_fr"]),
    ] {
        let mute =
            laid_over(&[("sources/beds.toml", CONTRACT), ("indicators/open_beds.sql", &reading(more))]);
        refused(mute.map(drop), "indicators/open_beds.sql", 1, &words);
    }

    let bundled = with(CONTRACT, "format = \"csv\"", "format = \"csv\"\nbundled = \"beds.csv\"");
    let missing = laid_over(&[("sources/beds.toml", &bundled)]);
    refused(missing.map(drop), "sources/beds.toml", 1, &["beds.csv", "reference/"]);

    let stray = laid_over(&[("rules/readme.txt", "")]);
    refused(stray.map(drop), "rules/readme.txt", 1, &["unexpected kind of file"]);

    let folder = overlay(&[]);
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/full.toml"), b"id = \"full\"\ntitle_fr = \"\xe9\"\n").unwrap();
    let latin = Vocabulary::with_overlay(folder.path());
    refused(latin.map(drop), "rules/full.toml", 2, &["UTF-8"]);
}

#[test]
fn a_folder_without_the_known_sub_folders_adds_nothing() {
    let plain = Vocabulary::with_overlay(Path::new("/nowhere/at/all")).unwrap();
    assert_eq!(plain.rules().count(), Vocabulary::embedded().unwrap().rules().count());
}

#[test]
fn places_are_read_as_a_reader_writes_them() {
    for (text, expected) in [
        ("76", "region:76"), // Occitanie, not Seine-Maritime
        ("department:76", "department:76"),
        ("31", "department:31"),
        ("32", "region:32"), // Hauts-de-France, not Gers
        ("department:32", "department:32"),
        ("2A", "department:2A"),
        ("971", "department:971"),
        ("01", "region:01"),
        ("FR", "country:FR"),
        ("country:FR", "country:FR"),
        ("source:er_visits", "source:er_visits"),
    ] {
        assert_eq!(text.parse::<Place>().map(|place| place.to_string()), Ok(expected.to_owned()), "{text}");
    }
    for (text, word) in [
        ("2a", "unknown territory"),
        ("20", "unknown territory"),
        ("", "unknown territory"),
        ("region:31", "unknown region"),
        ("department:99", "unknown department"),
        ("canton:12", "unknown kind of place"),
    ] {
        let fault = text.parse::<Place>().unwrap_err();
        assert!(fault.contains(word), "{text}: {fault}");
    }
    assert_eq!("2A".parse::<Place>().unwrap().geo_type, GeoType::Department);
}

#[test]
fn a_vocabulary_is_read_again_from_its_files() {
    let folder = overlay(&[(
        "rules/zones-2020-09-23.toml",
        &embedded_rule().replacen("title_fr = \"", "title_fr = \"Nos ", 1),
    )]);
    let ours = Vocabulary::with_overlay(folder.path()).unwrap();
    let again = Vocabulary::from_files(ours.files().clone()).unwrap();
    assert_eq!(again.fingerprint(), ours.fingerprint());
    assert_eq!(again.files(), ours.files());
    let fingerprints = ours.fingerprints();
    for query in ours.queries() {
        assert_eq!(fingerprints[&query.file], query.fingerprint, "{}", query.file);
    }
    let plain = Vocabulary::embedded().unwrap().fingerprints();
    let changed: Vec<&String> = fingerprints
        .iter()
        .filter(|(file, print)| plain.get(*file) != Some(print))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(changed, ["rules/zones-2020-09-23.toml"]);
    assert_eq!(
        fingerprints["rules/zones-2020-09-23.toml"],
        ours.rule("zones-2020-09-23").unwrap().fingerprint
    );
}

fn embedded_rule() -> String {
    let files = Vocabulary::embedded().unwrap().files().clone();
    String::from_utf8(files["rules/zones-2020-09-23.toml"].clone()).unwrap()
}

#[test]
fn a_source_takes_no_name_that_vigie_keeps_for_itself() {
    for name in ["fetches", "vocabulary", "acknowledgements"] {
        let contract = CONTRACT.replacen("id = \"beds\"", &format!("id = \"{name}\""), 1);
        let file = format!("sources/{name}.toml");
        let taken = laid_over(&[(file.as_str(), contract.as_str())]);
        refused(taken.map(drop), &file, 1, &[name, "keeps for itself"]);
    }
}

#[test]
fn a_query_says_how_many_days_it_rests_on_by_its_header_or_its_name() {
    let days = |id: &str| Vocabulary::embedded().unwrap().query(id).unwrap().window_days();
    assert_eq!(days("hospital_patients"), 1);
    assert_eq!(days("admissions_7d_per_100k"), 7);
    assert_eq!(days("admissions_7d_change"), 14);
    assert_eq!(days("hospital_weekly_change"), 8);
    assert_eq!(days("test_order_fill_rate_14d"), 14);
    assert_eq!(days("doubling_days"), 14);
    assert_eq!(days("test_days_of_cover"), 7);
}

#[test]
fn a_faulty_model_of_forecasts_is_refused_with_its_line() {
    let text = std::str::from_utf8(
        Vocabulary::embedded().unwrap().files()["forecasts/damped_trend.toml"].as_slice(),
    )
    .unwrap()
    .to_owned();
    let refused = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        crate::ForecastModel::parse("forecasts/damped_trend.toml", &changed).unwrap_err().to_string()
    };
    assert_eq!(
        refused("damping = 0.9", "damping = 1.1"),
        "forecasts/damped_trend.toml:12: damping is 1.1; expected a share, 0 to 1"
    );
    assert!(refused("horizon_days = 14", "horizon_days = 60").contains(":9: horizon_days is 60"));
    assert!(refused("errors_min = 60", "errors_min = 3").contains("20 past errors"));
    for (id, expected) in [
        ("icu_pateints", "names \"icu_pateints\", which no file of indicators/ defines"),
        ("positivity_7d", "names \"positivity_7d\", a share; a model of forecasts is for counts and rates"),
    ] {
        let mut files = Vocabulary::embedded().unwrap().files().clone();
        let other = text.replace("\"icu_patients\"", &format!("{id:?}"));
        files.insert("forecasts/damped_trend.toml".into(), other.into_bytes());
        let fault = Vocabulary::from_files(files).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

/// The example of the page is a contract.
#[test]
fn the_page_about_contracts_has_an_example_that_reads() {
    let page = include_str!("../../docs/contracts.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let contract = Contract::parse("sources/beds_weekly.toml", example).unwrap();
    assert_eq!(contract.unpivot.unwrap().values.get_ref(), "beds");
}

/// Every key that the parser of contracts takes is on the page about them, and every key of the page is one of the parser's.
#[test]
fn the_page_about_contracts_has_every_key() {
    let page = include_str!("../../docs/contracts.md");
    let sections: Vec<(&str, &str)> =
        page.split("\n## ").skip(1).filter_map(|part| part.split_once('\n')).collect();
    for (section, place) in [
        ("Contract", "id = \"beds\""),
        ("`[feed]`", "[feed]"),
        ("`[cadence]`", "[cadence]"),
        ("`[dialect]`", "[dialect]"),
        ("`[bounds]`", "[bounds]"),
        ("`[unpivot]`", "[unpivot]"),
        ("`[[columns]]`", "[[columns]]"),
        ("`[[filters]]`", "[[filters]]"),
        ("`[[relations]]`", "[[relations]]"),
    ] {
        let whole =
            if CONTRACT.contains(place) { CONTRACT.to_owned() } else { format!("{CONTRACT}{place}\n") };
        let told = match Contract::parse(
            "sources/beds.toml",
            &with(&whole, place, &format!("{place}\nno_such_key = 1")),
        ) {
            Err(Error::Faulty { what, .. }) => what,
            other => panic!("{place}: {other:?}"),
        };
        let known = told.split_once("expected one of").or_else(|| told.split_once("expected")).unwrap().1;
        let keys: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let text = sections
            .iter()
            .find(|(title, _)| *title == section)
            .unwrap_or_else(|| panic!("no section {section}"))
            .1;
        let rows =
            text.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split_once('|'));
        let written: Vec<&str> =
            rows.flat_map(|(cell, _)| cell.split('`').step_by(2)).map(str::trim).collect();
        let written: Vec<&str> =
            written.into_iter().filter(|name| !name.is_empty() && *name != ",").collect();
        assert!(keys.len() > 1, "{told}");
        for key in &keys {
            assert!(written.contains(key), "docs/contracts.md, {section}: no row for `{key}`");
        }
        for name in &written {
            assert!(keys.contains(name), "docs/contracts.md, {section}: `{name}` is no key: {keys:?}");
        }
    }
}

/// A rule is dated: it has an end, or a day on which a person looks at it again.
#[test]
fn every_rule_has_an_end_or_a_day_of_review() {
    for rule in Vocabulary::embedded().unwrap().rules() {
        assert!(
            rule.valid_to.is_some() || rule.review_on.is_some(),
            "{}: neither valid_to nor review_on",
            rule.id
        );
    }
}

/// A legal text classifies its legal unit: no region was ever a zone. And what is computed is never named as a legal regime.
#[test]
fn rules_of_legal_texts_judge_the_units_that_the_text_classifies() {
    for rule in Vocabulary::embedded().unwrap().rules() {
        if rule.levels.iter().any(|level| level.legal_status.is_some()) {
            assert!(!rule.geo_types.contains(&GeoType::Region), "{} judges regions", rule.id);
        }
        for level in &rule.levels {
            assert_ne!(
                level.title_fr, "État d’urgence sanitaire",
                "{}: a national decree, no level",
                rule.id
            );
        }
    }
}

#[test]
fn a_metropole_is_a_place_of_its_own_by_its_siren_number() {
    let toulouse: Place = "243100518".parse().unwrap();
    assert_eq!(toulouse, Place::epci("243100518"));
    assert_eq!("epci:243100518".parse::<Place>().unwrap(), toulouse);
    assert_eq!(crate::official_name(&toulouse), Some("Toulouse Métropole"));
    assert_eq!(crate::known_epcis()["243100518"].departments, ["31"]);
    // Communes of the Vaucluse (Pertuis) and the Var (Saint-Zacharie) belong to Aix-Marseille-Provence.
    assert_eq!(crate::known_epcis()["200054807"].departments, ["13", "83", "84"]);
    assert!("epci:999999999".parse::<Place>().is_err());
    for (code, epci) in crate::known_epcis() {
        assert_eq!(code.len(), 9, "{code}: a SIREN number has nine digits");
        for department in &epci.departments {
            assert!(crate::known_departments().contains_key(department), "{code}: {department}");
        }
    }
}

#[test]
fn a_level_that_needs_the_one_below_has_one() {
    let refused = |more: &str| {
        let text = embedded_rule().replacen("needs_below = true", "", 1);
        let text = text.replacen("id = \"alerte\"\n", &format!("id = \"alerte\"\n{more}\n"), 1);
        crate::Rule::parse("rules/zones-2020-09-23.toml", &text).map(drop)
    };
    assert!(refused("").is_ok());
    assert!(refused("needs_below = true").unwrap_err().to_string().contains("upper level"));
}
