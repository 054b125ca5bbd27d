//! Drafts: the texts of a bulletin in a file that an editor may change, and the bulletin published from it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::Place;
use vigie_reports::wording::{TextBlock, Wording};
use vigie_store::AsOf;

use crate::bulletin::{Brief, write};
use crate::calendar::{parse_week, week_label};
use crate::error::Error;
use crate::room::Room;

const HEAD: &str = "\
# Brouillon d’un bulletin. Changez les mots de « lead » et de « text » ; les nombres viennent des calculs et restent les
# mêmes, dans leur ordre, et une hausse reste une hausse : un brouillon qui dit autre chose est refusé.
# Publier :  vigie bulletin --from-draft CE_FICHIER --by \"Prénom Nom\"

";

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    territory: String,
    week: String,
    as_of_issued: Timestamp,
    as_of_recorded: Timestamp,
    vocabulary: String,
    #[serde(rename = "text", default)]
    texts: Vec<Text>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    id: String,
    #[serde(default)]
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
}

/// Writes the texts of a bulletin to a file.
///
/// # Errors
/// [`Error::Write`].
pub fn save(room: &Room, brief: &Brief, texts: Vec<TextBlock>, path: &Path) -> Result<(), Error> {
    let file = File {
        territory: brief.territory.to_string(),
        week: week_label(brief.week),
        as_of_issued: brief.as_of.issued,
        as_of_recorded: brief.as_of.recorded,
        vocabulary: room.vocabulary.fingerprint(),
        texts: texts
            .into_iter()
            .map(|block| Text {
                id: block.id,
                section: block.section,
                lead: block.wording.lead,
                text: block.wording.text,
            })
            .collect(),
    };
    let body = toml::to_string(&file).map_err(|cause| Error::Failed(cause.to_string()))?;
    write(path, format!("{HEAD}{body}").as_bytes())
}

/// Reads a draft.
///
/// # Errors
/// [`Error::Config`] with file, line and what is wrong; [`Error::Usage`] when definitions or rules have changed since.
pub fn read(room: &Room, path: &Path) -> Result<Draft, Error> {
    let body =
        std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let faulty = |line: usize, what: String| Error::Config { file: path.to_owned(), line, what };
    let file: File = toml::from_str(&body).map_err(|fault| {
        let at = fault.span().map_or(0, |span| span.start).min(body.len());
        faulty(body[..at].matches('\n').count() + 1, fault.message().replace('\n', " "))
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
    Ok(Draft {
        territory: file.territory.parse().map_err(|what| faulty(1, what))?,
        week: parse_week(&file.week).map_err(|what| faulty(1, what))?,
        as_of: AsOf { issued: file.as_of_issued, recorded: file.as_of_recorded },
        texts,
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
