//! The rule that colours the map, and what it says of each department and week.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{Combine, GeoType, Judgement, Place, Role, Rule, SCORE};

use super::view::View;
use crate::french;
use crate::published::Register;

/// A rule with its judgements.
pub(crate) struct Levels<'a> {
    pub(crate) rule: &'a Rule,
    by_place: BTreeMap<&'a Place, BTreeMap<Date, &'a Judgement>>,
}

/// A level that can be printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    /// Rank, when it is certain or at least not nothing.
    pub(crate) rank: Option<u8>,
    /// « alerte », « au moins alerte », « sous les seuils », « non établi ».
    pub(crate) text: String,
    /// Whether missing criteria could put it higher.
    pub(crate) at_least: bool,
    /// Those criteria: « incidence des 65 ans et plus inconnue ».
    pub(crate) because: String,
}

impl Standing {
    /// Where a place stands, to go on a sentence: « au niveau « alerte » », « sous les seuils ».
    pub(crate) fn phrase(&self) -> String {
        match (self.rank, self.text.strip_prefix("au moins ")) {
            (Some(0), _) => self.text.clone(),
            (_, Some(title)) => format!("au moins au niveau « {title} »"),
            _ => format!("au niveau « {} »", self.text),
        }
    }

    /// The same with what is unknown, where that could put the place higher.
    pub(crate) fn explained(&self) -> String {
        match self.because.as_str() {
            "" => self.phrase(),
            because => format!("{} ({because})", self.phrase()),
        }
    }
}

/// Below every level of a rule. A place there may well have alerts of other rules.
pub(crate) const BELOW: &str = "sous les seuils";

/// Whether a rule grades territories as a whole in the bulletin's week; the others watch stocks, feeds or beds.
fn grades(view: &View, rule: &Rule) -> bool {
    rule.maps && rule.role.grades() && rule.in_force(view.sunday)
}

impl<'a> Levels<'a> {
    /// The rule whose levels say most about these departments on the week's last day.
    pub(crate) fn choose(view: &View<'a>, departments: &[&Place]) -> Option<Self> {
        let mut best: Option<(usize, bool, Option<Date>, Self)> = None;
        for rule in view.input.vocabulary.rules() {
            if !rule.geo_types.contains(&GeoType::Department) || !grades(view, rule) {
                continue;
            }
            let levels = Self::of(view, rule);
            let known =
                departments.iter().filter(|place| levels.at(place, view.sunday).rank.is_some()).count();
            let preferred = rule.role == Role::Map && known * 2 >= departments.len();
            let better = best.as_ref().is_none_or(|(best_known, best_preferred, from, _)| {
                (preferred, known, rule.valid_from) > (*best_preferred, *best_known, *from)
            });
            if known > 0 && better {
                best = Some((known, preferred, rule.valid_from, levels));
            }
        }
        best.map(|(.., levels)| levels)
    }

    /// The other rules in force that establish a level of the territory itself.
    pub(crate) fn others(view: &View<'a>, chosen: Option<&Self>) -> Vec<Self> {
        let place = view.territory();
        let rules = view.input.vocabulary.rules().filter(|rule| {
            rule.geo_types.contains(&place.geo_type)
                && grades(view, rule)
                && chosen.is_none_or(|chosen| chosen.rule.id != rule.id)
        });
        rules.map(|rule| Self::of(view, rule)).filter(|o| o.at(place, view.sunday).rank.is_some()).collect()
    }

    /// What a rule says of each place.
    pub(crate) fn of(view: &View<'a>, rule: &'a Rule) -> Self {
        let mut by_place: BTreeMap<&Place, BTreeMap<Date, &Judgement>> = BTreeMap::new();
        for judgement in view.input.judgements.iter().filter(|judgement| judgement.rule == rule.id) {
            by_place.entry(&judgement.place).or_default().insert(judgement.date, judgement);
        }
        Self { rule, by_place }
    }

    /// The judgement on a day, else the newest of the six days before it.
    pub(crate) fn judgement(&self, place: &Place, sunday: Date) -> Option<&'a Judgement> {
        let from = sunday.saturating_sub(Span::new().days(6));
        self.by_place.get(place)?.range(from..=sunday).next_back().map(|(_, judgement)| *judgement)
    }

    /// The level of a place on a day.
    pub(crate) fn at(&self, place: &Place, sunday: Date) -> Standing {
        let text = "non établi".to_owned();
        let unknown = Standing { rank: None, text, at_least: false, because: String::new() };
        let Some(judgement) = self.judgement(place, sunday) else { return unknown };
        if judgement.level == "unknown" || (judgement.rank == 0 && judgement.rank_max > 0) {
            return Standing { because: unknown_criteria(self.rule, judgement), ..unknown };
        }
        let title = self.title(judgement.rank);
        let at_least = judgement.rank_max > judgement.rank;
        let text = if at_least { format!("au moins {title}") } else { title };
        let because = if at_least { unknown_criteria(self.rule, judgement) } else { String::new() };
        Standing { rank: Some(judgement.rank), text, at_least, because }
    }

    /// Notes a printed level, so that the next bulletin can tell whether it changed.
    pub(crate) fn note(&self, view: &View, register: &mut Register, place: &Place, standing: &Standing) {
        let about = view.about(&format!("rule:{}.level", self.rule.id), "", place, 0);
        let label = format!("{}, niveau", view.name(place));
        let rank = standing.rank.map(f64::from);
        register.note("table", &label, &about, rank, "rank", standing.text.clone());
    }

    /// Title of a rank, in lower case for use inside a sentence.
    pub(crate) fn title(&self, rank: u8) -> String {
        self.rule.level(rank).map_or_else(|| BELOW.to_owned(), |level| french::small(&level.title_fr))
    }

    /// Names of all levels from rank 0.
    pub(crate) fn names(&self) -> Vec<String> {
        (0..=self.rule.levels.len())
            .filter_map(|rank| u8::try_from(rank).ok())
            .map(|r| self.title(r))
            .collect()
    }

    /// The score of a place, when the rule is one and every criterion is known: a partial sum would mislead.
    pub(crate) fn score(&self, place: &Place, sunday: Date) -> Option<f64> {
        if self.rule.combine != Combine::Score {
            return None;
        }
        let judgement = self.judgement(place, sunday)?;
        if judgement.criteria.iter().any(|criterion| criterion.value.is_none()) {
            return None;
        }
        judgement.criteria.iter().find(|criterion| criterion.id == SCORE)?.value
    }
}

/// The criteria without a value that could put a place higher: « incidence des 65 ans et plus inconnue ».
fn unknown_criteria(rule: &Rule, judgement: &Judgement) -> String {
    unknown(rule, judgement.rank, judgement.date, |id| {
        judgement.criteria.iter().any(|result| result.id == id && result.value.is_some())
    })
}

/// The criteria of a rule that are not known and name a level above a rank.
pub(crate) fn unknown(rule: &Rule, rank: u8, on: Date, known: impl Fn(&str) -> bool) -> String {
    let higher = |criterion: &&vigie_queries::Criterion| {
        let named = criterion.thresholds_on(on).into_iter().flat_map(|set| set.levels.keys());
        named.filter_map(|level| rule.rank(level)).any(|named| named > rank)
    };
    let titles: Vec<String> = rule
        .criteria
        .iter()
        .filter(|criterion| !known(&criterion.id))
        .filter(higher)
        .map(|criterion| french::small(crate::clean::short(&criterion.title_fr, 80).as_str()))
        .collect();
    match titles.as_slice() {
        [] => String::new(),
        [only] => format!("critère inconnu : {only}"),
        many => format!("critères inconnus : {}", french::list(many)),
    }
}
