//! Running totals that fall from one day to the next.
//!
//! Rows come in key order, so that the days of one place come in their order wherever the day stands in the key. When
//! it stands last, which is usual, one place is looked at after the other; else every place's last figures are held.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::row::{RowConverter, SortField};
use vigie_queries::ColumnType;

use crate::Error;
use crate::cells::{self, Figures};
use crate::columns::Columns;
use crate::duplicates::lines;
use crate::findings::{Code, Finding, Severity};
use crate::say::{NBSP, NNBSP, grouped, quoted};
use crate::wording::RowWord;

/// Bytes of the places held when the day is not the last column of the key.
const PLACES_BYTES_MAX: usize = 32 << 20;

/// What is known of the running totals of a body.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Columns that are running totals, and what was seen of each.
    columns: Vec<(usize, Falls)>,
    key_columns: usize,
    /// Rank of the day among the key columns.
    day: usize,
    /// Figures of the place at hand, by running total.
    before: Vec<Option<f64>>,
    /// The last row seen.
    last: Option<RecordBatch>,
    places: Option<Places>,
}

/// Falls of one column.
#[derive(Debug, Default)]
struct Falls {
    count: u64,
    worst: Option<Fall>,
}

#[derive(Debug)]
struct Fall {
    by: f64,
    /// The row that falls, its key shown.
    key: Vec<String>,
    line: u64,
}

/// Last figures of every place.
#[derive(Debug)]
struct Places {
    converter: RowConverter,
    figures: BTreeMap<Vec<u8>, Vec<Option<f64>>>,
    bytes: usize,
    too_many: bool,
}

impl Totals {
    /// Nothing when the contract has no running total, or no day to follow it by.
    pub(crate) fn new(columns: &Columns<'_>, key_columns: usize) -> Result<Option<Self>, Error> {
        let slots = &columns.slots;
        let totals: Vec<_> = (0..slots.len())
            .filter(|slot| slots[*slot].column.running_total)
            .map(|slot| (slot, Falls::default()))
            .collect();
        let day = (0..key_columns).rev().find(|slot| slots[*slot].column.kind == ColumnType::Date);
        let Some(day) = day.filter(|_| !totals.is_empty()) else { return Ok(None) };
        let places = if day + 1 == key_columns {
            None
        } else {
            let kinds = (0..key_columns).filter(|key| *key != day).map(|key| slots[key].column.kind.arrow());
            let converter = RowConverter::new(kinds.map(SortField::new).collect()).map_err(Error::batch)?;
            Some(Places { converter, figures: BTreeMap::new(), bytes: 0, too_many: false })
        };
        let before = vec![None; totals.len()];
        Ok(Some(Self { columns: totals, key_columns, day, before, last: None, places }))
    }

    /// Takes the next rows that stay, in key order.
    pub(crate) fn take(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let n = batch.num_rows();
        if n == 0 || self.places.as_ref().is_some_and(|places| places.too_many) {
            return Ok(());
        }
        if self.places.is_some() {
            return self.take_by_place(batch);
        }
        let place: Vec<&ArrayRef> =
            (0..self.key_columns).filter(|key| *key != self.day).map(|key| batch.column(key)).collect();
        let mut changes = vec![false; n];
        for column in &place {
            changes_of(column, &mut changes);
        }
        let keys = (0..self.key_columns).filter(|key| *key != self.day);
        changes[0] = self.last.as_ref().is_none_or(|last| {
            keys.into_iter().any(|key| !cells::same(last.column(key), 0, batch.column(key), 0))
        });
        for ((slot, falls), before) in self.columns.iter_mut().zip(&mut self.before) {
            let figures = Figures::of(batch.column(*slot));
            for (row, changes) in changes.iter().enumerate() {
                if *changes {
                    *before = None;
                }
                let Some(figure) = figures.at(row) else { continue };
                falls.see(*before, figure, batch, row, self.key_columns);
                *before = Some(figure);
            }
        }
        self.last = Some(batch.slice(n - 1, 1));
        Ok(())
    }

    fn take_by_place(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let Some(places) = &mut self.places else { return Ok(()) };
        let place: Vec<ArrayRef> = (0..self.key_columns)
            .filter(|key| *key != self.day)
            .map(|key| ArrayRef::clone(batch.column(key)))
            .collect();
        let keys = places.converter.convert_columns(&place).map_err(Error::batch)?;
        for row in 0..batch.num_rows() {
            let key = keys.row(row);
            if !places.figures.contains_key(key.data()) {
                places.bytes += key.data().len() + 16 * self.columns.len() + 100;
                if places.bytes > PLACES_BYTES_MAX {
                    places.too_many = true;
                    places.figures.clear();
                    return Ok(());
                }
            }
            let before =
                places.figures.entry(key.data().to_vec()).or_insert_with(|| vec![None; self.columns.len()]);
            for ((slot, falls), before) in self.columns.iter_mut().zip(before) {
                let Some(figure) = Figures::of(batch.column(*slot)).at(row) else { continue };
                falls.see(*before, figure, batch, row, self.key_columns);
                *before = Some(figure);
            }
        }
        Ok(())
    }

    /// Says, column by column, how often a running total falls.
    pub(crate) fn findings(&self, columns: &Columns<'_>, row_word: RowWord) -> Vec<Finding> {
        let too_many = self.places.as_ref().is_some_and(|places| places.too_many);
        let say = |(slot, falls): &(usize, Falls)| {
            if too_many {
                return Some(unchecked(&columns.slots[*slot].name));
            }
            falls.worst.as_ref().map(|worst| self.fall(columns, row_word, *slot, falls.count, worst))
        };
        self.columns.iter().filter_map(say).collect()
    }

    fn fall(
        &self,
        columns: &Columns<'_>,
        row_word: RowWord,
        slot: usize,
        count: u64,
        worst: &Fall,
    ) -> Finding {
        let name = &columns.slots[slot].name;
        let where_at: Vec<String> = (0..self.key_columns)
            .filter(|key| *key != self.day)
            .map(|key| format!("{} {}", columns.slots[key].name, worst.key[key]))
            .collect();
        let place = if where_at.is_empty() { String::new() } else { format!("{}, ", where_at.join(", ")) };
        let fall = format!("{}", worst.by).replace('-', "\u{2212}").replace('.', ",");
        let code = Code::RunningTotalFalls;
        Finding {
            line: None,
            column: Some(name.clone()),
            code,
            severity: Severity::Warn,
            found: Some(format!("{count} baisses, la plus forte {fall}")),
            expected: Some("un cumul qui ne baisse pas".to_owned()),
            message: format!(
                "Colonne {}{NBSP}: ce cumul baisse {} fois d’un jour à l’autre{NNBSP}; la plus forte baisse est de {fall} ({place}{}, {}). Valeurs gardées telles quelles. ({code})",
                quoted(name),
                grouped(count),
                worst.key[self.day],
                row_word.inside(worst.line),
            ),
            raw: None,
        }
    }
}

impl Falls {
    #[inline]
    fn see(&mut self, before: Option<f64>, figure: f64, batch: &RecordBatch, row: usize, key_columns: usize) {
        let Some(by) = before.map(|before| figure - before).filter(|by| *by < 0.0) else { return };
        self.count += 1;
        if self.worst.as_ref().is_none_or(|worst| by < worst.by) {
            let key = (0..key_columns).map(|key| cells::shown(batch.column(key), row)).collect();
            self.worst = Some(Fall { by, key, line: lines(batch).value(row) });
        }
    }
}

/// Marks the rows whose value is not that of the row before; the first row is left alone.
fn changes_of(column: &ArrayRef, changes: &mut [bool]) {
    for (row, changes) in changes.iter_mut().enumerate().skip(1) {
        *changes |= !cells::same(column, row - 1, column, row);
    }
}

fn unchecked(name: &str) -> Finding {
    let code = Code::RunningTotalUnchecked;
    Finding {
        line: None,
        column: Some(name.to_owned()),
        code,
        severity: Severity::Warn,
        found: None,
        expected: Some("un cumul qui ne baisse pas".to_owned()),
        message: format!(
            "Colonne {}{NBSP}: ce cumul n’a pas été contrôlé, les lieux étant trop nombreux. Valeurs gardées telles quelles. ({code})",
            quoted(name)
        ),
        raw: None,
    }
}
