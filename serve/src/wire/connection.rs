//! One client, from its first byte to its last: login, then statements, each within its time.
//!
//! pgwire brings a loop of its own, which waits a minute for a login, for ever for a client that is silent or does not
//! read, and looks at requests to stop only until the first row. Its parts are used here instead.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use datafusion_postgres::DfSessionService;
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler;
use datafusion_postgres::pgwire::api::{ClientInfo as _, METADATA_USER, NoopHandler, PgWireConnectionState};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::PgWireFrontendMessage;
use datafusion_postgres::pgwire::tokio::server::{
    MaybeTls, PgWireMessageServerCodec, negotiate_tls, process_error, process_message,
};
use futures::StreamExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::Framed;

use super::Door;
use super::hook::Service;
use super::login::Login;
use super::said::Said;

type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;
type Socket = Framed<MaybeTls, PgWireMessageServerCodec<Statement>>;

/// How long a client may take to read why it is turned away.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves one client until it goes or is sent away.
pub(super) async fn serve(door: &Arc<Door>, client: TcpStream) -> io::Result<()> {
    let deadline = Instant::now() + door.limits.login;
    let negotiated = timeout_at(deadline, negotiate_tls(client, door.tls.clone())).await;
    let Ok(Some(mut socket)) = negotiated.unwrap_or_else(|_| Ok(None)) else { return Ok(()) };
    let Ok(_place) = door.places.try_acquire() else {
        // Refused only when it is known to be a client: a request to stop needs no place.
        return greet(door, &mut socket, deadline, true).await.map(|_| ());
    };
    if !greet(door, &mut socket, deadline, false).await? {
        return Ok(());
    }
    let user = socket.metadata().get(METADATA_USER).cloned().unwrap_or_default();
    let service = match door.open(&user).await {
        Ok(service) => Arc::new(service),
        Err(fault) => return turn_away(&mut socket, fault, false).await,
    };
    talk(door, &mut socket, &service).await
}

/// Logs a client in; whether it stays.
async fn greet(door: &Arc<Door>, socket: &mut Socket, deadline: Instant, is_full: bool) -> io::Result<bool> {
    let login = Arc::new(Login::new(&door.users, door.must_encrypt));
    loop {
        let message = match timeout_at(deadline, socket.next()).await {
            Ok(Some(Ok(message))) => message,
            _ => return Ok(false),
        };
        if is_full && matches!(message, PgWireFrontendMessage::Startup(_)) {
            turn_away(socket, Said::Full(door.limits.connections).into(), false).await?;
            return Ok(false);
        }
        let step = process_message(
            message,
            socket,
            Arc::clone(&login),
            Arc::clone(&door.nothing),
            Arc::clone(&door.nothing),
            Arc::new(NoopHandler),
            Arc::clone(&door.cancels),
        );
        match timeout_at(deadline, step).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => {
                if matches!(fault, PgWireError::InvalidPassword(_)) {
                    tracing::warn!(client = %socket.socket_addr().ip(), "a login failed");
                }
                // Whatever goes wrong before the login ends it.
                turn_away(socket, fault, false).await?;
                return Ok(false);
            }
            Err(_) => return Ok(false),
        }
        if matches!(socket.state(), PgWireConnectionState::ReadyForQuery) {
            return Ok(true);
        }
    }
}

/// Statement after statement.
async fn talk(door: &Arc<Door>, socket: &mut Socket, service: &Arc<Service>) -> io::Result<()> {
    let registered = door.cancels.register(socket.pid_and_secret_key());
    let mut stopping = door.stopping.clone();
    loop {
        let next = tokio::select! {
            next = timeout(door.limits.idle, socket.next()) => next,
            () = stop(&mut stopping) => return turn_away(socket, Said::Stopping.into(), false).await,
        };
        let message = match next {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(fault))) => return turn_away(socket, fault, false).await,
            Ok(None) => return Ok(()),
            Err(_) => return turn_away(socket, Said::Silent(door.limits.idle).into(), false).await,
        };
        if matches!(message, PgWireFrontendMessage::Terminate(_)) {
            return Ok(());
        }
        let is_extended = message.is_extended_query();
        let step = process_message(
            message,
            socket,
            Arc::new(NoopHandler),
            Arc::clone(service),
            Arc::clone(service),
            Arc::new(NoopHandler),
            Arc::clone(&door.cancels),
        );
        // Dropping the step drops its plan, and with it all that runs for it.
        let outcome: PgWireResult<()> = tokio::select! {
            outcome = timeout(door.limits.statement, step) => {
                outcome.unwrap_or_else(|_| Err(Said::TooLong(door.limits.statement).into()))
            }
            () = registered.asked() => Err(Said::Cancelled.into()),
        };
        if let Err(fault) = outcome {
            turn_away(socket, fault, is_extended).await?;
        }
    }
}

/// Ends when the service stops.
pub(super) async fn stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await; // a sender that is gone has stopped too
}

/// Tells a client what went wrong; a fatal error closes its connection, and so does a client that does not read.
async fn turn_away(socket: &mut Socket, fault: PgWireError, wait_for_sync: bool) -> io::Result<()> {
    timeout(LAST_WORDS, process_error(socket, fault, wait_for_sync))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
