//! The state of every feed as of a time: how old its newest edition is, against its contract.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::{ColumnType, Contract};
use vigie_reports::input::{FeedState, FindingSummary, Freshness, Settling};
use vigie_store::{AsOf, Polls};
use vigie_transform::Computed;

use crate::error::Error;
use crate::room::Room;
use crate::rows;

/// Findings of editions issued within so many days before the as-of are summed up, with those of the editions in use.
const FINDINGS_DAYS: i64 = 28;

/// Where the newest day of each source comes from.
#[derive(Debug, Clone, Copy)]
pub enum Days<'a> {
    /// From a run of the same session, with settling times as measured.
    Of(&'a Computed),
    /// Looked up in each table; settling times as declared.
    LookedUp,
    /// Not asked for: the whole of a table need not be read for its age.
    LeftOut,
}

/// One row per source of the vocabulary, also those never received.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn states(
    room: &Room,
    ctx: &SessionContext,
    as_of: AsOf,
    days: Days<'_>,
) -> Result<Vec<FeedState>, Error> {
    let computed = match days {
        Days::Of(computed) => Some(computed),
        Days::LookedUp | Days::LeftOut => None,
    };
    let issued = as_of.issued;
    let mut polls = room.lake.polls(as_of).await?;
    let mut states = Vec::new();
    for contract in room.vocabulary.contracts() {
        let Polls { edition, last: poll, .. } = polls.remove(contract.name()).unwrap_or_default();
        let (edition, poll) = (edition.as_ref(), poll.as_ref());
        let last_issued_at = edition.and_then(|edition| edition.issued_at);
        let age = last_issued_at.map(|at| issued.duration_since(at));
        let state = match age {
            None => Freshness::Absent,
            // What ships with Vigie is dated by its figures, and does not grow stale by itself.
            Some(_) if contract.feed.bundled.is_some() => Freshness::Fresh,
            Some(age) if age > contract.cadence.error_after => Freshness::Stale,
            Some(age) if age > contract.cadence.warn_after => Freshness::Late,
            Some(_) => Freshness::Fresh,
        };
        states.push(FeedState {
            source: contract.name().to_owned(),
            title_fr: contract.title_fr.clone(),
            publisher: contract.publisher.clone(),
            licence: contract.licence.clone(),
            last_issued_at,
            age_hours: age.map(|age| age.as_secs_f64() / 3600.0),
            last_day: match computed.and_then(|computed| computed.last_days.get(contract.name())) {
                Some(day) => *day,
                None if matches!(days, Days::LeftOut) => None,
                None => last_day(ctx, contract).await?,
            },
            state,
            rows_accepted: edition.map_or(0, |edition| edition.rows_accepted),
            rows_quarantined: edition.map_or(0, |edition| edition.rows_quarantined),
            last_fetch_outcome: poll.map(|poll| poll.outcome.as_str().to_owned()),
            last_fetch_message: poll.and_then(|poll| poll.message.clone()),
            settling: settling_of(contract, computed),
        });
    }
    Ok(states)
}

fn settling_of(contract: &Contract, computed: Option<&Computed>) -> Settling {
    let measured = computed.and_then(|computed| computed.settling.get(contract.name()).copied());
    let settling = measured.unwrap_or_else(|| vigie_transform::Settling::declared(contract));
    Settling { days: settling.days(), editions: settling.measured_days.map(|_| settling.editions) }
}

/// Newest day a source speaks of, when it speaks of days.
async fn last_day(ctx: &SessionContext, contract: &Contract) -> Result<Option<Date>, Error> {
    #[derive(Deserialize)]
    struct Day {
        day: Option<Date>,
    }
    let Some(column) = contract.column("time_value").filter(|column| column.kind == ColumnType::Date) else {
        return Ok(None);
    };
    let query = format!("select max({}) as day from {}", column.name.get_ref(), contract.name());
    Ok(rows::read::<Day>(ctx, &query).await?.into_iter().next().and_then(|row| row.day))
}

/// What was found in the editions of the last four weeks and in those in use, by source, code and severity.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn findings(ctx: &SessionContext, as_of: AsOf) -> Result<Vec<FindingSummary>, Error> {
    #[derive(Deserialize)]
    struct Row {
        source: String,
        code: String,
        severity: String,
        count: u64,
        example_message: String,
    }
    let issued = as_of.issued;
    let query = format!(
        "with editions as (
           select fetch_id, issued_at, row_number() over (partition by source order by issued_at desc, recorded_at desc)
             as place
           from fetches where outcome <> 'failed' and issued_at <= timestamp '{issued}'
         )
         select f.source, f.code, f.severity, count(*) as count, min(f.message) as example_message
         from findings f join editions e on e.fetch_id = f.fetch_id
         where e.place = 1 or e.issued_at > timestamp '{issued}' - interval '{FINDINGS_DAYS} days'
         group by f.source, f.code, f.severity order by f.source, f.severity, f.code"
    );
    let rows: Vec<Row> = rows::read(ctx, &query).await?;
    Ok(rows
        .into_iter()
        .map(|row| FindingSummary {
            source: row.source,
            code: row.code,
            severity: row.severity,
            count: row.count,
            example_message: row.example_message,
        })
        .collect())
}
