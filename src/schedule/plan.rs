//! What is due: a pure function of a cron pattern, the last window handled and the time.
//!
//! A *window* is an occurrence of the pattern. Each one is run once, or recorded as passed over: after a stop (or a
//! run longer than the cadence) only the newest due window is run, the older ones are `missed`.

use std::str::FromStr;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Missed windows listed one by one; beyond, the oldest are told as one.
const MISSED_LISTED_MAX: usize = 200;

/// When a job runs.
#[derive(Debug, Clone)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
}

/// What a job has to do now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The window to run, if any.
    pub run: Option<Timestamp>,
    /// Whether that window should have run earlier than at the present tick.
    pub caught_up: bool,
    /// Older windows that nobody ran, oldest first.
    pub missed: Vec<Timestamp>,
    /// How many further windows were missed before the first of `missed`.
    pub missed_before: u64,
}

impl Timetable {
    /// A pattern of five fields, or six with seconds first, read in a zone.
    ///
    /// # Errors
    /// A sentence that names the pattern or the zone.
    pub fn new(pattern: &str, zone: &str) -> Result<Self, String> {
        let cron = Cron::from_str(pattern).map_err(|cause| format!("cron pattern {pattern:?}: {cause}"))?;
        let zone = TimeZone::get(zone).map_err(|_| format!("time zone {zone:?} is unknown"))?;
        Ok(Self { cron, zone })
    }

    /// The first window after an instant; none when the pattern never comes again.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let from = instant.to_zoned(self.zone.clone());
        self.cron.find_next_occurrence(&from, false).ok().map(|at| at.timestamp())
    }

    /// The newest window at or before an instant.
    #[must_use]
    pub fn latest(&self, instant: Timestamp) -> Option<Timestamp> {
        let from = instant.to_zoned(self.zone.clone());
        self.cron.find_previous_occurrence(&from, true).ok().map(|at| at.timestamp())
    }

    /// What is due at `now`, the newest window handled so far being `last`.
    ///
    /// With no `last` (a new watch-room) the newest window is run at once when `at_first_start` is set, so that an
    /// agency does not wait a day for its first figures.
    #[must_use]
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp, at_first_start: bool) -> Due {
        let Some(latest) = self.latest(now) else { return Due::default() };
        let Some(last) = last else {
            return Due { run: at_first_start.then_some(latest), caught_up: true, ..Due::default() };
        };
        if latest <= last {
            return Due::default();
        }
        let (missed, missed_before) = self.between(last, latest);
        let caught_up = now.duration_since(latest).as_secs() >= 60 || !missed.is_empty();
        Due { run: Some(latest), caught_up, missed, missed_before }
    }

    /// Windows strictly between two others, the newest [`MISSED_LISTED_MAX`] of them, and how many came before.
    fn between(&self, after: Timestamp, before: Timestamp) -> (Vec<Timestamp>, u64) {
        let end = before.to_zoned(self.zone.clone());
        let mut missed: Vec<Timestamp> = Vec::new();
        let mut more = 0;
        let backwards = self.cron.iter_before(end).map(|at| at.timestamp());
        for window in backwards.skip_while(|at| *at >= before).take_while(|at| *at > after) {
            if missed.len() < MISSED_LISTED_MAX {
                missed.push(window);
            } else {
                more += 1;
            }
        }
        missed.reverse();
        (missed, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn paris(pattern: &str) -> Timetable {
        Timetable::new(pattern, "Europe/Paris").unwrap()
    }

    #[test]
    fn eight_in_paris_stays_eight_over_both_clock_changes() {
        let table = paris("0 8 * * *");
        let mut found = vec![at("2020-10-24T00:00:00Z")];
        for _ in 0..3 {
            found.push(table.next_after(*found.last().unwrap()).unwrap());
        }
        assert_eq!(
            found[1..],
            [at("2020-10-24T06:00:00Z"), at("2020-10-25T07:00:00Z"), at("2020-10-26T07:00:00Z")]
        );
        assert_eq!(table.next_after(at("2020-03-28T12:00:00Z")), Some(at("2020-03-29T06:00:00Z")));
    }

    #[test]
    fn a_time_that_the_spring_change_skips_and_the_autumn_change_repeats_runs_once() {
        let table = paris("30 2 * * *");
        let windows = |from: &str, to: &str| {
            let mut found = Vec::new();
            let mut instant = at(from);
            while let Some(next) = table.next_after(instant).filter(|next| *next <= at(to)) {
                found.push(next);
                instant = next;
            }
            found.len()
        };
        assert_eq!(windows("2020-03-28T22:00:00Z", "2020-03-29T20:00:00Z"), 1);
        assert_eq!(windows("2020-10-24T22:00:00Z", "2020-10-25T20:00:00Z"), 1);
    }

    #[test]
    fn after_a_stop_of_ten_days_the_newest_window_runs_and_the_others_are_missed() {
        let table = paris("0 8 * * *");
        let due = table.due(Some(at("2020-10-01T06:00:00Z")), at("2020-10-11T12:00:00Z"), true);
        assert_eq!(due.run, Some(at("2020-10-11T06:00:00Z")));
        assert!(due.caught_up);
        assert_eq!(due.missed.len(), 9);
        assert_eq!(due.missed[0], at("2020-10-02T06:00:00Z"));
        assert_eq!(due.missed_before, 0);
    }

    #[test]
    fn after_any_stop_or_jump_every_window_is_run_or_missed_exactly_once() {
        // Pattern, last window before, first look after, windows due in between (the last of them runs).
        let cases = [
            ("*/10 * * * *", "2020-11-03T10:00:00Z", "2020-11-03T11:05:00Z", 6), // an hour
            ("*/10 * * * *", "2020-11-03T10:00:00Z", "2020-11-04T10:05:00Z", 144), // a day
            ("0 */2 * * *", "2020-12-30T11:00:00Z", "2021-01-09T11:05:00Z", 120), // ten days, over week 53
            ("0 * * * *", "2020-10-24T22:00:00Z", "2020-10-25T04:05:00Z", 6), // summer time ends: 02:00 twice
            ("0 * * * *", "2021-03-27T22:00:00Z", "2021-03-28T04:05:00Z", 6), // summer time begins: no 02:00
            ("30 2 * * *", "2020-10-24T00:30:00Z", "2020-10-26T12:00:00Z", 2),
            ("30 2 * * *", "2021-03-27T01:30:00Z", "2021-03-29T12:00:00Z", 2),
            ("0 9 * * THU", "2020-12-24T08:00:00Z", "2021-01-07T08:00:00Z", 2), // 31 December is in week 53
            ("* * * * *", "2020-11-03T10:00:00Z", "2020-11-03T10:00:59Z", 0),
            ("* * * * *", "2020-11-03T10:00:00Z", "2019-11-03T10:00:00Z", 0), // a clock set back a year
        ];
        for (pattern, last, now, expected) in cases {
            let due = paris(pattern).due(Some(at(last)), at(now), true);
            let mut windows = due.missed.clone();
            windows.extend(due.run);
            assert_eq!(windows.len() as u64 + due.missed_before, expected, "{pattern} from {last} to {now}");
            assert!(windows.is_sorted_by(|a, b| a < b), "{windows:?}");
            assert!(windows.iter().all(|window| *window > at(last) && *window <= at(now)), "{windows:?}");
            // What was handled is not due again.
            assert_eq!(paris(pattern).due(due.run.or(Some(at(last))), at(now), true), Due::default());
        }
    }

    #[test]
    fn a_window_handled_is_not_due_again_even_when_the_clock_goes_back() {
        let table = paris("0 8 * * *");
        let last = Some(at("2020-10-11T06:00:00Z"));
        assert_eq!(table.due(last, at("2020-10-11T06:00:01Z"), true), Due::default());
        assert_eq!(table.due(last, at("2020-10-09T06:00:01Z"), true), Due::default());
    }

    #[test]
    fn a_long_stop_of_a_fast_job_is_told_in_bounded_space() {
        let table = paris("*/2 * * * * *");
        let due = table.due(Some(at("2020-10-11T06:00:00Z")), at("2020-10-11T07:00:00Z"), true);
        assert_eq!(due.run, Some(at("2020-10-11T07:00:00Z")));
        assert_eq!(due.missed.len() as u64 + due.missed_before, 1799);
        assert_eq!(due.missed.len(), MISSED_LISTED_MAX);
        assert_eq!(*due.missed.last().unwrap(), at("2020-10-11T06:59:58Z"));
    }

    #[test]
    fn a_new_watch_room_pulls_its_feeds_at_once_but_waits_for_its_first_bulletin() {
        let table = paris("0 9 * * THU");
        let now = at("2020-10-19T12:00:00Z");
        assert_eq!(table.due(None, now, true).run, Some(at("2020-10-15T07:00:00Z")));
        assert_eq!(table.due(None, now, false).run, None);
    }
}
