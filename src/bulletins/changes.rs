//! What changed since the bulletin before: its numbers read again from today's data, each change with its causes.
//!
//! Causes come from the lake: the rows of a source as of the bulletin before and as of this one are compared key by key,
//! for the departments and days that a value rests on.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::{Alert, ColumnType, Contract, GeoType, Place, TimeType};
use vigie_reports::input::{Cause, Change, Changes, Input, Previous};
use vigie_reports::{PublishedValue, Reread, reread};
use vigie_store::AsOf;
use vigie_transform::Settling;

use crate::build::Computation;
use crate::bulletins::BulletinSpec;
use crate::bulletins::published::{self, Edition};
use crate::calendar::paris_day;
use crate::error::Error;
use crate::room::Room;
use crate::rows;

/// Days that a level rests on: two weeks of sums.
const LEVEL_DAYS: u16 = 14;
/// Days that a comparison with the week before adds.
const WEEK: u16 = 7;
/// Where no row moved in the days that a value rests on, further back: wider and wider, at last any day.
const WIDER: [u16; 2] = [14, 28];
/// Rows are compared from so many days before the earliest value on.
const DAYS_BACK: i64 = 42;

/// What became of the numbers of the bulletin before `spec`. `stood` are the alerts of that week's Sunday by today's data.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn since(
    room: &Room,
    computation: &Computation,
    input: &Input<'_>,
    spec: &BulletinSpec,
    stood: &[Alert],
) -> Result<Changes, Error> {
    let Some(previous) = &spec.previous else { return Ok(Changes::default()) };
    let published = published::values(room, &previous.bulletin_id).await?;
    let then = Input { week: previous.week, edition: previous.number, alerts: stood, ..input.clone() };
    let read_again = reread(&then, &published);
    let moved = moved(room, computation, input, previous, spec.as_of, &read_again.changed).await?;
    let mut changes = Vec::new();
    for changed in read_again.changed {
        let causes = causes(room, input, previous, &moved, &changed);
        changes.extend(change(changed, causes));
    }
    changes.sort_by(by_importance);
    Ok(Changes {
        previous: Some(Previous {
            week: previous.week,
            edition: previous.number,
            issued: previous.as_of.issued,
            rule: rule_of(&published),
        }),
        compared: read_again.compared,
        changes,
    })
}

/// The rule whose levels a bulletin printed.
fn rule_of(published: &[PublishedValue]) -> Option<String> {
    let id = |value: &PublishedValue| {
        value.indicator.strip_prefix("rule:")?.strip_suffix(".level").map(str::to_owned)
    };
    published.iter().find_map(id)
}

fn change(changed: Reread, causes: Vec<Cause>) -> Option<Change> {
    let then = changed.then;
    Some(Change {
        place: place(&then.geo_type, &then.geo_value)?,
        indicator: then.indicator,
        category: then.category,
        time_type: if then.time_type == "week" { TimeType::Week } else { TimeType::Day },
        date: then.time_value,
        unit: then.unit,
        before: then.value,
        printed_before: then.printed,
        now: changed.value,
        printed_now: changed.printed,
        causes,
    })
}

fn place(geo_type: &str, code: &str) -> Option<Place> {
    Some(Place { geo_type: geo_type.parse().ok()?, code: code.to_owned() })
}

/// Levels and alerts first, then values, then evolutions; among them gaps, then the largest change against the noise of
/// its size.
fn by_importance(left: &Change, right: &Change) -> Ordering {
    fn key(change: &Change) -> (&str, &str, &Place, Date) {
        (&change.indicator, &change.category, &change.place, change.date)
    }
    let class = |change: &Change| match change.indicator.split_once('.').map_or("", |(_, suffix)| suffix) {
        "level" | "alert" => 0,
        "change" | "change_share" => 2,
        _ => 1,
    };
    class(left)
        .cmp(&class(right))
        .then_with(|| size(right).total_cmp(&size(left)))
        .then_with(|| breadth(left).cmp(&breadth(right)))
        .then_with(|| key(left).cmp(&key(right)))
}

/// Size of a change: the difference over the square root of the value, as counts vary by chance; a gap is the largest.
fn size(change: &Change) -> f64 {
    let scale = if change.unit == "share" { 100.0 } else { 1.0 };
    match (change.before, change.now) {
        (Some(before), Some(now)) => (now - before).abs() * scale / (before.abs() * scale).max(1.0).sqrt(),
        _ => f64::INFINITY,
    }
}

fn breadth(change: &Change) -> u8 {
    match change.place.geo_type {
        GeoType::Country => 0,
        GeoType::Region => 1,
        GeoType::Department | GeoType::Epci | GeoType::Source => 2,
    }
}

/// What became of rows of a source for a department and day, both unknown where the source does not tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    department: Option<String>,
    day: Option<Date>,
    cause: Cause,
}

/// Rows that moved between the two as-of, by source.
type MovedRows = BTreeMap<String, BTreeSet<Moved>>;

/// Compares the rows that the changed values rest on, source by source.
async fn moved(
    room: &Room,
    computation: &Computation,
    input: &Input<'_>,
    previous: &Edition,
    as_of: AsOf,
    changed: &[Reread],
) -> Result<MovedRows, Error> {
    let mut found = MovedRows::new();
    let Some(earliest) = changed.iter().map(|changed| changed.then.time_value).min() else {
        return Ok(found);
    };
    let days = (earliest.saturating_sub(DAYS_BACK.days()), previous.week.saturating_add(6.days()));
    let departments = departments(input, &input.territory, true);
    let sources: BTreeSet<&str> =
        changed.iter().flat_map(|changed| sources(room, &changed.then.indicator)).collect();
    let before = room.session(previous.as_of)?;
    debug_assert!(previous.as_of.issued <= as_of.issued);
    for contract in sources.into_iter().filter_map(|source| room.vocabulary.contract(source)) {
        let rows = compare(&before, &computation.ctx, contract, &departments, days).await?;
        let settling = computation.computed.settling.get(contract.name()).copied();
        let settling_days = settling.unwrap_or_else(|| Settling::declared(contract)).days();
        let settled = paris_day(previous.as_of.issued).saturating_sub(i64::from(settling_days).days());
        let rows = rows.into_iter().map(|row| Moved {
            cause: match row.became.as_str() {
                "late" => Cause::LateData,
                "withdrawn" => Cause::Withdrawal,
                _ if row.day.is_some_and(|day| day > settled) => Cause::LateData,
                _ => Cause::Correction,
            },
            department: row.department,
            day: row.day,
        });
        found.insert(contract.name().to_owned(), rows.collect());
    }
    Ok(found)
}

#[derive(Debug, Deserialize)]
struct MovedRow {
    department: Option<String>,
    day: Option<Date>,
    became: String,
}

/// The rows of a source that are not the same in two sessions, summed up by department and day.
async fn compare(
    before: &SessionContext,
    now: &SessionContext,
    contract: &Contract,
    departments: &BTreeSet<String>,
    days: (Date, Date),
) -> Result<Vec<MovedRow>, Error> {
    let has = |name: &str| contract.column(name).is_some();
    let is_daily = contract.column("time_value").is_some_and(|column| column.kind == ColumnType::Date);
    let mut wanted = Vec::new();
    if has("department") {
        let codes: Vec<String> =
            departments.iter().map(|code| format!("'{}'", code.replace('\'', "''"))).collect();
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        wanted.push(format!("department in ({})", codes.join(", ")));
    }
    if is_daily {
        wanted.push(format!("time_value between date '{}' and date '{}'", days.0, days.1));
    }
    let wanted = if wanted.is_empty() { "true".to_owned() } else { wanted.join(" and ") };
    let names: Vec<&str> =
        contract.ordered_columns().iter().map(|column| column.name.get_ref().as_str()).collect();
    let listed: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let query = format!("select {} from {} where {wanted}", listed.join(", "), contract.name());
    let both = SessionContext::new();
    for (table, ctx) in [("before", before), ("now", now)] {
        let frame = ctx.sql(&query).await?;
        let schema = std::sync::Arc::clone(frame.schema().inner());
        let batches = frame.collect().await?;
        both.register_table(table, std::sync::Arc::new(MemTable::try_new(schema, vec![batches])?))?;
    }
    let keys = contract.key_names();
    let (first, on): (&str, Vec<String>) =
        (&keys[0], keys.iter().map(|key| format!("b.\"{key}\" = n.\"{key}\"")).collect());
    let revised: Vec<String> = names
        .iter()
        .filter(|name| !keys.iter().any(|key| key == *name))
        .map(|name| format!("(b.\"{name}\" is distinct from n.\"{name}\")"))
        .collect();
    let revised = if revised.is_empty() { "false".to_owned() } else { revised.join(" or ") };
    let either = |name: &str, kind: &str, is_there: bool| {
        if is_there { format!("coalesce(n.{name}, b.{name})") } else { format!("cast(null as {kind})") }
    };
    let query = format!(
        "select distinct department, day, became from (
           select {} as department, {} as day,
             case when b.\"{first}\" is null then 'late' when n.\"{first}\" is null then 'withdrawn' else 'revised' end
               as became
           from before b full join now n on {}
           where b.\"{first}\" is null or n.\"{first}\" is null or {revised}
         ) order by 1, 2, 3",
        either("department", "varchar", has("department")),
        either("time_value", "date", is_daily),
        on.join(" and ")
    );
    rows::read(&both, &query).await
}

/// Codes of the departments that a place is made of; `around` adds those of a department's region, whose occupancy
/// counts in its level.
fn departments(input: &Input<'_>, place: &Place, around: bool) -> BTreeSet<String> {
    let region_of = |code: &str| {
        let info = input.places.iter().find(|info| info.place == Place::department(code));
        info.and_then(|info| info.region.clone())
    };
    let region = match place.geo_type {
        GeoType::Region => Some(place.code.clone()),
        GeoType::Department if around => region_of(&place.code),
        _ => None,
    };
    let mut found: BTreeSet<String> = input
        .places
        .iter()
        .filter(|info| info.place.geo_type == GeoType::Department)
        .filter(|info| place.geo_type == GeoType::Country || (region.is_some() && info.region == region))
        .map(|info| info.place.code.clone())
        .collect();
    if place.geo_type == GeoType::Department {
        found.insert(place.code.clone());
    }
    found
}

/// The indicators that a published id rests on: itself, or the criteria of its rule.
fn indicators<'a>(room: &'a Room, id: &'a str) -> Vec<&'a str> {
    let id = id.split('.').next().unwrap_or(id);
    match id.strip_prefix("rule:") {
        Some(rule) => room
            .vocabulary
            .rule(rule)
            .map(|rule| rule.criteria.iter().map(|criterion| criterion.indicator.as_str()).collect())
            .unwrap_or_default(),
        None => vec![id],
    }
}

fn sources<'a>(room: &'a Room, id: &'a str) -> BTreeSet<&'a str> {
    indicators(room, id).into_iter().flat_map(|id| room.vocabulary.sources_of(id)).collect()
}

/// Why a value changed.
fn causes(
    room: &Room,
    input: &Input<'_>,
    previous: &Edition,
    moved: &MovedRows,
    changed: &Reread,
) -> Vec<Cause> {
    let then = &changed.then;
    let (id, suffix) = then.indicator.split_once('.').unwrap_or((&then.indicator, ""));
    let Some(place) = place(&then.geo_type, &then.geo_value) else { return Vec::new() };
    let is_level = id.starts_with("rule:");
    let departments = departments(input, &place, is_level);
    let last =
        if then.time_type == "week" { then.time_value.saturating_add(6.days()) } else { then.time_value };
    let own = if is_level {
        LEVEL_DAYS
    } else {
        let days = room.vocabulary.query(id).map_or(1, vigie_queries::Query::window_days);
        days + if suffix.starts_with("change") { WEEK } else { 0 }
    };
    let rows: Vec<&Moved> =
        sources(room, &then.indicator).into_iter().filter_map(|source| moved.get(source)).flatten().collect();
    let mut found = BTreeSet::new();
    for days in [own].into_iter().chain(WIDER.into_iter().filter(|days| *days > own)).map(Some).chain([None])
    {
        let from = days.map(|days| last.saturating_sub((i64::from(days) - 1).days()));
        let concerned = |row: &&&Moved| {
            let here = row.department.as_ref().is_none_or(|code| departments.contains(code));
            let then = row.day.is_none_or(|day| day <= last && from.is_none_or(|from| day >= from));
            here && then
        };
        found.extend(rows.iter().filter(concerned).map(|row| row.cause));
        if !found.is_empty() {
            break;
        }
    }
    if is_redefined(room, previous, id, found.is_empty()) {
        found.insert(Cause::Definition);
    }
    found.into_iter().collect()
}

/// Whether the query or rule of a published id is another one; with `anything`, also whether a contract of its sources
/// or Vigie itself is.
fn is_redefined(room: &Room, previous: &Edition, id: &str, anything: bool) -> bool {
    let Some(inputs) = &previous.inputs else {
        return anything && previous.vocabulary_fingerprint != room.vocabulary.fingerprint();
    };
    let mut files: BTreeSet<String> = indicators(room, id)
        .into_iter()
        .flat_map(|id| room.vocabulary.queries_of(id))
        .map(|query| query.file.clone())
        .collect();
    files.extend(id.strip_prefix("rule:").map(|rule| format!("rules/{rule}.toml")));
    if anything {
        files.extend(sources(room, id).into_iter().map(|source| format!("sources/{source}.toml")));
    }
    let now = room.vocabulary.fingerprints();
    files.iter().any(|file| inputs.files.get(file) != now.get(file))
        || (anything && inputs.vigie != env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(indicator: &str, place: Place, unit: &str, before: Option<f64>, now: Option<f64>) -> Change {
        Change {
            indicator: indicator.into(),
            category: String::new(),
            place,
            time_type: TimeType::Week,
            date: jiff::civil::date(2020, 10, 5),
            unit: unit.into(),
            before,
            printed_before: String::new(),
            now,
            printed_now: String::new(),
            causes: Vec::new(),
        }
    }

    #[test]
    fn levels_come_first_then_gaps_then_what_moved_more_than_chance_then_evolutions() {
        let (region, gers) = (Place::region("76"), Place::department("32"));
        let mut changes = [
            change("admissions_7d.change", region.clone(), "patients", Some(1.0), Some(90.0)),
            change("admissions_7d", gers.clone(), "patients", Some(1.0), Some(2.0)), // twice as many, by one patient
            change("admissions_7d", region.clone(), "patients", Some(1000.0), Some(1100.0)),
            change("positivity_7d", region.clone(), "share", Some(0.10), Some(0.12)), // two points of ten
            change("tests_7d", gers.clone(), "tests", None, Some(4.0)),
            change("rule:tension-score.level", gers, "rank", Some(1.0), Some(2.0)),
        ];
        changes.sort_by(by_importance);
        let order: Vec<(&str, Option<f64>)> =
            changes.iter().map(|change| (change.indicator.as_str(), change.before)).collect();
        assert_eq!(
            order,
            [
                ("rule:tension-score.level", Some(1.0)),
                ("tests_7d", None),
                ("admissions_7d", Some(1000.0)),
                ("admissions_7d", Some(1.0)),
                ("positivity_7d", Some(0.10)),
                ("admissions_7d.change", Some(1.0)),
            ]
        );
    }
}
