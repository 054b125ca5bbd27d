//! `vigie serve`: SQL for analysts over the Postgres wire, alone or beside the schedule (`vigie run`).

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;

use vigie_serve::Source;
use vigie_serve::wire::{Verifier, Wire};
use vigie_store::SessionOptions;

use crate::calendar::parse_time;
use crate::error::Error;
use crate::room::Room;

/// Where `vigie serve` listens when nothing else is said.
const LISTEN: &str = "127.0.0.1:5433";

/// Where sessions of a watch-room get their tables from.
#[must_use]
pub fn source(room: &Room, options: SessionOptions) -> Source {
    let opened = room.clone();
    Source {
        lake: room.lake.clone(),
        vocabulary: Arc::clone(&room.vocabulary),
        open: Arc::new(move |issued| {
            let as_of = opened.now().map(|now| Room::as_of(issued, now));
            as_of.and_then(|as_of| opened.session(as_of)).map_err(|fault| fault.sentence())
        }),
        // Its sentence goes into an answer for analysts, which is French throughout.
        read_time: |text| parse_time(text).map_err(|_| format!("« {text} » n’est pas un instant")),
        options,
    }
}

/// Binds the wire at an address.
///
/// # Errors
/// [`Error::Usage`] when users do not read or the address would be open to others; [`Error::Failed`] when it cannot be
/// bound, or workers cannot be told of the lake.
pub async fn bind(room: &Room, listen: SocketAddr) -> Result<Wire, Error> {
    let serve = &room.config.serve;
    let launch = crate::sql::worker::launch(room)?;
    Wire::bind(serve.settings(listen)?, launch).await.map_err(|fault| match fault {
        fault @ vigie_serve::wire::Error::Listen { .. } => Error::Failed(format!(
            "{fault}: {}",
            std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default()
        )),
        fault => Error::Usage(fault.to_string()),
    })
}

/// Runs `vigie serve` until SIGTERM or Ctrl-C.
///
/// # Errors
/// As [`bind`].
pub async fn run(room: &Room, listen: Option<SocketAddr>) -> Result<(), Error> {
    let listen = match listen.or(room.config.serve.listen) {
        Some(listen) => listen,
        None => LISTEN.parse().map_err(|fault| Error::Failed(format!("{LISTEN}: {fault}")))?,
    };
    let wire = bind(room, listen).await?;
    let address = wire.address().map_err(|fault| Error::Failed(fault.to_string()))?;
    room.talk.say(&format!("vigie serve: postgresql://{address}/vigie (read-only; Ctrl-C ends)"));
    let mut stop = crate::stop::Stop::new()?;
    wire.serve(stop.asked()).await;
    Ok(())
}

/// Prints the verifier of a password read from standard input (one line).
///
/// # Errors
/// [`Error::Usage`] when it is too short.
pub fn password() -> Result<(), Error> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|source| Error::Read { path: "standard input".into(), source })?;
    let verifier = Verifier::of(text.trim_end_matches(['\r', '\n'])).map_err(Error::Usage)?;
    println!("{verifier}");
    Ok(())
}
