//! Sections and passages with a story of their own: their sentences hang on more than one figure.

pub(super) mod beds;
pub(super) mod changes;
mod definitions;
mod forecast;
mod legal;
mod outlook;
mod quality;

use super::blocks::Page;
use super::budget;
use crate::document::Block;
use crate::published::Register;

/// Writes what a document asks by the name of its writer ([`vigie_queries::WRITERS`]); none for an unknown one, which the reader
/// of documents refuses.
pub(super) fn write(page: &Page, register: &mut Register, writer: &str) -> Option<Vec<Block>> {
    let view = page.view;
    Some(match writer {
        "beds" => beds::write(view, register).into_iter().collect(),
        "changes" => changes::write(view, register, page.levels, page.budget.rows),
        "definitions" => definitions::write(view, register, page.levels),
        "legal_status" if budget::is_one_page(page.outline) => legal::line(view).into_iter().collect(),
        "legal_status" => legal::write(view, register),
        "outlook" => outlook::write(view, register, page.levels, page.mapped, page.budget),
        "quality" => quality::write(page, register),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::super::levels::Levels;
    use super::super::view::View;
    use super::*;
    use crate::fixture::Made;

    #[test]
    fn every_writer_that_a_document_may_name_is_here() {
        let made = Made::rich();
        let input = made.input();
        let view = View::new(&input);
        let mapped = super::super::blocks::map::places(&view);
        let levels = Levels::choose(&view, &mapped);
        let outline = input.vocabulary.outline("bulletin").unwrap();
        let budget = Budget::roomiest(outline);
        let page = Page { view: &view, outline, levels: levels.as_ref(), mapped: &mapped, budget };
        for writer in vigie_queries::WRITERS {
            let mut register = Register::default();
            assert!(write(&page, &mut register, writer).is_some(), "{writer}");
        }
    }
}
