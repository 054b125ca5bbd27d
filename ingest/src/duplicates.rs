//! Keys that come more than once: copies are kept once, contradictions are set aside whole.

use arrow::array::{AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;

use crate::Error;
use crate::cells;
use crate::check::{Checker, ROW_FINDINGS_MAX};
use crate::findings::{Code, Finding, Severity};
use crate::merge::Piece;
use crate::say::{NBSP, quoted};

/// Walks pieces in key order and gives back the rows that stay.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// The key that the last piece ended with and the next one starts with.
    open: Option<Group>,
}

/// Rows of one key.
#[derive(Debug)]
struct Group {
    /// The first row, with its line.
    first: RecordBatch,
    rows: u64,
    /// Lines of the first rows.
    lines: Vec<u64>,
    /// Rows that differ from the first: their place in `lines`, the first column that differs, what it shows.
    others: Vec<(usize, usize, String)>,
    /// The first column in which any row differs from the first.
    differs: Option<usize>,
}

/// Line of a row of a piece.
pub(crate) fn lines(batch: &RecordBatch) -> &UInt64Array {
    batch.column(batch.num_columns() - 1).as_primitive::<UInt64Type>()
}

impl Duplicates {
    /// Takes the next piece; hands the rows that stay, if any, to `keep`: with their lines, in key order, each key once.
    pub(crate) fn take(
        &mut self,
        checker: &mut Checker<'_>,
        piece: &Piece,
        keep: &mut dyn FnMut(&RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Piece { batch, same, goes_on } = piece;
        let n = same.len();
        if self.open.is_none() && !goes_on && !same.contains(&true) {
            return keep(batch);
        }
        let end_of_group = |start: usize| (start + 1..n).find(|row| !same[*row]).unwrap_or(n);
        let mut stays = BooleanBufferBuilder::new(n);
        let mut row = 0;
        if let Some(mut group) = self.open.take() {
            let end = end_of_group(0);
            (0..end).for_each(|row| group.add(batch, row));
            stays.append_n(end, false);
            row = end;
            if end == n && *goes_on {
                self.open = Some(group);
                return Ok(());
            }
            let first = group.first.clone();
            if group.close(checker) {
                keep(&first)?;
            }
        }
        while row < n {
            let end = end_of_group(row);
            let unfinished = end == n && *goes_on;
            if end == row + 1 && !unfinished {
                stays.append(true);
                row = end;
                continue;
            }
            let mut group = Group::new(batch, row);
            (row + 1..end).for_each(|row| group.add(batch, row));
            if unfinished {
                stays.append_n(end - row, false);
                self.open = Some(group);
            } else {
                stays.append(group.close(checker));
                stays.append_n(end - row - 1, false);
            }
            row = end;
        }
        let stays = BooleanArray::from(stays.finish());
        match stays.true_count() {
            0 => Ok(()),
            all if all == n => keep(batch),
            _ => keep(&filter_record_batch(batch, &stays).map_err(Error::batch)?),
        }
    }
}

impl Group {
    fn new(batch: &RecordBatch, row: usize) -> Self {
        let first = batch.slice(row, 1);
        let lines = vec![lines(&first).value(0)];
        Self { first, rows: 1, lines, others: Vec::new(), differs: None }
    }

    fn add(&mut self, batch: &RecordBatch, row: usize) {
        self.rows += 1;
        let values = self.first.num_columns() - 1;
        let differs =
            (0..values).find(|slot| !cells::same(self.first.column(*slot), 0, batch.column(*slot), row));
        if self.lines.len() < ROW_FINDINGS_MAX {
            if let Some(slot) = differs {
                self.others.push((self.lines.len(), slot, cells::shown(batch.column(slot), row)));
            }
            self.lines.push(lines(batch).value(row));
        }
        if let Some(slot) = differs {
            self.differs = Some(self.differs.map_or(slot, |least| least.min(slot)));
        }
    }

    /// Counts the copies, or sets every row aside: nobody can tell which one is right. Whether the first row stays.
    fn close(self, checker: &mut Checker<'_>) -> bool {
        let Some(slot) = self.differs else {
            if let Some(second) = self.lines.get(1) {
                checker.copies(*second, self.rows - 1);
            }
            return true;
        };
        checker.keys_aside.row(&self.first, self.lines[0]);
        let key_columns = checker.contract.key.len();
        let key = (0..key_columns)
            .map(|key| cells::shown(self.first.column(key), 0))
            .collect::<Vec<_>>()
            .join(", ");
        let mut others = self.others.iter().peekable();
        for (rank, line) in self.lines.iter().enumerate() {
            // A row whose own first difference lies further on has the first row's value here.
            let other = others.next_if(|(place, ..)| *place == rank);
            let found = match other {
                Some((_, own, found)) if *own == slot => found.clone(),
                _ => cells::shown(self.first.column(slot), 0),
            };
            if !checker.has_room() {
                checker.set_aside_unsaid(1);
                continue;
            }
            let finding = self.finding(checker, &key, slot, rank, *line, found);
            checker.set_aside(finding);
        }
        checker.set_aside_unsaid(self.rows - self.lines.len() as u64);
        false
    }

    fn finding(
        &self,
        checker: &Checker<'_>,
        key: &str,
        slot: usize,
        rank: usize,
        line: u64,
        found: String,
    ) -> Finding {
        let others = self.lines.iter().enumerate().filter(|(other, _)| *other != rank).take(3);
        let others: Vec<String> = others.map(|(_, other)| checker.row_word.inside(*other)).collect();
        let name = &checker.columns.slots[slot].name;
        let code = Code::ConflictingDuplicate;
        Finding {
            line: Some(line),
            column: Some(name.clone()),
            code,
            severity: Severity::Error,
            found: Some(found),
            expected: Some("une seule ligne par clé".to_owned()),
            message: format!(
                "{}, colonne {}{NBSP}: la clé {} vient {} fois avec des valeurs différentes (aussi {}). Attendu{NBSP}: une seule ligne par clé. ({code})",
                checker.row_word.at(line),
                quoted(name),
                quoted(key),
                self.rows,
                others.join(", "),
            ),
            raw: None,
        }
    }
}
