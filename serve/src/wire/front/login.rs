//! From the first byte of a client to the end of its login.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::auth::noop::NoopStartupHandler;
use datafusion_postgres::pgwire::api::auth::sasl::SASLAuthStartupHandler;
use datafusion_postgres::pgwire::api::auth::sasl::scram::ScramAuth;
use datafusion_postgres::pgwire::api::auth::{AuthSource, DefaultServerParameterProvider, StartupHandler};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use futures::Sink;

use crate::wire::said::Said;
use crate::wire::users::Users;

/// What clients are told of the server.
fn parameters() -> DefaultServerParameterProvider {
    let mut parameters = DefaultServerParameterProvider::default();
    crate::expected::POSTGRES.clone_into(&mut parameters.server_version);
    "UTC".clone_into(&mut parameters.time_zone);
    parameters.is_superuser = false;
    parameters.default_transaction_read_only = true;
    parameters
}

/// The login of one connection.
pub(crate) struct Login {
    must_encrypt: bool,
    way: Way,
}

enum Way {
    /// With a password.
    Scram(Box<SASLAuthStartupHandler<DefaultServerParameterProvider>>),
    /// On loopback, where no user is configured.
    Open(Open),
}

struct Open;

impl NoopStartupHandler for Open {}

impl Login {
    pub(crate) fn new(users: &Arc<Users>, must_encrypt: bool) -> Self {
        let way = if users.is_empty() {
            Way::Open(Open)
        } else {
            let source: Arc<dyn AuthSource> = Arc::<Users>::clone(users);
            let scram =
                SASLAuthStartupHandler::new(Arc::new(parameters())).with_scram(ScramAuth::new(source));
            Way::Scram(Box::new(scram))
        };
        Self { must_encrypt, way }
    }
}

#[async_trait]
impl StartupHandler for Login {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if self.must_encrypt && !client.is_secure() {
            return Err(Said::ClearText.into());
        }
        match &self.way {
            Way::Scram(scram) => scram.on_startup(client, message).await,
            Way::Open(open) => open.on_startup(client, message).await,
        }
    }
}
