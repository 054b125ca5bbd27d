//! What several sections share: notes of tables, changes, rows of three weeks, charts.

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{Place, Status, TimeType};

use super::view::{Comparison, View, WhyNot};
use crate::document::{Block, Cell, Column, FigureBlock, Row, Run, plain};
use crate::figures::{self, Drawing, Point, Series, Shape, Size, Threshold, TimeSeries, Tone, Unit};
use crate::french;
use crate::input::EventKind;
use crate::published::{About, Register};
use crate::trend::{Direction, Nature};

/// Notes under a table, each reason once.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    reasons: Vec<String>,
    provisional: bool,
}

impl Notes {
    /// The mark of a reason: `a`, `b`, …; after `z`, digits.
    pub(crate) fn mark(&mut self, reason: &str) -> String {
        let reason = crate::sentences::trim(reason).to_owned();
        let position = self.reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        });
        mark_of(position)
    }

    /// The mark of provisional figures.
    pub(crate) fn provisional(&mut self) -> String {
        self.provisional = true;
        "p".to_owned()
    }

    /// The lines under the table.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        if self.provisional {
            lines.push("p : chiffre provisoire, la source n’est pas encore complète.".to_owned());
        }
        let reasons = self.reasons.iter().enumerate();
        lines.extend(reasons.map(|(position, reason)| {
            let reason = french::capital(&french::typography(reason));
            format!("{} : {reason}.", mark_of(position))
        }));
        lines.into_iter().map(|line| french::typography(&line)).collect()
    }
}

/// Letters without `p`, which marks provisional figures.
fn mark_of(position: usize) -> String {
    let letters: Vec<char> = ('a'..='z').filter(|letter| *letter != 'p').collect();
    letters.get(position).map_or_else(|| (position + 1).to_string(), char::to_string)
}

/// A run of text through the typographic filter.
pub(crate) fn text(body: impl AsRef<str>) -> Vec<Run> {
    plain(french::typography(body.as_ref()))
}

/// A strong lead and the rest through the typographic filter.
pub(crate) fn led(lead: &str, rest: &str) -> Vec<Run> {
    // A colon after the lead takes one no-break space, whichever side the caller left a space on.
    let spaced = lead.ends_with(' ') || rest.starts_with(' ');
    let (lead, rest) = (lead.trim_end(), rest.trim_start());
    let space = if spaced { " " } else { "" };
    let whole = french::typography(&format!("{lead}\u{1}{space}{rest}"));
    match whole.split_once('\u{1}') {
        Some((lead, rest)) => crate::document::led(lead, rest),
        None => plain(whole),
    }
}

/// A remark that something was not received.
pub(crate) fn absent(view: &View, subject: &str, indicators: &[&str]) -> Block {
    let titles = view.absent(indicators);
    Block::Note { text: text(crate::sentences::absent(subject, &titles)) }
}

/// The change on the week before, through the register: `+158 (+24 %)`, `+1,2 point`; « – » when none can be said. It is the
/// difference of the two values as they are printed, so that a reader who subtracts finds it.
#[expect(clippy::too_many_arguments, reason = "a printed value is what it is about, and where")]
pub(crate) fn change(
    view: &View,
    register: &mut Register,
    kind: &str,
    label: &str,
    indicator: &str,
    category: &str,
    place: &Place,
    fact: &Comparison,
) -> String {
    let (unit, decimals) = view.unit(indicator);
    let nature = Nature::of(&unit, decimals);
    let mut about = view.about(indicator, category, place, 0);
    let label = format!("{label} (évolution)");
    about.indicator = format!("{indicator}.change");
    let (Ok(_), Some(now), Some(before)) = (&fact.direction, fact.now, fact.before) else {
        return register.note(kind, &label, &about, None, &unit, "–".to_owned());
    };
    let (now, base) = (view.as_printed(indicator, now.value), view.as_printed(indicator, before.value));
    let difference = now - base;
    let printed = view.difference_text(indicator, difference);
    let printed = register.note(kind, &label, &about, Some(difference), &unit, printed);
    let counted = before.numerator.unwrap_or(before.value);
    if matches!(nature, Nature::Count | Nature::Rate) && base > 0.0 && counted >= 10.0 && difference != 0.0 {
        about.indicator = format!("{indicator}.change_share");
        let share = difference / base;
        let relative =
            register.note(kind, &label, &about, Some(share), "share", french::signed_percent(share, 0));
        return format!("{printed} ({relative})");
    }
    printed
}

/// Heads of the columns of a three-week table.
pub(crate) fn three_weeks(view: &View, first: &str) -> Vec<Column> {
    let mut columns = vec![Column::text(first, 1.0)];
    for back in [2, 1, 0] {
        let monday = view.monday(back);
        let sunday = monday.saturating_add(Span::new().days(6));
        columns.push(
            Column::number(french::week_short(monday))
                .with_subtitle(format!("au\u{A0}{}", french::day_month_short(sunday))),
        );
    }
    columns.push(Column::number("Évolution").with_subtitle("sur une semaine"));
    columns
}

/// A row of a three-week table.
pub(crate) fn three_week_row(
    view: &View,
    register: &mut Register,
    notes: &mut Notes,
    label: &str,
    indicator: &str,
    category: &str,
    place: &Place,
) -> Row {
    let mut cells = vec![Cell::text(label)];
    for back in [2, 1, 0] {
        cells.push(value_cell(view, register, notes, label, indicator, category, place, back));
    }
    let fact = view.compare(indicator, category, place);
    let printed = change(view, register, "table", label, indicator, category, place, &fact);
    let note = match &fact.direction {
        Err(WhyNot::OtherPanel) => {
            notes.mark("pas de comparaison : ce ne sont pas les mêmes déclarants que la semaine précédente")
        }
        Err(WhyNot::Break(title)) => {
            notes.mark(&format!("pas de comparaison : rupture de définition ({title})"))
        }
        _ => String::new(),
    };
    let arrow = match fact.direction {
        Ok(Direction::Up) => " ▲",
        Ok(Direction::Down) => " ▼",
        _ => "",
    };
    cells.push(Cell { text: format!("{printed}{arrow}"), note, ..Cell::default() });
    Row::of(cells)
}

/// One value in a cell, with its note.
#[expect(clippy::too_many_arguments, reason = "a printed value is what it is about, and where")]
pub(crate) fn value_cell(
    view: &View,
    register: &mut Register,
    notes: &mut Notes,
    label: &str,
    indicator: &str,
    category: &str,
    place: &Place,
    back: i64,
) -> Cell {
    let shown = view.print(register, "table", label, indicator, category, place, back);
    let note = match (&shown.reason, &shown.coverage) {
        (Some(reason), _) => notes.mark(reason),
        (None, Some(coverage)) if shown.provisional => {
            format!("{}, {}", notes.provisional(), notes.mark(coverage))
        }
        (None, Some(coverage)) => notes.mark(coverage),
        (None, None) if shown.provisional => notes.provisional(),
        (None, None) => String::new(),
    };
    Cell { text: shown.text, note, ..Cell::default() }
}

/// One line of a chart.
pub(crate) struct Line<'a> {
    pub(crate) indicator: &'a str,
    pub(crate) category: &'a str,
    pub(crate) label: String,
    pub(crate) tone: Tone,
}

/// A chart of days for the territory, with its events, breaks and the bulletin's week marked.
pub(crate) fn chart(
    view: &View,
    register: &mut Register,
    (title, unit_name): (&str, &str),
    lines: &[Line],
    kinds: &[String],
    thresholds: Vec<Threshold>,
    size: Size,
) -> Block {
    let place = view.territory();
    let first = lines.first().map_or("", |line| line.indicator);
    let (unit, decimals) = view.unit(first);
    let published = ghost(view, first, place);
    let mut series: Vec<Series> = lines
        .iter()
        .map(|line| Series {
            label: line.label.clone(),
            points: points(view, register, title, line.indicator, line.category, place),
            tone: line.tone,
            shape: Shape::Line,
        })
        .collect();
    if let Some(ghost) = published {
        series.insert(0, ghost); // the subject is drawn over it
    }
    let curve = Drawing::TimeSeries(TimeSeries {
        title: title.to_owned(),
        unit: figure_unit(&unit, decimals, unit_name),
        series,
        thresholds,
        events: events(view, first, kinds),
        from: view.chart_start(),
        until: view.sunday,
        highlight: Some((view.input.week, view.sunday)),
        size,
    });
    let ids: Vec<&str> = lines.iter().map(|line| line.indicator).collect();
    picture(view, register, curve, title, &ids)
}

/// The week of the bulletin before as it was published then, where its days have been revised since.
fn ghost(view: &View, indicator: &str, place: &Place) -> Option<Series> {
    let changes = view.input.changes.as_ref()?;
    let week = changes.previous.as_ref()?.week;
    let of_day = |day: Date| {
        changes.changes.iter().find(|change| {
            change.indicator == indicator
                && change.category.is_empty()
                && change.place == *place
                && change.time_type == TimeType::Day
                && change.date == day
        })
    };
    let days: Vec<Date> = (0..7).map(|offset| week.saturating_add(Span::new().days(offset))).collect();
    if !days.iter().any(|day| of_day(*day).is_some()) || week < view.chart_start() {
        return None;
    }
    let points = days
        .into_iter()
        .map(|day| {
            let today = view.input.observations.get(indicator, "", place, TimeType::Day, day);
            let value = of_day(day).map_or_else(|| today.and_then(|o| o.value), |change| change.before);
            Point { date: day, value, provisional: false, reason: None }
        })
        .collect();
    let label = format!("publié ({})", french::week_short(week));
    Some(Series { label, points, tone: Tone::Context, shape: Shape::Ghost })
}

/// The days of a series between the chart's ends, noted as plotted.
pub(crate) fn points(
    view: &View,
    register: &mut Register,
    title: &str,
    indicator: &str,
    category: &str,
    place: &Place,
) -> Vec<Point> {
    let Some(series) = view.input.observations.series(indicator, category, place, TimeType::Day) else {
        return Vec::new();
    };
    // Before its first value a series has not begun: that is no gap.
    let Some(begins) = series.iter().find(|(_, o)| o.value.is_some()).map(|(date, _)| *date) else {
        return Vec::new();
    };
    let from = begins.max(view.chart_start());
    if from > view.sunday {
        return Vec::new();
    }
    let shown = series.range(from..=view.sunday);
    let points: Vec<Point> = shown
        .clone()
        .map(|(date, observation)| Point {
            date: *date,
            value: observation.value,
            provisional: observation.status == Status::Partial,
            reason: observation.missing_reason.clone().filter(|_| observation.value.is_none()),
        })
        .collect();
    let plotted = shown.map(|(date, o)| (*date, o.value, o.status.as_str().to_owned())).collect();
    let (unit, _) = view.unit(indicator);
    register.plot(title, indicator, category, place, &unit, plotted);
    points
}

/// A figure's unit from an indicator's.
pub(crate) fn figure_unit(unit: &str, decimals: u8, name: &str) -> Unit {
    match (unit, decimals) {
        ("share", decimals) => Unit::share(name, decimals),
        (_, 0) => Unit::count(name),
        (_, decimals) => Unit::decimal(name, decimals),
    }
}

/// What happened here in the weeks shown: holidays, measures and what else is asked for by kind; definition breaks only of this
/// indicator's sources.
fn events(view: &View, indicator: &str, kinds: &[String]) -> Vec<figures::Event> {
    let (from, until) = (view.chart_start(), view.sunday);
    let breaks = view.breaks(indicator);
    let strikes_matter = kinds.iter().any(|kind| kind == EventKind::Strike.as_str());
    let mut drawn: Vec<figures::Event> = Vec::new();
    let shown = view
        .input
        .events
        .iter()
        .filter(|event| match event.kind {
            EventKind::Holiday => view.holds_here(&event.place),
            _ => view.concerns(&event.place),
        })
        .filter(|event| event.starts <= until && event.ends.unwrap_or(event.starts) >= from)
        .filter_map(|event| {
            let kind = match event.kind {
                EventKind::DefinitionBreak if breaks.contains(&event) => figures::EventKind::Break,
                EventKind::Strike if strikes_matter => figures::EventKind::Strike,
                EventKind::Holiday => figures::EventKind::Holiday,
                EventKind::Measure => figures::EventKind::Mark,
                _ => return None,
            };
            let label = match kind {
                figures::EventKind::Break => "rupture de définition".to_owned(),
                figures::EventKind::Holiday => String::new(),
                _ => crate::clean::printable(&crate::clean::short(&event.title_fr, 40)),
            };
            let ends = event.ends.unwrap_or(event.starts);
            let ends = if kind == figures::EventKind::Mark { event.starts } else { ends };
            let shown = event.starts >= from || kind != figures::EventKind::Mark;
            shown.then(|| figures::Event {
                kind,
                from: event.starts.max(from),
                until: ends.min(until),
                label,
            })
        });
    // The same measure in many departments is one mark.
    for event in shown {
        let same = |other: &figures::Event| {
            (other.kind, other.from, &other.label) == (event.kind, event.from, &event.label)
        };
        if !drawn.iter().any(same) {
            drawn.push(event);
        }
    }
    drawn
}

/// Keeps what is to be drawn and makes its block, whose text alternative and numbers come with the picture
/// ([`super::Draft::draw`]).
pub(crate) fn picture(
    view: &View,
    register: &mut Register,
    drawing: Drawing,
    title: &str,
    indicators: &[&str],
) -> Block {
    Block::Figure(FigureBlock {
        file: register.keep_drawing(drawing),
        alt: String::new(),
        caption: title.to_owned(),
        source: view.source_line(indicators),
        width_pt: 0.0,
        data: figures::Table::default(),
    })
}

/// Two figures side by side, or one across when it is alone.
pub(crate) fn side_by_side(mut blocks: Vec<Block>) -> Vec<Block> {
    let mut out = Vec::new();
    while blocks.len() >= 2 {
        let rest = blocks.split_off(2);
        let right = blocks.split_off(1);
        out.push(Block::Columns { left: blocks, right, ratio: 1.0 });
        blocks = rest;
    }
    out.extend(blocks);
    out
}

/// What a figure that is no indicator is about: a feed, a place, a finding.
pub(crate) fn about_fact(id: &str, place: &Place, date: Date) -> About {
    About {
        indicator: id.to_owned(),
        category: String::new(),
        place: place.clone(),
        time_type: TimeType::Day,
        date,
    }
}

/// Moves the mark of provisional figures from the cells to the heading where a whole column is provisional.
pub(crate) fn lift_provisional(columns: &mut [Column], rows: &mut [Row]) {
    for (index, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.number) {
        let mut valued = rows
            .iter()
            .filter_map(|row| row.cells.get(index))
            .filter(|cell| cell.text.chars().any(|c| c.is_ascii_digit()))
            .peekable();
        if valued.peek().is_none() || !valued.all(|cell| cell.note == "p") {
            continue;
        }
        column.note = "p".to_owned();
        for cell in rows.iter_mut().filter_map(|row| row.cells.get_mut(index)) {
            if cell.note == "p" {
                cell.note.clear();
            }
        }
    }
}
