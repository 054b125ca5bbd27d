//! Sizes of arguments, a value at a time, without copying any.

use arrow::array::{Array, ArrayRef, AsArray as _, Int64Array};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;

/// A number for each row.
#[derive(Debug)]
pub(super) enum Numbers {
    /// The same for all.
    All(i64),
    /// One for each; a missing value counts as nothing.
    Each(Int64Array),
}

impl Numbers {
    pub(super) fn at(&self, row: usize) -> i64 {
        match self {
            Self::All(number) => *number,
            Self::Each(numbers) if row < numbers.len() && numbers.is_valid(row) => numbers.value(row),
            Self::Each(_) => 0,
        }
    }

    /// As a size.
    pub(super) fn size(&self, row: usize) -> u64 {
        u64::try_from(self.at(row)).unwrap_or(0)
    }
}

/// The array behind an argument: of one row for a constant.
fn array(argument: &ColumnarValue) -> Result<(ArrayRef, bool)> {
    Ok(match argument {
        ColumnarValue::Array(array) => (array.clone(), false),
        ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
    })
}

fn numbers(array: &ArrayRef, is_constant: bool) -> Result<Numbers> {
    let whole = cast(array, &DataType::Int64)?;
    let whole = whole.as_primitive::<Int64Type>().clone();
    let numbers = Numbers::Each(whole);
    Ok(if is_constant { Numbers::All(numbers.at(0)) } else { numbers })
}

/// Whole numbers.
pub(super) fn integers(argument: &ColumnarValue) -> Result<Numbers> {
    let (array, is_constant) = array(argument)?;
    numbers(&array, is_constant)
}

/// Bytes of texts, elements of lists. Nothing for what is neither.
pub(super) fn lengths(argument: &ColumnarValue) -> Result<Numbers> {
    if let ColumnarValue::Scalar(
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text),
    ) = argument
    {
        // Without copying it into an array.
        let bytes = text.as_ref().map_or(0, String::len);
        return Ok(Numbers::All(i64::try_from(bytes).unwrap_or(i64::MAX)));
    }
    let (array, is_constant) = array(argument)?;
    match length(array.as_ref()) {
        Ok(lengths) => numbers(&lengths, is_constant),
        Err(_) => Ok(Numbers::All(0)),
    }
}

/// Bytes of a value, about: of lists by the mean of their elements.
pub(super) fn widths(argument: &ColumnarValue) -> Result<Numbers> {
    let (array, is_constant) = array(argument)?;
    widths_of(&array, is_constant)
}

fn widths_of(array: &ArrayRef, is_constant: bool) -> Result<Numbers> {
    if let Some(width) = array.data_type().primitive_width() {
        return Ok(Numbers::All(i64::try_from(width).unwrap_or(i64::MAX)));
    }
    let element = match array.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary => 1,
        DataType::List(_) => mean_width(array.as_list::<i32>().values()),
        DataType::LargeList(_) => mean_width(array.as_list::<i64>().values()),
        _ => return Ok(Numbers::All(mean_width(array))),
    };
    let lengths = numbers(&length(array.as_ref())?, false)?;
    let Numbers::Each(lengths) = lengths else { return Ok(lengths) };
    let bytes = Numbers::Each(lengths.unary(|length| length.saturating_mul(element).saturating_add(8)));
    Ok(if is_constant { Numbers::All(bytes.at(0)) } else { bytes })
}

fn mean_width(array: &ArrayRef) -> i64 {
    let width = array.get_array_memory_size().div_ceil(array.len().max(1));
    i64::try_from(width).unwrap_or(i64::MAX).max(1)
}

/// Bytes of an element of each list, about.
pub(super) fn element_width(argument: &ColumnarValue) -> Result<i64> {
    let (array, _) = array(argument)?;
    let values = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().values(),
        DataType::LargeList(_) => array.as_list::<i64>().values(),
        _ => return Ok(1),
    };
    let width = values.data_type().primitive_width().and_then(|width| i64::try_from(width).ok());
    Ok(width.unwrap_or_else(|| mean_width(values)))
}

/// Texts, for what only their content tells.
pub(super) struct Texts(ArrayRef, bool);

impl Texts {
    pub(super) fn of(argument: &ColumnarValue) -> Result<Self> {
        let (array, is_constant) = array(argument)?;
        Ok(Self(cast(&array, &DataType::LargeUtf8)?, is_constant))
    }

    pub(super) fn at(&self, row: usize) -> &str {
        let texts = self.0.as_string::<i64>();
        let row = if self.1 { 0 } else { row };
        if row < texts.len() && texts.is_valid(row) { texts.value(row) } else { "" }
    }
}
