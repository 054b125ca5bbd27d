//! Feeds whose layout is not one plain field for each column: what contracts can say of them, in each form of body.
//!
//! Expected rows are written by hand from the bodies.

use encoding_rs::{ISO_8859_15, WINDOWS_1252};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::{codes, contract, has, refused, rows, table};
use crate::{Code, Severity};

/// A contract of the given key, columns and the rest.
fn layout(key: &str, columns: &str, rest: &str) -> vigie_queries::Contract {
    let rest =
        if rest.contains("[feed]") { rest.to_owned() } else { format!("[feed]\nformat = \"csv\"\n{rest}") };
    contract(&format!(
        "id = \"layout\"\ntitle_fr = \"t\"\ndescription_fr = \"d\"\nkind = \"snapshot\"\nkey = [{key}]\n\
         publisher = \"p\"\nlicence = \"l\"\ncolumns = [\n{columns}\n]\n{rest}\n\
         [cadence]\ncron = \"0 8 * * *\"\nwarn_after = \"36h\"\nerror_after = \"72h\"\n"
    ))
}

const DEPARTMENT: &str = r#"{ name = "department", from = ["dep"], type = "department", title_fr = "t" },"#;
const DAY: &str = r#"{ name = "time_value", from = ["jour"], type = "date", title_fr = "t" },"#;
const HOSP: &str = r#"{ name = "hosp", type = "integer", min = 0, nullable = true, title_fr = "t" },"#;
const KEY: &str = r#""department", "time_value""#;

fn csv(columns: &str, rest: &str, body: &str) -> Vec<String> {
    table(&rows(body.as_bytes(), &layout(KEY, columns, rest)))
}

/// The cells of a table as a workbook; a cell that is a number is one, `2020-10-05` a day with its format.
fn workbook(lines: &[&[&str]]) -> Vec<u8> {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in lines.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (row, column) = (row as u32, column as u16);
            if let Ok(number) = cell.parse::<f64>() {
                sheet.write(row, column, number).unwrap();
            } else if let Some(date) =
                cell.starts_with("20").then(|| ExcelDateTime::parse_from_str(cell).ok()).flatten()
            {
                sheet.write_with_format(row, column, &date, &day).unwrap();
            } else if !cell.is_empty() {
                sheet.write(row, column, *cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn codes_come_in_other_clothes() {
    let check = |rest: &str, codes: &[&str], expected: &[&str], bad: &[&str]| {
        let column = DEPARTMENT.replace("title_fr", &format!("{rest}, title_fr"));
        let body: String = codes.iter().map(|code| format!("{code};2020-10-05;1\n")).collect();
        let layout = layout(
            KEY,
            &format!("{column}\n{DAY}\n{HOSP}"),
            "[dialect]\ndelimiter = \";\"\n[bounds]\nbad_rows_share_max = 1.0",
        );
        let checked = rows(format!("dep;jour;hosp\n{body}").as_bytes(), &layout);
        let places: Vec<String> =
            table(&checked).iter().map(|row| row.split(';').next().unwrap().to_owned()).collect();
        assert_eq!(places, expected, "{rest}");
        assert_eq!(super::codes(&checked, Severity::Error), bad, "{rest}");
    };
    check("pattern = \"DEP-{}\"", &["DEP-31", "DEP-2A", "DEP-01"], &["01", "2A", "31"], &[]);
    check("pattern = \"DEP-{}\"", &["DEP-31", "REG-76", "31"], &["31"], &["code-form@3", "code-form@4"]);
    check("pattern = [\"DEP-{}\", \"{}\"]", &["DEP-31", "66"], &["31", "66"], &[]);
    check("pattern = \"FR-{}\"", &["FR-31", "FR-971"], &["31", "971"], &[]);
    check("pattern = \"0{}\"", &["031", "0971", "02A", "001"], &["01", "2A", "31", "971"], &[]);
    check("pattern = \"{} - *\"", &["31 - Haute-Garonne", "2A - Corse-du-Sud"], &["2A", "31"], &[]);
    check("pattern = \"DEP-{}\"", &["DEP-20", "DEP-31"], &["31"], &["unknown-place@2"]);
    check(
        "map = { HG = \"31\", \"Corse du Sud\" = \"2A\" }",
        &["HG", "Corse du Sud", "66"],
        &["2A", "31", "66"],
        &[],
    );
    check(
        "names = true",
        &["Haute-Garonne", "COTES D'ARMOR", "La Réunion", "Côte-d’Or", "66", "Occitanie"],
        &["21", "22", "31", "66", "974"],
        &["unknown-place@7"],
    );
}

/// Public case 04: three levels in one column.
#[test]
fn other_levels_are_left_out_by_name() {
    let body = "date,maille,hosp\n2020-10-01,FRA,7001\n2020-10-01,REG-76,501\n2020-10-01,DEP-31,171\n\
                2020-10-01,DEP-2A,21\n2020-10-01,COM-978,1\n";
    let department = r#"{ name = "department", from = ["maille"], type = "department", pattern = "DEP-{}", title_fr = "t" },"#;
    let day = DAY.replace("jour", "date");
    let columns = format!("{department}\n{day}\n{HOSP}");
    for filter in [
        r#"filters = [{ column = "maille", keep = ["DEP-*"] }]"#,
        r#"filters = [{ column = "maille", leave_out = ["FRA", "REG-*", "COM-*"] }]"#,
    ] {
        let checked =
            rows(body.as_bytes(), &layout(KEY, &columns, &format!("{filter}\n[feed]\nformat = \"csv\"")));
        assert_eq!(table(&checked), ["2A;2020-10-01;21", "31;2020-10-01;171"]);
        assert_eq!((checked.counts.rows_in, checked.counts.rows_filtered), (2, 3));
        assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    }
    // Without a filter each row of another level is told.
    let strict = layout(KEY, &columns, "[bounds]\nbad_rows_share_max = 1.0");
    assert_eq!(
        codes(&rows(body.as_bytes(), &strict), Severity::Error),
        ["code-form@2", "code-form@3", "code-form@6"]
    );
}

#[test]
fn a_day_is_in_several_columns() {
    let day = r#"{ name = "time_value", type = "date", join = "{annee}-{mois}-{jour}", title_fr = "t" },"#;
    let columns = format!("{DEPARTMENT}\n{day}\n{HOSP}");
    let body = "dep,annee,mois,jour,hosp\n31,2020,10,5,1\n31,2020,2,29,2\n31,2021,02,29,3\n31,2020,,5,4\n31,2020,10,6.0,5\n";
    let lenient = "[bounds]\nbad_rows_share_max = 1.0";
    let checked = rows(body.as_bytes(), &layout(KEY, &columns, lenient));
    assert_eq!(table(&checked), ["31;2020-02-29;2", "31;2020-10-05;1", "31;2020-10-06;5"]);
    assert_eq!(codes(&checked, Severity::Error), ["impossible-date@4", "missing-value@5"]);
    let message = &checked.findings[0].message;
    assert!(message.contains("annee, mois, jour") && message.contains("2021-02-29"), "{message}");
    assert_eq!(codes(&checked, Severity::Info), Vec::<String>::new());

    let json = "[feed]\nformat = \"json\"\n[bounds]\nbad_rows_share_max = 1.0";
    let records = r#"[{"dep": "31", "annee": 2020, "mois": 10, "jour": 5, "hosp": 1}, {"dep": "31", "annee": 2020, "mois": null, "jour": 5, "hosp": 1}]"#;
    let checked = rows(records.as_bytes(), &layout(KEY, &columns, json));
    assert_eq!(table(&checked), ["31;2020-10-05;1"]);
    assert_eq!(codes(&checked, Severity::Error), ["missing-value@2"]);

    let sheet = workbook(&[&["dep", "annee", "mois", "jour", "hosp"], &["31", "2020", "10", "5", "1"]]);
    assert_eq!(
        table(&rows(&sheet, &layout(KEY, &columns, "[feed]\nformat = \"xlsx\""))),
        ["31;2020-10-05;1"]
    );

    let refusal = refused(b"dep,annee,jour,hosp\n31,2020,5,1\n", &layout(KEY, &columns, ""));
    assert_eq!((refusal.code, refusal.message_fr.contains("mois")), (Code::MissingColumn, true));
    // Months in letters.
    let written = day.replace("title_fr", "formats = \"%Y-%B-%d\", title_fr");
    let body = "dep,annee,mois,jour,hosp\n31,2020,octobre,5,1\n31,2020,Août,15,2\n";
    assert_eq!(
        csv(&format!("{DEPARTMENT}\n{written}\n{HOSP}"), "", body),
        ["31;2020-08-15;2", "31;2020-10-05;1"]
    );
}

#[test]
fn a_week_is_its_monday() {
    let check = |rest: &str, header: &str, value: &str, expected: &str| {
        let day = format!("{{ name = \"time_value\", type = \"date\", title_fr = \"t\", {rest} }},");
        let found = csv(
            &format!("{DEPARTMENT}\n{day}\n{HOSP}"),
            "[dialect]\ndelimiter = \";\"",
            &format!("dep;{header};hosp\n31;{value};1\n"),
        );
        assert_eq!(found, [format!("31;{expected};1")], "{rest} {value}");
    };
    check("from = [\"semaine\"], formats = \"%G-W%V\"", "semaine", "2020-W42", "2020-10-12");
    check("from = [\"semaine\"], formats = \"%GS%V\"", "semaine", "2020S42", "2020-10-12");
    check("from = [\"semaine\"], formats = \"S%V-%G\"", "semaine", "S42-2020", "2020-10-12");
    check("join = \"{annee}-{semaine}\", formats = \"%G-%V\"", "annee;semaine", "2020;1", "2019-12-30");
    check("join = \"{annee}-{semaine}\", formats = \"%G-%V\"", "annee;semaine", "2020;53", "2020-12-28");
    check("from = [\"mois\"], formats = \"%Y-%m\"", "mois", "2020-10", "2020-10-01");

    let day = "{ name = \"time_value\", type = \"date\", title_fr = \"t\", from = [\"semaine\"], formats = \"%G%V\" },";
    let json = r#"[{"dep": "31", "semaine": 202042, "hosp": 1}]"#;
    let columns = format!("{DEPARTMENT}\n{day}\n{HOSP}");
    let checked = rows(json.as_bytes(), &layout(KEY, &columns, "[feed]\nformat = \"json\""));
    assert_eq!(table(&checked), ["31;2020-10-12;1"]);
    let sheet = workbook(&[&["dep", "semaine", "hosp"], &["31", "202042", "1"], &["31", "202154", "1"]]);
    let lenient = "[feed]\nformat = \"xlsx\"\n[bounds]\nbad_rows_share_max = 1.0";
    let checked = rows(&sheet, &layout(KEY, &columns, lenient));
    assert_eq!(table(&checked), ["31;2020-10-12;1"]);
    assert_eq!(codes(&checked, Severity::Error), ["type-error@3"]);
}

const WIDE: &str = "[unpivot]\nnames = \"time_value\"\nvalues = \"hosp\"\nexcept = [\"nom\"]";

#[test]
fn one_column_a_day_becomes_rows() {
    let columns = format!("{DEPARTMENT}\n{DAY}\n{HOSP}");
    let body = "dep,nom,2020-10-05,06/10/2020,2020-10-07\n31,Haute-Garonne,1,2,\n2A,Corse-du-Sud,4,x,6\n";
    let checked = rows(body.as_bytes(), &layout(KEY, &columns, WIDE));
    assert_eq!(
        table(&checked),
        ["2A;2020-10-05;4", "2A;2020-10-07;6", "31;2020-10-05;1", "31;2020-10-06;2", "31;2020-10-07;"]
    );
    assert_eq!((checked.counts.rows_in, checked.counts.rows_quarantined), (6, 1));
    assert_eq!(codes(&checked, Severity::Error), ["type-error@3"]);
    let finding = &checked.findings[0];
    assert_eq!(finding.column.as_deref(), Some("06/10/2020"));
    assert_eq!(finding.raw.as_deref(), Some("2A,Corse-du-Sud,4,x,6"));

    let json = r#"[{"dep": "31", "nom": "Haute-Garonne", "2020-10-05": 1, "2020-10-06": null}, {"dep": "2A", "2020-10-06": 5}]"#;
    let json_feed = format!("{WIDE}\n[feed]\nformat = \"json\"");
    let checked = rows(json.as_bytes(), &layout(KEY, &columns, &json_feed));
    assert_eq!(table(&checked), ["2A;2020-10-05;", "2A;2020-10-06;5", "31;2020-10-05;1", "31;2020-10-06;"]);

    let sheet = workbook(&[
        &["Patients hospitalisés"],
        &["dep", "nom", "2020-10-05", "2020-10-06"],
        &["31", "Haute-Garonne", "1", "2"],
        &["2A", "Corse-du-Sud", "", "4"],
    ]);
    let checked = rows(&sheet, &layout(KEY, &columns, &format!("{WIDE}\n[feed]\nformat = \"xlsx\"")));
    assert_eq!(table(&checked), ["2A;2020-10-05;", "2A;2020-10-06;4", "31;2020-10-05;1", "31;2020-10-06;2"]);
}

/// The layout of the world's best-known wide table, month first.
#[test]
fn titles_are_read_in_the_layout_that_the_contract_names() {
    let day = r#"{ name = "time_value", type = "date", formats = "%m/%d/%y", title_fr = "t" },"#;
    let place = r#"{ name = "place", from = ["Country/Region"], type = "text", title_fr = "t" },"#;
    let rest = "[unpivot]\nnames = \"time_value\"\nvalues = \"hosp\"\nexcept = [\"Province/State\", \"Lat\", \"Long\"]";
    let body = "Province/State,Country/Region,Lat,Long,1/22/20,2/3/20\n,France,46.2276,2.2137,0,6\n";
    let checked =
        rows(body.as_bytes(), &layout(r#""place", "time_value""#, &format!("{place}\n{day}\n{HOSP}"), rest));
    assert_eq!(table(&checked), ["France;2020-01-22;0", "France;2020-02-03;6"]);
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    // Without it, the titles that can be read day first would be other days.
    let french = day.replace("formats = \"%m/%d/%y\", ", "");
    let body_of_2020 = body.replace("/20,", "/2020,").replace("/20\n", "/2020\n");
    let silent = layout(r#""place", "time_value""#, &format!("{place}\n{french}\n{HOSP}"), rest);
    assert_eq!(refused(body_of_2020.as_bytes(), &silent).code, Code::AmbiguousDates);
    // Month first is no doubt where the contract says so.
    let day = day.replace("%m/%d/%y", "%m/%d/%Y").replace("type", "from = [\"jour\"], type");
    let body = "dep,jour,hosp\n31,06/27/2020,1\n31,06/07/2020,2\n";
    assert_eq!(
        csv(&format!("{DEPARTMENT}\n{day}\n{HOSP}"), "", body),
        ["31;2020-06-07;2", "31;2020-06-27;1"]
    );
}

#[test]
fn a_wide_table_may_be_faulty_too() {
    let columns = format!("{DEPARTMENT}\n{DAY}\n{HOSP}");
    let lenient = layout(
        KEY,
        &columns,
        &format!("{WIDE}\n[bounds]\nbad_rows_share_max = 1.0\n[feed]\nformat = \"csv\""),
    );
    // A mistyped title is told; a department that is none is one finding and not one for each day.
    let body =
        "dep,nom,2020-10-05,2020-10_06,2020-10-07\n20,Corse,1,2,3\n31,x,1,2,3\n31,y,1,9,4\n\n,,,,\n66,z,1\n";
    let checked = rows(body.as_bytes(), &lenient);
    assert_eq!(table(&checked), ["31;2020-10-05;1"]);
    assert_eq!(
        codes(&checked, Severity::Error),
        ["unknown-place@2", "conflicting-duplicate@3", "conflicting-duplicate@4", "field-count@7"]
    );
    assert_eq!(codes(&checked, Severity::Warn), ["unread-title@1"]);
    assert!(checked.findings.iter().any(|finding| finding.message.contains("2020-10_06")));
    let conflict = checked.findings.iter().find(|finding| finding.line == Some(4)).unwrap();
    assert_eq!(conflict.raw.as_deref(), Some("31,y,1,9,4"));
    let refusal = refused(b"dep,nom,lundi,mardi\n31,x,1,2\n", &lenient);
    assert_eq!(refusal.code, Code::MissingColumn);
    // Two titles that are one day.
    let checked = rows(b"dep,2020-10-05,05/10/2020\n31,1,2\n66,3,3\n", &lenient);
    assert_eq!(table(&checked), ["66;2020-10-05;3"]);
}

#[test]
fn classes_and_weeks_may_be_columns_too() {
    let class = r#"{ name = "age", type = "text", values = ["0-14", "15-64", "65+"], title_fr = "t" },"#;
    let rest = "[unpivot]\nnames = \"age\"\nvalues = \"hosp\"";
    let layout_of = |columns: &str, rest: &str| layout(r#""department", "age""#, columns, rest);
    let checked = rows(
        "dep,0-14,15-64,65+,total\n31,1,2,3,6\n".as_bytes(),
        &layout_of(&format!("{DEPARTMENT}\n{class}\n{HOSP}"), rest),
    );
    assert_eq!(table(&checked), ["31;0-14;1", "31;15-64;2", "31;65+;3"]);
    assert_eq!(codes(&checked, Severity::Warn), ["unread-title@1"]);

    let week = r#"{ name = "time_value", type = "date", formats = "S%V-%G", title_fr = "t" },"#;
    let measure = r#"{ name = "measure", from = ["indicateur"], type = "text", title_fr = "t" },"#;
    let rest = "[unpivot]\nnames = \"time_value\"\nvalues = \"hosp\"";
    let checked = rows(
        "dep,indicateur,S41-2020,S42-2020\n31,hosp,1,2\n31,rea,3,4\n".as_bytes(),
        &layout(
            r#""department", "measure", "time_value""#,
            &format!("{DEPARTMENT}\n{measure}\n{week}\n{HOSP}"),
            rest,
        ),
    );
    assert_eq!(
        table(&checked),
        ["31;hosp;2020-10-05;1", "31;hosp;2020-10-12;2", "31;rea;2020-10-05;3", "31;rea;2020-10-12;4"]
    );
}

/// Public case 07: rows under `attributes`, days as milliseconds of local midnight.
#[test]
fn rows_lie_under_an_inner_object() {
    let day = r#"{ name = "time_value", from = ["jour"], type = "date", epoch = "ms", time_zone = "Europe/Paris", title_fr = "t" },"#;
    let columns = format!("{DEPARTMENT}\n{day}\n{HOSP}");
    let body = r#"{"objectIdFieldName": "id", "features": [
        {"attributes": {"dep": "31", "jour": 1601935200000, "hosp": 170}, "geometry": {"x": 1, "y": 2}},
        {"attributes": {"dep": "31", "jour": 1602021600000, "hosp": 171}},
        {"attributes": null}, {"geometry": {"x": 1}}]}"#;
    let feed = "[feed]\nformat = \"json\"\npath = \"features\"\nrecord = \"attributes\"\n[bounds]\nbad_rows_share_max = 1.0";
    let checked = rows(body.as_bytes(), &layout(KEY, &columns, feed));
    assert_eq!(table(&checked), ["31;2020-10-06;170", "31;2020-10-07;171"]);
    assert_eq!(codes(&checked, Severity::Error), ["missing-record@3", "missing-record@4"]);
    assert!(!has(&checked, Code::ExtraColumn));

    let lines = "{\"type\":\"Feature\",\"properties\":{\"dep\":\"31\",\"jour\":\"2020-10-05T22:00:00Z\",\"hosp\":1}}\n";
    let feed = "[feed]\nformat = \"ndjson\"\nrecord = \"properties\"";
    assert_eq!(table(&rows(lines.as_bytes(), &layout(KEY, &columns, feed))), ["31;2020-10-06;1"]);

    // Fields of an inner object beside those of the record.
    let place = DEPARTMENT.replace("\"dep\"", "\"lieu.code\"");
    let body = r#"{"data": {"rows": [{"lieu": {"code": "31", "nom": "HG"}, "jour": "2020-10-06", "hosp": 5},
        {"lieu": "31", "jour": "2020-10-07", "hosp": 6}]}}"#;
    let feed = "[feed]\nformat = \"json\"\npath = \"data.rows\"\n[bounds]\nbad_rows_share_max = 1.0";
    let checked = rows(body.as_bytes(), &layout(KEY, &format!("{place}\n{DAY}\n{HOSP}"), feed));
    assert_eq!(table(&checked), ["31;2020-10-06;5"]);
    assert_eq!(codes(&checked, Severity::Error), ["missing-value@2"]);
}

#[test]
fn rows_may_be_the_members_of_an_object() {
    let columns = format!("{DEPARTMENT}\n{DAY}\n{HOSP}");
    let feed = "[feed]\nformat = \"json\"\npath = \"data\"\nkeys = \"dep\"";
    let body = r#"{"data": {"31": {"jour": "2020-10-05", "hosp": 1}, "2A": {"hosp": 2, "jour": "2020-10-05"}}, "total": 3}"#;
    let checked = rows(body.as_bytes(), &layout(KEY, &columns, feed));
    assert_eq!(table(&checked), ["2A;2020-10-05;2", "31;2020-10-05;1"]);
    assert!(checked.incomplete.unwrap().message.contains("annonce 3"));
    for faulty in [r#"{"data": {"31": 5}}"#, r#"{"data": {"31": [1, 2]}}"#] {
        assert_eq!(refused(faulty.as_bytes(), &layout(KEY, &columns, feed)).code, Code::BrokenJson);
    }
}

#[test]
fn rows_may_be_lists() {
    let columns = format!("{DEPARTMENT}\n{DAY}\n{HOSP}");
    let lenient = "\n[bounds]\nbad_rows_share_max = 1.0";
    let check = |feed: &str, body: &str, bad: &[&str]| {
        let checked = rows(
            body.as_bytes(),
            &layout(KEY, &columns, &format!("[feed]\nformat = \"json\"\n{feed}{lenient}")),
        );
        assert_eq!(table(&checked), ["2A;2020-10-05;2", "31;2020-10-05;1"], "{body}");
        assert_eq!(codes(&checked, Severity::Error), bad, "{body}");
    };
    check(
        "path = \"data\"\nheader = \"columns\"",
        r#"{"columns": ["dep", "jour", "hosp"], "data": [["31", "2020-10-05", 1], ["2A", "2020-10-05", 2], ["66", "2020-10-05"]]}"#,
        &["field-count@3"],
    );
    // The names may come after the rows, and be objects.
    check(
        "path = \"data\"\nheader = \"meta.view.columns\"",
        r#"{"data": [["31", "2020-10-05", 1], ["2A", "2020-10-05", 2]],
            "meta": {"view": {"columns": [{"id": 7, "name": "dep"}, {"name": "jour"}, {"id": "hosp"}]}}}"#,
        &[],
    );
    check("", r#"[["dep", "jour", "hosp"], ["31", "2020-10-05", 1], ["2A", "2020-10-05", 2]]"#, &[]);
    // A place in a list is a part of the path.
    check(
        "path = \"1\"",
        r#"[{"page": 1, "pages": 1, "total": 2}, [{"dep": "31", "jour": "2020-10-05", "hosp": 1},
            {"dep": "2A", "jour": "2020-10-05", "hosp": 2}]]"#,
        &[],
    );
    let lost = layout(KEY, &columns, "[feed]\nformat = \"json\"\npath = \"data\"\nheader = \"noms\"");
    assert_eq!(refused(br#"{"data": [["31", "2020-10-05", 1]]}"#, &lost).code, Code::JsonPath);
}

#[test]
fn hours_are_instants_in_the_key() {
    let moment = r#"{ name = "moment", from = ["horodatage"], type = "timestamp", time_zone = "Europe/Paris", title_fr = "t" },"#;
    let columns = format!("{DEPARTMENT}\n{moment}\n{HOSP}");
    let key = r#""department", "moment""#;
    let lenient = "[bounds]\nbad_rows_share_max = 1.0\n[dialect]\ndelimiter = \";\"";
    let body = "dep;horodatage;hosp\n31;01/10/2020 15:00;2\n31;01/10/2020 14:00;1\n31;25/10/2020 02:30;3\n31;01/10/2020;4\n\
                31;01/10/2020 14:00;1\n31;01/01/2021 01:00;5\n";
    let checked = rows(body.as_bytes(), &layout(key, &columns, lenient));
    assert_eq!(table(&checked), ["31;2020-10-01T12:00:00Z;1", "31;2020-10-01T13:00:00Z;2"]);
    assert_eq!(codes(&checked, Severity::Error), ["ambiguous-time@4", "type-error@5", "future-date@7"]);
    assert!(checked.findings[0].message.contains("deux fois"), "{}", checked.findings[0].message);

    let sheet = {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let format = Format::new().set_num_format("dd/mm/yyyy hh:mm");
        for (column, name) in ["dep", "horodatage", "hosp"].iter().enumerate() {
            sheet.write(0, column as u16, *name).unwrap();
        }
        let at = ExcelDateTime::parse_from_str("2020-10-01T14:00:00").unwrap();
        sheet.write(1, 0, "31").unwrap();
        sheet.write_with_format(1, 1, &at, &format).unwrap();
        sheet.write(1, 2, 1).unwrap();
        book.save_to_buffer().unwrap()
    };
    let checked = rows(&sheet, &layout(key, &columns, "[feed]\nformat = \"xlsx\""));
    assert_eq!(table(&checked), ["31;2020-10-01T12:00:00Z;1"]);

    // A day and an hour in two columns; the day for itself as well.
    let moment = moment.replace("from = [\"horodatage\"]", "join = \"{jour} {heure}:00\"");
    let columns = format!("{DEPARTMENT}\n{moment}\n{DAY}\n{HOSP}");
    let body = "dep;jour;heure;hosp\n31;01/10/2020;14;1\n31;01/10/2020;0;2\n";
    let checked = rows(body.as_bytes(), &layout(key, &columns, "[dialect]\ndelimiter = \";\""));
    assert_eq!(
        table(&checked),
        ["31;2020-09-30T22:00:00Z;2020-10-01;2", "31;2020-10-01T12:00:00Z;2020-10-01;1"]
    );
    // The day of the same field, in the zone of the reading.
    let moment = r#"{ name = "moment", from = ["at"], type = "timestamp", epoch = "s", title_fr = "t" },"#;
    let day = r#"{ name = "time_value", from = ["at"], type = "date", epoch = "s", time_zone = "Europe/Paris", title_fr = "t" },"#;
    let body = r#"[{"dep": "31", "at": 1601935200, "hosp": 1}]"#;
    let checked = rows(
        body.as_bytes(),
        &layout(key, &format!("{DEPARTMENT}\n{moment}\n{day}\n{HOSP}"), "[feed]\nformat = \"json\""),
    );
    assert_eq!(table(&checked), ["31;2020-10-05T22:00:00Z;2020-10-06;1"]);
}

#[test]
fn months_first_are_told_in_instants_too() {
    let moment = r#"{ name = "moment", from = ["at"], type = "timestamp", time_zone = "Europe/Paris", title_fr = "t" },"#;
    let columns = format!("{DEPARTMENT}\n{moment}\n{HOSP}");
    let body = "dep,at,hosp\n31,06/27/2020 14:00,1\n31,06/07/2020 14:00,2\n";
    let layout = layout(r#""department", "moment""#, &columns, "[bounds]\nbad_rows_share_max = 1.0");
    assert_eq!(refused(body.as_bytes(), &layout).code, Code::AmbiguousDates);
}

/// A9 of the new user's trial: ISO-8859-15 was read as Windows-1252 « sans perte ».
#[test]
fn an_encoding_is_declared_or_its_doubt_is_told() {
    let names = r#"{ name = "site", type = "text", title_fr = "t" },"#;
    let check = |rest: &str, body: &[u8], site: &str, form: &str, warned: bool| {
        let checked = rows(body, &layout("\"site\"", &format!("{names}\n{HOSP}"), rest));
        assert_eq!(table(&checked), [format!("{site};1")], "{rest}");
        assert_eq!(checked.form.encoding, form);
        assert_eq!(has(&checked, Code::EncodingGuess), warned, "{:?}", checked.findings);
        assert!(!(warned && has(&checked, Code::Encoding)), "a doubt is not told as « sans perte »");
    };
    let heart = ISO_8859_15.encode("site,hosp\nSacré-Cœur à 10 €,1\n").0;
    check("", &heart, "Sacré-Cœur à 10 €", "ISO-8859-15", true);
    check("[dialect]\nencoding = \"iso-8859-15\"", &heart, "Sacré-Cœur à 10 €", "ISO-8859-15", false);
    check("[dialect]\nencoding = \"windows-1252\"", &heart, "Sacré-C½ur à 10 ¤", "windows-1252", false);
    let half = WINDOWS_1252.encode("site,hosp\nÉtage 2 ½,1\n").0;
    check("", &half, "Étage 2 ½", "windows-1252", true);
    let plain = WINDOWS_1252.encode("site,hosp\nHôpital,1\n").0;
    check("", &plain, "Hôpital", "windows-1252", false);
    // The marks of Windows-1252 leave no doubt.
    let quoted = WINDOWS_1252.encode("site,hosp\nHôtel-Dieu d’Œuf 2 ½,1\n").0;
    check("", &quoted, "Hôtel-Dieu d’Œuf 2 ½", "windows-1252", false);
    // The publisher went over to UTF-8: that is plain to see.
    let utf8 = "site,hosp\nSacré-Cœur,1\n";
    let declared = layout("\"site\"", &format!("{names}\n{HOSP}"), "[dialect]\nencoding = \"iso-8859-15\"");
    assert_eq!(codes(&rows(utf8.as_bytes(), &declared), Severity::Info), ["encoding"]);
    check("[dialect]\nencoding = \"iso-8859-15\"", utf8.as_bytes(), "Sacré-Cœur", "UTF-8", false);
    check("[dialect]\nencoding = \"macintosh\"", b"site,hosp\nH\x99pital,1\n", "Hôpital", "macintosh", false);
    let layout = layout(
        "\"site\"",
        &format!("{names}\n{HOSP}"),
        "[dialect]\nencoding = \"utf-8\"\n[bounds]\nbad_rows_share_max = 1.0",
    );
    assert_eq!(codes(&rows(&plain, &layout), Severity::Error), ["invalid-text@2"]);
}

#[test]
fn rows_above_the_header_are_skipped() {
    let columns = format!("{DEPARTMENT}\n{DAY}\n{HOSP}");
    // A title with as many fields as the table, a quote that is never closed, and more lines than are searched.
    let notes: String = (1..=14).map(|n| format!("note {n},a \"b,c\n")).collect();
    let body =
        format!("\"Patients,au 6 octobre,2020\n{notes}dep,jour,hosp\n31,2020-10-05,1\nx,2020-10-05,1\n");
    let skip = "[feed]\nformat = \"csv\"\nskip_rows = 15\n[bounds]\nbad_rows_share_max = 1.0";
    let checked = rows(body.as_bytes(), &layout(KEY, &columns, skip));
    assert_eq!(table(&checked), ["31;2020-10-05;1"]);
    assert_eq!(codes(&checked, Severity::Error), ["unknown-place@18"]);
    assert!(!has(&checked, Code::Preamble));
    refused(body.as_bytes(), &layout(KEY, &columns, ""));

    let mut lines: Vec<Vec<&str>> = vec![vec!["Patients", "au", "6"]; 20];
    lines.push(vec!["dep", "jour", "hosp"]);
    lines.push(vec!["31", "2020-10-05", "1"]);
    let sheet = workbook(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let skip = "[feed]\nformat = \"xlsx\"\nskip_rows = 20";
    assert_eq!(table(&rows(&sheet, &layout(KEY, &columns, skip))), ["31;2020-10-05;1"]);
    refused(&sheet, &layout(KEY, &columns, "[feed]\nformat = \"xlsx\""));
}

/// The example of docs/contracts.md, with a workbook of its kind.
#[test]
fn the_example_of_the_page_reads_such_a_workbook() {
    let page = include_str!("../../../docs/contracts.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let contract =
        vigie_queries::Contract::parse("sources/beds_weekly.toml", &example.replace("sheet =", "# sheet ="))
            .unwrap();
    let sheet = workbook(&[
        &["Capacités", "Région", "Essai", "2020", "x"],
        &["Édité le 20 octobre 2020"],
        &[],
        &["Lits ouverts"],
        &["Département", "Établissement", "S41-2020", "S42-2020", "Commentaire"],
        &["31 - Haute-Garonne", "CHU", "120", "118", "travaux"],
        &["2A", "CH", "n.d.", "12", ""],
        &["31 - Haute-Garonne", "Total 31", "120", "118", ""],
        &["Total : 3 établissements"],
        &["Source : ARS"],
    ]);
    let checked = rows(&sheet, &contract);
    assert_eq!(
        table(&checked),
        ["2A;CH;2020-10-05;", "2A;CH;2020-10-12;12", "31;CHU;2020-10-05;120", "31;CHU;2020-10-12;118"]
    );
    assert_eq!(codes(&checked, Severity::Error), Vec::<String>::new());
    assert_eq!(codes(&checked, Severity::Info), ["missing-word@7", "footer@9"]);
    assert_eq!(checked.incomplete, None);
}
