//! Which field of a feed is which column of the contract.

use std::collections::BTreeSet;

use vigie_queries::{Column, Contract, Filter};

use crate::dates::{self, DateForm};
use crate::findings::{Code, Finding, Severity};
use crate::instants::TimeReading;
use crate::say::{NBSP, NNBSP, quoted, shown};
use crate::shape::{self, Found, Shape};
use crate::stop::{Reason, Stop};
use crate::unicode;
use crate::values::trimmed;

/// A column of the table and the field it is read from.
#[derive(Debug)]
pub(crate) struct Slot<'c> {
    pub(crate) column: &'c Column,
    /// Rank of the field; none when an optional column is absent.
    pub(crate) field: Option<usize>,
    /// Name as in the feed, for messages.
    pub(crate) name: String,
    /// How its dates or instants are read.
    pub(crate) time: TimeReading,
}

/// The header of a feed, understood.
#[derive(Debug)]
pub(crate) struct Columns<'c> {
    /// In the order of the table.
    pub(crate) slots: Vec<Slot<'c>>,
    /// Fields that decide whether a row is kept.
    pub(crate) filters: Vec<(usize, &'c Filter)>,
    /// How rows as sent become rows of the contract, where the two differ.
    pub(crate) shape: Option<Shape>,
    /// The two differ.
    pub(crate) is_shaped: bool,
    /// Fields of the header.
    pub(crate) width: usize,
    /// Names of the header, without spaces around and in small letters.
    pub(crate) header: Vec<String>,
    /// The same, sorted.
    pub(crate) known: Vec<String>,
}

/// Names a column may have in the feed, the usual one first.
pub(crate) fn names(column: &Column) -> impl Iterator<Item = &str> {
    column.from.iter().map(String::as_str).chain([column.name.get_ref().as_str()])
}

pub(crate) fn same_loosely(a: &str, b: &str) -> bool {
    bare(a) == bare(b)
}

/// A name in one Unicode form, without the spaces and marks around it, in small letters.
pub(crate) fn bare(name: &str) -> String {
    unicode::name(std::str::from_utf8(trimmed(name.as_bytes())).unwrap_or(name)).to_lowercase()
}

/// Number of required columns and filter columns that the header lacks.
pub(crate) fn count_missing(header: &[String], contract: &Contract) -> usize {
    let has = |name: &str| header.iter().any(|field| same_loosely(field, name));
    let lacks = |column: &Column| match &column.join {
        Some(join) => !column.optional && !join.fields().all(has),
        None => !column.optional && !shape::is_made(column, contract) && !names(column).any(has),
    };
    let columns = contract.columns.iter().filter(|column| lacks(column)).count();
    let filters = contract.filters.iter().filter(|filter| !has(&filter.column)).count();
    columns + filters + usize::from(shape::lacks_series(header, contract))
}

/// Finds the columns of the contract in the header.
///
/// Names count the same whatever their case, surrounding space and Unicode form, exact ones first: `P` and `p` may both exist.
pub(crate) fn map<'c>(
    header: &[String],
    line: u64,
    contract: &'c Contract,
    findings: &mut Vec<Finding>,
) -> Result<Columns<'c>, Stop> {
    let mut claimed = BTreeSet::new();
    let mut loosely = Vec::new();
    let mut missing = Vec::new();
    let mut slots = Vec::new();
    let mut shape = Shape::new(header, contract);
    let ordered = contract.ordered_columns();
    let exact: Vec<Vec<usize>> = ordered
        .iter()
        .map(|column| {
            if column.join.is_some() || shape::is_made(column, contract) {
                return Vec::new();
            }
            positions(header, |field| names(column).any(|name| name.as_bytes() == trimmed(field.as_bytes())))
        })
        .collect();
    claimed.extend(exact.iter().flatten().copied());
    for (column, exact) in ordered.iter().zip(exact) {
        let usual = column.from.first().unwrap_or(column.name.get_ref());
        let time = TimeReading::new(column, contract);
        if let Some(field) = shape.made(column, contract) {
            slots.push(Slot { column, field: Some(field), name: usual.clone(), time });
            continue;
        }
        if let Some(join) = &column.join {
            let name = join.fields().collect::<Vec<_>>().join(", ");
            match shape.join(header, join, line)? {
                Found::Whole(field, fields) => {
                    claimed.extend(fields);
                    slots.push(Slot { column, field: Some(field), name, time });
                }
                Found::Lacking(_) if column.optional => {
                    findings.push(absent(column, &name, line));
                    slots.push(Slot { column, field: None, name, time });
                }
                Found::Lacking(mut lacking) => missing.append(&mut lacking),
            }
            continue;
        }
        let mut found = exact;
        if found.is_empty() {
            found = positions(header, |field| names(column).any(|name| same_loosely(name, field)));
            found.retain(|rank| !claimed.contains(rank));
            claimed.extend(found.iter().copied());
        }
        match found.as_slice() {
            [] if column.optional => {
                findings.push(absent(column, usual, line));
                slots.push(Slot { column, field: None, name: usual.clone(), time });
            }
            [] => missing.push(usual.clone()),
            [only] => {
                let name = &header[*only];
                if !names(column).any(|known| known == name) {
                    loosely.push(name.clone());
                }
                slots.push(Slot { column, field: Some(*only), name: shown(trimmed(name.as_bytes())), time });
            }
            several => return Err(twice(header, several, line)),
        }
    }
    let mut filters = Vec::new();
    for filter in &contract.filters {
        let mut found = positions(header, |field| trimmed(field.as_bytes()) == filter.column.as_bytes());
        if found.is_empty() {
            found = positions(header, |field| same_loosely(field, &filter.column));
        }
        match found.as_slice() {
            [] => missing.push(filter.column.clone()),
            [only] => {
                claimed.insert(*only);
                filters.push((*only, filter));
            }
            several => return Err(twice(header, several, line)),
        }
    }
    let series = shape.take_series(header, contract, &slots, &claimed)?;
    let is_short_of_series = series.as_ref().is_some_and(Vec::is_empty);
    claimed.extend(series.iter().flatten());
    let padded = findings.iter().any(|finding| finding.code == Code::TrailingDelimiter);
    let unused: Vec<&String> = header
        .iter()
        .enumerate()
        .filter(|(rank, name)| !(claimed.contains(rank) || padded && name.is_empty()))
        .map(|(_, name)| name)
        .collect();
    if !missing.is_empty() {
        return Err(absent_required(&missing, header, &unused, line));
    }
    if is_short_of_series {
        return Err(no_series(contract, header, line));
    }
    if !loosely.is_empty() {
        findings.push(header_finding(
            line,
            Code::HeaderForm,
            list(loosely.iter()),
            format!(
                "Noms de colonnes lus malgré leur casse, leurs espaces ou leurs accents{NBSP}: {}.",
                list(loosely.iter())
            ),
        ));
    }
    let excepted = |name: &str| {
        contract
            .unpivot
            .as_ref()
            .is_some_and(|unpivot| unpivot.except.iter().any(|other| same_loosely(other, name)))
    };
    let unused: Vec<&String> = unused.into_iter().filter(|name| !excepted(name)).collect();
    if contract.unpivot.is_some() && !unused.is_empty() {
        let message = format!(
            "Colonnes dont le titre ne se lit pas comme les autres, laissées de côté{NBSP}: {}. Les nommer dans unpivot.except si ce ne sont pas des données. ({})",
            list(unused.iter().copied()),
            Code::UnreadTitle,
        );
        let found = list(unused.iter().copied());
        let finding = header_finding(line, Code::UnreadTitle, found, String::new());
        findings.push(Finding { severity: Severity::Warn, message, ..finding });
    } else if !unused.is_empty() {
        findings.push(header_finding(
            line,
            Code::ExtraColumn,
            list(unused.iter().copied()),
            format!(
                "Colonnes que le contrat ne nomme pas, laissées de côté{NBSP}: {}.",
                list(unused.iter().copied())
            ),
        ));
    }
    let bared: Vec<String> = header.iter().map(|name| bare(name)).collect();
    let mut known = bared.clone();
    known.sort_unstable();
    let shape = Some(shape).filter(Shape::is_needed);
    let is_shaped = shape.is_some();
    Ok(Columns { slots, filters, shape, is_shaped, width: header.len(), header: bared, known })
}

pub(crate) fn positions(header: &[String], matches: impl Fn(&str) -> bool) -> Vec<usize> {
    header.iter().enumerate().filter(|(_, field)| matches(field)).map(|(rank, _)| rank).collect()
}

/// Names in guillemets, at most twelve.
fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let all: Vec<&String> = names.collect();
    let mut text =
        all.iter()
            .take(12)
            .map(|name| {
                if bare(name).is_empty() { "(sans nom)".to_owned() } else { quoted(&shown(name.as_bytes())) }
            })
            .collect::<Vec<_>>()
            .join(", ");
    if all.len() > 12 {
        text.push_str(&format!(" et {} autres", all.len() - 12));
    }
    if all.is_empty() { "aucune".to_owned() } else { text }
}

fn header_finding(line: u64, code: Code, found: String, sentence: String) -> Finding {
    Finding {
        line: Some(line),
        column: None,
        code,
        severity: Severity::Info,
        found: Some(found),
        expected: None,
        message: format!("{sentence} ({code})"),
        raw: None,
    }
}

fn absent(column: &Column, usual: &str, line: u64) -> Finding {
    let taken = match &column.default {
        Some(value) => format!("la valeur {} est prise partout", quoted(value)),
        None => "ses valeurs sont manquantes".to_owned(),
    };
    Finding {
        column: Some(usual.to_owned()),
        ..header_finding(
            line,
            Code::ColumnAbsent,
            String::new(),
            format!("Colonne facultative {} absente{NBSP}: {taken}.", quoted(usual)),
        )
    }
}

/// A wide table without a column that could be one of its series.
fn no_series(contract: &Contract, header: &[String], line: u64) -> Stop {
    let names = contract.unpivot.as_ref().map(|unpivot| unpivot.names.get_ref().as_str()).unwrap_or_default();
    let title = contract.column(names).map_or(names, |column| column.title_fr.as_str());
    Reason::new(
        Code::MissingColumn,
        format!(
            "Aucune colonne n’a pour titre une valeur de {}. Colonnes trouvées{NBSP}: {}. Rien n’a été chargé{NNBSP}; vérifier le fichier, ou unpivot et formats dans le contrat.",
            quoted(title),
            list(header.iter())
        ),
    )
    .line(line)
    .found(list(header.iter()))
    .into()
}

fn absent_required(missing: &[String], header: &[String], unused: &[&String], line: u64) -> Stop {
    let date = |name: &String| {
        dates::date(trimmed(name.as_bytes()), &[DateForm::Iso, DateForm::DayFirst], None).is_ok()
    };
    let hint = if header.iter().any(date) {
        format!(" La ligne {line} semble être une ligne de données{NBSP}: l’en-tête manque.")
    } else {
        String::new()
    };
    let (subject, verb) = if missing.len() == 1 {
        (format!("La colonne obligatoire {}", list(missing.iter())), "est absente ou renommée")
    } else {
        (format!("Les colonnes obligatoires {}", list(missing.iter())), "sont absentes ou renommées")
    };
    let unknown = if unused.is_empty() {
        String::new()
    } else {
        format!(" Colonnes inconnues{NBSP}: {}.", list(unused.iter().copied()))
    };
    Reason::new(
        Code::MissingColumn,
        format!(
            "{subject} {verb}.{hint}{unknown} Colonnes trouvées{NBSP}: {}. Rien n’a été chargé{NNBSP}; vérifier le fichier, ou ajouter le nouveau nom au contrat.",
            list(header.iter())
        ),
    )
    .line(line)
    .column(missing.join(", "))
    .found(list(header.iter()))
    .expected(list(missing.iter()))
    .into()
}

pub(crate) fn twice(header: &[String], several: &[usize], line: u64) -> Stop {
    let names: Vec<String> = several.iter().map(|rank| header[*rank].clone()).collect();
    let name = shown(trimmed(names[0].as_bytes()));
    Reason::new(
        Code::DuplicateColumn,
        format!(
            "La colonne {} vient {} fois ({}){NBSP}: impossible de savoir laquelle lire. Rien n’a été chargé{NNBSP}; prévenir le producteur.",
            quoted(&name),
            several.len(),
            list(names.iter())
        ),
    )
    .line(line)
    .column(name)
    .found(list(names.iter()))
    .into()
}
