//! The front: takes clients in, logs them in, and stands between each and its worker. It computes nothing.

mod cancels;
mod connection;
mod login;
mod relay;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use datafusion_postgres::DfSessionService;
use datafusion_postgres::pgwire::tokio::TlsAcceptor;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use tls::TlsFiles;
pub(super) use tls::acceptor;

use super::limits::Limits;
use super::pool::Pool;
use super::users::Users;
use cancels::Cancels;

/// How long clients may take to end when the service stops.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// How long a client may take to read why it is sent away.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What all connections have in common.
pub(super) struct Door {
    users: Arc<Users>,
    tls: Option<TlsAcceptor>,
    must_encrypt: bool,
    limits: Limits,
    places: Semaphore,
    cancels: Arc<Cancels>,
    pool: Arc<Pool>,
    /// Answers no statement: before the login there is no session.
    nothing: Arc<DfSessionService>,
    stopping: watch::Receiver<bool>,
}

impl Door {
    pub(super) fn new(
        users: Users,
        tls: Option<TlsAcceptor>,
        limits: Limits,
        pool: Arc<Pool>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            users: Arc::new(users),
            must_encrypt: tls.is_some(),
            tls,
            places: Semaphore::new(limits.connections),
            limits,
            cancels: Arc::default(),
            pool,
            nothing: Arc::new(DfSessionService::new_with_hooks(Arc::new(SessionContext::new()), Vec::new())),
            stopping,
        }
    }
}

/// Ends when the service stops.
async fn stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await; // a sender that is gone has stopped too
}

/// Takes clients in until the service stops, then waits for their last words.
pub(super) async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut clients = JoinSet::new();
    let mut stopping = door.stopping.clone();
    let pool = tokio::spawn(Arc::clone(&door.pool).run());
    loop {
        tokio::select! {
            () = stop(&mut stopping) => break,
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
                Err(fault) => wait_for_handles(&fault).await,
            },
        }
    }
    drop(listener);
    let ended = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WAIT, ended).await.is_err() {
        tracing::warn!("clients that did not end are cut off");
    }
    clients.shutdown().await;
    pool.abort();
    door.pool.close();
}

/// Out of file handles, most often: some are free again in a moment.
async fn wait_for_handles(fault: &io::Error) {
    tracing::warn!(%fault, "a client could not be taken in");
    tokio::time::sleep(Duration::from_millis(100)).await;
}
