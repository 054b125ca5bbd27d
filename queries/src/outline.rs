//! Documents as vocabulary (`documents/*.toml`): which sections a bulletin or a sheet has, in order, and which blocks each prints.
//!
//! A file either *defines* a document or *changes* one: an overlay adds a section after another, replaces one, or leaves one
//! out, without copying the whole. Blocks are a closed set ([`BlockOutline`]); a section with a story of its own names its
//! writer ([`WRITERS`]), which the code registers.

use serde::Deserialize;

use crate::query::check_id_at;
use crate::{Error, toml_fault};

/// Sections and passages that are written by code of their own, because their sentences hang on more than one figure.
pub const WRITERS: [&str; 6] = ["beds", "changes", "definitions", "legal_status", "outlook", "quality"];

/// What a document prints, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Id, and name of the file: `bulletin` (regions and the country), `sheet` (departments).
    pub id: String,
    /// What kind of document it is: « Bulletin hebdomadaire de veille et de tension sanitaires ».
    pub title_fr: String,
    /// The same in the title, after the place and the week: « bulletin hebdomadaire ».
    pub short_fr: String,
    /// Words by which the file is found: title of a PDF's keywords.
    pub keywords: Vec<String>,
    /// Pages it may have.
    pub pages_max: usize,
    /// Sections, in order.
    pub sections: Vec<SectionOutline>,
    /// Path inside the vocabulary of the file that defines it, for messages.
    pub file: String,
}

/// A section: a heading and its blocks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionOutline {
    /// Id within the document; the JSON twin groups figures by it.
    pub id: String,
    /// Heading.
    pub title_fr: String,
    /// What its blocks are about, where nothing was received: « Soins de ville ». Without it the heading.
    #[serde(default)]
    pub subject_fr: String,
    /// Indicators of which the territory must have one for the section to be more than a remark that nothing was received; all that
    /// its blocks name without it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The section comes after the next one when more alerts than these stand.
    #[serde(default)]
    pub yields_above: Option<usize>,
    /// The document whose section of this id stands here, instead of blocks.
    #[serde(default)]
    pub as_in: Option<String>,
    /// Blocks, in order; those without data are left out.
    #[serde(default)]
    pub blocks: Vec<BlockOutline>,
    /// Of a section that changes a document: the section it follows.
    #[serde(default)]
    pub after: Option<String>,
    /// Of a section that changes a document: the section in whose place it stands.
    #[serde(default)]
    pub replaces: Option<String>,
    /// Path of the file that defines the section, for messages.
    #[serde(skip)]
    pub file: String,
}

/// A figure by its indicator and, where it has some, its category.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Id of the indicator.
    pub indicator: String,
    /// Category within it; empty for the whole.
    #[serde(default)]
    pub category: String,
    /// What it is called here, where that is not the label of its header.
    #[serde(default)]
    pub label_fr: String,
    /// Second line of a column's head.
    #[serde(default)]
    pub second_fr: String,
    /// Whether its categories follow it, a row each (tables of weeks).
    #[serde(default)]
    pub with_categories: bool,
    /// Whether its categories stand alone, a row each, without the whole.
    #[serde(default)]
    pub only_categories: bool,
    /// These categories first, in this order; the others follow.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Whether no other categories than those follow.
    #[serde(default)]
    pub no_others: bool,
    /// Left out where this indicator has categories of its own.
    #[serde(default)]
    pub unless: Option<String>,
    /// A sentence on it leaves a full page before the others.
    #[serde(default)]
    pub is_minor: bool,
}

/// A group of rows under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Heading; also what is told absent, but in the main table of a document.
    #[serde(default)]
    pub title_fr: String,
    /// What is told absent, where that is not the heading.
    #[serde(default)]
    pub subject_fr: String,
    /// Rows, in order.
    pub rows: Vec<Measure>,
}

/// One chart of curves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// What is told absent where no chart of this subject can be drawn; nothing without it.
    #[serde(default)]
    pub subject_fr: String,
    /// Title; the label of its first line without one.
    #[serde(default)]
    pub title_fr: String,
    /// What stands on the axis, where that is not the `axis_fr` of the first line's header.
    #[serde(default)]
    pub axis_fr: String,
    /// Lines, the main one first; those the territory lacks are left out.
    pub lines: Vec<Measure>,
    /// Kinds of event drawn besides holidays, measures and breaks: `strike`.
    #[serde(default)]
    pub events: Vec<String>,
    /// Whether the beds of the steps of capacity are drawn as well.
    #[serde(default)]
    pub capacity: bool,
    /// Width: a whole line of the page instead of a half.
    #[serde(default)]
    pub wide: bool,
    /// Height, in points; that of its width without one.
    #[serde(default)]
    pub height_pt: Option<u16>,
}

/// What a block prints. Each lists what it shows; nothing else is printed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BlockOutline {
    /// The first figures of a page, in order of preference; `at_most` of those the territory has.
    KeyFigures {
        /// Figures.
        figures: Vec<Measure>,
        /// How many are printed.
        at_most: usize,
    },
    /// A sentence on what moved for each indicator.
    Sentences {
        /// Indicators, in order; their headers give the subject of the sentence (`subject`).
        about: Vec<Measure>,
    },
    /// Departments whose stock is short, by product: one sentence a product.
    LowStocks {
        /// Indicator of days of cover.
        indicator: String,
        /// Its categories, those that come first.
        #[serde(default)]
        categories: Vec<String>,
    },
    /// The map of departments, coloured by the rule whose role is `map`.
    Map {
        /// What is printed in each department where no score is, in order of preference.
        indicators: Vec<String>,
    },
    /// Alerts that stand, with their bounds and what to do.
    Alerts,
    /// What to do next, from the rules.
    Steps,
    /// A table of three weeks.
    Weeks {
        /// Caption.
        title_fr: String,
        /// Head of the first column.
        first_fr: String,
        /// Rows, grouped.
        groups: Vec<Group>,
        /// Whether it is the main table of its document: it says how a week is read, and which lines are absent.
        #[serde(default)]
        is_main: bool,
        /// Whether the region's value stands beside that of a department.
        #[serde(default)]
        beside_region: bool,
    },
    /// A table of the seven days of the week.
    DaysOfWeek {
        /// Caption.
        title_fr: String,
        /// Indicators.
        indicators: Vec<String>,
    },
    /// Curves of the weeks before, two side by side.
    Curves {
        /// Charts, in order of preference.
        charts: Vec<Chart>,
        /// How many are drawn of those the territory has; all of them without it.
        #[serde(default)]
        at_most: Option<usize>,
    },
    /// Several measures of one thing, from the week before to this one.
    Slope {
        /// Title.
        title_fr: String,
        /// What stands on the axis.
        axis_fr: String,
        /// Measures, the main one first.
        rows: Vec<Measure>,
        /// Step of a page that is too full at which it leaves.
        #[serde(default)]
        leaves_at: Option<usize>,
    },
    /// The same patients by several denominators: numerator, denominator, share of two weeks.
    Denominators {
        /// Caption.
        title_fr: String,
        /// Measures, in order.
        rows: Vec<Measure>,
    },
    /// Bars of days of cover, a product each, with the bounds of the rule that watches the stock (`role = "stock"`).
    CoverBars {
        /// Title.
        title_fr: String,
        /// Indicator of days of cover.
        indicator: String,
        /// Its categories, those that come first.
        #[serde(default)]
        categories: Vec<String>,
    },
    /// A table of departments by category of one indicator, with marks under the bounds of the rule that watches the stock.
    DepartmentsByCategory {
        /// Caption.
        title_fr: String,
        /// Indicator.
        indicator: String,
        /// Its categories, those that come first.
        #[serde(default)]
        categories: Vec<String>,
    },
    /// A table of departments, a column a figure.
    Departments {
        /// Caption.
        title_fr: String,
        /// Columns, in order.
        columns: Vec<Measure>,
    },
    /// Departments in order of a figure, beside the week before.
    RankedDots {
        /// Figures in order of preference.
        figures: Vec<Measure>,
        /// How many are drawn.
        at_most: usize,
        /// Step of a page that is too full at which it leaves.
        #[serde(default)]
        leaves_at: Option<usize>,
    },
    /// The same curve of every department.
    SmallMultiples {
        /// Figures in order of preference: the first that some department has is drawn.
        figures: Vec<Measure>,
    },
    /// Levels of every department over the last weeks, under the rule of the map.
    HeatStrip {
        /// Title.
        title_fr: String,
        /// Weeks.
        weeks: u16,
    },
    /// Dated context of one kind, of this week and the one before: strikes, measures.
    Events {
        /// Word before them: « Mouvement social ».
        title_fr: String,
        /// Kinds of event, as the source `events` writes them.
        kinds: Vec<String>,
        /// Only where the territory has this indicator.
        #[serde(default)]
        with: Option<String>,
    },
    /// Numbers to dial, by department.
    Numbers,
    /// Breaks of definition of some indicators within the weeks drawn.
    Breaks {
        /// Indicators.
        indicators: Vec<String>,
    },
    /// Fixed text.
    Text {
        /// The text.
        text_fr: String,
    },
    /// A passage written by code of its own.
    Story {
        /// One of [`WRITERS`].
        writer: String,
    },
}

/// A file of `documents/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    /// The document it changes; it defines one without.
    #[serde(default)]
    changes: Option<String>,
    #[serde(default)]
    title_fr: String,
    #[serde(default)]
    short_fr: String,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    pages_max: Option<usize>,
    #[serde(default)]
    sections: Vec<SectionOutline>,
    #[serde(default)]
    leave_out: Vec<String>,
}

/// What one file says: a document, or changes of one.
#[derive(Debug, Clone)]
pub(crate) enum OutlineFile {
    Defines(Outline),
    Changes(OutlineChange),
}

/// Changes of a document.
#[derive(Debug, Clone)]
pub(crate) struct OutlineChange {
    /// The document.
    pub(crate) document: String,
    /// Sections with `after` or `replaces`.
    sections: Vec<SectionOutline>,
    /// Ids of sections.
    leave_out: Vec<String>,
    /// The file.
    pub(crate) file: String,
}

impl OutlineFile {
    /// Reads a file of `documents/`.
    ///
    /// # Errors
    /// [`Error::Faulty`] at the line of the fault.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut read: File = toml::from_str(text).map_err(|fault| {
            let (span, what) = toml_fault(text, &fault);
            // Of a block the reader tells the list that it stands in: the name it complains of stands further down.
            let named = what.split('`').nth(1).filter(|_| what.starts_with("unknown "));
            let further = named.and_then(|name| text[span.start..].find(name)).unwrap_or(0);
            Error::at(file, text, span.start + further, what)
        })?;
        check_id_at(file, text, &read.id, 0)?;
        for section in &mut read.sections {
            file.clone_into(&mut section.file);
        }
        let fault = |at: &str, what: String| Err(Error::at(file, text, offset(text, at), what));
        let mut seen: Vec<&str> = Vec::new();
        for section in &read.sections {
            if seen.contains(&section.id.as_str()) {
                return fault(&section.id, format!("section {:?} is there twice", section.id));
            }
            seen.push(&section.id);
            if section.blocks.is_empty() == section.as_in.is_none() {
                let what =
                    format!("section {:?} needs blocks, or as_in with the document that has it", section.id);
                return fault(&section.id, what);
            }
            for block in &section.blocks {
                if let BlockOutline::Story { writer } = block
                    && !WRITERS.contains(&writer.as_str())
                {
                    let known = WRITERS.join(", ");
                    return fault(writer, format!("unknown writer {writer:?}; known: {known}"));
                }
            }
        }
        let placed = |section: &&SectionOutline| section.after.is_some() || section.replaces.is_some();
        match read.changes {
            None => {
                if let Some(section) = read.sections.iter().find(placed) {
                    let what = format!(
                        "section {:?} has after or replaces, which only a file with changes = \"…\" may have",
                        section.id
                    );
                    return fault(&section.id, what);
                }
                if !read.leave_out.is_empty() {
                    return fault("leave_out", "leave_out is for a file with changes = \"…\"".to_owned());
                }
                if read.title_fr.is_empty() || read.short_fr.is_empty() || read.sections.is_empty() {
                    return fault("id", "a document needs title_fr, short_fr and sections".to_owned());
                }
                Ok(Self::Defines(Outline {
                    id: read.id,
                    title_fr: read.title_fr,
                    short_fr: read.short_fr,
                    keywords: read.keywords,
                    pages_max: read.pages_max.unwrap_or(PAGES_MAX),
                    sections: read.sections,
                    file: file.to_owned(),
                }))
            }
            Some(document) => {
                if let Some(section) = read.sections.iter().find(|section| !placed(section)) {
                    let what = format!(
                        "section {:?} says neither after which section it stands nor which it replaces",
                        section.id
                    );
                    return fault(&section.id, what);
                }
                Ok(Self::Changes(OutlineChange {
                    document,
                    sections: read.sections,
                    leave_out: read.leave_out,
                    file: file.to_owned(),
                }))
            }
        }
    }
}

/// Pages of a document that says no number.
const PAGES_MAX: usize = 12;

/// Where a name stands between quotation marks; the head of the file when it does not.
fn offset(text: &str, name: &str) -> usize {
    text.find(&format!("\"{name}\"")).or_else(|| text.find(name)).unwrap_or(0)
}

impl Outline {
    /// Changes the document as a file says.
    ///
    /// # Errors
    /// What it names that the document does not have.
    pub(crate) fn change(&mut self, change: OutlineChange) -> Result<(), String> {
        let unknown = |known: &[SectionOutline], key: &str, id: &str| {
            let known: Vec<&str> = known.iter().map(|section| section.id.as_str()).collect();
            format!("{key} names the section {id:?}; the document has: {}", known.join(", "))
        };
        for id in change.leave_out {
            let Some(at) = self.sections.iter().position(|section| section.id == id) else {
                return Err(unknown(&self.sections, "leave_out", &id));
            };
            self.sections.remove(at);
        }
        for section in change.sections {
            let find = |id: &str| self.sections.iter().position(|known| known.id == id);
            if let Some(id) = &section.replaces {
                let Some(at) = find(id) else { return Err(unknown(&self.sections, "replaces", id)) };
                self.sections[at] = section;
            } else if let Some(id) = &section.after {
                let Some(at) = find(id) else { return Err(unknown(&self.sections, "after", id)) };
                if find(&section.id).is_some() {
                    return Err(format!(
                        "section {:?} is there already; replaces = {:?} changes it",
                        section.id, section.id
                    ));
                }
                self.sections.insert(at + 1, section);
            }
        }
        Ok(())
    }

    /// Every indicator that it names, with the file that names it.
    pub(crate) fn indicators(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().flat_map(|section| {
            let of_blocks = section.blocks.iter().flat_map(BlockOutline::indicators);
            let needed = section.needs.iter().map(String::as_str);
            of_blocks.chain(needed).map(|id| (section.file.as_str(), id))
        })
    }
}

impl BlockOutline {
    /// The indicators it names, in order.
    #[must_use]
    pub fn indicators(&self) -> Vec<&str> {
        fn of(measures: &[Measure]) -> Vec<&str> {
            measures
                .iter()
                .flat_map(|measure| std::iter::once(&measure.indicator).chain(&measure.unless))
                .map(String::as_str)
                .collect()
        }
        match self {
            Self::KeyFigures { figures, .. }
            | Self::RankedDots { figures, .. }
            | Self::SmallMultiples { figures } => of(figures),
            Self::Slope { rows, .. } | Self::Denominators { rows, .. } => of(rows),
            Self::Departments { columns, .. } => of(columns),
            Self::Sentences { about } => of(about),
            Self::Weeks { groups, .. } => groups.iter().flat_map(|group| of(&group.rows)).collect(),
            Self::Curves { charts, .. } => charts.iter().flat_map(|chart| of(&chart.lines)).collect(),
            Self::Map { indicators } | Self::DaysOfWeek { indicators, .. } | Self::Breaks { indicators } => {
                indicators.iter().map(String::as_str).collect()
            }
            Self::LowStocks { indicator, .. }
            | Self::CoverBars { indicator, .. }
            | Self::DepartmentsByCategory { indicator, .. } => vec![indicator],
            Self::Events { with, .. } => with.iter().map(String::as_str).collect(),
            Self::Alerts
            | Self::Steps
            | Self::HeatStrip { .. }
            | Self::Numbers
            | Self::Text { .. }
            | Self::Story { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vocabulary;

    /// The built-in vocabulary with one more document.
    fn with(file: &str, text: &str) -> Result<Vocabulary, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("documents")).unwrap();
        std::fs::write(folder.path().join(file), text).unwrap();
        Vocabulary::with_overlay(folder.path())
    }

    fn ids(vocabulary: &Vocabulary, document: &str) -> Vec<String> {
        vocabulary.outline(document).unwrap().sections.iter().map(|section| section.id.clone()).collect()
    }

    #[test]
    fn a_sheet_has_the_first_page_of_the_bulletin() {
        let vocabulary = Vocabulary::embedded().unwrap();
        let first = |id: &str| vocabulary.outline(id).unwrap().sections[0].blocks.clone();
        assert_eq!(first("bulletin"), first("sheet"));
    }

    #[test]
    fn an_overlay_adds_a_section_replaces_one_and_leaves_one_out() {
        let block = "blocks = [{ kind = \"text\", text_fr = \"Bonjour.\" }]";
        let text = format!(
            "id = \"agency\"\nchanges = \"bulletin\"\nleave_out = [\"supply\"]\n\
             [[sections]]\nid = \"samu\"\ntitle_fr = \"SAMU\"\nafter = \"screening\"\n{block}\n\
             [[sections]]\nid = \"city\"\ntitle_fr = \"Ville\"\nreplaces = \"city\"\n{block}\n"
        );
        let vocabulary = with("documents/agency.toml", &text).unwrap();
        let sections = ids(&vocabulary, "bulletin");
        assert!(!sections.contains(&"supply".to_owned()));
        let at = sections.iter().position(|id| id == "samu").unwrap();
        assert_eq!(sections[at - 1], "screening");
        let city = vocabulary.outline("bulletin").unwrap().sections.iter().find(|s| s.id == "city").unwrap();
        assert_eq!((city.title_fr.as_str(), city.file.as_str()), ("Ville", "documents/agency.toml"));
        assert!(ids(&vocabulary, "sheet").len() < sections.len(), "the sheet is as it was");
    }

    #[test]
    fn a_fault_is_told_with_its_file_and_line() {
        let section = |blocks: &str| {
            format!(
                "id = \"agency\"\nchanges = \"bulletin\"\n\n[[sections]]\nid = \"x\"\ntitle_fr = \"X\"\nafter = \"city\"\nblocks = [\n{blocks}\n]\n"
            )
        };
        let cases = [
            (section("{ kind = \"story\", writer = \"outlok\" }"), 9, "unknown writer \"outlok\""),
            (
                section("{ kind = \"days_of_week\", title_fr = \"T\", indicators = [\"icu_patient\"] }"),
                9,
                "did you mean \"icu_patients\"?",
            ),
            (
                section("{ kind = \"sentences\", about = [{ indicator = \"deaths_7d\" }] }"),
                9,
                "needs a subject",
            ),
            (section("{ kind = \"wheel\" }"), 9, "wheel"),
            (section("{ kind = \"map\", indicators = [], colour = 1 }"), 9, "colour"),
            (
                section("{ kind = \"alerts\" }").replace("\"city\"", "\"town\""),
                1,
                "after names the section \"town\"",
            ),
            ("id = \"agency\"\nchanges = \"buletin\"\n".to_owned(), 1, "no file of documents/ defines"),
            ("id = \"other\"\nchanges = \"bulletin\"\n".to_owned(), 1, "the file is named \"agency\""),
        ];
        for (text, expected_line, expected) in cases {
            match with("documents/agency.toml", &text).unwrap_err() {
                Error::Faulty { file, line, what } => {
                    assert_eq!(file, "documents/agency.toml", "{what}");
                    assert!(what.contains(expected), "{what}");
                    assert_eq!(line, expected_line, "{what}");
                }
                other => panic!("{other}"),
            }
        }
    }
}
