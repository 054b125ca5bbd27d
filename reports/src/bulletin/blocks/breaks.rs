//! Breaks of definition of some indicators within the weeks drawn.

use super::super::labels;
use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::french;
use crate::input::Event;

/// A note a break, with the indicators that it touches.
pub(super) fn write(view: &View, indicators: &[String]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let drawn = view.chart_start()..=view.sunday;
    let mut breaks: Vec<&Event> = indicators.iter().flat_map(|id| view.breaks(id)).collect();
    breaks.retain(|event| drawn.contains(&event.starts));
    breaks.sort_by_key(|event| event.starts);
    breaks.dedup();
    for event in breaks {
        let touched = indicators.iter().filter(|id| view.breaks(id).contains(&event));
        let touched: Vec<String> = touched.map(|id| french::small(&labels::of(view, id))).collect();
        let words = format!(
            ": {}, {}. De part et d’autre ne se comparent pas : {} ; aucune tendance n’en est calculée à travers cette \
             rupture.",
            french::date_range(event.starts, event.ends.unwrap_or(event.starts)),
            crate::sentences::trim(&crate::clean::short(&event.title_fr, 160)),
            french::list(&touched),
        );
        blocks.push(Block::Note { text: parts::led("Rupture de définition ", &words) });
    }
    blocks
}
