//! What a person says of a gate: who lets something through, why, and until when.

use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::Place;
use vigie_store::{fetch_id, tables};

use crate::clock::now;
use crate::error::Error;
use crate::room::Room;
use crate::rows;

/// One row of `acknowledgements`. What is absent means every one of its kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Its id.
    #[serde(default)]
    pub acknowledgement_id: String,
    /// Id of the gate.
    pub gate: String,
    /// Source concerned.
    pub source: Option<String>,
    /// Territory of the bulletin, such as `region:76`.
    pub territory: Option<String>,
    /// Monday of the bulletin's week.
    pub week: Option<Date>,
    /// The edition that was held and let through.
    pub fetch_id: Option<String>,
    /// Who; none when nobody gave a name.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Last day of the data (as-of) for which it holds.
    pub until: Option<Date>,
    /// When, UTC.
    #[serde(default)]
    pub recorded_at: Timestamp,
}

impl Acknowledgement {
    /// Whether it speaks of a gate of a bulletin.
    #[must_use]
    pub fn covers(&self, gate: &str, source: Option<&str>, territory: &Place, week: Date, day: Date) -> bool {
        self.gate == gate
            && self.fetch_id.is_none()
            && self.source.as_deref().is_none_or(|named| source.is_none_or(|source| source == named))
            && self.territory.as_deref().is_none_or(|named| named == territory.to_string())
            && self.week.is_none_or(|named| named == week)
            && self.until.is_none_or(|until| day <= until)
    }
}

/// Writes acknowledgements, dated now.
///
/// # Errors
/// [`Error::Store`].
pub async fn acknowledge(room: &Room, said: Vec<Acknowledgement>) -> Result<Vec<Acknowledgement>, Error> {
    let stamp = room.lake.stamp(now())?;
    let at = stamp.recorded_at();
    let said: Vec<Acknowledgement> = said
        .into_iter()
        .map(|one| {
            let about = [one.source.as_deref(), one.territory.as_deref(), one.fetch_id.as_deref()];
            let about = about.map(Option::unwrap_or_default).join(" ");
            let id = fetch_id(&format!("{} {about} {:?}", one.gate, one.week), at, "");
            Acknowledgement { acknowledgement_id: id, recorded_at: at, ..one }
        })
        .collect();
    if let Some(first) = said.first() {
        let spec = tables::acknowledgements();
        let batch = rows::batch(&spec.schema, &said)?;
        room.lake.append_under(&stamp, &spec, &[batch], &first.acknowledgement_id).await?;
    }
    Ok(said)
}

/// Those a session sees, oldest first.
///
/// # Errors
/// [`Error::Query`].
pub async fn acknowledgements(ctx: &SessionContext) -> Result<Vec<Acknowledgement>, Error> {
    rows::read(ctx, "select * from acknowledgements order by recorded_at, acknowledgement_id").await
}
