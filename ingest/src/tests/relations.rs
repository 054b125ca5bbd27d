//! What contracts say of the columns of a row.

use super::{STOCK, codes, contract, parsed, rows, table};
use crate::{Checked, Parsed, Severity};

fn layout(relations: &str) -> vigie_queries::Contract {
    contract(&STOCK.replace("[feed]", &format!("relations = [{relations}]\n[feed]")))
}

fn said(checked: &Checked) -> Vec<String> {
    checked.findings.iter().map(|f| f.message.replace(['\u{a0}', '\u{202f}'], " ")).collect()
}

const BODY: &str =
    "dep;jour;hosp;rad\n01;2020-10-05;3;5\n02;2020-10-05;7;5\n03;2020-10-05;;5\n04;2020-10-05;5;5\n";

#[test]
fn a_row_that_contradicts_itself_is_set_aside() {
    let aside = layout(
        "{ holds = \"patients <= total\", severity = \"set-aside\", reason_fr = \"le cumul compte aussi les présents.\" }",
    );
    let checked = rows(BODY.as_bytes(), &aside);
    assert_eq!(codes(&checked, Severity::Error), ["relation-broken@3"]);
    // A missing value says nothing, equal ones are right.
    assert_eq!(table(&checked), ["01;2020-10-05;3;5", "03;2020-10-05;;5", "04;2020-10-05;5;5"]);
    assert_eq!(
        said(&checked),
        ["Ligne 3, colonnes « hosp » et « rad » : « hosp » vaut 7 et « rad » vaut 5. Attendu : hosp ≤ rad \
             (le cumul compte aussi les présents). (relation-broken)"]
    );
    assert_eq!(checked.findings[0].raw.as_deref(), Some("02;2020-10-05;7;5"));
    // The publisher gives its key: a snapshot does not withdraw it.
    let keys: usize = checked.keys_aside.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    assert_eq!(keys, 1);
}

#[test]
fn a_row_that_only_deserves_a_look_is_kept_with_a_warning() {
    let warn = layout("{ holds = \"patients <= total\", severity = \"warn\" }");
    let checked = rows(BODY.as_bytes(), &warn);
    assert_eq!(codes(&checked, Severity::Warn), ["relation-broken@3"]);
    assert_eq!(checked.counts.rows_accepted, 4);
    assert_eq!(
        said(&checked),
        [
            "Ligne 3, colonnes « hosp » et « rad » : « hosp » vaut 7 et « rad » vaut 5. Attendu : hosp ≤ rad. La ligne \
             est gardée. (relation-broken)"
        ]
    );
}

#[test]
fn warnings_beyond_a_hundred_are_counted() {
    let mut body = "dep;jour;hosp;rad\n".to_owned();
    for day in 0..250 {
        let day = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        body.push_str(&format!("01;{day};9;1\n"));
    }
    let checked = rows(body.as_bytes(), &layout("{ holds = \"patients <= total\", severity = \"warn\" }"));
    assert_eq!((checked.findings.len(), checked.counts.rows_accepted), (101, 250));
    let counted = checked.findings.iter().find(|finding| finding.line.is_none()).unwrap();
    assert_eq!(
        counted.message.replace(['\u{a0}', '\u{202f}'], " "),
        "150 autres lignes ne respectent pas non plus : hosp ≤ rad. Elles sont gardées ; le fichier reçu les montre. (relation-broken)"
    );
}

#[test]
fn sums_constants_and_dates_are_compared() {
    for (relation, broken) in [
        ("patients + 2 = total", "02 04"),
        ("total - patients >= 1", "02 04"),
        ("patients < 7", "02"),
        ("time_value >= 2020-10-06", "01 02 03 04"),
        ("time_value + 1 > 2020-10-05", ""),
        ("total > 4.5", ""),
        ("patients <= total + 2.5", ""),
        ("patients < total + 2.0", "02"),
    ] {
        let warn = layout(&format!("{{ holds = \"{relation}\", severity = \"warn\" }}"));
        let checked = rows(BODY.as_bytes(), &warn);
        let found: Vec<&str> = checked
            .findings
            .iter()
            .map(|finding| finding.raw.as_deref().unwrap().split(';').next().unwrap())
            .collect();
        assert_eq!(found.join(" "), broken, "{relation}");
    }
}

#[test]
fn sums_of_decimals_are_not_broken_by_the_last_bit() {
    let text = STOCK.replace("type = \"integer\"", "type = \"number\"").replace(
        "[feed]",
        "relations = [{ holds = \"patients + 0.2 = total\", severity = \"set-aside\" }]\n[feed]",
    );
    let body = b"dep;jour;hosp;rad\n01;2020-10-05;0.1;0.3\n02;2020-10-05;0.1;0.31\n";
    let checked = rows(body, &contract(&text));
    assert_eq!(codes(&checked, Severity::Error), ["relation-broken@3"]);
}

/// The issue's own example: the last digits of `tests` are lost, or the columns are swapped, on the first edition.
#[test]
fn more_positives_than_tests_are_not_taken() {
    let tests = vigie_queries::Vocabulary::embedded().unwrap().contract("tests").unwrap().clone();
    let body = b"dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n34;2020-10-05;520;52;0\n66;2020-10-05;3;90;0\n11;2020-10-05;0;0;0\n09;2020-10-05;1;10;0\n";
    let Parsed::Rows(checked) = parsed(body, &tests) else { panic!("refused") };
    assert_eq!(codes(&checked, Severity::Error), ["relation-broken@3"]);
}
