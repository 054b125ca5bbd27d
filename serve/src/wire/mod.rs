//! The Postgres wire: psql, psycopg, SQLAlchemy, RPostgres, DBeaver and others ask the lake as if it were a database.
//!
//! ```text
//! in `vigie serve` or `vigie run`                             in a process of its own, one a client
//! listen ──▶ front/: login (TLS, SCRAM) ──▶ relay ──frames──▶ worker/: session of its role ──▶ guard ──▶ plan ──▶ rows
//!                                             └── pool/: starts workers, watches their memory, ends them
//! ```
//!
//! Whatever a statement does, it does it in a worker: the watch-room goes on, and so do the other clients.

mod frame;
mod front;
mod limits;
mod pool;
mod said;
mod state;
mod users;
pub mod worker;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

pub use front::TlsFiles;
pub use limits::Limits;
pub use pool::Launch;
pub use users::{Users, Verifier};

use front::Door;
use pool::Pool;

/// They only wait for sockets.
const NETWORK_THREADS: usize = 2;

/// Who may come in, and what they get.
pub struct Settings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate and key; none is clear text.
    pub tls: Option<TlsFiles>,
    /// Empty: any client on this machine is an analyst.
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

/// The wire, bound and ready.
pub struct Wire {
    listener: TcpListener,
    /// Speaks to clients and to workers.
    network: Runtime,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
    spill: PathBuf,
}

impl Wire {
    /// Binds the address. Off loopback, both users and TLS are required.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn bind(settings: Settings, launch: Launch) -> Result<Self, Error> {
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
        let tls = tls.map(|files| front::acceptor(&files)).transpose().map_err(Error::Tls)?;
        let network = Builder::new_multi_thread()
            .worker_threads(NETWORK_THREADS)
            .thread_name("vigie-wire")
            .enable_all()
            .build()
            .map_err(Error::Threads)?;
        let bound = network.spawn(TcpListener::bind(listen)).await;
        let listener = bound
            .map_err(io::Error::other)
            .and_then(|bound| bound)
            .map_err(|source| Error::Listen { listen, source })?;
        let (stop, stopping) = watch::channel(false);
        let spill = launch.spill.clone();
        let pool = Pool::new(launch, &limits);
        let door = Arc::new(Door::new(users, tls, limits, pool, stopping));
        Ok(Self { listener, network, door, stop, spill })
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
        let Self { listener, network, door, stop: ask_to_stop, spill } = self;
        let ended = network.spawn(front::accept(listener, door));
        stop.await;
        let _ = ask_to_stop.send(true);
        let _ = ended.await; // a panic is in the log
        network.shutdown_background();
        let _ = std::fs::remove_dir_all(spill); // where a worker had begun to write
    }
}
