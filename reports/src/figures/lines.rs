//! Lines over time: broken at gaps, dotted where provisional.

use jiff::civil::Date;

use super::axis::{DayScale, ValueScale, days_between};
use super::canvas::{Area, Canvas, Xy};
use super::spec::{Point, Series, Shape};
use super::style::{self, SeriesStyle};

/// Scales of a plot.
pub(crate) struct Plane<'a> {
    pub(crate) plot: &'a Area,
    pub(crate) days: &'a DayScale,
    pub(crate) values: &'a ValueScale,
}

impl Plane<'_> {
    pub(crate) fn at(&self, date: Date, value: f64) -> Xy {
        (self.days.x(date, self.plot), self.values.y(value, self.plot))
    }
}

/// A stretch of values without a gap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) points: Vec<(Date, f64)>,
    /// Position of the first provisional point; the length when all are settled.
    pub(crate) settled: usize,
}

/// Days between the points of a series: 7 when every step is of a week or more, else 1.
fn step(points: &[Point]) -> i64 {
    let weekly =
        points.len() > 1 && points.windows(2).all(|pair| days_between(pair[0].date, pair[1].date) >= 7);
    if weekly { 7 } else { 1 }
}

/// Stretches of values within the axis; a missing value or a day left out ends one.
pub(crate) fn runs(points: &[Point], days: &DayScale) -> Vec<Run> {
    let step = step(points);
    let mut runs: Vec<Run> = Vec::new();
    let mut last: Option<Date> = None;
    for point in points.iter().filter(|point| days.holds(point.date)) {
        let Some(value) = point.value.filter(|value| value.is_finite()) else {
            last = None;
            continue;
        };
        let goes_on = last.is_some_and(|last| days_between(last, point.date) <= step);
        match runs.last_mut() {
            Some(run) if goes_on => {
                if run.settled == run.points.len() && !point.provisional {
                    run.settled += 1;
                }
                run.points.push((point.date, value));
            }
            _ => {
                runs.push(Run { points: vec![(point.date, value)], settled: usize::from(!point.provisional) })
            }
        }
        last = Some(point.date);
    }
    runs
}

/// Draws the area under a series, if it has one: under everything else.
pub(crate) fn draw_area(canvas: &mut Canvas, plane: &Plane<'_>, series: &Series) {
    if series.shape != Shape::Area {
        return;
    }
    let look = style::series(series.tone);
    let zero = plane.values.y(0.0, plane.plot);
    for run in runs(&series.points, plane.days) {
        let mut ring: Vec<Xy> = run.points.iter().map(|(date, value)| plane.at(*date, *value)).collect();
        if let (Some(first), Some(last)) = (ring.first().copied(), ring.last().copied()) {
            ring.push((last.0, zero));
            ring.push((first.0, zero));
        }
        canvas.polygon(&ring, look.area);
    }
}

/// Draws the line of a series.
pub(crate) fn draw_line(canvas: &mut Canvas, plane: &Plane<'_>, series: &Series) {
    let look = style::series(series.tone);
    for run in runs(&series.points, plane.days) {
        let points: Vec<Xy> = run.points.iter().map(|(date, value)| plane.at(*date, *value)).collect();
        if series.shape == Shape::Ghost {
            canvas.dashes(&points, look.line, style::LINE_THIN, 3.0, 2.0);
        } else {
            draw_run(canvas, &points, run.settled, look);
        }
    }
}

/// A stretch: full where settled, dotted after; a point alone is a disc.
pub(crate) fn draw_run(canvas: &mut Canvas, points: &[Xy], settled: usize, look: SeriesStyle) {
    if let [only] = points {
        if settled == 1 {
            canvas.disc(*only, look.width, look.line);
        } else {
            ring_mark(canvas, *only, look.width + 0.4, look);
        }
        return;
    }
    canvas.path(&points[..settled], look.line, look.width);
    canvas.dashes(&points[settled.saturating_sub(1)..], look.line, look.width, look.width, look.width * 1.2);
}

/// A hollow disc: provisional, or a value of before.
pub(crate) fn ring_mark(canvas: &mut Canvas, at: Xy, radius: f64, look: SeriesStyle) {
    canvas.disc(at, radius, look.line);
    canvas.disc(at, (radius - 0.8).max(0.3), style::PAPER);
}

/// Whether a box meets the line of a series.
pub(crate) fn meets(area: &Area, plane: &Plane<'_>, series: &Series) -> bool {
    runs(&series.points, plane.days).iter().any(|run| {
        let points: Vec<Xy> = run.points.iter().map(|(date, value)| plane.at(*date, *value)).collect();
        points.windows(2).any(|pair| {
            // Steps of a day are short: a few points along each are enough.
            (0..=8).any(|i| {
                let share = f64::from(i) / 8.0;
                let at = (
                    pair[0].0 + (pair[1].0 - pair[0].0) * share,
                    pair[0].1 + (pair[1].1 - pair[0].1) * share,
                );
                area.contains(at)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn day(n: i8, value: f64) -> Point {
        Point::settled(date(2020, 6, n), value)
    }

    #[test]
    fn a_gap_is_never_bridged() {
        let days = DayScale::new(date(2020, 6, 1), date(2020, 6, 30));
        let points = [
            day(1, 1.0),
            day(2, 2.0),
            Point::gap(date(2020, 6, 3), "x"),
            day(4, 4.0),
            day(7, 7.0),
            day(8, 8.0),
        ];
        let lengths: Vec<usize> = runs(&points, &days).iter().map(|run| run.points.len()).collect();
        assert_eq!(lengths, [2, 1, 2]);
    }

    #[test]
    fn weekly_points_are_joined_over_seven_days() {
        let days = DayScale::new(date(2020, 6, 1), date(2020, 6, 30));
        let points = [day(1, 1.0), day(8, 2.0), day(22, 3.0)];
        let lengths: Vec<usize> = runs(&points, &days).iter().map(|run| run.points.len()).collect();
        assert_eq!(lengths, [2, 1]);
    }

    #[test]
    fn the_settled_part_ends_at_the_first_provisional_point() {
        let days = DayScale::new(date(2020, 6, 1), date(2020, 6, 30));
        let mut points = vec![day(1, 1.0), day(2, 2.0), day(3, 3.0)];
        points[2].provisional = true;
        assert_eq!(runs(&points, &days)[0].settled, 2);
    }

    #[test]
    fn days_off_the_axis_are_not_drawn() {
        let days = DayScale::new(date(2020, 6, 2), date(2020, 6, 3));
        assert_eq!(runs(&[day(1, 1.0), day(2, 2.0), day(3, 3.0), day(4, 4.0)], &days)[0].points.len(), 2);
    }
}
