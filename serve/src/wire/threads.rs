//! Queries compute on threads of their own, clients are spoken to on others: a query that does not pause keeps no other
//! client from being heard, answered, timed out, or stopped.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures::{Stream, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Rows that wait for a client.
const WAITING: usize = 256;

/// A future whose own tasks run on other threads.
struct On<'a, F> {
    threads: &'a Handle,
    future: Pin<Box<F>>,
}

/// Polls a future here, and starts what it starts on other threads.
pub(super) fn on<F: Future>(threads: &Handle, future: F) -> impl Future<Output = F::Output> {
    On { threads, future: Box::pin(future) }
}

impl<F: Future> Future for On<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _there = self.threads.enter();
        self.future.as_mut().poll(context)
    }
}

/// A stream that is polled on other threads; it ends there when this end is dropped.
pub(super) fn over<T: Send + 'static>(
    threads: &Handle,
    rows: impl Stream<Item = T> + Send + 'static,
) -> impl Stream<Item = T> + Send + 'static {
    let (send, receive) = mpsc::channel(WAITING);
    // A set that is dropped ends its tasks.
    let mut task = JoinSet::new();
    let forward = async move {
        let mut rows = pin!(rows);
        while let Some(row) = rows.next().await {
            if send.send(row).await.is_err() {
                break;
            }
        }
    };
    task.spawn_on(forward, threads);
    futures::stream::unfold((receive, task), |(mut receive, task)| async move {
        let row = receive.recv().await?;
        Some((row, (receive, task)))
    })
}
