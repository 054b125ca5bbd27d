//! Statistical disclosure control of the table `indicators`: a value that rests on a few people is hidden, and as many
//! others as it takes that nobody finds it by subtraction.
//!
//! A **cell** is one count of people at one place and time ([`PeopleCount`]). Cells from 1 to the threshold (excluded) are
//! hidden. Then, until nothing changes:
//!
//! - where a region (or the country) is shown, either none of its parts is hidden, or at least two that together reach the
//!   threshold; where it is hidden, so is one of its parts: the smallest ones follow;
//! - the same people counted under two names, or by a day and by its week, are hidden together.
//!
//! A value is hidden when one of its cells is. A reader cannot tell which cells were small and which ones hide them. Zeros
//! are shown unless they are needed to hide others. Source: the threshold of 11 patients for public outputs of French
//! health data (SNDS), and *Handbook on Statistical Disclosure Control*, chapter 4 (Eurostat).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{Date32Type, Float64Type};
use vigie_queries::{PeopleCount, Query, Vocabulary, Week};

use crate::Error;

/// The status of a hidden value.
pub const SUPPRESSED: &str = "suppressed";
/// Its reason.
const REASON: &str = "secret statistique";
/// From a Monday to the Sunday whose value stands for the week.
const TO_SUNDAY: i32 = 6;

/// The rows of `indicators` (its columns, in any order, others beside them) with small cells hidden.
///
/// `regions` gives the region of each department. A numerator or denominator that is not known to be a harmless count is
/// left out wherever its indicator rests on people.
///
/// # Errors
/// [`Error::Arrow`] when a column is missing or of another type.
pub fn hide_small_cells(
    vocabulary: &Vocabulary,
    regions: &BTreeMap<String, String>,
    batches: &[RecordBatch],
    threshold: u32,
) -> Result<Vec<RecordBatch>, Error> {
    let read: Vec<Rows<'_>> = batches.iter().map(Rows::of).collect::<Result<_, _>>()?;
    let mut cells = Cells::new(vocabulary);
    for rows in &read {
        (0..rows.len()).for_each(|row| cells.add_counts(rows, row));
    }
    for rows in &read {
        (0..rows.len()).for_each(|row| cells.link_names(rows, row));
    }
    cells.link_weeks();
    let groups = cells.groups(regions);
    hide(&mut cells.found, &groups, &cells.links, f64::from(threshold));
    read.iter().map(|rows| rows.without(&cells)).collect()
}

/// One count of people.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    count: f64,
    hidden: bool,
}

/// A whole and its parts, as places of cells.
struct Group {
    whole: usize,
    parts: Vec<usize>,
}

/// Hides cells until none can be found from the others.
fn hide(cells: &mut [Cell], groups: &[Group], links: &[(usize, usize)], threshold: f64) {
    for cell in cells.iter_mut() {
        cell.hidden = cell.count > 0.0 && cell.count < threshold;
    }
    loop {
        let before = cells.iter().filter(|cell| cell.hidden).count();
        for (left, right) in links {
            let either = cells[*left].hidden || cells[*right].hidden;
            (cells[*left].hidden, cells[*right].hidden) = (either, either);
        }
        for group in groups {
            hide_in(cells, group, threshold);
        }
        if cells.iter().filter(|cell| cell.hidden).count() == before {
            return;
        }
    }
}

fn hide_in(cells: &mut [Cell], group: &Group, threshold: f64) {
    // Those that may follow, the smallest first, zeros last: they hide nothing that is known to be positive.
    let mut shown: Vec<usize> = group.parts.iter().copied().filter(|part| !cells[*part].hidden).collect();
    shown.sort_by(|left, right| {
        let (left, right) = (cells[*left].count, cells[*right].count);
        (left == 0.0).cmp(&(right == 0.0)).then(left.total_cmp(&right))
    });
    let mut shown = shown.into_iter();
    let mut hidden: Vec<f64> = group
        .parts
        .iter()
        .map(|part| cells[*part])
        .filter(|cell| cell.hidden)
        .map(|cell| cell.count)
        .collect();
    let is_found = |hidden: &[f64], whole_hidden: bool| match whole_hidden {
        true => hidden.is_empty(),
        false => hidden.len() == 1 || (!hidden.is_empty() && hidden.iter().sum::<f64>() < threshold),
    };
    while is_found(&hidden, cells[group.whole].hidden) {
        match shown.next() {
            Some(next) => {
                cells[next].hidden = true;
                hidden.push(cells[next].count);
            }
            None if cells[group.whole].hidden => return, // it has no parts
            None => cells[group.whole].hidden = true,
        }
    }
}

/// Which of the counts of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Part {
    Value,
    Numerator,
    Denominator,
}

/// Where a cell is: the indicator and its part, the rest of the key but the place, the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct At {
    family: (u32, Part),
    category: u32,
    is_week: bool,
    day: i32,
    place: u32,
}

/// All cells, and how they hang together.
struct Cells<'a> {
    queries: BTreeMap<&'a str, (u32, &'a Query)>,
    /// Indicators whose value is a count of people that some indicator rests on.
    counted: Vec<bool>,
    /// Numbers of categories (`=…`) and places (`kind:code`).
    words: BTreeMap<String, u32>,
    /// Kind and code of a place, by its number; nothing at those of categories.
    places: Vec<(String, String)>,
    at: BTreeMap<At, usize>,
    found: Vec<Cell>,
    links: Vec<(usize, usize)>,
}

impl<'a> Cells<'a> {
    fn new(vocabulary: &'a Vocabulary) -> Self {
        let queries: BTreeMap<&str, (u32, &Query)> = (0..)
            .zip(vocabulary.queries())
            .map(|(number, query)| (query.id.as_str(), (number, query)))
            .collect();
        let mut counted = vec![false; queries.len()];
        for query in vocabulary.queries() {
            for count in &query.people {
                if let PeopleCount::Value { indicator, .. } = count
                    && let Some((number, _)) = queries.get(indicator.as_str())
                {
                    counted[*number as usize] = true;
                }
            }
        }
        let (at, words) = (BTreeMap::new(), BTreeMap::new());
        Self { queries, counted, words, places: Vec::new(), at, found: Vec::new(), links: Vec::new() }
    }

    fn word(&mut self, text: &str) -> u32 {
        if let Some(known) = self.words.get(text) {
            return *known;
        }
        let next = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.insert(text.to_owned(), next);
        next
    }

    /// Takes in the category and the place of a row.
    fn meet(&mut self, rows: &Rows<'_>, row: usize) {
        let (kind, code) = (rows.geo_type.value(row), rows.geo_value.value(row));
        self.word(&format!("={}", rows.category.value(row)));
        let place = self.word(&format!("{kind}:{code}")) as usize;
        if self.places.len() <= place {
            self.places.resize(place + 1, Default::default());
        }
        self.places[place] = (kind.to_owned(), code.to_owned());
    }

    fn at(&self, family: (u32, Part), rows: &Rows<'_>, row: usize) -> Option<At> {
        let place = format!("{}:{}", rows.geo_type.value(row), rows.geo_value.value(row));
        Some(At {
            family,
            category: *self.words.get(&format!("={}", rows.category.value(row)))?,
            is_week: rows.time_type.value(row) == "week",
            day: rows.days[row],
            place: *self.words.get(&place)?,
        })
    }

    /// The counts that a row itself carries.
    fn add_counts(&mut self, rows: &Rows<'_>, row: usize) {
        let Some((number, query)) = self.queries.get(rows.indicator.value(row)).copied() else { return };
        let mut parts = Vec::new();
        if self.counted[number as usize] {
            parts.push((Part::Value, rows.value(row)));
        }
        if query.people.contains(&PeopleCount::Numerator) {
            parts.push((Part::Numerator, rows.numerator(row)));
        }
        if query.people.contains(&PeopleCount::Denominator) {
            parts.push((Part::Denominator, rows.denominator(row)));
        }
        self.meet(rows, row);
        for (part, count) in parts {
            let (Some(count), Some(at)) = (count, self.at((number, part), rows, row)) else { continue };
            self.at.insert(at, self.found.len());
            self.found.push(Cell { count, hidden: false });
        }
    }

    /// The cells of a row, and the values of other indicators it rests on that are not known.
    fn of(&self, rows: &Rows<'_>, row: usize) -> (Vec<usize>, bool) {
        let Some((number, query)) = self.queries.get(rows.indicator.value(row)).copied() else {
            return (Vec::new(), false);
        };
        let (mut cells, mut unknown) = (Vec::new(), false);
        for count in &query.people {
            let at = match count {
                PeopleCount::Numerator => self.at((number, Part::Numerator), rows, row),
                PeopleCount::Denominator => self.at((number, Part::Denominator), rows, row),
                PeopleCount::Value { indicator, days_before } => {
                    let family =
                        self.queries.get(indicator.as_str()).map(|(number, _)| (*number, Part::Value));
                    family
                        .and_then(|family| self.at(family, rows, row))
                        .map(|at| At { day: at.day - i32::from(*days_before), ..at })
                }
            };
            match at.and_then(|at| self.at.get(&at)) {
                Some(cell) => cells.push(*cell),
                None => unknown |= matches!(count, PeopleCount::Value { .. }),
            }
        }
        // Its own numerator tells as much as the count it is named after.
        (cells, unknown && !query.people.contains(&PeopleCount::Numerator))
    }

    /// A numerator that is the value of another indicator: the same people.
    fn link_names(&mut self, rows: &Rows<'_>, row: usize) {
        let Some((number, query)) = self.queries.get(rows.indicator.value(row)).copied() else { return };
        if !query.people.contains(&PeopleCount::Numerator) {
            return;
        }
        let own = self.at((number, Part::Numerator), rows, row).and_then(|at| self.at.get(&at)).copied();
        let (cells, _) = self.of(rows, row);
        if let Some(own) = own {
            let same = |cell: &usize| *cell != own && self.found[*cell].count == self.found[own].count;
            let links: Vec<(usize, usize)> = cells.into_iter().filter(same).map(|cell| (own, cell)).collect();
            self.links.extend(links);
        }
    }

    /// The value of a week is that of its Sunday, or the sum of its days: whoever knows six of them knows the seventh.
    fn link_weeks(&mut self) {
        let is_summed: BTreeMap<u32, bool> = self
            .queries
            .values()
            .map(|(number, query)| (*number, matches!(query.week, Some(Week::Ratio | Week::Sum))))
            .collect();
        let weeks = self.at.iter().filter(|(at, _)| at.is_week);
        let links: Vec<(usize, usize)> = weeks
            .flat_map(|(at, cell)| {
                let first = if is_summed.get(&at.family.0) == Some(&true) { 0 } else { TO_SUNDAY };
                (first..=TO_SUNDAY).filter_map(|day| {
                    let day = At { is_week: false, day: at.day + day, ..*at };
                    Some((*cell, *self.at.get(&day)?))
                })
            })
            .collect();
        self.links.extend(links);
    }

    /// Regions with their departments, the country with its regions; in order of key, so that each run hides the same.
    fn groups(&self, regions: &BTreeMap<String, String>) -> Vec<Group> {
        let whole_of = |place: u32| -> Option<u32> {
            let (kind, code) = self.places.get(place as usize)?;
            let whole = match kind.as_str() {
                "department" => format!("region:{}", regions.get(code)?),
                "region" => {
                    return self
                        .places
                        .iter()
                        .position(|(kind, _)| kind == "country")
                        .and_then(|at| u32::try_from(at).ok());
                }
                _ => return None,
            };
            self.words.get(&whole).copied()
        };
        let whole_of: Vec<Option<u32>> =
            (0..self.places.len()).map(|place| u32::try_from(place).ok().and_then(whole_of)).collect();
        let code = |cell: &At| self.places[cell.place as usize].clone();
        let mut parts: BTreeMap<At, Vec<(At, usize)>> = BTreeMap::new();
        for (at, cell) in &self.at {
            if let Some(whole) = whole_of[at.place as usize] {
                parts.entry(At { place: whole, ..*at }).or_default().push((*at, *cell));
            }
        }
        let mut groups = Vec::with_capacity(parts.len());
        for (whole, mut parts) in parts {
            if let Some(whole) = self.at.get(&whole) {
                parts.sort_by_key(|(at, _)| code(at));
                groups
                    .push(Group { whole: *whole, parts: parts.into_iter().map(|(_, cell)| cell).collect() });
            }
        }
        groups
    }
}

/// The columns of a batch of `indicators`.
struct Rows<'a> {
    batch: &'a RecordBatch,
    indicator: &'a StringArray,
    category: &'a StringArray,
    geo_type: &'a StringArray,
    geo_value: &'a StringArray,
    time_type: &'a StringArray,
    days: &'a [i32],
    value: &'a Float64Array,
    numerator: &'a Float64Array,
    denominator: &'a Float64Array,
}

fn at(array: &Float64Array, row: usize) -> Option<f64> {
    array.is_valid(row).then(|| array.value(row))
}

fn shape(what: String) -> Error {
    Error::Arrow { what: "indicators".into(), source: arrow::error::ArrowError::SchemaError(what) }
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| shape(format!("no column {name:?}")));
        let text = |name: &str| {
            let found = column(name)?.as_string_opt::<i32>();
            found.ok_or_else(|| shape(format!("column {name:?} is no text")))
        };
        let number = |name: &str| {
            let found = column(name)?.as_primitive_opt::<Float64Type>();
            found.ok_or_else(|| shape(format!("column {name:?} is no number")))
        };
        let days = column("time_value")?.as_primitive_opt::<Date32Type>();
        Ok(Self {
            batch,
            indicator: text("indicator")?,
            category: text("category")?,
            geo_type: text("geo_type")?,
            geo_value: text("geo_value")?,
            time_type: text("time_type")?,
            days: days.ok_or_else(|| shape("column \"time_value\" is no date".into()))?.values(),
            value: number("value")?,
            numerator: number("numerator")?,
            denominator: number("denominator")?,
        })
    }

    fn len(&self) -> usize {
        self.batch.num_rows()
    }

    fn value(&self, row: usize) -> Option<f64> {
        at(self.value, row)
    }

    fn numerator(&self, row: usize) -> Option<f64> {
        at(self.numerator, row)
    }

    fn denominator(&self, row: usize) -> Option<f64> {
        at(self.denominator, row)
    }

    /// The batch with what must be hidden left out.
    fn without(&self, cells: &Cells<'_>) -> Result<RecordBatch, Error> {
        let n = self.len();
        let mut values: Vec<Option<f64>> = (0..n).map(|row| self.value(row)).collect();
        let mut numerators: Vec<Option<f64>> = (0..n).map(|row| self.numerator(row)).collect();
        let mut denominators: Vec<Option<f64>> = (0..n).map(|row| self.denominator(row)).collect();
        let mut is_hidden = vec![false; n];
        for row in 0..n {
            let Some((_, query)) = cells.queries.get(self.indicator.value(row)) else { continue };
            if query.people.is_empty() {
                continue;
            }
            let (own, unknown) = cells.of(self, row);
            let is_small = unknown || own.iter().any(|cell| cells.found[*cell].hidden);
            if is_small {
                is_hidden[row] = values[row].is_some();
                (values[row], numerators[row], denominators[row]) = (None, None, None);
                continue;
            }
            let is_count = |number: Option<f64>| {
                number.is_none_or(|number| own.iter().any(|cell| cells.found[*cell].count == number))
            };
            // What the value and a shown numerator already tell.
            let is_told = values[row].zip(numerators[row]).zip(denominators[row]).is_some_and(
                |((value, numerator), denominator)| {
                    let ratio = numerator / denominator;
                    let is_ratio =
                        |factor: f64| (value - factor * ratio).abs() <= 1e-9 * value.abs().max(1e-12);
                    is_count(Some(numerator)) && [1.0, 10_000.0, 100_000.0].into_iter().any(is_ratio)
                },
            );
            if !is_count(denominators[row]) && !is_told {
                denominators[row] = None;
            }
            if !is_count(numerators[row]) {
                numerators[row] = None;
            }
        }
        let marked = |name: &str, mark: &str| -> Option<ArrayRef> {
            let texts = self.batch.column_by_name(name)?.as_string_opt::<i32>()?;
            let pick = |row: usize| match is_hidden[row] {
                true => Some(mark),
                false => texts.is_valid(row).then(|| texts.value(row)),
            };
            Some(Arc::new((0..n).map(pick).collect::<StringArray>()))
        };
        let mut columns = self.batch.columns().to_vec();
        for (place, field) in self.batch.schema().fields().iter().enumerate() {
            let numbers = |from: &mut Vec<Option<f64>>| -> ArrayRef {
                Arc::new(Float64Array::from(std::mem::take(from)))
            };
            let changed = match field.name().as_str() {
                "value" => Some(numbers(&mut values)),
                "numerator" => Some(numbers(&mut numerators)),
                "denominator" => Some(numbers(&mut denominators)),
                // What some of the places give together tells what a hidden one among them does.
                "value_without" => Some(new_null_array(field.data_type(), n)),
                "status" => marked("status", SUPPRESSED),
                "missing_reason" => marked("missing_reason", REASON),
                _ => None,
            };
            if let Some(changed) = changed {
                columns[place] = changed;
            }
        }
        let arrow = |source| Error::Arrow { what: "indicators".into(), source };
        RecordBatch::try_new(self.batch.schema(), columns).map_err(arrow)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators_schema;

    /// What an attacker finds who knows the shown cells and that wholes are sums of parts: unknowns that Gauss's
    /// elimination leaves alone in an equation.
    fn found_by_elimination(cells: &[Cell], groups: &[Group]) -> Vec<usize> {
        let unknown: Vec<usize> = (0..cells.len()).filter(|cell| cells[*cell].hidden).collect();
        let column = |cell: usize| unknown.iter().position(|other| *other == cell);
        let mut matrix: Vec<Vec<f64>> = groups
            .iter()
            .map(|group| {
                let mut line = vec![0.0; unknown.len()];
                if let Some(at) = column(group.whole) {
                    line[at] -= 1.0;
                }
                for part in &group.parts {
                    if let Some(at) = column(*part) {
                        line[at] += 1.0;
                    }
                }
                line
            })
            .collect();
        let mut rank = 0;
        for at in 0..unknown.len() {
            let Some(pivot) = (rank..matrix.len()).find(|line| matrix[*line][at].abs() > 1e-9) else {
                continue;
            };
            matrix.swap(rank, pivot);
            let scale = matrix[rank][at];
            matrix[rank].iter_mut().for_each(|number| *number /= scale);
            for line in 0..matrix.len() {
                if line != rank && matrix[line][at].abs() > 1e-9 {
                    let factor = matrix[line][at];
                    let pivot = matrix[rank].clone();
                    matrix[line].iter_mut().zip(&pivot).for_each(|(number, pivot)| *number -= factor * pivot);
                }
            }
            rank += 1;
        }
        matrix
            .iter()
            .filter_map(|line| {
                let filled: Vec<usize> = (0..line.len()).filter(|at| line[*at].abs() > 1e-9).collect();
                (filled.len() == 1).then(|| unknown[filled[0]])
            })
            .collect()
    }

    /// A country of regions of departments: cells and groups.
    fn tree(regions: &[Vec<u32>]) -> (Vec<Cell>, Vec<Group>) {
        let cell = |count: u32| Cell { count: f64::from(count), hidden: false };
        let mut cells = vec![cell(regions.iter().flatten().sum())];
        let (mut groups, mut wholes) = (Vec::new(), Vec::new());
        for parts in regions {
            let whole = cells.len();
            cells.push(cell(parts.iter().sum()));
            groups.push(Group { whole, parts: (whole + 1..=whole + parts.len()).collect() });
            cells.extend(parts.iter().map(|count| cell(*count)));
            wholes.push(whole);
        }
        groups.push(Group { whole: 0, parts: wholes });
        (cells, groups)
    }

    #[test]
    fn the_smallest_neighbour_hides_a_small_cell() {
        let check = |regions: &[Vec<u32>], expected: &[usize]| {
            let (mut cells, groups) = tree(regions);
            hide(&mut cells, &groups, &[], 11.0);
            let hidden: Vec<usize> = (0..cells.len()).filter(|cell| cells[*cell].hidden).collect();
            assert_eq!(hidden, expected, "{regions:?}");
        };
        // Country 0; region 1 with 2, 3, 4; region 5 with 6, 7.
        check(&[vec![40, 30, 20], vec![15, 12]], &[]);
        check(&[vec![40, 30, 5], vec![15, 12]], &[3, 4]); // 30 hides 5
        check(&[vec![40, 6, 5], vec![15, 12]], &[3, 4]); // 11 together: enough
        check(&[vec![40, 3, 5], vec![15, 12]], &[2, 3, 4]); // 8 together would each be known within a few
        check(&[vec![40, 0, 5], vec![15, 12]], &[2, 4]); // a zero hides nothing
        // A region of one department is that department; another region hides it, and one of its own parts.
        check(&[vec![4], vec![15, 12], vec![30, 31]], &[1, 2, 3, 5]);
    }

    proptest! {
        #[test]
        fn nobody_finds_a_hidden_cell(
            regions in prop::collection::vec(prop::collection::vec(0_u32..40, 1..6), 1..6),
            threshold in 2_u32..20,
        ) {
            let (mut cells, groups) = tree(&regions);
            hide(&mut cells, &groups, &[], f64::from(threshold));
            let found = found_by_elimination(&cells, &groups);
            prop_assert!(found.is_empty(), "{found:?} of {cells:?}");
            for cell in &cells {
                prop_assert!(cell.hidden || cell.count == 0.0 || cell.count >= f64::from(threshold));
            }
        }
    }

    /// Rows of one day: indicator, place, value, numerator, denominator.
    type Row<'a> = (&'a str, &'a str, &'a str, Option<f64>, Option<f64>, Option<f64>);

    fn batch(rows: &[(Row<'_>, &str, i32)]) -> RecordBatch {
        let text = |of: &dyn Fn(usize) -> String| -> ArrayRef {
            Arc::new((0..rows.len()).map(|row| Some(of(row))).collect::<StringArray>())
        };
        let number = |of: &dyn Fn(usize) -> Option<f64>| -> ArrayRef {
            Arc::new((0..rows.len()).map(of).collect::<Float64Array>())
        };
        let columns: Vec<ArrayRef> = vec![
            text(&|row| rows[row].0.0.to_owned()),
            text(&|_| String::new()),
            text(&|row| rows[row].0.1.to_owned()),
            text(&|row| rows[row].0.2.to_owned()),
            text(&|row| rows[row].1.to_owned()),
            Arc::new(arrow::array::Date32Array::from_iter_values(rows.iter().map(|row| row.2))),
            number(&|row| rows[row].0.3),
            number(&|row| rows[row].0.4),
            number(&|row| rows[row].0.5),
            text(&|_| "ok".to_owned()),
            Arc::new(StringArray::new_null(rows.len())),
            text(&|_| "d".to_owned()),
            number(&|_| None),
            Arc::new(StringArray::new_null(rows.len())),
            number(&|_| None),
        ];
        RecordBatch::try_new(indicators_schema(), columns).unwrap()
    }

    #[test]
    fn what_rests_on_a_hidden_count_is_hidden_with_it() {
        let vocabulary = Vocabulary::embedded().unwrap();
        let regions =
            [("31", "76"), ("32", "76"), ("65", "76")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let count = |id, kind, code, n: f64| (id, kind, code, Some(n), Some(n), None);
        let (sunday, monday) = (18_553, 18_547); // 18 and 12 October 2020
        let rows = [
            (count("cases_7d", "department", "31", 200.0), "day", sunday),
            (count("cases_7d", "department", "32", 5.0), "day", sunday),
            (count("cases_7d", "department", "65", 20.0), "day", sunday),
            (count("cases_7d", "region", "76", 225.0), "day", sunday),
            (count("tests_7d", "department", "31", 2000.0), "day", sunday),
            (count("tests_7d", "department", "65", 400.0), "day", sunday),
            (("positivity_7d", "department", "31", Some(0.1), Some(200.0), Some(2000.0)), "day", sunday),
            (("positivity_7d", "department", "65", Some(0.05), Some(20.0), Some(400.0)), "day", sunday),
            (
                ("incidence_7d_per_100k", "department", "31", Some(20.0), Some(200.0), Some(1e6)),
                "day",
                sunday,
            ),
            (("incidence_7d_per_100k", "department", "32", Some(2.5), Some(5.0), Some(2e5)), "day", sunday),
            // The week of that Sunday, and the change that needs both.
            (count("cases_7d", "department", "65", 20.0), "week", monday),
            (("cases_7d_change", "department", "65", Some(1.0), Some(10.0), Some(10.0)), "day", sunday + 7),
            // Not about people.
            (("icu_occupancy_initial", "department", "31", None, None, Some(100.0)), "day", sunday),
            (count("centres_open", "department", "31", 2.0), "day", sunday),
            // Deaths come with running totals, whose difference between two days tells the deaths of a hidden week.
            (("deaths_7d", "department", "31", Some(30.0), Some(900.0), Some(870.0)), "day", sunday),
        ];
        let out = hide_small_cells(&vocabulary, &regions, &[batch(&rows)], 11).unwrap();
        let value: &Float64Array = out[0].column(6).as_primitive();
        let shown: Vec<bool> = (0..rows.len()).map(|row| value.is_valid(row)).collect();
        let expected =
            [true, false, false, true, true, true, true, false, true, false, false, false, false, true, true];
        assert_eq!(shown, expected);
        let status = out[0].column(9).as_string::<i32>();
        assert_eq!((status.value(1), status.value(0), status.value(12)), (SUPPRESSED, "ok", "ok"));
        assert_eq!(out[0].column(10).as_string::<i32>().value(2), REASON);
        let (numerator, denominator): (&Float64Array, &Float64Array) =
            (out[0].column(7).as_primitive(), out[0].column(8).as_primitive());
        assert!(numerator.is_null(1) && numerator.is_null(14) && denominator.is_null(14));
        assert_eq!((numerator.value(6), denominator.value(6), denominator.value(8)), (200.0, 2000.0, 1e6));
    }
}
