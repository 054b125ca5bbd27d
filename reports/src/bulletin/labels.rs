//! Short words for tables and charts: what the headers of the vocabulary call indicators and their categories.

use vigie_queries::Measure;

use super::view::View;

/// Label of an indicator, as heading of a row.
pub(crate) fn of(view: &View, indicator: &str) -> String {
    view.input.vocabulary.label(indicator).to_owned()
}

/// Label of a measure of a document: its own, else that of the indicator with its category.
pub(crate) fn measure(view: &View, measure: &Measure) -> String {
    if !measure.label_fr.is_empty() {
        return crate::french::typography(&measure.label_fr);
    }
    with_category(view, &measure.indicator, &measure.category)
}

/// Label of an indicator, and of its category where it has one.
pub(crate) fn with_category(view: &View, indicator: &str, category: &str) -> String {
    match category {
        "" => of(view, indicator),
        _ => format!("{}\u{A0}: {}", of(view, indicator), self::category(view, indicator, category)),
    }
}

/// French words for a category of an indicator; one that no header names prints as it stands.
pub(crate) fn category(view: &View, indicator: &str, code: &str) -> String {
    if let Some(label) = view.input.vocabulary.category_label(indicator, code) {
        return label.to_owned();
    }
    // Compound categories: `regulator/strike`, `dedicated:open`.
    for mark in ['/', ':', '|'] {
        if let Some((first, rest)) = code.split_once(mark) {
            let first = category(view, indicator, first);
            return format!("{first}, {}", small(&category(view, indicator, rest)));
        }
    }
    crate::clean::short(code, 60)
}

/// The same inside a line: `dont laboratoires`, but `dont Inzee.Care`.
pub(crate) fn category_inside(view: &View, indicator: &str, code: &str) -> String {
    let word = category(view, indicator, code);
    if word == code { word } else { small(&word) }
}

/// A label with a small first letter, unless its first word is a name of its own: `Inzee.Care`, `MEDICAM`.
fn small(label: &str) -> String {
    let first = label.split(' ').next().unwrap_or_default();
    if first.chars().skip(1).any(char::is_uppercase) { label.to_owned() } else { crate::french::small(label) }
}
