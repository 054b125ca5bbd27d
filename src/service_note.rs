//! Who runs the service of a lake, as it leaves word.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who runs the service of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its process.
    pub pid: u32,
    /// Its machine.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
    /// Fingerprint of the configuration and vocabulary it was started with.
    pub settings: String,
}
