//! Statements prepared under a name: noted as they come, so that another worker can prepare them again.

use std::sync::Arc;

use datafusion_postgres::pgwire::api::ClientPortalStore as _;
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler as _;
use datafusion_postgres::pgwire::api::stmt::StoredStatement;
use datafusion_postgres::pgwire::api::store::PortalStore as _;
use datafusion_postgres::pgwire::messages::PgWireFrontendMessage;
use datafusion_postgres::pgwire::messages::extendedquery::{Parse, TARGET_TYPE_BYTE_STATEMENT};

use super::Socket;
use super::hook::Service;
use crate::wire::state::{Prepared, State};

/// Bytes of SQL that are noted for one client. Beyond, its session stays with its worker.
const BYTES_MAX: usize = 256 << 10;

/// What a message does to the prepared statements, if it succeeds.
pub(super) enum Noted {
    Nothing,
    Prepared(Prepared),
    Closed(String),
}

impl Noted {
    pub(super) fn of(message: &PgWireFrontendMessage) -> Self {
        match message {
            PgWireFrontendMessage::Parse(Parse { name: Some(name), query, type_oids, .. })
                if !name.is_empty() =>
            {
                Self::Prepared(Prepared { name: name.clone(), sql: query.clone(), types: type_oids.clone() })
            }
            PgWireFrontendMessage::Close(close) if close.target_type == TARGET_TYPE_BYTE_STATEMENT => {
                close.name.clone().map_or(Self::Nothing, Self::Closed)
            }
            _ => Self::Nothing,
        }
    }

    /// Takes it into the session; whether that has changed.
    pub(super) fn keep(self, state: &mut State) -> bool {
        match self {
            Self::Nothing => return false,
            Self::Closed(name) => state.prepared.retain(|prepared| prepared.name != name),
            Self::Prepared(new) => {
                state.prepared.retain(|prepared| prepared.name != new.name);
                let bytes: usize = state.prepared.iter().map(|prepared| prepared.sql.len()).sum();
                if bytes + new.sql.len() > BYTES_MAX {
                    state.is_bound = true;
                } else {
                    state.prepared.push(new);
                }
            }
        }
        true
    }
}

/// Prepares a statement again. One that cannot be any more (a table that is gone) is unknown when it is asked for.
pub(super) async fn again(socket: &mut Socket, service: &Arc<Service>, prepared: &Prepared) {
    let Prepared { name, sql, types } = prepared.clone();
    let parse = Parse::new(Some(name.clone()), sql, types);
    match StoredStatement::parse(&*socket, &parse, service.query_parser()).await {
        Ok(Some(statement)) => socket.portal_store().put_statement(Arc::new(statement)),
        Ok(None) => socket.portal_store().put_empty_statement(&name),
        Err(fault) => tracing::debug!(%fault, "a statement could not be prepared again"),
    }
}
