//! Requests to stop a running statement: they come on a connection of their own, with the key that the first one was
//! given at its login.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion_postgres::pgwire::api::cancel::CancelHandler;
use datafusion_postgres::pgwire::messages::cancel::CancelRequest;
use datafusion_postgres::pgwire::messages::startup::SecretKey;
use tokio::sync::Notify;

type Key = (i32, Vec<u8>);

/// Clients that may be asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Cancels {
    clients: Mutex<BTreeMap<Key, Arc<Notify>>>,
}

impl Cancels {
    /// Registers a client until the guard is dropped.
    pub(crate) fn register(self: &Arc<Self>, (pid, key): (i32, SecretKey)) -> Registered {
        let key = (pid, key.to_bytes().to_vec());
        let asked = Arc::new(Notify::new());
        self.clients().insert(key.clone(), Arc::clone(&asked));
        Registered { asked, key, of: Arc::clone(self) }
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Arc<Notify>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        let key = (request.pid, request.secret_key.to_bytes().to_vec());
        if let Some(asked) = self.clients().get(&key) {
            // Only who waits is told: a request that comes between two statements stops nothing.
            asked.notify_waiters();
        }
    }
}

/// A client that may be asked to stop.
pub(crate) struct Registered {
    asked: Arc<Notify>,
    key: Key,
    of: Arc<Cancels>,
}

impl Registered {
    /// Waits until the client asks to stop what runs.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.of.clients().remove(&self.key);
    }
}
