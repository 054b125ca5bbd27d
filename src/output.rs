//! What commands print for programs: JSON on standard output.

use crate::error::Error;

/// Prints one value as indented JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| Error::Failed(cause.to_string()))?;
    println!("{text}");
    Ok(())
}
