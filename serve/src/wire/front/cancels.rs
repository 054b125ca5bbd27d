//! Requests to stop a running statement: they come on a connection of their own, with the key that the first one was
//! given at its login.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion_postgres::pgwire::api::cancel::CancelHandler;
use datafusion_postgres::pgwire::messages::cancel::CancelRequest;
use datafusion_postgres::pgwire::messages::startup::SecretKey;
use tokio::sync::Notify;

type Key = (i32, Vec<u8>);

/// Requests of one client.
#[derive(Debug, Default)]
struct Asked {
    times: AtomicU64,
    wake: Notify,
}

/// Clients that may be asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Cancels {
    clients: Mutex<BTreeMap<Key, Arc<Asked>>>,
}

impl Cancels {
    /// Registers a client until the guard is dropped.
    pub(crate) fn register(self: &Arc<Self>, (pid, key): (i32, SecretKey)) -> Registered {
        let key = (pid, key.to_bytes().to_vec());
        let asked = Arc::new(Asked::default());
        self.clients().insert(key.clone(), Arc::clone(&asked));
        Registered { asked, seen: AtomicU64::new(0), key, of: Arc::clone(self) }
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Arc<Asked>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        let key = (request.pid, request.secret_key.to_bytes().to_vec());
        if let Some(asked) = self.clients().get(&key) {
            asked.times.fetch_add(1, Ordering::AcqRel);
            asked.wake.notify_one();
        }
    }
}

/// A client that may be asked to stop.
pub(crate) struct Registered {
    asked: Arc<Asked>,
    /// Requests that came before the statement under way: they stop nothing any more.
    seen: AtomicU64,
    key: Key,
    of: Arc<Cancels>,
}

impl Registered {
    /// Waits for a request to stop. It may be an old one: see [`Registered::is_fresh`].
    pub(crate) async fn asked(&self) {
        self.asked.wake.notified().await;
    }

    /// A statement begins: requests of before are not for it.
    pub(crate) fn begin(&self) {
        self.seen.store(self.asked.times.load(Ordering::Acquire), Ordering::Release);
    }

    /// Whether a request has come since the statement under way began.
    pub(crate) fn is_fresh(&self) -> bool {
        self.asked.times.load(Ordering::Acquire) > self.seen.load(Ordering::Acquire)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.of.clients().remove(&self.key);
    }
}
