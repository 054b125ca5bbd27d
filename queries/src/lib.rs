//! The vocabulary of Vigie: contracts of sources, SQL of indicators, gates, dated rules, models of forecasts, places.
//!
//! Everything here is data that something executes: a contract drives the parser and the table, a query header
//! drives the run order and the definitions page, a rule carries its own tests. The files are embedded in the
//! binary; a folder given in the configuration overlays them file by file ([`Vocabulary::with_overlay`]).
//!
//! This crate knows no engine, no network, no disk layout and no clock.

mod alert;
mod contract;
mod described;
mod error;
mod forecast;
mod gate;
mod layout;
mod month;
mod nearest;
mod observation;
mod outline;
mod pattern;
mod place;
mod query;
mod relation;
mod rule;
mod saved;
mod toml_fault;
mod vocabulary;

pub use alert::{Alert, AlertEvent, AlertState, CriterionResult, Judgement};
pub use contract::{
    Bounds, Cadence, Column, ColumnType, Contract, Dialect, EditionTimeFrom, Feed, Filter, Format, Kind,
    LastLine,
};
pub use described::{DescribedColumn, DescribedTable};
pub use error::Error;
pub use forecast::{Forecast, ForecastDay, ForecastModel, QUANTILE_LEVELS, Track};
pub use gate::{Gate, GateOnSource, GateSetting, GateSeverity, Stage};
pub use layout::{Epoch, Join, Piece, Stated, Unpivot};
pub use month::{MONTHS_FR, date_fr, month_fr};
pub use nearest::nearest;
pub use observation::{NOTHING_DUE, Observation, Observations, SeriesKey, Status, TimeType};
pub use outline::{BlockOutline, Chart, Group, Measure, Outline, SectionOutline, WRITERS};
pub use pattern::Pattern;
pub use place::{
    Epci, GeoType, Place, department_by_name, known_departments, known_epcis, official_name, region_name,
};
pub use query::{Coverage, PeopleCount, Query, QueryKind, Subject, Week, Worse};
pub use relation::{Condition, Operand, Operator, Relation, RelationSeverity, Term};
pub use rule::{
    AlertBounds, Combine, Comparison, Criterion, GradeOfSource, Level, Owned, Role, Rule, RuleTest, SCORE,
    Thresholds,
};
pub use saved::{Parameter, ParameterType, SavedQuery};
pub use toml_fault::{cron_fault, toml_fault};
pub use vocabulary::{PARTS, ReferenceBody, Vocabulary};

#[cfg(test)]
mod tests;
