//! A worker: a process that computes the statements of one client, within limits that the system holds it to.
//!
//! Its standard input is a socket to the front: first how to open the lake, then whose session it is, then the messages of
//! the client as they come; back go the answers, and a word after each message ([`super::frame`]). Its standard output is a
//! second socket: a byte on it asks to stop what runs, its end is the end of the front, which no worker outlives.

mod hook;
mod known;
mod limits;
mod log;
mod prepared;
mod threads;

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use datafusion_postgres::DfSessionService;
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler;
use datafusion_postgres::pgwire::api::{ClientInfo as _, DefaultClient, NoopHandler, PgWireConnectionState};
use datafusion_postgres::pgwire::error::PgWireResult;
use datafusion_postgres::pgwire::messages::PgWireFrontendMessage;
use datafusion_postgres::pgwire::messages::response::TransactionStatus;
use datafusion_postgres::pgwire::tokio::server::{
    MaybeTls, PgWireMessageServerCodec, process_error, process_message,
};
use futures::future::{BoxFuture, FutureExt as _};
use futures::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::codec::Framed;

use super::frame::{CLIENT, DONE, READY, SETUP, frame};
use super::said::Said;
use super::state::{FAILED, IDLE, IN_TRANSACTION, State};
use crate::{Role, Session};
use hook::Service;
use prepared::Noted;

/// Makes a session for a role.
pub type Opener = Box<dyn Fn(Role) -> BoxFuture<'static, Result<Session, String>> + Send + Sync>;

/// Threads that compute beside the one that speaks, more than there are processors where these are few: a join may compute
/// for seconds before it lets others have its thread.
const QUERY_THREADS: usize = 4;

/// Room for expressions that are nested deeply.
const STACK: usize = 8 << 20;

/// Starts a line of a worker's standard error that names the statement under way, for the log if the worker falls.
pub(super) const UNDER_WAY: char = '\u{1}';

/// Asks to stop what runs.
pub(super) const STOP: u8 = b'c';

/// What a worker is told first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Longest statement, in milliseconds.
    pub(super) statement_ms: u64,
    /// Most rows of a result.
    pub(super) rows: u64,
    /// Most memory of the process, in bytes.
    pub(super) memory: u64,
    /// Its own folder for what does not fit its memory.
    pub(super) spill: PathBuf,
}

type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;
type Socket = Framed<MaybeTls, PgWireMessageServerCodec<Statement>>;

/// Runs a worker until its client or the front is gone. `make` opens the lake as the front ordered; it is given the order,
/// and the folder for what does not fit the memory.
///
/// # Errors
/// A sentence: it was not started by a front, the order cannot be carried out, or the system refuses a limit.
pub fn run(make: impl FnOnce(&[u8], &Path) -> Result<Opener, String>) -> Result<(), String> {
    limits::lower().map_err(|fault| format!("images of memory cannot be forbidden: {fault}"))?;
    quiet_panics();
    let by_hand = |fault: io::Error| format!("a worker is started by `vigie serve` or `vigie run` ({fault})");
    let mut front = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from).map_err(by_hand)?;
    let line = io::stdout().as_fd().try_clone_to_owned().map(UnixStream::from).map_err(by_hand)?;
    line.peer_addr().map_err(by_hand)?;
    let (setup, order) = read_setup(&mut front).map_err(by_hand)?;
    limits::hold(setup.memory).map_err(|fault| format!("the memory cannot be limited: {fault}"))?;
    let stop = Arc::new(Notify::new());
    let asked = Arc::clone(&stop);
    std::thread::Builder::new()
        .name("vigie-line".to_owned())
        .spawn(move || listen(line, &asked))
        .map_err(|fault| format!("no threads: {fault}"))?;
    let opener = make(&order, &setup.spill)?;
    let threads = |name: &str, n: usize| -> Result<Runtime, String> {
        Builder::new_multi_thread()
            .worker_threads(n)
            .thread_stack_size(STACK)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(|fault| format!("no threads: {fault}"))
    };
    let (speaker, queries) = (threads("vigie-wire", 1)?, threads("vigie-query", QUERY_THREADS)?);
    let worker = Worker { setup, stop, threads: queries.handle().clone(), opener };
    let ended = speaker.block_on(worker.serve(front));
    speaker.shutdown_background();
    queries.shutdown_background();
    ended
}

/// Panics are logged by their place: their words may hold values.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic while a statement was computed");
    }));
}

/// The length of the first part, the first part, the order.
fn read_setup(front: &mut UnixStream) -> io::Result<(Setup, Vec<u8>)> {
    let mut head = [0; 5];
    front.read_exact(&mut head)?;
    let [SETUP, length @ ..] = head else { return Err(io::ErrorKind::InvalidData.into()) };
    let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
    front.read_exact(&mut body)?;
    let (length, body) = body.split_first_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
    let split = body.split_at_checked(u32::from_be_bytes(*length) as usize);
    let (setup, order) = split.ok_or(io::ErrorKind::InvalidData)?;
    Ok((serde_json::from_slice(setup)?, order.to_vec()))
}

/// As [`read_setup`] reads it.
pub(super) fn setup_frame(setup: &Setup, order: &[u8]) -> io::Result<bytes::Bytes> {
    let setup = serde_json::to_vec(setup)?;
    let length = u32::try_from(setup.len()).map_err(io::Error::other)?.to_be_bytes();
    Ok(frame(SETUP, &[&length[..], &setup, order].concat()))
}

/// Hands requests to stop on; ends the process when the front is gone.
fn listen(mut line: UnixStream, asked: &Notify) {
    let mut byte = [0];
    while matches!(line.read(&mut byte), Ok(1)) {
        // Only who waits is told: a request that comes between two statements stops nothing.
        asked.notify_waiters();
    }
    limits::end();
}

struct Worker {
    setup: Setup,
    stop: Arc<Notify>,
    /// Those that compute.
    threads: Handle,
    opener: Opener,
}

impl Worker {
    async fn serve(self, front: UnixStream) -> Result<(), String> {
        let text = |fault: io::Error| fault.to_string();
        front.set_nonblocking(true).map_err(text)?;
        let mut front = tokio::net::UnixStream::from_std(front).map_err(text)?;
        // Opened before it is known for whom: most are analysts, and what was read of the lake helps others too.
        let warm = self.open(Role::Analyste).await?;
        front.write_all(&frame(READY, &[])).await.map_err(text)?;
        let state = match read_client(&mut front).await {
            Ok(state) => state,
            // The front needs no more workers.
            Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(fault) => return Err(fault.to_string()),
        };
        let role: Role = state.role.parse()?;
        let session = if role == Role::Analyste {
            warm
        } else {
            drop(warm);
            self.open(role).await?
        };
        if let Some(at) = &state.as_of {
            session.set_as_of(Some(at)).map_err(|refused| refused.to_string())?;
        }
        let service = Arc::new(Service::new(session, role, self.setup.rows, self.threads.clone()));
        let mut socket = self.socket(front, &state);
        for prepared in &state.prepared {
            prepared::again(&mut socket, &service, prepared).await;
        }
        self.talk(&mut socket, &service, state).await.map_err(text)
    }

    async fn open(&self, role: Role) -> Result<Session, String> {
        threads::on(&self.threads, (self.opener)(role)).await
    }

    /// The connection as the login left it, and as the client has set it since.
    fn socket(&self, front: tokio::net::UnixStream, state: &State) -> Socket {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let client = DefaultClient::new(nowhere, true);
        let mut socket = Framed::new(MaybeTls::Unix(front), PgWireMessageServerCodec::new(client));
        socket.set_state(PgWireConnectionState::ReadyForQuery);
        socket.metadata_mut().extend(state.settings.clone());
        socket.set_transaction_status(match state.transaction {
            IN_TRANSACTION => TransactionStatus::Transaction,
            FAILED => TransactionStatus::Error,
            _ => TransactionStatus::Idle,
        });
        socket
    }

    /// Message after message.
    async fn talk(&self, socket: &mut Socket, service: &Arc<Service>, mut state: State) -> io::Result<()> {
        let limit = Duration::from_millis(self.setup.statement_ms);
        while let Some(message) = socket.next().await {
            let message = match message {
                Ok(message) => message,
                Err(fault) => return process_error(socket, fault, false).await,
            };
            if matches!(message, PgWireFrontendMessage::Terminate(_)) {
                return Ok(());
            }
            let is_extended = match socket.state() {
                PgWireConnectionState::CopyInProgress(is_extended) => is_extended,
                _ => message.is_extended_query(),
            };
            let noted = Noted::of(&message);
            let step = process_message(
                message,
                socket,
                Arc::new(NoopHandler),
                Arc::clone(service),
                Arc::clone(service),
                Arc::new(NoopHandler),
                Arc::new(NoopHandler),
            );
            let step = AssertUnwindSafe(step).catch_unwind();
            // Dropping the step drops its plan, and with it all that runs for it.
            let outcome: PgWireResult<()> = tokio::select! {
                outcome = timeout(limit, step) => match outcome {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(_panic)) => Err(Said::Fault.into()),
                    Err(_) => Err(Said::TooLong(limit).into()),
                },
                () = self.stop.notified() => Err(Said::Cancelled.into()),
            };
            let has_changed = match outcome {
                Ok(()) => noted.keep(&mut state),
                Err(fault) => process_error(socket, fault, is_extended).await.map(|()| false)?,
            };
            socket.flush().await?;
            report(socket, service, &mut state, has_changed).await?;
        }
        Ok(())
    }
}

/// One message more is through. The session goes with it where it has changed.
async fn report(
    socket: &mut Socket,
    service: &Service,
    state: &mut State,
    has_changed: bool,
) -> io::Result<()> {
    let settings = socket.metadata().iter().map(|(name, value)| (name.clone(), value.clone()));
    let now = State {
        as_of: service.as_of().map(|at| at.to_string()),
        settings: settings.collect(),
        transaction: match socket.transaction_status() {
            TransactionStatus::Idle => IDLE,
            TransactionStatus::Transaction => IN_TRANSACTION,
            TransactionStatus::Error => FAILED,
        },
        ..state.clone()
    };
    let body = if has_changed || now != *state { serde_json::to_vec(&now)? } else { Vec::new() };
    *state = now;
    // What came before is with the front already: the frame stands between two others.
    socket.get_mut().write_all(&frame(DONE, &body)).await
}

/// The session of the client.
async fn read_client(front: &mut tokio::net::UnixStream) -> io::Result<State> {
    if front.read_u8().await? != CLIENT {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let length = front.read_u32().await? as usize;
    let mut body = vec![0; length.saturating_sub(4)];
    front.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}
