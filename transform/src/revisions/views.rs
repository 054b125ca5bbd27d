//! The text of the views: SQL with places for the names that a contract gives.
//!
//! `{each: …}` repeats its text for every value column, `$` being its name; the other places are listed in [`fill`]. Names
//! that the text makes up begin with `_`, which no column of a contract does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigie_queries::{Column, ColumnType, Contract, Vocabulary};

use super::settling::{DAYS_MIN, SETTLED_DAYS_SHARE, SETTLING_TIMES, TOLERANCE, has_delays};

/// Longest delay looked at, in days. A day is taken for final when it is older.
const LAG_MAX_DAYS: u16 = 28;

/// Days looked back on, newest first: how a publisher works now, not how it did years ago.
const WINDOW_DAYS: u16 = 182;

const EDITIONS: &str = include_str!("editions.sql");
const STEPS: &str = include_str!("steps.sql");
const REVISIONS: &str = include_str!("revisions.sql");
const REVISION_EVENTS: &str = include_str!("revision_events.sql");
const DELAYS: &str = include_str!("delays.sql");
const SETTLING: &str = include_str!("settling.sql");

/// The editions of every source, without those that were held, refused or older than what was known.
pub(super) fn editions(issued: Timestamp) -> String {
    EDITIONS.replace("{issued}", &literal(issued))
}

/// An instant in SQL. Nanoseconds, the precision of a literal, end in 2262.
fn literal(at: Timestamp) -> String {
    format!("timestamp '{}'", at.min(Timestamp::constant(7_258_118_400, 0)))
}

/// Every view of a vocabulary, by name.
pub(super) fn all(vocabulary: &Vocabulary, issued: Timestamp) -> BTreeMap<String, String> {
    let mut views = BTreeMap::new();
    let mut settling = Vec::new();
    for contract in vocabulary.contracts() {
        let name = contract.name();
        if !values(contract).is_empty() {
            views.insert(format!("{name}_revisions"), fill(REVISIONS, contract, issued));
            views.insert(format!("{name}_revision_events"), fill(REVISION_EVENTS, contract, issued));
        }
        let times = if has_delays(contract) {
            views.insert(format!("{name}_delays"), fill(DELAYS, contract, issued));
            fill(SETTLING, contract, issued)
        } else {
            unmeasured(contract)
        };
        views.insert(format!("{name}_settling"), times);
        settling.push(format!("select * from {name}_settling"));
    }
    views.insert(SETTLING_TIMES.to_owned(), settling.join("\nunion all\n"));
    views
}

/// The row of a source whose figures are about no day.
fn unmeasured(contract: &Contract) -> String {
    let (name, declared) = (contract.name(), contract.cadence.settling_days);
    format!(
        "select '{name}' as source, cast({declared} as int) as declared_days, cast(null as int) as measured_days,\n\
         cast({declared} as int) as used_days, cast(0 as bigint) as editions, cast(0 as bigint) as days_observed"
    )
}

/// The numeric columns that are no part of the key.
pub(super) fn values(contract: &Contract) -> Vec<&str> {
    let is_number = |column: &&Column| matches!(column.kind, ColumnType::Integer | ColumnType::Number);
    let in_key = |name: &str| contract.key.iter().any(|key| key.get_ref() == name);
    contract
        .columns
        .iter()
        .filter(is_number)
        .map(|column| column.name.get_ref().as_str())
        .filter(|name| !in_key(name))
        .collect()
}

/// The key column that says which day a row is about.
pub(super) fn day(contract: &Contract) -> Option<&Column> {
    let mut key = contract.key.iter().filter_map(|name| contract.column(name.get_ref()));
    key.find(|column| column.kind == ColumnType::Date)
}

/// Puts the names of a contract into a template.
fn fill(template: &str, contract: &Contract, issued: Timestamp) -> String {
    let key: Vec<String> = contract.key.iter().map(|name| format!("\"{}\"", name.get_ref())).collect();
    let place = contract
        .key
        .iter()
        .filter_map(|name| contract.column(name.get_ref()))
        .find(|column| column.kind == ColumnType::Department);
    let places = place.map_or("make_array('all')".to_owned(), |column| {
        format!("make_array(\"{}\", 'all')", column.name.get_ref())
    });
    let date = day(contract).map(|column| column.name.get_ref().as_str());
    let (age, age_of_newest, is_late) = match date {
        Some(date) => (
            format!("s._day - v.\"{date}\""),
            format!("cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) - max(\"{date}\")"),
            // What is planned ahead cannot be late.
            day(contract)
                .filter(|column| !column.future)
                .map(|_| format!("coalesce(s._day_before - v.\"{date}\" >= u._lag, false)")),
        ),
        None => ("cast(null as int)".to_owned(), "cast(null as int)".to_owned(), None),
    };
    let editions = "select issued_at, day from source_editions where source = '{source}'";
    each(&template.replace("{steps}", STEPS.trim_end()).replace("{editions}", editions), &values(contract))
        .replace("{key}", &key.join(", "))
        .replace("{day}", &date.map_or_else(|| "null".to_owned(), |date| format!("\"{date}\"")))
        .replace("{places}", &places)
        .replace("{age}", &age)
        .replace("{age_of_newest}", &age_of_newest)
        .replace("{is_late}", is_late.as_deref().unwrap_or("false"))
        .replace("{source}", contract.name())
        .replace("{issued}", &literal(issued))
        .replace("{lag_max}", &LAG_MAX_DAYS.to_string())
        .replace("{window_days}", &WINDOW_DAYS.to_string())
        .replace("{tolerance}", &TOLERANCE.to_string())
        .replace("{days_share}", &SETTLED_DAYS_SHARE.to_string())
        .replace("{days_min}", &DAYS_MIN.to_string())
        .replace("{declared}", &contract.cadence.settling_days.to_string())
}

/// Repeats each `{each: …}` for every value column.
fn each(template: &str, values: &[&str]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{each: ") {
        let (repeated, tail) = after.split_once('}').unwrap_or((after, ""));
        let parts: Vec<String> = values.iter().map(|value| repeated.replace('$', value)).collect();
        text.push_str(before);
        text.push_str(&parts.join(", "));
        rest = tail;
    }
    text.push_str(rest);
    text
}
