//! The document as data: sections made of blocks, before any layout.
//!
//! Templates (Typst today) turn it into pages. It holds finished French text, so a template decides how things look and
//! never what they say.

use serde::Serialize;

use crate::figures;

/// A document.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    /// Title block and metadata.
    pub head: Head,
    /// Sections in reading order.
    pub sections: Vec<Section>,
}

/// What a document is laid out as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// The bulletin of a region or of France: A4, up to twelve pages.
    Bulletin,
    /// The sheet of a department: one A4 page.
    Sheet,
    /// The first page alone, for a telephone: one A5 page.
    Summary,
}

/// Title block and metadata.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// What the document is laid out as.
    pub frame: Frame,
    /// Title of the file, for readers' lists and screen readers.
    pub title: String,
    /// Kind of document, such as « Bulletin hebdomadaire ».
    pub kind: String,
    /// Name of the territory.
    pub territory: String,
    /// `semaine 42 (du 12 au 18 octobre 2020)`.
    pub week: String,
    /// `Données arrêtées au …`.
    pub as_of: String,
    /// `Données au 22 octobre 2020`, for the foot of the pages.
    pub data_day: String,
    /// `édition 2`.
    pub edition: String,
    /// Name of the publisher, may be empty.
    pub agency: String,
    /// Service of the publisher, may be empty.
    pub service: String,
    /// Contact lines.
    pub contact: Vec<String>,
    /// Virtual file name of the publisher's logo, empty for none.
    pub logo: String,
    /// Text alternative of the logo.
    pub logo_alt: String,
    /// Who reviewed the text, in a sentence; empty when nobody did.
    pub reviewed: String,
    /// Author in the file's metadata.
    pub author: String,
    /// Keywords in the file's metadata.
    pub keywords: Vec<String>,
    /// Year, month, day of the file's date.
    pub date: [i16; 3],
    /// Font family.
    pub font: String,
    /// Description of the attached files, by name.
    pub attachments: Vec<Attachment>,
}

/// A file attached to the PDF.
#[derive(Debug, Clone, Serialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// MIME type.
    pub mime: String,
    /// What it holds.
    pub description: String,
}

/// A section: a heading and what follows.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// Stable id, the `section` of the twin.
    pub id: String,
    /// Heading.
    pub title: String,
    /// Content.
    pub blocks: Vec<Block>,
}

/// Part of a section.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// A heading under the section's.
    Heading {
        /// Its text.
        title: String,
    },
    /// Running text.
    Paragraph {
        /// Its text.
        text: Rich,
    },
    /// The sentence that says it all, larger.
    Lead {
        /// Its text.
        text: Rich,
    },
    /// Points.
    Bullets {
        /// One per point.
        items: Vec<Rich>,
    },
    /// A remark set apart: absent feed, provisional figures.
    Note {
        /// Its text.
        text: Rich,
    },
    /// Large figures with their change.
    KeyFigures {
        /// From left to right.
        items: Vec<KeyFigure>,
    },
    /// What to do, in order, set apart under its own title.
    Steps {
        /// What they are steps of.
        title: String,
        /// One per step.
        items: Vec<Rich>,
    },
    /// A table.
    Table(Table),
    /// A picture.
    Figure(FigureBlock),
    /// Two columns side by side.
    Columns {
        /// Left column.
        left: Vec<Block>,
        /// Right column.
        right: Vec<Block>,
        /// Width of the left one over the right one.
        ratio: f64,
    },
    /// Terms and what they mean.
    Definitions {
        /// In order.
        items: Vec<Definition>,
    },
}

/// Text in runs.
pub type Rich = Vec<Run>;

/// A run of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The text, printed as it stands.
    pub text: String,
    /// Whether it stands out.
    pub strong: bool,
}

/// Plain text as one run.
#[must_use]
pub fn plain(text: impl Into<String>) -> Rich {
    vec![Run { text: text.into(), strong: false }]
}

/// A strong run, then plain text.
#[must_use]
pub fn led(lead: impl Into<String>, text: impl Into<String>) -> Rich {
    vec![Run { text: lead.into(), strong: true }, Run { text: text.into(), strong: false }]
}

/// A large figure.
#[derive(Debug, Clone, Serialize)]
pub struct KeyFigure {
    /// What it counts.
    pub label: String,
    /// The figure.
    pub value: String,
    /// Its change on the week before, with its sign, or why there is none.
    pub change: String,
    /// `up`, `down`, `flat` or `none`.
    pub direction: String,
    /// A line of context.
    pub detail: String,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// Caption, without its number.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Row>,
    /// Notes below.
    pub notes: Vec<String>,
    /// Source line, may be empty.
    pub source: String,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// Heading.
    pub title: String,
    /// Smaller second line of the heading, may be empty.
    pub subtitle: String,
    /// Mark of a note on the heading, printed raised.
    pub note: String,
    /// Whether it holds numbers, set flush right.
    pub number: bool,
    /// Share of the free width; 0: as wide as its content.
    pub share: f64,
}

impl Column {
    /// A column of text taking `share` of the free width.
    #[must_use]
    pub fn text(title: impl Into<String>, share: f64) -> Self {
        Self { title: title.into(), subtitle: String::new(), note: String::new(), number: false, share }
    }

    /// A column of numbers, as wide as its content.
    #[must_use]
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), subtitle: String::new(), note: String::new(), number: true, share: 0.0 }
    }

    /// The same with a second line in its heading.
    #[must_use]
    pub fn with_subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// The same with another share of the free width.
    #[must_use]
    pub fn with_share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }
}

/// A row of a table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Cells, as many as columns; one cell for rows across the table.
    pub cells: Vec<Cell>,
    /// Whether the row stands out (a total).
    pub strong: bool,
    /// How the row is laid.
    pub kind: RowKind,
}

/// How a row is laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// One cell a column.
    Plain,
    /// A heading across the table.
    Group,
    /// Text across the table.
    Across,
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The text, printed as it stands.
    pub text: String,
    /// Mark of a note, printed raised.
    pub note: String,
    /// Colour shown as a square before the text (`#RRGGBB`), may be empty. Never alone.
    pub swatch: String,
    /// Whether it stands out.
    pub strong: bool,
    /// A second text below the first, smaller; may be empty.
    pub detail: String,
    /// Rows it spans: 0 and 1 are one row. The rows below it have one cell less.
    pub rows: usize,
}

impl Cell {
    /// A cell of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Row {
    /// A row of cells.
    #[must_use]
    pub fn of(cells: Vec<Cell>) -> Self {
        Self { cells, strong: false, kind: RowKind::Plain }
    }

    /// A heading across the table.
    #[must_use]
    pub fn group(title: impl Into<String>) -> Self {
        Self { cells: vec![Cell::text(title)], strong: true, kind: RowKind::Group }
    }
}

/// A picture with its caption.
#[derive(Debug, Clone, Serialize)]
pub struct FigureBlock {
    /// Virtual file name of the SVG.
    pub file: String,
    /// Text alternative.
    pub alt: String,
    /// Caption, without its number.
    pub caption: String,
    /// Source line.
    pub source: String,
    /// Width in points at which it was drawn.
    pub width_pt: f64,
    /// The numbers drawn: a table beside the picture where the page has room for one (HTML), attached otherwise.
    #[serde(skip)]
    pub data: figures::Table,
}

/// A term and what it means.
#[derive(Debug, Clone, Serialize)]
pub struct Definition {
    /// The term.
    pub term: String,
    /// What it means.
    pub text: String,
    /// Where it comes from, may be empty.
    pub source: String,
}
