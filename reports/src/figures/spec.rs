//! What a figure is asked to show: plain data, no drawing.
//!
//! Every figure kind has one struct here and one function of the same name beside it. Dates are civil days; a week is
//! its Monday. Shares are 0..1 and become percentages only when printed. Text is French and ready to print.

use jiff::civil::Date;

use crate::french;

/// A drawn figure: the picture, what it says in words, and its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The picture, with its text as text in [`crate::figures::fonts::FAMILY`].
    pub svg: String,
    /// Width on paper, in points.
    pub width_pt: f64,
    /// Height on paper, in points.
    pub height_pt: f64,
    /// Text alternative made from the data, in French.
    pub alt: String,
    /// The numbers drawn, as printed.
    pub table: Table,
}

/// The numbers behind a figure, printed as in the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Title of the table: the figure's title with its unit.
    pub caption: String,
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// How a value is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Whole numbers: `1 234`.
    Count,
    /// Numbers with so many decimals: `12,5`.
    Decimal(u8),
    /// Shares 0..1 printed in percent with so many decimals: `12,5 %`.
    Share(u8),
}

/// The unit of a figure's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Name as printed after the title: « patients », « pour 100 000 habitants ».
    pub name: String,
    /// How values are printed.
    pub format: Format,
}

impl Unit {
    /// A unit counted in whole numbers.
    #[must_use]
    pub fn count(name: &str) -> Self {
        Self { name: name.to_owned(), format: Format::Count }
    }

    /// A share printed in percent.
    #[must_use]
    pub fn share(name: &str, decimals: u8) -> Self {
        Self { name: name.to_owned(), format: Format::Share(decimals) }
    }

    /// A number with decimals.
    #[must_use]
    pub fn decimal(name: &str, decimals: u8) -> Self {
        Self { name: name.to_owned(), format: Format::Decimal(decimals) }
    }

    /// A value as it is printed: `12,5 %`, `1 234`.
    #[must_use]
    pub fn print(&self, value: f64) -> String {
        match self.format {
            Format::Count => french::number(value, 0),
            Format::Decimal(decimals) => french::number(value, decimals),
            Format::Share(decimals) => french::percent(value, decimals),
        }
    }
}

/// Room a figure is given on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Width, in points.
    pub width_pt: f64,
    /// Height, in points; figures made of rows take the height their rows need instead.
    pub height_pt: f64,
}

impl Size {
    /// The whole width of an A4 page with 2 cm margins: 17 cm.
    pub const WIDE: Self = Self { width_pt: 482.0, height_pt: 170.0 };
    /// One of two figures side by side, with a gutter of 14 pt.
    pub const HALF: Self = Self { width_pt: 234.0, height_pt: 150.0 };
}

/// One day or week of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The day, or the Monday of the week.
    pub date: Date,
    /// The value; none is a gap, drawn as a gap.
    pub value: Option<f64>,
    /// Too young to be settled: drawn apart and said « provisoire ».
    pub provisional: bool,
    /// Why there is no value, in French.
    pub reason: Option<String>,
}

impl Point {
    /// A settled value.
    #[must_use]
    pub fn settled(date: Date, value: f64) -> Self {
        Self { date, value: Some(value), provisional: false, reason: None }
    }

    /// A gap with its reason.
    #[must_use]
    pub fn gap(date: Date, reason: &str) -> Self {
        Self { date, value: None, provisional: false, reason: Some(reason.to_owned()) }
    }
}

/// Colour role of a series. Colour is never alone: series carry their name, and differ by dash as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// The subject of the figure: dark blue, thick.
    Main,
    /// A second series: vermilion, thick.
    Second,
    /// A third series: bluish green.
    Third,
    /// A fourth series: reddish purple.
    Fourth,
    /// Context, such as last week's edition or the country: grey, thin.
    Context,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A line.
    Line,
    /// A line over a filled area down to zero.
    Area,
    /// A thin broken line: an earlier edition (ghost), a reference.
    Ghost,
}

/// A named series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name printed at the right end of the line; empty for a single series that the title names.
    pub label: String,
    /// Points in order of date; days without a point are gaps.
    pub points: Vec<Point>,
    /// Colour role.
    pub tone: Tone,
    /// How it is drawn.
    pub shape: Shape,
}

/// A level to compare with, over the whole width or between two days (a capacity step).
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Where, in the unit of the figure.
    pub value: f64,
    /// Words printed at its right end: « seuil d’alerte 50 ».
    pub label: String,
    /// First day it holds; from the start when none.
    pub from: Option<Date>,
    /// Last day it holds; to the end when none.
    pub until: Option<Date>,
}

/// What an event is, which decides how it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A break in the definition: a vertical dashed line over the whole plot.
    Break,
    /// A holiday: a light band at the foot of the plot.
    Holiday,
    /// A strike: a light band at the foot of the plot, hatched.
    Strike,
    /// Something else worth a mark: a short tick at the top.
    Mark,
}

/// Something that happened, marked on the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// First day.
    pub from: Date,
    /// Last day; the same as `from` for a moment.
    pub until: Date,
    /// Words printed beside it: « rupture de définition (1–2 nov. 2020) ».
    pub label: String,
}

/// Lines over days.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeSeries {
    /// What is shown; printed in bold above the plot, the unit after it.
    pub title: String,
    /// Unit of all series.
    pub unit: Unit,
    /// The series, drawn in order (the subject last).
    pub series: Vec<Series>,
    /// Levels to compare with.
    pub thresholds: Vec<Threshold>,
    /// Breaks, holidays, strikes.
    pub events: Vec<Event>,
    /// First day of the axis.
    pub from: Date,
    /// Last day of the axis.
    pub until: Date,
    /// Days to set off with a light band (the bulletin's week), first and last.
    pub highlight: Option<(Date, Date)>,
    /// Room.
    pub size: Size,
}

/// What is known of a series, and what may come.
#[derive(Debug, Clone, PartialEq)]
pub struct Fan {
    /// What is shown; printed in bold above the plot, the unit after it.
    pub title: String,
    /// Unit.
    pub unit: Unit,
    /// Days known, up to the day of reference.
    pub known: Vec<Point>,
    /// Days to come.
    pub ahead: Vec<FanDay>,
    /// Levels to compare with, over the whole width.
    pub thresholds: Vec<Threshold>,
    /// First day of the axis.
    pub from: Date,
    /// Last day before those to come.
    pub reference: Date,
    /// Room.
    pub size: Size,
}

/// One day to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FanDay {
    /// The day.
    pub date: Date,
    /// The middle of what may come.
    pub median: f64,
    /// Low and high end of what comes once in two.
    pub range_50: (f64, f64),
    /// Low and high end of what comes eight times in ten.
    pub range_80: (f64, f64),
}

/// One row of a ranked figure.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedRow {
    /// Name of the place.
    pub label: String,
    /// Its value; none is printed as such, after the others.
    pub value: Option<f64>,
    /// The value a week before, drawn hollow with an arrow to the new one.
    pub previous: Option<f64>,
    /// Not settled.
    pub provisional: bool,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Set apart in bold: the region among its departments.
    pub strong: bool,
}

/// Places ranked by value, one dot a row. The function sorts the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedDots {
    /// What is shown.
    pub title: String,
    /// Unit.
    pub unit: Unit,
    /// Rows, in any order.
    pub rows: Vec<RankedRow>,
    /// Levels, drawn as vertical lines with their words at the top.
    pub thresholds: Vec<Threshold>,
    /// Width, in points.
    pub width_pt: f64,
}

/// One measure of a slope.
#[derive(Debug, Clone, PartialEq)]
pub struct SlopeRow {
    /// Its name.
    pub label: String,
    /// The week before.
    pub before: Option<f64>,
    /// This week.
    pub now: Option<f64>,
    /// Not settled.
    pub provisional: bool,
    /// Colour role.
    pub tone: Tone,
}

/// The same quantity by several measures, from one week to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Slope {
    /// What is shown.
    pub title: String,
    /// Unit of all measures.
    pub unit: Unit,
    /// Measures, in the order of preference for room.
    pub rows: Vec<SlopeRow>,
    /// Levels to compare with.
    pub thresholds: Vec<Threshold>,
    /// Name of the first moment: « S41 ».
    pub from: String,
    /// Name of the second.
    pub until: String,
    /// Room.
    pub size: Size,
}

/// One product of the days-of-cover figure.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverRow {
    /// Product: « Tests antigéniques ».
    pub label: String,
    /// Days of cover; none when unknown or without use.
    pub days: Option<f64>,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// Stocks in days of cover, one bar a product, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct DaysOfCover {
    /// What is shown.
    pub title: String,
    /// Products.
    pub rows: Vec<CoverRow>,
    /// Days under which cover is low (7).
    pub low: f64,
    /// Days under which cover is critical (3).
    pub critical: f64,
    /// Width, in points.
    pub width_pt: f64,
}

/// A level of a rule, from 0 (nothing to say) up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name in the legend: « alerte renforcée ».
    pub name: String,
    /// One or two characters printed in cells: « R ». When empty the rank is printed.
    pub mark: String,
}

/// One cell of a heat strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatCell {
    /// Position in the list of levels; none when it cannot be told.
    pub rank: Option<u8>,
}

/// One row of a heat strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// Name of the place.
    pub label: String,
    /// One cell a week, in the order of the weeks.
    pub cells: Vec<HeatCell>,
}

/// Levels by week and place.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatStrip {
    /// What is shown.
    pub title: String,
    /// Weeks, by their Monday.
    pub weeks: Vec<Date>,
    /// Levels from the mildest (rank 0), five at most.
    pub levels: Vec<Level>,
    /// Rows, in the order to print.
    pub rows: Vec<HeatRow>,
    /// Width, in points.
    pub width_pt: f64,
}

/// One panel of small multiples.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Name of the place.
    pub label: String,
    /// Its series.
    pub points: Vec<Point>,
}

/// The same series for many places, on common scales.
#[derive(Debug, Clone, PartialEq)]
pub struct SmallMultiples {
    /// What is shown.
    pub title: String,
    /// Unit.
    pub unit: Unit,
    /// Panels in order.
    pub panels: Vec<Panel>,
    /// Levels drawn in every panel; their words stand once, under the title.
    pub thresholds: Vec<Threshold>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Panels a row.
    pub columns: usize,
    /// Width, in points.
    pub width_pt: f64,
}

/// One department on a map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPlace {
    /// INSEE code: `31`, `2A`, `971`.
    pub code: String,
    /// Name for the table and the text alternative.
    pub name: String,
    /// Position in the list of levels; none is hatched grey.
    pub rank: Option<u8>,
    /// The value in the unit of the map; none is said « donnée absente ».
    pub value: Option<f64>,
    /// Not settled: an asterisk follows the value.
    pub provisional: bool,
    /// Set apart by a thick outline: the department among those of its region.
    pub strong: bool,
}

/// Departments coloured by level, the value printed in each. The frame follows the places given: a region is drawn
/// large with its neighbours in pale grey, Île-de-France gets an inset of Paris and the inner ring, France its
/// overseas departments.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// What is shown.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Departments drawn; all those of the region, or all of France.
    pub places: Vec<MapPlace>,
    /// Levels from the mildest (rank 0), five at most; none where no rule grades the places.
    pub levels: Vec<Level>,
    /// Room.
    pub size: Size,
}
