//! Forecasts of the days after a Sunday, from what was known of the days up to it.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use vigie_queries::{Forecast, GeoType, Place};
use vigie_reports::input::{Event, EventKind};

use crate::build::Picture;
use crate::room::Room;

/// What the models say of the places wanted. A series counts from the last break of definition of its sources on.
pub(crate) fn of(
    room: &Room,
    picture: &Picture,
    events: &[Event],
    sunday: Date,
    wanted: &(dyn Fn(&Place) -> bool + Sync),
) -> Vec<Forecast> {
    let begins = |indicator: &str, place: &Place| {
        let sources = room.vocabulary.sources_of(indicator);
        let breaks = events.iter().filter(|event| {
            event.kind == EventKind::DefinitionBreak
                && event.starts <= sunday
                && event.sources.iter().any(|source| sources.contains(source.as_str()))
                && touches(picture, &event.place, place)
        });
        breaks.map(|event| event.ends.unwrap_or(event.starts)).max()
    };
    vigie_transform::forecasts(&room.vocabulary, &picture.observations, sunday, &begins, wanted)
}

/// Whether what happens at one place changes the sums of another: it is it, holds it, or lies in it.
fn touches(picture: &Picture, one: &Place, other: &Place) -> bool {
    let region_of = |place: &Place| {
        let info = picture.places.iter().find(|info| info.place == *place);
        info.and_then(|info| info.region.as_deref()).map(Place::region)
    };
    let country = GeoType::Country;
    one == other
        || one.geo_type == country
        || other.geo_type == country
        || region_of(other).as_ref() == Some(one)
        || region_of(one).as_ref() == Some(other)
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
