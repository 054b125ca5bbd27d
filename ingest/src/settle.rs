//! After the last row: order, duplicates, running totals, the share of bad rows, and the batches.

use std::collections::BTreeMap;

use vigie_queries::{ColumnType, Kind};

use crate::check::{Checker, Repair};
use crate::findings::{Code, Finding, Severity};
use crate::order::{self, Order};
use crate::rows::Rows;
use crate::say::{NBSP, NNBSP, counted, grouped, percent, quoted};
use crate::stop::{Reason, Stop, refuse};
use crate::table;
use crate::{Checked, Form, wording};

/// A row that goes out although it could be read, for which the raw line is looked up afterwards.
pub(crate) type RawLines = BTreeMap<u64, String>;

impl Checker<'_> {
    /// Ends the check. `raw_lines` reads the body again for the lines given, which only conflicts need.
    pub(crate) fn settle(
        &mut self,
        form: Form,
        raw_lines: impl FnOnce(Vec<u64>) -> Result<RawLines, Stop>,
    ) -> Result<Checked, Stop> {
        let rows = self.lines.len();
        let key_columns = self.contract.key.len();
        let keys: Vec<Vec<u64>> =
            self.stored[..key_columns].iter().map(|column| column.sort_codes(rows)).collect();
        let order = order::sort(&keys, rows);
        let (kept, conflicts) = self.without_duplicates(&order);
        self.set_conflicts_aside(&conflicts, raw_lines)?;
        self.refuse_if_bad()?;
        self.slash_dates.refuse_if_ambiguous()?;
        self.running_totals(&kept, &keys);
        drop(keys);
        let schema = self.contract.schema();
        let batches = table::batches(&self.stored, &schema, &kept)
            .map_err(|cause| crate::Error::Batch { source: cause })?;
        self.counts.rows_accepted = self.counts.rows_in - self.counts.rows_quarantined;
        let findings = self.all_findings();
        Ok(Checked { rows: Rows::in_memory(schema, batches), findings, counts: self.counts, form })
    }

    /// Rows that stay, in key order, and groups of rows with one key and different values.
    fn without_duplicates(&mut self, order: &Order) -> (Vec<u32>, Vec<Vec<u32>>) {
        let mut kept = Vec::with_capacity(order.rows.len());
        let mut conflicts = Vec::new();
        let mut place = 0;
        while place < order.rows.len() {
            let start = place;
            place += 1;
            while place < order.rows.len() && order.same[place] {
                place += 1;
            }
            let group = &order.rows[start..place];
            let first = group[0];
            let alike =
                |row: &u32| self.stored.iter().all(|column| column.same(first as usize, *row as usize));
            if group.len() == 1 {
                kept.push(first);
            } else if group[1..].iter().all(alike) {
                kept.push(first);
                for copy in &group[1..] {
                    let line = self.lines[*copy as usize];
                    let note = self.repairs.entry((Code::DuplicateRow, None)).or_insert(Repair {
                        count: 0,
                        first_line: line,
                        example: String::new(),
                    });
                    note.count += 1;
                    note.first_line = note.first_line.min(line);
                }
            } else {
                conflicts.push(group.to_vec());
            }
        }
        (kept, conflicts)
    }

    /// Sets every row of a conflict aside: nobody can tell which one is right.
    fn set_conflicts_aside(
        &mut self,
        conflicts: &[Vec<u32>],
        raw_lines: impl FnOnce(Vec<u64>) -> Result<RawLines, Stop>,
    ) -> Result<(), Stop> {
        if conflicts.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<u64> =
            conflicts.iter().flatten().map(|row| self.lines[*row as usize]).take(10_000).collect();
        lines.sort_unstable();
        let raw = raw_lines(lines)?;
        for group in conflicts {
            for row in group {
                let line = self.lines[*row as usize];
                let finding = self.conflict(group, *row, raw.get(&line).cloned());
                self.set_aside(|| finding);
            }
        }
        Ok(())
    }

    fn conflict(&self, group: &[u32], row: u32, raw: Option<String>) -> Finding {
        let line = self.lines[row as usize];
        let others: Vec<String> = group
            .iter()
            .filter(|other| **other != row)
            .take(3)
            .map(|other| self.row_word.inside(self.lines[*other as usize]))
            .collect();
        let differs = (0..self.stored.len())
            .find(|slot| group.iter().any(|other| !self.stored[*slot].same(row as usize, *other as usize)));
        let column = differs.map(|slot| self.columns.slots[slot].name.clone());
        let key = self.stored[..self.contract.key.len()]
            .iter()
            .map(|column| column.shown(row as usize))
            .collect::<Vec<_>>()
            .join(", ");
        let place = column.as_ref().map_or_else(String::new, |name| format!(", colonne {}", quoted(name)));
        let code = Code::ConflictingDuplicate;
        Finding {
            line: Some(line),
            column,
            code,
            severity: Severity::Error,
            found: differs.map(|slot| self.stored[slot].shown(row as usize)),
            expected: Some("une seule ligne par clé".to_owned()),
            message: format!(
                "{}{place}{NBSP}: la clé {} vient {} fois avec des valeurs différentes (aussi {}). Attendu{NBSP}: une seule ligne par clé. ({code})",
                self.row_word.at(line),
                quoted(&key),
                group.len(),
                others.join(", "),
            ),
            raw,
        }
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
                "{} sur {} sont mauvaises ({}), plus que la limite de {}. Rien n’a été chargé{NNBSP}; les dernières données restent en place.{example}",
                counted(counts.rows_quarantined, "ligne", "lignes"),
                grouped(counts.rows_in),
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
        let sentence = "Le fichier a un en-tête et aucune ligne.";
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

    /// Says, column by column, how often a running total falls from one day to the next.
    fn running_totals(&mut self, kept: &[u32], keys: &[Vec<u64>]) {
        let slots = &self.columns.slots;
        let totals: Vec<usize> = (0..slots.len()).filter(|slot| slots[*slot].column.running_total).collect();
        let Some(day) = (0..keys.len()).rev().find(|slot| slots[*slot].column.kind == ColumnType::Date)
        else {
            return;
        };
        if totals.is_empty() {
            return;
        }
        let place = |row: u32| (0..keys.len()).filter(move |k| *k != day).map(move |k| keys[k][row as usize]);
        let mut rows = kept.to_vec();
        if day + 1 != keys.len() {
            rows.sort_by(|a, b| {
                place(*a).cmp(place(*b)).then(keys[day][*a as usize].cmp(&keys[day][*b as usize]))
            });
        }
        let mut findings = Vec::new();
        for slot in totals {
            let column = &self.stored[slot];
            let (mut count, mut worst) = (0u64, None::<(f64, u32)>);
            let mut before: Option<(u32, f64)> = None;
            for row in &rows {
                let Some(value) = column.figure(*row as usize) else { continue };
                if let Some((earlier, total)) = before
                    && value < total
                    && place(earlier).eq(place(*row))
                {
                    count += 1;
                    if worst.is_none_or(|(fall, _)| value - total < fall) {
                        worst = Some((value - total, *row));
                    }
                }
                before = Some((*row, value));
            }
            if let Some((fall, row)) = worst {
                findings.push(self.fall(slot, count, fall, row, day));
            }
        }
        self.findings.extend(findings);
    }

    fn fall(&self, slot: usize, count: u64, fall: f64, row: u32, day: usize) -> Finding {
        let name = &self.columns.slots[slot].name;
        let where_at: Vec<String> = (0..self.contract.key.len())
            .filter(|key| *key != day)
            .map(|key| format!("{} {}", self.columns.slots[key].name, self.stored[key].shown(row as usize)))
            .collect();
        let date = self.stored[day].shown(row as usize);
        let place = if where_at.is_empty() { String::new() } else { format!("{}, ", where_at.join(", ")) };
        let fall = format!("{fall}").replace('-', "\u{2212}").replace('.', ",");
        let code = Code::RunningTotalFalls;
        Finding {
            line: None,
            column: Some(name.clone()),
            code,
            severity: Severity::Warn,
            found: Some(format!("{count} baisses, la plus forte {fall}")),
            expected: Some("un cumul qui ne baisse pas".to_owned()),
            message: format!(
                "Colonne {}{NBSP}: ce cumul baisse {} fois d’un jour à l’autre{NNBSP}; la plus forte baisse est de {fall} ({place}{date}, {}). Valeurs gardées telles quelles. ({code})",
                quoted(name),
                grouped(count),
                self.row_word.inside(self.lines[row as usize]),
            ),
            raw: None,
        }
    }

    /// Findings in reading order: rows set aside by line, then remarks, then repairs.
    pub(crate) fn all_findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
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
            .map(|slot| wording::expected(self.columns.slots[slot].column, &self.forms, self.today));
        Finding {
            line: Some(repair.first_line),
            column,
            code,
            severity: Severity::Info,
            found: Some(repair.example.clone()).filter(|example| !example.is_empty()),
            expected,
            message: format!(
                "{subject}{} (la première{NBSP}: {}{example}). ({code})",
                wording::repair(code, repair.count, &self.forms),
                self.row_word.inside(repair.first_line),
            ),
            raw: None,
        }
    }
}
