//! Cron patterns and what is due by them, across clock changes.
#![no_main]

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;

#[path = "../../../src/schedule/plan.rs"]
#[allow(dead_code)]
mod plan;

fuzz_target!(|data: &[u8]| {
    let Some((head, pattern)) = data.split_at_checked(6) else { return };
    let Ok(pattern) = std::str::from_utf8(pattern) else { return };
    let zone = ["Europe/Paris", "UTC", "Indian/Reunion", "America/Martinique"][usize::from(head[0] % 4)];
    let Ok(table) = plan::Timetable::new(pattern, zone) else { return };
    // Any hour from 2000 to 2065, and a stop of up to eleven days before it.
    let hours = i64::from(u32::from_le_bytes([head[1], head[2], head[3], 0]) % 570_000);
    let now = Timestamp::from_second(946_684_800 + hours * 3600 + i64::from(head[4])).expect("in range");
    let stop = SignedDuration::from_hours(i64::from(head[5]));
    let last = now.checked_sub(stop).expect("in range");

    if let Some(latest) = table.latest(now) {
        assert!(latest <= now, "{pattern:?} {zone}: the latest window {latest} is after {now}");
    }
    let next = table.next_after(now);
    if let Some(next) = next {
        assert!(next > now, "{pattern:?} {zone}: the next window {next} is not after {now}");
    }
    let due = table.due(Some(last), now, false);
    if let Some(run) = due.run {
        assert!(last < run && run <= now, "{pattern:?} {zone}: {run} is not between {last} and {now}");
        assert!(due.missed.iter().all(|missed| last < *missed && *missed < run));
        assert!(due.missed.is_sorted(), "{:?}", due.missed);
        let again = table.due(Some(run), now, false);
        assert_eq!(again, plan::Due::default(), "{pattern:?} {zone}: a window is run once");
    } else {
        assert!(due.missed.is_empty());
    }
});
