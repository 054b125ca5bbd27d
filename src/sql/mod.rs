//! `vigie sql`: one statement, or a session.

mod completion;
mod output;
mod saved;
mod session;
pub mod wire;
pub mod worker;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vigie_serve::{Answer, Role, Session};
use vigie_store::SessionOptions;

pub use output::{Cut, print_batches, write_file};
pub(crate) use output::{SHEET_ROWS_MAX, write_cell};
pub use saved::check as check_saved;

use crate::cli::{OutputFormat, Sql};
use crate::error::Error;
use crate::room::Room;

/// Runs `vigie sql`.
///
/// # Errors
/// [`Error::Query`] when the engine refuses the statement, [`Error::Usage`] when a format needs a file.
pub async fn run(room: &Room, options: &Sql, json: bool) -> Result<(), Error> {
    if options.list {
        return saved::list(room, json);
    }
    hold(room);
    let session = open(room, options.as_of)?;
    let (query, values) = match (&options.query, &options.saved) {
        (Some(query), _) => (query.as_str(), options.param.clone()),
        (None, Some(id)) => saved::with_values(room, id, &options.param)?,
        (None, None) => return session::interactive(room, &session).await,
    };
    let format = options.format.unwrap_or_else(|| default_format(options, json));
    let cut = Cut::at(options.max_rows);
    let frame = match session.ask_with(query, &values).await? {
        Answer::Rows(frame) => *frame,
        Answer::Told(text) => {
            println!("{text}");
            return Ok(());
        }
    };
    match &options.out {
        Some(path) => {
            let rows = write_file(frame, format, path, &cut).await?;
            room.talk.say(&format!("{}: {rows} rows", path.display()));
        }
        None if matches!(format, OutputFormat::Parquet | OutputFormat::Xlsx) => {
            return Err(Error::Usage("--format parquet and xlsx need --out FILE".into()));
        }
        None => print_batches(frame, format, &cut).await?,
    }
    if let Some(notice) = cut.notice() {
        room.talk.say(&notice);
    }
    Ok(())
}

/// What the engine holds besides the memory that it counts, in bytes.
const OVERHEAD: u64 = 1 << 30;

/// A statement that asks for more memory than the configuration allows ends this process, not the machine.
fn hold(room: &Room) {
    let bytes = room.config.memory_bytes() as u64 + OVERHEAD;
    let limit = Rlimit { current: Some(bytes), maximum: getrlimit(Resource::Data).maximum };
    let _ = setrlimit(Resource::Data, limit); // a lower limit of the caller's stays
}

/// A session that only reads, with the memory that the configuration allows.
fn open(room: &Room, as_of: Option<jiff::Timestamp>) -> Result<Session, Error> {
    let options =
        SessionOptions { memory_limit: Some(room.config.memory_bytes()), ..SessionOptions::default() };
    let session = Session::open(crate::sql::wire::source(room, options), Role::Analyste)?;
    if let Some(at) = as_of {
        session.set_as_of(Some(&at.to_string()))?;
    }
    Ok(session)
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
        Some("tsv") => OutputFormat::Tsv,
        _ if json => OutputFormat::Json,
        _ if options.out.is_none() => OutputFormat::Table,
        _ => OutputFormat::Csv,
    }
}
