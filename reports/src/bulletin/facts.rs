//! What else is true of a move: turns, pace, records, sizes. Each has its bar, so that none is said of noise.

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{Place, TimeType};

use super::view::{Comparison, View, WEEKS_SHOWN};
use crate::input::EventKind;
use crate::sentences::{More, Pace, Record, Size};
use crate::trend::{self, Direction, Nature, Sample};

/// Weeks since which a value must not have been reached to be called a record.
const RECORD_WEEKS: i64 = 8;
/// Weeks that must be known for a record of all of them.
const RECORD_ALL_WEEKS: u32 = 12;
/// Weeks in a row without a value that a record sees through.
const GAP_WEEKS: u32 = 2;
/// Weeks that a record looks back at most.
const RECORD_WEEKS_MAX: i64 = 520;
/// Counts under which no doubling, halving or record is told.
const COUNT_MIN: f64 = 20.0;
/// How much larger or smaller a change must be than the one before to be another pace.
const PACE: f64 = 1.25;
/// A change that may matter, against which noise is weighed.
const RELATIVE: f64 = 0.05;

impl View<'_> {
    /// What else is true of a move of this week.
    pub(crate) fn more(&self, indicator: &str, category: &str, place: &Place, fact: &Comparison) -> More {
        let (Ok(direction), Some(now), Some(before)) = (&fact.direction, fact.now, fact.before) else {
            return More::default();
        };
        let (unit, decimals) = self.unit(indicator);
        let nature = Nature::of(&unit, decimals);
        let sample = |back: i64| {
            let crossed = self.break_between(indicator, back, 0).is_some();
            self.sample(indicator, category, place, back).filter(|_| !crossed)
        };
        let seen = |back: i64| self.seen(indicator, category, place, back);
        More {
            turned_after: turned(nature, *direction, fact.weeks, before, &sample),
            pace: pace(nature, *direction, fact.weeks, now, before, sample(2)),
            record: record(*direction, now, &seen, |back| self.monday(back)),
            size: size(nature, *direction, before, now),
        }
    }

    /// What a week `back` weeks before has to say to a record.
    fn seen(&self, indicator: &str, category: &str, place: &Place, back: i64) -> Seen {
        if self.break_between(indicator, back, 0).is_some() {
            return Seen::Break;
        }
        if let Some(sample) = self.sample(indicator, category, place, back) {
            return Seen::Value { least: sample.value, most: sample.value };
        }
        let (monday, sunday) = (self.monday(back), self.monday(back).saturating_add(Span::new().days(6)));
        let Some(days) = self.input.observations.series(indicator, category, place, TimeType::Day) else {
            return Seen::Before;
        };
        let begun = days.iter().find(|(_, observation)| observation.value.is_some()).map(|(day, _)| *day);
        if begun.is_none_or(|begun| sunday < begun) {
            return Seen::Before;
        }
        // Without its Sunday a week still has the days that are known.
        let known: Vec<f64> = days.range(monday..=sunday).filter_map(|(_, o)| o.value).collect();
        let least = known.iter().copied().min_by(f64::total_cmp);
        let most = known.iter().copied().max_by(f64::total_cmp);
        least.zip(most).map_or(Seen::Gap, |(least, most)| Seen::Value { least, most })
    }

    /// Public holidays that took a working day from the week `back` weeks before, Monday to Friday, in order: day and title.
    /// What lasts longer (school holidays) takes none.
    pub(crate) fn holidays(&self, back: i64) -> Vec<(Date, String)> {
        let monday = self.monday(back);
        let friday = monday.saturating_add(Span::new().days(4));
        let mut days: Vec<(Date, String)> = self
            .input
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Holiday && self.holds_here(&event.place))
            .filter(|event| event.ends.is_none_or(|ends| ends == event.starts))
            .filter(|event| (monday..=friday).contains(&event.starts))
            .map(|event| (event.starts, crate::clean::short(&event.title_fr, 50)))
            .collect();
        days.sort();
        days.dedup_by_key(|(day, _)| *day);
        days
    }
}

/// What is known of a week of the past.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// Its value twice; without a Sunday, the least and the most of its days.
    Value { least: f64, most: f64 },
    /// Nothing of it is known.
    Gap,
    /// The series had not begun.
    Before,
    /// The source counted otherwise.
    Break,
}

/// What was counted, where that is known.
fn count(sample: Sample) -> f64 {
    sample.numerator.unwrap_or(sample.value)
}

/// Weeks in a row the other way until the week before, when together they were material.
fn turned(
    nature: Nature,
    direction: Direction,
    weeks: u32,
    before: Sample,
    sample: &dyn Fn(i64) -> Option<Sample>,
) -> Option<u32> {
    let sign = match direction {
        Direction::Up => 1.0,
        Direction::Down => -1.0,
        Direction::Flat => return None,
    };
    if weeks != 1 {
        return None;
    }
    let mut others = 0;
    let mut start = before;
    for back in 1..WEEKS_SHOWN - 1 {
        let (Some(later), Some(earlier)) = (sample(back), sample(back + 1)) else { break };
        if (later.value - earlier.value) * sign >= 0.0 {
            break;
        }
        others += 1;
        start = earlier;
    }
    let was = trend::direction(nature, start, before);
    let against = match direction {
        Direction::Up => Direction::Down,
        _ => Direction::Up,
    };
    (others >= 2 && was == against).then_some(others)
}

/// Faster or slower than the week before: the second difference of counts against its noise (Poisson: the variance of
/// a − 2b + c is a + 4b + c), at the level of every other comparison.
fn pace(
    nature: Nature,
    direction: Direction,
    weeks: u32,
    now: Sample,
    before: Sample,
    earlier: Option<Sample>,
) -> Option<Pace> {
    let earlier = earlier?;
    if weeks < 2 || direction == Direction::Flat || !matches!(nature, Nature::Count | Nature::Rate) {
        return None;
    }
    let (a, b, c) = (count(now), count(before), count(earlier));
    let (change, change_before) = ((a - b).abs(), (b - c).abs());
    let noise = trend::Z * (a + 4.0 * b + c).sqrt();
    if (change - change_before).abs() <= noise {
        None
    } else if change >= PACE * change_before {
        Some(Pace::Faster)
    } else if change_before >= PACE * change {
        Some(Pace::Slower)
    } else {
        None
    }
}

/// The highest value for long of a rise, the lowest of a fall. The search sees through a gap of [`GAP_WEEKS`] and ends at a
/// longer one, at a break, or where the series begins.
fn record(
    direction: Direction,
    now: Sample,
    seen: &dyn Fn(i64) -> Seen,
    monday: impl Fn(i64) -> Date,
) -> Option<Record> {
    if direction == Direction::Flat || (direction == Direction::Up && count(now) < COUNT_MIN) {
        return None;
    }
    let (mut weeks, mut gap) = (1, 0);
    for back in 1..RECORD_WEEKS_MAX {
        let reached = match (seen(back), direction) {
            (Seen::Value { most, .. }, Direction::Up) => most >= now.value,
            (Seen::Value { least, .. }, _) => least <= now.value,
            (Seen::Gap, _) if gap < GAP_WEEKS => {
                gap += 1;
                continue;
            }
            (Seen::Before, _) => {
                return (weeks >= RECORD_ALL_WEEKS).then(|| Record::Ever(monday(back - 1 - i64::from(gap))));
            }
            (Seen::Gap | Seen::Break, _) => break,
        };
        if reached {
            return (back >= RECORD_WEEKS).then(|| Record::Since(monday(back)));
        }
        weeks += 1;
        gap = 0;
    }
    (weeks >= RECORD_ALL_WEEKS).then_some(Record::Of(weeks))
}

fn size(nature: Nature, direction: Direction, before: Sample, now: Sample) -> Size {
    let is_count = matches!(nature, Nature::Count | Nature::Rate);
    match direction {
        Direction::Up if is_count && before.value == 0.0 => Size::FromZero,
        Direction::Down if is_count && now.value == 0.0 => Size::ToZero,
        Direction::Up if is_count && count(before) >= COUNT_MIN && now.value > 2.0 * before.value => {
            Size::Doubled
        }
        Direction::Down if is_count && count(before) >= COUNT_MIN && now.value * 2.0 < before.value => {
            Size::Halved
        }
        Direction::Flat if is_count && before.value > 0.0 => {
            let relative = ((now.value - before.value) / before.value).abs();
            let beyond = trend::beyond_noise(count(before), count(now));
            match (relative >= RELATIVE, beyond) {
                (true, false) => Size::Scarce,
                (false, true) => Size::Slight,
                _ => Size::Ordinary,
            }
        }
        _ => Size::Ordinary,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn of(value: f64) -> Sample {
        Sample { value, numerator: None, denominator: None }
    }

    /// A series by weeks back, this week first.
    fn series(values: &'static [f64]) -> impl Fn(i64) -> Option<Sample> {
        move |back| values.get(usize::try_from(back).unwrap()).copied().map(of)
    }

    fn monday(back: i64) -> jiff::civil::Date {
        date(2020, 10, 12).saturating_sub(Span::new().weeks(back))
    }

    #[test]
    fn a_turn_needs_two_weeks_that_mattered_together() {
        let turn = |values| {
            let sample = series(values);
            turned(Nature::Count, Direction::Up, 1, sample(1).unwrap(), &sample)
        };
        assert_eq!(turn(&[150.0, 100.0, 130.0, 170.0, 165.0]), Some(2));
        assert_eq!(turn(&[150.0, 100.0, 130.0, 120.0]), None, "one week is no fall");
        assert_eq!(turn(&[150.0, 100.0, 101.0, 102.0, 90.0]), None, "too little a fall");
    }

    #[test]
    fn a_pace_is_told_beyond_the_noise_of_the_second_difference() {
        let pace = |a, b, c| pace(Nature::Count, Direction::Up, 2, of(a), of(b), Some(of(c)));
        assert_eq!(pace(400.0, 250.0, 200.0), Some(Pace::Faster));
        assert_eq!(pace(420.0, 400.0, 250.0), Some(Pace::Slower));
        assert_eq!(pace(320.0, 250.0, 200.0), None, "20 more is within the noise");
        assert_eq!(pace(30.0, 20.0, 15.0), None);
    }

    #[test]
    fn a_record_says_since_when_and_small_counts_have_none() {
        // A number is a value; a gap and the time before the first value have none.
        const GAP: f64 = -1.0;
        let weeks = |values: &'static [f64]| {
            move |back: i64| match values.get(usize::try_from(back).unwrap()) {
                None => Seen::Before,
                Some(value) if *value == GAP => Seen::Gap,
                Some(value) => Seen::Value { least: *value, most: *value },
            }
        };
        let high = |values| record(Direction::Up, of(60.0), &weeks(values), monday);
        let long = &[60.0, 50.0, 40.0, 30.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0];
        assert_eq!(high(long), Some(Record::Ever(monday(12))));
        assert_eq!(
            high(&[60.0, 50.0, 40.0, 30.0, 20.0, 20.0, 20.0, 20.0, 70.0]),
            Some(Record::Since(monday(8)))
        );
        assert_eq!(high(&[60.0, 50.0, 70.0]), None, "two weeks ago is no long time");
        assert_eq!(high(&[60.0, 50.0, 40.0]), None, "three weeks are no history");
        let gap = &[60.0, 50.0, 40.0, 30.0, 20.0, GAP, GAP, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 61.0];
        assert_eq!(high(gap), Some(Record::Since(monday(14))), "a short gap is seen through");
        let long_gap =
            &[60.0, 50.0, 40.0, 30.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 20.0, GAP, GAP, GAP, 20.0];
        assert_eq!(high(long_gap), Some(Record::Of(12)), "nobody knows what a month without data had");
        let few = weeks(&[9.0, 5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(record(Direction::Up, of(9.0), &few, monday), None);
    }

    #[test]
    fn sizes_have_their_bars() {
        let of = |direction, before, now| size(Nature::Count, direction, of(before), of(now));
        assert_eq!(of(Direction::Up, 50.0, 120.0), Size::Doubled);
        assert_eq!(of(Direction::Up, 10.0, 30.0), Size::Ordinary, "ten are too few to tell of a doubling");
        assert_eq!(of(Direction::Down, 50.0, 20.0), Size::Halved);
        assert_eq!(of(Direction::Up, 0.0, 6.0), Size::FromZero);
        assert_eq!(of(Direction::Down, 6.0, 0.0), Size::ToZero);
        assert_eq!(of(Direction::Flat, 3.0, 5.0), Size::Scarce);
        assert_eq!(of(Direction::Flat, 10_000.0, 10_400.0), Size::Slight);
        assert_eq!(of(Direction::Flat, 100.0, 101.0), Size::Ordinary);
        assert_eq!(
            size(Nature::Share, Direction::Up, super::tests::of(0.1), super::tests::of(0.3)),
            Size::Ordinary
        );
    }
}
