//! From a template and its files to a PDF: the small world in which Typst works.
//!
//! The world holds one template, the data it reads (`data.json`), the figures and the fonts, and nothing else: no disk,
//! no network, no packages, no clock. Output conforms to PDF/UA-1 and PDF/A-3a, which the exporter checks: a figure
//! without a text alternative is an error.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use typst::diag::{FileError, FileResult, Severity, SourceDiagnostic};
use typst::foundations::{Bytes, Content, Datetime, Duration, NativeElement, Smart, StyleChain};
use typst::introspection::Introspector as _;
use typst::model::HeadingElem;
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::Error;

/// A document laid out in pages, not yet a file.
pub(crate) struct Laid {
    world: PageWorld,
    document: PagedDocument,
    at: Timestamp,
    /// Number of pages.
    pub(crate) pages: usize,
    /// Page on which the second section begins; none where there is one section.
    pub(crate) second_at: Option<usize>,
    /// What Typst warned about.
    pub(crate) warnings: Vec<String>,
}

/// Name of the main file in the world.
pub(crate) const MAIN: &str = "main.typ";

/// Lays out `template` with the files it reads; `at` is the only date of the file. The caller passes fixed names for figures
/// (`fig-01.svg`): Typst keeps every name for the life of the process.
///
/// # Errors
/// [`Error::Typeset`] with the diagnostics, file and line, when the template or a figure is at fault.
pub(crate) fn lay_out(
    template: &str,
    files: BTreeMap<String, Vec<u8>>,
    at: Timestamp,
) -> Result<Laid, Error> {
    let world = PageWorld::new(template, files, at)?;
    let compiled = typst::compile::<PagedDocument>(&world);
    let document = compiled.output.map_err(|faults| diagnostics(&world, &faults))?;
    let warnings = compiled.warnings.iter().map(|fault| describe(&world, fault)).collect();
    Ok(Laid { pages: document.pages().len(), second_at: second_at(&document), warnings, world, document, at })
}

impl Laid {
    /// The PDF; `ident` identifies the document stably.
    ///
    /// # Errors
    /// [`Error::Typeset`] when the document breaks one of its standards.
    pub(crate) fn export(&self, ident: &str) -> Result<Vec<u8>, Error> {
        let standards = PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_3a])
            .map_err(|fault| Error::Typeset(vec![fault.message().to_string()]))?;
        let options = PdfOptions {
            ident: Smart::Custom(ident.to_owned()),
            creator: Smart::Custom(Some(concat!("Vigie ", env!("CARGO_PKG_VERSION")).to_owned())),
            timestamp: utc_datetime(self.at).map(typst_pdf::Timestamp::new_utc),
            standards,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&self.document, &options).map_err(|faults| diagnostics(&self.world, &faults))
    }
}

/// Gives back what the typesetter remembers of documents set so far. It keeps every intermediate result of the process for the
/// next document, and a service that sets one a day would keep them all; while one is set, they save it time.
pub fn forget_documents() {
    comemo::evict(0);
}

/// Whether some embedded font can draw a character.
pub(crate) fn can_draw(c: char) -> bool {
    FONTS.list.iter().any(|font| font.info().coverage.contains(u32::from(c)))
}

/// Page of the second heading of the first level.
fn second_at(document: &PagedDocument) -> Option<usize> {
    let introspector = document.introspector();
    let headings = introspector.query(&HeadingElem::ELEM.select());
    let sections = headings.iter().filter(|heading| {
        heading
            .to_packed::<HeadingElem>()
            .is_some_and(|heading| heading.resolve_level(StyleChain::default()).get() == 1)
    });
    let location = sections.filter_map(Content::location).nth(1)?;
    introspector.page(location).map(std::num::NonZeroUsize::get)
}

fn diagnostics(world: &PageWorld, faults: &[SourceDiagnostic]) -> Error {
    Error::Typeset(faults.iter().map(|fault| describe(world, fault)).collect())
}

/// One line: `main.typ:12: error: message (hint: …)`.
fn describe(world: &PageWorld, fault: &SourceDiagnostic) -> String {
    let place = fault.span.id().map(|id| {
        let line = world
            .range(fault.span)
            .and_then(|range| Some(world.source(id).ok()?.text()[..range.start].matches('\n').count() + 1));
        let name = id.get().vpath().get_without_slash().to_owned();
        line.map_or_else(|| format!("{name}: "), |line| format!("{name}:{line}: "))
    });
    let severity = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{}{severity}: {}", place.unwrap_or_default(), fault.message);
    for hint in &fault.hints {
        text.push_str(&format!(" (hint: {})", hint.v));
    }
    text
}

struct Fonts {
    list: Vec<Font>,
    book: LazyHash<FontBook>,
}

static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let list: Vec<Font> =
        crate::figures::fonts::all().iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
    let book = LazyHash::new(FontBook::from_fonts(&list));
    Fonts { list, book }
});

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

struct PageWorld {
    main: Source,
    files: BTreeMap<String, Bytes>,
    today: Option<Datetime>,
}

impl PageWorld {
    fn new(template: &str, files: BTreeMap<String, Vec<u8>>, at: Timestamp) -> Result<Self, Error> {
        let path =
            VirtualPath::new(MAIN).map_err(|fault| Error::Typeset(vec![format!("{MAIN}: {fault}")]))?;
        let id = FileId::new(RootedPath::new(VirtualRoot::Project, path));
        Ok(Self {
            main: Source::new(id, template.to_owned()),
            files: files.into_iter().map(|(name, body)| (name, Bytes::new(body))).collect(),
            today: utc_datetime(at),
        })
    }
}

impl World for PageWorld {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(not_found(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(id.get().vpath().get_without_slash()).cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.list.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        self.today
    }
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

fn utc_datetime(at: Timestamp) -> Option<Datetime> {
    let at = at.to_zoned(TimeZone::UTC);
    let number = |n: i8| u8::try_from(n).ok();
    Datetime::from_ymd_hms(
        i32::from(at.year()),
        number(at.month())?,
        number(at.day())?,
        number(at.hour())?,
        number(at.minute())?,
        number(at.second())?,
    )
}
