//! Forecasts of the days after a Sunday, from what was known of the days up to it.

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use vigie_queries::{Forecast, Place};
use vigie_reports::input::{Event, breaks};
use vigie_store::tables;

use crate::build::Computation;
use crate::error::Error;
use crate::room::Room;

/// What the models say of every place of a computation. A series counts from the day after the last break of definition of its
/// sources.
pub(crate) fn of(room: &Room, computation: &Computation, events: &[Event], sunday: Date) -> Vec<Forecast> {
    let begins = |indicator: &str, place: &Place| {
        let known = breaks(events, &room.vocabulary, indicator, place, &computation.places)
            .filter(|event| event.starts <= sunday);
        known.map(|event| event.ends.map_or(event.starts, |last| last.saturating_add(1.day()))).max()
    };
    vigie_transform::forecasts(&room.vocabulary, &computation.observations, sunday, &begins)
}

/// Rows of the table `forecasts` for a Sunday: what is said of it now, and, without a value, what was said before and is not
/// any more.
pub(crate) async fn rows(
    ctx: &SessionContext,
    said: &[Forecast],
    sunday: Date,
) -> Result<Vec<RecordBatch>, Error> {
    const SAID: &str = "forecasts_said";
    let batch = vigie_transform::forecasts_batch(said)?;
    let key = tables::forecasts().key;
    let same: Vec<String> = key.iter().map(|name| format!("said.{name} = kept.{name}")).collect();
    let (key, same) = (key.join(", "), same.join(" and "));
    ctx.register_batch(SAID, batch)?;
    let query = format!(
        "select {key}, value from {SAID}
         union all
         select {key}, cast(null as double) as value from forecasts as kept
         where kept.reference_date = date '{sunday}' and kept.value is not null
           and not exists (select 1 from {SAID} as said where {same})
         order by {key}"
    );
    let rows = ctx.sql(&query).await?.collect().await?;
    ctx.deregister_table(SAID)?;
    Ok(rows)
}

/// The last Sunday up to a day.
pub(crate) fn last_sunday(day: Date) -> Date {
    let since = i64::from(day.weekday().since(Weekday::Sunday));
    day.saturating_sub(since.days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_sunday_is_its_own_last_sunday() {
        for (day, sunday) in [(18, 18), (19, 18), (22, 18), (24, 18), (25, 25)] {
            assert_eq!(last_sunday(date(2020, 10, day)), date(2020, 10, sunday));
        }
    }
}
