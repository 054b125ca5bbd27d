//! What a session is, apart from what it computes: small enough to be kept by the front, so that a client can be given
//! another worker between two statements without noticing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Outside of a transaction, as the protocol writes it.
pub(super) const IDLE: u8 = b'I';
/// Within one.
pub(super) const IN_TRANSACTION: u8 = b'T';
/// Within one that failed.
pub(super) const FAILED: u8 = b'E';

/// The session of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Its role, by name.
    pub(super) role: String,
    /// `vigie.as_of`, as an instant; none is the present.
    pub(super) as_of: Option<String>,
    /// What the client said at its login, and its settings.
    pub(super) settings: BTreeMap<String, String>,
    /// Transaction status, as in `ReadyForQuery`.
    pub(super) transaction: u8,
    /// Statements prepared under a name, in order.
    pub(super) prepared: Vec<Prepared>,
    /// More was prepared than is kept here: only its worker knows it.
    pub(super) is_bound: bool,
}

/// A statement prepared under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) sql: String,
    /// Types of its parameters, as the client gave them.
    pub(super) types: Vec<u32>,
}

impl State {
    /// Of a client that has just logged in.
    pub(super) fn new(role: crate::Role, settings: BTreeMap<String, String>) -> Self {
        Self {
            role: role.to_string(),
            as_of: None,
            settings,
            transaction: IDLE,
            prepared: Vec::new(),
            is_bound: false,
        }
    }

    /// Whether another worker can go on with it.
    pub(super) fn can_move(&self) -> bool {
        self.transaction == IDLE && !self.is_bound
    }
}
