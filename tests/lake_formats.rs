//! A lake made by an earlier version: read, written, migrated, with what that version answered to compare with.
//!
//! `tests/lakes/lake-0.1.0.tar.zst` holds a lake of the first format (a closed month merged by hand, commits after it, a
//! build, a bulletin), the queries that the version of then was asked, and its answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::support::Lake;

/// Unpacks the lake of the first format beside its expected answers.
fn lake_of_the_first_format() -> Lake {
    let lake = Lake::new();
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lakes/lake-0.1.0.tar.zst");
    let tar = zstd::decode_all(std::fs::File::open(packed).unwrap()).unwrap();
    let path = lake.folder().join("lake.tar");
    std::fs::write(&path, tar).unwrap();
    let unpacked = Command::new("tar").arg("-xf").arg(&path).arg("-C").arg(lake.folder()).status().unwrap();
    assert!(unpacked.success());
    lake
}

/// The answers that the version which made the lake gave: query and as-of, what it printed.
fn check_answers(lake: &Lake, when: &str) {
    let folder = lake.folder().join("expected");
    let mut n = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((query, day)) = name.strip_suffix(".csv").and_then(|name| name.split_once('@')) else {
            continue;
        };
        let text = std::fs::read_to_string(folder.join(format!("{query}.sql"))).unwrap();
        let found = lake.ok(&["sql", "--format", "csv", "--as-of", day, text.trim()]);
        let expected = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(
            found == expected,
            "{when}: {name} is not what it was:\n{}",
            first_difference(&found, &expected)
        );
        n += 1;
    }
    assert_eq!(n, 20, "answers to compare with");
}

fn first_difference(found: &str, expected: &str) -> String {
    let differing = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    format!("{differing:?}, {} lines, {} expected", found.lines().count(), expected.lines().count())
}

/// Rows of each table, by a reader of Parquet that knows nothing of lakes: every file of its folder.
fn rows_of_folders(lake: &Lake) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for table in std::fs::read_dir(lake.path().join("tables")).unwrap().flatten() {
        let files = std::fs::read_dir(table.path()).unwrap().flatten();
        let counted = files.map(|file| {
            let reader = SerializedFileReader::new(std::fs::File::open(file.path()).unwrap()).unwrap();
            reader.metadata().file_metadata().num_rows()
        });
        rows.insert(table.file_name().into_string().unwrap(), counted.sum());
    }
    rows
}

#[test]
fn a_lake_of_the_first_format_is_read_as_it_is() {
    let lake = lake_of_the_first_format();
    check_answers(&lake, "as it is");
    lake.ok(&["verify"]);
    assert!(!lake.path().join("FORMAT").exists(), "reading changes nothing");
}

#[test]
fn a_lake_of_the_first_format_is_migrated_without_loss() {
    let lake = lake_of_the_first_format();
    let rows = rows_of_folders(&lake);
    assert_eq!(
        (rows["tests"], rows["fetches"], rows["bulletins"]),
        (129, 12, 1),
        "the lake is not the one described"
    );
    let replayed = lake.vigie(&["replay", "week.pdf"]);

    let told = lake.ok(&["migrate", "--dry-run"]);
    assert!(told.contains("format 1 would become 2") && told.contains("fetches 2020: 4 files"), "{told}");
    assert!(!lake.path().join("FORMAT").exists(), "a dry run changes nothing");
    assert_eq!(rows_of_folders(&lake), rows);

    let told = lake.ok(&["migrate"]);
    assert!(told.contains("format 2"), "{told}");
    let mark = std::fs::read_to_string(lake.path().join("FORMAT")).unwrap();
    assert!(mark.contains("\"format\":2"), "{mark}");
    let files = std::fs::read_dir(lake.path().join("tables/fetches")).unwrap().count();
    assert_eq!(files, 1);
    assert_eq!(rows_of_folders(&lake), rows, "each row once, for those who read the folder themselves");
    check_answers(&lake, "migrated");
    lake.ok(&["verify"]);
    // Made by another version of Vigie, its bulletin is made anew in the words and rules of this one: that is told, the same
    // before and after.
    let again = lake.vigie(&["replay", "week.pdf"]);
    assert_eq!((again.status.code(), again.stdout), (replayed.status.code(), replayed.stdout));

    // It lives on: what was known is known, what is new is added.
    let known = lake.value("select count(*) from tests_versions");
    let body = lake.folder().join("tests.csv");
    std::fs::write(&body, "dep;jour;P;T;cl_age90\n09;2020-10-15;11;111;0\n").unwrap();
    let (code, report) = lake.fetch_file("tests", &body, &["--issued-at", "2020-10-16T18:00:00Z"]);
    assert!(code == 0 || code == 3, "{report}");
    assert!(lake.value("select count(*) from tests_versions").as_u64() >= known.as_u64());
    lake.ok(&["verify"]);
    assert!(lake.ok(&["migrate", "--dry-run"]).contains("nothing to migrate"));
}

#[test]
fn the_first_commit_gives_a_lake_its_mark() {
    let lake = lake_of_the_first_format();
    let body = lake.folder().join("tests.csv");
    std::fs::write(&body, "dep;jour;P;T;cl_age90\n").unwrap();
    lake.fetch_file("tests", &body, &[]);
    assert!(lake.path().join("FORMAT").exists());
    check_answers_of_sources(&lake);
    lake.ok(&["verify"]);
}

/// The sources answer as before; the log of fetches has one more.
fn check_answers_of_sources(lake: &Lake) {
    for query in ["tests", "hospital_stock"] {
        let folder = lake.folder().join("expected");
        let text = std::fs::read_to_string(folder.join(format!("{query}.sql"))).unwrap();
        let expected = std::fs::read_to_string(folder.join(format!("{query}@2020-11-30.csv"))).unwrap();
        assert_eq!(lake.ok(&["sql", "--format", "csv", "--as-of", "2020-11-30", text.trim()]), expected);
    }
}

#[test]
fn a_lake_of_a_later_version_is_refused_by_every_command() {
    let lake = lake_of_the_first_format();
    let mark = "{\"format\":9,\"min_reader\":9,\"min_writer\":9,\"written_by\":\"4.0.0\"}\n";
    std::fs::write(lake.path().join("FORMAT"), mark).unwrap();
    for words in [&["status"][..], &["sql", "select 1"], &["build"], &["verify"], &["migrate"], &["compact"]]
    {
        let output = lake.vigie(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("format 9") && said.contains("install 4.0.0"), "{words:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(lake.path().join("FORMAT")).unwrap(), mark);
}
