//! Drafts: the texts of a bulletin in a file that an editor may change, and the bulletin published from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::Place;
use vigie_reports::wording::{COMMENT, COUNT, TextBlock, Wording};
use vigie_store::AsOf;

use crate::bulletins::{BulletinSpec, write};
use crate::calendar::{parse_week, week_label};
use crate::error::Error;
use crate::room::Room;

const HEAD: &str = "\
# Brouillon d’un bulletin. Changez les mots de « lead » et de « text », entre les trois apostrophes ; les guillemets y sont
# permis. Les nombres, les lieux et les niveaux viennent des calculs et restent les mêmes, dans leur ordre ; une hausse reste une
# hausse, chaque valeur reste à sa semaine : un brouillon qui dit autre chose est refusé.
# Publier :  vigie bulletin --from-draft CE_FICHIER --by \"Prénom Nom\"
";

const OWN: &str = "
# Ce que les calculs ne savent pas : imprimé à part, sous votre nom. 1 000 caractères au plus (300 sur une fiche).
comment = '''
'''
# Vos propres comptages, huit au plus :
# [[count]]
# label = 'EHPAD avec au moins un cas'
# value = '3'
";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    territory: String,
    week: String,
    as_of_issued: Timestamp,
    as_of_recorded: Timestamp,
    vocabulary: String,
    #[serde(default)]
    comment: String,
    #[serde(rename = "count", default)]
    counts: Vec<Count>,
    #[serde(rename = "text", default)]
    texts: Vec<Text>,
}

/// A number that an editor counted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    label: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    id: String,
    #[serde(default)]
    #[expect(dead_code, reason = "the heading is there for the editor")]
    section: String,
    #[serde(default)]
    lead: String,
    text: String,
}

/// A draft that was read.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Place it is about.
    pub territory: Place,
    /// Monday of its week.
    pub week: Date,
    /// The data its numbers were computed from.
    pub as_of: AsOf,
    /// Its texts, by id.
    pub texts: BTreeMap<String, Wording>,
    /// What the editor added of his own, by the ids of [`vigie_reports::wording`].
    pub own: BTreeMap<String, Wording>,
    /// Its file.
    pub path: PathBuf,
}

/// A text whose computed words are no longer those that the editor had before him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The text, as it is computed now.
    pub block: TextBlock,
    /// What was computed when the draft was made.
    pub then: Wording,
    /// The editor's words.
    pub edited: Wording,
}

/// Writes the texts of a bulletin to a file; `own` is what an editor had added of his own to an earlier draft, `differing`
/// what he had written of texts that are computed otherwise now.
///
/// # Errors
/// [`Error::Write`].
pub fn save(
    room: &Room,
    spec: &BulletinSpec,
    texts: &[TextBlock],
    own: &BTreeMap<String, Wording>,
    differing: &[Differing],
    path: &Path,
) -> Result<(), Error> {
    let mut body = HEAD.to_owned();
    for (key, value) in [
        ("territory", spec.territory.to_string()),
        ("week", week_label(spec.week)),
        ("as_of_issued", spec.as_of.issued.to_string()),
        ("as_of_recorded", spec.as_of.recorded.to_string()),
        ("vocabulary", room.vocabulary.fingerprint()),
    ] {
        body.push_str(&format!("{key} = {}\n", literal(&value)));
    }
    if own.is_empty() {
        body.push_str(OWN);
    }
    for (id, wording) in own {
        if id == COMMENT {
            body.push_str(&format!("comment = {}\n", literal(&wording.text)));
        }
    }
    for (_, count) in own.iter().filter(|(id, _)| id.starts_with(COUNT)) {
        body.push_str(&format!(
            "\n[[count]]\nlabel = {}\nvalue = {}\n",
            literal(&count.lead),
            literal(&count.text)
        ));
    }
    for block in texts {
        body.push('\n');
        if let Some(other) = differing.iter().find(|other| other.block.id == block.id) {
            let told = [("Calculé au moment du brouillon", &other.then), ("Vos mots d’alors", &other.edited)];
            for (what, wording) in told {
                body.push_str(&format!("# {what} : {}\n", one_line(wording)));
            }
        }
        let (lead, text) = (literal(&block.wording.lead), literal(&block.wording.text));
        body.push_str(&format!(
            "[[text]]\nid = {}\nsection = {}\nlead = {lead}\ntext = {text}\n",
            literal(&block.id),
            literal(&block.section)
        ));
    }
    write(path, body.as_bytes())
}

/// A string between three apostrophes, where every other sign stands for itself: a quotation mark typed into it is one.
fn literal(text: &str) -> String {
    // The two things that such a string cannot hold.
    if text.contains("''") || text.ends_with('\'') || text.contains(|c: char| c.is_control() && c != '\n') {
        return toml::Value::String(text.to_owned()).to_string();
    }
    format!("'''{}{text}'''", if text.starts_with('\n') { "\n" } else { "" })
}

fn one_line(wording: &Wording) -> String {
    format!("{}{}", wording.lead, wording.text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What became of a draft's edited texts when the bulletin is computed anew: those that are still about the same words, under
/// the id that these have now, and those that are not.
#[must_use]
pub fn rebased(
    edited: &BTreeMap<String, Wording>,
    then: &[TextBlock],
    now: &[TextBlock],
) -> (BTreeMap<String, Wording>, Vec<Differing>) {
    let (mut kept, mut differing) = (BTreeMap::new(), Vec::new());
    for (id, wording) in edited {
        let Some(computed) = then.iter().find(|block| block.id == *id) else {
            kept.insert(id.clone(), wording.clone()); // no text of that name: refused by name further on
            continue;
        };
        let same = |block: &&TextBlock| block.wording == computed.wording;
        // A sentence that came or went moves the ids of those after it.
        let here = now.iter().filter(same).find(|block| block.id == *id);
        match here.or_else(|| now.iter().find(same)) {
            Some(block) => {
                kept.insert(block.id.clone(), wording.clone());
            }
            None => {
                let of_that_id = || now.iter().find(|block| block.id == *id);
                let alike = now.iter().find(|block| block.wording.lead == computed.wording.lead);
                let block = alike
                    .or_else(of_that_id)
                    .cloned()
                    .unwrap_or_else(|| TextBlock { wording: Wording::default(), ..computed.clone() });
                differing.push(Differing { block, then: computed.wording.clone(), edited: wording.clone() });
            }
        }
    }
    (kept, differing)
}

impl Differing {
    /// What to tell the editor.
    #[must_use]
    pub fn sentence(&self) -> String {
        let now = one_line(&self.block.wording);
        let now = if now.is_empty() { "il n’y est plus".to_owned() } else { format!("il dit « {now} »") };
        format!(
            "texte {} : le texte calculé a changé depuis ce brouillon ; il disait « {} », {now} ; vos mots : « {} »",
            self.block.id,
            one_line(&self.then),
            one_line(&self.edited)
        )
    }
}

/// Reads a draft.
///
/// # Errors
/// [`Error::Usage`] and [`Error::Config`] with file, line and what is wrong; [`Error::Usage`] when definitions or rules have
/// changed since.
pub fn read(room: &Room, path: &Path) -> Result<Draft, Error> {
    let body =
        std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let faulty = |line: usize, what: String| Error::Config { file: path.to_owned(), line, what };
    let file: File = toml::from_str(&body).map_err(|fault| {
        let at = fault.span().map_or(0, |span| span.start).min(body.len());
        let line = body[..at].matches('\n').count() + 1;
        Error::Usage(format!(
            "{}:{line}: {}; a text stands between three apostrophes: text = '''…'''",
            path.display(),
            fault.message().replace('\n', " ")
        ))
    })?;
    if file.vocabulary != room.vocabulary.fingerprint() {
        return Err(Error::Usage(format!(
            "{}: definitions or rules have changed since this draft was made; make it again with --draft",
            path.display()
        )));
    }
    let mut texts = BTreeMap::new();
    for text in file.texts {
        if texts.insert(text.id.clone(), Wording { lead: text.lead, text: text.text }).is_some() {
            return Err(faulty(1, format!("the text {:?} stands twice", text.id)));
        }
    }
    let mut own = BTreeMap::new();
    if !file.comment.trim().is_empty() {
        own.insert(COMMENT.to_owned(), Wording { lead: String::new(), text: file.comment.trim().to_owned() });
    }
    for (place, count) in file.counts.into_iter().enumerate() {
        own.insert(format!("{COUNT}{place:02}"), Wording { lead: count.label, text: count.value });
    }
    Ok(Draft {
        territory: file.territory.parse().map_err(|what| faulty(1, what))?,
        week: parse_week(&file.week).map_err(|what| faulty(1, what))?,
        as_of: AsOf { issued: file.as_of_issued, recorded: file.as_of_recorded },
        texts,
        own,
        path: path.to_owned(),
    })
}

/// The texts of a draft that are not those computed. A text that the bulletin does not have stays in, to be refused.
#[must_use]
pub fn changed(texts: &BTreeMap<String, Wording>, computed: &[TextBlock]) -> BTreeMap<String, Wording> {
    let same = |id: &str, wording: &Wording| {
        computed.iter().any(|block| block.id == id && block.wording == *wording)
    };
    texts
        .iter()
        .filter(|(id, wording)| !same(id, wording))
        .map(|(id, wording)| (id.clone(), wording.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(id: &str, text: &str) -> TextBlock {
        let wording = Wording { lead: String::new(), text: text.to_owned() };
        TextBlock { id: id.to_owned(), section: "L’essentiel".to_owned(), wording }
    }

    #[test]
    fn any_text_comes_back_from_its_literal() {
        #[derive(Deserialize)]
        struct One {
            text: String,
        }
        for text in [
            "dit \"en alerte\"",
            "l'astreinte",
            "fini par '",
            "trois ''' ici",
            " : 12 %",
            "",
            "\nligne\n\nligne",
            "a\tb",
        ] {
            let read: One = toml::from_str(&format!("text = {}", literal(text))).unwrap();
            assert_eq!(read.text, text);
        }
    }

    #[test]
    fn edited_texts_follow_their_words_and_those_computed_otherwise_are_shown() {
        let then = [block("k.1", "un"), block("k.2", "deux"), block("k.3", "44 valeurs")];
        // A sentence came before the others, and the third was computed anew.
        let now =
            [block("k.1", "carte"), block("k.2", "un"), block("k.3", "deux"), block("k.4", "42 valeurs")];
        let edited: BTreeMap<String, Wording> =
            [("k.2", "deux, dit mieux"), ("k.3", "44 valeurs, dit mieux")]
                .map(|(id, text)| (id.to_owned(), block(id, text).wording))
                .into();
        let (kept, differing) = rebased(&edited, &then, &now);
        assert_eq!(kept, [("k.3".to_owned(), block("", "deux, dit mieux").wording)].into());
        let told: Vec<String> = differing.iter().map(Differing::sentence).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("« 44 valeurs »") && told[0].contains("44 valeurs, dit mieux"), "{told:?}");
        assert_eq!(rebased(&edited, &then, &then).0, edited, "nothing changed, nothing moves");
    }
}
