//! What the system holds a worker to, whatever it computes.

use std::io;

use rustix::process::{Resource, Rlimit, Signal, getpid, kill_process, nice, setrlimit};

/// Steps below the watch-room in its share of the processors. Linux derives the priority for the disk from it too.
const NICE: i32 = 10;

/// When the machine itself has no memory left, it ends a worker before it ends the watch-room.
const OOM_SCORE: &str = "800";

/// Gives way to the watch-room, and leaves no image of its memory behind when it falls: there are data of people in it.
///
/// # Errors
/// When the system refuses that no image is left.
pub(super) fn lower() -> io::Result<()> {
    if let Err(fault) = nice(NICE) {
        // A service that is shut in may not be allowed to; it computes all the same.
        tracing::warn!(%fault, "a worker has the priority of the service: it could not be lowered");
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE); // where the system has it
    Ok(())
}

/// Limits what the process may ask of memory: private and writable (`RLIMIT_DATA`), so that neither the program itself nor
/// address space set aside without being used counts. What asks for more is refused it, and ends the process.
///
/// # Errors
/// When the system refuses.
pub(super) fn hold(bytes: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) })?)
}

/// Ends the process at once, whatever its threads are at.
pub(super) fn end() {
    let _ = kill_process(getpid(), Signal::KILL);
}
