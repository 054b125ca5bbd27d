//! Rows of small tables to and from plain structs, through Arrow's own JSON reader and writer.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use arrow::json::writer::{JsonArray, WriterBuilder};
use datafusion::prelude::SessionContext;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Runs a query and reads each row as a `T`, whose fields are named like the columns.
///
/// # Errors
/// [`Error::Query`]; [`Error::Failed`] when a row does not fit `T`.
pub async fn read<T: DeserializeOwned>(ctx: &SessionContext, query: &str) -> Result<Vec<T>, Error> {
    of_batches(&ctx.sql(query).await?.collect().await?)
}

/// The rows of batches, each as a `T`, whose fields are named like the columns.
///
/// # Errors
/// [`Error::Failed`] when a row does not fit `T`.
pub fn of_batches<T: DeserializeOwned>(batches: &[RecordBatch]) -> Result<Vec<T>, Error> {
    let mut text = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut text);
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    drop(writer);
    serde_json::from_slice(&text)
        .map_err(|cause| Error::Failed(format!("a row of the lake cannot be read: {cause}")))
}

/// One batch of a table from structs whose fields are named like its columns.
///
/// # Errors
/// [`Error::Arrow`] when a field does not fit its column.
pub fn batch<T: Serialize>(schema: &SchemaRef, rows: &[T]) -> Result<RecordBatch, Error> {
    let mut decoder =
        ReaderBuilder::new(schema.clone()).with_batch_size(rows.len().max(1)).build_decoder()?;
    decoder.serialize(rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema.clone())))
}
