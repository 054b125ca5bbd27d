//! `vigie findings list` and `show`: what was found in the feeds, for people to read.

use std::fmt::Write as _;

use comfy_table::Table;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vigie_store::{FetchRecord, FindingRecord};

use crate::calendar::paris;
use crate::cli::Global;
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// Fetches listed when `--all` is not said.
const FETCHES_LISTED: usize = 20;
/// Columns of a terminal whose width nobody knows.
const WIDTH: usize = 100;

/// What one fetch found, of one code.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    recorded_at: String,
    source: String,
    outcome: String,
    fetch_id: String,
    severity: String,
    code: String,
    count: u64,
    first_line: Option<u64>,
    message: String,
}

/// Lists findings by fetch and code, newest fetch first; repairs made without loss are summed up unless `all`.
pub(super) async fn list(global: &Global, source: Option<&str>, all: bool) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let only = match source {
        Some(source) => {
            room.contract(source)?;
            format!("where f.source = '{source}'")
        }
        None => String::new(),
    };
    let ctx = room.session(Room::as_of(None, room.now()?))?;
    let query = format!(
        "select cast(f.recorded_at as varchar) as recorded_at, f.source, f.outcome, f.fetch_id, x.severity, x.code,
                count(*) as count, min(x.line) as first_line, first_value(x.message order by x.line) as message
         from fetches f join findings x on x.fetch_id = f.fetch_id {only}
         group by 1, 2, 3, 4, 5, 6 order by 1 desc, 2, 4, 5, 6"
    );
    let lines: Vec<Line> = rows::read(&ctx, &query).await?;
    if global.json {
        print_json(&lines)?;
        return Ok(0);
    }
    print!("{}", listed(&lines, all, width()));
    Ok(0)
}

/// The list, one block a fetch.
fn listed(lines: &[Line], all: bool, width: usize) -> String {
    let mut out = String::new();
    let (mut shown, mut quiet, mut older) = (0, 0, 0);
    for fetch in lines.chunk_by(|a, b| a.fetch_id == b.fetch_id && a.recorded_at == b.recorded_at) {
        let matters = fetch.iter().any(|line| line.severity != "info");
        if !all && !matters {
            quiet += 1;
            continue;
        }
        if !all && shown == FETCHES_LISTED {
            older += 1;
            continue;
        }
        shown += 1;
        let first = &fetch[0];
        let _ = writeln!(
            out,
            "{}  {}  {}  {}",
            local(&first.recorded_at),
            first.source,
            first.outcome,
            first.fetch_id
        );
        for severity in ["error", "warn", "info"] {
            let of: Vec<&Line> = fetch.iter().filter(|line| line.severity == severity).collect();
            if severity == "info" && !all {
                if !of.is_empty() {
                    let codes: Vec<&str> = of.iter().map(|line| line.code.as_str()).collect();
                    let _ = writeln!(out, "  {:<9} {}", "réparé", codes.join(", "));
                }
                continue;
            }
            for line in of {
                let text = line.message.replace(&format!(" ({})", line.code), "");
                let head = format!("  {:<9} {:>6}  {:<22} ", french(severity), line.count, line.code);
                let _ = writeln!(out, "{}", cut(&format!("{head}{text}"), width));
            }
        }
    }
    if shown == 0 && quiet == 0 {
        out.push_str("Rien n’a été trouvé dans les flux.\n");
    }
    if quiet > 0 {
        let _ = writeln!(
            out,
            "{} (--all les montre).",
            counted(
                quiet,
                "relevé sans autre remarque que des réparations",
                "relevés sans autre remarque que des réparations"
            )
        );
    }
    if older > 0 {
        let _ = writeln!(
            out,
            "{} (--all les montre).",
            counted(older, "relevé plus ancien", "relevés plus anciens")
        );
    }
    if shown > 0 {
        out.push_str("Le détail d’un relevé : vigie findings show ID\n");
    }
    out
}

/// Prints one fetch and everything that was found in it.
pub(super) async fn show(global: &Global, room: &Room, fetch: &FetchRecord) -> Result<u8, Error> {
    let mut findings = room.lake.findings(&fetch.fetch_id).await?;
    findings.sort_by_key(|finding| (rank(&finding.severity), finding.line));
    if global.json {
        let rows: Vec<_> = findings.iter().map(json).collect();
        print_json(&rows)?;
        return Ok(0);
    }
    print!("{}", shown(fetch, &findings, width()));
    Ok(0)
}

/// A fetch and its findings, rows set aside first.
fn shown(fetch: &FetchRecord, findings: &[FindingRecord], width: usize) -> String {
    let mut out = String::new();
    let issued = fetch.issued_at.map_or_else(|| "inconnue".to_owned(), instant);
    let _ = writeln!(out, "{}  {}  {}", fetch.source, fetch.outcome.as_str(), fetch.fetch_id);
    let _ = writeln!(out, "édition {issued}, relevé {}", instant(fetch.recorded_at));
    let _ = writeln!(
        out,
        "{}, {}, {}",
        counted(fetch.rows_in, "ligne lue", "lignes lues"),
        counted(fetch.rows_accepted, "acceptée", "acceptées"),
        counted(fetch.rows_quarantined, "mise de côté", "mises de côté"),
    );
    if let Some(message) = &fetch.message {
        wrap(&mut out, message, "", width);
    }
    if findings.is_empty() {
        out.push_str("Rien n’a été trouvé.\n");
    }
    for finding in findings {
        out.push('\n');
        let line = finding.line.map_or_else(|| "fichier".to_owned(), |line| format!("ligne {line}"));
        let column = finding.column.as_ref().map_or_else(String::new, |column| format!("  colonne {column}"));
        let _ = writeln!(out, "{:<9} {line}{column}  {}", french(&finding.severity), finding.code);
        wrap(&mut out, finding.message.trim_end_matches(&format!(" ({})", finding.code)), "  ", width);
        if let Some(raw) = &finding.raw {
            let _ = writeln!(out, "  reçu : {raw}");
        }
    }
    out
}

fn json(finding: &FindingRecord) -> serde_json::Value {
    serde_json::json!({
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "code": finding.code,
        "found": finding.found,
        "expected": finding.expected,
        "message": finding.message,
        "raw": finding.raw,
    })
}

fn rank(severity: &str) -> u8 {
    match severity {
        "error" | "hold" => 0,
        "warn" => 1,
        _ => 2,
    }
}

fn french(severity: &str) -> &str {
    match severity {
        "error" => "erreur",
        "warn" => "attention",
        "info" => "réparé",
        other => other,
    }
}

/// `1 ligne`, `2 lignes`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", vigie_reports::french::number(number as f64, 0), if number < 2 { one } else { many })
}

/// A time of the lake as the clock of Paris shows it.
pub(super) fn instant(at: Timestamp) -> String {
    at.to_zoned(paris()).strftime("%d/%m/%Y %H:%M").to_string()
}

fn local(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), instant)
}

/// Columns of the terminal.
fn width() -> usize {
    Table::new().width().map_or(WIDTH, |width| usize::from(width).max(40))
}

/// One line, cut at the edge of the terminal.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// A sentence on as many lines as it takes; no-break spaces hold.
fn wrap(out: &mut String, text: &str, indent: &str, width: usize) {
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&line);
            out.push('\n');
            line = indent.to_owned();
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fetch: &str, severity: &str, code: &str) -> Line {
        Line {
            recorded_at: "2020-10-12T18:00:00Z".into(),
            source: "tests".into(),
            outcome: "new".into(),
            fetch_id: fetch.into(),
            severity: severity.into(),
            code: code.into(),
            count: 3,
            first_line: Some(5),
            message: format!("Ligne 5 : mauvaise. ({code})"),
        }
    }

    #[test]
    fn repairs_are_summed_up_and_quiet_fetches_counted() {
        let lines = [
            line("a", "error", "negative-count"),
            line("a", "info", "compression"),
            line("a", "info", "line-ends"),
            line("b", "info", "compression"),
        ];
        let text = listed(&lines, false, 80);
        let expected = "12/10/2020 20:00  tests  new  a\n  erreur         3  negative-count         Ligne 5 : mauvaise.\n  réparé    \
                        compression, line-ends\n1 relevé sans autre remarque que des réparations (--all les montre).\n\
                        Le détail d’un relevé : vigie findings show ID\n";
        assert_eq!(text, expected);
        assert_eq!(listed(&lines, true, 60).matches("compression").count(), 2);
        assert!(listed(&lines, true, 40).lines().all(|line| line.chars().count() <= 50));
    }

    #[test]
    fn sentences_are_wrapped_at_the_width() {
        let mut out = String::new();
        wrap(&mut out, "un deux trois quatre", "  ", 10);
        assert_eq!(out, "  un deux\n  trois\n  quatre\n");
    }
}
