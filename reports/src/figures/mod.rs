//! The bulletin's figures: plain data in, SVG with real text out, with a text alternative and a table of the numbers.
//!
//! One file per kind of figure; what they share is the visual language ([`style`]), the fonts ([`fonts`]) and the one
//! door to the drawing library ([`canvas`]). Figures are pure functions: the same data give the same bytes.
//! This module knows no SQL, no lake and no clock.

mod axis;
mod canvas;
pub mod contours;
mod days_of_cover;
mod drawing;
mod events;
mod fan;
pub mod fonts;
mod geometry;
mod heat_strip;
mod labels;
mod legend;
mod lines;
mod map;
mod ranked_dots;
mod slope;
mod small_multiples;
mod spec;
pub mod style;
mod text;
mod time_series;
mod words;

pub use days_of_cover::days_of_cover;
pub use drawing::{Drawing, draw_all};
pub use fan::fan;
pub use heat_strip::heat_strip;
pub use map::map;
pub use ranked_dots::ranked_dots;
pub use slope::slope;
pub use small_multiples::small_multiples;
pub use spec::*;
pub use time_series::time_series;

#[cfg(test)]
mod tests;
