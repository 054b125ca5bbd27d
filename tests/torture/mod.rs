//! The parts of the harness, shared by two test binaries: `torture` runs them at length, `vigie` a quick selection.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

mod bombs;
mod calls;
mod clock;
mod drill;
mod failpoints;
mod faults;
mod feeds;
mod flips;
mod full;
mod kills;
mod packed;
pub(crate) mod rng;
pub(crate) mod server;
pub(crate) mod site;
mod workers;
mod writers;

/// How long and from which seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Every random choice follows from it.
    pub(crate) seed: u64,
    /// How many cases, where a part has as many as one likes.
    pub(crate) rounds: Option<u64>,
    /// Also what takes minutes by itself.
    pub(crate) long: bool,
}

/// One way of ill-treating.
pub(crate) struct Part {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it does, in a line.
    pub(crate) about: &'static str,
    /// Does it.
    pub(crate) run: fn(&Options) -> Tally,
}

/// Every part, in the order they run.
pub(crate) const PARTS: &[Part] = &[
    Part { name: "kills", about: "SIGKILL at random moments, against a ledger", run: kills::run },
    Part { name: "failpoints", about: "a crash at every named step", run: failpoints::run },
    Part { name: "full", about: "a full disk, at fifty sizes", run: full::run },
    Part { name: "calls", about: "the N-th system call fails", run: calls::run },
    Part { name: "writers", about: "two to sixteen writers at once", run: writers::run },
    Part { name: "flips", about: "one flipped bit in any file", run: flips::run },
    Part { name: "bombs", about: "small bodies that would fill the memory", run: bombs::run },
    Part { name: "clock", about: "clock changes, jumps and long stops under vigie run", run: clock::run },
    Part { name: "workers", about: "SQL workers killed under load, then their server", run: workers::run },
    Part { name: "server", about: "a feed server with every fault it can have", run: faults::run },
];

/// What held, when something did not: a sentence that says what.
pub(crate) type Check<T = ()> = Result<T, String>;

/// Fails the case with a sentence unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($said:tt)+) => {
        if $condition {
        } else {
            return Err(format!($($said)+));
        }
    };
}
pub(crate) use ensure;

/// Counts of one part.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Cases tried.
    pub(crate) cases: u64,
    /// The cases that did not hold, a sentence each.
    pub(crate) failures: Vec<String>,
    /// What else is worth a line: figures, parts skipped and why.
    pub(crate) notes: Vec<String>,
}

impl Tally {
    /// Counts one case.
    pub(crate) fn case(&mut self, name: &str, outcome: Check) {
        self.cases += 1;
        if let Err(fault) = outcome {
            self.failures.push(format!("{name}: {fault}"));
        }
    }

    /// A part that failed before its first case.
    pub(crate) fn failed(name: &str, fault: String) -> Self {
        let mut tally = Self::default();
        tally.case(name, Err(fault));
        tally
    }

    /// A part that this machine cannot run.
    pub(crate) fn skipped(why: &str) -> Self {
        Self { notes: vec![format!("skipped: {why}")], ..Self::default() }
    }
}

/// Runs cases on several threads; the tally has them in their order.
pub(crate) fn side_by_side<T: Sync>(
    threads: usize,
    cases: &[T],
    name: impl Fn(&T) -> String,
    run: impl Fn(&T) -> Check + Sync,
) -> Tally {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Check)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(place) else { return };
                    let outcome = run(case);
                    done.lock().unwrap().push((place, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    let mut tally = Tally::default();
    for (place, outcome) in done {
        tally.case(&name(&cases[place]), outcome);
    }
    tally
}
