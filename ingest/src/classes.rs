//! Classes of rows that the contract filters (sexes, ages): one that is new, or gone on the newest day, is worth a look.
//!
//! A spreadsheet that turns the class `10-19` into `oct.-19` makes the newest day vanish: its rows are then those of
//! another class, which the filter leaves out.

use std::collections::{BTreeMap, BTreeSet};

use vigie_queries::{ColumnType, Contract, Filter};

use crate::columns::{Columns, Slot};
use crate::dates::iso;
use crate::findings::{Code, Finding, Severity};
use crate::row::Kind;
use crate::say::{NBSP, NNBSP, counted, grouped, quoted, shown};
use crate::values::trimmed;

/// Classes of one filter beyond which they are not followed: the column holds something else.
const CLASSES_MAX: usize = 500;
/// Bytes of a class that is followed.
const CLASS_BYTES_MAX: usize = 200;
/// Newest days that are compared.
const DAYS: usize = 8;
/// Classes of one filter that are told one by one.
const TOLD_MAX: usize = 3;

fn is_time(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Date | ColumnType::Timestamp)
}

/// Classes of every filter of a body.
#[derive(Debug)]
pub(crate) struct Classes {
    filters: Vec<Seen>,
    /// Slot of the day: the last date of the key.
    day: Option<usize>,
    /// The last day as received, and what it is.
    last_day: (Vec<u8>, Option<i32>),
}

/// Classes of one filter.
#[derive(Debug, Default)]
struct Seen {
    classes: Vec<Class>,
    ranks: BTreeMap<Box<[u8]>, usize>,
    last: usize,
    too_many: bool,
}

#[derive(Debug)]
struct Class {
    text: Box<[u8]>,
    fate: Fate,
    rows: u64,
    first_line: u64,
    /// Rows of its newest days.
    days: BTreeMap<i32, u64>,
}

/// What the contract says of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its rows are kept.
    Kept,
    /// Its rows are left out; the contract names it, or names none.
    Other,
    /// Its rows are left out, and it is not among those that the contract names.
    Unknown,
}

impl Classes {
    pub(crate) fn new(contract: &Contract, columns: &Columns<'_>) -> Self {
        let slots = &columns.slots[..contract.key.len()];
        let day = slots.iter().rposition(|slot| is_time(slot.column.kind) && slot.field.is_some());
        let filters = columns.filters.iter().map(|_| Seen::default()).collect();
        Self { filters, day, last_day: (Vec::new(), None) }
    }

    /// Field of the day, where there is one.
    pub(crate) fn day_slot(&self) -> Option<usize> {
        self.day
    }

    /// Reads the day of a row; nothing for one that the column may not hold.
    pub(crate) fn day(&mut self, raw: &[u8], kind: Kind, slot: &Slot<'_>, today: i32) -> Option<i32> {
        if self.last_day.0 != raw || raw.is_empty() {
            let (text, time) = (trimmed(raw), &slot.time);
            let day = if slot.column.kind == ColumnType::Date {
                time.day(text, kind).ok().map(|(day, _)| day)
            } else {
                time.instant(text, kind).ok().map(|(instant, _)| time.day_of(instant))
            };
            self.last_day = (raw.to_vec(), day.filter(|day| *day <= today || slot.column.future));
        }
        self.last_day.1
    }

    /// Takes note of the class of a row.
    pub(crate) fn see(&mut self, filter: usize, text: &[u8], fate: Fate, day: Option<i32>, line: u64) {
        let seen = &mut self.filters[filter];
        if seen.too_many {
            return;
        }
        if seen.classes.get(seen.last).is_none_or(|class| *class.text != *text) {
            seen.last = match seen.ranks.get(text) {
                Some(rank) => *rank,
                None if seen.classes.len() == CLASSES_MAX || text.len() > CLASS_BYTES_MAX => {
                    seen.too_many = true;
                    return;
                }
                None => {
                    let (rows, days) = (0, BTreeMap::new());
                    seen.ranks.insert(text.into(), seen.classes.len());
                    seen.classes.push(Class { text: text.into(), fate, rows, first_line: line, days });
                    seen.classes.len() - 1
                }
            };
        }
        let class = &mut seen.classes[seen.last];
        class.rows += 1;
        if let Some(day) = day {
            *class.days.entry(day).or_default() += 1;
            if class.days.len() > DAYS {
                class.days.pop_first();
            }
        }
    }

    /// What is to be said of the classes of the whole body.
    pub(crate) fn findings(&self, columns: &Columns<'_>) -> Vec<Finding> {
        let filters = self.filters.iter().zip(&columns.filters);
        filters.flat_map(|(seen, (_, filter))| seen.findings(filter)).collect()
    }
}

impl Seen {
    fn findings(&self, filter: &Filter) -> Vec<Finding> {
        if self.too_many {
            return Vec::new();
        }
        let days: BTreeSet<i32> = self.classes.iter().flat_map(|class| class.days.keys().copied()).collect();
        let newest = days.last().copied();
        let before: Vec<i32> = days.iter().rev().skip(1).take(DAYS - 1).copied().collect();
        let kept_on = |day: i32| {
            let mut kept = self.classes.iter().filter(|class| class.fate == Fate::Kept);
            kept.any(|class| class.days.contains_key(&day))
        };
        let mut new = Vec::new();
        let mut gone = Vec::new();
        if let Some(newest) = newest
            && !kept_on(newest)
            && self.classes.iter().any(|class| class.fate == Fate::Kept)
        {
            gone.push(no_kept_class(filter, newest));
        }
        for class in &self.classes {
            let has = |day: &i32| class.days.contains_key(day);
            let first_time =
                newest.is_some_and(|newest| has(&newest) && !before.is_empty() && !before.iter().any(has));
            let not_named =
                class.fate == Fate::Other && filter.others.is_empty() && filter.leave_out.is_empty();
            if class.fate == Fate::Unknown || (not_named && first_time) {
                new.push(new_class(filter, class, newest));
            }
            if let (Some(newest), Some(day_before)) = (newest, before.first())
                && !has(&newest)
                && before.iter().all(has)
                && (class.fate != Fate::Kept || kept_on(newest))
            {
                gone.push(gone_class(filter, class, newest, class.days[day_before]));
            }
        }
        bounded(filter, new).into_iter().chain(bounded(filter, gone)).collect()
    }
}

/// The first ones, and how many more there are.
fn bounded(filter: &Filter, mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() > TOLD_MAX {
        let more = (findings.len() - TOLD_MAX) as u64;
        findings.truncate(TOLD_MAX);
        let code = findings[0].code;
        findings.push(finding(
            filter,
            code,
            None,
            None,
            format!(
                "Colonne {}{NBSP}: de même pour {}.",
                quoted(&filter.column),
                counted(more, "autre classe", "autres classes")
            ),
        ));
    }
    findings
}

fn new_class(filter: &Filter, class: &Class, newest: Option<i32>) -> Finding {
    let text = shown(&class.text);
    let why = match newest {
        _ if class.fate == Fate::Unknown => "n’est pas de celles que le contrat nomme".to_owned(),
        Some(day) => format!("vient pour la première fois le {}, jour le plus récent du fichier", iso(day)),
        None => "est nouvelle".to_owned(),
    };
    let last = class.days.last_key_value();
    let until = last
        .filter(|_| class.fate == Fate::Unknown)
        .map_or_else(String::new, |(day, _)| format!(" La plus récente est du {}.", iso(*day)));
    let sentence = format!(
        "Colonne {}{NBSP}: la classe {} {why}. {} de côté (la première{NBSP}: ligne {}).{until} Attendu{NBSP}: {} (lignes gardées) ou {}. Si c’est une classe connue sous un autre nom, prévenir le producteur{NNBSP}; si elle est normale, l’ajouter à others dans le contrat.",
        quoted(&filter.column),
        quoted(&text),
        if class.rows == 1 {
            format!("1{NBSP}ligne laissée")
        } else {
            format!("{} laissées", counted(class.rows, "ligne", "lignes"))
        },
        class.first_line,
        filter.keep.join(", "),
        if filter.others.is_empty() {
            "une classe des jours d’avant".to_owned()
        } else {
            filter.others.join(", ")
        },
    );
    finding(filter, Code::NewClass, Some(class.first_line), Some(text), sentence)
}

fn gone_class(filter: &Filter, class: &Class, newest: i32, before: u64) -> Finding {
    let text = shown(&class.text);
    let sentence = format!(
        "Colonne {}{NBSP}: la classe {}{} n’a aucune ligne le {}, jour le plus récent du fichier, et en avait {} le jour d’avant.",
        quoted(&filter.column),
        quoted(&text),
        if class.fate == Fate::Kept { ", que le contrat garde," } else { "" },
        iso(newest),
        grouped(before),
    );
    finding(filter, Code::MissingClass, None, Some(text), sentence)
}

fn no_kept_class(filter: &Filter, newest: i32) -> Finding {
    let sentence = format!(
        "Colonne {}{NBSP}: aucune ligne de {} le {}, jour le plus récent du fichier. Ce jour manque donc dans la table.",
        quoted(&filter.column),
        filter.keep.iter().map(|keep| quoted(keep)).collect::<Vec<_>>().join(", "),
        iso(newest),
    );
    finding(filter, Code::MissingClass, None, None, sentence)
}

fn finding(
    filter: &Filter,
    code: Code,
    line: Option<u64>,
    found: Option<String>,
    sentence: String,
) -> Finding {
    Finding {
        line,
        column: Some(filter.column.clone()),
        code,
        severity: Severity::Warn,
        found,
        expected: Some(filter.keep.iter().chain(&filter.others).cloned().collect::<Vec<_>>().join(", ")),
        message: format!("{sentence} ({code})"),
        raw: None,
    }
}
