//! Single cells of checked batches: compared, shown in a sentence, read as a figure.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};

/// Whether two cells of columns of one type hold the same; missing values are alike.
pub(crate) fn same(a: &ArrayRef, row: usize, b: &ArrayRef, other: usize) -> bool {
    match (a.is_null(row), b.is_null(other)) {
        (false, false) => {}
        (left, right) => return left == right,
    }
    match a.data_type() {
        DataType::Int64 => {
            a.as_primitive::<Int64Type>().value(row) == b.as_primitive::<Int64Type>().value(other)
        }
        DataType::Date32 => {
            a.as_primitive::<Date32Type>().value(row) == b.as_primitive::<Date32Type>().value(other)
        }
        DataType::Timestamp(..) => {
            a.as_primitive::<TimestampMicrosecondType>().value(row)
                == b.as_primitive::<TimestampMicrosecondType>().value(other)
        }
        DataType::Float64 => {
            a.as_primitive::<Float64Type>().value(row) == b.as_primitive::<Float64Type>().value(other)
        }
        DataType::Boolean => a.as_boolean().value(row) == b.as_boolean().value(other),
        _ => a.as_string::<i32>().value(row) == b.as_string::<i32>().value(other),
    }
}

/// A cell as shown in a sentence; nothing for a missing value.
pub(crate) fn shown(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Date32 => crate::dates::iso(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| at.to_string())
        }
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        _ => crate::say::shown(column.as_string::<i32>().value(row).as_bytes()),
    }
}

/// The figures of a numeric column, for running totals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures<'a>(&'a ArrayRef);

impl<'a> Figures<'a> {
    pub(crate) fn of(column: &'a ArrayRef) -> Self {
        Self(column)
    }

    pub(crate) fn at(self, row: usize) -> Option<f64> {
        if self.0.is_null(row) {
            return None;
        }
        match self.0.data_type() {
            DataType::Int64 => Some(self.0.as_primitive::<Int64Type>().value(row) as f64),
            DataType::Float64 => Some(self.0.as_primitive::<Float64Type>().value(row)),
            _ => None,
        }
    }
}
