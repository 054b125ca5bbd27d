//! Cases of French.
