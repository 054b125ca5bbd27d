//! The first page as plain text: the subject and the body of a mail.

use crate::clean;
use crate::document::{Block, Document, Rich};

/// Longest state, in characters: a subject is one line.
const STATE_MAX: usize = 160;

/// The state of the territory in one sentence, without a final stop.
pub(crate) fn state(document: &Document) -> String {
    let lead = document.sections.iter().flat_map(|section| &section.blocks).find_map(|block| match block {
        Block::Lead { text } => Some(words(text)),
        _ => None,
    });
    let state = lead.unwrap_or_else(|| "Niveau non établi".to_owned());
    // The first sentence says it; what follows tells what is not known.
    let first = state.split_once(". ").map_or(state.as_str(), |(first, _)| first);
    let first = first.trim_end_matches('.');
    match has_no_data(document) {
        true => clean::short(&format!("{NO_DATA} ({first})"), STATE_MAX),
        false => clean::short(first, STATE_MAX),
    }
}

/// Said of a page that has nothing for its week.
const NO_DATA: &str = "AUCUNE DONNÉE POUR CETTE SEMAINE";

/// Whether no key figure of the first page has a value of its week.
fn has_no_data(document: &Document) -> bool {
    let blocks = || document.sections.iter().flat_map(|section| &section.blocks);
    let mut figures = blocks().filter_map(|block| match block {
        Block::KeyFigures { items } => Some(items),
        _ => None,
    });
    figures.all(|items| items.iter().all(|item| item.value == "–"))
}

/// The first page: state, key figures, sentences, alerts, what to do.
pub(crate) fn first_page(document: &Document) -> String {
    let head = &document.head;
    let mut out = format!("{}\n{}\n{} ({})\n", head.territory, head.week, head.as_of, head.edition);
    if let Some(section) = document.sections.first() {
        write(&mut out, &section.blocks);
    }
    for line in &head.contact {
        out.push_str(&format!("\n{}", clean::printable(line)));
    }
    // No-break spaces are for paper: a mail breaks where it must.
    let mut text = out.replace(['\u{A0}', '\u{202F}', '\u{200B}'], " ");
    text.push('\n');
    text
}

fn write(out: &mut String, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Lead { text } | Block::Paragraph { text } | Block::Note { text } => {
                out.push_str(&format!("\n{}\n", words(text)));
            }
            Block::KeyFigures { items } => {
                out.push('\n');
                for item in items {
                    out.push_str(&format!(
                        "{} : {} ({}, {})\n",
                        item.label, item.value, item.change, item.detail
                    ));
                }
            }
            Block::Bullets { items } => {
                out.push('\n');
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", words(item))));
            }
            Block::Steps { title, items } => {
                out.push_str(&format!("\n{title}\n"));
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", words(item))));
            }
            Block::Columns { left, right, .. } => {
                write(out, left);
                write(out, right);
            }
            _ => {}
        }
    }
}

fn words(runs: &Rich) -> String {
    clean::printable(&runs.iter().map(|run| run.text.as_str()).collect::<String>())
}
