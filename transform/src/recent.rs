//! The tables `recent` and `recent_rows`: the numbers of an edition's last weeks beside what was known of them, and what
//! the weeks before say of those that are new, so that one query serves as a gate for every contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Date32Array, Date32Builder, Float64Array,
    Float64Builder, Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::Date;
use vigie_queries::{ColumnType, Contract};

use crate::system::date32;

/// Days shown, the newest of the edition included: five weeks.
const RECENT_DAYS: i32 = 35;

/// Numbers shown of the edition; beyond, one place in so many is.
const NUMBERS_MAX: u64 = 200_000;

/// Stands between the parts of a place's key.
pub const KEY_SEPARATOR: &str = " / ";

/// Stands for the day of a source that has none.
const NO_DAY: i32 = i32::MIN;

/// Gathers the tables of one edition: [`Recent::survey`] over all of its batches, [`Recent::begin`], then
/// [`Recent::give`] over them again and [`Recent::know`] over the rows that [`Recent::known_query`] asks for, and [`Recent::tables`].
///
/// **Memory** is bounded, whatever the edition: of more than 200,000 numbers only those of one place in so many are
/// taken, always the same places on both sides.
#[derive(Debug)]
pub struct Recent {
    source: String,
    /// Key column that holds the day.
    day: Option<String>,
    /// The other key columns.
    places: Vec<String>,
    /// Numeric columns outside the key, and whether they are running totals.
    numbers: Vec<(String, bool)>,
    today: i32,
    rows_by_day: BTreeMap<i32, u64>,
    span: (i32, i32),
    one_in: u64,
    names: BTreeMap<String, u32>,
    cells: BTreeMap<(u16, u32, i32), Cell>,
}

/// A number as the edition gives it and as it was known; outer none: no such row.
#[derive(Debug, Default, Clone, Copy)]
struct Cell {
    given: Option<Option<f64>>,
    known: Option<Option<f64>>,
}

impl Recent {
    /// For an edition of a source; days after `today` (plans) are left out.
    #[must_use]
    pub fn new(contract: &Contract, today: Date) -> Self {
        let key = contract.key_names();
        let day = contract.day_column().map(|column| column.name.get_ref().clone());
        let places = key.iter().filter(|name| Some(*name) != day.as_ref()).cloned().collect();
        let numbers = contract
            .ordered_columns()
            .into_iter()
            .filter(|c| matches!(c.kind, ColumnType::Integer | ColumnType::Number))
            .filter(|c| !key.contains(c.name.get_ref()))
            .map(|c| (c.name.get_ref().clone(), c.running_total))
            .collect();
        Self {
            source: contract.name().to_owned(),
            day,
            places,
            numbers,
            today: date32(today),
            rows_by_day: BTreeMap::new(),
            span: (NO_DAY, NO_DAY),
            one_in: 1,
            names: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    /// Whether the source has numbers to look at.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// One place in so many is shown.
    #[must_use]
    pub fn one_in(&self) -> u64 {
        self.one_in
    }

    /// First look: which days the edition speaks of.
    ///
    /// # Errors
    /// [`ArrowError::SchemaError`] when the batch is not one of the source.
    pub fn survey(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &self.day {
            None => *self.rows_by_day.entry(NO_DAY).or_default() += batch.num_rows() as u64,
            Some(day) => {
                for day in column(batch, day)?.as_primitive::<Date32Type>().iter().flatten() {
                    if day <= self.today {
                        *self.rows_by_day.entry(day).or_default() += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// Settles which days and places are shown, once every batch was surveyed.
    pub fn begin(&mut self) {
        let newest = self.rows_by_day.keys().next_back().copied().unwrap_or(NO_DAY);
        let first = if newest == NO_DAY { NO_DAY } else { newest - RECENT_DAYS + 1 };
        self.span = (first, newest);
        let rows: u64 = self.rows_by_day.range(first..=newest).map(|(_, rows)| rows).sum();
        self.one_in = (rows * self.numbers.len() as u64).div_ceil(NUMBERS_MAX).max(1);
    }

    /// Second look: the numbers of the edition.
    ///
    /// # Errors
    /// As [`Recent::survey`].
    pub fn give(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.take(batch, true)
    }

    /// The numbers known before.
    ///
    /// # Errors
    /// As [`Recent::survey`].
    pub fn know(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.take(batch, false)
    }

    /// The query for [`Recent::know`], over the session of the lake as the edition finds it.
    #[must_use]
    pub fn known_query(&self) -> String {
        let names = self.day.iter().chain(&self.places).chain(self.numbers.iter().map(|(name, _)| name));
        let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        let mut query = format!("select {} from \"{}\"", names.join(", "), self.source);
        if let Some(day) = &self.day {
            let text = |day: i32| {
                crate::system::date_of(day).map_or_else(|| "1970-01-01".to_owned(), |day| day.to_string())
            };
            let (first, newest) = (text(self.span.0), text(self.span.1));
            query += &format!(" where \"{day}\" >= date '{first}' and \"{day}\" <= date '{newest}'");
        }
        query
    }

    fn take(&mut self, batch: &RecordBatch, given: bool) -> Result<(), ArrowError> {
        let batch = match &self.day {
            None => batch.clone(),
            Some(day) => {
                let (first, newest) = self.span;
                let days = column(batch, day)?.as_primitive::<Date32Type>();
                let mask: BooleanArray = days
                    .iter()
                    .map(|day| Some(day.is_some_and(|day| day >= first && day <= newest)))
                    .collect();
                if mask.true_count() == 0 {
                    return Ok(());
                }
                filter_record_batch(batch, &mask)?
            }
        };
        let days = match &self.day {
            Some(day) => Some(column(&batch, day)?.as_primitive::<Date32Type>().clone()),
            None => None,
        };
        let options = FormatOptions::default();
        let parts = self
            .places
            .iter()
            .map(|name| ArrayFormatter::try_new(column(&batch, name)?, &options))
            .collect::<Result<Vec<_>, _>>()?;
        let numbers = self
            .numbers
            .iter()
            .map(|(name, _)| {
                Ok(cast(column(&batch, name)?, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            })
            .collect::<Result<Vec<_>, ArrowError>>()?;
        for row in 0..batch.num_rows() {
            let mut name = String::new();
            for part in &parts {
                if !name.is_empty() {
                    name.push_str(KEY_SEPARATOR);
                }
                name.push_str(&part.value(row).to_string());
            }
            if self.one_in > 1 && !hash(&name).is_multiple_of(self.one_in) {
                continue;
            }
            // Without a day there is no bound on what is known: only what the edition speaks of is compared.
            let place = match (self.names.get(&name), given || self.day.is_some()) {
                (Some(place), _) => *place,
                (None, false) => continue,
                (None, true) => {
                    let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
                    self.names.insert(name, place);
                    place
                }
            };
            let day = days.as_ref().map_or(NO_DAY, |days| days.value(row));
            for (at, values) in (0_u16..).zip(&numbers) {
                let cell = self.cells.entry((at, place, day)).or_default();
                let value = values.is_valid(row).then(|| values.value(row));
                *(if given { &mut cell.given } else { &mut cell.known }) = Some(value);
            }
        }
        Ok(())
    }

    /// The two tables, in the order of column, place and day:
    ///
    /// - `recent`, a row a number: see [`recent_schema`];
    /// - `recent_rows`, a row a place and day: see [`recent_rows_schema`].
    ///
    /// # Errors
    /// Never for tables of its own making.
    pub fn tables(self) -> Result<(RecordBatch, RecordBatch), ArrowError> {
        let mut names: Vec<&str> = vec![""; self.names.len()];
        for (name, place) in &self.names {
            names[*place as usize] = name;
        }
        let mut numbers = NumberRows::default();
        let mut lines: BTreeMap<(u32, i32), Line> = BTreeMap::new();
        let mut series: Vec<(i32, Cell)> = Vec::new();
        let mut cells = self.cells.iter().peekable();
        while let Some(((at, place, day), cell)) = cells.next() {
            series.push((*day, *cell));
            if cells.peek().is_some_and(|((next_at, next_place, _), _)| (next_at, next_place) == (at, place))
            {
                continue;
            }
            let (measure, running_total) = &self.numbers[usize::from(*at)];
            for row in 0..series.len() {
                let of_row = Stats::of(&series, row);
                let (day, cell) = series[row];
                numbers.push(names[*place as usize], day, measure, *running_total, cell, &of_row);
                lines.entry((*place, day)).or_default().add(cell, &of_row);
            }
            series.clear();
        }
        Ok((numbers.finish()?, rows_table(&names, &lines)?))
    }
}

/// Days that the past of a number counts back.
const PAST_DAYS: i32 = 28;

/// From the median absolute deviation to the standard deviation of a normal law.
const DEVIATION: f64 = 1.4826;

/// What the days before say of a number.
#[derive(Debug, Default)]
struct Stats {
    /// Of the edition's series: was there a row the day before, and its value.
    day_before: Option<Option<f64>>,
    /// Of what was known.
    known_day_before: Option<Option<f64>>,
    usual: Option<f64>,
    least: Option<f64>,
    most: Option<f64>,
    n_days: i64,
    move_usual: Option<f64>,
    move_spread: Option<f64>,
    n_weeks: i64,
}

impl Stats {
    /// `series` is that of one column and place, by day. The past is only looked at for rows that are new.
    fn of(series: &[(i32, Cell)], row: usize) -> Self {
        let (day, cell) = series[row];
        let value = |cell: Cell| cell.given.or(cell.known).flatten();
        let mut stats = Self::default();
        if day == NO_DAY {
            return stats;
        }
        let before = row.checked_sub(1).map(|row| series[row]).filter(|(before, _)| *before == day - 1);
        stats.day_before = before.map(|(_, cell)| value(cell));
        stats.known_day_before = before.and_then(|(_, cell)| cell.known);
        if cell.known.is_some() {
            return stats;
        }
        let (mut all, mut usual) = (Vec::new(), Vec::new());
        let (mut moves, mut usual_moves) = (Vec::new(), Vec::new());
        for at in (0..row).rev().take_while(|at| series[*at].0 >= day - PAST_DAYS) {
            let (past, cell) = series[at];
            let Some(now) = value(cell) else { continue };
            let is_same_weekday = (day - past) % 7 == 0;
            all.push(now);
            if is_same_weekday {
                usual.push(now);
            }
            let earlier = at.checked_sub(1).map(|at| series[at]).filter(|(earlier, _)| *earlier == past - 1);
            if let Some(earlier) = earlier.and_then(|(_, cell)| value(cell)) {
                moves.push(now - earlier);
                if is_same_weekday {
                    usual_moves.push(now - earlier);
                }
            }
        }
        stats.n_days = i64::try_from(all.len()).unwrap_or(0);
        stats.least = all.iter().copied().reduce(f64::min);
        stats.most = all.iter().copied().reduce(f64::max);
        stats.usual = median(&mut usual);
        stats.n_weeks = i64::try_from(usual_moves.len()).unwrap_or(0);
        stats.move_usual = median(&mut usual_moves);
        if let Some(middle) = stats.move_usual {
            let mut deviations: Vec<f64> = moves.iter().map(|step| (step - middle).abs()).collect();
            stats.move_spread = median(&mut deviations).map(|deviation| DEVIATION * deviation);
        }
        stats
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[half]),
        _ => Some(f64::midpoint(values[half - 1], values[half])),
    }
}

/// Columns of `recent` under way.
#[derive(Default)]
struct NumberRows {
    place: StringBuilder,
    day: Date32Builder,
    measure: StringBuilder,
    flags: [BooleanBuilder; 3],
    values: [Float64Builder; 8],
    counts: [Int64Builder; 2],
}

impl NumberRows {
    fn push(&mut self, place: &str, day: i32, measure: &str, running_total: bool, cell: Cell, stats: &Stats) {
        self.place.append_value(place);
        self.day.append_option(Some(day).filter(|day| *day != NO_DAY));
        self.measure.append_value(measure);
        let flags = [running_total, cell.given.is_some(), cell.known.is_none()];
        for (column, flag) in self.flags.iter_mut().zip(flags) {
            column.append_value(flag);
        }
        let values = [
            cell.given.or(cell.known).flatten(),
            cell.known.flatten(),
            stats.day_before.flatten(),
            stats.usual,
            stats.least,
            stats.most,
            stats.move_usual,
            stats.move_spread,
        ];
        for (column, value) in self.values.iter_mut().zip(values) {
            column.append_option(value);
        }
        self.counts[0].append_value(stats.n_days);
        self.counts[1].append_value(stats.n_weeks);
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(self.place.finish()), Arc::new(self.day.finish()), Arc::new(self.measure.finish())];
        columns.extend(self.flags.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        columns.extend(self.values.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        columns.extend(self.counts.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        RecordBatch::try_new(recent_schema(), columns)
    }
}

/// Columns of the table `recent`, a row a number:
///
/// - `place` (the key without its day), `day`, `measure` (name of the column), `running_total`;
/// - `is_given`: the edition gives the row; `is_new`: nothing was known of it;
/// - `value`: the edition's where it gives the row, else the known one; `known`: the known one;
/// - `day_before`: the value of the day before;
/// - of new rows only, over the four weeks before: `usual` (median of the same weekday), `least`, `most`, `move_usual`
///   (median move from the day before to the same weekday), `move_spread` (robust deviation of all moves from it),
///   `n_days` and `n_weeks` (how many values and weekly moves there were).
#[must_use]
pub(crate) fn recent_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let flag = |name| Field::new(name, DataType::Boolean, false);
    let number = |name| Field::new(name, DataType::Float64, true);
    let count = |name| Field::new(name, DataType::Int64, false);
    Arc::new(Schema::new(vec![
        text("place"),
        Field::new("day", DataType::Date32, true),
        text("measure"),
        flag("running_total"),
        flag("is_given"),
        flag("is_new"),
        number("value"),
        number("known"),
        number("day_before"),
        number("usual"),
        number("least"),
        number("most"),
        number("move_usual"),
        number("move_spread"),
        count("n_days"),
        count("n_weeks"),
    ]))
}

/// A place and day, all its numbers together.
struct Line {
    is_given: bool,
    is_new: bool,
    has_day_before: bool,
    repeats: bool,
    known_repeats: bool,
    largest: Option<f64>,
    fingerprint: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            is_given: false,
            is_new: false,
            has_day_before: false,
            repeats: true,
            known_repeats: true,
            largest: None,
            fingerprint: 0,
        }
    }
}

impl Line {
    fn add(&mut self, cell: Cell, stats: &Stats) {
        let value = cell.given.or(cell.known).flatten();
        self.is_given = cell.given.is_some();
        self.is_new = cell.known.is_none();
        self.has_day_before = stats.day_before.is_some();
        self.repeats &= stats.day_before == Some(value);
        self.known_repeats &= cell.known.is_some() && stats.known_day_before == cell.known;
        self.largest = value.map(f64::abs).into_iter().chain(self.largest).reduce(f64::max);
        self.fingerprint = hash(&format!("{:x} {value:?}", self.fingerprint));
    }
}

/// Columns of the table `recent_rows`, a row a place and day:
///
/// - `place`, `day`; `is_given`, `is_new` as in `recent`;
/// - `has_day_before`: the day before is there; `repeats`: every number is that of the day before; `known_repeats`: so it
///   was in what is known;
/// - `largest`: the largest number, sign left out; `fingerprint`: equal for equal numbers.
#[must_use]
pub(crate) fn recent_rows_schema() -> SchemaRef {
    let flag = |name| Field::new(name, DataType::Boolean, false);
    Arc::new(Schema::new(vec![
        Field::new("place", DataType::Utf8, false),
        Field::new("day", DataType::Date32, true),
        flag("is_given"),
        flag("is_new"),
        flag("has_day_before"),
        flag("repeats"),
        flag("known_repeats"),
        Field::new("largest", DataType::Float64, true),
        Field::new("fingerprint", DataType::Utf8, false),
    ]))
}

fn rows_table(names: &[&str], lines: &BTreeMap<(u32, i32), Line>) -> Result<RecordBatch, ArrowError> {
    let flag = |of: fn(&Line) -> bool| -> ArrayRef {
        Arc::new(lines.values().map(|line| Some(of(line))).collect::<BooleanArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(lines.keys().map(|(place, _)| Some(names[*place as usize])).collect::<StringArray>()),
        Arc::new(
            lines.keys().map(|(_, day)| Some(*day).filter(|day| *day != NO_DAY)).collect::<Date32Array>(),
        ),
        flag(|line| line.is_given),
        flag(|line| line.is_new),
        flag(|line| line.has_day_before),
        flag(|line| line.repeats),
        flag(|line| line.known_repeats),
        Arc::new(lines.values().map(|line| line.largest).collect::<Float64Array>()),
        Arc::new(
            lines.values().map(|line| Some(format!("{:016x}", line.fingerprint))).collect::<StringArray>(),
        ),
    ];
    RecordBatch::try_new(recent_rows_schema(), columns)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("the batch has no column {name:?}"));
    batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(missing)
}

/// 64-bit FNV-1a: the same places on every machine.
fn hash(text: &str) -> u64 {
    let mixed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mixed ^ (mixed >> 32) // the low bits alone depend on the low bits of the text
}
