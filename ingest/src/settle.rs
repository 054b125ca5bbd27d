//! After the last row: the rows in key order, each key once, and what is to be said of the whole.
//!
//! A body of one run is sorted where it is; the runs of a larger one are merged. From there on both are a sequence of
//! pieces in key order, judged alike.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use vigie_queries::Kind;

use crate::check::{Checker, Repair};
use crate::duplicates::Duplicates;
use crate::findings::{Code, Finding, Severity};
use crate::merge::Piece;
use crate::rows::Rows;
use crate::say::{NBSP, NNBSP, counted, grouped, percent, quoted};
use crate::spill::Writing;
use crate::stop::{Reason, Stop, refuse};
use crate::table::Table;
use crate::totals::Totals;
use crate::{Checked, Error, Form, wording};

/// Raw text of some lines.
pub(crate) type RawLines = BTreeMap<u64, String>;
/// Lines that are looked up in the body after they were read.
const RAW_LINES_MAX: usize = 10_000;

/// Lines of a sheet: Excel until 2003, and since.
const SHEET_LINES: [u64; 2] = [65_536, 1_048_576];
/// Rows that portals and queries give at most, as one sees them in the field.
const PORTAL_ROWS: [u64; 9] = [1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];

impl Checker<'_> {
    /// Ends the check. `raw_lines` reads the body again for the lines given, which only conflicts need.
    pub(crate) fn settle(
        &mut self,
        spool: &Path,
        form: Form,
        raw_lines: impl FnOnce(Vec<u64>) -> Result<RawLines, Stop>,
    ) -> Result<Checked, Stop> {
        let schema = self.contract.schema();
        let said_before = self.findings.len();
        let (rows, falls) = if self.runs.is_empty() {
            let table = std::mem::take(&mut self.table);
            let sorted = table.sorted(self.runs.schema.clone(), self.limits.output());
            let mut batches = Vec::new();
            let falls = self.walk(sorted, &schema, &mut |batch| {
                batches.push(batch);
                Ok(())
            })?;
            (Rows::in_memory(schema, batches), falls)
        } else {
            if self.table.rows() > 0 {
                self.end_run()?;
            }
            self.table = Table::default();
            let merged = self.runs.merged()?;
            let mut file = Writing::new(spool, &schema)?;
            let falls = self.walk(merged, &schema, &mut |batch| file.write(&batch))?;
            (Rows::on_disk(schema, file.finish()?), falls)
        };
        self.add_raw_lines(said_before, raw_lines)?;
        self.refuse_if_bad()?;
        self.slash_dates.refuse_if_ambiguous()?;
        self.findings.extend(falls);
        self.findings.extend(self.classes.findings(&self.columns));
        self.findings.extend(self.row_limit());
        self.counts.rows_accepted = self.counts.rows_in - self.counts.rows_quarantined;
        let findings = self.all_findings();
        let keys_aside = self.keys_aside.finish(&self.limits)?;
        Ok(Checked { rows, findings, keys_aside, counts: self.counts, form, incomplete: None })
    }

    /// Walks the rows in key order: those that stay go to `keep`. Gives back what running totals call for.
    fn walk(
        &mut self,
        pieces: impl Iterator<Item = Result<Piece, Error>>,
        schema: &SchemaRef,
        keep: &mut dyn FnMut(RecordBatch) -> Result<(), Error>,
    ) -> Result<Vec<Finding>, Error> {
        let mut duplicates = Duplicates::default();
        let mut totals = Totals::new(&self.columns, self.contract.key.len())?;
        for piece in pieces {
            duplicates.take(self, &piece?, &mut |batch| {
                if let Some(totals) = &mut totals {
                    totals.take(batch)?;
                }
                let columns = batch.columns()[..schema.fields().len()].to_vec();
                keep(RecordBatch::try_new(SchemaRef::clone(schema), columns).map_err(Error::batch)?)
            })?;
        }
        Ok(totals.map_or_else(Vec::new, |totals| totals.findings(&self.columns, self.row_word)))
    }

    /// Rows that could be read and are set aside only now have their raw line in the body.
    fn add_raw_lines(
        &mut self,
        from: usize,
        raw_lines: impl FnOnce(Vec<u64>) -> Result<RawLines, Stop>,
    ) -> Result<(), Stop> {
        let to = self.findings.len().min(from + RAW_LINES_MAX);
        let conflicts = &mut self.findings[from..to];
        if conflicts.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<u64> = conflicts.iter().filter_map(|finding| finding.line).collect();
        lines.sort_unstable();
        let mut raw = raw_lines(lines)?;
        for finding in conflicts {
            finding.raw = finding.line.and_then(|line| raw.remove(&line));
        }
        Ok(())
    }

    fn refuse_if_bad(&mut self) -> Result<(), Stop> {
        let counts = &self.counts;
        if counts.rows_in == 0 {
            return self.refuse_if_empty();
        }
        let share = counts.rows_quarantined as f64 / counts.rows_in as f64;
        let most = self.contract.bounds.bad_rows_share_max;
        if share <= most {
            return Ok(());
        }
        let first = self.findings.iter().find(|finding| finding.severity == Severity::Error);
        let example =
            first.map_or_else(String::new, |finding| format!(" Premier défaut{NBSP}: {}", finding.message));
        Err(Reason::new(
            Code::TooManyBadRows,
            format!(
                "{} sur {} {} ({}), plus que la limite de {}. Rien n’a été chargé{NNBSP}; les dernières données restent en place.{example}",
                counted(counts.rows_quarantined, "ligne", "lignes"),
                grouped(counts.rows_in),
                if counts.rows_quarantined < 2 { "est mauvaise" } else { "sont mauvaises" },
                percent(share),
                percent(most),
            ),
        )
        .found(percent(share))
        .expected(format!("au plus {}", percent(most)))
        .into())
    }

    /// A snapshot without rows would withdraw everything; a day without news may well be empty.
    fn refuse_if_empty(&mut self) -> Result<(), Stop> {
        let filtered = self.counts.rows_filtered;
        if filtered > 0 {
            let columns: Vec<String> =
                self.contract.filters.iter().map(|filter| quoted(&filter.column)).collect();
            return Err(refuse(
                Code::NoRows,
                format!(
                    "Aucune des {} lignes ne passe le filtre du contrat ({}). Rien n’a été chargé{NNBSP}; vérifier le fichier ou le filtre.",
                    grouped(filtered),
                    columns.join(", ")
                ),
            ));
        }
        let sentence = "Le fichier n’a aucune ligne de données.";
        if self.contract.kind == Kind::Snapshot {
            return Err(refuse(
                Code::NoRows,
                format!("{sentence} Rien n’a été chargé{NNBSP}; les dernières données restent en place."),
            ));
        }
        self.findings.push(Finding {
            line: None,
            column: None,
            code: Code::NoRows,
            severity: Severity::Warn,
            found: None,
            expected: None,
            message: format!("{sentence} ({})", Code::NoRows),
            raw: None,
        });
        Ok(())
    }

    /// A body that ends where a program stops: nothing in it tells whether rows are missing.
    fn row_limit(&self) -> Option<Finding> {
        let rows = self.records;
        let is_text = self.row_word == wording::RowWord::Line;
        let sheet = is_text && SHEET_LINES.contains(&self.last_line) || SHEET_LINES.contains(&rows);
        let limit = match rows {
            _ if self.contract.bounds.rows_fixed => return None,
            _ if sheet => "la limite d’un tableur",
            rows if PORTAL_ROWS.contains(&rows) => "une limite habituelle des portails et des requêtes",
            _ => return None,
        };
        let code = Code::RowLimit;
        let counted = if sheet && !SHEET_LINES.contains(&rows) {
            counted(self.last_line, "ligne", "lignes")
        } else {
            counted(rows, "ligne de données", "lignes de données")
        };
        Some(Finding {
            line: None,
            column: None,
            code,
            severity: Severity::Warn,
            found: Some(counted.clone()),
            expected: None,
            message: format!(
                "Le fichier a exactement {counted}, {limit}{NBSP}: la suite manque peut-être. Vérifier auprès du producteur{NNBSP}; si la source a toujours ce nombre de lignes, rows_fixed = true dans [bounds] du contrat. ({code})"
            ),
            raw: None,
        })
    }

    /// Findings in reading order: rows set aside by line, then remarks, then repairs.
    pub(crate) fn all_findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(self.relations.uncounted(&self.columns));
        for ((code, slot), repair) in &self.repairs {
            findings.push(self.repair_finding(*code, *slot, repair));
        }
        if self.left_out > 0 {
            let code = Code::FindingsLeftOut;
            findings.push(Finding {
                line: None,
                column: None,
                code,
                severity: Severity::Warn,
                found: None,
                expected: None,
                message: format!(
                    "{} mises de côté ne sont pas détaillées ici{NNBSP}; le fichier reçu est gardé en entier. ({code})",
                    counted(self.left_out, "autre ligne", "autres lignes")
                ),
                raw: None,
            });
        }
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.line));
        findings
    }

    fn repair_finding(&self, code: Code, slot: Option<usize>, repair: &Repair) -> Finding {
        let column = slot.map(|slot| self.columns.slots[slot].name.clone());
        let subject =
            column.as_ref().map_or_else(String::new, |name| format!("Colonne {}{NBSP}: ", quoted(name)));
        let example =
            if repair.example.is_empty() { String::new() } else { format!(", {}", quoted(&repair.example)) };
        let expected = slot
            .filter(|_| code != Code::MissingWord)
            .map(|slot| &self.columns.slots[slot])
            .map(|slot| wording::expected(slot.column, &slot.time, self.today));
        Finding {
            line: Some(repair.first_line),
            column,
            code,
            severity: Severity::Info,
            found: Some(repair.example.clone()).filter(|example| !example.is_empty()),
            expected,
            message: format!(
                "{subject}{} (la première{NBSP}: {}{example}). ({code})",
                wording::repair(code, repair.count, slot.map(|slot| &self.columns.slots[slot].time)),
                self.row_word.inside(repair.first_line),
            ),
            raw: None,
        }
    }
}
