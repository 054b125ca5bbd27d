//! Dated context of some kinds: strikes, measures.

use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::french;

/// Those of the week and of the one before, of some kinds; only where the territory has an indicator, if one is named.
pub(super) fn write(view: &View, title: &str, kinds: &[String], with: Option<&str>) -> Option<Block> {
    if with.is_some_and(|id| !view.has_lately(id, "", view.territory())) {
        return None;
    }
    let from = view.monday(1);
    let titles: Vec<String> = view
        .input
        .events
        .iter()
        .filter(|event| kinds.iter().any(|kind| kind == event.kind.as_str()) && view.concerns(&event.place))
        .filter(|event| event.starts <= view.sunday && event.ends.is_none_or(|ends| ends >= from))
        .map(|event| {
            let when = match event.ends {
                Some(ends) => french::date_range(event.starts, ends),
                None => format!("depuis le {}", french::date(event.starts)),
            };
            format!("{} ({when})", crate::clean::short(&event.title_fr, 120))
        })
        .collect();
    (!titles.is_empty()).then(|| Block::Note {
        text: parts::led(&format!("{title} "), &format!(": {}.", titles.join(" ; "))),
    })
}
