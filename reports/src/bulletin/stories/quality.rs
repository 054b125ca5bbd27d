//! Data quality: age of every feed, gaps with their reasons, gates, rows set aside, definition breaks, provisional figures.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{BlockOutline, GeoType, Outline, Place, TimeType};

use super::super::blocks::Page;
use super::super::labels;
use super::super::parts;
use super::super::view::{View, paris_day};
use crate::document::{Block, Cell, Column, Row, Table};
use crate::french;
use crate::input::{EventKind, FeedState, Freshness, GateResult};
use crate::published::Register;

/// Findings printed; the rest is counted.
const FINDINGS_MAX: usize = 12;
/// Gates printed; the rest is counted.
const GATES_MAX: usize = 10;
/// Sentences printed of one gate.
const EXAMPLES_MAX: usize = 3;
pub(crate) fn write(page: &Page, register: &mut Register) -> Vec<Block> {
    let view = page.view;
    let mut blocks = vec![feeds(view, register)];
    blocks.push(Block::Heading { title: "Jours sans valeur et ruptures".to_owned() });
    let mut items = gaps(view, page.outline);
    items.extend(breaks(view));
    items.extend(provisional(view, register));
    items.extend(settling(view, register));
    if items.is_empty() {
        let text = "Aucun jour sans valeur ni rupture de définition sur la période des courbes.";
        blocks.push(Block::Paragraph { text: parts::text(text) });
    } else {
        blocks.push(Block::Bullets { items });
    }
    blocks.extend(gates(view, register));
    blocks.push(findings(view, register));
    blocks
}

/// What the gates found, and who let it pass; nothing where no gate was asked.
fn gates(view: &View, register: &mut Register) -> Option<Block> {
    let asked = &view.input.gates;
    if asked.is_empty() {
        return None;
    }
    let at = paris_day(view.input.as_of.issued);
    let mut found: Vec<&GateResult> = asked.iter().filter(|result| result.count > 0).collect();
    // What holds first, then what is about the bulletin itself.
    found.sort_by_key(|result| {
        (result.severity != "hold", result.source.is_some(), &result.gate, &result.source)
    });
    let rest = found.len().saturating_sub(GATES_MAX);
    let rows = found
        .iter()
        .take(GATES_MAX)
        .map(|result| {
            let place = match &result.source {
                Some(source) => Place { geo_type: GeoType::Source, code: source.clone() },
                None => view.territory().clone(),
            };
            let about = parts::about_fact(&format!("gate.{}", result.gate), &place, at);
            let n = result.count as f64;
            let count =
                register.note("table", &result.title_fr, &about, Some(n), "rows", french::number(n, 0));
            let title = match &result.source {
                Some(source) => format!("{} : {}", view.source_title(source), result.title_fr),
                None => result.title_fr.clone(),
            };
            let shown = if result.source.is_none() { EXAMPLES_MAX } else { 1 };
            let mut said = result.examples.iter().take(shown).map(|text| crate::clean::short(text, 170));
            let mut text = said.by_ref().collect::<Vec<_>>().join(" ");
            if result.source.is_none() && result.count > EXAMPLES_MAX as u64 {
                text.push_str(&format!(" Et {} autres.", french::number(n - EXAMPLES_MAX as f64, 0)));
            }
            Row::of(vec![
                Cell::text(crate::clean::short(&title, 90)),
                Cell::text(count),
                Cell::text(french::typography(&text)),
                Cell {
                    text: french::typography(&decided(result)),
                    strong: result.severity == "hold" && result.acknowledged.is_none(),
                    ..Cell::default()
                },
            ])
        })
        .collect();
    let mut notes = Vec::new();
    if rest > 0 {
        notes.push(format!("Et {rest} autres contrôles avec un constat (jumeau JSON)."));
    }
    let passed: Vec<String> = asked
        .iter()
        .filter(|result| result.count == 0)
        .map(|result| format!("« {} »", crate::clean::short(&result.title_fr, 60)))
        .collect();
    if found.is_empty() {
        let text = format!("Les contrôles avant publication n’ont rien trouvé : {}.", french::list(&passed));
        return Some(Block::Paragraph { text: parts::text(text) });
    }
    if !passed.is_empty() {
        notes.push(format!("N’ont rien trouvé : {}.", french::list(&passed)));
    }
    let notes: Vec<String> = notes.iter().map(|note| french::typography(note)).collect();
    Some(Block::Table(Table {
        caption: "Contrôles avant publication, et sur les éditions des dernières semaines".to_owned(),
        columns: vec![
            Column::text("Contrôle", 1.0),
            Column::number("Constats"),
            Column::text("Exemples", 1.8),
            Column::text("Suite", 0.8),
        ],
        rows,
        notes,
        source: String::new(),
    }))
}

/// What became of what a gate found.
fn decided(result: &GateResult) -> String {
    let Some(one) = &result.acknowledged else {
        return match result.severity.as_str() {
            "hold" if result.source.is_some() => "édition retenue".to_owned(),
            "hold" => "publication retenue".to_owned(),
            _ => "signalé".to_owned(),
        };
    };
    let by = if one.by.is_empty() {
        "admis".to_owned()
    } else {
        format!("admis par {}", crate::clean::short(&one.by, 40))
    };
    let until = one.until.map_or_else(String::new, |day| format!(" jusqu’au {}", french::date_digits(day)));
    let reason = crate::clean::short(&one.reason, 120);
    if reason.is_empty() { format!("{by}{until}") } else { format!("{by}{until} : {reason}") }
}

fn feeds(view: &View, register: &mut Register) -> Block {
    let mut feeds: Vec<&FeedState> = view.input.feeds.iter().collect();
    // Those that worry first, then by title.
    feeds.sort_by(|a, b| {
        let order = |feed: &FeedState| match feed.state {
            Freshness::Stale => 0,
            Freshness::Late => 1,
            Freshness::Fresh => 2,
            Freshness::Absent => 3,
        };
        order(a)
            .cmp(&order(b))
            .then_with(|| a.title_fr.cmp(&b.title_fr))
            .then_with(|| a.source.cmp(&b.source))
    });
    // Tables that come with the vocabulary are no feeds: they are named below, unless one of them waits for somebody.
    let (tables, received): (Vec<&FeedState>, Vec<&FeedState>) =
        feeds.iter().copied().filter(|feed| feed.state != Freshness::Absent).partition(|feed| {
            let is_quiet = matches!(feed.last_fetch_outcome.as_deref(), None | Some("new" | "unchanged"));
            view.is_bundled(&feed.source) && feed.state == Freshness::Fresh && is_quiet
        });
    let at = paris_day(view.input.as_of.issued);
    let rows = received
        .iter()
        .map(|feed| {
            let place = Place { geo_type: GeoType::Source, code: feed.source.clone() };
            let about = |id: &str| parts::about_fact(id, &place, at);
            let age = feed.age_hours.map_or_else(|| "–".to_owned(), age);
            let age =
                register.note("table", &feed.title_fr, &about("feed.age"), feed.age_hours, "hours", age);
            let mut rows = |id: &str, n: u64| {
                let n = n as f64;
                register.note("table", &feed.title_fr, &about(id), Some(n), "rows", french::number(n, 0))
            };
            let accepted = rows("feed.rows_accepted", feed.rows_accepted);
            let quarantined = rows("feed.rows_quarantined", feed.rows_quarantined);
            let state = match feed.state {
                Freshness::Fresh => "à jour",
                Freshness::Late => "en retard",
                Freshness::Stale => "périmée",
                Freshness::Absent => "jamais reçue",
            };
            let poll = match feed.last_fetch_outcome.as_deref() {
                Some("held") => " ; dernière édition retenue",
                Some("rejected") => " ; dernière édition refusée",
                Some("failed") => " ; dernier relevé en échec",
                Some("stale") => " ; dernier envoi plus ancien, ignoré",
                _ => "",
            };
            let day = |day: Option<Date>| day.map_or_else(|| "–".to_owned(), french::date_digits);
            Row::of(vec![
                Cell::text(crate::clean::short(&feed.title_fr, 70)),
                Cell::text(day(feed.last_issued_at.map(paris_day))),
                Cell::text(age),
                Cell::text(day(feed.last_day)),
                Cell::text(accepted),
                Cell::text(quarantined),
                Cell {
                    text: french::typography(&format!("{state}{poll}")),
                    strong: matches!(feed.state, Freshness::Late | Freshness::Stale),
                    ..Cell::default()
                },
            ])
        })
        .collect();
    let title = |feed: &&FeedState| format!("« {} »", crate::clean::short(&feed.title_fr, 70));
    let absent: Vec<String> =
        feeds.iter().filter(|feed| feed.state == Freshness::Absent).map(title).collect();
    let tables: Vec<String> = tables.iter().map(title).collect();
    let mut notes = Vec::new();
    if !tables.is_empty() {
        notes.push(format!("Tables de référence, hors de ce tableau : {}.", french::list(&tables)));
    }
    match absent.as_slice() {
        [] => {}
        [only] => notes.push(format!("Jamais reçue : {only}.")),
        many => notes.push(format!("Jamais reçues : {}.", french::list(many))),
    }
    Block::Table(Table {
        caption: "Âge des sources à la date du bulletin".to_owned(),
        columns: vec![
            Column::text("Source", 1.5),
            Column::number("Édition").with_subtitle("publiée le"),
            Column::number("Âge"),
            Column::number("Dernier jour").with_subtitle("renseigné"),
            Column::number("Lignes").with_subtitle("retenues"),
            Column::number("Lignes").with_subtitle("écartées"),
            Column::text("État", 1.0),
        ],
        rows,
        notes: notes.iter().map(|note| french::typography(note)).collect(),
        source: String::new(),
    })
}

/// `31 h` under two days, `3 jours` above.
fn age(hours: f64) -> String {
    if hours < 48.0 {
        return format!("{}\u{A0}h", french::number(hours.max(0.0).floor(), 0));
    }
    french::counted((hours / 24.0).floor(), 0, "jour", "jours")
}

/// Indicators whose curves the document draws.
fn drawn(outline: &Outline) -> Vec<&str> {
    let mut drawn = Vec::new();
    for block in outline.sections.iter().flat_map(|section| &section.blocks) {
        let BlockOutline::Curves { charts, .. } = block else { continue };
        for measure in
            charts.iter().flat_map(|chart| &chart.lines).filter(|measure| measure.category.is_empty())
        {
            if !drawn.contains(&measure.indicator.as_str()) {
                drawn.push(&measure.indicator);
            }
        }
    }
    drawn
}

/// Days without a value on the charts, runs of days with the same reason told once.
fn gaps(view: &View, outline: &Outline) -> Vec<Vec<crate::document::Run>> {
    let from = view.chart_start();
    // Series that lack for the same days and reason are told in one line.
    let mut told: Vec<(Vec<String>, String)> = Vec::new();
    for id in drawn(outline) {
        let Some(series) = view.input.observations.series(id, "", view.territory(), TimeType::Day) else {
            continue;
        };
        // Before its first value a series has not begun: that is no gap.
        let Some(begins) = series.iter().find(|(_, o)| o.value.is_some()).map(|(date, _)| *date) else {
            continue;
        };
        let from = from.max(begins);
        if from > view.sunday {
            continue;
        }
        // Runs of consecutive days; a rolling sum gives another reason each day, the first is the cause.
        let mut runs: Vec<(Date, Date, String)> = Vec::new();
        for (date, observation) in series.range(from..=view.sunday) {
            if observation.value.is_some() {
                continue;
            }
            match runs.last_mut() {
                Some((_, until, _)) if until.saturating_add(Span::new().days(1)) == *date => *until = *date,
                _ => runs.push((*date, *date, view.reason(Some(observation)))),
            }
        }
        let mut by_reason: BTreeMap<String, Vec<(Date, Date)>> = BTreeMap::new();
        for (start, end, reason) in runs {
            by_reason.entry(reason).or_default().push((start, end));
        }
        let label = labels::of(view, id);
        for (reason, spans) in by_reason.into_iter().take(4) {
            let when: Vec<String> = spans.iter().map(|(a, b)| french::date_range(*a, *b)).collect();
            let reason = crate::sentences::trim(&crate::clean::short(&reason, 200)).to_owned();
            let shown = if when.len() > 4 {
                format!("{} et {} autres fois", when[..3].join(", "), when.len() - 3)
            } else {
                french::list(&when)
            };
            let said = format!(": pas de valeur {shown} ({reason}).");
            match told.iter_mut().find(|(_, known)| *known == said) {
                Some((labels, _)) => labels.push(label.clone()),
                None => told.push((vec![label.clone()], said)),
            }
        }
    }
    let item = |(labels, said): (Vec<String>, String)| parts::led(&format!("{} ", labels.join(" ; ")), &said);
    told.into_iter().map(item).collect()
}

fn breaks(view: &View) -> Vec<Vec<crate::document::Run>> {
    let from = view.chart_start();
    // A break within the twelve weeks after is told too, when the as-of knows of it: old weeks are read again later.
    let known = paris_day(view.input.as_of.issued).min(view.sunday.saturating_add(Span::new().weeks(12)));
    view.input
        .events
        .iter()
        .filter(|event| event.kind == EventKind::DefinitionBreak && view.concerns(&event.place))
        .filter(|event| event.starts <= known && event.ends.unwrap_or(event.starts) >= from)
        .map(|event| {
            let after = if event.starts > view.sunday { ", après la semaine de ce bulletin" } else { "" };
            let when = french::date_range(event.starts, event.ends.unwrap_or(event.starts));
            let title = crate::clean::short(&event.title_fr, 160);
            let reference = crate::clean::short(&crate::clean::without_addresses(&event.reference), 200);
            let reference = crate::sentences::trim(&reference).to_owned();
            let reference = if reference.is_empty() { String::new() } else { format!(" ({reference})") };
            parts::led(
                "Rupture de définition ",
                &format!(
                    ": {when}{after}, {}{reference}. Les comparaisons qu’elle fausse ne sont pas faites.",
                    crate::sentences::trim(&title)
                ),
            )
        })
        .collect()
}

/// Which figures that this bulletin prints of the territory's week are still provisional.
fn provisional(view: &View, register: &Register) -> Option<Vec<crate::document::Run>> {
    let mut names: Vec<String> = Vec::new();
    for id in register.indicators().iter().filter(|id| view.defined(id)) {
        let mut categories = vec![""];
        categories.extend(view.input.observations.categories(id, view.territory()));
        let partial = categories.into_iter().any(|category| {
            view.week(id, category, view.territory(), 0)
                .is_some_and(|o| o.status == vigie_queries::Status::Partial && o.value.is_some())
        });
        let printed = labels::of(view, id);
        if partial && !names.contains(&printed) {
            names.push(printed);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(parts::led("Chiffres provisoires cette semaine ", &format!(": {}.", names.join(" ; "))))
}

/// How long figures stay provisional, source by source: measured on its editions, else declared by its contract.
fn settling(view: &View, register: &mut Register) -> Vec<Vec<crate::document::Run>> {
    let at = paris_day(view.input.as_of.issued);
    let (mut measured, mut declared) = (Vec::new(), Vec::new());
    let mut feeds: Vec<&FeedState> =
        view.input.feeds.iter().filter(|feed| feed.state != Freshness::Absent).collect();
    feeds.sort_by(|a, b| a.title_fr.cmp(&b.title_fr).then_with(|| a.source.cmp(&b.source)));
    for feed in feeds {
        let settling = feed.settling;
        if settling.editions.is_none() && settling.days == 0 {
            continue;
        }
        let place = Place { geo_type: GeoType::Source, code: feed.source.clone() };
        let about = parts::about_fact("feed.settling", &place, at);
        let days = f64::from(settling.days);
        let printed = french::counted(days, 0, "jour", "jours");
        let printed = register.note("text", &feed.title_fr, &about, Some(days), "days", printed);
        let title = crate::clean::short(&feed.title_fr, 70);
        match settling.editions {
            Some(editions) => measured.push(format!(
                "« {title} », {printed} ({})",
                french::counted(f64::from(editions), 0, "édition", "éditions")
            )),
            None => declared.push(format!("« {title} », {printed}")),
        }
    }
    [
        ("Délai de consolidation mesuré sur les éditions reçues ", measured),
        ("Délai de consolidation annoncé par le producteur ", declared),
    ]
    .into_iter()
    .filter(|(_, sources)| !sources.is_empty())
    .map(|(how, sources)| parts::led(how, &format!(": {}.", sources.join(" ; "))))
    .collect()
}

fn findings(view: &View, register: &mut Register) -> Block {
    let mut found: Vec<_> = view
        .input
        .findings
        .iter()
        .filter(|finding| finding.severity != "info" && finding.count > 0)
        .collect();
    found.sort_by(|a, b| {
        (a.severity != "error", std::cmp::Reverse(a.count), &a.source, &a.code).cmp(&(
            b.severity != "error",
            std::cmp::Reverse(b.count),
            &b.source,
            &b.code,
        ))
    });
    if found.is_empty() {
        let text = "Aucune ligne écartée dans les éditions utilisées.";
        return Block::Paragraph { text: parts::text(text) };
    }
    let at = paris_day(view.input.as_of.issued);
    let rest = found.len().saturating_sub(FINDINGS_MAX);
    let rows = found
        .iter()
        .take(FINDINGS_MAX)
        .map(|finding| {
            let place = Place { geo_type: GeoType::Source, code: finding.source.clone() };
            let about = parts::about_fact(&format!("finding.{}", finding.code), &place, at);
            let n = finding.count as f64;
            let title = view.source_title(&finding.source);
            let count = register.note("table", &title, &about, Some(n), "rows", french::number(n, 0));
            Row::of(vec![
                Cell::text(crate::clean::short(&title, 60)),
                Cell::text(crate::clean::short(&finding.code, 40)),
                Cell::text(count),
                Cell::text(crate::clean::short(&finding.example_message, 180)),
            ])
        })
        .collect();
    let mut notes = Vec::new();
    if rest > 0 {
        notes.push(format!("Et {rest} autres sortes de constats (vigie findings list)."));
    }
    Block::Table(Table {
        caption: "Lignes écartées ou signalées à la lecture des sources".to_owned(),
        columns: vec![
            Column::text("Source", 0.9),
            Column::text("Code", 0.0),
            Column::number("Nombre"),
            Column::text("Exemple", 1.8),
        ],
        rows,
        notes,
        source: String::new(),
    })
}
