//! `vigie serve`: SQL for analysts over the Postgres wire, alone or beside the schedule (`vigie run`).

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use vigie_serve::wire::{Limits, Settings, TlsFiles, Users, Verifier, Wire};
use vigie_serve::{Role, Source};
use vigie_store::SessionOptions;

use crate::calendar::parse_time;
use crate::config::positive;
use crate::error::Error;
use crate::room::Room;

/// Where `vigie serve` listens when nothing else is said.
const LISTEN: &str = "127.0.0.1:5433";

/// Least memory of the statements of one client, in MiB: less is taken as this.
pub(crate) const MEMORY_MIB_MIN: usize = 16;

/// The section `[serve]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Address and port; `vigie run` opens no port without it.
    pub listen: Option<SocketAddr>,
    /// Certificate and key, relative to the file.
    pub tls: Option<Tls>,
    /// Clients at once.
    pub connections: usize,
    /// Longest login.
    pub login_timeout: SignedDuration,
    /// Longest statement, its rows sent.
    pub statement_timeout: SignedDuration,
    /// Longest silence between statements.
    pub idle_timeout: SignedDuration,
    /// Most rows of a result.
    pub rows_max: u64,
    /// Memory of the statements of one client, in MiB.
    pub memory_mib: usize,
    /// Memory of the statements of all clients together, in MiB.
    pub memory_total_mib: usize,
    /// What they may spill to disk, in MiB.
    pub spill_mib: u64,
    /// Who may ask, by name.
    pub users: BTreeMap<String, User>,
}

/// PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Who may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// `lecture` or `analyste`.
    pub role: String,
    /// As `vigie password` prints it.
    pub verifier: String,
}

impl Default for Serve {
    fn default() -> Self {
        let limits = Limits::default();
        let signed = |wait| SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        Self {
            listen: None,
            tls: None,
            connections: limits.connections,
            login_timeout: signed(limits.login),
            statement_timeout: signed(limits.statement),
            idle_timeout: signed(limits.idle),
            rows_max: limits.rows,
            memory_mib: 256,
            memory_total_mib: 2048,
            spill_mib: 2048,
            users: BTreeMap::new(),
        }
    }
}

impl Serve {
    /// Paths become relative to the folder of the configuration.
    pub(crate) fn rooted(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls {
            tls.certificate = folder.join(&tls.certificate);
            tls.key = folder.join(&tls.key);
        }
    }

    /// The users.
    ///
    /// # Errors
    /// A sentence that names the user whose role or verifier does not read.
    pub fn users(&self) -> Result<Users, String> {
        let mut users = Users::default();
        for (name, user) in &self.users {
            let fault = |what: String| format!("serve.users.{name}: {what}");
            let role: Role = user.role.parse().map_err(fault)?;
            let verifier: Verifier = user.verifier.parse().map_err(fault)?;
            users.add(name, role, verifier).map_err(fault)?;
        }
        Ok(users)
    }

    /// What is wrong with its bounds of memory, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let least = self.memory_mib.max(MEMORY_MIB_MIN);
        (self.memory_total_mib < least).then(|| {
            format!(
                "serve.memory_total_mib: {} is less than what one client may use ({least}, memory_mib); expected at least that",
                self.memory_total_mib
            )
        })
    }

    fn settings(&self, listen: SocketAddr) -> Result<Settings, Error> {
        Ok(Settings {
            listen,
            tls: self
                .tls
                .as_ref()
                .map(|tls| TlsFiles { certificate: tls.certificate.clone(), key: tls.key.clone() }),
            users: self.users().map_err(Error::Usage)?,
            limits: Limits {
                connections: self.connections,
                login: positive(self.login_timeout),
                statement: positive(self.statement_timeout),
                idle: positive(self.idle_timeout),
                rows: self.rows_max,
            },
        })
    }
}

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
    let mut stop = crate::schedule::Stop::new()?;
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
