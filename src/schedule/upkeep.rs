//! Upkeep of the lake as jobs of the service: compaction every night, a seventh of the files verified every day, a backup.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::now;
use crate::error::Error;
use crate::room::Room;

/// Name of the job that verifies, in `runs`.
pub(super) const VERIFY: &str = "verify";

/// Days after which every file has been read again.
const VERIFY_DAYS: u32 = 7;

/// Merges the files of days, months and years that are over, in every table. What was done, as a sentence.
pub(super) async fn compact(room: &Room) -> Result<String, Error> {
    let (lake, tables, engine) = (room.lake.clone(), room.tables(), tokio::runtime::Handle::current());
    let merged = blocking(move || Ok(engine.block_on(lake.compact(&tables, now()))?)).await?;
    let files: usize = merged.iter().map(|merge| merge.files).sum();
    Ok(match merged.len() {
        0 => "Rien à réunir.".to_owned(),
        n => format!("{files} fichiers réunis en {n}."),
    })
}

/// Reads the part of the lake that is due on the day of a window: a seventh of its files, and those of the days that no run
/// succeeded on. Damage is a failure of the run.
pub(super) async fn verify(room: &Room, window: Timestamp) -> Result<String, Error> {
    let last = room.lake.runs().await?.remove(VERIFY).and_then(|runs| runs.success);
    let parts = parts_due(last.and_then(|run| run.at()), window);
    let (lake, due) = (room.lake.clone(), parts.clone());
    let report = blocking(move || Ok(lake.verify_parts(&due, VERIFY_DAYS)?)).await?;
    let read = format!(
        "{} fichiers et {} corps relus ({} septièmes du lac)",
        report.files,
        report.bodies,
        parts.len()
    );
    let Some(first) = report.problems.first() else { return Ok(format!("{read}, aucun dommage.")) };
    for problem in &report.problems {
        tracing::error!(table = problem.table, file = %problem.file.display(), what = problem.what, "damage in the lake");
    }
    // The words about one file are those of `vigie verify`.
    let at = format!("{} ({}). Détail : vigie verify", first.file.display(), first.table);
    Err(Error::Failed(match report.problems.len() {
        1 => format!("{read}, un problème : {at}"),
        many => format!("{read}, {many} problèmes. Le premier : {at}"),
    }))
}

/// The parts to be read in a window, the last run that succeeded being known: one a day since, at most all.
fn parts_due(last: Option<Timestamp>, window: Timestamp) -> Vec<u32> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).timestamp().as_second().div_euclid(86_400);
    let today = day(window);
    let week = i64::from(VERIFY_DAYS);
    let first = last.map_or(today, |last| (day(last) + 1).clamp(today - week + 1, today));
    (first..=today).filter_map(|day| u32::try_from(day.rem_euclid(week)).ok()).collect()
}

/// Brings the configured backup up to date.
pub(super) async fn backup(room: &Room) -> Result<String, Error> {
    let Some(folder) = room.config.backup.folder.clone() else {
        return Err(Error::Usage("backup.folder is not set".into()));
    };
    let (lake, to) = (room.lake.clone(), folder.clone());
    let made = blocking(move || Ok(lake.backup(&to)?)).await?;
    Ok(format!(
        "{} : {} fichiers, {} Mo, tout ce qui est enregistré jusqu’au {} ; {} fichiers copiés.",
        folder.display(),
        made.files,
        made.bytes / 1_000_000,
        made.settled,
        made.files_copied
    ))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::Failed(format!("erreur interne : {panic}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read_within_a_week_whatever_was_missed() {
        let day = |n: i64| Timestamp::from_second(n * 86_400 + 15_000).unwrap();
        // A run each day.
        let mut seen: Vec<u32> = (100..107).flat_map(|n| parts_due(Some(day(n - 1)), day(n))).collect();
        assert_eq!(seen.len(), 7);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        // Three days missed: theirs are read with today's.
        let mut missed = parts_due(Some(day(100)), day(104));
        let mut expected: Vec<u32> = (101..=104).flat_map(|n| parts_due(Some(day(n - 1)), day(n))).collect();
        missed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(missed, expected);
        // A month missed: all, once. Twice on one day: that day's again.
        assert_eq!(parts_due(Some(day(100)), day(130)).len(), 7);
        assert_eq!(parts_due(Some(day(100)), day(100)), parts_due(None, day(100)));
        assert_eq!(parts_due(Some(day(105)), day(100)).len(), 1, "a clock that was set back");
    }
}
