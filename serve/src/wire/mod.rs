//! The Postgres wire: psql, psycopg, SQLAlchemy, RPostgres, DBeaver and others ask the lake as if it were a database.
//!
//! ```text
//! listen ──▶ connection ──login (TLS, SCRAM)──▶ a session of its role ──statements──▶ guard ──▶ plan ──▶ rows
//! ```
//!
//! Nothing is shared between clients but the lake: each has a session of its own, within its limits.

mod cancels;
mod connection;
mod hook;
mod known;
mod limits;
mod log;
mod login;
mod said;
mod threads;
mod tls;
mod users;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use datafusion_postgres::DfSessionService;
use datafusion_postgres::pgwire::error::PgWireError;
use datafusion_postgres::pgwire::tokio::TlsAcceptor;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use limits::Limits;
pub use tls::TlsFiles;
pub use users::{Users, Verifier};

use crate::Role;

use crate::session::Session;
use cancels::Cancels;

/// Makes a session for a role.
pub type Opener = Box<dyn Fn(Role) -> BoxFuture<'static, Result<Session, String>> + Send + Sync>;

/// They only wait for sockets.
const NETWORK_THREADS: usize = 2;

/// More than there are processors: a join may compute for seconds before it lets others have its thread, and then the
/// system shares the processors out.
const QUERY_THREADS: usize = 32;

/// How long clients may take to end when the service stops.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Who may come in, and what they get.
pub struct Settings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate and key; none is clear text.
    pub tls: Option<TlsFiles>,
    /// Nobody: everybody on this machine is an analyst.
    pub users: Users,
    /// What a client may take.
    pub limits: Limits,
}

/// Why the wire cannot open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be open to others without passwords or in clear text.
    #[error(
        "{listen} is not loopback: users with passwords and tls (certificate, key) are needed to listen there; {missing} missing"
    )]
    Open {
        /// The address.
        listen: SocketAddr,
        /// What is missing.
        missing: &'static str,
    },
    /// The system gives no threads.
    #[error("no threads for the network")]
    Threads(#[source] io::Error),
    /// The address is taken or not ours.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The certificate or the key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
}

/// What all connections have in common.
struct Door {
    users: Arc<Users>,
    tls: Option<TlsAcceptor>,
    must_encrypt: bool,
    limits: Limits,
    places: Semaphore,
    cancels: Arc<Cancels>,
    opener: Opener,
    /// Answers no statement: before the login there is no session.
    nothing: Arc<DfSessionService>,
    stopping: watch::Receiver<bool>,
    /// Threads of the engine.
    threads: Handle,
}

impl Door {
    /// A service for a user who has logged in.
    async fn open(&self, user: &str) -> Result<hook::Service, PgWireError> {
        let role = self.users.role(user).unwrap_or(Role::Analyste);
        match threads::on(&self.threads, (self.opener)(role)).await {
            Ok(session) => Ok(hook::Service::new(session, role, self.limits.rows, self.threads.clone())),
            Err(fault) => {
                tracing::error!(fault, "a session could not be opened");
                Err(said::Said::Broken.into())
            }
        }
    }
}

/// The wire, bound and ready.
pub struct Wire {
    listener: TcpListener,
    /// Speaks to clients.
    network: Runtime,
    /// Computes.
    queries: Runtime,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
}

impl Wire {
    /// Binds the address. Off loopback, both users and TLS are required.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn bind(settings: Settings, opener: Opener) -> Result<Self, Error> {
        let Settings { listen, tls, users, limits } = settings;
        let missing = match (users.is_empty(), tls.is_none()) {
            (true, true) => Some("both are"),
            (true, false) => Some("users are"),
            (false, true) => Some("tls is"),
            (false, false) => None,
        };
        if let Some(missing) = missing.filter(|_| !listen.ip().is_loopback()) {
            return Err(Error::Open { listen, missing });
        }
        let tls = tls.map(|files| tls::acceptor(&files)).transpose().map_err(Error::Tls)?;
        let threads = |name: &str, n| {
            Builder::new_multi_thread()
                .worker_threads(n)
                .thread_name(name)
                .enable_all()
                .build()
                .map_err(Error::Threads)
        };
        let (network, queries) =
            (threads("vigie-wire", NETWORK_THREADS)?, threads("vigie-query", QUERY_THREADS)?);
        let bound = network.spawn(TcpListener::bind(listen)).await;
        let listener = bound
            .map_err(io::Error::other)
            .and_then(|bound| bound)
            .map_err(|source| Error::Listen { listen, source })?;
        let (stop, stopping) = watch::channel(false);
        let door = Door {
            users: Arc::new(users),
            must_encrypt: tls.is_some(),
            tls,
            places: Semaphore::new(limits.connections),
            limits,
            cancels: Arc::default(),
            opener,
            nothing: Arc::new(DfSessionService::new_with_hooks(Arc::new(SessionContext::new()), Vec::new())),
            stopping,
            threads: queries.handle().clone(),
        };
        Ok(Self { listener, network, queries, door: Arc::new(door), stop })
    }

    /// The address that clients connect to.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves clients until `stop` ends; statements under way may finish within seconds.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let Self { listener, network, queries, door, stop: ask_to_stop } = self;
        let ended = network.spawn(accept(listener, door));
        stop.await;
        let _ = ask_to_stop.send(true);
        let _ = ended.await; // a panic is in the log
        network.shutdown_background();
        queries.shutdown_background();
    }
}

/// Takes clients in until the service stops, then waits for their last words.
async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut clients = JoinSet::new();
    let mut stopping = door.stopping.clone();
    loop {
        tokio::select! {
            () = connection::stop(&mut stopping) => break,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, from)) => {
                    let door = Arc::clone(&door);
                    clients.spawn(async move {
                        if let Err(fault) = connection::serve(&door, client).await {
                            tracing::info!(client = %from.ip(), %fault, "a connection broke");
                        }
                    });
                }
                Err(fault) => {
                    // Out of file handles, most often: some are free again in a moment.
                    tracing::warn!(%fault, "a client could not be taken in");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    let ended = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WAIT, ended).await.is_err() {
        tracing::warn!("clients that did not end are cut off");
    }
}
