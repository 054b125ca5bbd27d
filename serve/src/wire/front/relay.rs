//! Between a client that has logged in and its worker: frames in both directions, whatever they hold, and the clock.
//!
//! The session is the client's, not the worker's: it is kept here ([`State`]), a worker is taken when the client asks for
//! something, and given back after a silence. A worker that falls, or must be ended, costs its client the statement under
//! way.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::messages::response::{ReadyForQuery, TransactionStatus};
use datafusion_postgres::pgwire::tokio::server::MaybeTls;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep_until, timeout};

use super::cancels::Registered;
use super::{Door, LAST_WORDS, stop};
use crate::wire::frame::{DONE, Piece, Reader};
use crate::wire::pool::{Fall, Worker};
use crate::wire::said::Said;
use crate::wire::state::{FAILED, IN_TRANSACTION, State};

/// Longest message of a client.
pub(super) const MESSAGE_MAX: usize = 16 << 20;

/// How much longer than its time a statement may take to stop by itself before its worker is ended.
const GRACE: Duration = Duration::from_secs(1);

/// Silence of a client after which its worker is given back.
const RETIRE: Duration = Duration::from_secs(60);

/// Bytes that wait for one side before the other is read again.
const WAITING: usize = 64 << 10;

/// Kind of the message after which the client may ask again.
const READY_FOR_QUERY: u8 = b'Z';

/// What ends a connection.
enum End {
    /// The client has gone.
    Gone,
    /// The client is sent away with a sentence.
    Farewell(Said),
    /// All is said already.
    Closed,
}

pub(super) struct Relay<'a> {
    door: &'a Arc<Door>,
    client: Reader<ReadHalf<MaybeTls>>,
    out: WriteHalf<MaybeTls>,
    must_flush: bool,
    to_client: BytesMut,
    to_worker: BytesMut,
    /// `ReadyForQuery` of the worker: the client gets it when the session as it is then is known here.
    held: Bytes,
    state: State,
    worker: Option<Worker>,
    /// Kinds of the messages that the worker has not been through yet.
    under_way: VecDeque<u8>,
    /// After an error, messages are passed over up to `Sync`.
    skips: bool,
    /// The rest of a message whose worker has gone is passed over.
    drops: bool,
    /// When the statement under way began, or the client fell silent.
    since: Instant,
    /// Why the worker is to be ended, and when.
    ending: Option<(Fall, Instant)>,
}

impl<'a> Relay<'a> {
    /// `buffer` is what came from the client behind its login.
    pub(super) fn new(door: &'a Arc<Door>, client: MaybeTls, buffer: BytesMut, state: State) -> Self {
        let (read, out) = tokio::io::split(client);
        Self {
            door,
            client: Reader::new(read, buffer, MESSAGE_MAX),
            out,
            must_flush: false,
            to_client: BytesMut::new(),
            to_worker: BytesMut::new(),
            held: Bytes::new(),
            state,
            worker: None,
            under_way: VecDeque::new(),
            skips: false,
            drops: false,
            since: Instant::now(),
            ending: None,
        }
    }

    /// Relays until one side ends.
    pub(super) async fn run(mut self, cancels: &Registered) -> io::Result<()> {
        match self.relay(cancels).await? {
            End::Gone => Ok(()),
            End::Closed => self.part().await,
            End::Farewell(said) => {
                // Within a frame nothing can be said.
                if !self.worker.as_ref().is_some_and(|worker| worker.from.is_amid()) {
                    self.tell(said, true);
                }
                self.part().await
            }
        }
    }

    async fn relay(&mut self, cancels: &Registered) -> io::Result<End> {
        let mut stopping = self.door.stopping.clone();
        loop {
            let wake = self.alarm();
            let is_busy = !self.under_way.is_empty();
            let Self { client, out, must_flush, to_client, to_worker, worker, .. } = self;
            let (from, to) = worker.as_mut().map(|worker| (&mut worker.from, &mut worker.to)).unzip();
            let (hears_client, hears_worker) = (to_worker.len() < WAITING, to_client.len() < WAITING);
            let has_words = *must_flush || !to_client.is_empty();
            let step = tokio::select! {
                biased;
                () = cancels.asked(), if is_busy => Step::Cancel,
                () = stop(&mut stopping), if !is_busy => Step::Stop,
                said = answer(from), if hears_worker => Step::Worker(said),
                sent = send(out, to_client, must_flush), if has_words => {
                    sent?;
                    Step::Again
                }
                sent = ask(to, to_worker), if !to_worker.is_empty() => {
                    // A worker that does not listen has fallen: its end is read above.
                    if sent.is_err() { to_worker.clear() }
                    Step::Again
                }
                said = client.next(), if hears_client => Step::Client(said),
                () = sleep_until(wake) => Step::Alarm,
            };
            match step {
                Step::Again => {}
                Step::Stop => return Ok(End::Farewell(Said::Stopping)),
                Step::Cancel if !cancels.is_fresh() => {}
                Step::Cancel => {
                    if let Some(worker) = &mut self.worker {
                        worker.stop();
                    }
                    self.ending.get_or_insert((Fall::Cancelled, Instant::now() + GRACE));
                }
                Step::Alarm => {
                    if let Some(end) = self.wake() {
                        return Ok(end);
                    }
                }
                Step::Client(Ok(Some(piece))) => {
                    if let Some(end) = self.client_sent(piece, cancels).await {
                        return Ok(end);
                    }
                }
                Step::Client(Ok(None)) => return Ok(End::Gone),
                Step::Client(Err(fault)) => {
                    return match fault.kind() {
                        io::ErrorKind::FileTooLarge => Ok(End::Farewell(Said::LongMessage(MESSAGE_MAX))),
                        io::ErrorKind::UnexpectedEof => Ok(End::Gone),
                        _ => Err(fault),
                    };
                }
                Step::Worker(Ok(Some(piece))) => {
                    self.worker_sent(piece)?;
                    // What has come with it needs no turn of its own.
                    while self.to_client.len() < WAITING {
                        let Some(worker) = &mut self.worker else { break };
                        let Some(piece) = worker.from.buffered()? else { break };
                        self.worker_sent(piece)?;
                    }
                }
                Step::Worker(Ok(None) | Err(_)) => {
                    if let Some(end) = self.fallen().await {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// When to wake.
    fn alarm(&self) -> Instant {
        let limits = &self.door.limits;
        if let Some((_, at)) = self.ending {
            return at;
        }
        if !self.under_way.is_empty() {
            return self.since + limits.statement + GRACE;
        }
        let has_worker = self.worker.is_some() && self.state.can_move();
        let wait = if has_worker { RETIRE.min(limits.idle) } else { limits.idle };
        self.since + wait
    }

    /// Something took too long.
    fn wake(&mut self) -> Option<End> {
        if self.under_way.is_empty() {
            if self.since.elapsed() >= self.door.limits.idle {
                return Some(End::Farewell(Said::Silent(self.door.limits.idle)));
            }
            self.worker = None;
            return None;
        }
        let (cause, _) = self.ending.unwrap_or((Fall::TooLong, self.since));
        let Some(worker) = &self.worker else { return Some(End::Closed) };
        if !worker.member.begin() {
            // Ended already, and its end cannot be read: the client does not read either.
            return Some(End::Closed);
        }
        worker.member.end(cause);
        self.ending = Some((cause, Instant::now() + LAST_WORDS));
        None
    }

    async fn client_sent(&mut self, piece: Piece, cancels: &Registered) -> Option<End> {
        if !piece.starts && self.drops {
            self.drops = !piece.ends;
            return None;
        }
        if piece.starts {
            match piece.kind {
                b'X' => return Some(End::Gone),
                b'S' if self.skips => {
                    self.skips = false;
                    self.ready();
                    return None;
                }
                _ if self.skips => {
                    self.drops = !piece.ends;
                    return None;
                }
                _ => {}
            }
            let is_given = self.worker.as_ref().is_some_and(|worker| worker.member.begin());
            if !is_given && let Err(fault) = self.take().await {
                tracing::error!(%fault, "a client could not be given a worker");
                self.under_way.push_back(piece.kind);
                self.drops = !piece.ends;
                self.lose(Said::NoWorker);
                return None;
            }
            if self.under_way.is_empty() {
                self.since = Instant::now();
                cancels.begin();
            }
            self.under_way.push_back(piece.kind);
        }
        self.to_worker.extend_from_slice(&piece.bytes);
        None
    }

    /// Takes a worker for what the client asks.
    async fn take(&mut self) -> io::Result<()> {
        self.worker = None;
        let worker = self.door.pool.take(&self.state).await?;
        worker.member.begin();
        self.worker = Some(worker);
        Ok(())
    }

    fn worker_sent(&mut self, piece: Piece) -> io::Result<()> {
        match piece.kind {
            DONE => {}
            READY_FOR_QUERY => {
                self.held = piece.bytes;
                return Ok(());
            }
            _ => {
                self.to_client.extend_from_slice(&piece.bytes);
                return Ok(());
            }
        }
        if !piece.body().is_empty() {
            self.state = serde_json::from_slice(piece.body())?;
        }
        self.to_client.extend_from_slice(&std::mem::take(&mut self.held));
        self.under_way.pop_front();
        self.since = Instant::now();
        self.ending = None;
        if let (true, Some(worker)) = (self.under_way.is_empty(), &self.worker) {
            worker.member.rest(self.state.can_move());
        }
        Ok(())
    }

    /// The connection of the worker is closed.
    async fn fallen(&mut self) -> Option<End> {
        let worker = self.worker.take()?;
        let (pid, is_amid) = (worker.pid(), worker.from.is_amid());
        let Some((fall, statement)) = worker.fall().await else { return Some(End::Closed) };
        self.ending = None;
        self.to_worker.clear();
        self.held.clear();
        self.drops = self.client.is_amid();
        if !self.under_way.is_empty() {
            tracing::warn!(worker = pid, cause = %fall, statement, "a worker fell");
        } else if fall != Fall::Retired {
            tracing::warn!(worker = pid, cause = %fall, "an idle worker fell");
        }
        if is_amid {
            return Some(End::Closed);
        }
        let said = Said::Fallen(fall, self.door.limits.statement);
        if self.under_way.is_empty() {
            return (!self.state.can_move()).then_some(End::Farewell(said));
        }
        if self.state.is_bound {
            return Some(End::Farewell(said));
        }
        self.lose(said);
        None
    }

    /// What was under way is lost: each query, and each group of messages up to a `Sync`, is answered by the sentence.
    fn lose(&mut self, said: Said) {
        if self.state.transaction == IN_TRANSACTION {
            self.state.transaction = FAILED;
        }
        let mut is_open = false;
        for kind in std::mem::take(&mut self.under_way) {
            match kind {
                b'Q' | b'S' => {
                    if kind == b'Q' || is_open {
                        self.tell(said.clone(), false);
                    }
                    self.ready();
                    is_open = false;
                }
                // `Flush` asks for nothing: it may come behind the last `Sync`.
                b'H' => {}
                _ => is_open = true,
            }
        }
        if is_open {
            self.tell(said, false);
            self.skips = true;
        }
        self.since = Instant::now();
    }

    fn tell(&mut self, said: Said, is_last: bool) {
        let mut error: ErrorInfo = PgWireError::from(said).into();
        if is_last {
            "FATAL".clone_into(&mut error.severity);
        }
        self.put(PgWireBackendMessage::ErrorResponse(error.into()));
    }

    fn ready(&mut self) {
        let status = match self.state.transaction {
            IN_TRANSACTION => TransactionStatus::Transaction,
            FAILED => TransactionStatus::Error,
            _ => TransactionStatus::Idle,
        };
        self.put(PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(status)));
    }

    fn put(&mut self, message: PgWireBackendMessage) {
        if let Err(fault) = message.encode(&mut self.to_client) {
            tracing::error!(%fault, "a message could not be written");
        }
    }

    /// The last bytes, for a client that reads them.
    async fn part(mut self) -> io::Result<()> {
        let Self { out, to_client, .. } = &mut self;
        let last = async {
            out.write_all_buf(to_client).await?;
            out.shutdown().await
        };
        timeout(LAST_WORDS, last).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

enum Step {
    Again,
    Cancel,
    Stop,
    Alarm,
    Client(io::Result<Option<Piece>>),
    Worker(io::Result<Option<Piece>>),
}

/// The next of what the worker says; without one, nothing ever.
async fn answer(from: Option<&mut Reader<OwnedReadHalf>>) -> io::Result<Option<Piece>> {
    match from {
        Some(from) => from.next().await,
        None => std::future::pending().await,
    }
}

async fn ask(to: Option<&mut OwnedWriteHalf>, bytes: &mut BytesMut) -> io::Result<usize> {
    match to {
        Some(to) => to.write_buf(bytes).await,
        None => std::future::pending().await,
    }
}

/// Writes what waits for the client, then sees to it that it leaves.
async fn send(
    out: &mut WriteHalf<MaybeTls>,
    to_client: &mut BytesMut,
    must_flush: &mut bool,
) -> io::Result<()> {
    if to_client.is_empty() {
        out.flush().await?;
        *must_flush = false;
    } else if out.write_buf(to_client).await? == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    } else {
        *must_flush = true;
    }
    Ok(())
}
