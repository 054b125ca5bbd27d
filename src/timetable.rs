//! What is due: a pure function of a cron pattern, the last window handled and the time.
//!
//! A *window* is an occurrence of the pattern. Each one is run once, or recorded as passed over: after a stop (or a
//! run longer than the cadence) only the newest due window is run, the older ones are `missed`.
//!
//! A publisher may be late: what a poll finds nothing new for, a retry asks again, the same evening ([`Timetable::again`]).

use std::str::FromStr;

use croner::Cron;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Missed windows listed one by one; beyond, the oldest are told as one.
const MISSED_LISTED_MAX: usize = 200;

/// Pause before a source that had nothing new is asked again; each further pause is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(20);

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
        if let Some(what) = vigie_queries::cron_fault(pattern) {
            return Err(what);
        }
        let cron = Cron::from_str(pattern).map_err(|cause| format!("cron pattern {pattern:?}: {cause}"))?;
        let zone = TimeZone::get(zone).map_err(|_| {
            format!("time zone {zone:?} is unknown; expected an IANA name such as Europe/Paris")
        })?;
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

    /// Whether a window falls on a day, in the zone of the pattern.
    #[must_use]
    pub fn has_window_on(&self, day: Date) -> bool {
        let begin = |day: Date| day.to_zoned(self.zone.clone()).map(|at| at.timestamp());
        let (Ok(begins), Ok(ends)) = (begin(day), day.tomorrow().and_then(begin)) else { return false };
        let before = begins.checked_sub(SignedDuration::from_micros(1)).unwrap_or(begins);
        self.next_after(before).is_some_and(|window| window < ends)
    }

    /// Whether the publisher may be late: the poll of a window brought nothing new, and the edition in place, issued at
    /// `issued`, is not that of this window.
    #[must_use]
    pub fn awaits(
        &self,
        window: Timestamp,
        late_by: SignedDuration,
        is_new: bool,
        issued: Option<Timestamp>,
    ) -> bool {
        let just_before = window.checked_sub(SignedDuration::from_micros(1)).unwrap_or(window);
        let previous = self.latest(just_before).and_then(|at| at.checked_add(late_by).ok());
        let is_of_window = issued.is_some_and(|issued| previous.is_some_and(|previous| issued > previous));
        !is_new && !is_of_window
    }

    /// When a source that awaits the edition of a window should have been asked again by `now`, `asked` being the last
    /// time it was: 20 minutes after the window, then after pauses twice as long each, up to `late_by` after it. None
    /// where the pattern itself asks again within that time. Of several that passed (a stop) the newest.
    #[must_use]
    pub fn again(
        &self,
        window: Timestamp,
        late_by: SignedDuration,
        asked: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let next = self.next_after(window)?;
        if next.duration_since(window) <= late_by || now >= next {
            return None;
        }
        let (mut after, mut pause) = (FIRST_PAUSE, FIRST_PAUSE);
        let mut due = None;
        while after <= late_by {
            let at = window.checked_add(after).ok()?;
            if at > now {
                break;
            }
            due = (at > asked).then_some(at);
            pause = pause.saturating_add(pause);
            after = after.saturating_add(pause);
        }
        due
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
    fn a_late_publisher_is_asked_again_the_same_evening() {
        let (daily, window) = (paris("30 19 * * *"), at("2020-10-13T17:30:00Z"));
        let three_hours = SignedDuration::from_hours(3);
        // The clock, the last time it was asked, when it should have been asked again.
        let cases = [
            ("17:49:59", "17:30:05", None),
            ("17:50:00", "17:30:05", Some("17:50:00")),
            ("17:50:09", "17:50:04", None),
            ("18:30:00", "17:50:04", Some("18:30:00")),
            ("19:50:00", "18:30:03", Some("19:50:00")),
            ("23:50:00", "19:50:02", None),
            // A stop: of three the newest, and also the next morning, before the build.
            ("20:10:00", "17:30:05", Some("19:50:00")),
            ("23:59:00", "17:30:05", Some("19:50:00")),
        ];
        let clock = |time: &str| at(&format!("2020-10-13T{time}Z"));
        for (now, asked, expected) in cases {
            let found = daily.again(window, three_hours, clock(asked), clock(now));
            assert_eq!(found, expected.map(clock), "{now} {asked}");
        }
        let asked = clock("17:30:05");
        assert_eq!(daily.again(window, SignedDuration::ZERO, asked, clock("18:30:00")), None, "switched off");
        assert_eq!(
            daily.again(window, three_hours, asked, at("2020-10-14T17:30:00Z")),
            None,
            "the next window"
        );
        assert_eq!(
            paris("30 * * * *").again(window, three_hours, asked, clock("18:10:00")),
            None,
            "hourly anyway"
        );
        // Every tick of a day: each time once.
        let (mut asked, mut tries) = (clock("17:30:05"), Vec::new());
        for seconds in 0..24 * 3600 {
            let now = window.checked_add(SignedDuration::from_secs(seconds)).unwrap();
            if let Some(due) = daily.again(window, three_hours, asked, now) {
                tries.push(due);
                asked = now;
            }
        }
        assert_eq!(tries, ["17:50:00", "18:30:00", "19:50:00"].map(clock));
    }

    #[test]
    fn what_was_fetched_by_hand_an_hour_before_is_not_awaited() {
        let (daily, window) = (paris("30 19 * * *"), at("2020-10-13T17:30:00Z"));
        let cases = [
            (false, Some("2020-10-12T17:00:00Z"), true),
            (false, Some("2020-10-12T17:40:00Z"), true), // yesterday's, which was late too
            (false, Some("2020-10-13T16:30:00Z"), false),
            (false, None, true),
            (true, Some("2020-10-13T17:00:00Z"), false),
        ];
        for (is_new, issued, awaited) in cases {
            let found = daily.awaits(window, SignedDuration::from_hours(3), is_new, issued.map(at));
            assert_eq!(found, awaited, "{is_new} {issued:?}");
        }
    }

    #[test]
    fn days_without_a_window_are_not_expected() {
        let weekdays = paris("0 8 * * MON-FRI");
        let days = [9, 10, 11, 12].map(|day| weekdays.has_window_on(jiff::civil::date(2020, 10, day)));
        assert_eq!(days, [true, false, false, true]);
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
