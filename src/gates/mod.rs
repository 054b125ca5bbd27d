//! Gates: what an edition passes before it is applied, a bulletin before it is published, and what a person says of it.

mod acknowledgements;
mod bulletin;
mod edition;
mod what_if;
mod words;

pub use acknowledgements::{Acknowledgement, acknowledge, acknowledgements};
pub use bulletin::{held, register_empty, results};
pub(crate) use edition::{Edition, check};
