//! What a figure did since the week before.

use jiff::civil::Date;

use crate::bulletin::view::{Comparison, WhyNot};
use crate::french;
use crate::trend::Direction;

use super::trim;

/// What a sentence is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// With its article, at the start of a sentence: « Le nombre de patients hospitalisés ».
    pub(crate) text: &'a str,
    /// Whether the verb is plural.
    pub(crate) plural: bool,
    /// Whether the participle is feminine (« comparée », « divisée »).
    pub(crate) feminine: bool,
}

impl Subject<'_> {
    /// The verb in its number.
    fn verb(self, one: &'static str, many: &'static str) -> &'static str {
        if self.plural { many } else { one }
    }

    /// The pronoun that stands for it: « elle », « ils ».
    fn pronoun(self) -> &'static str {
        match (self.feminine, self.plural) {
            (false, false) => "il",
            (true, false) => "elle",
            (false, true) => "ils",
            (true, true) => "elles",
        }
    }

    /// The same of another week: « celle », « ceux ».
    fn that_of(self) -> &'static str {
        match (self.feminine, self.plural) {
            (false, false) => "celui",
            (true, false) => "celle",
            (false, true) => "ceux",
            (true, true) => "celles",
        }
    }

    /// A participle in its gender and number: « divisé », « comparées ».
    fn participle(self, stem: &str) -> String {
        let e = if self.feminine { "e" } else { "" };
        let s = if self.plural { "s" } else { "" };
        format!("{stem}{e}{s}")
    }
}

/// A change with its numbers as printed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrintedChange {
    /// This week's value.
    pub(crate) now: String,
    /// The week before's.
    pub(crate) before: String,
    /// Difference, with its sign and unit: `+158 (+24 %)`.
    pub(crate) change: String,
}

/// What else is true of a move; each was computed with its own bar ([`crate::bulletin::facts`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct More {
    /// Weeks in a row the other way before this one.
    pub(crate) turned_after: Option<u32>,
    /// Whether it goes faster or slower than the week before.
    pub(crate) pace: Option<Pace>,
    /// Whether it is the highest or the lowest for long.
    pub(crate) record: Option<Record>,
    /// How large it is against the week before.
    pub(crate) size: Size,
}

/// Whether a move goes faster or slower than the week before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Faster,
    Slower,
}

/// The highest (of a rise) or lowest (of a fall) value for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// Since the week of that Monday.
    Since(Date),
    /// Since the data begin, in the week of that Monday.
    Ever(Date),
    /// Of so many weeks; those before are not known.
    Of(u32),
}

/// How large a move is against the week before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Size {
    /// Nothing to add.
    #[default]
    Ordinary,
    /// Twice as much or more.
    Doubled,
    /// Half as much or less.
    Halved,
    /// From nothing.
    FromZero,
    /// To nothing.
    ToZero,
    /// A difference that counting small numbers makes by chance.
    Scarce,
    /// More than chance, yet too little to matter.
    Slight,
}

/// Qualifiers of one sentence; what comes first matters most.
const QUALIFIERS_MAX: usize = 2;

/// What moved, by how much, since when. Two parts: the lead that stands out, and the rest.
pub(crate) fn moved(
    subject: Subject,
    printed: &PrintedChange,
    fact: &Comparison,
    more: &More,
) -> (String, String) {
    let provisional = if fact.provisional { " (provisoire)" } else { "" };
    let PrintedChange { now, before, change } = printed;
    let text = subject.text;
    match &fact.direction {
        Ok(direction) => {
            if *direction == Direction::Flat && now == "0" && before == "0" {
                let lead = format!("{text} {} à zéro", subject.verb("reste", "restent"));
                return (lead, format!("{provisional}."));
            }
            let lead = format!("{text} {}", verb(subject, *direction, more.size, now != before));
            let rest = match (direction, more.size) {
                (Direction::Flat, _) if now == before => {
                    format!(" : {now}{provisional}, comme la semaine précédente.")
                }
                (Direction::Flat, Size::Scarce) => format!(
                    " : {now}{provisional}, contre {before} la semaine précédente, un écart que le hasard des petits \
                     nombres peut expliquer."
                ),
                (Direction::Flat, _) => {
                    format!(" : {now}{provisional}, contre {before} la semaine précédente.")
                }
                (_, Size::FromZero) => format!(" : {now}{provisional} cette semaine."),
                (_, Size::ToZero) => format!(" : {before} la semaine précédente{provisional}."),
                _ => format!(
                    " : {now}{provisional}, contre {before} la semaine précédente, soit {change}{}.",
                    qualifiers(fact, *direction, more)
                ),
            };
            (lead, rest)
        }
        Err(WhyNot::Missing(reason)) => {
            let lead =
                format!("{text} {} de valeur pour cette semaine", subject.verb("n’a pas", "n’ont pas"));
            (lead, format!(" ({}).", trim(reason)))
        }
        Err(WhyNot::NoBefore(reason)) => (
            format!("{text} {} de {now}{provisional}", subject.verb("est", "sont")),
            format!(" ; la valeur de la semaine précédente manque ({}).", trim(reason)),
        ),
        Err(WhyNot::OtherPanel) => (
            format!("{text} {} de {now}{provisional}", subject.verb("est", "sont")),
            format!(
                " ; {} {} {} à {} de la semaine précédente : ce ne sont pas les mêmes déclarants.",
                subject.pronoun(),
                subject.verb("ne peut être", "ne peuvent être"),
                subject.participle("comparé"),
                subject.that_of(),
            ),
        ),
        Err(WhyNot::Break(title)) => (
            format!("{text} {} de {now}{provisional}", subject.verb("est", "sont")),
            format!(
                " ; {} {} {} à {} de la semaine précédente : rupture de définition ({}).",
                subject.pronoun(),
                subject.verb("ne peut être", "ne peuvent être"),
                subject.participle("comparé"),
                subject.that_of(),
                trim(title)
            ),
        ),
    }
}

/// `differs`: the two values do not print alike.
fn verb(subject: Subject, direction: Direction, size: Size, differs: bool) -> String {
    let verb = match (direction, size) {
        (Direction::Up, Size::FromZero) => subject.verb("repart de zéro", "repartent de zéro"),
        (Direction::Down, Size::ToZero) => subject.verb("retombe à zéro", "retombent à zéro"),
        (Direction::Up, Size::Doubled) => subject.verb("fait plus que doubler", "font plus que doubler"),
        (Direction::Down, Size::Halved) => {
            let is = subject.verb("est", "sont");
            return format!("{is} {} par plus de deux", subject.participle("divisé"));
        }
        (Direction::Up, _) => subject.verb("augmente", "augmentent"),
        (Direction::Down, _) => subject.verb("diminue", "diminuent"),
        (Direction::Flat, Size::Slight) => subject.verb("varie peu", "varient peu"),
        (Direction::Flat, Size::Scarce) if differs => {
            subject.verb("reste sans évolution nette", "restent sans évolution nette")
        }
        (Direction::Flat, _) => subject.verb("est stable", "sont stables"),
    };
    verb.to_owned()
}

/// `, en hausse depuis 4 semaines (S39) ; plus haut niveau depuis S18`.
fn qualifiers(fact: &Comparison, direction: Direction, more: &More) -> String {
    let (way, other) = if direction == Direction::Up { ("hausse", "baisse") } else { ("baisse", "hausse") };
    let mut said: Vec<String> = Vec::new();
    if let Some(weeks) = more.turned_after {
        said.push(format!(", après {weeks} semaines de {other}"));
    }
    if fact.weeks >= 2 {
        said.push(format!(", en {way} depuis {} semaines ({})", fact.weeks, french::week_short(fact.since)));
    }
    match more.pace {
        Some(Pace::Faster) => said.push(format!(" ; la {way} s’accélère")),
        Some(Pace::Slower) => said.push(format!(" ; la {way} ralentit")),
        None => {}
    }
    let extreme = if direction == Direction::Up { "plus haut" } else { "plus bas" };
    match more.record {
        Some(Record::Since(week)) => {
            said.push(format!(" ; {extreme} niveau depuis la semaine {}", week.iso_week_date().week()));
        }
        Some(Record::Ever(first)) => said.push(format!(
            " ; {extreme} niveau depuis le début des données (semaine du {})",
            french::date(first)
        )),
        Some(Record::Of(weeks)) => said.push(format!(" ; {extreme} niveau des {weeks} dernières semaines")),
        None => {}
    }
    said.truncate(QUALIFIERS_MAX);
    said.concat()
}

/// A key figure whose week is not over in the data: « 183 le 31 déc. ».
pub(crate) fn last_known(value: &str, day: Date) -> String {
    format!("{value} le {}", french::day_month_short(day))
}

/// Figures without a value on the Sunday of the week, for one reason.
pub(crate) fn missing(names: &[String], sunday: Date, reason: &str) -> (String, String) {
    (
        format!("Pas de valeur au {} {}", french::weekday(sunday), french::day_month(sunday)),
        format!(" ({}) : {}.", trim(reason), names.join(" ; ")),
    )
}

/// A figure that lacks for want of a few places, with the sum of the others: « Patients hospitalisés (1 579 hors Gers) ».
pub(crate) fn without(label: &str, sum: &str, silent: &[String]) -> String {
    format!("{label} ({sum} hors {})", french::list(silent))
}

/// A week with fewer working days than the one beside it: « Un jour ouvré de moins cette semaine (mercredi 11 novembre,
/// Armistice) : … ».
///
/// `now` are the public holidays that fell on working days of the week, `before` those of the week before; nothing where both
/// have as many.
pub(crate) fn holiday(now: &[(Date, String)], before: &[(Date, String)]) -> Option<(String, String)> {
    let lost = |days: &[(Date, String)]| match days.len() {
        1 => "Un jour ouvré de moins".to_owned(),
        n => format!("{n} jours ouvrés de moins"),
    };
    let (lead, days) = match (now, before) {
        (now, before) if now.len() == before.len() => return None,
        (now, []) => (format!("{} cette semaine", lost(now)), now.to_vec()),
        ([], before) => (format!("{} la semaine précédente", lost(before)), before.to_vec()),
        (now, before) => (
            format!("{} cette semaine, {} la semaine précédente", lost(now), before.len()),
            [before, now].concat(),
        ),
    };
    let named: Vec<String> = days
        .iter()
        .map(|(day, title)| format!("{} {}, {title}", french::weekday(*day), french::day_month(*day)))
        .collect();
    Some((
        lead,
        format!(
            " ({}) : on teste et on consulte autrement un jour férié ; l’évolution du dépistage et des urgences se lit avec \
             prudence.",
            named.join(" ; ")
        ),
    ))
}

/// What an arrow and a difference mean, on every page.
pub(crate) fn how_to_read_changes() -> String {
    format!(
        "Une évolution est la différence des deux valeurs telles qu’elles sont imprimées. ▲ ▼ et les mots « augmente », \
         « diminue » : l’écart compte (5 % d’un nombre ou d’un taux, un demi-point d’une part, un demi-jour de stock) et, sans \
         aucun changement réel, le hasard en ferait un aussi grand moins de {} fois sur 100 (test bilatéral, exact pour les \
         petits nombres).",
        french::number(crate::trend::LEVEL * 100.0, 0)
    )
}
