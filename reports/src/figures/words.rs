//! Text alternatives: what a figure shows, said in sentences computed from its data.

use jiff::civil::Date;

use super::axis::days_between;
use super::spec::{Event, EventKind, Point, Threshold, Unit};
use crate::french;

/// What a series does: least, greatest and last value, what is provisional, what is missing and why.
pub(crate) fn series(label: &str, points: &[Point], unit: &Unit) -> String {
    let head = if label.is_empty() { String::new() } else { format!("{label} : ") };
    let known: Vec<(&Point, f64)> = points
        .iter()
        .filter_map(|point| point.value.filter(|v| v.is_finite()).map(|value| (point, value)))
        .collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return format!("{head}aucune valeur. {}", gaps(points)).trim_end().to_owned();
    };
    // The earliest of equals.
    let least = known.iter().fold(first, |best, item| if item.1 < best.1 { item } else { best });
    let greatest = known.iter().fold(first, |best, item| if item.1 > best.1 { item } else { best });
    let mut said = format!(
        "{head}minimum {} {}, maximum {} {}, dernière valeur {} {}",
        unit.print(least.1),
        at(least.0.date),
        unit.print(greatest.1),
        at(greatest.0.date),
        unit.print(last.1),
        at(last.0.date)
    );
    if last.0.provisional {
        said.push_str(" (provisoire)");
    }
    said.push('.');
    let gaps = gaps(points);
    if !gaps.is_empty() {
        said.push(' ');
        said.push_str(&gaps);
    }
    said
}

/// A series among many: its greatest and last value, and how many days it lacks.
pub(crate) fn series_short(label: &str, points: &[Point], unit: &Unit) -> String {
    let known = || {
        points.iter().filter_map(|point| point.value.filter(|v| v.is_finite()).map(|value| (point, value)))
    };
    let Some((last, last_value)) = known().next_back() else { return format!("{label} : aucune valeur.") };
    let greatest = known().fold((last, last_value), |best, item| {
        if item.1 >= best.1 && item.0.date < best.0.date || item.1 > best.1 { item } else { best }
    });
    let provisional = if last.provisional { " (provisoire)" } else { "" };
    let missing: i64 = gap_runs(points).iter().map(|run| days_between(run.from, run.until) + 1).sum();
    let missing = match missing {
        0 => String::new(),
        days => format!(", {} sans valeur", french::counted(days as f64, 0, "jour", "jours")),
    };
    format!(
        "{label} : dernière valeur {} le {}{provisional}, maximum {} le {}{missing}.",
        unit.print(last_value),
        french::day_month(last.date),
        unit.print(greatest.1),
        french::day_month(greatest.0.date),
    )
}

fn at(date: Date) -> String {
    format!("le {}", french::date(date))
}

/// « Sans valeur du 27 au 29 juin 2020 (9 départements sur 101 ont transmis). » Empty when nothing is missing.
fn gaps(points: &[Point]) -> String {
    let runs = gap_runs(points);
    let said: Vec<String> = runs
        .iter()
        .map(|run| {
            let when = french::date_range(run.from, run.until);
            match &run.reason {
                Some(reason) => format!("Sans valeur {when} ({}).", reason.trim_end_matches('.')),
                None => format!("Sans valeur {when}."),
            }
        })
        .collect();
    // A long list helps nobody: the table has them all.
    const SAID_MAX: usize = 6;
    if said.len() > SAID_MAX {
        let rest = said.len() - SAID_MAX;
        format!(
            "{} Et {} dans le tableau.",
            said[..SAID_MAX].join(" "),
            french::counted(rest as f64, 0, "autre lacune", "autres lacunes")
        )
    } else {
        said.join(" ")
    }
}

/// Days in a row without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GapRun {
    pub(crate) from: Date,
    pub(crate) until: Date,
    pub(crate) reason: Option<String>,
}

/// Runs of missing points, and of days without any point between two points.
pub(crate) fn gap_runs(points: &[Point]) -> Vec<GapRun> {
    let mut runs: Vec<GapRun> = Vec::new();
    let mut add = |from: Date, until: Date, reason: Option<&String>| match runs.last_mut() {
        Some(run) if days_between(run.until, from) <= 1 && run.reason.as_ref() == reason => run.until = until,
        _ => runs.push(GapRun { from, until, reason: reason.cloned() }),
    };
    for (i, point) in points.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).and_then(|i| points.get(i))
            && days_between(before.date, point.date) > 1
        {
            let day = |n: i64| jiff::Span::new().days(n);
            add(before.date.saturating_add(day(1)), point.date.saturating_sub(day(1)), None);
        }
        if point.value.is_none_or(|value| !value.is_finite()) {
            add(point.date, point.date, point.reason.as_ref());
        }
    }
    runs
}

/// « Seuils : seuil d’alerte 50 (50). » Empty without thresholds.
pub(crate) fn thresholds(thresholds: &[Threshold], unit: &Unit) -> String {
    if thresholds.is_empty() {
        return String::new();
    }
    let said: Vec<String> = thresholds
        .iter()
        .map(|threshold| {
            let when = match (threshold.from, threshold.until) {
                (Some(from), Some(until)) => format!(", {}", french::date_range(from, until)),
                (Some(from), None) => format!(", depuis le {}", french::date(from)),
                (None, Some(until)) => format!(", jusqu’au {}", french::date(until)),
                (None, None) => String::new(),
            };
            format!("{} ({}{when})", threshold.label, unit.print(threshold.value))
        })
        .collect();
    format!("Repères de niveau : {}.", said.join(" ; "))
}

/// « Événements : … ». Empty without events.
pub(crate) fn events(events: &[Event]) -> String {
    if events.is_empty() {
        return String::new();
    }
    let name = |event: &Event| match (event.label.as_str(), event.kind) {
        ("", EventKind::Break) => "rupture de définition".to_owned(),
        ("", EventKind::Holiday) => "vacances ou jour férié".to_owned(),
        ("", EventKind::Strike) => "grève".to_owned(),
        ("", EventKind::Mark) => "événement".to_owned(),
        (label, _) => label.to_owned(),
    };
    let said: Vec<String> = events
        .iter()
        .map(|event| format!("{}, {}", name(event), french::date_range(event.from, event.until)))
        .collect();
    format!("Événements : {}.", said.join(" ; "))
}

/// Sentences joined with spaces, the empty ones left out, set as a printer would.
pub(crate) fn joined(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    french::typography(&parts.join(" "))
}

/// Title of a figure with its unit: « Patients en réanimation (patients) ».
pub(crate) fn caption(title: &str, unit: &str) -> String {
    match (title.is_empty(), unit.is_empty()) {
        (false, false) => format!("{title} ({unit})"),
        (true, _) => unit.to_owned(),
        (_, true) => title.to_owned(),
    }
}

/// A cell of a table: the value, a dash and its reason, an asterisk when provisional.
pub(crate) fn cell(value: Option<f64>, provisional: bool, unit: &Unit) -> String {
    match value.filter(|value| value.is_finite()) {
        Some(value) if provisional => format!("{}*", unit.print(value)),
        Some(value) => unit.print(value),
        None => french::UNKNOWN.to_owned(),
    }
}

/// The last known value of a line, with its day where the line ended more than a week before the figure does: an old value never
/// stands at the end of a line as if it were of today.
pub(crate) fn last(point: &Point, value: f64, until: Date, unit: &Unit) -> String {
    let printed = cell(Some(value), point.provisional, unit);
    match days_between(point.date, until) > 7 {
        true => format!("{printed} ({})", french::day_month_short(point.date)),
        false => printed,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn june(day: i8, value: Option<f64>) -> Point {
        Point {
            date: date(2020, 6, day),
            value,
            provisional: false,
            reason: value.is_none().then(|| "9 départements sur 101 ont transmis".to_owned()),
        }
    }

    #[test]
    fn a_value_of_another_week_says_its_day() {
        let unit = Unit { name: "patients".to_owned(), format: super::super::spec::Format::Count };
        assert_eq!(last(&june(14, Some(22.0)), 22.0, date(2020, 6, 21), &unit), "22");
        assert_eq!(last(&june(13, Some(22.0)), 22.0, date(2020, 6, 21), &unit), "22 (13 juin)");
    }

    #[test]
    fn a_series_is_said_with_its_extremes_its_last_value_and_its_gaps() {
        let mut points =
            vec![june(26, Some(12.0)), june(27, None), june(28, None), june(29, None), june(30, Some(9.0))];
        points[4].provisional = true;
        assert_eq!(
            series("Occitanie", &points, &Unit::count("patients")),
            "Occitanie : minimum 9 le 30 juin 2020, maximum 12 le 26 juin 2020, dernière valeur 9 le 30 juin 2020 \
             (provisoire). Sans valeur du 27 au 29 juin 2020 (9 départements sur 101 ont transmis)."
        );
    }

    #[test]
    fn days_left_out_are_gaps_too() {
        let runs = gap_runs(&[june(1, Some(1.0)), june(5, Some(2.0))]);
        assert_eq!(runs, [GapRun { from: date(2020, 6, 2), until: date(2020, 6, 4), reason: None }]);
    }

    #[test]
    fn nothing_known_is_said() {
        assert_eq!(
            series("", &[june(27, None)], &Unit::count("patients")),
            "aucune valeur. Sans valeur le 27 juin 2020 (9 départements sur 101 ont transmis)."
        );
    }
}
