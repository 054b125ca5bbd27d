//! `vigie status`: age and state of every feed, last runs.

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use vigie_reports::input::{FeedState, Freshness};

use super::print_json;
use crate::cli::Global;
use crate::error::Error;
use crate::feeds::states;
use crate::room::Room;

#[derive(Serialize)]
struct Row<'a> {
    source: &'a str,
    state: &'static str,
    last_issued_at: Option<Timestamp>,
    age_hours: Option<f64>,
    last_day: Option<jiff::civil::Date>,
    rows_accepted: u64,
    rows_quarantined: u64,
    last_fetch_outcome: Option<&'a str>,
    last_fetch_message: Option<&'a str>,
    /// Days of an address that holds the day, asked for and never received.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_files: &'a [jiff::civil::Date],
}

/// Prints the state of every feed, and on standard error what could not be sent; exit code 4 when a feed that has been
/// received is stale, else 5 when a delivery failed.
pub(super) async fn run(global: &Global, as_of: Option<Timestamp>) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let as_of = Room::as_of(as_of, room.now()?);
    let ctx = room.session(as_of)?;
    let states = states(&room, &ctx, as_of, None).await?;
    let missing = crate::fetch::missing_files(&ctx, as_of.recorded).await?;
    let rows: Vec<Row<'_>> = states
        .iter()
        .map(|state| Row {
            missing_files: missing.get(&state.source).map_or(&[], Vec::as_slice),
            ..row(state)
        })
        .collect();
    if global.json {
        print_json(&rows)?;
    } else {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "flux",
            "état",
            "édition",
            "âge",
            "dernier jour",
            "lignes",
            "de côté",
            "dernier relevé",
        ]);
        for column in [3, 5, 6] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for (row, state) in rows.iter().zip(&states) {
            table.add_row([
                row.source.to_owned(),
                french(state.state).to_owned(),
                row.last_issued_at
                    .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
                    .unwrap_or_default(),
                row.age_hours.map(age).unwrap_or_default(),
                row.last_day.map(|day| day.to_string()).unwrap_or_default(),
                row.rows_accepted.to_string(),
                row.rows_quarantined.to_string(),
                row.last_fetch_outcome.unwrap_or_default().to_owned(),
            ]);
        }
        println!("{table}");
        for (source, days) in &missing {
            println!("{source} : jamais reçu de l’éditeur, fichier du {}", crate::fetch::listed(days));
        }
    }
    let failed = crate::delivery::failed(&room).await?;
    for delivery in &failed {
        eprintln!(
            "envoi en échec : {} → {} ({} ; bulletin {})",
            delivery.target, delivery.address, delivery.message, delivery.bulletin_id
        );
    }
    Ok(match (states.iter().any(|state| state.state == Freshness::Stale), failed.is_empty()) {
        (true, _) => 4,
        (false, false) => 5,
        (false, true) => 0,
    })
}

fn row(state: &FeedState) -> Row<'_> {
    Row {
        source: &state.source,
        state: match state.state {
            Freshness::Fresh => "fresh",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
            Freshness::Absent => "absent",
        },
        last_issued_at: state.last_issued_at,
        age_hours: state.age_hours,
        last_day: state.last_day,
        rows_accepted: state.rows_accepted,
        rows_quarantined: state.rows_quarantined,
        last_fetch_outcome: state.last_fetch_outcome.as_deref(),
        last_fetch_message: state.last_fetch_message.as_deref(),
        missing_files: &[],
    }
}

fn french(state: Freshness) -> &'static str {
    match state {
        Freshness::Fresh => "à jour",
        Freshness::Late => "en retard",
        Freshness::Stale => "périmé",
        Freshness::Absent => "jamais reçu",
    }
}

fn age(hours: f64) -> String {
    if hours < 48.0 { format!("{hours:.0} h") } else { format!("{:.0} j", hours / 24.0) }
}
