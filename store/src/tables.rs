//! The tables that Vigie itself fills; the others come from contracts ([`TableSpec::of`]).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

use crate::spec::{TableKind, TableSpec, instant};

fn field(name: &str, kind: &DataType) -> Field {
    Field::new(name, kind.clone(), true)
}

fn spec(name: &str, kind: TableKind, key: &[(&str, DataType)], values: &[(&str, DataType)]) -> TableSpec {
    let fields: Vec<Field> = key
        .iter()
        .map(|(name, kind)| Field::new(*name, kind.clone(), false))
        .chain(values.iter().map(|(name, kind)| field(name, kind)))
        .collect();
    TableSpec {
        name: name.to_owned(),
        key: key.iter().map(|(name, _)| (*name).to_owned()).collect(),
        schema: Arc::new(Schema::new(fields)),
        kind,
    }
}

fn log(name: &str, columns: &[(&str, DataType)]) -> TableSpec {
    spec(name, TableKind::Log, &[], columns)
}

/// Derived tables: a run computes everything, so that a key it does not give is withdrawn. What a run says nothing of,
/// such as days of which only the runs of those days know, is for its caller to tell ([`crate::Spared`]).
fn derived(name: &str, key: &[(&str, DataType)], values: &[(&str, DataType)]) -> TableSpec {
    spec(name, TableKind::Versioned { snapshot: true }, key, values)
}

use DataType::{Boolean, Date32, Float64, Int64, Utf8};

/// One row per poll of a source, also when nothing changed.
#[must_use]
pub fn fetches() -> TableSpec {
    log(
        "fetches",
        &[
            ("fetch_id", Utf8),
            ("source", Utf8),
            ("outcome", Utf8),
            ("url", Utf8),
            ("http_status", Int64),
            ("etag", Utf8),
            ("last_modified", Utf8),
            ("issued_at", instant()),
            ("recorded_at", instant()),
            ("sha256", Utf8),
            ("bytes", Int64),
            ("encoding", Utf8),
            ("delimiter", Utf8),
            ("rows_in", Int64),
            ("rows_accepted", Int64),
            ("rows_changed", Int64),
            ("rows_withdrawn", Int64),
            ("rows_quarantined", Int64),
            ("rows_filtered", Int64),
            ("duration_ms", Int64),
            ("message", Utf8),
            ("contract_fingerprint", Utf8),
            ("asked_day", Date32),
        ],
    )
}

/// One row per problem found in a fetch.
#[must_use]
pub fn findings() -> TableSpec {
    log(
        "findings",
        &[
            ("fetch_id", Utf8),
            ("source", Utf8),
            ("line", Int64),
            ("column", Utf8),
            ("code", Utf8),
            ("severity", Utf8),
            ("found", Utf8),
            ("expected", Utf8),
            ("message", Utf8),
            ("raw", Utf8),
        ],
    )
}

/// One row per indicator, place and time, and version.
#[must_use]
pub fn indicators() -> TableSpec {
    derived(
        "indicators",
        &[
            ("indicator", Utf8),
            ("category", Utf8),
            ("geo_type", Utf8),
            ("geo_value", Utf8),
            ("time_type", Utf8),
            ("time_value", Date32),
        ],
        &[
            ("value", Float64),
            ("numerator", Float64),
            ("denominator", Float64),
            ("status", Utf8),
            ("missing_reason", Utf8),
            ("definition", Utf8),
            ("coverage", Float64),
            ("lacking", Utf8),
            ("value_without", Float64),
        ],
    )
}

/// One row per rule, place and day judged, and version. `criteria` is JSON text.
#[must_use]
pub fn judgements() -> TableSpec {
    derived(
        "judgements",
        &[("rule", Utf8), ("geo_type", Utf8), ("geo_value", Utf8), ("time_value", Date32)],
        &[
            ("rank", Int64),
            ("rank_max", Int64),
            ("level", Utf8),
            ("criteria", Utf8),
            ("rule_fingerprint", Utf8),
        ],
    )
}

/// One row per forecast quantity (hubverse columns, with the kind of place), and version.
#[must_use]
pub fn forecasts() -> TableSpec {
    derived(
        "forecasts",
        &[
            ("model_id", Utf8),
            ("reference_date", Date32),
            ("target", Utf8),
            ("horizon", Int64),
            ("target_end_date", Date32),
            ("geo_type", Utf8),
            ("geo_value", Utf8),
            ("output_type", Utf8),
            ("output_type_id", Utf8),
        ],
        &[("value", Float64)],
    )
    .with_snapshot(false) // a run forecasts from one Sunday, and says nothing of the others
}

/// One row per transition of an alert. `state_from` and `state_to` avoid the SQL words `from` and `to`.
#[must_use]
pub fn alert_events() -> TableSpec {
    log(
        "alert_events",
        &[
            ("rule", Utf8),
            ("geo_type", Utf8),
            ("geo_value", Utf8),
            ("time_value", Date32),
            ("state_from", Utf8),
            ("state_to", Utf8),
            ("level", Utf8),
            ("value", Float64),
            ("threshold", Float64),
            ("indicator", Utf8),
            ("rule_fingerprint", Utf8),
            ("issued_at", instant()),
            ("recorded_at", instant()),
            ("by", Utf8),
            ("note", Utf8),
            ("revoked", Boolean),
        ],
    )
}

/// One row per edition of a bulletin. `inputs` is JSON text: what it was made from besides the lake's rows.
#[must_use]
pub fn bulletins() -> TableSpec {
    log(
        "bulletins",
        &[
            ("bulletin_id", Utf8),
            ("territory", Utf8),
            ("week", Date32),
            ("edition", Int64),
            ("as_of_issued", instant()),
            ("as_of_recorded", instant()),
            ("vocabulary_fingerprint", Utf8),
            ("pdf_sha256", Utf8),
            ("json_sha256", Utf8),
            ("path", Utf8),
            ("recorded_at", instant()),
            ("xlsx_sha256", Utf8),
            ("inputs", Utf8),
            ("html_sha256", Utf8),
            ("summary_sha256", Utf8),
        ],
    )
}

/// One row per try to send a bulletin to a reader, a folder or an address.
#[must_use]
pub fn deliveries() -> TableSpec {
    log(
        "deliveries",
        &[
            ("delivery_id", Utf8),
            ("bulletin_id", Utf8),
            ("territory", Utf8),
            ("target", Utf8),
            ("address", Utf8),
            ("message_id", Utf8),
            ("outcome", Utf8),
            ("form", Utf8),
            ("message", Utf8),
            ("attempts", Int64),
            ("recorded_at", instant()),
        ],
    )
}

/// One row per number a bulletin printed.
#[must_use]
pub fn published_values() -> TableSpec {
    log(
        "published_values",
        &[
            ("bulletin_id", Utf8),
            ("section", Utf8),
            ("label", Utf8),
            ("indicator", Utf8),
            ("category", Utf8),
            ("geo_type", Utf8),
            ("geo_value", Utf8),
            ("time_type", Utf8),
            ("time_value", Date32),
            ("value", Float64),
            ("unit", Utf8),
            ("printed", Utf8),
        ],
    )
}

/// One row per run of a job, missed windows included.
#[must_use]
pub fn runs() -> TableSpec {
    log(
        "runs",
        &[
            ("run_id", Utf8),
            ("job", Utf8),
            ("scheduled_for", instant()),
            ("started_at", instant()),
            ("ended_at", instant()),
            ("outcome", Utf8),
            ("message", Utf8),
            ("caught_up", Boolean),
        ],
    )
}

/// One row per word of a person about a gate: who lets what through, why, and until when.
#[must_use]
pub fn acknowledgements() -> TableSpec {
    log(
        "acknowledgements",
        &[
            ("acknowledgement_id", Utf8),
            ("gate", Utf8),
            ("source", Utf8),
            ("territory", Utf8),
            ("week", Date32),
            ("fetch_id", Utf8),
            ("by", Utf8),
            ("reason", Utf8),
            ("until", Date32),
            ("recorded_at", instant()),
        ],
    )
}

/// One row per decision of a committee.
#[must_use]
pub fn decisions() -> TableSpec {
    log(
        "decisions",
        &[
            ("decision_id", Utf8),
            ("decided_on", Date32),
            ("geo_type", Utf8),
            ("geo_value", Utf8),
            ("title", Utf8),
            ("detail", Utf8),
            ("decided_by", Utf8),
            ("rule", Utf8),
        ],
    )
}

/// All of them, by name.
#[must_use]
pub fn all() -> Vec<TableSpec> {
    vec![
        acknowledgements(),
        alert_events(),
        bulletins(),
        decisions(),
        deliveries(),
        fetches(),
        findings(),
        forecasts(),
        indicators(),
        judgements(),
        published_values(),
        runs(),
    ]
}

/// Whether a table of that name is filled by Vigie itself, not by a fetch.
pub(crate) fn is_own(name: &str) -> bool {
    all().iter().any(|spec| spec.name == name)
}
