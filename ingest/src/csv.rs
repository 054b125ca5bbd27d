//! Delimited text: finds the delimiter, reads the header, gives the rows.

use vigie_queries::Contract;

use crate::body::Opened;
use crate::columns::count_missing;
use crate::findings::{Code, Finding, Severity};
use crate::records::{FIELDS_MAX, Failure, RECORD_MAX, Records};
use crate::row::Row;
use crate::say::{self, NBSP, NNBSP, counted, grouped, size};
use crate::stop::{Reason, Stop};
use crate::text::{TextForm, Utf8Reader};

/// Delimiters that feeds are known to use, tried to name the one found when the declared ones fail.
const KNOWN: [char; 5] = [';', ',', '\t', '|', ':'];

/// A body of delimited text whose header is read.
pub(crate) struct CsvBody<'a> {
    opened: &'a Opened,
    form: TextForm,
    pub(crate) delimiter: char,
    pub(crate) header: Vec<String>,
}

/// Finds the delimiter by the header: the declared one, else a declared alternative.
pub(crate) fn open<'a>(
    opened: &'a Opened,
    form: TextForm,
    contract: &Contract,
    findings: &mut Vec<Finding>,
) -> Result<CsvBody<'a>, Stop> {
    let declared = contract.dialect.delimiter;
    let header = header(opened, &form, declared)?;
    let missing = count_missing(&header, contract);
    if missing == 0 {
        return Ok(CsvBody { opened, form, delimiter: declared, header });
    }
    for other in &contract.dialect.also_delimiters {
        let header = self::header(opened, &form, *other)?;
        if count_missing(&header, contract) == 0 {
            findings.push(other_delimiter(declared, *other));
            return Ok(CsvBody { opened, form, delimiter: *other, header });
        }
    }
    for other in KNOWN {
        if other == declared {
            continue;
        }
        let split = self::header(opened, &form, other)?;
        let better = count_missing(&split, contract) < missing || (header.len() == 1 && split.len() > 2);
        if better && !contract.dialect.also_delimiters.contains(&other) {
            return Err(wrong_delimiter(contract, other, &header));
        }
    }
    // The delimiter is not what is wrong: the mapping of columns says what is.
    for other in &contract.dialect.also_delimiters {
        let split = self::header(opened, &form, *other)?;
        if split.len() > header.len() && count_missing(&split, contract) <= missing {
            return Ok(CsvBody { opened, form, delimiter: *other, header: split });
        }
    }
    Ok(CsvBody { opened, form, delimiter: declared, header })
}

fn records(opened: &Opened, form: &TextForm, delimiter: char) -> Result<Records<Utf8Reader>, Stop> {
    let line_end = if form.cr_only { b'\r' } else { b'\n' };
    // A delimiter beyond ASCII never occurs alone in UTF-8: such a contract finds one wide column.
    let delimiter = if delimiter.is_ascii() { delimiter as u8 } else { 0xff };
    Ok(Records::new(Utf8Reader::new(opened, form)?, delimiter, line_end))
}

fn header(opened: &Opened, form: &TextForm, delimiter: char) -> Result<Vec<String>, Stop> {
    let mut records = records(opened, form, delimiter)?;
    let Some(row) = records.next().map_err(|failure| stop(opened, failure))? else {
        return Err(Reason::new(
            Code::EmptyBody,
            format!("Le fichier ne contient que des lignes vides. Rien n’a été chargé{NNBSP}; les dernières données restent en place."),
        )
        .into());
    };
    if row.fields > FIELDS_MAX {
        return Err(too_many_columns(row.fields));
    }
    Ok(row.cells.iter().map(|cell| String::from_utf8_lossy(row.cell(*cell)).into_owned()).collect())
}

pub(crate) fn too_many_columns(fields: usize) -> Stop {
    Reason::new(
        Code::TooManyColumns,
        format!(
            "L’en-tête a {} colonnes, plus que la limite de {}. Rien n’a été chargé{NNBSP}; prévenir le producteur.",
            grouped(fields as u64),
            grouped(FIELDS_MAX as u64)
        ),
    )
    .line(1)
    .into()
}

fn stop(opened: &Opened, failure: Failure) -> Stop {
    match failure {
        Failure::Io(cause) => Stop::Ours(opened.unreadable()(cause)),
        Failure::TooLong { line } => Reason::new(
            Code::LineTooLong,
            format!(
                "Ligne {line}{NBSP}: plus longue que {}. Rien n’a été chargé{NNBSP}; ce n’est sans doute pas un tableau.",
                size(RECORD_MAX as u64)
            ),
        )
        .line(line)
        .into(),
    }
}

impl CsvBody<'_> {
    /// Gives every row after the header to `take`, then says what was repaired on the way.
    pub(crate) fn rows(
        &self,
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>,
    ) -> Result<Vec<Finding>, Stop> {
        let mut records = records(self.opened, &self.form, self.delimiter)?;
        let mut unended = None;
        let mut first = true;
        loop {
            let Some(row) = records.next().map_err(|failure| stop(self.opened, failure))? else { break };
            if std::mem::take(&mut first) {
                continue;
            }
            if !row.ended && row.fields == self.header.len() {
                unended = Some(row.line);
            }
            take(&row)?;
        }
        let mut findings = Vec::new();
        if self.form.cr_only || records.crlf_lines > 0 {
            let marks = if self.form.cr_only { "CR" } else { "CR LF" };
            findings.push(remark(
                Code::LineEnds,
                None,
                marks,
                format!("Fins de ligne {marks} au lieu de LF, lues sans perte."),
            ));
        }
        if records.blank_lines > 0 {
            let sentence = format!(
                "{} laissées de côté (la première{NBSP}: ligne {}).",
                counted(records.blank_lines, "ligne vide", "lignes vides"),
                records.first_blank
            );
            let sentence =
                if records.blank_lines == 1 { sentence.replace("laissées", "laissée") } else { sentence };
            findings.push(remark(Code::BlankLine, Some(records.first_blank), "", sentence));
        }
        if let Some(line) = unended {
            findings.push(remark(
                Code::NoFinalNewline,
                Some(line),
                "",
                format!("La dernière ligne ({line}) a tous ses champs mais pas de fin de ligne{NBSP}: vérifier que le fichier n’est pas coupé."),
            ));
        }
        Ok(findings)
    }
}

pub(crate) fn remark(code: Code, line: Option<u64>, found: &str, sentence: String) -> Finding {
    Finding {
        line,
        column: None,
        code,
        severity: Severity::Info,
        found: Some(found.to_owned()).filter(|found| !found.is_empty()),
        expected: None,
        message: format!("{sentence} ({code})"),
        raw: None,
    }
}

fn other_delimiter(declared: char, found: char) -> Finding {
    let code = Code::Delimiter;
    Finding {
        expected: Some(say::delimiter(declared)),
        ..remark(
            code,
            Some(1),
            &say::delimiter(found),
            format!(
                "Champs séparés par {} au lieu de {}{NBSP}: accepté par le contrat.",
                say::delimiter(found),
                say::delimiter(declared)
            ),
        )
    }
}

fn wrong_delimiter(contract: &Contract, found: char, header: &[String]) -> Stop {
    let accepted: Vec<String> = std::iter::once(contract.dialect.delimiter)
        .chain(contract.dialect.also_delimiters.iter().copied())
        .map(say::delimiter)
        .collect();
    let accepted = accepted.join(" ou ");
    Reason::new(
        Code::WrongDelimiter,
        format!(
            "Les champs sont séparés par {}. Attendu{NBSP}: {accepted}. En-tête{NBSP}: {}. Rien n’a été chargé{NNBSP}; vérifier le fichier, ou ajouter ce séparateur à also_delimiters dans le contrat.",
            say::delimiter(found),
            say::quoted(&say::shown(header.join(&contract.dialect.delimiter.to_string()).as_bytes())),
        ),
    )
    .line(1)
    .found(say::delimiter(found))
    .expected(accepted)
    .into()
}
