//! Numbers of rows that a body states of itself, and marks that more follow.

use rust_xlsxwriter::Workbook;

use super::{STOCK, codes, contract, rows, table};
use crate::{Checked, Code, Severity};

fn json(feed: &str, body: &str) -> Checked {
    let layout = STOCK.replace("format = \"csv\"", &format!("format = \"json\"\n{feed}"));
    rows(body.as_bytes(), &contract(&layout))
}

const ROWS: &str = r#"[{"dep": "31", "jour": "2020-10-05", "hosp": 1, "rad": 1, "count": 9},
    {"dep": "2A", "jour": "2020-10-05", "hosp": 2, "rad": 2, "count": 9}]"#;

#[test]
fn a_page_is_not_the_whole() {
    let check = |feed: &str, body: &str, expected: Option<&str>| {
        let body = body.replace("ROWS", ROWS);
        let checked = json(feed, &body);
        assert_eq!(checked.rows.len(), 2, "{body}");
        let message = checked.incomplete.map(|finding| {
            assert_eq!(finding.code, Code::IncompleteBody);
            finding.message
        });
        match (expected, &message) {
            (Some(part), Some(message)) => assert!(message.contains(part), "{body}: {message}"),
            (None, None) => {}
            _ => panic!("{feed} {body}: {message:?}"),
        }
    };
    let results = "path = \"results\"";
    // Opendatasoft 2, Socrata, CKAN, OGC, ArcGIS, OData, Spring, Laravel, Django, FHIR, Elasticsearch, World Bank.
    check(results, r#"{"total_count": 303, "results": ROWS}"#, Some("303"));
    check(results, r#"{"results": ROWS, "total_count": 303}"#, Some("303"));
    check(results, r#"{"total_count": 2, "results": ROWS}"#, None);
    check(results, r#"{"total_count": "303", "results": ROWS}"#, Some("total_count"));
    check(
        "path = \"result.records\"",
        r#"{"success": true, "result": {"records": ROWS, "total": 303, "_links": {"next": "/api?offset=2"}}}"#,
        Some("303"),
    );
    // CKAN gives the address of a next page after the last one too.
    check(
        "path = \"result.records\"",
        r#"{"result": {"records": ROWS, "total": 2, "_links": {"start": "/api", "next": "/api?offset=2"}}}"#,
        None,
    );
    check(
        "path = \"features\"",
        r#"{"type": "FeatureCollection", "numberMatched": 303, "numberReturned": 2, "features": ROWS}"#,
        Some("numberMatched"),
    );
    check(
        "path = \"features\"",
        r#"{"exceededTransferLimit": true, "features": ROWS}"#,
        Some("exceededTransferLimit"),
    );
    check("path = \"features\"", r#"{"exceededTransferLimit": false, "features": ROWS}"#, None);
    check(
        "path = \"features\"",
        r#"{"properties": {"exceededTransferLimit": true}, "features": ROWS}"#,
        Some("suivent"),
    );
    check(
        "path = \"features\"",
        r#"{"features": ROWS, "links": [{"rel": "self", "href": "http://a/1"}, {"rel": "next", "href": "http://a/2"}]}"#,
        Some("http://a/2"),
    );
    check(
        "path = \"features\"",
        r#"{"features": ROWS, "links": [{"rel": "self", "href": "http://a/1"}]}"#,
        None,
    );
    check("path = \"value\"", r#"{"@odata.count": 303, "value": ROWS}"#, Some("303"));
    check("path = \"value\"", r#"{"@odata.nextLink": "http://a/2", "value": ROWS}"#, Some("suivent"));
    check(
        "path = \"content\"",
        r#"{"content": ROWS, "page": {"size": 2, "totalElements": 303, "totalPages": 152}}"#,
        Some("303"),
    );
    check(
        "path = \"data\"",
        r#"{"data": ROWS, "meta": {"current_page": 1, "last_page": 4}}"#,
        Some("last_page"),
    );
    check(
        "path = \"data\"",
        r#"{"data": ROWS, "meta": {"current_page": 1, "last_page": 1}, "links": {"next": null}}"#,
        None,
    );
    check(
        results,
        r#"{"count": 303, "next": "http://a/?page=2", "previous": null, "results": ROWS}"#,
        Some("303"),
    );
    check(results, r#"{"count": 2, "next": null, "results": ROWS}"#, None);
    // `count` is the page's here.
    check(results, r#"{"count": 2, "next": "/a?page=2", "results": ROWS}"#, Some("suivent"));
    check(results, r#"{"results": ROWS, "nextPageToken": "CAUQAA"}"#, Some("nextPageToken"));
    check(results, r#"{"results": ROWS, "has_more": true}"#, Some("has_more"));
    check("path = \"1\"", r#"[{"page": 1, "pages": 4, "total": 303}, ROWS]"#, Some("303"));
    // Numbers of other things.
    check(results, r#"{"results": ROWS, "summary": {"total": 6543}}"#, None);
    check(
        results,
        r#"{"results": ROWS, "next": "2020-10-13", "size": 9000, "limit": 100, "offset": 0}"#,
        None,
    );
    check(results, r#"{"other": [{"total": 303}], "results": ROWS}"#, None);
    check("", "ROWS", None);
    // What the contract says of them.
    check("path = \"results\"\ntotal = false", r#"{"total": 6543, "results": ROWS}"#, None);
    check(
        "path = \"results\"\ntotal = false\nmore = false",
        r#"{"total": 6543, "next": "/a", "results": ROWS}"#,
        None,
    );
    check(
        "path = \"results\"\ntotal = \"summary.nb\"",
        r#"{"summary": {"nb": 303}, "results": ROWS}"#,
        Some("303"),
    );
    check(
        "path = \"results\"\ntotal = \"summary.nb\"",
        r#"{"summary": {"nb": 1}, "results": ROWS}"#,
        Some("annonce 1"),
    );
    check(
        "path = \"results\"\ntotal = \"summary.nb\"",
        r#"{"summary": {"nb": 2}, "total": 6543, "results": ROWS}"#,
        None,
    );
    check(
        "path = \"results\"\nmore = \"page.encore\"",
        r#"{"page": {"encore": true}, "results": ROWS}"#,
        Some("page.encore"),
    );
    check(
        "path = \"results\"\nmore = \"page.encore\"",
        r#"{"page": {"encore": false}, "results": ROWS}"#,
        None,
    );
    check("path = \"results\"\nmore = \"page.encore\"", r#"{"page": {}, "results": ROWS}"#, None);
}

#[test]
fn a_number_that_the_contract_promises_is_missed() {
    let checked = json("path = \"results\"\ntotal = \"nb\"", &format!("{{\"results\": {ROWS}}}"));
    assert_eq!(checked.incomplete.map(|finding| finding.code), Some(Code::StatedTotalAbsent));
}

/// Rows that are set aside or left out are rows that the body holds.
#[test]
fn all_rows_sent_count() {
    let body = r#"{"total": 3, "data": [{"dep": "31", "jour": "2020-10-05", "hosp": 1, "rad": 1},
        {"dep": "20", "jour": "2020-10-05", "hosp": 1, "rad": 1}, {"dep": "31", "jour": "2020-10-05", "hosp": 1, "rad": 1}]}"#;
    let checked = json("path = \"data\"", body);
    assert_eq!((checked.rows.len(), checked.incomplete), (1, None));
}

#[test]
fn a_hostile_neighbourhood_is_passed_over() {
    let many: String = (0..20_000).map(|n| format!("\"k{n}\": {{\"total\": {n}}}, ")).collect();
    let deep = "[".repeat(40) + &"]".repeat(40);
    let body =
        format!("{{{many} \"deep\": {deep}, \"long\": [{}0], \"results\": {ROWS}}}", "0, ".repeat(100_000));
    let checked = json("path = \"results\"", &body);
    assert_eq!((checked.rows.len(), checked.incomplete), (2, None));
}

const FOOTER: &str = "footer = [\"Total : {rows} lignes\", \"Source : *\"]";

#[test]
fn lines_at_the_foot_are_no_rows_and_their_number_counts() {
    let layout = contract(&STOCK.replace("[dialect]", &format!("[dialect]\n{FOOTER}")));
    let check = |foot: &str, expected: Option<&str>| {
        let body = format!("dep;jour;hosp;rad\n31;2020-10-05;1;1\n2A;2020-10-05;2;2\n{foot}");
        let checked = rows(body.as_bytes(), &layout);
        assert_eq!(table(&checked), ["2A;2020-10-05;2;2", "31;2020-10-05;1;1"], "{foot}");
        assert_eq!(codes(&checked, Severity::Error), Vec::<String>::new(), "{foot}");
        let message = checked.incomplete.map(|finding| finding.message);
        assert_eq!(message.is_some(), expected.is_some(), "{foot} {message:?}");
        assert!(message.unwrap_or_default().contains(expected.unwrap_or_default()), "{foot}");
    };
    check("Total : 2 lignes\nSource : Santé publique France ; données provisoires\n", None);
    check("Total : 303 lignes;;;\n", Some("303"));
    check("TOTAL\u{a0}: 1\u{202f}303 lignes\n", Some("1\u{202f}303"));
    check("Total : 1 lignes\n", Some("annonce 1"));
    check("Source : ARS\n", None);

    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in
        [["dep", "jour", "hosp", "rad"], ["31", "2020-10-05", "1", "1"], ["Total :", "303", "lignes", ""]]
            .iter()
            .enumerate()
    {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write(row as u32, column as u16, *cell).unwrap();
        }
    }
    let layout =
        contract(&STOCK.replace("[dialect]", &format!("[dialect]\n{FOOTER}")).replace("\"csv\"", "\"xlsx\""));
    let checked = rows(&book.save_to_buffer().unwrap(), &layout);
    assert_eq!(table(&checked), ["31;2020-10-05;1;1"]);
    assert!(checked.incomplete.unwrap().message.contains("303"));
}
