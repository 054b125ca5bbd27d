//! What one client may take: connections, time, rows, silence. Memory and spilling are those of its session.

use std::time::Duration;

/// Limits of the wire.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clients at once; one more is told so and sent away.
    pub connections: usize,
    /// From the first byte to the end of the login.
    pub login: Duration,
    /// One statement, until its rows are with the client.
    pub statement: Duration,
    /// Silence between statements.
    pub idle: Duration,
    /// Rows of one result.
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            login: Duration::from_secs(10),
            statement: Duration::from_secs(60),
            idle: Duration::from_secs(3600),
            rows: 5_000_000,
        }
    }
}
