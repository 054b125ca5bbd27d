//! Queries compute on threads of their own, the client is spoken to on another: a query that does not pause does not keep
//! its client from being answered, timed out, or stopped.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures::{Stream, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Rows that wait for a client. A row may be as large as a value may be, so they are few.
const WAITING: usize = 64;

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

/// A stream that is polled on other threads; it ends there when this end is dropped. Its last item is `broken()` when it
/// panicked: rows that are missing must not look like the end.
pub(super) fn over<T: Send + 'static>(
    threads: &Handle,
    rows: impl Stream<Item = T> + Send + 'static,
    broken: impl Fn() -> T + Send + 'static,
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
    futures::stream::unfold(Some((receive, task, broken)), |under_way| async move {
        let (mut receive, mut task, broken) = under_way?;
        if let Some(row) = receive.recv().await {
            return Some((row, Some((receive, task, broken))));
        }
        match task.join_next().await {
            Some(Err(_)) => Some((broken(), None)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_that_panics_ends_with_an_error() {
        let rows = futures::stream::iter(0..3).map(|n| if n < 2 { Ok(n) } else { panic!("of the engine") });
        let rows: Vec<Result<i32, &str>> = over(&Handle::current(), rows, || Err("broken")).collect().await;
        assert_eq!(rows, [Ok(0), Ok(1), Err("broken")]);
        let rows = over(&Handle::current(), futures::stream::iter([Ok(0)]), || Err("broken"));
        assert_eq!(rows.collect::<Vec<Result<i32, &str>>>().await, [Ok(0)]);
    }
}
