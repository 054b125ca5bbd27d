//! A figure before it is drawn, whatever its kind; and many of them drawn side by side.

use rayon::prelude::*;

use super::spec::{DaysOfCover, Fan, Figure, HeatStrip, Map, RankedDots, Slope, SmallMultiples, TimeSeries};
use super::{days_of_cover, fan, heat_strip, map, ranked_dots, slope, small_multiples, time_series};

/// A figure before it is drawn.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is named after what it holds")]
pub enum Drawing {
    DaysOfCover(DaysOfCover),
    Fan(Fan),
    HeatStrip(HeatStrip),
    Map(Map),
    RankedDots(RankedDots),
    Slope(Slope),
    SmallMultiples(SmallMultiples),
    TimeSeries(TimeSeries),
}

impl Drawing {
    /// Draws it. The same data give the same bytes.
    #[must_use]
    pub fn draw(&self) -> Figure {
        match self {
            Self::DaysOfCover(spec) => days_of_cover(spec),
            Self::Fan(spec) => fan(spec),
            Self::HeatStrip(spec) => heat_strip(spec),
            Self::Map(spec) => map(spec),
            Self::RankedDots(spec) => ranked_dots(spec),
            Self::Slope(spec) => slope(spec),
            Self::SmallMultiples(spec) => small_multiples(spec),
            Self::TimeSeries(spec) => time_series(spec),
        }
    }
}

/// Draws figures, as many at once as there are cores; they come back in their order.
#[must_use]
pub fn draw_all(drawings: &[Drawing]) -> Vec<Figure> {
    drawings.par_iter().map(Drawing::draw).collect()
}
