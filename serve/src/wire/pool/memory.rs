//! The memory of all workers together: looked at several times a second, and given back by idle workers first, then by the
//! largest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::process::Fall;

/// Time between two looks while statements run.
const LOOK: Duration = Duration::from_millis(50);

/// A worker among the others.
#[derive(Debug)]
pub(in crate::wire) struct Member {
    pid: Pid,
    at: Mutex<At>,
    /// Whether its client could go on with another worker.
    can_move: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Idle,
    Busy,
    Ended(Fall),
}

impl Member {
    fn at(&self) -> std::sync::MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks it as computing; false when it was ended meanwhile.
    pub(in crate::wire) fn begin(&self) -> bool {
        let mut at = self.at();
        if matches!(*at, At::Ended(_)) {
            return false;
        }
        *at = At::Busy;
        true
    }

    /// Marks it as waiting for its client.
    pub(in crate::wire) fn rest(&self, can_move: bool) {
        self.can_move.store(can_move, Ordering::Relaxed);
        let mut at = self.at();
        if *at == At::Busy {
            *at = At::Idle;
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        !matches!(*self.at(), At::Ended(_))
    }

    pub(super) fn cause(&self) -> Option<Fall> {
        match *self.at() {
            At::Ended(cause) => Some(cause),
            _ => None,
        }
    }

    /// Ends the process, whatever it computes. The first cause stays.
    pub(in crate::wire) fn end(&self, cause: Fall) {
        let mut at = self.at();
        if !matches!(*at, At::Ended(_)) {
            *at = At::Ended(cause);
            let _ = kill_process(self.pid, Signal::KILL); // it may have fallen by itself
        }
    }

    /// Ends it if it waits and nothing is lost with it.
    fn retire(&self) -> bool {
        let mut at = self.at();
        if *at != At::Idle || !self.can_move.load(Ordering::Relaxed) {
            return false;
        }
        *at = At::Ended(Fall::Retired);
        let _ = kill_process(self.pid, Signal::KILL);
        true
    }
}

/// All workers.
#[derive(Debug)]
pub(in crate::wire) struct Memory {
    members: Mutex<BTreeMap<u32, Arc<Member>>>,
    /// Bytes that they may hold together.
    total: u64,
}

impl Memory {
    pub(super) fn new(total: u64) -> Self {
        Self { members: Mutex::default(), total }
    }

    fn members(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self, pid: u32) -> Option<Arc<Member>> {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let member =
            Arc::new(Member { pid: number, at: Mutex::new(At::Idle), can_move: AtomicBool::new(true) });
        self.members().insert(pid, Arc::clone(&member));
        Some(member)
    }

    pub(super) fn leave(&self, pid: u32) {
        self.members().remove(&pid);
    }

    /// Watches until the service ends.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.keep_within(self.total);
        }
    }

    /// Ends workers until what is left is within a bound, in bytes.
    fn keep_within(&self, total: u64) {
        let members = self.members();
        if members.len() < 2 {
            return; // one alone is held to its own limit
        }
        let mut held: Vec<(u64, &Arc<Member>)> =
            members.iter().map(|(pid, member)| (memory_of(*pid), member)).collect();
        let mut sum: u64 = held.iter().map(|(bytes, _)| bytes).sum();
        if sum <= total {
            return;
        }
        held.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        for (bytes, member) in &held {
            if sum <= total {
                return;
            }
            if member.retire() {
                sum -= bytes;
            }
        }
        for (bytes, member) in &held {
            if sum <= total {
                return;
            }
            if member.is_alive() {
                tracing::warn!(worker = %member.pid.as_raw_nonzero(), mib = bytes >> 20, "the workers hold too much memory together; the largest is ended");
                member.end(Fall::Total);
                sum -= bytes;
            }
        }
    }
}

/// Bytes that only this process holds; none when it has ended.
fn memory_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that waits, with at least so much memory (MiB).
    fn process(mib: u32) -> std::process::Child {
        let script =
            format!("x=$(head -c {mib}M /dev/zero | tr '\\0' x); echo ready; while :; do sleep 1; done");
        let mut command = std::process::Command::new("sh");
        let command = command.arg("-c").arg(script).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Its memory is what it will be.
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        child
    }

    #[test]
    fn idle_workers_give_way_first_then_the_largest() {
        let mut children = [process(30), process(40), process(20)];
        let memory = Memory::new(1 << 30);
        let members = children.each_ref().map(|child| memory.join(child.id()).unwrap());
        assert!(members.iter().all(|member| member.begin()));
        memory.keep_within(1 << 30);
        assert!(members.iter().all(|member| member.is_alive()), "within the bound");

        let held = children.each_ref().map(|child| memory_of(child.id()));
        members[2].rest(true);
        memory.keep_within(held[0] + held[1] + (5 << 20));
        assert_eq!(members[2].cause(), Some(Fall::Retired), "the idle one, though it is the smallest");
        assert!(!members[2].begin());
        memory.leave(children[2].id());
        memory.keep_within(held[0] + (5 << 20));
        assert_eq!((members[0].cause(), members[1].cause()), (None, Some(Fall::Total)));
        for child in &mut children {
            let _ = child.kill();
            child.wait().unwrap();
        }
    }
}
