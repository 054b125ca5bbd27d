//! Workers of the wire: the same program, started by `vigie serve` and `vigie run` as `vigie sql-worker`, one a client.
//!
//! A worker sees the lake and the vocabulary as the service has them in memory: both are handed to it, so that a
//! configuration that is being edited changes nothing for clients. What it needs not know (users, passwords, the mail
//! server) it is not told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use vigie_queries::Vocabulary;
use vigie_serve::Session;
use vigie_serve::wire::Launch;
use vigie_serve::wire::worker::{self, Opener};
use vigie_store::{Lake, SessionOptions};

use crate::bundle;
use crate::config::Config;
use crate::config::serve::MEMORY_MIB_MIN;
use crate::error::Error;
use crate::room::{Room, Talk};

/// What a worker holds besides the memory of its statements, in MiB: the program's own, and what the engine does not count
/// (batches on their way, decoded blocks, plans).
const OVERHEAD_MIB: u64 = 512;

/// Variables that a worker gets from the service; no other, for there may be passwords in them.
const ENVIRONMENT: [&str; 9] = [
    "VIGIE_LOG",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
];

/// The allocator of the system keeps what was used once, for each thread apart, unless it is told not to.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "1048576"), ("MALLOC_MMAP_THRESHOLD_", "1048576")];

/// How a worker opens the lake.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    lake: PathBuf,
    memory_mib: usize,
    spill_mib: u64,
}

/// How the workers of a watch-room are started.
///
/// # Errors
/// [`Error::Failed`] when the vocabulary has a path that cannot be handed on.
pub fn launch(room: &Room) -> Result<Launch, Error> {
    let serve = &room.config.serve;
    let memory_mib = serve.memory_mib.max(MEMORY_MIB_MIN);
    let order = Order { lake: room.lake.root().to_path_buf(), memory_mib, spill_mib: serve.spill_mib };
    let failed = |what: String| Error::Failed(format!("workers cannot be told of the lake: {what}"));
    let mut bytes = serde_json::to_vec(&order).map_err(|fault| failed(fault.to_string()))?;
    bytes.push(b'\n');
    bytes.extend(bundle::pack(room.vocabulary.files()).map_err(failed)?);
    let spool = room.lake.spool();
    let spill = if spool.is_dir() { spool } else { std::env::temp_dir() };
    let inherited =
        ENVIRONMENT.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let allocator = ALLOCATOR.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Ok(Launch {
        program: program(),
        arguments: log_options().chain(["sql-worker".into()]).collect(),
        environment: inherited.chain(allocator).collect(),
        order: bytes,
        spill: spill.join(format!("sql-{}", std::process::id())),
        memory: (memory_mib as u64 + OVERHEAD_MIB) << 20,
        memory_total: (serve.memory_total_mib as u64) << 20,
    })
}

/// The options of this process that say how its log is written: that of its workers is a part of it.
fn log_options() -> impl Iterator<Item = OsString> {
    let is_one = |word: &OsString| {
        let word = word.to_string_lossy();
        ["--json", "--quiet", "-q", "--verbose"].contains(&word.as_ref())
            || word.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == 'v'))
    };
    std::env::args_os().skip(1).filter(is_one)
}

/// This very program, even when another has taken its name since.
fn program() -> PathBuf {
    let this = PathBuf::from("/proc/self/exe");
    if this.exists() { this } else { std::env::current_exe().unwrap_or(this) }
}

/// Runs a worker; what goes wrong is in the log.
#[must_use]
pub fn main() -> ExitCode {
    match worker::run(opener) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            tracing::error!(fault, "a worker cannot go on");
            ExitCode::FAILURE
        }
    }
}

/// Opens the lake as ordered.
fn opener(order: &[u8], spill: &Path) -> Result<Opener, String> {
    let end = order.iter().position(|byte| *byte == b'\n').ok_or("the order has no end")?;
    let (order, files) = order.split_at(end);
    let order: Order = serde_json::from_slice(order).map_err(|fault| fault.to_string())?;
    let files = bundle::unpack(files.get(1..).unwrap_or_default())?;
    let vocabulary = Vocabulary::from_files(files).map_err(|fault| fault.to_string())?;
    let lake = Lake::open_for_queries(&order.lake, spill).map_err(|fault| fault.to_string())?;
    let room = Room {
        config: Config { lake: order.lake, memory_mib: order.memory_mib, ..Config::default() },
        vocabulary: Arc::new(vocabulary),
        theme: Default::default(),
        lake,
        talk: Talk { quiet: true, terminal: false },
        file: None,
        left_out: Vec::new(),
    };
    let options = SessionOptions {
        memory_limit: Some(order.memory_mib << 20),
        spill_limit: Some(order.spill_mib << 20),
        ..SessionOptions::default()
    };
    let source = crate::sql::wire::source(&room, options);
    Ok(Box::new(move |role| -> BoxFuture<'static, Result<Session, String>> {
        let source = source.clone();
        Box::pin(async move {
            let opened = tokio::task::spawn_blocking(move || Session::open(source, role)).await;
            opened.map_err(|panic| panic.to_string())?.map_err(|fault| fault.to_string())
        })
    }))
}
