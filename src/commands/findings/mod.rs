//! `vigie findings` and `vigie accept`: what was found, and what a person decides about it.

pub(super) mod list;
pub(super) mod replay;

use std::collections::BTreeSet;

use vigie_queries::GateSeverity;
use vigie_store::{FetchRecord, Outcome};

use super::fetch::{exit_code, tell};
use crate::acknowledgements::{Acknowledgement, acknowledge};
use crate::cli::{Accept, Findings, Global};
use crate::error::Error;
use crate::fetch::{OLDER_EDITION, Origin, Request, fetch};
use crate::output::print_json;
use crate::room::Room;
use replay::Which;

/// Lists, shows or replays.
pub(super) async fn run(global: &Global, what: Findings) -> Result<u8, Error> {
    match what {
        Findings::List { source, all } => list::list(global, source.as_deref(), all).await,
        Findings::Show { fetch } => {
            let room = Room::open(global)?;
            let kept = kept(&room, &fetch).await?;
            list::show(global, &room, &kept).await
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
            replay::run(global, &room, which).await
        }
    }
}

/// Applies an edition that was held or stale.
pub(super) async fn accept(global: &Global, options: &Accept) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let id = options.fetch.as_str();
    let kept = kept(&room, id).await?;
    if !matches!(kept.outcome, Outcome::Held | Outcome::Stale) {
        return Err(Error::Usage(format!(
            "the fetch {id} is {}, not held or stale: there is nothing to accept",
            kept.outcome.as_str()
        )));
    }
    let gates: BTreeSet<String> = match kept.outcome {
        Outcome::Held => {
            let contract = room.contract(&kept.source)?;
            let holds = |code: &String| {
                let gate = room.vocabulary.gate(code).and_then(|gate| gate.on_source(contract));
                gate.is_some_and(|gate| gate.severity == GateSeverity::Hold)
            };
            room.lake.findings(id).await?.into_iter().map(|finding| finding.code).filter(holds).collect()
        }
        _ => BTreeSet::from([OLDER_EDITION.to_owned()]),
    };
    let said = gates
        .into_iter()
        .map(|gate| Acknowledgement {
            gate,
            source: Some(kept.source.clone()),
            fetch_id: Some(id.to_owned()),
            by: Some(options.by.clone()),
            reason: Some(options.reason.clone()),
            ..Acknowledgement::default()
        })
        .collect();
    let code = apply(global, &room, kept).await?;
    if code == 0 {
        acknowledge(&room, said).await?;
    }
    Ok(code)
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
        dated: None,
    };
    let report = fetch(room, request).await;
    if global.json {
        print_json(&report)?;
    } else {
        tell(&report, &BTreeSet::new(), room.talk.quiet);
    }
    Ok(exit_code(&[report]))
}
