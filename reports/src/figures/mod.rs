//! The bulletin's figures: plain data in, SVG with real text out, with a text alternative and a table of the numbers.
//!
//! One file per kind of figure; what they share is the visual language ([`style`]), the fonts ([`fonts`]) and the one
//! door to the drawing library ([`canvas`]). Figures are pure functions: the same data give the same bytes.
//! This module knows no SQL, no lake and no clock.

pub mod fonts;
mod spec;

pub use spec::*;

// Skeleton: the drawings follow; the signatures stay.

/// Draws a [`TimeSeries`].
#[must_use]
pub fn time_series(spec: &TimeSeries) -> Figure {
    blank(&spec.title)
}

/// Draws a [`BarsWeekly`].
#[must_use]
pub fn bars_weekly(spec: &BarsWeekly) -> Figure {
    blank(&spec.title)
}

/// Draws a [`RankedDots`].
#[must_use]
pub fn ranked_dots(spec: &RankedDots) -> Figure {
    blank(&spec.title)
}

/// Draws a [`DaysOfCover`].
#[must_use]
pub fn days_of_cover(spec: &DaysOfCover) -> Figure {
    blank(&spec.title)
}

/// Draws a [`HeatStrip`].
#[must_use]
pub fn heat_strip(spec: &HeatStrip) -> Figure {
    blank(&spec.title)
}

/// Draws a [`SmallMultiples`].
#[must_use]
pub fn small_multiples(spec: &SmallMultiples) -> Figure {
    blank(&spec.title)
}

/// Draws a [`Map`].
#[must_use]
pub fn map(spec: &Map) -> Figure {
    blank(&spec.title)
}

fn blank(title: &str) -> Figure {
    let svg = "<svg width=\"482pt\" height=\"170pt\" viewBox=\"0 0 4820 1700\" xmlns=\"http://www.w3.org/2000/svg\"></svg>";
    Figure { svg: svg.to_owned(), width_pt: 482.0, height_pt: 170.0, alt: title.to_owned(), table: Table::default() }
}
