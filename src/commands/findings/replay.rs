//! `vigie findings replay`: raw bodies kept are read again under today's contracts.
//!
//! An edition is read again with every later one of its source, oldest first, so that the table ends as if the contract
//! had always been what it is now. Each keeps its edition time; the old versions stay for those who look as of then.

use jiff::Timestamp;
use serde::Serialize;
use vigie_store::{FetchRecord, Outcome};

use super::list::{counted, instant};
use crate::cli::Global;
use crate::commands::fetch::exit_code;
use crate::error::Error;
use crate::fetch::{Origin, Report, Request, fetch};
use crate::output::print_json;
use crate::room::Room;

/// An edition read again.
#[derive(Debug, Serialize)]
struct Replayed {
    /// What came of it before.
    before: Before,
    /// What comes of it now.
    #[serde(flatten)]
    report: Report,
}

#[derive(Debug, Serialize)]
struct Before {
    fetch_id: String,
    outcome: &'static str,
    rows_in: u64,
    rows_accepted: u64,
    rows_quarantined: u64,
}

/// Which editions to read again.
#[derive(Debug)]
pub(super) enum Which {
    /// That of a fetch, and the later ones of its source.
    From(Box<FetchRecord>),
    /// Those of a source, issued since then if said.
    Source { source: String, since: Option<Timestamp> },
}

/// Reads editions again, oldest first, and says what changed.
pub(super) async fn run(global: &Global, room: &Room, which: Which) -> Result<u8, Error> {
    let editions = editions(room, which).await?;
    let mut replayed = Vec::new();
    for edition in editions {
        let before = Before {
            fetch_id: edition.fetch_id.clone(),
            outcome: edition.outcome.as_str(),
            rows_in: edition.rows_in,
            rows_accepted: edition.rows_accepted,
            rows_quarantined: edition.rows_quarantined,
        };
        let request = Request {
            source: edition.source.clone(),
            issued_at: edition.issued_at,
            origin: Origin::Kept(Box::new(edition)),
            accepted: false,
            dated: None,
        };
        let report = fetch(room, request).await;
        let stop = report.outcome == "failed";
        let one = Replayed { before, report };
        if !global.json {
            tell(&one);
        }
        replayed.push(one);
        if stop {
            break; // later editions would be compared with a hole
        }
    }
    if global.json {
        print_json(&replayed)?;
    } else {
        let changed: u64 =
            replayed.iter().map(|one| one.report.rows_changed + one.report.rows_withdrawn).sum();
        let set_free: i64 = replayed
            .iter()
            .map(|one| one.before.rows_quarantined as i64 - one.report.rows_quarantined as i64)
            .sum();
        let aside = match set_free {
            0 => "autant de lignes de côté".to_owned(),
            less if less > 0 => format!("{} de côté en moins", lines(less.unsigned_abs())),
            more => format!("{} de côté en plus", lines(more.unsigned_abs())),
        };
        println!(
            "{} : {}, {aside}.",
            counted(replayed.len() as u64, "édition relue", "éditions relues"),
            counted(changed, "version ajoutée", "versions ajoutées"),
        );
    }
    let reports: Vec<Report> = replayed.into_iter().map(|one| one.report).collect();
    Ok(exit_code(&reports))
}

/// Editions that were applied or refused, each body once for each edition time, oldest first.
async fn editions(room: &Room, which: Which) -> Result<Vec<FetchRecord>, Error> {
    let (source, since, named) = match which {
        Which::From(fetch) => (fetch.source.clone(), fetch.issued_at, Some(fetch)),
        Which::Source { source, since } => {
            room.contract(&source)?;
            (source, since, None)
        }
    };
    let mut found = room.lake.fetches(usize::MAX).await?;
    found.retain(|fetch| {
        let read = matches!(fetch.outcome, Outcome::New | Outcome::Unchanged | Outcome::Rejected);
        let recent = since.is_none_or(|since| fetch.issued_at.is_some_and(|at| at >= since));
        fetch.source == source && read && recent && fetch.sha256.is_some()
    });
    if let Some(fetch) = named {
        if fetch.sha256.is_none() {
            return Err(Error::Usage(format!(
                "the fetch {} brought no body: there is nothing to read again",
                fetch.fetch_id
            )));
        }
        if !found.iter().any(|known| known.sha256 == fetch.sha256 && known.issued_at == fetch.issued_at) {
            return Err(Error::Usage(format!(
                "the fetch {} is {}: `vigie accept` applies it",
                fetch.fetch_id,
                fetch.outcome.as_str()
            )));
        }
    }
    // The newest record of an edition says what is known of it now.
    found.sort_by_key(|fetch| (fetch.issued_at, std::cmp::Reverse(fetch.recorded_at)));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|fetch| seen.insert((fetch.issued_at, fetch.sha256.clone())));
    if found.is_empty() {
        return Err(Error::Usage(format!("no body of {source} is kept for that time")));
    }
    Ok(found)
}

fn tell(one: &Replayed) {
    let Replayed { before, report } = one;
    let issued = report.issued_at.map_or_else(|| "inconnue".to_owned(), instant);
    println!("{}  édition {issued}  {}  {}", report.source, report.outcome, report.fetch_id);
    println!(
        "  acceptées {} (avant {}), de côté {} (avant {})",
        report.rows_accepted, before.rows_accepted, report.rows_quarantined, before.rows_quarantined
    );
    println!("  {}", report.message);
    for finding in report.findings.iter().filter(|finding| finding.severity != "info").take(5) {
        println!("  {}", finding.message);
    }
    if report.rows_quarantined > 5 {
        println!("  tout voir : vigie findings show {}", report.fetch_id);
    }
}

fn lines(number: u64) -> String {
    counted(number, "ligne", "lignes")
}
