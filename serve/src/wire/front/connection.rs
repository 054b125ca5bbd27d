//! One client, from its first byte to its last: login, then what it says goes to a worker.
//!
//! pgwire brings a loop of its own, which waits a minute for a login. Its parts are used here instead.

use std::io;
use std::sync::Arc;

use datafusion_postgres::DfSessionService;
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler;
use datafusion_postgres::pgwire::api::{ClientInfo as _, METADATA_USER, NoopHandler, PgWireConnectionState};
use datafusion_postgres::pgwire::error::PgWireError;
use datafusion_postgres::pgwire::messages::PgWireFrontendMessage;
use datafusion_postgres::pgwire::tokio::server::{
    MaybeTls, PgWireMessageServerCodec, negotiate_tls, process_error, process_message,
};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::Framed;

use super::login::Login;
use super::relay::Relay;
use super::{Door, LAST_WORDS};
use crate::Role;
use crate::wire::said::Said;
use crate::wire::state::State;

type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;
type Socket = Framed<MaybeTls, PgWireMessageServerCodec<Statement>>;

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
    socket.flush().await?;
    let registered = door.cancels.register(socket.pid_and_secret_key());
    // A role is all that a worker is told of a user.
    let said = socket.metadata().iter().filter(|(name, _)| *name != METADATA_USER);
    let said = said.map(|(name, value)| (name.clone(), value.clone())).collect();
    let user = socket.metadata().get(METADATA_USER).cloned().unwrap_or_default();
    let role = door.users.role(&user).unwrap_or(Role::Analyste);
    let parts = socket.into_parts();
    Relay::new(door, parts.io, parts.read_buf, State::new(role, said)).run(&registered).await
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
            turn_away(socket, Said::Full(door.limits.connections).into()).await?;
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
                turn_away(socket, fault).await?;
                return Ok(false);
            }
            Err(_) => return Ok(false),
        }
        if matches!(socket.state(), PgWireConnectionState::ReadyForQuery) {
            return Ok(true);
        }
    }
}

/// Tells a client why it is sent away.
async fn turn_away(socket: &mut Socket, fault: PgWireError) -> io::Result<()> {
    timeout(LAST_WORDS, process_error(socket, fault, false))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
