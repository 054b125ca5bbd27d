//! How long the figures of a source take to settle: as its contract declares, or as its own history shows.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use vigie_queries::{Contract, Vocabulary};

use super::views::{day, values};
use crate::Error;

/// The view of all sources.
pub const SETTLING_TIMES: &str = "settling_times";

/// Editions, and days seen at a delay, that a measure needs at least: two weeks of a daily feed.
pub(super) const DAYS_MIN: u16 = 14;

/// A day is settled when what is known of it is within this share of its final value.
pub(super) const TOLERANCE: f64 = 0.01;

/// A delay is long enough when this share of the days is settled after it, and after every longer one.
pub(super) const SETTLED_DAYS_SHARE: f64 = 0.9;

/// After how many days the figures of a source no longer move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// As its contract declares.
    pub declared_days: u16,
    /// As its editions show; none without enough of them, or when figures still move after four weeks.
    pub measured_days: Option<u16>,
    /// Editions it was measured on.
    pub editions: u32,
}

impl Settling {
    /// Days younger than that are provisional: the measure where there is one.
    #[must_use]
    pub fn days(&self) -> u16 {
        self.measured_days.unwrap_or(self.declared_days)
    }

    /// As the contract says, when nothing was measured.
    #[must_use]
    pub fn declared(contract: &Contract) -> Self {
        Self { declared_days: contract.cadence.settling_days, measured_days: None, editions: 0 }
    }
}

/// Whether the delays of a source can be measured: numbers about days that have passed.
pub(super) fn has_delays(contract: &Contract) -> bool {
    day(contract).is_some_and(|day| !day.future) && !values(contract).is_empty()
}

/// The settling time of every source, as of the session's time.
///
/// Without the views of revisions (a session made by hand) all are as declared.
///
/// # Errors
/// [`Error::Table`] when a view cannot be read.
pub(crate) async fn measure(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
) -> Result<BTreeMap<String, Settling>, Error> {
    let mut times: BTreeMap<String, Settling> = vocabulary
        .contracts()
        .map(|contract| (contract.name().to_owned(), Settling::declared(contract)))
        .collect();
    let fault =
        |source: DataFusionError| Error::Table { table: SETTLING_TIMES.to_owned(), source: Box::new(source) };
    if !ctx.table_exist(SETTLING_TIMES).map_err(fault)? {
        return Ok(times);
    }
    // The triangle of a source is only drawn when it has enough editions.
    let enough = format!(
        "select source from source_editions group by source having count(distinct day) >= {DAYS_MIN} order by source"
    );
    let mut sources = Vec::new();
    for batch in query(ctx, &enough).await.map_err(fault)? {
        let names = batch.column(0).as_string::<i32>();
        sources.extend((0..batch.num_rows()).map(|row| names.value(row).to_owned()));
    }
    for source in sources {
        let Some(settling) = times.get_mut(&source) else { continue };
        if !vocabulary.contract(&source).is_some_and(has_delays) {
            continue;
        }
        let measured = format!("select measured_days, editions from {source}_settling");
        for batch in query(ctx, &measured).await.map_err(fault)? {
            if let Some((days, editions)) = read(&batch).map_err(fault)? {
                (settling.measured_days, settling.editions) = (Some(days), editions);
            }
        }
    }
    Ok(times)
}

async fn query(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    ctx.sql(sql).await?.collect().await
}

/// The measured days and the editions of the only row, when something was measured.
fn read(batch: &RecordBatch) -> Result<Option<(u16, u32)>, DataFusionError> {
    let number = |at: usize| -> Result<Option<i64>, DataFusionError> {
        let column = cast(batch.column(at), &DataType::Int64)?;
        let column = column.as_primitive::<Int64Type>();
        Ok((column.len() == 1 && column.is_valid(0)).then(|| column.value(0)))
    };
    let (Some(days), Some(editions)) = (number(0)?, number(1)?) else { return Ok(None) };
    Ok(u16::try_from(days).ok().zip(u32::try_from(editions).ok()))
}
