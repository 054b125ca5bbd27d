//! A body in one run and the same body in many: what comes out is the same.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{STOCK, batches, contract, has, today, whole};
use crate::limits::Limits;
use crate::{Code, Parsed, parse, parse_within};

fn layout(key: &str) -> vigie_queries::Contract {
    contract(
        &STOCK
            .replace("key = [\"department\", \"time_value\"]", &format!("key = [{key}]"))
            .replace("bad_rows_share_max = 0.6", "bad_rows_share_max = 1.0")
            .replace(
                "columns = [",
                "columns = [\n  { name = \"site\", type = \"text\", title_fr = \"t\" },\n  { name = \"note\", type = \"text\", nullable = true, title_fr = \"t\" },\n  { name = \"rate\", type = \"number\", nullable = true, running_total = true, title_fr = \"t\" },",
            ),
    )
}

proptest! {
    #[test]
    fn any_run_size_gives_the_same_rows_counts_and_findings(
        cells in prop::collection::vec((
            prop::sample::select(vec!["01", "1", "2A", "99"]),
            prop::sample::select(vec!["2020-10-05", "05/10/2020", "2020-10-06", "2030-01-01"]),
            prop::sample::select(vec!["", "0", "5", "-1", "12.0"]),
            prop::sample::select(vec!["5", "6", "7"]),
            prop::sample::select(vec!["a", "b", " a", "a very long name of a site, longer than the sixty-four bytes that count as short"]),
            prop::sample::select(vec!["", "x", "y"]),
            prop::sample::select(vec!["", "0.5", "1.5"]),
        ), 0..60),
        limits in (1usize..9, 2usize..5, 1usize..7, prop::sample::select(vec![1usize, 300, 1 << 20])),
        key in prop::sample::select(vec![
            "\"department\", \"site\", \"time_value\"", "\"time_value\", \"department\"", "\"time_value\"", "\"site\"",
        ]),
    ) {
        let mut body = "dep;jour;hosp;rad;site;note;rate\n".to_owned();
        for (dep, jour, hosp, rad, site, note, rate) in &cells {
            writeln!(body, "{dep};{jour};{hosp};{rad};{site};{note};{rate}").unwrap();
        }
        let layout = layout(key);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        std::fs::write(&path, &body).unwrap();
        let (run_rows, fan_in, batch_rows, bytes) = limits;
        let small = Limits { run_rows, run_bytes: bytes, fan_in, batch_rows, batch_bytes: bytes };
        let one = parse(&path, &layout, today(), folder.path()).unwrap();
        let many = parse_within(&path, &layout, today(), folder.path(), small).unwrap();
        prop_assert_eq!(whole(&one), whole(&many));
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left in the spool");
    }
}

/// Rows in no order, so that every run is spread over the whole table.
fn shuffled(rows: u64) -> String {
    let mut body = "dep;jour;hosp;rad\n".to_owned();
    let departments: Vec<&str> = vigie_queries::known_departments().keys().copied().collect();
    for row in 0..rows {
        let at = row * 7919 % rows;
        let day = jiff::civil::date(1980, 1, 1) + jiff::Span::new().days((at / 100) as i64);
        writeln!(body, "{};{day};{};{}", departments[(at % 100) as usize], row, at / 100).unwrap();
    }
    body
}

#[test]
fn rows_on_disk_are_sorted_and_read_as_often_as_asked() {
    let layout = contract(&STOCK.replace("rows_max = 1000", "rows_max = 100000"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, shuffled(30_011)).unwrap();
    let small = Limits { run_rows: 100, fan_in: 5, ..Limits::default() };
    let one = parse(&path, &layout, today(), folder.path()).unwrap();
    let many = parse_within(&path, &layout, today(), folder.path(), small).unwrap();
    assert_eq!(whole(&one), whole(&many));
    let Parsed::Rows(checked) = many else { panic!("refused") };
    assert_eq!(checked.rows.len(), 30_011);
    let mut first = checked.rows.batches().unwrap();
    let head = first.next().unwrap().unwrap();
    assert_eq!(batches(&checked)[0], head, "a second reading starts anew");
    let rows = checked.rows.clone();
    drop(checked);
    let rest: usize = first.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(head.num_rows() + rest, 30_011, "a reading outlives the rows it came from");
    assert_eq!(rows.batches().unwrap().count(), 1, "so do clones");
}

#[test]
fn a_key_that_fills_many_runs_is_judged_as_one() {
    let header = "dep;jour;hosp;rad\n";
    let many = "01;2020-10-05;1;5\n".repeat(500);
    let layout = contract(&STOCK.replace("0.6", "1.0"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let small = Limits { run_rows: 7, fan_in: 3, batch_rows: 4, ..Limits::default() };
    let read = |body: String| {
        std::fs::write(&path, body).unwrap();
        let Parsed::Rows(checked) = parse_within(&path, &layout, today(), folder.path(), small).unwrap()
        else {
            panic!("refused")
        };
        checked
    };
    let copies = read(format!("{header}{many}"));
    assert_eq!((copies.rows.len(), copies.counts.rows_accepted), (1, 500));
    assert!(has(&copies, Code::DuplicateRow));
    // One row that differs, far from the others, spoils them all.
    let conflict = read(format!("{header}{many}02;2020-10-05;1;5\n01;2020-10-05;2;5\n"));
    assert_eq!((conflict.rows.len(), conflict.counts.rows_quarantined), (1, 501));
    let last = conflict.findings.iter().rfind(|finding| finding.code == Code::ConflictingDuplicate).unwrap();
    assert_eq!(
        (last.line, last.found.as_deref(), last.raw.as_deref()),
        (Some(503), Some("2"), Some("01;2020-10-05;2;5"))
    );
    assert!(
        last.message.contains("501 fois") && last.message.contains("aussi ligne 2, ligne 3, ligne 4"),
        "{}",
        last.message
    );
}
