//! `version()`: clients look there for the PostgreSQL whose ways are followed, people for the version of Vigie.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

/// The version of PostgreSQL whose catalogue and wire are spoken.
pub(crate) const POSTGRES: &str = "16.6";

pub(crate) fn function() -> ScalarUDF {
    let text = format!("PostgreSQL {POSTGRES} (Vigie {}, Apache DataFusion)", env!("CARGO_PKG_VERSION"));
    let value =
        Arc::new(move |_: &[ColumnarValue]| Ok(ColumnarValue::Scalar(ScalarValue::Utf8(Some(text.clone())))));
    create_udf("version", Vec::new(), DataType::Utf8, Volatility::Stable, value)
}
