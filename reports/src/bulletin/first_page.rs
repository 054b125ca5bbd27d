//! The first page, which stands alone: state of the territory, key figures, what changed, map, alerts, next step. The document says
//! which figures; this frame says where they stand.

use std::cmp::Ordering;

use vigie_queries::{BlockOutline, GeoType, Measure, Place, SectionOutline, Status, TimeType, Worse};

use super::blocks::{Page, alerts, cover, map};
use super::budget;
use super::labels;
use super::levels::{Levels, Standing};
use super::next;
use super::parts;
use super::stories::changes;
use super::view::{View, WhyNot};
use crate::document::{Block, KeyFigure, Rich};
use crate::figures::Size;
use crate::french;
use crate::input::Freshness;
use crate::published::{About, Register};
use crate::sentences::{self, AtLevel, Move, OneSubject, PrintedChange, Spread, Subject, Way};
use crate::trend::{Direction, Nature};

/// Departments named after a change.
const PLACES_MAX: usize = 3;
/// Departments named that go against the territory.
const PLACES_AGAINST: usize = 2;
/// Share of a change that one department makes to be told so, among at least so many departments.
const CONCENTRATED: f64 = 0.5;
const CONCENTRATED_AMONG: usize = 4;
/// Silent departments without which a sum is still told.
const SILENT_MAX: usize = 3;
/// Places named per alert on the first page.
const PLACES_NAMED: usize = 5;

/// What the first page says, before it is laid out.
struct First {
    /// The state of the territory in one sentence.
    state: Option<Rich>,
    figures: Vec<KeyFigure>,
    /// What the same figures read by another count or denominator.
    readings: Option<Rich>,
    /// Changed levels, what rose or fell, the scarcest stocks, what changed since the last bulletin; each with its
    /// importance, the most important 0.
    points: Vec<(u8, Rich)>,
    alerts: Option<Rich>,
    /// What to do, the gravest first; none where the document has no steps.
    next: Option<Vec<Rich>>,
    /// Feeds that are late.
    feeds: Option<Rich>,
}

/// What the document asks of its first page.
#[derive(Default)]
struct Asked<'o> {
    figures: &'o [Measure],
    figures_max: usize,
    about: &'o [Measure],
    low_stocks: Vec<(&'o str, &'o [String])>,
    map: Option<&'o [String]>,
    alerts: bool,
    steps: bool,
}

impl<'o> Asked<'o> {
    fn of(section: &'o SectionOutline) -> Self {
        let mut asked = Self::default();
        for block in &section.blocks {
            match block {
                BlockOutline::KeyFigures { figures, at_most } => {
                    (asked.figures, asked.figures_max) = (figures, *at_most);
                }
                BlockOutline::Sentences { about } => asked.about = about,
                BlockOutline::LowStocks { indicator, categories } => {
                    asked.low_stocks.push((indicator, categories));
                }
                BlockOutline::Map { indicators } => asked.map = Some(indicators),
                BlockOutline::Alerts => asked.alerts = true,
                BlockOutline::Steps => asked.steps = true,
                _ => {}
            }
        }
        asked
    }

    /// The key figures that the territory has.
    fn key_figures(&self, view: &View) -> Vec<&'o Measure> {
        let place = view.territory();
        let known = |measure: &&Measure| {
            view.defined(&measure.indicator) && view.has_lately(&measure.indicator, &measure.category, place)
        };
        self.figures.iter().filter(known).take(self.figures_max).collect()
    }
}

impl First {
    fn of(page: &Page, register: &mut Register, asked: &Asked) -> Self {
        let Page { view, levels, budget, .. } = page;
        let levels = *levels;
        let shown = asked.key_figures(view);
        let state = state(view, register, levels);
        let figures = key_figures(view, register, &shown);
        let readings = second_readings(view, register, levels, &shown);
        let mut points: Vec<(u8, Rich)> = Vec::new();
        points.extend(changes::of_the_map(view, levels).map(|text| (0, text)));
        points.extend(changed_levels(view, levels).map(|text| (0, text)));
        points.extend(changes(view, register, asked.about));
        for (indicator, categories) in &asked.low_stocks {
            let short = low_stocks(view, register, indicator, categories);
            points.extend(short.into_iter().map(|text| (3, text)));
        }
        let holiday = sentences::holiday(&view.holidays(0), &view.holidays(1));
        points.extend(holiday.map(|(lead, rest)| (4, parts::led(&lead, &rest))));
        points.extend(changes::key_point(view, register).map(|text| (1, text)));
        let judged = levels.is_some_and(|levels| {
            view.territory().geo_type != GeoType::Department
                || levels.at(view.territory(), view.sunday).rank.is_some()
        });
        Self {
            state,
            figures,
            readings,
            points,
            alerts: asked.alerts.then(|| alerts_in_brief(view, budget.alerts)),
            next: asked.steps.then(|| next::write(view, judged)),
            feeds: feeds(view),
        }
    }
}

impl First {
    /// At most so many sentences: the least important leave, the others keep their order.
    fn points(&self, max: usize) -> Vec<Rich> {
        let mut kept: Vec<usize> = (0..self.points.len()).collect();
        kept.sort_by_key(|place| self.points[*place].0);
        kept.truncate(max);
        kept.sort_unstable();
        kept.into_iter().map(|place| self.points[place].1.clone()).collect()
    }
}

/// Sets the first page: state and key figures across, sentences beside the map, what to do below.
pub(crate) fn write(page: &Page, register: &mut Register, section: &SectionOutline) -> Vec<Block> {
    let asked = Asked::of(section);
    let first = First::of(page, register, &asked);
    let mut blocks: Vec<Block> = first.state.clone().map(|text| Block::Lead { text }).into_iter().collect();
    if !first.figures.is_empty() {
        blocks.push(Block::KeyFigures { items: first.figures.clone() });
    }
    blocks.extend(first.readings.clone().map(|text| Block::Note { text }));
    // On a page that is the whole document curves and a table follow: the map is smaller, and alerts stand under the sentences.
    let is_whole = budget::is_one_page(page.outline);
    let size = match is_whole {
        true => Size { width_pt: 205.0, height_pt: 150.0 },
        false => Size { width_pt: 225.0, height_pt: 215.0 },
    };
    let mut left = vec![Block::Bullets { items: first.points(page.budget.points) }];
    let mut right: Vec<Block> = Vec::new();
    if let Some(indicators) = asked.map {
        right.extend(map::write(page.view, register, page.levels, page.mapped, indicators, size));
    }
    let beside = if is_whole { &mut left } else { &mut right };
    beside.extend(first.alerts.map(|text| Block::Note { text }));
    right.extend(first.feeds.map(|text| Block::Note { text }));
    blocks.push(Block::Columns { left, right, ratio: if is_whole { 1.35 } else { 1.08 } });
    if let Some(steps) = first.next {
        let items = steps.into_iter().take(page.budget.steps).collect();
        blocks.push(Block::Steps { title: next::TITLE.to_owned(), items });
    }
    blocks
}

/// Key figures beside what their second readings say of the same week, each with its words, and the territory's level beside
/// that of the other rules in force.
fn second_readings(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    shown: &[&Measure],
) -> Option<Rich> {
    let place = view.territory();
    let mut said = Vec::new();
    for measure in shown.iter().filter(|measure| measure.category.is_empty()) {
        let (id, label) = (measure.indicator.as_str(), labels::measure(view, measure));
        let label = label.as_str();
        let Some(query) = view.input.vocabulary.query(id) else { continue };
        let mut read = |id: &str| {
            let query = view.input.vocabulary.query(id)?;
            view.sample(id, "", place, 0)?;
            let shown = view.print(register, "text", label, id, "", place, 0);
            Some(format!("{} {}", shown.text, query.reading_fr))
        };
        let own = if query.second_readings.is_empty() { None } else { read(id) };
        let others: Vec<String> = query.second_readings.iter().filter_map(|id| read(id)).collect();
        if let (Some(own), false) = (own, others.is_empty()) {
            said.push(sentences::readings(label, &own, &others));
        }
    }
    // A sheet is one page: its region's bulletin has them.
    let others =
        if place.geo_type == GeoType::Department { Vec::new() } else { Levels::others(view, levels) };
    let by_rule: Vec<(String, String)> = others
        .into_iter()
        .map(|other| {
            let standing = other.at(place, view.sunday);
            other.note(view, register, place, &standing);
            (crate::clean::short(&other.rule.title_fr, 70), standing.text)
        })
        .collect();
    said.extend(sentences::levels_by_rule(&by_rule));
    (!said.is_empty()).then(|| parts::led("Autres lectures ", &format!(": {}.", said.join(" ; "))))
}

fn key_figures(view: &View, register: &mut Register, shown: &[&Measure]) -> Vec<KeyFigure> {
    let place = view.territory();
    shown
        .iter()
        .map(|measure| {
            let (id, category) = (measure.indicator.as_str(), measure.category.as_str());
            let label = labels::measure(view, measure);
            let label = label.as_str();
            let shown = view.print(register, "text", label, id, category, place, 0);
            let fact = view.compare(id, category, place);
            let change = parts::change(view, register, "text", label, id, category, place, &fact);
            let (direction, change) = match &fact.direction {
                Ok(Direction::Up) => ("up", change),
                Ok(Direction::Down) => ("down", change),
                Ok(Direction::Flat) => ("flat", change),
                Err(_) => ("none", "pas de comparaison".to_owned()),
            };
            let last = shown.reason.as_ref().and_then(|_| last_known(view, register, measure, label));
            let (change, provisional) = last.unwrap_or((change, shown.provisional));
            let room = if provisional { 80 } else { 90 };
            let why = shown.reason.clone().or(match &fact.direction {
                Ok(_) => None,
                Err(WhyNot::Missing(reason)) => Some(reason.clone()),
                Err(WhyNot::NoBefore(reason)) => Some(format!("semaine précédente : {reason}")),
                Err(WhyNot::OtherPanel) => Some("autres déclarants que la semaine précédente".to_owned()),
                Err(WhyNot::Break(title)) => Some(format!("rupture de définition : {title}")),
            });
            let detail = why.map_or_else(
                || "sur une semaine".to_owned(),
                |reason| crate::clean::short(sentences::trim(&reason), room),
            );
            let detail = if provisional { format!("provisoire ; {detail}") } else { detail };
            KeyFigure {
                label: label.to_owned(),
                value: shown.text,
                change,
                direction: direction.to_owned(),
                detail: french::typography(&detail),
            }
        })
        .collect()
}

/// The newest value of a week whose Sunday has none, and whether it is provisional.
fn last_known(
    view: &View,
    register: &mut Register,
    measure: &Measure,
    label: &str,
) -> Option<(String, bool)> {
    let place = view.territory();
    let (id, category) = (measure.indicator.as_str(), measure.category.as_str());
    let days = view.input.observations.series(id, category, place, TimeType::Day)?;
    let mut of_week = days.range(view.input.week..view.sunday).rev();
    let (day, value, status) =
        of_week.find_map(|(day, observation)| Some((*day, observation.value?, observation.status)))?;
    let about = About { time_type: TimeType::Day, date: day, ..view.about(id, category, place, 0) };
    let (unit, _) = view.unit(id);
    let text = register.note("text", label, &about, Some(value), &unit, view.text(id, value));
    Some((sentences::last_known(&text, day), status == Status::Partial))
}

/// How the departments stand under the rule of the map.
fn state(view: &View, register: &mut Register, levels: Option<&Levels>) -> Option<Rich> {
    let Some(levels) = levels else {
        let (lead, rest) = sentences::state_unknown();
        return Some(parts::led(&lead, &rest));
    };
    let places: Vec<&Place> = if view.departments.is_empty() {
        vec![view.territory()]
    } else {
        view.departments.iter().map(|info| &info.place).collect()
    };
    let ranks: Vec<(String, Standing)> =
        places.iter().map(|place| (view.name(place), levels.at(place, view.sunday))).collect();
    if view.territory().geo_type == GeoType::Department {
        let standing = levels.at(view.territory(), view.sunday);
        let before = levels.at(view.territory(), view.sunday_before());
        levels.note(view, register, view.territory(), &standing);
        let text = |standing: &Standing| standing.rank.map(|_| standing.explained());
        let (now, before) = (text(&standing), text(&before));
        let (lead, rest) = sentences::state_of_one(
            now.as_deref(),
            before.as_deref(),
            &standing.because,
            &levels.rule.title_fr,
        );
        return Some(parts::led(&lead, &rest));
    }
    let unknown = ranks.iter().filter(|(_, standing)| standing.rank.is_none()).count();
    let lacking = ranks.iter().filter(|(_, standing)| standing.rank.is_none());
    let because = lacking.map(|(_, standing)| standing.because.as_str()).max_by_key(|why| why.len());
    let by_level: Vec<AtLevel> = (1..=levels.rule.levels.len())
        .rev()
        .filter_map(|rank| u8::try_from(rank).ok())
        .map(|rank| {
            let here = || ranks.iter().filter(|(_, standing)| standing.rank == Some(rank));
            AtLevel {
                title: levels.title(rank),
                names: here().map(|(name, _)| name.clone()).collect(),
                at_least: here().any(|(_, standing)| standing.at_least),
                because: here().map(|(_, standing)| standing.because.clone()).max().unwrap_or_default(),
            }
        })
        .collect();
    let (lead, rest) =
        sentences::state(&by_level, ranks.len(), unknown, because.unwrap_or_default(), &levels.rule.title_fr);
    let own = levels.at(view.territory(), view.sunday);
    let own = match own.rank {
        Some(_) if levels.rule.geo_types.contains(&view.territory().geo_type) => {
            format!(" {} est {}.", view.name(view.territory()), own.explained())
        }
        _ => String::new(),
    };
    Some(parts::led(&lead, &format!("{rest}{own}")))
}

/// Departments whose level is not that of the week before, those that climb first, the largest steps first.
fn changed_levels(view: &View, levels: Option<&Levels>) -> Option<Rich> {
    let levels = levels?;
    let mut judged = 0;
    let mut moves: Vec<(i16, Move)> = Vec::new();
    for info in &view.departments {
        let (now, before) =
            (levels.at(&info.place, view.sunday), levels.at(&info.place, view.sunday_before()));
        let (Some(rank), Some(rank_before)) = (now.rank, before.rank) else { continue };
        judged += 1;
        if rank != rank_before {
            let step = i16::from(rank) - i16::from(rank_before);
            moves.push((step, Move { name: view.name(&info.place), to: now.phrase(), up: step > 0 }));
        }
    }
    moves.sort_by_key(|(step, _)| -step.abs());
    let moves: Vec<Move> = moves.into_iter().map(|(_, moved)| moved).collect();
    let (lead, rest) = sentences::changed_levels(&moves, judged, view.departments.len())?;
    Some(parts::led(&lead, &rest))
}

/// What rose, where, by how much, since when.
fn changes(view: &View, register: &mut Register, about: &[Measure]) -> Vec<(u8, Rich)> {
    let place = view.territory();
    let mut points = Vec::new();
    let mut missing: Vec<(String, Vec<String>)> = Vec::new();
    for measure in about {
        let id = measure.indicator.as_str();
        let subject = view.input.vocabulary.query(id).and_then(|query| query.subject.as_ref());
        let Some(subject) = subject.filter(|_| view.has_lately(id, "", place)) else { continue };
        let subject = Subject { text: &subject.text_fr, plural: subject.plural, feminine: subject.feminine };
        let fact = view.compare(id, "", place);
        let label = labels::of(view, id);
        if let Err(WhyNot::Missing(reason)) = &fact.direction {
            // Said once for all that lack for the same reason; the gap is a published fact all the same.
            view.print(register, "text", &label, id, "", place, 0);
            let label = without_the_silent(view, register, id, &label).unwrap_or(label);
            match missing.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) => names.push(label),
                None => missing.push((reason.clone(), vec![label])),
            }
            continue;
        }
        let mut printed = PrintedChange {
            now: view.print(register, "text", &label, id, "", place, 0).text,
            ..PrintedChange::default()
        };
        if fact.direction.is_ok() {
            printed.before = view.print(register, "text", &label, id, "", place, 1).text;
            printed.change = parts::change(view, register, "text", &label, id, "", place, &fact);
        }
        let more = view.more(id, "", place, &fact);
        let (lead, mut rest) = sentences::moved(subject, &printed, &fact, &more);
        let moved = where_it_moved(view, register, id, &fact);
        let rest_is_short = moved.is_empty();
        rest.push_str(&moved);
        let importance = match fact.direction {
            Ok(Direction::Flat) if rest_is_short => 5,
            _ if measure.is_minor => 3,
            _ => 2,
        };
        points.push((importance, parts::led(&lead, &rest)));
    }
    points.extend(missing.into_iter().map(|(reason, names)| {
        let (lead, rest) = sentences::missing(&names, view.sunday, &reason);
        (1, parts::led(&lead, &rest))
    }));
    points
}

/// What the departments that are known add up to, where a few are silent and the figure is one that adds up: « Patients
/// hospitalisés (1 579 hors Gers) ». A sum of fewer departments is called so, and who is missing can be called.
fn without_the_silent(view: &View, register: &mut Register, id: &str, label: &str) -> Option<String> {
    let (unit, decimals) = view.unit(id);
    if Nature::of(&unit, decimals) != Nature::Count || view.departments.len() < 2 {
        return None;
    }
    let values = view.departments.iter().map(|info| (&info.place, view.sample(id, "", &info.place, 0)));
    let (known, silent): (Vec<_>, Vec<_>) = values.partition(|(_, sample)| sample.is_some());
    if silent.is_empty() || silent.len() > SILENT_MAX || known.is_empty() {
        return None;
    }
    let sum: f64 = known.iter().filter_map(|(_, sample)| sample.map(|sample| sample.value)).sum();
    let names: Vec<String> = silent.iter().map(|(place, _)| view.name(place)).collect();
    let about = About { indicator: format!("{id}.without"), ..view.about(id, "", view.territory(), 0) };
    let text = register.note("text", label, &about, Some(sum), &unit, view.text(id, sum));
    Some(sentences::without(label, &text, &names))
}

/// The departments whose figure moved most in the territory's direction, when theirs moved materially; how far the move
/// reaches, whether one department makes it, and who goes against it.
fn where_it_moved(view: &View, register: &mut Register, id: &str, fact: &super::view::Comparison) -> String {
    let Ok(direction) = &fact.direction else { return String::new() };
    // A stable total may hide bad news: they are told.
    let worse = view.input.vocabulary.query(id).map_or(Worse::Up, |query| query.worse);
    let wanted = match (direction, worse) {
        (Direction::Down, _) | (Direction::Flat, Worse::Down) => Direction::Down,
        (Direction::Up, _) | (Direction::Flat, Worse::Up) => Direction::Up,
    };
    let against = if wanted == Direction::Down { Direction::Up } else { Direction::Down };
    let way = |direction| if direction == Direction::Down { Way::Down } else { Way::Up };
    let mut all: Vec<(Direction, f64, &Place)> = view
        .departments
        .iter()
        .filter_map(|info| {
            let fact = view.compare(id, "", &info.place);
            let (Ok(direction), Some(now), Some(before)) = (fact.direction, fact.now, fact.before) else {
                return None;
            };
            let difference = view.as_printed(id, now.value) - view.as_printed(id, before.value);
            Some((direction, difference, &info.place))
        })
        .collect();
    all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.2.cmp(b.2)));
    let (unit, _) = view.unit(id);
    let mut printed = |direction: Direction, max: usize| -> Vec<(String, String)> {
        let moved = all.iter().filter(|(found, ..)| *found == direction).take(max);
        moved
            .map(|(_, difference, place)| {
                let name = view.name(place);
                let mut about = view.about(id, "", place, 0);
                about.indicator = format!("{id}.change");
                let text = view.difference_text(id, *difference);
                let text = register.note("text", &name, &about, Some(*difference), &unit, text);
                (name, text)
            })
            .collect()
    };
    let places = printed(wanted, PLACES_MAX);
    let against_places =
        if *direction == Direction::Flat { Vec::new() } else { printed(against, PLACES_AGAINST) };
    let spread = Spread {
        moved: all.iter().filter(|(found, ..)| *found == wanted).count(),
        total: view.departments.len(),
        hidden: *direction == Direction::Flat,
    };
    let mut said = sentences::spread(way(wanted), spread, &places);
    if *direction != Direction::Flat {
        said.push_str(&concentrated(view, register, id, way(wanted), fact, &all));
    }
    said.push_str(&sentences::opposite(way(against), &against_places));
    said
}

/// One department that makes half or more of the change, of a figure whose departments add up.
fn concentrated(
    view: &View,
    register: &mut Register,
    id: &str,
    way: Way,
    fact: &super::view::Comparison,
    all: &[(Direction, f64, &Place)],
) -> String {
    let (unit, decimals) = view.unit(id);
    let adds_up = Nature::of(&unit, decimals) == Nature::Count;
    let (Some(now), Some(before), Some((_, most, place))) = (fact.now, fact.before, all.first()) else {
        return String::new();
    };
    let share = most / (view.as_printed(id, now.value) - view.as_printed(id, before.value));
    if !adds_up || view.departments.len() < CONCENTRATED_AMONG || !(CONCENTRATED..=1.0).contains(&share) {
        return String::new();
    }
    let mut about = view.about(id, "", place, 0);
    about.indicator = format!("{id}.share_of_change");
    let name = view.name(place);
    let text = register.note("text", &name, &about, Some(share), "share", french::percent(share, 0));
    sentences::concentrated(way, &name, &text)
}

/// Products with few days of stock, in the departments and in the whole.
fn low_stocks(view: &View, register: &mut Register, id: &str, order: &[String]) -> Vec<Rich> {
    if !view.defined(id) {
        return Vec::new();
    }
    let (low, _) = cover::bounds(view, id);
    let mut points = Vec::new();
    for product in cover::products(view, id, order) {
        let mut short: Vec<(f64, &Place)> = view
            .departments
            .iter()
            .filter_map(|info| Some((view.sample(id, product, &info.place, 0)?.value, &info.place)))
            .filter(|(days, _)| *days < low)
            .collect();
        short.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(b.1)));
        let places: Vec<(String, String)> = short
            .iter()
            .map(|(_, place)| {
                let name = view.name(place);
                let shown = view.print(register, "text", &name, id, product, place, 0);
                (name, shown.text)
            })
            .collect();
        let name = labels::category(view, id, product);
        let bound = french::number(low, 0);
        points.extend(
            sentences::low_cover(&name, &bound, &places).map(|(lead, rest)| parts::led(&lead, &rest)),
        );
    }
    points.truncate(2);
    points
}

/// How many alerts stand, and the gravest.
fn alerts_in_brief(view: &View, most: usize) -> Rich {
    let standing = alerts::standing(view);
    let health: Vec<_> = standing.iter().filter(|alert| alert.place.geo_type != GeoType::Source).collect();
    // One clause per rule and level, with its places.
    let mut groups: Vec<OneSubject> = Vec::new();
    for alert in &health {
        let products = alerts::products(view, alert);
        let products =
            if products.is_empty() { String::new() } else { format!(" ({})", french::list(&products)) };
        let title = crate::clean::short(&alerts::rule_title(view, alert), 70);
        let title = format!("{title}{products}, niveau « {} »", alerts::level_title(view, alert));
        let place = format!("{} ({})", view.name(&alert.place), french::day_month_short(alert.since));
        // Where whole kinds of place are counted, no product sets one apart.
        let region = usize::from(
            alert.place.geo_type == GeoType::Region && view.territory().geo_type == GeoType::Country,
        );
        match groups.iter_mut().find(|known| known.title == title) {
            Some(known) => {
                known.places.push(place);
                known.regions += region;
            }
            None => groups.push(OneSubject { title, places: vec![place], regions: region }),
        }
    }
    let rest = groups.len().saturating_sub(most);
    groups.truncate(most);
    let covered = alerts::covered(view).len();
    if health.is_empty() && covered == 0 && !alerts::judged(view) {
        let (lead, text) = sentences::no_alert(false);
        return parts::led(lead, text);
    }
    let (lead, text) = sentences::alerts(health.len(), covered, &groups, rest, PLACES_NAMED.min(most + 1));
    parts::led(&lead, &text)
}

/// Feeds that are late, so that a reader knows what the page rests on.
fn feeds(view: &View) -> Option<Rich> {
    let titles = |state: Freshness| -> Vec<String> {
        let feeds = view.input.feeds.iter().filter(|feed| feed.state == state);
        feeds.map(|feed| crate::clean::short(&feed.title_fr, 60)).collect()
    };
    let (lead, rest) = sentences::feeds_late(&titles(Freshness::Stale), &titles(Freshness::Late))?;
    Some(parts::led(&lead, &rest))
}
