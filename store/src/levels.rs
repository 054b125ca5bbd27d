//! Which files of a table are merged into which: commits into their day, days into their month, months into their year.
//!
//! A pure function of what is there. Small tables (a log, a feed of a few rows) are merged upward before their month or
//! year is over, so that they stay a handful of files for ever; large ones wait, so that what is rewritten in a night is
//! bounded and a byte of a large table is written a few times in all. Files that are merged always lie side by side in time: a merged file holds every commit of its table from
//! its oldest to its newest.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::layout::{DataFile, FileName, Span};
use crate::period::{Month, Period};

/// So many commits of a day that is not over are merged.
pub(crate) const COMMITS_MAX: usize = 16;
/// Up to so many bytes, days join their month and months their year before these are over.
const EARLY_BYTES: u64 = 8 << 20;
/// Up to so many bytes, the months of a year that is over become one file.
const YEAR_BYTES: u64 = 512 << 20;
/// In a day that is not over, a merged file joins the next merge while it has at most so many bytes, or twice as many as
/// what it is merged with.
const AGAIN_BYTES: u64 = 1 << 20;

/// Files, side by side in time, that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merge {
    /// The shortest period that holds them all.
    pub(crate) period: Period,
    /// At least two, oldest first.
    pub(crate) files: Vec<DataFile>,
}

impl Merge {
    /// None when there is nothing to merge.
    fn of(files: Vec<DataFile>) -> Option<Self> {
        let (first, last) = (files.first()?, files.last()?);
        if files.len() < 2 {
            return None;
        }
        let level = files.iter().map(|file| period_of(file).level()).max().unwrap_or(0);
        let (oldest, newest) = (period_of(first).start(), last.span.newest);
        let month = Month::of(oldest);
        let candidates = [Period::day(oldest), Period::Month(month), Period::Year(month.year)];
        let period =
            candidates.into_iter().find(|period| period.level() >= level && period.contains(newest))?;
        Some(Self { period, files })
    }

    /// One file, to be written anew.
    pub(crate) fn alone(file: DataFile) -> Self {
        Self { period: period_of(&file), files: vec![file] }
    }

    pub(crate) fn bytes(&self) -> u64 {
        bytes_of(&self.files)
    }

    /// From the oldest to the newest commit in it.
    pub(crate) fn span(&self) -> Option<Span> {
        let oldest = self.files.iter().map(|file| file.span.oldest).min()?;
        Some(Span { oldest, newest: self.files.iter().map(|file| file.span.newest).max()? })
    }

    /// The same with at most so many of its oldest files.
    pub(crate) fn at_most(mut self, n_files: usize) -> Option<Self> {
        self.files.truncate(n_files);
        Self::of(self.files)
    }
}

/// The period a file belongs to: that of its name, the day of a commit.
fn period_of(file: &DataFile) -> Period {
    match &file.name {
        FileName::Merged(period, _) => *period,
        FileName::Commit { recorded, .. } => Period::day(*recorded),
    }
}

fn bytes_of(files: &[DataFile]) -> u64 {
    files.iter().map(|file| file.bytes).sum()
}

/// The merges that are due in a table.
///
/// - `files`: those of the table, oldest first, none of which holds the rows of another.
/// - `settled`: commits up to then are all there; later ones are left alone.
/// - `now`: says which periods are over.
pub(crate) fn plan(files: &[DataFile], settled: Timestamp, now: Timestamp) -> Vec<Merge> {
    let mut by_year: BTreeMap<i16, Vec<DataFile>> = BTreeMap::new();
    for file in files.iter().take_while(|file| file.span.newest <= settled) {
        by_year.entry(Month::of(period_of(file).start()).year).or_default().push(file.clone());
    }
    let mut merges = Vec::new();
    for (year, files) in by_year {
        let (past, current): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| match period_of(file) {
            Period::Year(_) => true,
            period => Period::Month(Month::of(period.start())).is_over(now),
        });
        let most = if Period::Year(year).is_over(now) { YEAR_BYTES } else { EARLY_BYTES };
        if bytes_of(&past) <= most {
            merges.extend(Merge::of(past));
        } else {
            let months = past.into_iter().filter(|file| !matches!(period_of(file), Period::Year(_)));
            merges.extend(by(months, |file| Period::Month(Month::of(period_of(file).start()))));
        }
        let (past, open): (Vec<_>, Vec<_>) = current.into_iter().partition(|file| match period_of(file) {
            Period::Day(_) => period_of(file).is_over(now),
            _ => true,
        });
        if bytes_of(&past) <= EARLY_BYTES {
            merges.extend(Merge::of(past));
        } else {
            let days = past.into_iter().filter(|file| matches!(period_of(file), Period::Day(_)));
            merges.extend(by(days, period_of));
        }
        let mut days: BTreeMap<Period, Vec<DataFile>> = BTreeMap::new();
        for file in open {
            days.entry(period_of(&file)).or_default().push(file);
        }
        merges.extend(days.into_values().filter_map(so_far));
    }
    merges
}

/// One merge for each group of files that has several.
fn by(files: impl Iterator<Item = DataFile>, group: impl Fn(&DataFile) -> Period) -> Vec<Merge> {
    let mut groups: BTreeMap<Period, Vec<DataFile>> = BTreeMap::new();
    for file in files {
        groups.entry(group(&file)).or_default().push(file);
    }
    groups.into_values().filter_map(Merge::of).collect()
}

/// The commits of a day that is not over, once they are many, and what was merged of it lately while that is small.
fn so_far(mut files: Vec<DataFile>) -> Option<Merge> {
    let is_commit = |file: &&DataFile| matches!(file.name, FileName::Commit { .. });
    let n_commits = files.iter().rev().take_while(is_commit).count();
    if n_commits < COMMITS_MAX {
        return None;
    }
    let mut from = files.len() - n_commits;
    let mut bytes = bytes_of(&files[from..]);
    while from > 0 && files[from - 1].bytes <= AGAIN_BYTES.max(2 * bytes) {
        from -= 1;
        bytes += files[from].bytes;
    }
    Merge::of(files.split_off(from))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn file(name: FileName, oldest: Timestamp, newest: Timestamp, bytes: u64) -> DataFile {
        DataFile { name, path: PathBuf::new(), bytes, written: None, span: Span { oldest, newest } }
    }

    fn commit(recorded: &str, bytes: u64) -> DataFile {
        let recorded = at(recorded);
        file(FileName::Commit { recorded, id: "a".into() }, recorded, recorded, bytes)
    }

    fn planned(files: &[DataFile], settled: &str, now: &str) -> Vec<(String, usize)> {
        let merges = plan(files, at(settled), at(now));
        merges.iter().map(|merge| (merge.period.to_string(), merge.files.len())).collect()
    }

    /// Hours of polls into a table, merged as the schedule would: a poll every hour, a compaction every night.
    fn files_after(hours: i64, bytes_of_a_poll: u64) -> (usize, u64) {
        let start = at("2021-03-01T00:30:00Z");
        let (mut files, mut most, mut written): (Vec<DataFile>, usize, u64) = (Vec::new(), 0, 0);
        for hour in 0..hours {
            let now = start + jiff::SignedDuration::from_hours(hour);
            files.push(file(FileName::Commit { recorded: now, id: "a".into() }, now, now, bytes_of_a_poll));
            let n_commits = files.iter().filter(|file| matches!(file.name, FileName::Commit { .. })).count();
            if n_commits >= COMMITS_MAX || hour % 24 == 3 {
                for merge in plan(&files, now, now) {
                    let span = merge.span().unwrap();
                    files.retain(|file| !merge.files.contains(file));
                    assert!(files.iter().all(|file| !file.span.meets(span)), "not side by side");
                    let turn = u32::try_from(hour).unwrap();
                    files.push(file(
                        FileName::Merged(merge.period, turn),
                        span.oldest,
                        span.newest,
                        merge.bytes(),
                    ));
                    files.sort_by_key(|file| file.span);
                    written += merge.bytes();
                }
            }
            most = most.max(files.len());
            let total: u64 = files.iter().map(|file| file.bytes).sum();
            assert_eq!(total, bytes_of_a_poll * (u64::try_from(hour).unwrap() + 1), "lost or doubled");
        }
        (most, written / (bytes_of_a_poll * u64::try_from(hours).unwrap()))
    }

    #[test]
    fn ten_thousand_polls_leave_a_handful_of_files() {
        // A row, a thousand rows, then a megabyte and twenty a poll: files at most, and how often a byte was written.
        assert!(files_after(10_000, 500).0 <= 20);
        assert!(files_after(10_000, 10_000).0 <= 40);
        for bytes in [1_000_000, 20_000_000] {
            let (files, times) = files_after(10_000, bytes);
            assert!(files <= 80 && times <= 4, "{files} files, written {times} times");
        }
    }

    #[test]
    fn what_is_not_settled_is_left_alone() {
        let files: Vec<DataFile> =
            (10..30).map(|hour| commit(&format!("2020-10-13T{:02}:00:00Z", hour % 24), 9)).collect();
        let mut files = files;
        files.sort_by_key(|file| file.span);
        let now = "2020-10-14T01:00:00Z";
        assert_eq!(planned(&files, "2020-10-13T23:00:00Z", now), [("2020-10-13".to_owned(), 20)]);
        assert_eq!(planned(&files, "2020-10-13T02:30:00Z", now), [("2020-10-13".to_owned(), 3)]);
        assert_eq!(planned(&files, "2020-10-13T00:30:00Z", now), []);
        // The day is not over: sixteen commits are merged, fifteen are not.
        assert_eq!(planned(&files[..15], now, "2020-10-13T23:00:00Z"), []);
        assert_eq!(planned(&files[..16], now, "2020-10-13T23:00:00Z"), [("2020-10-13".to_owned(), 16)]);
    }

    #[test]
    fn the_shortest_period_that_holds_all_is_taken() {
        let now = "2021-02-03T12:00:00Z";
        let of = |files: &[DataFile]| planned(files, now, now);
        let one = |text: &str, n| vec![(text.to_owned(), n)];
        assert_eq!(
            of(&[commit("2021-01-05T08:00:00Z", 1), commit("2021-01-05T09:00:00Z", 1)]),
            one("2021-01-05", 2)
        );
        assert_eq!(
            of(&[commit("2021-01-05T08:00:00Z", 1), commit("2021-01-06T09:00:00Z", 1)]),
            one("2021-01", 2)
        );
        assert_eq!(
            of(&[commit("2020-01-05T08:00:00Z", 1), commit("2020-03-06T09:00:00Z", 1)]),
            one("2020", 2)
        );
        let years = [commit("2019-01-05T08:00:00Z", 1), commit("2020-03-06T09:00:00Z", 1)];
        assert_eq!(of(&years), []);
        // Yesterday and the day before, in this month.
        assert_eq!(
            of(&[commit("2021-02-01T08:00:00Z", 1), commit("2021-02-02T09:00:00Z", 1)]),
            one("2021-02", 2)
        );
        // Large days wait for the end of their month.
        let large = [commit("2021-02-01T08:00:00Z", 9 << 20), commit("2021-02-02T09:00:00Z", 9 << 20)];
        assert_eq!(of(&large), []);
        let large = [commit("2021-02-02T08:00:00Z", 9 << 20), commit("2021-02-02T09:00:00Z", 9 << 20)];
        assert_eq!(of(&large), one("2021-02-02", 2));
    }
}
