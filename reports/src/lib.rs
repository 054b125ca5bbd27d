//! From values to documents: figures (plotters to SVG), the bulletin (Typst to PDF), its twins (JSON, XLSX).
//!
//! [`render`] takes an [`Input`] and gives bytes. This crate knows no SQL, no lake, no arrow and no clock; the same input
//! gives the same bytes.

pub mod figures;
pub mod french;
pub mod input;

pub use input::Input;
