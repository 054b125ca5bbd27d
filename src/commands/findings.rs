//! `vigie findings` and `vigie accept`: what was found, and what a person decides about it.

use vigie_store::{FetchRecord, Outcome};

use super::fetch::{exit_code, tell};
use super::print_json;
use crate::cli::{Findings, Global, OutputFormat};
use crate::clock::now;
use crate::error::Error;
use crate::fetch::{Origin, Request, fetch};
use crate::room::Room;
use crate::sql::{plan, print_batches};

/// Lists, shows or replays.
pub(super) async fn run(global: &Global, what: Findings) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let query = match what {
        Findings::Replay { fetch } => {
            let kept = kept(&room, &fetch).await?;
            return again(global, &room, kept, false).await;
        }
        Findings::List { source } => {
            let only = match &source {
                Some(source) => {
                    room.contract(source)?;
                    format!("where f.source = '{source}'")
                }
                None => String::new(),
            };
            format!(
                "select f.recorded_at, f.source, f.outcome, f.fetch_id, x.severity, x.code, count(*) as count,
                        min(x.message) as message
                 from fetches f join findings x on x.fetch_id = f.fetch_id {only}
                 group by 1, 2, 3, 4, 5, 6 order by 1 desc, 2, 5, 6"
            )
        }
        Findings::Show { fetch } => {
            kept(&room, &fetch).await?;
            format!(
                "select line, \"column\", severity, code, message, raw from findings where fetch_id = '{fetch}'
                 order by line nulls first, code"
            )
        }
    };
    let ctx = room.session(Room::as_of(None, now()))?;
    let format = if global.json { OutputFormat::Json } else { OutputFormat::Table };
    print_batches(plan(&ctx, &query).await?, format).await?;
    Ok(0)
}

/// Applies an edition that was held or stale.
pub(super) async fn accept(global: &Global, id: &str) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let kept = kept(&room, id).await?;
    if !matches!(kept.outcome, Outcome::Held | Outcome::Stale) {
        return Err(Error::Usage(format!(
            "the fetch {id} is {}, not held or stale: there is nothing to accept",
            kept.outcome.as_str()
        )));
    }
    again(global, &room, kept, true).await
}

async fn kept(room: &Room, id: &str) -> Result<FetchRecord, Error> {
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Error::Usage(format!(
            "{id:?} is not the id of a fetch; `vigie findings list` prints them"
        )));
    }
    let found = room.lake.fetch(id).await?;
    found.ok_or_else(|| Error::Usage(format!("no fetch has the id {id}; `vigie findings list` prints them")))
}

async fn again(global: &Global, room: &Room, kept: FetchRecord, accepted: bool) -> Result<u8, Error> {
    if kept.sha256.is_none() {
        return Err(Error::Usage(format!(
            "the fetch {} brought no body: there is nothing to read again",
            kept.fetch_id
        )));
    }
    let request = Request {
        source: kept.source.clone(),
        issued_at: kept.issued_at,
        origin: Origin::Kept(Box::new(kept)),
        accepted,
    };
    let report = fetch(room, request).await;
    if global.json {
        print_json(&report)?;
    } else {
        tell(&report);
    }
    Ok(exit_code(&[report]))
}
