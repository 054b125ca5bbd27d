//! SQL for analysts: read-only sessions and the Postgres wire.
