//! Functions that clients of PostgreSQL call when they connect or look at tables, and that the engine does not bring.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

/// The version of PostgreSQL whose catalogue and wire are spoken.
pub(crate) const POSTGRES: &str = "16.6";

pub(crate) fn functions() -> Vec<ScalarUDF> {
    let version = format!("PostgreSQL {POSTGRES} (Vigie {}, Apache DataFusion)", env!("CARGO_PKG_VERSION"));
    vec![
        // Clients read the version of PostgreSQL there, people that of Vigie.
        constant("version", Vec::new(), ScalarValue::Utf8(Some(version))),
        // There are no types of extensions: whichever a client looks for is not there.
        constant("to_regtype", vec![DataType::Utf8], ScalarValue::Int32(None)),
        // Comments are in the tables of the catalogue.
        constant("obj_description", vec![DataType::Int32, DataType::Utf8], ScalarValue::Utf8(None)),
        constant("shobj_description", vec![DataType::Int32, DataType::Utf8], ScalarValue::Utf8(None)),
        constant("col_description", vec![DataType::Int32, DataType::Int32], ScalarValue::Utf8(None)),
    ]
}

fn constant(name: &str, arguments: Vec<DataType>, value: ScalarValue) -> ScalarUDF {
    let kind = value.data_type();
    let value = Arc::new(move |_: &[ColumnarValue]| Ok(ColumnarValue::Scalar(value.clone())));
    create_udf(name, arguments, kind, Volatility::Stable, value)
}
