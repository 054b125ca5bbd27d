//! Small defects, of the kinds that real feeds had in 2020, so that the page on data quality has something true to show.

use jiff::civil::{Date, date};

/// The body of a source as its edition of day `issued` really came.
pub(crate) fn apply(source: &str, issued: Date, body: String) -> String {
    match source {
        "hospital_stock" => hospital_stock(issued, &body),
        "er_visits" if issued >= date(2020, 10, 22) => negative_count(&body),
        // A department that does not exist: a typing error in one line.
        "tests" if issued >= date(2020, 10, 22) => body + "99;2020-10-16;3;41;0\n",
        _ => body,
    }
}

/// - Lot did not report on 14 October, and never did: the region has a gap that day.
/// - Lot and Lozère came late on 11 October: they are not in the edition of the 12th.
/// - From the edition of the 19th on, the rows of 16 October are dated as on paper.
fn hospital_stock(issued: Date, body: &str) -> String {
    let missing = |line: &str| {
        line.starts_with("\"46\"") && line.contains("2020-10-14")
            || issued == date(2020, 10, 12)
                && line.contains("2020-10-11")
                && (line.starts_with("\"46\"") || line.starts_with("\"48\""))
    };
    let mut text = String::with_capacity(body.len());
    for line in body.lines().filter(|line| !missing(line)) {
        text.push_str(&line.replace("2020-10-16", "16/10/2020"));
        text.push('\n');
    }
    text
}

/// Ariège's suspected visits of 15 October become -2.
fn negative_count(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        match line.strip_prefix("09;2020-10-15;0;").and_then(|rest| rest.split_once(';')) {
            Some((_, rest)) => text.push_str(&format!("09;2020-10-15;0;-2;{rest}")),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}
