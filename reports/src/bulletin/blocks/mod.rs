//! Blocks of a document, one file each. What they show comes from the document (`documents/*.toml`); none knows an indicator.

pub(super) mod alerts;
mod breaks;
pub(super) mod cover;
mod curves;
mod days_of_week;
mod denominators;
mod departments;
mod events;
mod heat_strip;
pub(super) mod map;
mod numbers;
mod ranked_dots;
mod slope;
mod small_multiples;
mod weeks;

use vigie_queries::{BlockOutline, Outline, Place, SectionOutline};

use super::budget::Budget;
use super::levels::Levels;
use super::view::View;
use super::{parts, stories};
use crate::document::{Block, Section};
use crate::published::Register;

/// What every block of a document may look at.
pub(crate) struct Page<'p, 'a> {
    /// The data.
    pub(crate) view: &'p View<'a>,
    /// What is printed.
    pub(crate) outline: &'p Outline,
    /// The rule of the map, when one could be applied.
    pub(crate) levels: Option<&'p Levels<'a>>,
    /// Departments of the map.
    pub(crate) mapped: &'p [&'a Place],
    /// How much it may take.
    pub(crate) budget: Budget,
}

/// What a block has printed, and what it names that was not received.
#[derive(Default)]
pub(crate) struct Printed {
    pub(crate) blocks: Vec<Block>,
    /// Subjects without data, each with its indicators.
    pub(crate) absent: Vec<(String, Vec<String>)>,
}

impl Printed {
    /// Blocks, and nothing absent.
    fn of(blocks: impl IntoIterator<Item = Block>) -> Self {
        Self { blocks: blocks.into_iter().collect(), absent: Vec::new() }
    }
}

/// A section as it is printed.
pub(crate) enum PrintedSection {
    /// With what it has.
    Full(Section),
    /// Nothing of it was received: a remark that says so.
    Absent(Block),
    /// It has nothing to say this week.
    Silent,
}

/// Prints the blocks of a section.
pub(crate) fn section(page: &Page, register: &mut Register, outline: &SectionOutline) -> PrintedSection {
    register.enter(&outline.id);
    let view = page.view;
    let subject = if outline.subject_fr.is_empty() { &outline.title_fr } else { &outline.subject_fr };
    let has = |id: &String| view.has(id, "", view.territory());
    if !outline.needs.is_empty() && !outline.needs.iter().any(has) {
        let needs: Vec<&str> = outline.needs.iter().map(String::as_str).collect();
        return PrintedSection::Absent(parts::absent(view, subject, &needs));
    }
    let mut blocks = Vec::new();
    let mut is_empty = true;
    for block in &outline.blocks {
        let printed = write(page, register, block);
        is_empty &= printed.blocks.is_empty();
        blocks.extend(printed.blocks);
        blocks.extend(printed.absent.into_iter().map(|(subject, indicators)| {
            let indicators: Vec<&str> = indicators.iter().map(String::as_str).collect();
            parts::absent(view, &subject, &indicators)
        }));
    }
    if is_empty {
        let mut named: Vec<&str> = outline.blocks.iter().flat_map(BlockOutline::indicators).collect();
        named.retain(|id| view.defined(id));
        return match named.as_slice() {
            [] => PrintedSection::Silent,
            named => PrintedSection::Absent(parts::absent(view, subject, named)),
        };
    }
    PrintedSection::Full(Section { id: outline.id.clone(), title: outline.title_fr.clone(), blocks })
}

/// Prints one block. Those of the first page are set in its frame, which asks for them ([`super::first_page`]).
fn write(page: &Page, register: &mut Register, block: &BlockOutline) -> Printed {
    let view = page.view;
    match block {
        BlockOutline::KeyFigures { .. }
        | BlockOutline::Sentences { .. }
        | BlockOutline::LowStocks { .. }
        | BlockOutline::Map { .. }
        | BlockOutline::Steps => Printed::default(),
        BlockOutline::Alerts => Printed::of(alerts::write(view, register, page.budget.rows)),
        BlockOutline::Weeks { title_fr, first_fr, groups, is_main, beside_region } => {
            let table =
                weeks::Weeks { title_fr, first_fr, groups, is_main: *is_main, beside_region: *beside_region };
            weeks::write(page, register, &table)
        }
        BlockOutline::DaysOfWeek { title_fr, indicators } => {
            Printed::of(days_of_week::write(view, register, title_fr, indicators))
        }
        BlockOutline::Curves { charts, at_most } => curves::write(page, register, charts, *at_most),
        BlockOutline::Slope { title_fr, axis_fr, rows, leaves_at } => match page.budget.keeps(*leaves_at) {
            true => Printed::of(slope::write(view, register, title_fr, axis_fr, rows)),
            false => Printed::default(),
        },
        BlockOutline::Denominators { title_fr, rows } => {
            Printed::of(denominators::write(view, register, title_fr, rows))
        }
        BlockOutline::CoverBars { title_fr, indicator, categories } => {
            Printed::of(cover::bars(view, register, title_fr, indicator, categories))
        }
        BlockOutline::DepartmentsByCategory { title_fr, indicator, categories } => {
            Printed::of(cover::by_department(view, register, title_fr, indicator, categories))
        }
        BlockOutline::Departments { title_fr, columns } => {
            Printed::of(departments::write(page, register, title_fr, columns))
        }
        BlockOutline::RankedDots { figures, at_most, leaves_at } => match page.budget.keeps(*leaves_at) {
            true => Printed::of(ranked_dots::write(view, register, figures, *at_most)),
            false => Printed::default(),
        },
        BlockOutline::SmallMultiples { figures } => {
            Printed::of(small_multiples::write(view, register, figures))
        }
        BlockOutline::HeatStrip { title_fr, weeks } => {
            Printed::of(heat_strip::write(page, register, title_fr, *weeks))
        }
        BlockOutline::Events { title_fr, kinds, with } => {
            Printed::of(events::write(view, title_fr, kinds, with.as_deref()))
        }
        BlockOutline::Numbers => Printed::of(numbers::write(view)),
        BlockOutline::Breaks { indicators } => Printed::of(breaks::write(view, indicators)),
        BlockOutline::Text { text_fr } => Printed::of([Block::Paragraph { text: parts::text(text_fr) }]),
        BlockOutline::Story { writer } => {
            Printed::of(stories::write(page, register, writer).unwrap_or_default())
        }
    }
}

/// Departments of which a country's are too many for a curve or a row each.
const MANY: usize = 30;
/// Departments beyond which curves side by side cannot be read.
const PANELS_MAX: usize = 20;
