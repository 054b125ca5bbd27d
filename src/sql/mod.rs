//! `vigie sql`: one statement, or a session.

mod output;
mod session;

use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;

pub use output::{print_batches, write_file};

use crate::cli::{OutputFormat, Sql};
use crate::error::Error;
use crate::room::Room;

/// Runs `vigie sql`.
///
/// # Errors
/// [`Error::Query`] when the engine refuses the statement, [`Error::Usage`] when a format needs a file.
pub async fn run(room: &Room, options: &Sql, json: bool) -> Result<(), Error> {
    let as_of = Room::as_of(options.as_of, room.now()?);
    let ctx = room.session(as_of)?;
    let Some(query) = &options.query else {
        return session::interactive(room, ctx).await;
    };
    let format = options.format.unwrap_or_else(|| default_format(options, json));
    let frame = plan(&ctx, query).await?;
    match &options.out {
        Some(path) => {
            let rows = write_file(frame, format, path).await?;
            room.talk.say(&format!("{}: {rows} rows", path.display()));
            Ok(())
        }
        None if matches!(format, OutputFormat::Parquet | OutputFormat::Xlsx) => {
            Err(Error::Usage("--format parquet and xlsx need --out FILE".into()))
        }
        None => print_batches(frame, format).await,
    }
}

/// Plans a statement that may only read.
///
/// # Errors
/// [`Error::Query`]: syntax, unknown names, or a statement that would write, define or set.
pub async fn plan(ctx: &SessionContext, query: &str) -> Result<DataFrame, Error> {
    let only_reads =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let plan = ctx.state().create_logical_plan(query).await?;
    only_reads.verify_plan(&plan)?;
    Ok(ctx.execute_logical_plan(plan).await?)
}

/// The name of the file decides first, then `--json`; else boxes on standard output and CSV in a file.
fn default_format(options: &Sql, json: bool) -> OutputFormat {
    let extension = options.out.as_deref().and_then(|path| path.extension()).and_then(|e| e.to_str());
    match extension {
        Some("parquet") => OutputFormat::Parquet,
        Some("xlsx") => OutputFormat::Xlsx,
        Some("json") => OutputFormat::Json,
        Some("ndjson") => OutputFormat::Ndjson,
        Some("md") => OutputFormat::Markdown,
        Some("csv") => OutputFormat::Csv,
        _ if json => OutputFormat::Json,
        _ if options.out.is_none() => OutputFormat::Table,
        _ => OutputFormat::Csv,
    }
}
