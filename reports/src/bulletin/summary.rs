//! The first page alone, on A5: what a director reads on a telephone between two meetings.
//!
//! It repeats blocks of the bulletin, so that it cannot say anything else.

use crate::document::{Block, Document, Frame, Rich, Section};

/// Sentences on what moved; the rest stands in the bulletin.
const POINTS_MAX: usize = 4;

/// The summary of a bulletin.
pub(crate) fn of(document: &Document) -> Document {
    let first = document.sections.iter().find(|section| section.id == "key_points");
    let mut blocks = Vec::new();
    for block in first.map_or(&[][..], |section| &section.blocks) {
        match block {
            Block::Columns { left, right, .. } => {
                for block in left.iter().chain(right) {
                    match block {
                        Block::Bullets { items } => {
                            let items = items.iter().take(POINTS_MAX).cloned().collect();
                            blocks.push(Block::Bullets { items });
                        }
                        Block::Note { .. } => blocks.push(block.clone()),
                        _ => {}
                    }
                }
            }
            block => blocks.push(block.clone()),
        }
    }
    let mut head = document.head.clone();
    head.frame = Frame::Summary;
    head.title = format!("{} (résumé)", head.title);
    head.attachments.clear();
    Document {
        head,
        sections: vec![Section {
            id: "key_points".to_owned(),
            title: "L’essentiel de la semaine".to_owned(),
            blocks,
        }],
    }
}

/// Takes the last sentence away; says whether there was one to take.
pub(crate) fn shorten(document: &mut Document) -> bool {
    let blocks = document.sections.iter_mut().flat_map(|section| &mut section.blocks);
    // What to do goes last of all, and its first step stays.
    let mut lists: Vec<(&mut Vec<Rich>, usize)> = Vec::new();
    for block in blocks {
        match block {
            Block::Bullets { items } => lists.insert(0, (items, 1)),
            Block::Steps { items, .. } => lists.push((items, 1)),
            _ => {}
        }
    }
    lists.into_iter().any(|(items, least)| items.len() > least && items.pop().is_some())
}
