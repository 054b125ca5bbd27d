//! Encodings, JSON and workbooks: the same rows whatever the form.

use encoding_rs::WINDOWS_1252;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::{STOCK, codes, contract, has, refused, rows, table};
use crate::{Code, Severity};

const NAMES: &str = r#"
id = "names"
title_fr = "t"
description_fr = "d"
kind = "snapshot"
key = ["code"]
publisher = "p"
licence = "l"
columns = [
  { name = "code", type = "text", width = 2, title_fr = "t" },
  { name = "name", type = "text", title_fr = "t" },
  { name = "share", type = "number", nullable = true, min = 0, max = 1, title_fr = "t" },
  { name = "open", type = "boolean", nullable = true, title_fr = "t" },
  { name = "kind", type = "text", nullable = true, values = ["temporary", "msp"], title_fr = "t" },
  { name = "since", type = "date", nullable = true, title_fr = "t" },
]
[feed]
format = "csv"
[cadence]
cron = "0 8 * * *"
warn_after = "36h"
error_after = "72h"
"#;

const BODY: &str =
    "code,name,share,open,kind,since\n01,Rhône-Alpes,0.5,oui,msp,2020-10-05\n02,Île-d’Été « œuvre »,,0,,\n";
const ROWS: [&str; 2] = ["01;Rhône-Alpes;0.5;true;msp;2020-10-05", "02;Île-d’Été « œuvre »;;false;;"];

fn as_format(layout: &str, format: &str) -> String {
    layout.replace("format = \"csv\"", &format!("format = \"{format}\""))
}

#[test]
fn text_is_read_in_each_usual_encoding() {
    let check = |body: &[u8], encoding: &str, said: bool| {
        let checked = rows(body, &contract(NAMES));
        assert_eq!(table(&checked), ROWS);
        assert_eq!((checked.form.encoding.as_str(), has(&checked, Code::Encoding)), (encoding, said));
    };
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.iter().copied().chain(BODY.encode_utf16().flat_map(bytes)).collect()
    };
    check(BODY.as_bytes(), "UTF-8", false);
    check(&WINDOWS_1252.encode(BODY).0, "windows-1252", true);
    check(&utf16(&[0xff, 0xfe], u16::to_le_bytes), "UTF-16LE", true);
    check(&utf16(&[0xfe, 0xff], u16::to_be_bytes), "UTF-16BE", true);
    check(&utf16(&[], u16::to_le_bytes), "UTF-16LE", true);
}

#[test]
fn text_that_would_be_garbled_is_refused() {
    // CP850 writes é as 0x82, è as 0x8A, ô as 0x93.
    let cp850 = b"code,name,share,open,kind,since\n01,Rh\x93ne,,,,\n02,Loz\x8are \x82t\x82,,,,\n";
    assert_eq!(refused(cp850, &contract(NAMES)).code, Code::EncodingUnknown);
    assert_eq!(refused(b"\xff\xfe\0\0c\0\0\0", &contract(NAMES)).code, Code::EncodingUnknown);
    assert_eq!(refused(b"\x89PNG\r\n\x1a\n\0\0\0\xff\xd8", &contract(NAMES)).code, Code::BinaryBody);
}

#[test]
fn one_stray_byte_in_utf8_spoils_its_own_row() {
    let mut body = BODY.as_bytes().to_vec();
    body.extend_from_slice(b"03,Loz\xe8re,,,,\n04,C\xc3\xb4te,,,,\n05,C\xc3\xb4te,,,,\n06,a,,,,\n");
    let checked = rows(&body, &contract(NAMES));
    assert_eq!(codes(&checked, Severity::Error), ["invalid-text@4"]);
    assert_eq!(checked.counts.rows_accepted, 5);
}

#[test]
fn columns_of_every_type_are_checked() {
    let bad = "07,a,1.5,,,\n08,a,-0.5,,,\n09,a,x,,,\n10,a,,peut-être,,\n11,a,,,tente,\n123,a,,,,\nAB,,,,,\n";
    let good: String = (20..60).map(|code| format!("{code},a,,,MSP,\n")).collect();
    let checked = rows(format!("{BODY}{bad}{good}").as_bytes(), &contract(NAMES));
    assert_eq!(
        codes(&checked, Severity::Error),
        [
            "above-max@4",
            "negative-count@5",
            "type-error@6",
            "type-error@7",
            "unknown-value@8",
            "code-length@9",
            "missing-value@10",
        ]
    );
    assert!(has(&checked, Code::CodeCase));
}

#[test]
fn json_gives_the_same_rows() {
    let array = r#"[
        {"code": "01", "name": "Rhône-Alpes", "share": 0.5, "open": true, "kind": "msp", "since": "2020-10-05"},
        {"name": "Île-d’Été « œuvre »", "code": 2, "open": false, "share": null}]"#;
    let layout = as_format(NAMES, "json");
    let checked = rows(array.as_bytes(), &contract(&layout));
    assert_eq!(table(&checked), ROWS);
    assert_eq!(codes(&checked, Severity::Info), ["leading-zero@2"]);

    let nested = format!("{{\"meta\": [1, {{}}], \"data\": {{\"rows\": {array}, \"more\": 1}}}}");
    let under = layout.replace("[cadence]", "path = \"data.rows\"\n[cadence]");
    assert_eq!(table(&rows(nested.as_bytes(), &contract(&under))), ROWS);
    assert_eq!(refused(nested.as_bytes(), &contract(&layout)).code, Code::JsonPath);
    assert_eq!(refused(br#"{"data": {}}"#, &contract(&under)).code, Code::JsonPath);
    assert_eq!(refused(&array.as_bytes()[..150], &contract(&layout)).code, Code::BrokenJson);
    assert_eq!(refused(br#"[{"code": "01"}]"#, &contract(&layout)).code, Code::MissingColumn);
    assert_eq!(refused(b"<html></html>", &contract(&layout)).code, Code::HtmlBody);

    let row = |rest: &str| format!("{{\"code\": \"01\", \"name\": \"a\", {rest}}}");
    let optional = "\"share\": 1, \"open\": true, \"kind\": null, \"since\": null";
    let odd = format!(
        "[{}, {}, {}]",
        row(optional),
        row(&format!("{optional}, \"name\": \"b\"")),
        row("\"share\": [1], \"open\": true, \"kind\": null, \"since\": null").replace("01", "02")
    );
    let lenient = layout.replace("[feed]", "bounds = { bad_rows_share_max = 1.0 }\n[feed]");
    let checked = rows(odd.as_bytes(), &contract(&lenient));
    assert_eq!(codes(&checked, Severity::Error), ["duplicate-field@2", "type-error@3"]);
    assert!(checked.findings[0].message.starts_with("Enregistrement 2"), "{}", checked.findings[0].message);
}

#[test]
fn json_that_could_fill_the_memory_is_refused() {
    let layout = contract(&as_format(NAMES, "json"));
    assert_eq!(refused("[".repeat(100_000).as_bytes(), &layout).code, Code::JsonShape);
    let long = format!("[{{\"code\": \"{}\"}}]", "x".repeat(2 << 20));
    assert_eq!(refused(long.as_bytes(), &layout).code, Code::JsonShape);
}

#[test]
fn one_json_object_a_line_gives_the_same_rows() {
    let layout =
        as_format(NAMES, "ndjson").replace("[feed]", "bounds = { bad_rows_share_max = 0.5 }\n[feed]");
    let body = "{\"code\":\"01\",\"name\":\"Rhône-Alpes\",\"share\":0.5,\"open\":true,\"kind\":\"msp\",\"since\":\"2020-10-05\"}\n\
                [1]\n\n{\"code\":\"02\",\"name\":\"Île-d’Été « œuvre »\",\"open\":false}\n{\"code\":\"03\",\"na";
    let checked = rows(body.as_bytes(), &contract(&layout));
    assert_eq!(table(&checked), ROWS);
    assert_eq!(codes(&checked, Severity::Error), ["broken-record@2", "line-cut-short@5"]);
}

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet().set_name("Données").unwrap());
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_gives_the_same_rows() {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let body = workbook(|sheet| {
        for (column, name) in ["dep", "jour", "hosp", "rad"].iter().enumerate() {
            sheet.write(1, column as u16, *name).unwrap();
        }
        let date = ExcelDateTime::parse_from_str("2020-10-05").unwrap();
        sheet.write(2, 0, 1).unwrap();
        sheet.write_with_format(2, 1, &date, &day).unwrap();
        sheet.write(2, 2, 12.0).unwrap();
        sheet.write(2, 3, 3).unwrap();
        sheet.write(4, 0, "2A").unwrap();
        sheet.write(4, 1, "2020-10-06").unwrap();
        sheet.write(4, 2, "NA").unwrap();
        sheet.write(4, 3, 4).unwrap();
        sheet.write(5, 0, "03").unwrap();
        sheet.write_with_format(5, 1, &date, &day).unwrap();
        sheet.write(5, 2, 1.5).unwrap();
        sheet.write(5, 3, 4).unwrap();
    });
    let layout = as_format(STOCK, "xlsx");
    let checked = rows(&body, &contract(&layout));
    assert_eq!(table(&checked), ["01;2020-10-05;12;3", "2A;2020-10-06;;4"]);
    assert_eq!(codes(&checked, Severity::Error), ["fractional-count@6"]);
    assert_eq!(codes(&checked, Severity::Info), ["leading-zero@3", "missing-word@5"]);
    let named = layout.replace("[dialect]", "sheet = \"Feuille\"\n[dialect]");
    let refusal = refused(&body, &contract(&named));
    assert_eq!((refusal.code, refusal.message_fr.contains("Données")), (Code::MissingSheet, true));
    assert_eq!(refused(&body, &contract(STOCK)).code, Code::BinaryBody);
    assert_eq!(refused(b"dep;jour\n", &contract(&layout)).code, Code::BrokenWorkbook);
    assert_eq!(refused(&body[..body.len() / 2], &contract(&layout)).code, Code::BrokenArchive);
}

#[test]
fn a_sheet_with_two_far_cells_is_refused_at_once() {
    let body = workbook(|sheet| {
        sheet.write(0, 0, "dep").unwrap();
        sheet.write(1_048_575, 16_383, 1).unwrap();
    });
    assert_eq!(refused(&body, &contract(&as_format(STOCK, "xlsx"))).code, Code::TooManyColumns);
}

#[test]
fn a_workbook_is_read_as_a_person_reads_it() {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Caché").unwrap().set_hidden(true).write(0, 0, "brouillon").unwrap();
    let sheet = book.add_worksheet().set_name("Données").unwrap().set_active(true);
    sheet.merge_range(0, 0, 0, 3, "Patients au 6 octobre 2020", &Format::new()).unwrap();
    for (column, name) in ["dep", "jour", "hosp", "rad"].iter().enumerate() {
        sheet.write(2, column as u16, *name).unwrap();
    }
    let date = ExcelDateTime::parse_from_str("2020-10-05").unwrap();
    let mut row = |row: u32, dep: &str, hosp: &str| {
        sheet.write(row, 0, dep).unwrap();
        sheet.write_with_format(row, 1, &date, &day).unwrap();
        sheet.write(row, 2, hosp).unwrap();
        sheet.write(row, 3, 1).unwrap();
    };
    row(3, "01", "12"); // a number kept as text
    row(4, "02", "1 234");
    row(5, "03", "");
    row(6, "04", "");
    row(7, "05", "");
    row(8, "06", "7");
    row(9, "07", "8");
    row(10, "08", "9");
    row(11, "Total", "9");
    sheet.write_formula(5, 2, rust_xlsxwriter::Formula::new("=6*7").set_result("42")).unwrap();
    sheet.write_formula(6, 2, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(7, 1, 44109).unwrap(); // a day without the format of one
    sheet.write(8, 1, "05/10/2020").unwrap();
    sheet.write(12, 0, "Source : ARS, données provisoires").unwrap();
    let checked = rows(&book.save_to_buffer().unwrap(), &contract(&as_format(STOCK, "xlsx")));
    assert_eq!(
        table(&checked),
        [
            "01;2020-10-05;12;1",
            "02;2020-10-05;1234;1",
            "03;2020-10-05;42;1",
            "06;2020-10-05;7;1",
            "07;2020-10-05;8;1",
            "08;2020-10-05;9;1",
        ]
    );
    assert_eq!(
        codes(&checked, Severity::Error),
        ["spreadsheet-error@7", "type-error@8", "total-row@12", "note-line@13"],
        "{:?}",
        checked.findings
    );
    assert_eq!(codes(&checked, Severity::Info), ["preamble@3", "thousands-space@5", "date-form@9"]);
}

#[test]
fn json_that_is_not_what_was_declared_is_refused_or_said() {
    let plain = contract(&as_format(STOCK, "json"));
    let row = |dep: &str, hosp: &str| {
        format!("{{\"dep\": {dep}, \"jour\": \"2020-10-05\", \"hosp\": {hosp}, \"rad\": 1}}")
    };
    let good = |rows: &[String]| format!("[{}]", rows.join(", "));
    for (body, code) in [
        (String::new(), Code::EmptyBody),
        ("null".into(), Code::JsonPath),
        ("[]".into(), Code::NoRows),
        ("{}".into(), Code::JsonPath),
        (row("\"01\"", "1"), Code::JsonPath),
        (format!("{}\n{}", row("\"01\"", "1"), row("\"02\"", "1")), Code::JsonPath),
        ("[[\"dep\"], [\"01\"]]".into(), Code::MissingColumn),
        ("[1]".into(), Code::BrokenJson),
        (good(&[row("\"01\"", "NaN")]), Code::BrokenJson),
        (good(&[row("\"01\"", "1")]) + "x", Code::BrokenJson),
        (good(&[row("\"01\"", "1")]).replace("]", ",]"), Code::BrokenJson),
        ("dep;jour\n01;2020-10-05\n".into(), Code::BrokenJson),
    ] {
        assert_eq!(refused(body.as_bytes(), &plain).code, code, "{body}");
    }
    let odd = good(&[
        row("\"01\"", "\"12\""),
        row("2", "12.0"),
        row("\"03\"", "12.5"),
        row("\"04\"", "true"),
        row("\"05\"", "-1"),
        row("\"06\"", "1e400").replace("1e400", "99999999999999999999"),
        row("\"\\u0030\\u0037\"", "null"),
        row("\"08\"", "1"),
        row("\"09\"", "1"),
    ]);
    let checked = rows(format!("\u{feff}{odd}").as_bytes(), &plain);
    assert_eq!(
        codes(&checked, Severity::Error),
        ["fractional-count@3", "type-error@4", "negative-count@5", "above-max@6"]
    );
    assert_eq!(
        table(&checked),
        [
            "01;2020-10-05;12;1",
            "02;2020-10-05;12;1",
            "07;2020-10-05;;1",
            "08;2020-10-05;1;1",
            "09;2020-10-05;1;1"
        ]
    );
    let utf16: Vec<u8> = odd.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(table(&rows(&utf16, &plain)), table(&checked));
}

/// Found by the fuzzer: the parser's arithmetic overflows on such a reference.
#[test]
fn a_cell_beyond_all_columns_breaks_the_workbook_and_nothing_else() {
    use std::io::{Cursor, Read as _, Write as _};
    let body = workbook(|sheet| {
        sheet.write(0, 0, "dep").unwrap();
    });
    let mut from = zip::ZipArchive::new(Cursor::new(body)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for rank in 0..from.len() {
        let mut part = from.by_index(rank).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        if name.ends_with("sheet1.xml") {
            text = String::from_utf8(text).unwrap().replace("r=\"A1\"", "r=\"ZZZZZZZZZZ1\"").into_bytes();
        }
        to.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        to.write_all(&text).unwrap();
    }
    let body = to.finish().unwrap().into_inner();
    // An overflow is a panic in some builds and a wrong column in others.
    let code = refused(&body, &contract(&as_format(STOCK, "xlsx"))).code;
    assert!(matches!(code, Code::BrokenWorkbook | Code::TooManyColumns | Code::MissingColumn), "{code}");
}
