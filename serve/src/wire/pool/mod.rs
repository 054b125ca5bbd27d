//! Workers: started ahead of their clients, so that nobody waits for a process to open the lake.

mod memory;
mod process;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

pub use process::Launch;
pub(super) use process::{Fall, Worker};

use super::limits::Limits;
use super::state::State;
use super::worker::Setup;
use memory::Memory;

/// Workers that wait for a client.
const SPARES: usize = 1;

/// Workers that start at once; more would only slow each other down.
const STARTS: usize = 2;

/// Times that a worker is started for a client before it is told that there is none.
const TRIES: u32 = 3;

/// Workers, and how to make more of them.
#[derive(Debug)]
pub(super) struct Pool {
    launch: Launch,
    statement_ms: u64,
    rows: u64,
    memory: Arc<Memory>,
    spares: Mutex<Vec<Worker>>,
    starts: Semaphore,
    n_started: AtomicU64,
    is_refilling: AtomicBool,
}

impl Pool {
    pub(super) fn new(launch: Launch, limits: &Limits) -> Arc<Self> {
        let memory = Arc::new(Memory::new(launch.memory_total));
        Arc::new(Self {
            launch,
            statement_ms: u64::try_from(limits.statement.as_millis()).unwrap_or(u64::MAX),
            rows: limits.rows,
            memory,
            spares: Mutex::default(),
            starts: Semaphore::new(STARTS),
            n_started: AtomicU64::new(0),
            is_refilling: AtomicBool::new(false),
        })
    }

    /// Starts the first spare worker, and watches the memory of all until the service ends.
    pub(super) async fn run(self: Arc<Self>) {
        self.refill();
        Arc::clone(&self.memory).watch().await;
    }

    /// A worker for a client.
    ///
    /// # Errors
    /// When none can be started; the log of the worker says why.
    pub(super) async fn take(self: &Arc<Self>, state: &State) -> io::Result<Worker> {
        while let Some(mut spare) = self.spare() {
            if spare.is_alive() && spare.assign(state).await.is_ok() {
                self.refill();
                return Ok(spare);
            }
        }
        let mut tries = TRIES;
        loop {
            let started = async {
                let mut worker = self.start().await?;
                worker.assign(state).await?;
                io::Result::Ok(worker)
            };
            tries -= 1;
            match started.await {
                Ok(worker) => {
                    self.refill();
                    return Ok(worker);
                }
                Err(fault) if tries == 0 => return Err(fault),
                // Ended by somebody while it started, perhaps: the next one need not be.
                Err(fault) => tracing::warn!(%fault, "a worker could not be started; another is tried"),
            }
        }
    }

    /// Ends the workers that wait.
    pub(super) fn close(&self) {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn spare(&self) -> Option<Worker> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn start(&self) -> io::Result<Worker> {
        let _turn = self.starts.acquire().await.map_err(io::Error::other)?;
        let n = self.n_started.fetch_add(1, Ordering::Relaxed);
        let setup = Setup {
            statement_ms: self.statement_ms,
            rows: self.rows,
            memory: self.launch.memory,
            spill: self.launch.spill.join(n.to_string()),
        };
        Worker::start(&self.launch, setup, &self.memory).await
    }

    fn n_spares(&self) -> usize {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Starts a spare worker when there are too few.
    fn refill(self: &Arc<Self>) {
        let pool = Arc::clone(self);
        if pool.n_spares() >= SPARES || pool.is_refilling.swap(true, Ordering::AcqRel) {
            return;
        }
        tokio::spawn(async move {
            match pool.start().await {
                Ok(worker) => pool.spares.lock().unwrap_or_else(PoisonError::into_inner).push(worker),
                Err(fault) => tracing::error!(%fault, "a worker could not be started"),
            }
            pool.is_refilling.store(false, Ordering::Release);
        });
    }
}
