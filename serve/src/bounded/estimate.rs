//! How large a result would be, function by function. An estimate is never far too small; where the largest thinkable
//! result would be refused, what is counted exactly decides.

use arrow::array::Array as _;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::sizes::{Numbers, Texts, element_width, integers, lengths, widths};
use super::{BATCH_MAX, VALUE_MAX};

/// The functions of the engine that grow, by name. Others give at most as much as their arguments together, or a little
/// more by a factor.
pub(super) const GROWING: &[(&str, Growth)] = &[
    ("repeat", Growth::Repeat),
    ("lpad", Growth::Pad),
    ("rpad", Growth::Pad),
    ("replace", Growth::Replace),
    ("regexp_replace", Growth::RegexpReplace),
    ("concat", Growth::Concat),
    ("concat_ws", Growth::ConcatWs),
    ("array_to_string", Growth::Join),
    ("array_repeat", Growth::ArrayRepeat),
    ("array_resize", Growth::ArrayResize),
    ("range", Growth::Series),
    ("generate_series", Growth::Series),
    ("arrow_cast", Growth::Fixed),
    ("arrow_try_cast", Growth::Fixed),
    ("to_char", Growth::Format),
];

/// How a function grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Growth {
    /// A text, so many times.
    Repeat,
    /// To so many characters.
    Pad,
    /// Each occurrence of one text by another.
    Replace,
    /// Each match by a text that may quote it.
    RegexpReplace,
    /// Texts one behind another: the same long text for each of thousands of rows.
    Concat,
    /// The same with a text between each.
    ConcatWs,
    /// The elements of a list with a text between each.
    Join,
    /// A value, so many times.
    ArrayRepeat,
    /// A list, to so many elements.
    ArrayResize,
    /// From, to, step.
    Series,
    /// To a type with a width of its own: known before any value.
    Fixed,
    /// Each part of a format by what it stands for.
    Format,
}

/// Bytes of a result.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Size {
    /// Of its largest value.
    pub(super) largest: u64,
    /// Of all values of the batch.
    pub(super) total: u64,
}

impl Size {
    fn is_within(self) -> bool {
        self.largest <= VALUE_MAX && self.total <= BATCH_MAX
    }
}

/// Bytes of the name of a day or a month, for the two of `%A`.
const FORMAT_FACTOR: u64 = 8;

/// Bytes of a number as text.
const NUMBER_BYTES: u64 = 20;

/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

impl Growth {
    /// The size that a call would give; none where it cannot be told.
    ///
    /// # Errors
    /// When an argument is not what the function takes, which it says itself then.
    pub(super) fn of(self, call: &ScalarFunctionArgs) -> Result<Option<Size>> {
        let arguments = &call.args;
        // Constants only: one value, whatever the number of rows.
        let is_constant = arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { call.number_rows };
        let sum = |bytes: &dyn Fn(usize) -> u64| {
            let mut size = Size::default();
            for row in 0..rows {
                let bytes = bytes(row);
                size.largest = size.largest.max(bytes);
                size.total = size.total.saturating_add(bytes);
            }
            Some(size)
        };
        Ok(match (self, arguments.as_slice()) {
            (Self::Repeat, [text, times]) => {
                let (text, times) = (lengths(text)?, integers(times)?);
                sum(&|row| text.size(row).saturating_mul(times.size(row)))
            }
            (Self::Pad, [text, width, ..]) => {
                let (text, width) = (lengths(text)?, integers(width)?);
                sum(&|row| text.size(row).max(width.size(row)))
            }
            (Self::Replace, [text, from, to]) => {
                let (bytes, old, new) = (lengths(text)?, lengths(from)?, lengths(to)?);
                let most = sum(&|row| {
                    let times = bytes.size(row) / old.size(row).max(1) + 1;
                    bytes.size(row).saturating_add(times.saturating_mul(new.size(row)))
                });
                if most.is_some_and(Size::is_within) {
                    return Ok(most);
                }
                let (text, from) = (Texts::of(text)?, Texts::of(from)?);
                sum(&|row| {
                    let times = text.at(row).matches(from.at(row)).count() as u64;
                    bytes.size(row).saturating_add(times.saturating_mul(new.size(row)))
                })
            }
            (Self::RegexpReplace, [text, _, to, flags @ ..]) => {
                let (bytes, new) = (lengths(text)?, lengths(to)?);
                let (to, flags) = (Texts::of(to)?, flags.first().map(Texts::of).transpose()?);
                sum(&|row| {
                    let length = bytes.size(row);
                    let is_global = flags.as_ref().is_some_and(|flags| flags.at(row).contains('g'));
                    // A match may be empty: there is one more place than there are characters.
                    let times = if is_global { length.saturating_add(1) } else { 1 };
                    // What is quoted of all matches together is as long as the text.
                    let quoted = to.at(row).matches(['\\', '$']).count() as u64;
                    length
                        .saturating_add(times.saturating_mul(new.size(row)))
                        .saturating_add(quoted.saturating_mul(length))
                })
            }
            (Self::Concat, texts) => {
                let texts = texts.iter().map(lengths).collect::<Result<Vec<Numbers>>>()?;
                sum(&|row| texts.iter().fold(0, |sum, text| text.size(row).saturating_add(sum)))
            }
            (Self::ConcatWs, [between, texts @ ..]) => {
                let between = lengths(between)?;
                let texts = texts.iter().map(lengths).collect::<Result<Vec<Numbers>>>()?;
                let gaps = texts.len().saturating_sub(1) as u64;
                sum(&|row| {
                    let gaps = between.size(row).saturating_mul(gaps);
                    texts.iter().fold(gaps, |sum, text| text.size(row).saturating_add(sum))
                })
            }
            (Self::Join, [list, between, more @ ..]) => {
                let (n, between) = (lengths(list)?, lengths(between)?);
                let missing = more.first().map(lengths).transpose()?;
                let element = u64::try_from(element_width(list)?).unwrap_or(0).max(NUMBER_BYTES);
                sum(&|row| {
                    let missing = missing.as_ref().map_or(0, |missing| missing.size(row));
                    let each = element.saturating_add(between.size(row)).saturating_add(missing);
                    n.size(row).saturating_mul(each)
                })
            }
            (Self::ArrayRepeat, [value, times]) => {
                let (value, times) = (widths(value)?, integers(times)?);
                sum(&|row| value.size(row).max(1).saturating_mul(times.size(row)))
            }
            (Self::ArrayResize, [list, n, fill @ ..]) => {
                let n = integers(n)?;
                let fill = fill.first().map(widths).transpose()?;
                let element = u64::try_from(element_width(list)?).unwrap_or(0).max(1);
                sum(&|row| {
                    let fill = fill.as_ref().map_or(0, |fill| fill.size(row));
                    n.size(row).saturating_mul(element.max(fill))
                })
            }
            (Self::Series, bounds) => return series(bounds, &sum),
            (Self::Format, [_, format]) => {
                let format = lengths(format)?;
                sum(&|row| format.size(row).saturating_mul(FORMAT_FACTOR))
            }
            _ => None,
        })
    }
}

type Sum<'a> = dyn Fn(&dyn Fn(usize) -> u64) -> Option<Size> + 'a;

/// Eight bytes for each step from the first to the last.
fn series(bounds: &[ColumnarValue], sum: &Sum<'_>) -> Result<Option<Size>> {
    let is_time = bounds.iter().any(|bound| !bound.data_type().is_integer() && !bound.data_type().is_null());
    let bytes = |from: i128, to: i128, step: i128| {
        let n = (to - from) / if step == 0 { 1 } else { step };
        u64::try_from(n.max(0)).unwrap_or(u64::MAX).saturating_mul(8)
    };
    if !is_time {
        let (from, to, step) = match bounds {
            [to] => (Numbers::All(0), integers(to)?, Numbers::All(1)),
            [from, to] => (integers(from)?, integers(to)?, Numbers::All(1)),
            [from, to, step, ..] => (integers(from)?, integers(to)?, integers(step)?),
            [] => return Ok(None),
        };
        return Ok(sum(&|row| bytes(from.at(row).into(), to.at(row).into(), step.at(row).into())));
    }
    let [from, to, step] = bounds else { return Ok(None) };
    let (from, to, step) = (times(from)?, times(to)?, steps(step)?);
    Ok(sum(&|row| bytes(from(row), to(row), step(row))))
}

type At = Box<dyn Fn(usize) -> i128>;

/// Dates and times, in nanoseconds.
fn times(argument: &ColumnarValue) -> Result<At> {
    let unit: i128 = match argument.data_type() {
        DataType::Date32 | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DAY,
        DataType::Date64 => 1_000_000,
        DataType::Timestamp(unit, _) => match unit {
            arrow::datatypes::TimeUnit::Second => 1_000_000_000,
            arrow::datatypes::TimeUnit::Millisecond => 1_000_000,
            arrow::datatypes::TimeUnit::Microsecond => 1_000,
            arrow::datatypes::TimeUnit::Nanosecond => 1,
        },
        _ => 1,
    };
    let is_text = matches!(argument.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let time = if is_text { argument.cast_to(&DataType::Date32, None)? } else { argument.clone() };
    let whole = if matches!(time.data_type(), DataType::Date32) { DataType::Int32 } else { DataType::Int64 };
    let whole = integers(&time.cast_to(&whole, None)?)?;
    Ok(Box::new(move |row| i128::from(whole.at(row)) * unit))
}

/// Steps between times, in nanoseconds, rather too short than too long.
fn steps(argument: &ColumnarValue) -> Result<At> {
    use arrow::array::AsArray as _;
    let kind = DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano);
    let cast = argument.cast_to(&kind, None)?;
    let (array, is_constant) = match cast {
        ColumnarValue::Array(array) => (array, false),
        ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
    };
    Ok(Box::new(move |row| {
        let steps = array.as_primitive::<arrow::datatypes::IntervalMonthDayNanoType>();
        let row = if is_constant { 0 } else { row };
        if row >= steps.len() || steps.is_null(row) {
            return 1;
        }
        let step = steps.value(row);
        i128::from(step.months) * 28 * DAY + i128::from(step.days) * DAY + i128::from(step.nanoseconds)
    }))
}

/// Bytes that every value of a type takes, whatever it holds.
pub(super) fn fixed_width(kind: &DataType) -> u64 {
    match kind {
        DataType::FixedSizeBinary(bytes) => u64::try_from(*bytes).unwrap_or(0),
        DataType::FixedSizeList(field, n) => {
            u64::try_from(*n).unwrap_or(0).saturating_mul(fixed_width(field.data_type()).max(1))
        }
        DataType::Struct(fields) => {
            fields.iter().fold(0, |sum, field| fixed_width(field.data_type()).saturating_add(sum))
        }
        DataType::List(field) | DataType::LargeList(field) => fixed_width(field.data_type()),
        kind => kind.primitive_width().unwrap_or(0) as u64,
    }
}
