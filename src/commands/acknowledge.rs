//! `vigie acknowledge`: a person knows of what a gate found, and says why it may pass.

use vigie_queries::Stage;

use crate::acknowledgements::{Acknowledgement, acknowledge};
use crate::cli::{Acknowledge, Global, OutputFormat};
use crate::error::Error;
use crate::room::Room;
use crate::sql::{Cut, print_batches};

/// Writes one acknowledgement, or lists them all.
pub(super) async fn run(global: &Global, options: Acknowledge) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let format = if global.json { OutputFormat::Json } else { OutputFormat::Table };
    let given = options.territory.as_ref();
    let territory =
        given.map(|given| room.territory(Some(given))).transpose()?.map(|place| place.to_string());
    let mut which = "true".to_owned();
    if let Some(gate) = options.gate {
        let known =
            || -> Vec<&str> { room.vocabulary.gates(Stage::Bulletin).map(|gate| gate.id.as_str()).collect() };
        if room.vocabulary.gate(&gate).is_none_or(|gate| gate.stage != Stage::Bulletin) {
            return Err(Error::Usage(format!(
                "{gate:?} is no gate of a bulletin; known: {} (an edition that is held is let through by `vigie accept`)",
                known().join(", ")
            )));
        }
        if let Some(source) = &options.source {
            room.contract(source)?;
        }
        for (name, text) in [("--by", &options.by), ("--reason", &options.reason)] {
            if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
                return Err(Error::Usage(format!(
                    "{name} is empty: an acknowledgement names a person and a reason"
                )));
            }
        }
        let said = Acknowledgement {
            gate,
            source: options.source,
            territory,
            week: options.week,
            by: options.by,
            reason: options.reason,
            until: options.until,
            ..Acknowledgement::default()
        };
        let said = acknowledge(&room, vec![said]).await?;
        let id = said.first().map(|one| one.acknowledgement_id.as_str()).unwrap_or_default();
        which = format!("acknowledgement_id = '{id}'");
    }
    let query = format!(
        "select recorded_at, gate, source, territory, week, fetch_id, \"by\", reason, until from acknowledgements
         where {which} order by recorded_at desc, gate"
    );
    let acknowledged = room.session(Room::as_of(None, room.now()?))?.sql(&query).await?;
    print_batches(acknowledged, format, &Cut::default()).await?;
    Ok(0)
}
