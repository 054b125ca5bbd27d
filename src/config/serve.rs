//! The section `[serve]`: who may ask SQL over the wire, and within which bounds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use vigie_serve::Role;
use vigie_serve::wire::{Limits, Settings, TlsFiles, Users, Verifier};

use crate::error::Error;

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

    pub(crate) fn settings(&self, listen: SocketAddr) -> Result<Settings, Error> {
        Ok(Settings {
            listen,
            tls: self
                .tls
                .as_ref()
                .map(|tls| TlsFiles { certificate: tls.certificate.clone(), key: tls.key.clone() }),
            users: self.users().map_err(Error::Usage)?,
            limits: Limits {
                connections: self.connections,
                login: super::positive(self.login_timeout),
                statement: super::positive(self.statement_timeout),
                idle: super::positive(self.idle_timeout),
                rows: self.rows_max,
            },
        })
    }
}
