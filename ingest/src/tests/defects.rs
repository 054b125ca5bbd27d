//! One defect a case, in delimited text: what is loaded, set aside, refused, and what is said.

use arrow::array::ArrayRef;
use arrow::util::display::array_value_to_string;

use super::{STOCK, codes, contract, refused, rows, table};
use crate::{Code, Severity};

/// Body, rows loaded, rows set aside, repairs and remarks said.
fn check(body: &str, loaded: &[&str], aside: &[&str], said: &[&str]) {
    let checked = rows(body.as_bytes(), &contract(STOCK));
    assert_eq!(table(&checked), loaded, "{body:?}");
    assert_eq!(codes(&checked, Severity::Error), aside, "{body:?}");
    let mut notes = codes(&checked, Severity::Warn);
    notes.extend(codes(&checked, Severity::Info));
    assert_eq!(notes, said, "{body:?}");
}

/// Body and code of its refusal.
fn check_refused(body: &str, code: Code, words: &[&str]) {
    let refusal = refused(body.as_bytes(), &contract(STOCK));
    assert_eq!(refusal.code, code, "{body:?}: {}", refusal.message_fr);
    for word in words {
        assert!(refusal.message_fr.contains(word), "{word:?} is not in {}", refusal.message_fr);
    }
}

const GOOD: &str = "dep;jour;hosp;rad\n02;2020-10-05;2;7\n01;2020-10-05;1;5\n";

#[test]
fn rows_come_out_sorted_by_key() {
    check(GOOD, &["01;2020-10-05;1;5", "02;2020-10-05;2;7"], &[], &[]);
}

#[test]
fn unambiguous_forms_are_read_and_said() {
    check(
        "\"dep\";\"jour\";\"hosp\";\"rad\"\n\"01\";\"2020-10-05\";\"3\";4\n",
        &["01;2020-10-05;3;4"],
        &[],
        &[],
    );
    check(
        "dep;jour;hosp;rad\n1;05/10/2020;12.0; 4\n",
        &["01;2020-10-05;12;4"],
        &[],
        &["date-form@2", "integer-form@2", "leading-zero@2", "surrounding-space@2"],
    );
    check(
        "dep;jour;hosp;rad\n2a;2020-10-05;NaN;1\n",
        &["2A;2020-10-05;;1"],
        &[],
        &["code-case@2", "missing-word@2"],
    );
    check(
        "dep;jour;hosp;rad\n01;2020-10-05;1\u{202f}234;100000.0\n",
        &["01;2020-10-05;1234;100000"],
        &[],
        &["integer-form@2", "thousands-space@2"],
    );
    check(
        "JOUR; dep ;hosp;rad;note\n2020-10-05;01;1;1;x\n",
        &["01;2020-10-05;1;1"],
        &[],
        &["header-form@1", "extra-column@1"],
    );
    check("dep,jour,hosp,rad\n01,2020-10-05,1,1\n", &["01;2020-10-05;1;1"], &[], &["delimiter@1"]);
    check("dep;jour;hosp\n01;2020-10-05;1\n", &["01;2020-10-05;1;"], &[], &["column-absent@1"]);
    check(
        "\u{feff}dep;jour;hosp;rad\r\n01;2020-10-05;1;1\r\n",
        &["01;2020-10-05;1;1"],
        &[],
        &["line-ends", "byte-order-mark@1"],
    );
    check("dep;jour;hosp;rad\r01;2020-10-05;1;1\r", &["01;2020-10-05;1;1"], &[], &["line-ends"]);
    check(
        "\n\ndep;jour;hosp;rad\n\n01;2020-10-05;1;1\n;;;\n",
        &["01;2020-10-05;1;1"],
        &[],
        &["blank-line@1", "blank-line@6"],
    );
}

#[test]
fn one_repair_of_many_rows_is_one_finding_with_a_count() {
    let mut body = GOOD.to_owned();
    for day in 10..20 {
        body.push_str(&format!("03;{day}/06/2020;1;1\n"));
    }
    let checked = rows(body.as_bytes(), &contract(STOCK));
    let [finding] = checked.findings.as_slice() else { panic!("{:?}", checked.findings) };
    assert_eq!((finding.code, finding.line), (Code::DateForm, Some(4)));
    assert_eq!(
        finding.message,
        "Colonne «\u{a0}jour\u{a0}»\u{a0}: 10\u{a0}dates écrites autrement que AAAA-MM-JJ, converties \
         (la première\u{a0}: ligne 4, «\u{a0}10/06/2020\u{a0}»). (date-form)"
    );
}

#[test]
fn bad_cells_set_their_row_aside() {
    let good = ["01;2020-10-05;1;5", "02;2020-10-05;2;7"];
    for (row, code) in [
        ("99;2020-10-05;1;1", "unknown-place@4"),
        (";2020-10-05;1;1", "missing-value@4"),
        ("NA;2020-10-05;1;1", "missing-value@4"),
        ("03;;1;1", "missing-value@4"),
        ("03;2020-02-30;1;1", "impossible-date@4"),
        ("03;31/06/2020;1;1", "impossible-date@4"),
        ("03;hier;1;1", "type-error@4"),
        ("03;2021-01-01;1;1", "future-date@4"),
        ("03;2020-10-05;-1;1", "negative-count@4"),
        ("03;2020-10-05;1.5;1", "fractional-count@4"),
        ("03;2020-10-05;12,O;1", "type-error@4"),
        ("03;2020-10-05;1,234;1", "ambiguous-number@4"),
        ("03;2020-10-05;1.234;1", "ambiguous-number@4"),
        ("03;2020-10-05;1;", "missing-value@4"),
        ("03;2020-10-05;1\0;1", "nul-bytes@4"),
        ("03;2020-10-05;1", "field-count@4"),
        ("03;2020-10-05;1;1;1", "field-count@4"),
        ("03;2020-10-05;\"1;1", "bad-quote@4"),
        ("03;2020-10-05;\"1\"0;1", "bad-quote@4"),
    ] {
        check(&format!("{GOOD}{row}\n"), &good, &[code], &[]);
    }
    check(&format!("{GOOD}03;2020-1"), &good, &["line-cut-short@4"], &[]);
}

#[test]
fn the_sentence_says_where_what_and_what_was_expected() {
    let body = format!("{GOOD}03;2020-10-05;12,O;1\n");
    let checked = rows(body.as_bytes(), &contract(STOCK));
    let finding = &checked.findings[0];
    assert_eq!(
        finding.message,
        "Ligne 4, colonne «\u{a0}hosp\u{a0}»\u{a0}: «\u{a0}12,O\u{a0}» n’est pas un nombre entier. \
         Attendu\u{a0}: un entier ≥ 0, ou rien. (type-error)"
    );
    assert_eq!(finding.raw.as_deref(), Some("03;2020-10-05;12,O;1"));
    assert_eq!(finding.column.as_deref(), Some("hosp"));
}

#[test]
fn lines_are_physical_lines() {
    let layout = STOCK.replace(
        "]\n[feed]",
        "  { name = \"note\", type = \"text\", nullable = true, title_fr = \"t\" },\n]\n[feed]",
    );
    let body = "dep;jour;hosp;rad;note\r\n01;2020-10-05;1;1;\"two\r\nlines\"\r\n\r\n02;2020-10-05;x;1;y\r\n";
    let checked = rows(body.as_bytes(), &contract(&layout));
    assert_eq!(codes(&checked, Severity::Error), ["type-error@5"]);
    assert_eq!(table(&checked), ["01;2020-10-05;1;1;two\r\nlines"]);
}

#[test]
fn exact_copies_are_kept_once_and_conflicts_set_aside_wholly() {
    check(
        &format!("{GOOD}01;2020-10-05;1;5\n"),
        &["01;2020-10-05;1;5", "02;2020-10-05;2;7"],
        &[],
        &["duplicate-row@4"],
    );
    let body = format!("{GOOD}01;2020-10-05;9;5\n01;2020-10-05;1;5\n03;2020-10-05;1;1\n");
    check(
        &body,
        &["02;2020-10-05;2;7", "03;2020-10-05;1;1"],
        &["conflicting-duplicate@3", "conflicting-duplicate@4", "conflicting-duplicate@5"],
        &[],
    );
    let checked = rows(body.as_bytes(), &contract(STOCK));
    assert_eq!(checked.findings[1].raw.as_deref(), Some("01;2020-10-05;9;5"));
    assert!(
        checked.findings[0].message.contains("aussi ligne 4, ligne 5"),
        "{}",
        checked.findings[0].message
    );
}

#[test]
fn a_running_total_that_falls_is_said_once_a_column() {
    let body =
        "dep;jour;hosp;rad\n01;2020-10-06;1;5\n01;2020-10-05;1;9\n02;2020-10-05;1;1\n01;2020-10-07;1;3\n";
    let checked = rows(body.as_bytes(), &contract(STOCK));
    let [finding] = checked.findings.as_slice() else { panic!("{:?}", checked.findings) };
    assert_eq!((finding.code, finding.severity), (Code::RunningTotalFalls, Severity::Warn));
    assert!(finding.message.contains("baisse 2 fois"), "{}", finding.message);
    assert!(finding.message.contains("−4 (dep 01, 2020-10-06, ligne 2)"), "{}", finding.message);
}

#[test]
fn filters_leave_rows_out_before_they_are_counted() {
    let layout = STOCK.replace("[feed]", "filters = [{ column = \"sexe\", keep = [\"0\"] }]\n[feed]");
    let body = "dep;sexe;jour;hosp;rad\n01;0;2020-10-05;1;1\n01;1;2020-10-05;x;1\n01;2;2020-10-05;0;1\n";
    let checked = rows(body.as_bytes(), &contract(&layout));
    assert_eq!((checked.counts.rows_in, checked.counts.rows_filtered), (1, 2));
    assert!(checked.findings.is_empty());
    let refusal = refused(b"dep;sexe;jour;hosp;rad\n01;1;2020-10-05;1;1\n", &contract(&layout));
    assert_eq!(refusal.code, Code::NoRows);
    let refusal = refused(b"dep;sexe;jour;hosp;rad\n01;T;2020-10-05;1;1\n", &contract(&layout));
    assert_eq!(
        (refusal.code, refusal.message_fr.contains("n’est pas une classe connue")),
        (Code::TooManyBadRows, true)
    );
    let refusal = refused(b"dep;jour;hosp;rad\n01;2020-10-05;1;1\n", &contract(&layout));
    assert_eq!((refusal.code, refusal.message_fr.contains("sexe")), (Code::MissingColumn, true));
}

#[test]
fn a_file_that_is_not_the_feed_is_refused() {
    check_refused("", Code::EmptyBody, &[]);
    check_refused("\r\n \n", Code::EmptyBody, &[]);
    check_refused("<!DOCTYPE html><html><body>500</body></html>", Code::HtmlBody, &["page HTML"]);
    check_refused("\n<html>", Code::HtmlBody, &[]);
    check_refused("<?xml version=\"1.0\"?><Error/>", Code::XmlBody, &["XML"]);
    check_refused("{\"error\": \"quota\"}", Code::JsonBody, &[]);
    check_refused("dep;jour;hosp;rad\n", Code::NoRows, &[]);
    check_refused("%PDF-1.7 …", Code::BinaryBody, &[]);
    check_refused("jour;hosp;rad\n2020-10-05;1;1\n", Code::MissingColumn, &["«\u{a0}dep\u{a0}»"]);
    check_refused(
        "dep;jour;patients_hosp;rad\n01;2020-10-05;1;1\n",
        Code::MissingColumn,
        &["«\u{a0}hosp\u{a0}»", "Colonnes inconnues\u{a0}: «\u{a0}patients_hosp\u{a0}»"],
    );
    check_refused("dep;jour;hosp;hosp;rad\n01;2020-10-05;1;2;1\n", Code::DuplicateColumn, &["hosp"]);
    check_refused(
        "dep;department;jour;hosp;rad\n01;02;2020-10-05;2;1\n",
        Code::DuplicateColumn,
        &["department"],
    );
    check_refused(
        "dep|jour|hosp|rad\n01|2020-10-05|1|1\n",
        Code::WrongDelimiter,
        &["la barre verticale", "le point-virgule ou la virgule"],
    );
    check_refused(
        "dep;jour;hosp;rad\n01;2020-10-05;x;1\n02;2020-10-05;x;1\n03;2020-10-05;1;1\n",
        Code::TooManyBadRows,
        &["66,7\u{202f}%", "60\u{202f}%", "Ligne 2"],
    );
}

#[test]
fn size_is_bounded_in_every_direction() {
    let mut tall = "dep;jour;hosp;rad\n".to_owned();
    tall.push_str(&"01;2020-10-05;1;1\n".repeat(1001));
    check_refused(&tall, Code::TooManyRows, &["1\u{202f}000"]);
    check_refused(&";".repeat(1_000_000), Code::TooManyColumns, &[]);
    check_refused(
        &format!("dep;jour;hosp;rad\n01;2020-10-05;{};1\n", "9".repeat(2 << 20)),
        Code::LineTooLong,
        &["Ligne 2"],
    );
}

#[test]
fn feed_text_cannot_take_over_a_message() {
    let body = format!("{GOOD}\u{1b}[2J\u{202e};2020-10-05;{};1\n", "9".repeat(10_000));
    let checked = rows(body.as_bytes(), &contract(STOCK));
    let finding = &checked.findings[0];
    assert!(finding.message.len() < 400 && finding.raw.as_ref().unwrap().len() < 1000);
    assert!(!finding.message.contains('\u{1b}') && !finding.raw.as_ref().unwrap().contains('\u{202e}'));
}

/// Body, and the keys of rows set aside that could be read, with their lines.
fn check_keys_aside(body: &str, expected: &[&str]) {
    let checked = rows(body.as_bytes(), &contract(STOCK));
    let keys = checked.keys_aside.batches.iter().flat_map(|batch| {
        let shown = |column: &ArrayRef, row| array_value_to_string(column, row).unwrap();
        (0..batch.num_rows())
            .map(|row| batch.columns().iter().map(|c| shown(c, row)).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    });
    assert_eq!(keys.collect::<Vec<_>>(), expected, "{body:?}");
    assert!(!checked.keys_aside.is_cut);
}

#[test]
fn a_row_set_aside_for_a_value_still_gives_its_key() {
    check_keys_aside(&format!("{GOOD}03;2020-10-05;12,O;1\n"), &["03 2020-10-05 4"]);
    check_keys_aside(
        &format!("{GOOD}2a;05/10/2020;-1;1\n1;2020-10-06;1;\n"),
        &["01 2020-10-06 5", "2A 2020-10-05 4"],
    );
    // Rows that contradict each other: their key is known, its value is not.
    check_keys_aside(&format!("{GOOD}03;2020-10-05;1;6\n01;2020-10-05;1;6\n"), &["01 2020-10-05 3"]);
    // A key that cannot be read, a row that is no row.
    check_keys_aside(&format!("{GOOD}96;2020-10-05;x;1\n"), &[]);
    check_keys_aside(&format!("{GOOD}03;2020-13-05;1;1\n"), &[]);
    check_keys_aside(&format!("{GOOD}03;2020-10-05;1\n"), &[]);
    check_keys_aside(GOOD, &[]);
}
