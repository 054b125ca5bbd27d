//! French sentences about cells and rows: what was found, what was expected.

use vigie_queries::{Column, ColumnType, Filter};

use crate::dates::DateForm;
use crate::findings::{Code, Finding, Severity};
use crate::instants::TimeReading;
use crate::row::Row;
use crate::say::{NBSP, NNBSP, grouped, quoted};

/// How rows are called: `Ligne 214`, `Enregistrement 214`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowWord {
    /// Lines of text, rows of a sheet.
    Line,
    /// Records of a JSON array.
    Record,
}

impl RowWord {
    pub(crate) fn at(self, line: u64) -> String {
        match self {
            Self::Line => format!("Ligne {line}"),
            Self::Record => format!("Enregistrement {line}"),
        }
    }

    pub(crate) fn inside(self, line: u64) -> String {
        match self {
            Self::Line => format!("ligne {line}"),
            Self::Record => format!("enregistrement {line}"),
        }
    }
}

/// What a column takes: `un entier ≥ 0`.
pub(crate) fn expected(column: &Column, time: &TimeReading, today: i32) -> String {
    let range = |noun: &str| match (column.min, column.max) {
        (Some(min), Some(max)) => format!("{noun} de {} à {}", bound(min), bound(max)),
        (Some(min), None) => format!("{noun} ≥ {}", bound(min)),
        (None, Some(max)) => format!("{noun} ≤ {}", bound(max)),
        (None, None) => noun.to_owned(),
    };
    let text = match column.kind {
        ColumnType::Integer => range("un entier"),
        ColumnType::Number => range("un nombre"),
        ColumnType::Boolean => "vrai ou faux (true, false, 1, 0, oui, non)".to_owned(),
        _ if !column.pattern.is_empty() => {
            let written: Vec<String> = column.pattern.iter().map(|p| p.as_str().replace("{}", "…")).collect();
            format!("un code écrit {}", written.join(" ou "))
        }
        ColumnType::Department if column.names => "un code ou un nom de département connu".to_owned(),
        ColumnType::Department => "un code de département connu (01 à 95, 2A, 2B, 971…)".to_owned(),
        ColumnType::Date => {
            let form = date_form(time);
            if let Some(since) = column.since {
                format!("une date {form}, du {since} au {} au plus tard", crate::dates::iso(today))
            } else if column.future {
                format!("une date {form}")
            } else {
                format!("une date {form}, au plus tard {}", crate::dates::iso(today))
            }
        }
        ColumnType::Timestamp => {
            let form = time.french();
            let zone = column.time_zone.as_ref().map_or_else(String::new, |zone| format!(" ({zone})"));
            if column.future {
                format!("un instant {form}{zone}")
            } else {
                format!("un instant {form}{zone}, au plus tard le {}", crate::dates::iso(today))
            }
        }
        ColumnType::Text if !column.values.is_empty() => {
            let shown: Vec<&str> = column.values.iter().take(12).map(String::as_str).collect();
            let more = if column.values.len() > 12 { "…" } else { "" };
            format!("une des valeurs {}{more}", shown.join(", "))
        }
        ColumnType::Text => match column.width {
            Some(width) => format!("un code de {width} caractères"),
            None => "un texte".to_owned(),
        },
    };
    if column.nullable { format!("{text}, ou rien") } else { text }
}

/// What is wrong with a cell: `« 12,O » n’est pas un nombre entier`.
pub(crate) fn cell_fault(code: Code, column: &Column, found: &str) -> String {
    let value = quoted(found);
    match code {
        Code::MissingValue if found.is_empty() => "la valeur manque".to_owned(),
        Code::MissingValue => format!("la valeur manque ({value})"),
        Code::UnknownPlace => format!("{value} n’est pas un département connu"),
        Code::UnknownValue => format!("{value} n’est pas une valeur prévue"),
        Code::CodeLength => format!("{value} n’a pas la bonne longueur"),
        Code::ImpossibleDate => format!("{value} n’est pas une date qui existe"),
        Code::CodeForm => format!("{value} n’est pas écrit comme prévu"),
        Code::AmbiguousTime => {
            format!("{value} est une heure que les horloges montrent deux fois (passage à l’heure d’hiver)")
        }
        Code::ImpossibleTime => format!("{value} est une heure qui n’existe pas"),
        Code::NoTimeZone => format!("{value} ne dit pas son décalage horaire"),
        Code::FutureDate => format!("{value} est une date à venir"),
        Code::TooEarly => format!("{value} est d’avant le début possible de la série"),
        Code::NegativeCount => format!("{value} est négatif"),
        Code::FractionalCount => format!("{value} n’est pas un nombre entier"),
        Code::BelowMin => format!("{value} est trop petit"),
        Code::AboveMax if column.max == Some(1.0) && column.kind == ColumnType::Number => {
            format!("{value} est trop grand pour une part (un pourcentage{NNBSP}?)")
        }
        Code::AboveMax => format!("{value} est trop grand"),
        Code::LostDigits => {
            format!("{value} est en notation scientifique{NBSP}: les derniers chiffres sont perdus")
        }
        Code::ThousandsMarks => format!("les séparateurs de milliers de {value} se contredisent"),
        Code::Percentage => format!("{value} est un pourcentage et non un nombre"),
        Code::SpreadsheetError if found.ends_with('#') => {
            format!("{value} cache la valeur{NBSP}: la colonne du tableur était trop étroite")
        }
        Code::SpreadsheetError => format!("{value} est une erreur de tableur et non une valeur"),
        Code::AmbiguousNumber => {
            format!("{value} peut se lire avec un séparateur de milliers ou avec des décimales")
        }
        Code::TextTooLong => format!("texte trop long ({value})"),
        Code::InvalidText => format!("{value} contient des octets illisibles"),
        _ => match column.kind {
            ColumnType::Integer => format!("{value} n’est pas un nombre entier"),
            ColumnType::Number => format!("{value} n’est pas un nombre"),
            ColumnType::Boolean => format!("{value} n’est ni vrai ni faux"),
            ColumnType::Date if is_excel_day(found) => {
                format!("{value} semble être un numéro de jour d’Excel et non une date")
            }
            ColumnType::Date => format!("{value} n’est pas une date"),
            ColumnType::Timestamp => format!("{value} n’est pas un instant"),
            ColumnType::Text | ColumnType::Department => format!("{value} n’est pas un texte"),
        },
    }
}

/// What is wrong with a row as a whole, and what was expected.
pub(crate) fn row_fault(code: Code, fields: usize, width: usize) -> (String, String) {
    let wanted = format!("{} champs, comme l’en-tête", grouped(width as u64));
    let got = grouped(fields as u64);
    match code {
        Code::LineMayBeCut => (
            format!("la dernière ligne n’a pas de fin de ligne{NBSP}: le fichier est peut-être coupé, et sa dernière valeur aussi"),
            "une fin de ligne après chaque ligne (si la source n’en met jamais à la dernière, last_line = \"unended\" dans [dialect] du contrat)".to_owned(),
        ),
        Code::LineCutShort if fields == 0 => {
            ("le dernier enregistrement du fichier est coupé".to_owned(), "un objet JSON par ligne".to_owned())
        }
        Code::LineCutShort => {
            (format!("la dernière ligne du fichier est coupée ({got} champs, sans fin de ligne)"), wanted)
        }
        Code::FieldCount => (format!("{got} champs"), wanted),
        Code::NulBytes => ("la ligne contient des octets nuls".to_owned(), "du texte".to_owned()),
        Code::InvalidText => {
            ("la ligne contient des octets illisibles dans ce codage".to_owned(), "du texte".to_owned())
        }
        Code::GarbledText => (
            "le texte de la ligne a été abîmé avant l’envoi par un codage pris pour un autre (comme « RhÃ´ne »)"
                .to_owned(),
            "des lettres accentuées lisibles".to_owned(),
        ),
        Code::RepeatedHeader => (
            "l’en-tête du fichier est répété au milieu des lignes".to_owned(),
            "une ligne de données".to_owned(),
        ),
        Code::TotalRow => {
            ("c’est une ligne de total, pas une ligne de données".to_owned(), "une ligne de données".to_owned())
        }
        Code::NoteLine => {
            ("c’est une note ou un titre, pas une ligne de données".to_owned(), "une ligne de données".to_owned())
        }
        Code::BadQuote => (
            "un guillemet est mal fermé".to_owned(),
            "un guillemet fermant juste avant le séparateur".to_owned(),
        ),
        Code::DuplicateField => {
            ("un champ vient deux fois avec la même clé".to_owned(), "chaque champ une seule fois".to_owned())
        }
        Code::MissingRecord => (
            "l’objet qui porte les champs manque (feed.record dans le contrat)".to_owned(),
            "un objet".to_owned(),
        ),
        _ => ("la ligne n’est pas un objet JSON".to_owned(), "un objet JSON par ligne".to_owned()),
    }
}

/// A repair made `count` times, as one sentence without place: `276 dates écrites autrement que AAAA-MM-JJ`.
pub(crate) fn repair(code: Code, count: u64, time: Option<&TimeReading>) -> String {
    let s = if count > 1 { "s" } else { "" };
    let n = grouped(count);
    match code {
        Code::DateForm => {
            let form = time.map_or_else(|| "AAAA-MM-JJ".to_owned(), date_form);
            format!("{n}{NBSP}date{s} écrite{s} autrement que {form}, convertie{s}")
        }
        Code::IntegerForm => {
            format!("{n}{NBSP}nombre{s} entier{s} écrit{s} avec une décimale nulle, lu{s} sans perte")
        }
        Code::DecimalMark => {
            format!("{n}{NBSP}nombre{s} avec une autre marque décimale que prévu, lu{s} sans perte")
        }
        Code::ThousandsSpace => {
            format!("{n}{NBSP}nombre{s} avec des espaces entre les milliers, lu{s} sans perte")
        }
        Code::LeadingZero => format!("{n}{NBSP}code{s} dont le zéro de tête manquait, rétabli{s}"),
        Code::CodeCase => format!("{n}{NBSP}code{s} écrit{s} dans une autre casse, remis en forme"),
        Code::SurroundingSpace => format!("{n}{NBSP}valeur{s} entourée{s} d’espaces, lue{s} sans eux"),
        Code::UnicodeForm => {
            format!(
                "{n}{NBSP}texte{s} avec un accent écrit à part, une espace insécable ou un signe invisible, remis sous une seule forme"
            )
        }
        Code::MissingWord => {
            format!("{n}{NBSP}valeur{s} manquante{s} écrite{s} par un mot, lue{s} comme vide{s}")
        }
        Code::DuplicateRow => format!("{n}{NBSP}ligne{s} répétée{s} à l’identique, gardée{s} une seule fois"),
        Code::BlankLine => format!("{n}{NBSP}ligne{s} vide{s}, laissée{s} de côté"),
        _ => format!("{n}{NBSP}cas de {code}"),
    }
}

/// The first layout of a column's days or instants, as the French write it.
fn date_form(time: &TimeReading) -> String {
    time.days.first().map_or_else(|| time.french(), DateForm::french)
}

/// A bound as the French write it: `67 000 000`, `0,5`.
fn bound(value: f64) -> String {
    if value >= 10_000.0 && value.fract() == 0.0 {
        grouped(value as u64)
    } else {
        value.to_string().replace('.', ",").replace('-', "\u{2212}")
    }
}

/// Five digits: a day of the years 1927 to 2173 as Excel counts them.
fn is_excel_day(found: &str) -> bool {
    found.len() == 5 && found.bytes().all(|b| b.is_ascii_digit())
}

/// A row whose class (sex, age) cannot be told, so that nobody knows whether it counts.
pub(crate) fn unclear_class(
    word: RowWord,
    row: &Row<'_>,
    filter: &Filter,
    code: Code,
    found: String,
) -> Finding {
    let expected = if filter.keep.is_empty() {
        format!(
            "{} (lignes laissées de côté) ou une autre classe (lignes gardées)",
            filter.leave_out.join(", ")
        )
    } else {
        format!("{} (lignes gardées) ou une autre classe (lignes laissées de côté)", filter.keep.join(", "))
    };
    let fault = match code {
        Code::MissingValue if found.is_empty() => "la classe manque".to_owned(),
        Code::MissingValue => format!("la classe manque ({})", quoted(&found)),
        _ => format!("{} n’est pas une classe connue", quoted(&found)),
    };
    Finding {
        line: Some(row.line),
        column: Some(filter.column.clone()),
        code,
        severity: Severity::Error,
        message: format!(
            "{}, colonne {}{NBSP}: {fault}, on ne sait pas si la ligne compte. Attendu{NBSP}: {expected}. ({code})",
            word.at(row.line),
            quoted(&filter.column),
        ),
        found: Some(found),
        expected: Some(expected),
        raw: Some(row.raw_shown()),
    }
}
