//! Words that an editor changed: a draft's texts, which may say it better but never say another thing.
//!
//! Each text of the document has an id (`key_points.3`: the third text of the first page). Its facts are bound: an edited text
//! must hold the same numbers, places and levels in the same order, keep to the computed way (a rise stays a rise) and leave
//! each value to its week. What an editor adds of his own has a section of its own ([`COMMENT`], [`COUNT`]), marked as his.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bulletin::parts;
use crate::document::{Block, Cell, Column, Document, Frame, Rich, Row, Run, Section, Table};
use crate::french;

/// Longest text, in characters: the first page has its place counted.
const LENGTH_MAX: usize = 700;
/// Id of the editor's own comment.
pub const COMMENT: &str = "editor.comment";
/// Beginning of the ids of numbers that an editor counted: what was counted is the lead, the number the text.
pub const COUNT: &str = "editor.count.";
/// Bounds of what an editor adds: characters of the comment, of a sheet's comment, of a label, of a number; how many numbers.
const COMMENT_MAX: usize = 1_000;
const COMMENT_ON_SHEET_MAX: usize = 300;
const LABEL_MAX: usize = 80;
const NUMBER_MAX: usize = 20;
const COUNTS_MAX: usize = 8;

/// Names whose place in a text is bound: levels of the rules, departments and regions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Titles of levels, in lower case.
    pub(crate) levels: Vec<String>,
    /// Names of places, that of the territory itself left out: « en Occitanie » may be added anywhere.
    pub(crate) places: Vec<String>,
}

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
        crate::bulletin::parts::led(&self.lead, &self.text)
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
pub(crate) fn apply(
    document: &mut Document,
    wording: &BTreeMap<String, Wording>,
    names: &Names,
    by: Option<&str>,
) -> Vec<String> {
    if wording.is_empty() {
        return Vec::new();
    }
    let mut refused = Vec::new();
    let mut known: Vec<String> = wording.keys().filter(|id| is_of_the_editor(id)).cloned().collect();
    each(document, |id, _, runs| {
        if let Some(edited) = wording.get(&id) {
            let generated = Wording::of(runs);
            match check(&generated, edited, names) {
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
    let of_the_editor: Vec<(&String, &Wording)> =
        wording.iter().filter(|(id, _)| is_of_the_editor(id)).collect();
    refused.extend(too_much(&of_the_editor, document.head.frame == Frame::Sheet));
    if refused.is_empty()
        && let Some(section) = editors_section(&of_the_editor, by)
    {
        document.sections.insert(1.min(document.sections.len()), section);
    }
    refused
}

fn is_of_the_editor(id: &str) -> bool {
    id == COMMENT || id.starts_with(COUNT)
}

/// What of the editor's own goes beyond its bounds.
fn too_much(own: &[(&String, &Wording)], is_sheet: bool) -> Vec<String> {
    let mut refused = Vec::new();
    let counts = own.iter().filter(|(id, _)| id.starts_with(COUNT)).count();
    if counts > COUNTS_MAX {
        refused.push(format!("{counts} nombres ajoutés, au plus {COUNTS_MAX}"));
    }
    for (id, wording) in own {
        let (lead, text) = (wording.lead.trim().chars().count(), wording.text.trim().chars().count());
        let most = if is_sheet { COMMENT_ON_SHEET_MAX } else { COMMENT_MAX };
        if id.as_str() == COMMENT && text > most {
            refused.push(format!("commentaire libre : {text} caractères, au plus {most}"));
        } else if id.as_str() != COMMENT {
            let number = wording.text.trim();
            if lead == 0 || lead > LABEL_MAX {
                refused.push(format!(
                    "nombre ajouté « {number} » : dire ce qui est compté, en {LABEL_MAX} caractères au plus"
                ));
            } else if text > NUMBER_MAX || !number.starts_with(|c: char| c.is_ascii_digit()) {
                refused.push(format!("« {} » : « {number} » n’est pas un nombre", wording.lead.trim()));
            }
        }
    }
    refused
}

/// The editor's comment and counts, in a section that says whose they are.
fn editors_section(own: &[(&String, &Wording)], by: Option<&str>) -> Option<Section> {
    let by = by.map(str::trim).filter(|by| !by.is_empty());
    let mut blocks: Vec<Block> = own
        .iter()
        .filter(|(id, _)| id.as_str() == COMMENT)
        .flat_map(|(_, wording)| wording.text.split("\n\n"))
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|text| !text.is_empty())
        .map(|text| Block::Paragraph { text: parts::text(text) })
        .collect();
    let rows: Vec<Row> = own
        .iter()
        .filter(|(id, _)| id.starts_with(COUNT))
        .map(|(_, count)| {
            Row::of(vec![
                Cell::text(french::typography(count.lead.trim())),
                Cell::text(french::typography(count.text.trim())),
            ])
        })
        .collect();
    if blocks.is_empty() && rows.is_empty() {
        return None;
    }
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "Nombres donnés par la rédaction".to_owned(),
            columns: vec![Column::text("Ce qui est compté", 1.0), Column::text("Nombre", 0.0)],
            rows,
            notes: Vec::new(),
            source: String::new(),
        }));
    }
    let whose = by.map_or_else(|| "la rédaction".to_owned(), |by| crate::clean::short(by, 60));
    blocks.push(Block::Note {
        text: parts::text(format!(
            "Ajouté par {whose} : ni ce texte ni ces nombres ne viennent des calculs de Vigie."
        )),
    });
    Some(Section { id: "editor".to_owned(), title: "Commentaire de la rédaction".to_owned(), blocks })
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

fn check(generated: &Wording, edited: &Wording, names: &Names) -> Result<(), String> {
    let (before, after) = (generated.whole(), edited.whole());
    if after.trim().is_empty() {
        return Err("le texte est vide".to_owned());
    }
    let length = after.chars().count();
    let most = LENGTH_MAX.max(before.chars().count());
    if length > most {
        return Err(format!("{length} caractères, au plus {most}"));
    }
    let digits = |text: &str| numbers(text).into_iter().map(|(number, _)| number).collect::<Vec<_>>();
    let (bound, found) = (digits(&before), digits(&after));
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
    levels_hold(&before, &after, names)?;
    places_hold(&before, &after, names)?;
    ways_hold(&before, &after)?;
    weeks_hold(&before, &after)
}

/// Names found in a text, in order; where one holds another (« zone d’alerte »), the longest.
fn mentions(text: &str, names: &[String]) -> Vec<String> {
    let mut by_length: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    by_length.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let (mut found, mut at) = (Vec::new(), 0);
    let is_word = |c: char| c.is_alphanumeric() || c == '-';
    while at < text.len() {
        let here = &text[at..];
        let begins = !text[..at].chars().next_back().is_some_and(is_word);
        let name = by_length.iter().find(|name| {
            begins && here.strip_prefix(name.as_str()).is_some_and(|rest| !rest.starts_with(is_word))
        });
        match name {
            Some(name) => {
                found.push((*name).clone());
                at += name.len();
            }
            None => at += here.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// A text for comparing: small letters, plain spaces, one kind of apostrophe.
fn plain(text: &str) -> String {
    text.replace([french::NO_BREAK, french::NARROW], " ").replace('\'', "’").to_lowercase()
}

/// The levels between guillemets stay, in their order, and no level that the computed text does not name comes in.
fn levels_hold(before: &str, after: &str, names: &Names) -> Result<(), String> {
    let quoted = |text: &str| -> Vec<String> {
        let text = plain(text);
        let parts = text.split('«').skip(1).filter_map(|rest| rest.split_once('»'));
        let parts = parts.map(|(inside, _)| inside.trim().to_owned());
        parts.filter(|inside| names.levels.contains(inside)).collect()
    };
    let (bound, found) = (quoted(before), quoted(after));
    if bound != found {
        let at = bound.iter().zip(&found).position(|(a, b)| a != b).unwrap_or(bound.len().min(found.len()));
        return Err(match (bound.get(at), found.get(at)) {
            (Some(was), Some(is)) => format!(
                "le niveau « {was} » est devenu « {is} » ; un niveau vient d’une règle et ne se change pas dans un brouillon"
            ),
            (Some(was), None) => format!("le niveau « {was} » manque ; les niveaux restent, dans leur ordre"),
            (None, is) => {
                format!("le niveau « {} » n’est pas du texte calculé", is.map_or("", String::as_str))
            }
        });
    }
    let known = mentions(&plain(before), &names.levels);
    match mentions(&plain(after), &names.levels).into_iter().find(|level| !known.contains(level)) {
        Some(level) => Err(format!("le texte calculé ne parle pas du niveau « {level} »")),
        None => Ok(()),
    }
}

/// The places stay in their order: each number belongs to the place beside it.
fn places_hold(before: &str, after: &str, names: &Names) -> Result<(), String> {
    let of = |text: &str| mentions(&text.replace('\'', "’"), &names.places);
    let (bound, found) = (of(before), of(after));
    if bound == found {
        return Ok(());
    }
    let at = bound.iter().zip(&found).position(|(a, b)| a != b).unwrap_or(bound.len().min(found.len()));
    Err(match (bound.get(at), found.get(at)) {
        (Some(was), Some(is)) => {
            format!("« {is} » est à la place de « {was} » ; les lieux restent, dans l’ordre de leurs nombres")
        }
        (Some(was), None) => format!("« {was} » manque ; les lieux restent, dans l’ordre de leurs nombres"),
        (None, is) => format!("« {} » n’est pas du texte calculé", is.map_or("", String::as_str)),
    })
}

/// The ways that a text tells of, in order; the same way twice running counts once.
fn ways(text: &str) -> Vec<&'static str> {
    let text = plain(text);
    let mut found: Vec<(usize, &str)> = WAYS
        .iter()
        .flat_map(|(way, roots)| roots.iter().map(move |root| (*way, *root)))
        .flat_map(|(way, root)| text.match_indices(root).map(move |(at, _)| (at, way)).collect::<Vec<_>>())
        // « redescend » is no « monte », « inchangé » no change: a root counts where a word begins.
        .filter(|(at, _)| !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric))
        .collect();
    found.sort_unstable();
    let mut ways: Vec<&str> = found.into_iter().map(|(_, way)| way).collect();
    ways.dedup();
    ways
}

/// A rise stays a rise: the ways told are those computed, in their order, and none is denied.
fn ways_hold(before: &str, after: &str) -> Result<(), String> {
    let (bound, found) = (ways(before), ways(after));
    let mut rest = bound.iter();
    for way in &found {
        if !rest.any(|known| known == way) {
            return Err(match bound.contains(way) {
                true => {
                    format!("l’ordre des mouvements a changé : {} vient trop tôt ou trop tard", article(way))
                }
                false => format!("le texte calculé ne parle pas de {way} ; les chiffres ne le disent pas"),
            });
        }
    }
    let denies = |text: &str| {
        let text = plain(text);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '’'));
        words.into_iter().any(|word| {
            word == "ne"
                || word.starts_with("n’")
                || matches!(word, "aucun" | "aucune" | "jamais" | "nullement")
        })
    };
    match (denies(before), denies(after)) {
        (false, true) => Err("une négation s’est ajoutée, que le texte calculé n’a pas".to_owned()),
        (true, false) => Err("une négation du texte calculé a disparu".to_owned()),
        _ => Ok(()),
    }
}

fn article(way: &str) -> String {
    match way {
        "accélération" => "l’accélération".to_owned(),
        "ralentissement" => "le ralentissement".to_owned(),
        way => format!("la {way}"),
    }
}

/// Each value stays with its week: what the computed text gives to the week before is not given to this one, nor the other
/// way round, and « de A à B » leads from the week before to this one.
fn weeks_hold(before: &str, after: &str) -> Result<(), String> {
    let of = |text: &str, markers: &[&str]| -> Vec<usize> {
        let (text, positions) = (plain(text), numbers(&plain(text)));
        let marks = markers.iter().flat_map(|mark| text.match_indices(mark)).map(|(at, _)| at);
        let nearest = |mark: usize| {
            let last = positions.iter().rposition(|(_, end)| *end <= mark)?;
            (!text[positions[last].1..mark].contains([';', '.'])).then_some(last)
        };
        marks.filter_map(nearest).collect()
    };
    let values: Vec<String> = numbers(after).into_iter().map(|(number, _)| number).collect();
    let (of_before, of_now) = (of(before, &WEEK_BEFORE), of(before, &THIS_WEEK));
    let moved = of(after, &WEEK_BEFORE).into_iter().find(|value| !of_before.contains(value));
    if let Some(value) = moved {
        return Err(format!(
            "« {} » n’est pas la valeur de la semaine précédente, et le texte la dit telle",
            values.get(value).map_or("", String::as_str)
        ));
    }
    let moved =
        of(after, &THIS_WEEK).into_iter().find(|value| of_before.contains(value) && !of_now.contains(value));
    if let Some(value) = moved {
        return Err(format!(
            "« {} » est la valeur de la semaine précédente, et le texte la donne à cette semaine",
            values.get(value).map_or("", String::as_str)
        ));
    }
    let text = plain(after);
    let positions = numbers(&text);
    for (value, pair) in positions.windows(2).enumerate() {
        let (first, second) = (&pair[0], &pair[1]);
        let until_second = second.1.saturating_sub(second.0.len());
        let between = text.get(first.1..until_second).unwrap_or("");
        let lead = &text[..first.1];
        let begins = lead.trim_end_matches(|c: char| c.is_ascii_digit() || " ,.%+-−".contains(c));
        let leads = begins.ends_with(" de") || begins.ends_with("passe de") || begins == "de";
        let crosses = between.trim_start().starts_with("à ") || between.contains(" à ");
        if leads && crosses && !between.contains([';', '.', '(']) && of_before.contains(&(value + 1)) {
            return Err(format!(
                "le texte va de « {} » à « {} » ; les chiffres vont dans l’autre sens",
                first.0, second.0
            ));
        }
    }
    Ok(())
}

/// Words that give the number before them to the week before.
const WEEK_BEFORE: [&str; 6] = [
    "la semaine précédente",
    "semaine d’avant",
    "semaine dernière",
    "il y a une semaine",
    "sept jours plus tôt",
    "auparavant",
];
/// Words that give it to this week.
const THIS_WEEK: [&str; 5] = ["cette semaine", "à présent", "désormais", "aujourd’hui", "maintenant"];

/// Beginnings of the words that say which way a figure went.
const WAYS: [(&str, &[&str]); 5] = [
    (
        "hausse",
        &[
            "augment",
            "hausse",
            "progress",
            "accroî",
            "accroiss",
            "grimp",
            "monte",
            "remont",
            "doubl",
            "bondi",
            "bond ",
            "flamb",
            "explos",
            "envol",
            "aggrav",
            "croît",
            "croiss",
            "plus haut",
            "repart",
            "dégrad",
        ],
    ),
    (
        "baisse",
        &[
            "diminu",
            "baisse",
            "recul",
            "décroî",
            "décroiss",
            "décru",
            "chute",
            "moitié",
            "repli",
            "fléch",
            "reflu",
            "descend",
            "redescend",
            "retomb",
            "plus bas",
            "divis",
            "amélior",
            "allèg",
            "effondr",
            "dégringol",
            "tass",
            "réduit",
            "rédui",
        ],
    ),
    ("stabilité", &["stable", "stabili", "inchang", "constant", "plateau", "stagn", "sans évolution"]),
    ("accélération", &["accélér", "accélèr"]),
    ("ralentissement", &["ralenti"]),
];

/// The numbers of a text, in order, each with its sign and its percent sign (`+158`, `12,5%`, `1234`) and the byte at which it
/// ends.
fn numbers(text: &str) -> Vec<(String, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
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
        found.push((number, ends.get(at.saturating_sub(1)).copied().unwrap_or(text.len())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(lead: &str, text: &str) -> Wording {
        Wording { lead: lead.into(), text: text.into() }
    }

    fn names() -> Names {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            levels: of(&["vigilance", "alerte", "alerte renforcée", "zone d’alerte", "sous les seuils"]),
            places: of(&["Gard", "Hérault", "Haute-Garonne", "Lot", "Lot-et-Garonne"]),
        }
    }

    fn check(generated: &Wording, edited: &Wording) -> Result<(), String> {
        super::check(generated, edited, &names())
    }

    fn numbers(text: &str) -> Vec<String> {
        super::numbers(text).into_iter().map(|(number, _)| number).collect()
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

    /// The three drafts that were published in newuser.md section 6, and their like.
    #[test]
    fn words_that_turn_the_meaning_are_refused_with_what_and_why() {
        let state =
            wording("Les 13 départements sont au niveau « alerte »", ". Occitanie est au niveau « alerte ».");
        let refused = |generated: &Wording, lead: &str, text: &str, why: &str| {
            let said = check(generated, &wording(lead, text)).unwrap_err();
            assert!(said.contains(why), "{lead}{text}: {said}");
        };
        let kept = |generated: &Wording, lead: &str, text: &str| {
            assert_eq!(check(generated, &wording(lead, text)), Ok(()), "{lead}{text}");
        };
        refused(
            &state,
            "Les 13 départements sont au niveau « vigilance »",
            ". Occitanie est au niveau « vigilance ».",
            "« alerte » est devenu « vigilance »",
        );
        refused(
            &state,
            "Les 13 départements sont au niveau « alerte »",
            ". Occitanie : vigilance.",
            "« alerte » manque",
        );
        kept(
            &state,
            "Les 13 départements",
            " restent au niveau « alerte » ; la région est au niveau « alerte ».",
        );
        let below = wording("Les 13 départements sont sous les seuils", " de la règle « Zones ».");
        refused(
            &below,
            "Les 13 départements sont en alerte",
            " (règle « Zones »).",
            "ne parle pas du niveau « alerte »",
        );

        let rise = wording(
            "Le nombre de patients augmente",
            " : 1\u{202F}604, contre 1\u{202F}128 la semaine précédente, soit +476 (+42\u{202F}%).",
        );
        refused(
            &rise,
            "Les patients",
            " passent de 1 604 la semaine précédente à 1 128 cette semaine (+476, +42 %).",
            "« 1604 » n’est pas la valeur de la semaine précédente",
        );
        refused(&rise, "Les patients", " passent de 1 604 à 1 128 (+476, +42 %).", "vont dans l’autre sens");
        refused(
            &rise,
            "Le nombre se replie",
            " : 1 604, contre 1 128, soit +476 (+42 %).",
            "ne parle pas de baisse",
        );
        refused(&rise, "Le nombre n’augmente plus", " : 1 604, contre 1 128, +476, +42 %.", "une négation");
        refused(
            &rise,
            "Augmente",
            " : 1 604, contre 1 128 cette semaine, +476, +42 %.",
            "la donne à cette semaine",
        );
        kept(
            &rise,
            "La pression augmente",
            " : 1 604 cette semaine, 1 128 la semaine précédente (+476, +42 %).",
        );
        kept(&rise, "Hausse", " à 1 604 (1 128 il y a une semaine, +476, +42 %).");

        let turn = wording(
            "Le nombre augmente",
            " : 30, contre 20 la semaine précédente, après 3 semaines de baisse.",
        );
        refused(
            &turn,
            "Le nombre diminue",
            " : 30, contre 20 la semaine précédente, après 3 semaines de hausse.",
            "l’ordre des mouvements",
        );
        let stable = wording("Le nombre est stable", " : 30, contre 31 la semaine précédente.");
        refused(
            &stable,
            "Le nombre grimpe",
            " : 30, contre 31 la semaine précédente.",
            "ne parle pas de hausse",
        );
        refused(&stable, "Le nombre s’accélère", " : 30, contre 31 la semaine précédente.", "accélération");

        let places = wording("", "Plus fortes hausses : Haute-Garonne (+45) et Hérault (+23).");
        refused(
            &places,
            "",
            "Plus fortes hausses : Hérault (+45) et Haute-Garonne (+23).",
            "« Hérault » est à la place de",
        );
        refused(&places, "", "Plus fortes hausses : Haute-Garonne (+45), puis +23.", "« Hérault » manque");
        kept(
            &places,
            "",
            "C’est en Haute-Garonne que la hausse est la plus forte (+45), puis dans l’Hérault (+23).",
        );
    }

    #[test]
    fn a_name_is_found_whole() {
        let of = |text: &str, names: &[String]| mentions(text, names).join(",");
        assert_eq!(of("le Lot et le Lot-et-Garonne, la Lotte", &names().places), "Lot,Lot-et-Garonne");
        assert_eq!(
            of("zone d’alerte, alertes, alerte renforcée", &names().levels),
            "zone d’alerte,alerte renforcée"
        );
    }

    #[test]
    fn an_empty_and_an_endless_text_are_refused() {
        assert!(check(&rise(), &wording("", " ")).unwrap_err().contains("vide"));
        let long = wording("", &format!("1 812 1 654 +158 +10 % {}", "mot ".repeat(300)));
        assert!(check(&rise(), &long).unwrap_err().contains("au plus 700"));
    }
}
