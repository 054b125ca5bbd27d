//! Prose that can fail: every sentence of a page is read back by a reader of its own, which knows French and the input and
//! nothing of how the page was written, and is held against the data. The data behind the sentences are then moved (up, down,
//! gone, stale, another place), and a sentence that stays though its fact is gone fails. What the reader is worth is shown by
//! faults planted in words and thresholds ([`MUTANTS`]): it must tell each of them.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan};
use vigie_queries::{
    Alert, AlertState, Comparison, GeoType, Judgement, Observation, Place, SeriesKey, Status, TimeType,
    Vocabulary,
};

use crate::document::{Block, Document, Rich, Run};
use crate::fixture::Made;
use crate::input::{EventKind, Freshness, Input};
use crate::wording::TextBlock;

// ---- what a page says ----------------------------------------------------------------------------------------------------

/// A text with plain spaces.
fn words(text: &str) -> String {
    text.replace(['\u{A0}', '\u{202F}'], " ")
}

fn joined(runs: &Rich) -> String {
    words(&runs.iter().map(|run| run.text.as_str()).collect::<String>())
}

/// Every text of a document by its section, notes and cells of tables included.
fn all_texts(document: &Document) -> Vec<(String, String)> {
    fn walk(section: &str, blocks: &[Block], found: &mut Vec<(String, String)>) {
        for block in blocks {
            let mut texts = Vec::new();
            match block {
                Block::Paragraph { text } | Block::Lead { text } | Block::Note { text } => {
                    texts.push(joined(text));
                }
                Block::Bullets { items } | Block::Steps { items, .. } => {
                    texts.extend(items.iter().map(joined))
                }
                Block::Table(table) => {
                    texts.extend(table.notes.iter().map(|note| words(note)));
                    let cells = table.rows.iter().flat_map(|row| &row.cells);
                    let told = cells.flat_map(|cell| [&cell.text, &cell.detail]);
                    texts.extend(told.filter(|text| !text.is_empty()).map(|text| words(text)));
                }
                Block::Columns { left, right, .. } => {
                    walk(section, left, found);
                    walk(section, right, found);
                }
                _ => {}
            }
            found.extend(texts.into_iter().map(|text| (section.to_owned(), text)));
        }
    }
    let mut found = Vec::new();
    for section in &document.sections {
        walk(&section.id, &section.blocks, &mut found);
    }
    found
}

/// The number that a text begins with, as a reader reads it: value, whether in percent, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let mut digits = String::new();
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next_is_digit = text[at + c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        match c {
            '+' if at == 0 => {}
            '−' | '-' if at == 0 => digits.push('-'),
            c if c.is_ascii_digit() => digits.push(c),
            ',' if next_is_digit => digits.push('.'),
            ' ' if next_is_digit && !digits.is_empty() => {}
            _ => break,
        }
        end = at + c.len_utf8();
    }
    Some((digits.parse().ok()?, &text[end..]))
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

// ---- what the data say ---------------------------------------------------------------------------------------------------

/// The input, looked up in the plainest way.
struct Facts<'a> {
    input: &'a Input<'a>,
}

/// Sentences of the first page begin with these words; the indicator, and its size in print (percent, decimals).
const SUBJECTS: [(&str, &str); 6] = [
    ("Le nombre de patients hospitalisés", "hospital_patients"),
    ("Le nombre de patients en réanimation", "icu_patients"),
    ("Les admissions à l’hôpital en 7 jours", "admissions_7d"),
    ("L’incidence", "incidence_7d_per_100k"),
    ("Le taux de positivité", "positivity_7d"),
    ("La part des passages aux urgences pour suspicion", "er_covid_share_7d"),
];

impl Facts<'_> {
    fn sunday(&self) -> Date {
        self.input.week.saturating_add(6.days())
    }

    fn week(&self, id: &str, place: &Place, back: i64) -> Option<&Observation> {
        let monday = self.input.week.saturating_sub(Span::new().weeks(back));
        self.input.observations.get(id, "", place, TimeType::Week, monday)
    }

    fn value(&self, id: &str, place: &Place, back: i64) -> Option<f64> {
        self.week(id, place, back)?.value
    }

    /// A value in the size it is printed in.
    fn printed(&self, id: &str, value: f64) -> f64 {
        let query = self.input.vocabulary.query(id).unwrap();
        let value = if query.unit == "share" { value * 100.0 } else { value };
        let scale = 10_f64.powi(i32::from(query.decimals));
        (value * scale + 1e-7).round() / scale
    }

    /// What was counted.
    fn counted(&self, id: &str, place: &Place, back: i64) -> Option<f64> {
        let observation = self.week(id, place, back)?;
        observation.numerator.or(observation.value)
    }

    fn departments(&self) -> Vec<Place> {
        let inside = |home: &Option<String>| match self.input.territory.geo_type {
            GeoType::Region => *home == Some(self.input.territory.code.clone()),
            GeoType::Country => home.is_some(),
            _ => false,
        };
        let all = self.input.places.iter().filter(|info| info.place.geo_type == GeoType::Department);
        all.filter(|info| inside(&info.region)).map(|info| info.place.clone()).collect()
    }

    fn name(place: &Place) -> String {
        match place.geo_type {
            GeoType::Department => vigie_queries::known_departments()[place.code.as_str()].0.to_owned(),
            GeoType::Region => vigie_queries::region_name(&place.code).unwrap().to_owned(),
            _ => "France".to_owned(),
        }
    }

    /// Alerts that stand anywhere inside the territory.
    fn standing(&self) -> Vec<&Alert> {
        let inside = self.departments();
        let country = self.input.territory.geo_type == GeoType::Country;
        let here = |place: &Place| {
            *place == self.input.territory
                || inside.contains(place)
                || (country && place.geo_type == GeoType::Region)
        };
        let up = |alert: &&Alert| matches!(alert.state, AlertState::Active | AlertState::Clearing);
        self.input.alerts.iter().filter(up).filter(|alert| here(&alert.place)).collect()
    }

    fn judgement(&self, rule: &str, place: &Place) -> Option<&Judgement> {
        let (sunday, of) = (self.sunday(), |j: &&Judgement| j.rule == rule && j.place == *place);
        self.input.judgements.iter().filter(of).find(|judgement| judgement.date == sunday)
    }

    /// Whether some rule in force raises at a value and ends at another.
    fn has_bounds(&self, comparison: Comparison, raise: f64, clear: f64) -> bool {
        let sunday = self.sunday();
        let rules = || self.input.vocabulary.rules().filter(|rule| rule.in_force(sunday));
        let is_low = matches!(comparison, Comparison::Below | Comparison::AtMost);
        let of_criterion = rules().flat_map(|rule| &rule.criteria).any(|criterion| {
            let levels: Vec<(&String, &f64)> =
                criterion.thresholds_on(sunday).into_iter().flat_map(|set| &set.levels).collect();
            let raises = |(level, value): &(&String, &f64)| {
                near(**value, raise) && criterion.comparison_for(level) == comparison
            };
            let ends = |(_, value): &(&String, &f64)| {
                let margin = **value * (1.0 - criterion.clear_ratio);
                near(if is_low { **value + margin } else { **value - margin }, clear)
            };
            levels.iter().any(raises) && levels.iter().any(ends)
        });
        let of_region = rules().any(|rule| {
            let scores: Vec<f64> = rule.levels.iter().filter_map(|level| level.score_min).collect();
            scores.iter().any(|score| near(*score, raise))
                && scores.iter().any(|score| near(*score * rule.score_clear_ratio, clear))
        });
        of_criterion || (of_region && comparison == Comparison::AtLeast)
    }
}

/// Two-sided chance of two counts of one rate, by the definition: all splits of the sum at least as uneven.
fn chance(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let ln_factorial = |n: f64| (1..=n as u64).map(|k| (k as f64).ln()).sum::<f64>();
    let all = ln_factorial(sum);
    let of = |k: f64| (all - ln_factorial(k) - ln_factorial(sum - k) - sum * 2_f64.ln()).exp();
    if sum > 400.0 {
        return if (a - b).abs() > 1.96 * sum.sqrt() + 1.0 { 0.0 } else { 1.0 };
    }
    (0..=sum as u64).map(|k| k as f64).filter(|k| (2.0 * k - sum).abs() >= (a - b).abs()).map(of).sum()
}

// ---- reading -------------------------------------------------------------------------------------------------------------

/// What is false on a page, a sentence each; nothing for a page that is true.
fn lies(input: &Input, document: &Document) -> Vec<String> {
    let facts = Facts { input };
    let mut found = Vec::new();
    for (section, text) in all_texts(document) {
        let mut say = |what: String| found.push(format!("{section} : « {text} » : {what}"));
        if text.contains("en alerte") || text.contains("sans alerte") {
            say("« alerte » is the name of a level, or of an alert that stands".to_owned());
        }
        if section == "key_points" {
            read_move(&facts, &text, &mut say);
            read_state(&facts, &text, &mut say);
            read_alerts(&facts, &text, &mut say);
            read_changed_levels(&facts, &text, &mut say);
            read_holiday(&facts, &text, &mut say);
            read_feeds(&facts, &text, &mut say);
            read_stocks(&facts, &text, &mut say);
            read_readings(&facts, &text, &mut say);
        }
        if section == "alerts" {
            read_bounds(&facts, &text, &mut say);
            read_alerts(&facts, &text, &mut say);
        }
        if section == "quality" {
            read_provisional(&facts, &text, &mut say);
        }
    }
    read_steps(&facts, document, &mut found);
    found
}

/// « Le nombre de patients hospitalisés augmente : 780, contre 590 la semaine précédente, soit +190 (+32 %)… »
fn read_move(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let Some((subject, id)) = SUBJECTS.iter().find(|(subject, _)| text.starts_with(subject)) else { return };
    let place = &facts.input.territory;
    let (now, before) = (facts.value(id, place, 0), facts.value(id, place, 1));
    let said = text[subject.len()..].trim_start();
    if said.starts_with("n’a pas de valeur") || said.starts_with("n’ont pas de valeur") {
        if now.is_some() {
            say("there is a value".to_owned());
        }
        return;
    }
    let Some(now) = now else { return say("there is no value".to_owned()) };
    let (now_printed, before_printed) =
        (facts.printed(id, now), before.map(|before| facts.printed(id, before)));
    let partial = |back| facts.week(id, place, back).is_some_and(|o| o.status == Status::Partial);
    let first = said.split(" ; ").next().unwrap_or(said);
    if text.contains("(provisoire)") != (partial(0) || (before.is_some() && partial(1))) {
        say("provisional or not".to_owned());
    }
    // The first number is this week's, save where a figure fell to nothing.
    if !said.starts_with("retombe") && !said.contains("à zéro") {
        let at = said.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        if number(&said[at..]).is_none_or(|(value, _)| !near(value, now_printed)) {
            say(format!("this week is {now_printed}"));
        }
    }
    if let Some((value, rest)) = after(first, ", contre ").and_then(number)
        && rest.trim_start_matches([' ', '%']).starts_with("la semaine précédente")
        && before_printed.is_none_or(|before| !near(value, before))
    {
        say(format!("the week before is {before_printed:?}"));
    }
    if let (Some((value, _)), Some(before)) = (after(first, "soit ").and_then(number), before_printed)
        && !near(value, now_printed - before)
    {
        say(format!("{now_printed} less {before} is another difference"));
    }
    let broken = facts.input.events.iter().any(|event| {
        event.kind == EventKind::DefinitionBreak
            && facts
                .input
                .vocabulary
                .sources_of(id)
                .iter()
                .any(|source| event.sources.iter().any(|s| s == source))
            && event.starts <= facts.sunday()
            && event.ends.unwrap_or(event.starts) >= facts.input.week.saturating_sub(7.days())
    });
    if text.contains("rupture de définition") != broken && before.is_some() {
        say("a break or none".to_owned());
    }
    let Some(before) = before.filter(|_| !broken) else { return };
    let verb = |roots: &[&str]| roots.iter().any(|root| said.starts_with(root));
    let up = verb(&["augment", "fait plus que doubler", "font plus que doubler", "repart"]);
    let down = verb(&["diminu", "est divisé", "sont divisé", "retomb"]);
    let flat = verb(&[
        "est stable",
        "sont stables",
        "reste sans",
        "restent sans",
        "varie",
        "reste à zéro",
        "restent à zéro",
        "est de",
        "sont de",
    ]);
    if (up && now <= before) || (down && now >= before) || !(up || down || flat) {
        say(format!("it went from {before} to {now}"));
    }
    let share = facts.input.vocabulary.query(id).unwrap().unit == "share";
    if let (Some(a), Some(b), false) = (facts.counted(id, place, 1), facts.counted(id, place, 0), share) {
        let moved = chance(a, b) < 0.05 && (before == 0.0 || ((now - before) / before).abs() >= 0.05);
        if moved == flat {
            say(format!("{a} to {b}: chance {}", chance(a, b)));
        }
        if verb(&["fait plus que doubler", "font plus que doubler"]) && now <= 2.0 * before {
            say("it did not double".to_owned());
        }
    }
    if let Some((weeks, _)) =
        after(said, " depuis ").and_then(number).filter(|_| said.contains(" semaines (S"))
    {
        let steps = (0..weeks as i64).all(|back| {
            facts
                .value(id, place, back)
                .zip(facts.value(id, place, back + 1))
                .is_some_and(|(a, b)| if up { a > b } else { a < b })
        });
        if !steps {
            say("not for so many weeks".to_owned());
        }
    }
    read_record(facts, id, (text, up), now, say);
    read_places(facts, id, text, say);
}

/// « plus haut niveau depuis la semaine 18 », « … des 19 dernières semaines », « … depuis le début des données (…) ».
fn read_record(facts: &Facts, id: &str, (text, up): (&str, bool), now: f64, say: &mut dyn FnMut(String)) {
    let Some(said) = after(text, if up { "plus haut niveau " } else { "plus bas niveau " }) else { return };
    let beaten = |back: i64| {
        let then = facts.value(id, &facts.input.territory, back);
        then.is_some_and(|then| if up { then >= now } else { then <= now })
    };
    let known = |back: i64| facts.value(id, &facts.input.territory, back).is_some();
    let oldest = (1..400).rev().find(|back| known(*back)).unwrap_or(0);
    if said.starts_with("depuis le début des données") {
        if let Some(back) = (1..=oldest).find(|back| beaten(*back)) {
            say(format!("{back} weeks ago there was as much"));
        }
    } else if let Some((weeks, _)) = after(said, "des ").and_then(number).filter(|_| said.starts_with("des "))
    {
        if (1..weeks as i64).any(beaten) {
            say("one of these weeks had as much".to_owned());
        }
        let seen_through = known(weeks as i64) || known(weeks as i64 + 1) || known(weeks as i64 + 2);
        if seen_through && !beaten(weeks as i64) {
            say("the weeks before are known, and had no more".to_owned());
        }
    } else if let Some((week, _)) = after(said, "semaine ").and_then(number) {
        let back = (1..60).find(|back| {
            let monday = facts.input.week.saturating_sub(Span::new().weeks(*back));
            f64::from(monday.iso_week_date().week()) == week
        });
        let Some(back) = back else { return };
        if !beaten(back) || (1..back).any(beaten) {
            say("that week is not the last with as much".to_owned());
        }
    }
}

/// « La hausse est nette dans 10 départements sur 13, surtout : Gers (+3)… », « À l’inverse, baisse : Lot (−2). »
fn read_places(facts: &Facts, id: &str, text: &str, say: &mut dyn FnMut(String)) {
    for place in facts.departments() {
        let mark = format!("{} (", Facts::name(&place));
        let begins =
            |at: &usize| !text[..*at].chars().next_back().is_some_and(|c| c == '-' || c.is_alphanumeric());
        let Some(at) = text.match_indices(&mark).map(|(at, _)| at).find(begins) else { continue };
        let Some((said, _)) = number(&text[at + mark.len()..]) else { continue };
        let (now, before) = (facts.value(id, &place, 0), facts.value(id, &place, 1));
        let difference = now.zip(before).map(|(a, b)| facts.printed(id, a) - facts.printed(id, b));
        if difference.is_none_or(|difference| !near(difference, said)) {
            say(format!("{mark}: {difference:?}"));
        }
    }
}

/// « Autres lectures : réanimation, taux Covid-19 : 32,9 % des lits installés, 73,3 % des lits ouverts (tous patients)… »: before
/// the words of each indicator stands its value.
fn read_readings(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let Some(said) = after(text, "Autres lectures : ") else { return };
    let mut read = 0;
    for query in facts.input.vocabulary.queries().iter().filter(|query| !query.reading_fr.is_empty()) {
        let Some((before, _)) = said.split_once(&format!(" {}", words(&query.reading_fr))) else { continue };
        let at =
            before.rfind([':', ';']).map_or(0, |at| at + 1).max(before.rfind(", ").map_or(0, |at| at + 1));
        let value =
            facts.value(&query.id, &facts.input.territory, 0).map(|value| facts.printed(&query.id, value));
        match (number(before[at..].trim()), value) {
            (Some((told, _)), Some(value)) if near(told, value) => read += 1,
            (told, value) => say(format!("{}: {told:?} is told, the value is {value:?}", query.id)),
        }
    }
    if read < 2 && !said.contains("niveau") {
        say("no two readings".to_owned());
    }
}

/// « 3 départements sur 13 sont au niveau « tension » (…), 10 sous les seuils. »
fn read_state(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let is_state = text.contains("départements sont au niveau")
        || text.contains("sont sous les seuils")
        || (text.contains(" sur ") && (text.contains(" au niveau « ") || text.contains("sous les seuils")));
    if !is_state || text.contains("change de niveau") || text.contains("changent de niveau") {
        return;
    }
    // Some rule in force counts exactly so.
    let counts = |rule: &vigie_queries::Rule| -> Option<String> {
        let places = facts.departments();
        let rank = |place: &Place| {
            let judgement = facts.judgement(&rule.id, place)?;
            let open = judgement.rank == 0 && judgement.rank_max > 0;
            (!open && judgement.level != "unknown").then_some(judgement.rank)
        };
        let ranks: Vec<u8> = places.iter().filter_map(rank).collect();
        if ranks.is_empty() {
            return Some("nobody is judged".to_owned());
        }
        for (at, level) in rule.levels.iter().enumerate() {
            let n = ranks.iter().filter(|rank| usize::from(**rank) == at + 1).count();
            let title = words(&level.title_fr.to_lowercase());
            let said = text.split(" au niveau « ").collect::<Vec<_>>();
            let told = said.windows(2).find(|pair| pair[1].starts_with(&format!("{title} »"))).map(|pair| {
                let before = pair[0].rsplit([',', '.']).next().unwrap_or(pair[0]);
                let at = before.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
                number(&before[at..]).map_or(0.0, |(n, _)| n)
            });
            match told {
                Some(told) if !near(told, n as f64) => return Some(format!("{n} at {title}, not {told}")),
                None if n > 0 => return Some(format!("{n} at {title} are not told")),
                _ => {}
            }
        }
        let below = ranks.iter().filter(|rank| **rank == 0).count();
        let told = text.contains("sous les seuils");
        (told != (below > 0)).then(|| format!("{below} are below"))
    };
    let rules = facts.input.vocabulary.rules().filter(|rule| rule.in_force(facts.sunday()));
    let wrong: Vec<String> =
        rules.map(|rule| counts(rule).map_or(String::new(), |w| format!("{}: {w}", rule.id))).collect();
    if wrong.iter().all(|wrong| !wrong.is_empty()) {
        say(wrong.join(" ; "));
    }
}

/// « Aucune alerte active… », « 8 alertes en cours… En outre, 36 alertes départementales sont couvertes… »
fn read_alerts(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let standing = facts.standing();
    if text.starts_with("Aucune alerte active") && !standing.is_empty() {
        say(format!("{} alerts stand", standing.len()));
    }
    let judged = facts.input.judgements.iter().any(|judgement| {
        judgement.date >= facts.input.week && judgement.date <= facts.sunday() && judgement.level != "unknown"
    });
    if (text.starts_with("Aucune alerte active") && !judged)
        || (text.starts_with("Alertes inconnues") && judged)
    {
        say(format!("whether any rule could be applied: {judged}"));
    }
    if let Some((n, rest)) = number(text)
        && (rest.starts_with(" alerte en cours") || rest.starts_with(" alertes en cours"))
    {
        let of_region = facts.input.territory.geo_type == GeoType::Region;
        let told = standing.iter().filter(|alert| !(of_region && alert.inhibited)).count();
        let covered = standing.len() - told;
        if !near(n, told as f64) {
            say(format!("{told} alerts stand"));
        }
        let said = after(text, "En outre, ").and_then(number).map_or(0.0, |(n, _)| n);
        if !near(said, covered as f64) {
            say(format!("{covered} are covered"));
        }
        // Each level that is named has an alert.
        for level in
            rest.split("niveau « ").skip(1).filter_map(|rest| rest.split_once(" »")).map(|(level, _)| level)
        {
            let has = standing.iter().any(|alert| {
                let rule = facts.input.vocabulary.rule(&alert.rule).unwrap();
                words(&rule.level(alert.rank).unwrap().title_fr.to_lowercase()) == level
            });
            if !has {
                say(format!("no alert at level {level}"));
            }
        }
    }
}

/// « Gardes pourvues : 91 % (alerte sous 90 %, levée à partir de 92,7 %) »: both numbers are those of one criterion.
fn read_bounds(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    for said in text.split('(').skip(1) {
        let said = said.split(')').next().unwrap_or(said);
        if said.starts_with("seuil ") {
            say("the side and the value that ends it are not told".to_owned());
        }
        if !said.starts_with("alerte ") && !said.starts_with("critère atteint ") {
            continue;
        }
        let Some((raising, ending)) = said.split_once(", ") else {
            say(format!("{said}: what ends it is not told"));
            continue;
        };
        let comparison = match raising {
            raising if raising.contains(" sous ") => Comparison::Below,
            raising if raising.contains(" à partir de ") => Comparison::AtLeast,
            raising if raising.contains(" au-dessus de ") => Comparison::Above,
            _ => Comparison::AtMost,
        };
        let read = |text: &str| {
            let (value, rest) = number(&text[text.find(|c: char| c.is_ascii_digit())?..])?;
            Some(if rest.trim_start().starts_with('%') { value / 100.0 } else { value })
        };
        let (Some(raise), Some(clear)) = (read(raising), read(ending)) else {
            say(format!("{said}: no numbers"));
            continue;
        };
        if !facts.has_bounds(comparison, raise, clear) {
            say(format!("no rule raises at {raise} and ends at {clear}, {comparison}"));
        }
    }
}

/// « 2 départements changent de niveau : Gard monte au niveau « tension » ; Gers redescend sous les seuils. »
fn read_changed_levels(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let none = text.starts_with("Aucun département ne change");
    let Some(n) =
        number(text).map(|(n, _)| n).filter(|_| text.contains("de niveau : ")).or(none.then_some(0.0))
    else {
        return;
    };
    let before = facts.sunday().saturating_sub(7.days());
    let moved = |rule: &vigie_queries::Rule| {
        let changed = facts.departments().into_iter().filter(|place| {
            let of = |day: Date| {
                facts
                    .input
                    .judgements
                    .iter()
                    .find(|j| j.rule == rule.id && j.place == *place && j.date == day)
            };
            let (Some(now), Some(then)) = (of(facts.sunday()), of(before)) else { return false };
            let known = |j: &Judgement| j.level != "unknown" && !(j.rank == 0 && j.rank_max > 0);
            known(now) && known(then) && now.rank != then.rank
        });
        changed.count()
    };
    if !facts.input.vocabulary.rules().any(|rule| near(moved(rule) as f64, n)) {
        say("no rule has so many changes".to_owned());
    }
}

/// « Un jour ouvré de moins cette semaine (mercredi 11 novembre, Armistice) : … »
fn read_holiday(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let is_holiday = text.contains("ouvré de moins")
        || text.contains("ouvrés de moins")
        || text.starts_with("Semaine de congé")
        || text.starts_with("Semaine ordinaire");
    if !is_holiday {
        return;
    }
    let week = if text.contains("cette semaine (") || text.starts_with("Semaine de congé") { 0 } else { 7 };
    let monday = facts.input.week.saturating_sub(Span::new().days(week));
    let days = facts.input.events.iter().filter(|event| {
        event.kind == EventKind::Holiday
            && event.ends.is_none_or(|ends| ends == event.starts)
            && (monday..=monday.saturating_add(4.days())).contains(&event.starts)
            && !matches!(event.starts.weekday(), Weekday::Saturday | Weekday::Sunday)
    });
    if !days.into_iter().any(|event| text.contains(&words(&event.title_fr))) {
        say("no working day of that week was a holiday of that name".to_owned());
    }
}

/// « Source périmée : « A ». Sources en retard : « B » et « C ». »
fn read_feeds(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    if !text.starts_with("Source") {
        return;
    }
    for sentence in text.split(". ") {
        let state = match sentence {
            s if s.contains("périmée") => Freshness::Stale,
            s if s.contains("en retard") => Freshness::Late,
            _ => continue,
        };
        for title in
            sentence.split('«').skip(1).filter_map(|rest| rest.split_once('»')).map(|(t, _)| t.trim())
        {
            let is = |feed: &&crate::input::FeedState| {
                words(&feed.title_fr).starts_with(title.trim_end_matches('…'))
            };
            if facts.input.feeds.iter().find(is).is_none_or(|feed| feed.state != state) {
                say(format!("{title} is not {state:?}"));
            }
        }
    }
}

/// « Tests RT-PCR : moins de 7 jours de stock dans 2 départements : Gers (2,8) et Lot (4,1). »
fn read_stocks(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let Some((product, rest)) = text.split_once(" : moins de ") else { return };
    let code = match product {
        "Tests RT-PCR" => "rt_pcr",
        "Tests antigéniques" => "antigen",
        "Masques chirurgicaux" => "surgical_mask",
        _ => "ffp2_mask",
    };
    let rule = facts.input.vocabulary.rule("cover-tests").unwrap();
    let criterion = rule.criteria.iter().filter_map(|criterion| criterion.thresholds_on(facts.sunday()));
    let least = criterion.flat_map(|set| set.levels.get("tension")).copied().fold(0.0, f64::max);
    let Some((bound, _)) = number(rest) else { return say("no bound".to_owned()) };
    if !near(bound, least) {
        say(format!("a stock is low under {least}"));
    }
    let cover = |place: &Place| {
        let all = facts.input.observations;
        all.get("test_days_of_cover", code, place, TimeType::Week, facts.input.week).and_then(|o| o.value)
    };
    let low =
        facts.departments().into_iter().filter(|place| cover(place).is_some_and(|days| days < least)).count();
    if after(rest, " dans ").and_then(number).is_none_or(|(n, _)| !near(n, low as f64)) {
        say(format!("{low} departments are low"));
    }
}

/// « Chiffres provisoires cette semaine : … »: all of the first page that say « provisoire » are among them.
fn read_provisional(facts: &Facts, text: &str, say: &mut dyn FnMut(String)) {
    let Some(names) = text.strip_prefix("Chiffres provisoires cette semaine :") else { return };
    for (id, label) in [
        ("admissions_7d", "Admissions à l’hôpital"),
        ("positivity_7d", "Taux de positivité"),
        ("incidence_7d_per_100k", "Incidence"),
        ("er_covid_share_7d", "Passages aux urgences"),
    ] {
        let partial = facts.week(id, &facts.input.territory, 0).is_some_and(|o| o.status == Status::Partial);
        if partial != names.contains(label) {
            say(format!("{label} is provisional: {partial}"));
        }
    }
}

/// « Gard et Lot : réunir la cellule de crise… »: an alert that stands there asks for it.
fn read_steps(facts: &Facts, document: &Document, found: &mut Vec<String>) {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let steps = blocks.filter_map(|block| match block {
        Block::Steps { items, .. } => Some(items),
        _ => None,
    });
    let standing = facts.standing();
    for text in steps.flatten().map(joined) {
        if text.starts_with("Aucune action n’est demandée") {
            if standing.iter().any(|alert| !alert.action_fr.trim().is_empty()) {
                found.push(format!("steps : « {text} » : alerts ask for something"));
            }
            continue;
        }
        let Some((places, action)) = text.split_once(" : ") else { continue };
        if text.contains("autre action")
            || text.contains("autres actions")
            || text.contains("La règle de la carte ne peut")
        {
            continue;
        }
        let first = places.split(", ").next().and_then(|first| first.split(" et ").next()).unwrap_or(places);
        let demand = action.split([',', ':', '.']).next().unwrap_or(action).trim().to_lowercase();
        let asked = standing.iter().any(|alert| {
            Facts::name(&alert.place) == first && words(&alert.action_fr).to_lowercase().contains(&demand)
        });
        if !asked {
            found.push(format!("steps : « {text} » : no alert of {first} asks for it"));
        }
    }
}

// ---- moving the data -----------------------------------------------------------------------------------------------------

fn series(made: &Made, id: &str, place: &Place) -> Vec<SeriesKey> {
    let key = |time_type| SeriesKey {
        indicator: id.to_owned(),
        category: String::new(),
        place: place.clone(),
        time_type,
    };
    [TimeType::Week, TimeType::Day]
        .map(key)
        .into_iter()
        .filter(|key| made.observations.series(id, "", place, key.time_type).is_some())
        .collect()
}

/// Changes the week's value of an indicator, its Sunday with it.
fn touch(made: &mut Made, id: &str, place: &Place, change: impl Fn(&mut Observation)) {
    let (week, sunday) = (made.week, made.sunday());
    for key in series(made, id, place) {
        let day = if key.time_type == TimeType::Week { week } else { sunday };
        if let Some(observation) = made.observations.series_mut(key).get_mut(&day) {
            change(observation);
        }
    }
}

fn times(factor: f64) -> impl Fn(&mut Observation) {
    move |observation| {
        observation.value = observation.value.map(|value| value * factor);
        observation.numerator = observation.numerator.map(|value| value * factor);
    }
}

fn gone(observation: &mut Observation) {
    *observation = Observation::of(None, Status::Missing, Some("source périmée".to_owned()));
}

/// What is done to the data, and beginnings of the texts that can then no longer stand as they were.
struct Perturbation {
    name: String,
    act: Box<dyn Fn(&mut Made)>,
    /// Whether a text of the page rests on what was changed.
    bears: Box<dyn Fn(&str) -> bool>,
}

fn perturbation(
    name: &str,
    act: impl Fn(&mut Made) + 'static,
    bears: impl Fn(&str) -> bool + 'static,
) -> Perturbation {
    Perturbation { name: name.to_owned(), act: Box::new(act), bears: Box::new(bears) }
}

/// What is done to an indicator of the page's territory.
type Act = fn(&mut Made, &str);

fn perturbations() -> Vec<Perturbation> {
    let mut all = Vec::new();
    for (subject, id) in SUBJECTS {
        let bears = move |text: &str| text.starts_with(subject);
        let acts: [(&str, Act); 5] = [
            ("up", |made, id| touch(made, id, &made.territory.clone(), times(2.6))),
            ("down", |made, id| touch(made, id, &made.territory.clone(), times(0.3))),
            ("gone", |made, id| touch(made, id, &made.territory.clone(), gone)),
            ("provisional or no more", |made, id| {
                touch(made, id, &made.territory.clone(), |o| {
                    o.status = if o.status == Status::Partial { Status::Ok } else { Status::Partial };
                });
            }),
            ("another place's", |made, id| {
                let other = made
                    .observations
                    .get(id, "", &Place::department("48"), TimeType::Week, made.week)
                    .cloned();
                touch(made, id, &made.territory.clone(), |o| *o = other.clone().unwrap());
            }),
        ];
        for (what, act) in acts {
            all.push(perturbation(&format!("{id} {what}"), move |made| act(made, id), bears));
        }
    }
    for id in ["icu_patients", "icu_occupancy_initial", "icu_occupancy_open", "icu_occupancy_critical_care"] {
        all.push(perturbation(
            &format!("{id} reads otherwise"),
            move |made| touch(made, id, &made.territory.clone(), times(1.9)),
            |text| text.starts_with("Autres lectures"),
        ));
    }
    let is_alert = |text: &str| {
        text.contains("alertes en cours")
            || text.contains("alerte en cours")
            || text.contains("réunir la cellule")
    };
    all.push(perturbation("alerts end", |made| made.alerts.clear(), is_alert));
    all.push(perturbation(
        "alerts of another region",
        |made| made.alerts.iter_mut().for_each(|alert| alert.place = Place::region("11")),
        is_alert,
    ));
    let is_state = |text: &str| {
        text.contains("départements") && text.contains(" au niveau « ") && !text.contains("change")
    };
    all.push(perturbation(
        "nobody reaches a level",
        |made| made.judgements.iter_mut().for_each(|j| (j.rank, j.rank_max, j.level) = (0, 0, "none".into())),
        is_state,
    ));
    all.push(perturbation(
        "everybody reaches the first level",
        |made| {
            let vocabulary = made.vocabulary.clone();
            for judgement in &mut made.judgements {
                let first = vocabulary.rule(&judgement.rule).unwrap().levels[0].id.clone();
                (judgement.rank, judgement.rank_max, judgement.level) = (1, 1, first);
            }
        },
        is_state,
    ));
    all.push(perturbation("nothing is judged", |made| made.judgements.clear(), is_state));
    all.push(perturbation(
        "no feed is late",
        |made| made.late = None,
        |text| text.starts_with("Source en retard"),
    ));
    all.push(perturbation(
        "a feed is out of date",
        |made| made.late = Some(Freshness::Stale),
        |text| text.starts_with("Source en retard"),
    ));
    all.push(perturbation(
        "stocks are full",
        |made| {
            let places: Vec<Place> = made.places.iter().map(|info| info.place.clone()).collect();
            let week = made.week;
            for (place, product) in places
                .iter()
                .flat_map(|p| ["rt_pcr", "antigen", "surgical_mask", "ffp2_mask"].map(|c| (p, c)))
            {
                let key = SeriesKey {
                    indicator: "test_days_of_cover".into(),
                    category: product.into(),
                    place: place.clone(),
                    time_type: TimeType::Week,
                };
                if made.observations.series("test_days_of_cover", product, place, TimeType::Week).is_some()
                    && let Some(o) = made.observations.series_mut(key).get_mut(&week)
                {
                    o.value = Some(40.0);
                }
            }
        },
        |text| text.contains("jours de stock dans"),
    ));
    all.push(perturbation(
        "the holiday falls on a Sunday",
        |made| {
            made.events.iter_mut().filter(|e| e.kind == EventKind::Holiday).for_each(|event| {
                let monday = crate::french::week_bounds(event.starts).0;
                event.starts = monday.saturating_add(6.days());
                event.ends = Some(event.starts);
            })
        },
        |text| text.contains("ouvré de moins"),
    ));
    all
}

/// A page with everything on it: a holiday on a working day of the week too.
fn page() -> Made {
    let mut made = Made::rich();
    let monday = made.week;
    let holiday = made.events.iter_mut().find(|event| event.title_fr == "Assomption").unwrap();
    (holiday.starts, holiday.ends) = (monday.saturating_add(2.days()), Some(monday.saturating_add(2.days())));
    made
}

fn texts_of(made: &Made) -> BTreeSet<String> {
    let document = super::write(&made.input()).document;
    all_texts(&document)
        .into_iter()
        .filter(|(section, _)| section == "key_points")
        .map(|(_, text)| text)
        .collect()
}

fn assert_true(what: &str, made: &Made) {
    let input = made.input();
    let found = lies(&input, &super::write(&input).document);
    assert_eq!(found, Vec::<String>::new(), "{what}, {}", made.territory);
}

#[test]
fn every_sentence_is_true_and_leaves_with_its_fact() {
    let mut borne = BTreeSet::new();
    for territory in [Place::region("76"), Place::department("31"), Place::france()] {
        let mut made = page();
        made.territory = territory.clone();
        assert_true("the page", &made);
        let before = texts_of(&made);
        for perturbation in perturbations() {
            let mut moved = page();
            moved.territory = territory.clone();
            (perturbation.act)(&mut moved);
            assert_true(&perturbation.name, &moved);
            let after = texts_of(&moved);
            for text in before.iter().filter(|text| (perturbation.bears)(text)) {
                borne.insert(text.clone());
                assert!(!after.contains(text), "{}, {territory}: « {text} » stays", perturbation.name);
            }
        }
    }
    // No text of the region's first page is out of reach: each rests on something that was moved above.
    let made = page();
    let free: Vec<String> = texts_of(&made).into_iter().filter(|text| !borne.contains(text)).collect();
    let known = [
        "Aucun département ne change",
        "1 département change",
        "départements changent de niveau",
        "autre action",
    ];
    let out_of_reach: Vec<&String> =
        free.iter().filter(|text| !known.iter().any(|part| text.contains(part)) && !is_step(text)).collect();
    assert_eq!(out_of_reach, Vec::<&String>::new());
}

/// Steps are read one by one ([`read_steps`]).
fn is_step(text: &str) -> bool {
    let vocabulary = Vocabulary::embedded().unwrap();
    let actions: Vec<String> = vocabulary
        .rules()
        .flat_map(|rule| &rule.levels)
        .map(|level| words(&level.action_fr).to_lowercase())
        .collect();
    text.split_once(" : ").is_some_and(|(_, action)| {
        let demand = action.split([',', ':', '.']).next().unwrap_or(action).trim().to_lowercase();
        actions.iter().any(|action| action.contains(&demand))
    })
}

/// Numbers of every text of the first page come from the register, and a registered number that moves is printed anew.
#[test]
fn every_printed_number_follows_its_value() {
    let made = page();
    let draft = super::write(&made.input());
    let bound = draft.published.iter().filter(|value| {
        value.kind == "text"
            && value.section == "key_points"
            && value.geo_value == "76"
            && !value.indicator.contains('.')
    });
    let mut tried = 0;
    for value in
        bound.filter(|value| value.time_type == "week" && value.value.is_some() && value.category.is_empty())
    {
        let mut moved = page();
        let week = value.time_value;
        for key in series(&moved, &value.indicator, &moved.territory) {
            let day = if key.time_type == TimeType::Week { week } else { week.saturating_add(6.days()) };
            if let Some(observation) = moved.observations.series_mut(key).get_mut(&day) {
                times(1.7)(observation);
            }
        }
        let anew = super::write(&moved.input()).published;
        let same = anew.iter().any(|other| {
            other.indicator == value.indicator
                && other.time_value == week
                && other.geo_value == "76"
                && other.printed == value.printed
                && other.kind == "text"
        });
        assert!(!same, "{} {} stays {}", value.indicator, week, value.printed);
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
}

// ---- planted faults ------------------------------------------------------------------------------------------------------

/// A fault of wording: the territory, the words that the page has, the words that a faulty pattern would print. The first
/// text that holds the former is changed.
type Mutant = (&'static str, &'static str, fn(&str) -> Option<String>);

/// Replaces what a text says between two marks.
fn between(text: &str, from: &str, to: &str, by: &str) -> Option<String> {
    let (head, rest) = text.split_once(from)?;
    let (_, tail) = rest.split_once(to)?;
    Some(format!("{head}{from}{by}{to}{tail}"))
}

const MUTANTS: [Mutant; 16] = [
    ("E2: a country hears no region and no covered department", "country:FR", |text| {
        text.contains("alertes en cours").then(|| "Aucune alerte active à la fin de la semaine.".to_owned())
    }),
    ("E2: and nothing is asked of it", "country:FR", |text| {
        (text.contains(" : appeler ") || text.contains(" : réunir la cellule"))
            .then(|| "Aucune action n’est demandée par les règles ; voir plus tard.".to_owned())
    }),
    ("E17: every level is « en alerte »", "region:76", |text| {
        let (n, _) = text.split_once(" au niveau « ")?;
        n.contains("départements").then(|| format!("{n} en alerte."))
    }),
    ("E17: « sans alerte » beside alerts", "region:76", |text| {
        text.contains("sous les seuils").then(|| text.replace("sous les seuils", "sans alerte"))
    }),
    ("E18: a holiday on a Sunday", "region:76", |text| {
        text.contains("ouvré de moins")
            .then(|| "Semaine de congé (Toussaint) : on teste et on consulte autrement.".to_owned())
    }),
    ("E21: neither side nor value that ends an alert", "region:76", |text| {
        between(text, "(alerte ", ")", "").map(|text| text.replacen("(alerte )", "(seuil 8,0)", 1))
    }),
    ("E21: the side that ends it is that which raises", "region:76", |text| {
        text.contains("(alerte à partir de ")
            .then(|| text.replacen("(alerte à partir de ", "(alerte sous ", 1))
    }),
    ("a rise is told as a fall", "region:76", |text| {
        text.contains(" augmente : ").then(|| text.replace(" augmente : ", " diminue : "))
    }),
    ("the numbers of the two weeks are swapped", "region:76", |text| {
        let (head, rest) = text.split_once(" : ").filter(|_| text.starts_with("Le nombre de patients h"))?;
        let (now, rest) = rest.split_once(", contre ")?;
        let (before, tail) = rest.split_once(" la semaine")?;
        Some(format!("{head} : {before}, contre {now} la semaine{tail}"))
    }),
    ("a difference does not add up as printed", "region:76", |text| {
        text.starts_with("Le taux de positivité").then(|| between(text, "soit ", " point", "+9,9")).flatten()
    }),
    ("a provisional figure does not say so", "region:76", |text| {
        text.contains(" (provisoire)").then(|| text.replace(" (provisoire)", ""))
    }),
    ("a record is cut at the gap", "region:76", |text| {
        let (head, _) = text.split_once("plus haut niveau ")?;
        Some(format!("{head}plus haut niveau des 12 dernières semaines."))
    }),
    ("a streak is one week too long", "region:76", |text| {
        (text.starts_with("Le nombre de patients h") && text.contains(" semaines (S"))
            .then(|| between(text, " depuis ", " semaines", "40"))
            .flatten()
    }),
    ("another department's change", "region:76", |text| {
        text.starts_with("Le nombre de patients h")
            .then(|| between(text, "surtout : ", ")", "Lozère (+999"))
            .flatten()
    }),
    ("a late source is out of date", "region:76", |text| {
        text.starts_with("Source en retard").then(|| text.replace("en retard", "périmée"))
    }),
    ("an alert at another level", "region:76", |text| {
        text.contains("alertes en cours").then(|| between(text, "niveau « ", " »", "vigilance")).flatten()
    }),
];

fn change_first(document: &mut Document, change: fn(&str) -> Option<String>) -> bool {
    fn walk(blocks: &mut [Block], change: fn(&str) -> Option<String>) -> bool {
        let mut of_runs = |runs: &mut Rich| match change(&joined(runs)) {
            Some(text) => {
                *runs = vec![Run { text, strong: false }];
                true
            }
            None => false,
        };
        blocks.iter_mut().any(|block| match block {
            Block::Paragraph { text } | Block::Lead { text } | Block::Note { text } => of_runs(text),
            Block::Bullets { items } | Block::Steps { items, .. } => items.iter_mut().any(&mut of_runs),
            Block::Columns { left, right, .. } => walk(left, change) || walk(right, change),
            Block::Table(table) => table.rows.iter_mut().flat_map(|row| &mut row.cells).any(|cell| {
                match change(&words(&cell.text)) {
                    Some(text) => {
                        cell.text = text;
                        true
                    }
                    None => false,
                }
            }),
            _ => false,
        })
    }
    document.sections.iter_mut().any(|section| walk(&mut section.blocks, change))
}

#[test]
fn the_reader_tells_every_planted_fault_of_wording() {
    let mut wrong = Vec::new();
    for (fault, territory, change) in MUTANTS {
        let mut made = page();
        made.territory = territory.parse().unwrap();
        // A rise that is one, everywhere; for a record the week before had paused, so that the rise has no streak to tell of.
        let all: Vec<Place> = made.places.iter().map(|info| info.place.clone()).collect();
        for place in &all {
            touch(&mut made, "hospital_patients", place, times(2.0));
        }
        if fault.contains("record") {
            let key = series(&made, "hospital_patients", &made.territory).remove(0);
            let monday = made.week;
            let weeks = made.observations.series_mut(key);
            let then = weeks[&monday.saturating_sub(Span::new().weeks(2))].value;
            weeks.get_mut(&monday.saturating_sub(Span::new().weeks(1))).unwrap().value =
                then.map(|v| v - 1.0);
        }
        let input = made.input();
        let mut document = super::write(&input).document;
        wrong.extend(lies(&input, &document).into_iter().map(|lie| format!("{fault}, before: {lie}")));
        if !change_first(&mut document, change) {
            let page: Vec<String> = all_texts(&document).into_iter().take(14).map(|(_, text)| text).collect();
            wrong.push(format!("{fault}: the page has no such words: {page:#?}"));
        } else if lies(&input, &document).is_empty() {
            wrong.push(format!("{fault} is not told"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Thresholds: the page is written by a vocabulary with a planted fault, and read by the true one.
#[test]
fn the_reader_tells_every_planted_fault_of_a_threshold() {
    let mut wrong = Vec::new();
    let faults = [
        (
            "a low stock at ten days instead of seven",
            "rules/cover-tests.toml",
            "tension = 7.0",
            "tension = 10.0",
        ),
        (
            "the score clears at another share",
            "rules/tension-score.toml",
            "score_clear_ratio = 0.9",
            "score_clear_ratio = 0.5",
        ),
        (
            "the score raises at 4.5 instead of 4",
            "rules/tension-score.toml",
            "score_min = 4.0",
            "score_min = 4.5",
        ),
        (
            "a level by another name",
            "rules/tension-score.toml",
            "title_fr = \"Tension\"",
            "title_fr = \"Alerte\"",
        ),
    ];
    for (fault, file, from, to) in faults {
        let made = page();
        let mut files = made.vocabulary.files().clone();
        let text = String::from_utf8(files[file].clone()).unwrap();
        assert!(text.contains(from), "{fault}");
        files.insert(file.to_owned(), text.replace(from, to).into_bytes());
        let faulty = Vocabulary::from_files(files).unwrap();
        let document = super::write(&Input { vocabulary: &faulty, ..made.input() }).document;
        if lies(&made.input(), &document).is_empty() {
            wrong.push(fault);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new(), "not told");
}

/// Words of a draft go through the same reader as those computed: nothing that it would call a lie is taken.
#[test]
fn the_texts_of_a_draft_are_those_of_the_page() {
    let made = page();
    let texts: Vec<TextBlock> = crate::texts(&made.input());
    let of_page = texts_of(&made);
    let first = texts.iter().filter(|text| text.id.starts_with("key_points."));
    for text in first {
        let whole = words(&format!("{}{}", text.wording.lead, text.wording.text));
        assert!(of_page.contains(&whole), "{whole}");
    }
}

/// 1 November 2020 was a Sunday: the week took no working day (E18).
#[test]
fn a_holiday_on_a_sunday_takes_no_working_day() {
    let mut made = Made::of(date(2020, 11, 2), &[]);
    made.events.push(crate::input::Event {
        starts: date(2020, 11, 1),
        ends: Some(date(2020, 11, 1)),
        place: Place::france(),
        kind: EventKind::Holiday,
        title_fr: "Toussaint".to_owned(),
        reference: String::new(),
        sources: Vec::new(),
        columns: Vec::new(),
    });
    assert!(!texts_of(&made).iter().any(|text| text.contains("Toussaint")));
    made.events.last_mut().unwrap().starts = date(2020, 11, 4);
    made.events.last_mut().unwrap().ends = None;
    assert!(texts_of(&made).iter().any(|text| text.contains("mercredi 4 novembre, Toussaint")));
}
