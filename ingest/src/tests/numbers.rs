//! docs/numbers.md, run value by value: each number as CSV, JSON and XLSX, in a column of whole numbers and of decimals.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use vigie_queries::Contract;

use super::{codes, contract, rows, table};
use crate::{Checked, Severity};

const DOC: &str = include_str!("../../../docs/numbers.md");

fn layout(format: &str, kind: &str, decimal: &str) -> Contract {
    contract(&format!(
        r#"
id = "figures"
title_fr = "t"
description_fr = "d"
kind = "increment"
key = ["place"]
publisher = "p"
licence = "l"
columns = [
  {{ name = "place", type = "text", title_fr = "t" }},
  {{ name = "figure", type = "{kind}", nullable = true, title_fr = "t" }},
]
[feed]
format = "{format}"
[dialect]
delimiter = ";"
decimal = "{decimal}"
[cadence]
cron = "0 8 * * *"
warn_after = "36h"
error_after = "72h"
[bounds]
bad_rows_share_max = 1.0
"#
    ))
}

/// Cells of the table that starts with that header, backquotes left out and spaces by name put in.
fn lines(header: &str) -> Vec<Vec<String>> {
    let from = DOC.find(header).unwrap();
    let body = DOC[from..].lines().skip(2).take_while(|line| line.starts_with('|'));
    let cell =
        |text: &str| text.trim().trim_matches('`').replace("{NBSP}", "\u{a0}").replace("{NNBSP}", "\u{202f}");
    let lines: Vec<Vec<String>> =
        body.map(|line| line.trim_matches('|').split('|').map(cell).collect()).collect();
    assert!(lines.len() > 7, "{header}");
    lines
}

/// What came of the only row: its number and the repair, or the code for which it was set aside.
fn outcome(checked: &Checked) -> String {
    let aside = codes(checked, Severity::Error);
    if let [code] = aside.as_slice() {
        return code.split('@').next().unwrap().to_owned();
    }
    let rows = table(checked);
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let figure = row.split_once(';').unwrap().1;
    let notes: Vec<String> = codes(checked, Severity::Info);
    let number = match figure.parse::<f64>() {
        Ok(number) => number.to_string(),
        Err(_) => "missing".to_owned(),
    };
    match notes.first().and_then(|note| note.split('@').next()) {
        Some(note) => format!("{number} ({note})"),
        None => number,
    }
}

fn csv(value: &str) -> Vec<u8> {
    format!("place;figure\nici;\"{value}\"\n").into_bytes()
}

fn json(token: &str) -> Vec<u8> {
    format!("[{{\"place\": \"ici\", \"figure\": {token}}}]").into_bytes()
}

fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, text) in ["place", "figure"].iter().enumerate() {
        sheet.write(0, column as u16, *text).unwrap();
    }
    sheet.write(1, 0, "ici").unwrap();
    fill(sheet);
    book.save_to_buffer().unwrap()
}

#[test]
fn text_is_read_as_the_table_says_in_every_format() {
    let mut wrong = Vec::new();
    for line in lines("| written |") {
        let value = line[0].as_str();
        for (expected, (kind, decimal)) in
            line[1..].iter().zip([("integer", "."), ("number", "."), ("number", ",")])
        {
            let text = serde_json::Value::from(value).to_string();
            for (format, body) in [
                ("csv", csv(value)),
                ("json", json(&text)),
                ("xlsx", workbook(|sheet| _ = sheet.write_string(1, 1, value).unwrap())),
            ] {
                let found = outcome(&rows(&body, &layout(format, kind, decimal)));
                if found != *expected {
                    wrong.push(format!("{value:?} in {format}, {kind} {decimal:?}: {found}, not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_of_json_are_read_as_the_table_says() {
    for line in lines("| JSON |") {
        for (expected, kind) in line[1..].iter().zip(["integer", "number"]) {
            assert_eq!(outcome(&rows(&json(&line[0]), &layout("json", kind, ","))), *expected, "{}", line[0]);
        }
    }
}

#[test]
fn cells_of_a_workbook_are_read_as_the_table_says() {
    let shown = |format: &str| Format::new().set_num_format(format);
    let day = ExcelDateTime::parse_from_str("2020-10-05").unwrap();
    let hours = ExcelDateTime::from_hms(36, 0, 0).unwrap();
    type Fill<'a> = Box<dyn Fn(&mut Worksheet) + 'a>;
    let number = |value: f64, format: &str| -> Fill<'_> {
        let format = shown(format);
        Box::new(move |sheet| _ = sheet.write_with_format(1, 1, value, &format).unwrap())
    };
    let cells: Vec<(Fill<'_>, &str, &str)> = vec![
        (number(1230.0, "0.00E+00"), "1230", "1230"),
        (number(0.45, "0 %"), "fractional-count", "0.45"),
        (number(1234.5, "# ##0"), "fractional-count", "1234.5"),
        (number(2.9999999999999996, "0"), "fractional-count", "2.9999999999999996"),
        (number(1e15, "0"), "lost-digits", "lost-digits"),
        (
            Box::new(|sheet| _ = sheet.write_with_format(1, 1, &day, &shown("dd/mm/yyyy")).unwrap()),
            "type-error",
            "type-error",
        ),
        (
            Box::new(|sheet| _ = sheet.write_with_format(1, 1, &hours, &shown("[h]:mm")).unwrap()),
            "type-error",
            "type-error",
        ),
        (Box::new(|sheet| _ = sheet.write(1, 1, true).unwrap()), "type-error", "type-error"),
        (
            Box::new(|sheet| {
                _ = sheet.write_formula(1, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap()
            }),
            "spreadsheet-error",
            "spreadsheet-error",
        ),
    ];
    assert_eq!(lines("| cell |").len() + 1, cells.len(), "one line for dates and durations");
    for (rank, (fill, whole, decimal)) in cells.iter().enumerate() {
        for (kind, expected) in [("integer", whole), ("number", decimal)] {
            let body = workbook(|sheet| fill(sheet));
            assert_eq!(outcome(&rows(&body, &layout("xlsx", kind, ","))), *expected, "cell {rank}, {kind}");
        }
    }
}

/// The commonest losses, as people read them.
#[test]
fn the_sentences_say_what_is_wrong_with_a_number() {
    let share = |value: &str| {
        let text = "id = \"figures\"\ntitle_fr = \"t\"\ndescription_fr = \"d\"\nkind = \"increment\"\nkey = [\"place\"]\npublisher = \"p\"\nlicence = \"l\"\n\
            columns = [{ name = \"place\", type = \"text\", width = 9, title_fr = \"t\" }, { name = \"figure\", type = \"number\", unit = \"share\", min = 0, title_fr = \"t\" }]\n\
            feed = { format = \"csv\" }\ncadence = { cron = \"0 8 * * *\", warn_after = \"36h\", error_after = \"72h\" }\nbounds = { bad_rows_share_max = 1.0 }\n";
        let checked = rows(value.as_bytes(), &contract(text));
        checked.findings[0].message.replace(['\u{a0}', '\u{202f}'], " ")
    };
    assert_eq!(
        share("place,figure\n310000001,45\n"),
        "Ligne 2, colonne « figure » : « 45 » est trop grand pour une part (un pourcentage ?). Attendu : un nombre de 0 à 1. (above-max)"
    );
    assert_eq!(
        share("place,figure\n310000001,45 %\n"),
        "Ligne 2, colonne « figure » : « 45 % » est un pourcentage et non un nombre. Attendu : un nombre de 0 à 1. (percentage)"
    );
    assert_eq!(
        share("place,figure\n310000001,####\n"),
        "Ligne 2, colonne « figure » : « #### » cache la valeur : la colonne du tableur était trop étroite. Attendu : un nombre de 0 à 1. (spreadsheet-error)"
    );
    for code in ["3.10E+08", "\"3,10E+08\"", "\"3,100E+08\""] {
        let said = share(&format!("place,figure\n{code},0.5\n"));
        assert!(said.ends_with("(lost-digits)"), "{code}: {said}");
    }
}
