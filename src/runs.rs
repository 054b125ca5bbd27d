//! The table `runs`: what jobs did, those of the schedule and those a person asked for.

use jiff::Timestamp;
use serde::Serialize;
use vigie_store::tables;

use crate::clock::now;
use crate::error::Error;
use crate::room::Room;
use crate::rows;

/// One row of `runs`.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Id; a window of a job has one.
    pub run_id: String,
    /// Its job: `build`, `bulletin`, `send`, `fetch:tests`…
    pub job: String,
    /// Its window; none when a person asked.
    pub scheduled_for: Option<Timestamp>,
    /// When it began; none when it was passed over.
    pub started_at: Option<Timestamp>,
    /// When it ended; none when it was passed over.
    pub ended_at: Option<Timestamp>,
    /// `ok`, `partial` (done without some files that are faulty), `failed`, `missed` or `skipped`.
    pub outcome: &'static str,
    /// What was done, or why not.
    pub message: String,
    /// Whether it came later than its window.
    pub caught_up: bool,
}

/// What came of a job: its outcome and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `ok`, `partial` or `failed`.
    pub outcome: &'static str,
    /// What was done, or why not.
    pub message: String,
}

impl Ended {
    /// What was done, and the files it was done without.
    #[must_use]
    pub fn of(done: Result<(String, Vec<String>), &Error>) -> Self {
        match done {
            Ok((message, faults)) if faults.is_empty() => Self { outcome: "ok", message },
            Ok((_, faults)) => Self { outcome: "partial", message: faults.join(" ; ") },
            Err(error) => Self { outcome: "failed", message: error.sentence() },
        }
    }
}

/// A window of a job has one id.
#[must_use]
pub fn run_id(job: &str, window: Timestamp) -> String {
    vigie_store::fetch_id(job, window, "")
}

/// Adds a row.
///
/// # Errors
/// [`Error::Store`] when the lake cannot be written.
pub async fn append(room: &Room, row: &Run) -> Result<(), Error> {
    let spec = tables::runs();
    let batch = rows::batch(&spec.schema, std::slice::from_ref(row))?;
    room.lake.append(&spec, &[batch], now(), &row.run_id).await?;
    room.tidy(&[spec]).await;
    Ok(())
}

/// Records what a person asked for, so that `vigie status` knows of it. A lake that cannot be written has told so already.
pub async fn record_by_hand(room: &Room, job: &str, began: Timestamp, ended: Ended) {
    let row = Run {
        run_id: run_id(job, began),
        job: job.to_owned(),
        scheduled_for: None,
        started_at: Some(began),
        ended_at: Some(now()),
        outcome: ended.outcome,
        message: ended.message,
        caught_up: false,
    };
    if room.lake.check_writable().is_err() {
        return;
    }
    if let Err(error) = append(room, &row).await {
        tracing::warn!(job, error = error.sentence(), "the run could not be recorded");
    }
}
