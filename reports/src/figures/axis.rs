//! Scales: values to heights with round ticks, days to widths with months or weeks, in French.

use jiff::civil::Date;

use super::canvas::{Anchor, Area, Canvas, Type};
use super::spec::{Format, Unit};
use super::style;
use crate::french;

/// Values from zero (or below, when there are negative ones) to a round number above the greatest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueScale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<f64>,
    decimals: u8,
}

impl ValueScale {
    /// The scale that holds these values with about so many ticks.
    pub(crate) fn holding(values: impl IntoIterator<Item = f64>, unit: &Unit, ticks: u8) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if high <= low {
            high = if matches!(unit.format, Format::Share(_)) { 0.01 } else { 1.0 };
        }
        let counts = unit.format == Format::Count;
        let step = best_step(low, high, ticks.max(2), counts);
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil();
        let count = (last - first).round() as i32;
        let ticks = (0..=count).map(|i| (first + f64::from(i)) * step).collect();
        // As many decimals as the step needs, in percent for shares.
        let printed_step = if matches!(unit.format, Format::Share(_)) { step * 100.0 } else { step };
        let decimals = (0..4_u8).find(|d| is_whole(printed_step * 10_f64.powi(i32::from(*d)))).unwrap_or(4);
        Self { low: first * step, high: last * step, ticks, decimals }
    }

    /// Height on paper.
    pub(crate) fn y(&self, value: f64, plot: &Area) -> f64 {
        plot.bottom - (value - self.low) / (self.high - self.low) * plot.height()
    }

    /// Width on paper, for figures that lie on their side.
    pub(crate) fn x(&self, value: f64, plot: &Area) -> f64 {
        plot.left + (value - self.low) / (self.high - self.low) * plot.width()
    }

    /// A tick as printed.
    pub(crate) fn print(&self, tick: f64, unit: &Unit) -> String {
        match unit.format {
            Format::Share(_) => french::percent(tick, self.decimals),
            _ => french::number(tick, self.decimals),
        }
    }

    /// Room the printed ticks take.
    pub(crate) fn width(&self, unit: &Unit) -> f64 {
        let small = Type::new(style::SIZE_SMALL, style::MUTED);
        self.ticks.iter().map(|tick| small.width(&self.print(*tick, unit))).fold(0.0, f64::max)
    }

    /// Hairlines over the plot, the printed ticks at its left when asked.
    pub(crate) fn draw(&self, canvas: &mut Canvas, plot: &Area, unit: &Unit, printed: bool) {
        let small = Type::new(style::SIZE_SMALL, style::MUTED).anchored(Anchor::End);
        for &tick in &self.ticks {
            let y = self.y(tick, plot);
            if tick != 0.0 {
                canvas.path(&[(plot.left, y), (plot.right, y)], style::GRID, style::LINE_HAIR);
            }
            if printed {
                canvas.text((plot.left - 3.0, y + small.size * 0.33), &self.print(tick, unit), small);
            }
        }
    }

    /// The zero line, drawn last.
    pub(crate) fn draw_zero(&self, canvas: &mut Canvas, plot: &Area) {
        let y = self.y(0.0, plot);
        canvas.path(&[(plot.left, y), (plot.right, y)], style::AXIS, 0.7);
    }
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

/// 1, 2, 2.5 or 5 times a power of ten (whole for counts): of those that give about so many steps, the one that
/// leaves the least empty room over the values.
fn best_step(low: f64, high: f64, wanted: u8, whole: bool) -> f64 {
    let steps_of = |step: f64| (high / step - 1e-9).ceil() - (low / step + 1e-9).floor();
    let exponent = ((high - low) / f64::from(wanted)).log10().floor() as i32;
    let steps = (exponent - 1..=exponent + 1).flat_map(|e| [1.0, 2.0, 2.5, 5.0].map(|f| f * 10_f64.powi(e)));
    let steps: Vec<f64> = steps.filter(|step| !whole || is_whole(*step) && *step >= 1.0).collect();
    let range = f64::from(wanted) - 1.0..=f64::from(wanted) + 1.0;
    let fitting = steps.iter().copied().filter(|step| range.contains(&steps_of(*step)));
    // Fewer lines between two that are as good.
    let room = |step: f64| step * steps_of(step);
    let best = fitting.min_by(|a, b| room(*a).total_cmp(&room(*b)).then(b.total_cmp(a)));
    // Small counts have no such step: one by one then, or the widest there is.
    best.or_else(|| steps.iter().copied().find(|step| steps_of(*step) <= f64::from(wanted) + 1.0))
        .unwrap_or(high - low)
}

/// Days from left to right; a day stands in the middle of its own width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DayScale {
    from: Date,
    days: f64,
}

impl DayScale {
    /// The days from `from` to `until`, both within.
    pub(crate) fn new(from: Date, until: Date) -> Self {
        Self { from, days: (days_between(from, until).max(0) + 1) as f64 }
    }

    /// Left edge of a day.
    pub(crate) fn left(&self, day: Date, plot: &Area) -> f64 {
        let share = days_between(self.from, day) as f64 / self.days;
        (plot.left + share * plot.width()).clamp(plot.left, plot.right)
    }

    /// Right edge of a day.
    pub(crate) fn right(&self, day: Date, plot: &Area) -> f64 {
        let share = (days_between(self.from, day) + 1) as f64 / self.days;
        (plot.left + share * plot.width()).clamp(plot.left, plot.right)
    }

    /// Middle of a day.
    pub(crate) fn x(&self, day: Date, plot: &Area) -> f64 {
        let share = (days_between(self.from, day) as f64 + 0.5) / self.days;
        (plot.left + share * plot.width()).clamp(plot.left, plot.right)
    }

    /// Whether a day is on the axis.
    pub(crate) fn holds(&self, day: Date) -> bool {
        (0..self.days as i64).contains(&days_between(self.from, day))
    }

    fn until(&self) -> Date {
        self.from.saturating_add(jiff::Span::new().days(self.days as i64 - 1))
    }

    /// Ticks and labels under the plot: Mondays up to ten weeks, else months; the year under January and the first.
    pub(crate) fn draw(&self, canvas: &mut Canvas, plot: &Area) {
        let small = Type::new(style::SIZE_SMALL, style::MUTED).anchored(Anchor::Middle);
        let y = plot.bottom + 3.0 + small.size * 0.75;
        let by_month = self.days > 70.0;
        // Nothing left of the plot: the labels of the values stand there.
        let mut last_right = plot.left - 4.0;
        let mut year_printed = None;
        let mut day = self.from;
        let until = self.until();
        while day <= until {
            let starts = if by_month {
                day.day() == 1 || day == self.from
            } else {
                day.weekday() == jiff::civil::Weekday::Monday
            };
            if starts {
                let x = self.left(day, plot);
                canvas.path(&[(x, plot.bottom), (x, plot.bottom + 3.0)], style::AXIS, style::LINE_HAIR);
                let label =
                    if by_month { french::month_short(day).to_owned() } else { french::day_month_short(day) };
                let month_end = if by_month {
                    self.right(day.last_of_month(), plot)
                } else {
                    self.right(day.saturating_add(jiff::Span::new().days(6)), plot)
                };
                // A label stands in the middle of its month or week when the axis shows enough of it.
                let middle = (x + month_end) / 2.0;
                let area = small.area((middle, y), &label);
                if area.left >= last_right + 3.0 && area.right <= plot.right + 10.0 {
                    canvas.text((middle, y), &label, small);
                    last_right = area.right;
                    let year = day.year().to_string();
                    if year_printed != Some(day.year()) && by_month {
                        canvas.text((middle, y + small.size * 1.1), &year, small);
                        year_printed = Some(day.year());
                    }
                }
            }
            day = day.saturating_add(jiff::Span::new().days(1));
            if day == self.from {
                break; // the last day that civil dates know
            }
        }
    }

    /// Labels of the first and last full months (or days) only, for small plots.
    pub(crate) fn draw_sparse(&self, canvas: &mut Canvas, plot: &Area) {
        let small = Type::new(style::SIZE_MIN, style::MUTED);
        let y = plot.bottom + 2.0 + small.size * 0.75;
        let last = small.anchored(Anchor::End);
        let (from, until) = (french::day_month_short(self.from), french::day_month_short(self.until()));
        if small.width(&from) + small.width(&until) + 4.0 <= plot.width() {
            canvas.text((plot.left, y), &from, small);
        }
        canvas.text((plot.right, y), &until, last);
    }

    /// Room that ticks and labels take under the plot.
    pub(crate) fn height(&self) -> f64 {
        let lines = if self.days > 70.0 { 2.1 } else { 1.1 };
        3.0 + lines * style::SIZE_SMALL
    }
}

/// Days from one date to another.
pub(crate) fn days_between(from: Date, until: Date) -> i64 {
    (until - from).get_days().into()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        for (high, unit, last, n) in [
            (159.0, Unit::count(""), 200.0, 5),
            (1054.0, Unit::count(""), 1250.0, 6),
            (0.336, Unit::share("", 1), 0.4, 5),
            (3.0, Unit::count(""), 3.0, 4),
            (0.004, Unit::share("", 1), 0.004, 5),
            (0.0, Unit::count(""), 1.0, 2),
        ] {
            let scale = ValueScale::holding([high], &unit, 4);
            assert!((scale.high - last).abs() < 1e-9, "{high}: {scale:?}");
            assert_eq!(scale.ticks.len(), n, "{high}: {scale:?}");
            assert_eq!(scale.low, 0.0);
        }
    }

    #[test]
    fn ticks_are_printed_in_french_with_the_decimals_of_their_step() {
        let unit = Unit::share("", 1);
        let scale = ValueScale::holding([0.09], &unit, 4);
        let printed: Vec<String> = scale.ticks.iter().map(|tick| scale.print(*tick, &unit)).collect();
        assert_eq!(printed[1], "2,5\u{202F}%");
        let counts = Unit::count("");
        assert_eq!(ValueScale::holding([12_000.0], &counts, 3).print(8000.0, &counts), "8\u{202F}000");
    }

    #[test]
    fn a_change_below_zero_keeps_zero_on_the_scale() {
        let scale = ValueScale::holding([-12.0, 30.0], &Unit::count(""), 4);
        assert!(scale.low <= -12.0 && scale.high >= 30.0 && scale.ticks.contains(&0.0), "{scale:?}");
    }

    #[test]
    fn values_that_are_no_numbers_are_left_out() {
        assert_eq!(ValueScale::holding([f64::NAN, f64::INFINITY, 2.0], &Unit::count(""), 2).high, 2.0);
    }

    #[test]
    fn days_lie_side_by_side() {
        let plot = Area { left: 0.0, top: 0.0, right: 70.0, bottom: 10.0 };
        let scale = DayScale::new(date(2020, 12, 28), date(2021, 1, 3));
        assert_eq!(scale.left(date(2020, 12, 29), &plot), 10.0);
        assert_eq!(scale.x(date(2021, 1, 3), &plot), 65.0);
        assert!(scale.holds(date(2021, 1, 3)) && !scale.holds(date(2021, 1, 4)));
    }
}
