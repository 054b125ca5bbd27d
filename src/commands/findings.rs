//! `vigie findings` and `vigie accept`: what was found, and what a person decides about it.

use vigie_store::{FetchRecord, Outcome};

use super::again::Which;
use super::fetch::{exit_code, tell};
use super::{again, found, print_json};
use crate::cli::{Findings, Global};
use crate::error::Error;
use crate::fetch::{Origin, Request, fetch};
use crate::room::Room;

/// Lists, shows or replays.
pub(super) async fn run(global: &Global, what: Findings) -> Result<u8, Error> {
    match what {
        Findings::List { source, all } => found::list(global, source.as_deref(), all).await,
        Findings::Show { fetch } => {
            let room = Room::open(global)?;
            let kept = kept(&room, &fetch).await?;
            found::show(global, &room, &kept).await
        }
        Findings::Replay { fetch, source, since } => {
            let room = Room::open(global)?;
            let which = match (fetch, source) {
                (Some(fetch), _) => Which::From(Box::new(kept(&room, &fetch).await?)),
                (None, Some(source)) => Which::Source { source, since },
                (None, None) => {
                    return Err(Error::Usage("name a fetch, or a source with --source".into()));
                }
            };
            again::run(global, &room, which).await
        }
    }
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
    apply(global, &room, kept).await
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

async fn apply(global: &Global, room: &Room, kept: FetchRecord) -> Result<u8, Error> {
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
        accepted: true,
    };
    let report = fetch(room, request).await;
    if global.json {
        print_json(&report)?;
    } else {
        tell(&report);
    }
    Ok(exit_code(&[report]))
}
