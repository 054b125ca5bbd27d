//! Words that an editor changed: a draft's texts, which may say it better but never say another number.
//!
//! Each text of the document has an id (`key_points.3`: the third text of the first page). Its numbers are bound: an
//! edited text must hold the same ones in the same order, and may not turn a rise into a fall.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Block, Document, Rich, Run};
use crate::french;

/// Longest text, in characters: the first page has its place counted.
const LENGTH_MAX: usize = 700;

/// A text of the document: what stands out, then the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wording {
    /// Its beginning, printed strong; may be empty.
    pub lead: String,
    /// The rest.
    pub text: String,
}

/// A text that may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextBlock {
    /// Stable id within one bulletin.
    pub id: String,
    /// Heading it stands under.
    pub section: String,
    /// What it says.
    pub wording: Wording,
}

impl Wording {
    fn of(runs: &Rich) -> Self {
        let strong = runs.iter().take_while(|run| run.strong).count();
        let join = |runs: &[Run]| runs.iter().map(|run| run.text.as_str()).collect::<String>();
        Self { lead: join(&runs[..strong]), text: join(&runs[strong..]) }
    }

    fn whole(&self) -> String {
        format!("{}{}", self.lead, self.text)
    }

    fn runs(&self) -> Rich {
        let runs = [(&self.lead, true), (&self.text, false)];
        let set = runs.into_iter().filter(|(text, _)| !text.is_empty());
        set.map(|(text, strong)| Run { text: french::typography(text), strong }).collect()
    }
}

/// The texts of a document, in reading order.
pub(crate) fn texts(document: &Document) -> Vec<TextBlock> {
    let mut found = Vec::new();
    let mut copy = document.clone();
    each(&mut copy, |id, section, runs| {
        found.push(TextBlock { id, section: section.to_owned(), wording: Wording::of(runs) });
    });
    found
}

/// Puts an editor's words in place of the generated ones. Returns what is refused, a sentence each; nothing that is
/// refused is put in place.
pub(crate) fn apply(document: &mut Document, wording: &BTreeMap<String, Wording>) -> Vec<String> {
    if wording.is_empty() {
        return Vec::new();
    }
    let mut refused = Vec::new();
    let mut known = Vec::new();
    each(document, |id, _, runs| {
        if let Some(edited) = wording.get(&id) {
            let generated = Wording::of(runs);
            match check(&generated, edited) {
                Ok(()) if *edited != generated => *runs = edited.runs(),
                Ok(()) => {}
                Err(why) => refused.push(format!("texte {id} : {why}")),
            }
            known.push(id);
        }
    });
    for id in wording.keys().filter(|id| !known.contains(id)) {
        refused.push(format!("texte {id} : ce bulletin n’a pas de texte de ce nom"));
    }
    refused
}

/// Who reviewed the text, in a sentence.
pub(crate) fn reviewed(by: Option<&str>) -> String {
    by.map(str::trim)
        .filter(|by| !by.is_empty())
        .map_or_else(String::new, |by| format!("Texte relu par {}", crate::clean::short(by, 60)))
}

/// Calls for every text of the document with its id and the title of its section.
fn each(document: &mut Document, mut call: impl FnMut(String, &str, &mut Rich)) {
    fn walk(blocks: &mut [Block], call: &mut impl FnMut(&mut Rich)) {
        for block in blocks {
            match block {
                Block::Paragraph { text } | Block::Lead { text } | Block::Note { text } => call(text),
                Block::Bullets { items } | Block::Steps { items, .. } => {
                    items.iter_mut().for_each(&mut *call)
                }
                Block::Columns { left, right, .. } => {
                    walk(left, call);
                    walk(right, call);
                }
                _ => {}
            }
        }
    }
    for section in &mut document.sections {
        let mut n = 0;
        let (id, title) = (section.id.clone(), section.title.clone());
        walk(&mut section.blocks, &mut |runs: &mut Rich| {
            n += 1;
            call(format!("{id}.{n}"), &title, runs);
        });
    }
}

fn check(generated: &Wording, edited: &Wording) -> Result<(), String> {
    let (before, after) = (generated.whole(), edited.whole());
    if after.trim().is_empty() {
        return Err("le texte est vide".to_owned());
    }
    let length = after.chars().count();
    let most = LENGTH_MAX.max(before.chars().count());
    if length > most {
        return Err(format!("{length} caractères, au plus {most}"));
    }
    let (bound, found) = (numbers(&before), numbers(&after));
    if bound != found {
        let at = bound.iter().zip(&found).position(|(a, b)| a != b).unwrap_or(bound.len().min(found.len()));
        let bound_here = |numbers: &[String]| numbers.get(at).cloned();
        return Err(match (bound_here(&bound), bound_here(&found)) {
            (Some(was), Some(is)) => {
                format!(
                    "le nombre « {was} » est devenu « {is} » ; un nombre vient d’un calcul et ne se change pas dans un brouillon"
                )
            }
            (Some(was), None) => format!("le nombre « {was} » manque ; les nombres restent, dans leur ordre"),
            (None, Some(is)) => {
                format!("le nombre « {is} » n’est pas du texte calculé ; un brouillon n’ajoute pas de nombre")
            }
            (None, None) => "les nombres ne sont plus les mêmes".to_owned(),
        });
    }
    for (way, roots) in WAYS {
        let says = |text: &str| {
            let text = text.to_lowercase();
            roots.iter().any(|root| text.contains(root))
        };
        if says(&after) && !says(&before) {
            return Err(format!("le texte calculé ne parle pas de {way} ; les chiffres ne le disent pas"));
        }
    }
    Ok(())
}

/// Roots of the words that say which way a figure went.
const WAYS: [(&str, &[&str]); 3] = [
    (
        "hausse",
        &["augment", "hausse", "progress", "accroî", "accroiss", "grimp", "monte ", "montent", "double"],
    ),
    ("baisse", &["diminu", "baisse", "recul", "décroî", "décroiss", "chute", "moitié"]),
    ("stabilité", &["stable", "stabili", "inchang", "constant"]),
];

/// The numbers of a text, in order, each with its sign and its percent sign: `+158`, `12,5%`, `1234`.
fn numbers(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let is_space = |c: char| matches!(c, ' ' | french::NARROW | french::NO_BREAK);
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !is_digit(at) {
            at += 1;
            continue;
        }
        let mut number = String::new();
        match at.checked_sub(1).map(|before| chars[before]) {
            Some('+') => number.push('+'),
            Some('-' | french::MINUS) => number.push('-'),
            _ => {}
        }
        loop {
            let c = chars.get(at).copied().unwrap_or(' ');
            // Between thousands: three digits and no more follow.
            let thousands = || (1..=3).all(|step| is_digit(at + step)) && !is_digit(at + 4);
            if is_digit(at) {
                number.push(c);
            } else if matches!(c, ',' | '.') && is_digit(at + 1) {
                number.push(',');
            } else if !(is_space(c) && at < chars.len() && thousands()) {
                break;
            }
            at += 1;
        }
        let after = chars[at..].iter().copied().find(|c| !is_space(*c));
        if after == Some('%') {
            number.push('%');
        }
        found.push(number);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(lead: &str, text: &str) -> Wording {
        Wording { lead: lead.into(), text: text.into() }
    }

    fn rise() -> Wording {
        wording(
            "Le nombre de patients augmente",
            "\u{A0}: 1\u{202F}812, contre 1\u{202F}654 la semaine précédente, soit +158 (+10\u{202F}%).",
        )
    }

    #[test]
    fn numbers_are_read_with_their_sign_whatever_the_spaces() {
        assert_eq!(numbers(&rise().whole()), ["1812", "1654", "+158", "+10%"]);
        assert_eq!(
            numbers("1 812 patients, 12,5 % et −3,5 points le 1er, S42"),
            ["1812", "12,5%", "-3,5", "1", "42"]
        );
        assert_eq!(numbers("de 12 à 345 lits"), ["12", "345"]);
        assert_eq!(numbers("aucun"), Vec::<String>::new());
    }

    #[test]
    fn words_may_change_and_plain_spaces_are_no_other_number() {
        let edited = wording(
            "La pression hospitalière augmente",
            " : 1 812 patients (1 654 il y a une semaine, +158, +10 %).",
        );
        assert_eq!(check(&rise(), &edited), Ok(()));
    }

    #[test]
    fn a_changed_a_missing_and_an_added_number_are_refused_by_name() {
        let with = |text: &str| check(&rise(), &wording("Augmente", text)).unwrap_err();
        assert!(with(" : 1 821, contre 1 654, soit +158 (+10 %)").contains("« 1812 » est devenu « 1821 »"));
        assert!(with(" : 1 812, contre 1 654, soit +158").contains("« +10% » manque"));
        assert!(
            with(" : 1 812, contre 1 654, soit +158 (+10 %), 7 décès")
                .contains("« 7 » n’est pas du texte calculé")
        );
        assert!(with(" : 1 654, contre 1 812, soit +158 (+10 %)").contains("« 1812 » est devenu « 1654 »"));
    }

    #[test]
    fn a_rise_does_not_become_a_fall() {
        let edited = wording("Le nombre de patients diminue", " : 1 812, contre 1 654, soit +158 (+10 %).");
        assert!(check(&rise(), &edited).unwrap_err().contains("ne parle pas de baisse"));
    }

    #[test]
    fn an_empty_and_an_endless_text_are_refused() {
        assert!(check(&rise(), &wording("", " ")).unwrap_err().contains("vide"));
        let long = wording("", &format!("1 812 1 654 +158 +10 % {}", "mot ".repeat(300)));
        assert!(check(&rise(), &long).unwrap_err().contains("au plus 700"));
    }
}
