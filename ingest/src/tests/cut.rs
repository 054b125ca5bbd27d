//! Bodies that may be cut: the last line without a line end, and numbers of rows at which programs stop.

use super::{STOCK, codes, contract, rows, table};
use crate::{Code, Severity};

const GOOD: &str = "dep;jour;hosp;rad\n01;2020-10-05;1;5\n02;2020-10-05;2;7\n";

/// Layout, last line, its fate (`code@line` when set aside), whether any key may be missing.
fn check(layout: &str, last: &str, aside: &[&str], said: &[&str], any_key: bool) {
    let checked = rows(format!("{GOOD}{last}").as_bytes(), &contract(layout));
    assert_eq!(codes(&checked, Severity::Error), aside, "{last:?}");
    assert_eq!(codes(&checked, Severity::Info), said, "{last:?}");
    assert_eq!(checked.keys_aside.is_cut, any_key, "{last:?}");
    assert_eq!(checked.counts.rows_accepted, 3 - aside.len() as u64, "{last:?}");
}

#[test]
fn a_last_line_without_its_end_is_set_aside() {
    check(STOCK, "03;2020-10-05;5;520\n", &[], &[], false);
    // `520` cut to `5`: nothing but the missing line end tells.
    check(STOCK, "03;2020-10-05;5;5", &["line-may-be-cut@4"], &[], true);
    check(STOCK, "03;2020-10-05;5;", &["line-may-be-cut@4"], &[], true);
    check(STOCK, "03;2020-10-05;x;5", &["line-may-be-cut@4"], &[], true);
    check(STOCK, "03;2020-10-05;5", &["line-cut-short@4"], &[], true);
    check(STOCK, "03;2020-10-05;5;\"52", &["bad-quote@4"], &[], true);
    // Cut between CR and LF, or right behind a closing quote: the value is whole.
    check(STOCK, "03;2020-10-05;5;520\r", &[], &[], false);
    check(STOCK, "03;2020-10-05;5;\"520\"", &[], &["no-final-newline@4"], false);
    // A note under the table shows that its end was reached.
    check(STOCK, "Source : Santé publique France", &["note-line@4"], &[], false);
}

#[test]
fn a_source_that_never_ends_its_last_line_says_so() {
    let unended = STOCK.replace("[dialect]", "[dialect]\nlast_line = \"unended\"");
    check(&unended, "03;2020-10-05;5;5", &[], &[], false);
    check(&unended, "03;2020-10-05;5;5\n", &[], &[], false);
    check(&unended, "03;2020-10-05;5", &["line-cut-short@4"], &[], true);
}

#[test]
fn a_closing_quote_may_be_the_first_of_two_in_a_free_text() {
    let layout = STOCK.replace(
        "]\n[feed]",
        "  { name = \"note\", type = \"text\", nullable = true, title_fr = \"t\" },\n]\n[feed]",
    );
    let body = "dep;jour;hosp;rad;note\n01;2020-10-05;1;5;a\n02;2020-10-05;1;5;\"dit \"\"non\"\" d’abord\"";
    for (cut, aside) in [("", "line-may-be-cut@3"), ("\n", "")] {
        let checked = rows(format!("{body}{cut}").as_bytes(), &contract(&layout));
        assert_eq!(codes(&checked, Severity::Error).join(" "), aside);
    }
}

#[test]
fn a_class_that_may_be_cut_decides_nothing() {
    let layout = STOCK.replace("[feed]", "filters = [{ column = \"age\", keep = [\"1\"] }]\n[feed]");
    let body = "dep;jour;hosp;rad;age\n01;2020-10-05;1;5;1\n02;2020-10-05;1;5;1\n";
    // `1` may be what is left of `19`, and `2` of `29`.
    for last in ["03;2020-10-05;1;5;1", "03;2020-10-05;1;5;2"] {
        let checked = rows(format!("{body}{last}").as_bytes(), &contract(&layout));
        assert_eq!(codes(&checked, Severity::Error), ["line-may-be-cut@4"], "{last}");
        assert_eq!(checked.counts.rows_filtered, 0);
    }
    // A class that stands before the last field is whole: the row is of another class, and the body may still be cut.
    let first = "age;dep;jour;hosp;rad\n1;01;2020-10-05;1;5\n2;03;2020-10-05;1;5";
    let checked = rows(first.as_bytes(), &contract(&layout));
    assert_eq!((codes(&checked, Severity::Error).len(), checked.counts.rows_filtered), (0, 1));
    assert!(checked.keys_aside.is_cut);
}

#[test]
fn the_last_record_of_a_cut_ndjson_is_called_cut() {
    let layout = contract(&STOCK.replace("format = \"csv\"", "format = \"ndjson\""));
    let record =
        |dep: &str| format!("{{\"dep\":\"{dep}\",\"jour\":\"2020-10-05\",\"hosp\":1,\"rad\":520}}\n");
    let body = record("01") + &record("02");
    for (last, aside, any_key) in [
        // A closing brace ends a record, with or without a line end.
        (record("03"), "", false),
        (record("03").trim_end().to_owned(), "", false),
        ("{\"dep\":\"03\",\"jour\":\"2020-10-05\",\"hosp\":1,\"rad\":5".to_owned(), "line-cut-short@3", true),
        ("{\"dep\":\"03\"\n".to_owned(), "broken-record@3", false),
    ] {
        let checked = rows(format!("{body}{last}").as_bytes(), &layout);
        assert_eq!(codes(&checked, Severity::Error).join(" "), aside, "{last}");
        assert_eq!(checked.keys_aside.is_cut, any_key, "{last}");
    }
}

#[test]
fn the_limits_of_programs_are_told() {
    let big = STOCK.replace("rows_max = 1000", "rows_max = 2000000");
    let body = |rows: u64| {
        let mut text = "dep;jour;hosp;rad\n".to_owned();
        let first = jiff::civil::date(1990, 1, 1);
        for row in 0..rows {
            let day = first.checked_add(jiff::Span::new().days(row as i64 % 9000)).unwrap();
            text.push_str(&format!("{:02};{day};1;1\n", row / 9000 + 1));
        }
        text
    };
    for (n, limit) in [
        (999, false),
        (1_000, true),
        (1_001, false),
        (50_000, true),
        (65_535, true),
        (65_536, true),
        (65_534, false),
    ] {
        let checked = rows_only(body(n).as_bytes(), &big);
        let said: Vec<_> = checked.findings.iter().filter(|f| f.code == Code::RowLimit).collect();
        assert_eq!(said.len(), usize::from(limit), "{n}");
        assert!(said.iter().all(|finding| finding.severity == Severity::Warn));
        if n == 65_535 {
            assert_eq!(
                said[0].message.replace(['\u{a0}', '\u{202f}'], " "),
                "Le fichier a exactement 65 536 lignes, la limite d’un tableur : la suite manque peut-être. Vérifier auprès du \
                 producteur ; si la source a toujours ce nombre de lignes, rows_fixed = true dans [bounds] du contrat. (row-limit)"
            );
        }
    }
    let fixed = big.replace("[bounds]", "[bounds]\nrows_fixed = true");
    assert!(rows_only(body(1_000).as_bytes(), &fixed).findings.is_empty());
    assert_eq!(table(&rows_only(body(3).as_bytes(), &big)).len(), 3);
}

/// Without the second reading in many small runs, which would take minutes here.
fn rows_only(body: &[u8], layout: &str) -> crate::Checked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, body).unwrap();
    match crate::parse(&path, &contract(layout), super::today(), folder.path()).unwrap() {
        crate::Parsed::Rows(checked) => checked,
        crate::Parsed::Refused(refusal) => panic!("refused: {}", refusal.message_fr),
    }
}
