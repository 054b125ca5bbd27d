//! Reads the whole vocabulary: the files in the binary, overlaid by a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::outline::OutlineFile;
use crate::{
    Contract, DescribedTable, Error, ForecastModel, Gate, GeoType, Outline, PeopleCount, Query, QueryKind,
    Rule, SavedQuery, Stage,
};

static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sources");
static MARTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/marts");
static INDICATORS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/indicators");
static FORECASTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/forecasts");
static GATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/gates");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static DOCUMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/documents");
static SAVED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/saved");
static TABLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");
static REFERENCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reference");

/// Tables that queries may read besides sources, marts and indicators: the day of the run, the polls of the lake,
/// and one row per contract (`source, kind, warn_after_hours, error_after_hours, settling_days`).
const SYSTEM_TABLES: [&str; 3] = ["as_of", "fetches", "feeds"];

/// Contracts, queries and rules, checked against each other.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    contracts: BTreeMap<String, Contract>,
    queries: Vec<Query>,
    forecasts: BTreeMap<String, ForecastModel>,
    gates: BTreeMap<String, Gate>,
    rules: BTreeMap<String, Rule>,
    outlines: BTreeMap<String, Outline>,
    saved: BTreeMap<String, SavedQuery>,
    tables: BTreeMap<String, DescribedTable>,
    reference: BTreeMap<String, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    /// Saved queries and descriptions of tables, which change no figure.
    other_files: BTreeMap<String, Vec<u8>>,
    /// Files that come from the overlay.
    own: BTreeSet<String>,
}

/// The folders of a vocabulary that an overlay may hold.
pub const PARTS: [&str; 9] =
    ["sources", "marts", "indicators", "forecasts", "gates", "rules", "documents", "reference", "saved"];

/// Whether documents may name indicators that are not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Documents {
    /// No: a slip in a name is refused.
    Whole,
    /// Yes, and they print without: a service goes on without a faulty file, and a kept vocabulary is read as it was.
    MayLack,
}

/// First edition of a source that ships with Vigie.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceBody<'a> {
    /// Name of the source.
    pub source: &'a str,
    /// File name inside `reference/`.
    pub file: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// Its edition time.
    pub issued_at: jiff::Timestamp,
}

impl Vocabulary {
    /// The vocabulary in the binary.
    ///
    /// # Errors
    /// [`Error::Faulty`]: never for a released binary, a test reads every file.
    pub fn embedded() -> Result<Self, Error> {
        Self::read(embedded_files(), Documents::Whole)
    }

    /// The vocabulary in the binary, each file of `folder` (same layout: `sources/`, `marts/`, `indicators/`,
    /// `forecasts/`, `gates/`, `rules/`, `documents/`, `reference/`, `saved/`) replacing the one of that name or adding to it.
    ///
    /// # Errors
    /// [`Error::Faulty`] with file and line, [`Error::Unreadable`] when the folder cannot be read.
    pub fn with_overlay(folder: &Path) -> Result<Self, Error> {
        let (files, own) = overlaid(folder)?;
        Ok(Self { own, ..Self::read(files, Documents::Whole)? })
    }

    /// [`Self::with_overlay`] without the files that are faulty: each is left out, and so is what cannot be without it.
    /// A file that replaces one of the binary and is faulty leaves nothing in its place: the one it replaces would say
    /// something else than its author meant.
    ///
    /// Gives the faults as well, one a file left out, in the order they were met.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the folder cannot be read.
    pub fn with_sound_overlay(folder: &Path) -> Result<(Self, Vec<Error>), Error> {
        let (mut files, mut own) = overlaid(folder)?;
        let mut faults = Vec::new();
        loop {
            match Self::read(files.clone(), Documents::MayLack) {
                Ok(found) => return Ok((Self { own, ..found }, faults)),
                Err(Error::Faulty { file, line, what })
                    if !own.is_empty() && files.remove(&file).is_some() =>
                {
                    // Without a bulletin there is nothing to publish: the one of the binary is better than none.
                    if file.starts_with("documents/") && own.remove(&file) {
                        files.extend(embedded_files().remove_entry(&file));
                    }
                    faults.push(Error::Faulty { file, line, what });
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// The vocabulary of some files: path inside the vocabulary (`rules/zones.toml`) and content, as [`Self::files`]
    /// gives them. Nothing is read from the binary.
    ///
    /// # Errors
    /// [`Error::Faulty`] with file and line.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        Self::read(files, Documents::MayLack)
    }

    /// Every file that its figures come from, overlaid ones in the place of those of the binary: saved queries and
    /// descriptions of tables, which change no figure, are left out.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Every file, saved queries and descriptions of tables included: path inside the vocabulary and content, by path.
    #[must_use]
    pub fn every_file(&self) -> BTreeMap<&str, &[u8]> {
        let all = self.files.iter().chain(&self.other_files);
        all.map(|(file, body)| (file.as_str(), body.as_slice())).collect()
    }

    /// The text of a file, by its path inside the vocabulary; empty when there is none.
    #[must_use]
    pub fn text(&self, file: &str) -> &str {
        let body = self.files.get(file).or_else(|| self.other_files.get(file));
        body.and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default()
    }

    /// Whether a file comes from the overlay.
    #[must_use]
    pub fn is_own(&self, file: &str) -> bool {
        self.own.contains(file)
    }

    /// The fingerprint of every file, by path: that of the query, rule or contract it holds.
    #[must_use]
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        self.files.iter().map(|(file, body)| (file.clone(), fingerprint_of(body))).collect()
    }

    fn read(files: BTreeMap<String, Vec<u8>>, documents: Documents) -> Result<Self, Error> {
        let mut found = Self {
            contracts: BTreeMap::new(),
            queries: Vec::new(),
            forecasts: BTreeMap::new(),
            gates: BTreeMap::new(),
            rules: BTreeMap::new(),
            outlines: BTreeMap::new(),
            saved: BTreeMap::new(),
            tables: BTreeMap::new(),
            reference: BTreeMap::new(),
            files: BTreeMap::new(),
            other_files: BTreeMap::new(),
            own: BTreeSet::new(),
        };
        let mut changes = Vec::new();
        for (file, body) in &files {
            let (part, name) = file.split_once('/').unwrap_or(("", file));
            if part == "reference" {
                found.reference.insert(name.to_owned(), body.clone());
                continue;
            }
            let text = std::str::from_utf8(body).map_err(|fault| Error::Faulty {
                file: file.clone(),
                line: body[..fault.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1,
                what: "not UTF-8 text".into(),
            })?;
            match (part, name.rsplit('.').next()) {
                ("sources", Some("toml")) => {
                    let contract = Contract::parse(file, text)?;
                    found.contracts.insert(contract.name().to_owned(), contract);
                }
                ("marts", Some("sql")) => found.queries.push(Query::parse(QueryKind::Mart, file, text)?),
                ("indicators", Some("sql")) => {
                    found.queries.push(Query::parse(QueryKind::Indicator, file, text)?);
                }
                ("forecasts", Some("toml")) => {
                    let model = ForecastModel::parse(file, text)?;
                    found.forecasts.insert(model.id.clone(), model);
                }
                ("gates", Some("sql")) => {
                    let gate = Gate::parse(file, text)?;
                    found.gates.insert(gate.id.clone(), gate);
                }
                ("rules", Some("toml")) => {
                    let rule = Rule::parse(file, text)?;
                    found.rules.insert(rule.id.clone(), rule);
                }
                ("documents", Some("toml")) => match OutlineFile::parse(file, text)? {
                    OutlineFile::Defines(outline) => {
                        found.outlines.insert(outline.id.clone(), outline);
                    }
                    OutlineFile::Changes(change) => changes.push(change),
                },
                ("saved", Some("sql")) => {
                    let query = SavedQuery::parse(file, text)?;
                    found.saved.insert(query.id.clone(), query);
                }
                ("tables", Some("toml")) => {
                    let table = DescribedTable::parse(file, text)?;
                    found.tables.insert(table.id.clone(), table);
                }
                _ => {
                    return Err(Error::Faulty {
                        file: file.clone(),
                        line: 1,
                        what: "unexpected kind of file; expected .toml in sources, forecasts, rules and documents, .sql \
                               in marts, indicators, gates and saved"
                            .into(),
                    });
                }
            }
        }
        // A vocabulary kept with a bulletin of before there were documents: what it printed stood in the code.
        if found.outlines.is_empty() {
            for file in DOCUMENTS.files() {
                let name = format!("documents/{}", file.path().to_string_lossy());
                let text = file.contents_utf8().unwrap_or_default();
                if let OutlineFile::Defines(outline) = OutlineFile::parse(&name, text)? {
                    found.outlines.insert(outline.id.clone(), outline);
                }
            }
        }
        for change in changes {
            let text =
                files.get(&change.file).map_or("", |body| std::str::from_utf8(body).unwrap_or_default());
            let Some(outline) = found.outlines.get_mut(&change.document) else {
                let what =
                    format!("changes names {:?}, which no file of documents/ defines", change.document);
                return Err(Error::at(&change.file, text, 0, what));
            };
            let file = change.file.clone();
            outline.change(change).map_err(|what| Error::at(&file, text, 0, what))?;
        }
        let changes_no_figure = |file: &str| file.starts_with("saved/") || file.starts_with("tables/");
        (found.other_files, found.files) = files.into_iter().partition(|(file, _)| changes_no_figure(file));
        found.take_shared_sections()?;
        found.check(documents)?;
        found.queries = in_dependency_order(found.queries, &found.contracts)?;
        Ok(found)
    }

    fn check(&self, documents: Documents) -> Result<(), Error> {
        for contract in self.contracts.values() {
            if let Some(file) = &contract.feed.bundled
                && !self.reference.contains_key(file)
            {
                return Err(Error::Faulty {
                    file: format!("sources/{}.toml", contract.name()),
                    line: 1,
                    what: format!("feed.bundled names {file:?}, which is not in reference/"),
                });
            }
        }
        for contract in self.contracts.values() {
            self.check_gate_settings(contract)?;
        }
        for gate in self.gates.values() {
            if let Some(unknown) = gate.sources.iter().find(|source| !self.contracts.contains_key(*source)) {
                let what = format!("sources names {unknown:?}, which no file of sources/ defines");
                return Err(Error::Faulty { file: gate.file.clone(), line: 1, what });
            }
        }
        for query in &self.queries {
            for count in &query.people {
                if let PeopleCount::Value { indicator, .. } = count
                    && self.query(indicator).is_none_or(|query| query.kind != QueryKind::Indicator)
                {
                    let what = format!("people names {indicator:?}, which no file of indicators/ defines");
                    return Err(Error::Faulty { file: query.file.clone(), line: 1, what });
                }
            }
        }
        for query in self.queries.iter().filter(|query| !query.second_readings.is_empty()) {
            self.check_readings(query)?;
        }
        for model in self.forecasts.values() {
            self.check_model(model)?;
        }
        for id in ["bulletin", "sheet"] {
            if !self.outlines.contains_key(id) {
                let what = "the document is missing; every vocabulary has a bulletin and a sheet".to_owned();
                return Err(Error::Faulty { file: format!("documents/{id}.toml"), line: 1, what });
            }
        }
        for outline in self.outlines.values().filter(|_| documents == Documents::Whole) {
            self.check_outline(outline)?;
        }
        for rule in self.rules.values() {
            for criterion in &rule.criteria {
                if self.query(&criterion.indicator).is_none() {
                    return Err(Error::Faulty {
                        file: format!("rules/{}.toml", rule.id),
                        line: 1,
                        what: format!(
                            "criterion {:?} names the indicator {:?}, which no file of indicators/ defines",
                            criterion.id, criterion.indicator
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    /// Sections that a document has in common with another one (`as_in`).
    fn take_shared_sections(&mut self) -> Result<(), Error> {
        let known = self.outlines.clone();
        for section in self.outlines.values_mut().flat_map(|outline| &mut outline.sections) {
            let Some(document) = &section.as_in else { continue };
            let found = known.get(document).and_then(|other| {
                other.sections.iter().find(|other| other.id == section.id && other.as_in.is_none())
            });
            let Some(found) = found else {
                let what = format!(
                    "section {:?}: as_in names the document {document:?}, which has no section of this id with blocks",
                    section.id
                );
                return Err(Error::Faulty { file: section.file.clone(), line: 1, what });
            };
            section.blocks.clone_from(&found.blocks);
        }
        Ok(())
    }

    /// What a document prints is an indicator; a sentence needs a subject.
    fn check_outline(&self, outline: &Outline) -> Result<(), Error> {
        for (file, named) in outline.indicators() {
            let fault = |what: String| {
                let text = self.text(file);
                let at = text.find(&format!("\"{named}\"")).unwrap_or(0);
                Err(Error::at(file, text, at, what))
            };
            if self.query(named).is_none_or(|query| query.kind != QueryKind::Indicator) {
                let ids = self.indicators().map(|query| query.id.as_str());
                let nearest = crate::nearest(named, ids)
                    .map_or_else(String::new, |id| format!("; did you mean {id:?}?"));
                return fault(format!("names {named:?}, which no file of indicators/ defines{nearest}"));
            }
        }
        for section in &outline.sections {
            for block in &section.blocks {
                let crate::BlockOutline::Sentences { about } = block else { continue };
                for measure in about {
                    if self.query(&measure.indicator).is_some_and(|query| query.subject.is_none()) {
                        let text = self.text(&section.file);
                        let at = text.find(&format!("\"{}\"", measure.indicator)).unwrap_or(0);
                        let what = format!(
                            "a sentence on {:?} needs a subject: subject = {{ text_fr = \"Le nombre de …\" }} in the header of the indicator",
                            measure.indicator
                        );
                        return Err(Error::at(&section.file, text, at, what));
                    }
                }
            }
        }
        Ok(())
    }

    /// A second reading is an indicator, and both have words to stand beside each other.
    fn check_readings(&self, query: &Query) -> Result<(), Error> {
        let fault = |what: String| Err(Error::Faulty { file: query.file.clone(), line: 1, what });
        for id in std::iter::once(&query.id).chain(&query.second_readings) {
            match self.query(id).filter(|other| other.kind == QueryKind::Indicator) {
                None => {
                    return fault(format!(
                        "second_readings names {id:?}, which no file of indicators/ defines"
                    ));
                }
                Some(other) if other.reading_fr.is_empty() => {
                    return fault(format!("second_readings needs reading_fr in the header of {id:?}"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A model may only name indicators that count things, and another model to be measured against.
    fn check_model(&self, model: &ForecastModel) -> Result<(), Error> {
        let fault = |what: String| Err(Error::Faulty { file: model.file.clone(), line: 1, what });
        for id in &model.indicators {
            match self.query(id).filter(|query| query.kind == QueryKind::Indicator) {
                None => return fault(format!("names {id:?}, which no file of indicators/ defines")),
                Some(query) if query.unit == "share" => {
                    return fault(format!(
                        "names {id:?}, a share; a model of forecasts is for counts and rates"
                    ));
                }
                Some(_) => {}
            }
        }
        match model.compared_with.iter().find(|id| !self.forecasts.contains_key(*id)) {
            Some(id) => fault(format!("names {id:?}, which no file of forecasts/ defines")),
            None => Ok(()),
        }
    }

    /// A contract may only set gates that are asked of it, parameters they have, and columns of its own.
    fn check_gate_settings(&self, contract: &Contract) -> Result<(), Error> {
        for (id, setting) in &contract.gates {
            let fault = |what: String| {
                Err(Error::Faulty { file: format!("sources/{}.toml", contract.name()), line: 1, what })
            };
            let Some(gate) = self.gates.get(id).filter(|gate| gate.stage == Stage::Fetch) else {
                let known: Vec<&str> = self.gates(Stage::Fetch).map(|gate| gate.id.as_str()).collect();
                return fault(format!("gates.{id} is no gate of a fetch; known: {}", known.join(", ")));
            };
            if let Some(name) = setting.parameters.keys().find(|name| !gate.parameters.contains_key(*name)) {
                let known: Vec<&str> = gate.parameters.keys().map(String::as_str).collect();
                return fault(format!("gates.{id} has no parameter {name:?}; known: {}", known.join(", ")));
            }
            if let Some(name) = setting.except.iter().find(|name| contract.column(name).is_none()) {
                return fault(format!("gates.{id}.except names {name:?}, which is no column"));
            }
        }
        Ok(())
    }

    /// The contract of a source.
    #[must_use]
    pub fn contract(&self, source: &str) -> Option<&Contract> {
        self.contracts.get(source)
    }

    /// All contracts, by name.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.contracts.values()
    }

    /// All queries, each after those it reads.
    #[must_use]
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// One mart or indicator.
    #[must_use]
    pub fn query(&self, id: &str) -> Option<&Query> {
        self.queries.iter().find(|query| query.id == id)
    }

    /// The sources an indicator or mart rests on, directly or not, in order.
    #[must_use]
    pub fn sources_of(&self, id: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            if let Some(query) = self.query(id) {
                waiting.extend(query.sources.iter().map(String::as_str));
            } else {
                let source = id.strip_suffix("_versions").unwrap_or(id);
                if let Some(contract) = self.contracts.get(source) {
                    found.insert(contract.name());
                }
            }
        }
        found
    }

    /// The files that say how an indicator or mart is made: its own and those of the queries it reads, in order of id.
    /// Contracts are not among them ([`Self::sources_of`] names the sources).
    #[must_use]
    pub fn queries_of(&self, id: &str) -> Vec<&Query> {
        let mut found: BTreeMap<&str, &Query> = BTreeMap::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            if let Some(query) = self.query(id)
                && found.insert(&query.id, query).is_none()
            {
                waiting.extend(query.sources.iter().map(String::as_str));
            }
        }
        found.into_values().collect()
    }

    /// One fingerprint of every file: tells two vocabularies apart.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let contracts = self.contracts.values().map(|contract| contract.fingerprint.as_str());
        let queries = self.queries.iter().map(|query| query.fingerprint.as_str());
        let models = self.forecasts.values().map(|model| model.fingerprint.as_str());
        let gates = self.gates.values().map(|gate| gate.fingerprint.as_str());
        let rules = self.rules.values().map(|rule| rule.fingerprint.as_str());
        fingerprint(
            &contracts.chain(queries).chain(models).chain(gates).chain(rules).collect::<Vec<_>>().join(" "),
        )
    }

    /// Models of forecasts, by id.
    pub fn forecast_models(&self) -> impl Iterator<Item = &ForecastModel> {
        self.forecasts.values()
    }

    /// The model whose forecast of an indicator is printed for a kind of place: the first, by id, that is measured against
    /// another one.
    #[must_use]
    pub fn printed_model(&self, indicator: &str, geo_type: GeoType) -> Option<&ForecastModel> {
        let mut measured = self.forecasts.values().filter(|model| model.compared_with.is_some());
        measured.find(|model| model.is_asked_of(indicator, geo_type))
    }

    /// One model of forecasts.
    #[must_use]
    pub fn forecast_model(&self, id: &str) -> Option<&ForecastModel> {
        self.forecasts.get(id)
    }

    /// The gates of a stage, by id.
    pub fn gates(&self, stage: Stage) -> impl Iterator<Item = &Gate> {
        self.gates.values().filter(move |gate| gate.stage == stage)
    }

    /// One gate.
    #[must_use]
    pub fn gate(&self, id: &str) -> Option<&Gate> {
        self.gates.get(id)
    }

    /// One rule.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// All rules, by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// One document.
    #[must_use]
    pub fn outline(&self, id: &str) -> Option<&Outline> {
        self.outlines.get(id)
    }

    /// Documents, by id.
    pub fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.outlines.values()
    }

    /// Indicators, in the order in which they are computed.
    pub fn indicators(&self) -> impl Iterator<Item = &Query> {
        self.queries.iter().filter(|query| query.kind == QueryKind::Indicator)
    }

    /// The label of an indicator: that of its header, else its title, else its id.
    #[must_use]
    pub fn label<'a>(&'a self, indicator: &'a str) -> &'a str {
        match self.query(indicator) {
            Some(query) if !query.label_fr.is_empty() => &query.label_fr,
            Some(query) => &query.title_fr,
            None => indicator,
        }
    }

    /// The label of a category: that of the header of its indicator or of a query that this one reads; none where no header names
    /// it.
    #[must_use]
    pub fn category_label(&self, indicator: &str, category: &str) -> Option<&str> {
        let own = self.query(indicator).and_then(|query| query.categories_fr.get(category));
        let of_others =
            || self.queries_of(indicator).into_iter().find_map(|query| query.categories_fr.get(category));
        own.or_else(of_others).map(String::as_str)
    }

    /// Saved queries, by id.
    pub fn saved_queries(&self) -> impl Iterator<Item = &SavedQuery> {
        self.saved.values()
    }

    /// One saved query.
    #[must_use]
    pub fn saved_query(&self, id: &str) -> Option<&SavedQuery> {
        self.saved.get(id)
    }

    /// The tables that Vigie fills itself, by name.
    pub fn described_tables(&self) -> impl Iterator<Item = &DescribedTable> {
        self.tables.values()
    }

    /// First editions that ship with Vigie (departments, numbers to call, events).
    pub fn reference_bodies(&self) -> impl Iterator<Item = ReferenceBody<'_>> {
        self.contracts.values().filter_map(|contract| {
            let file = contract.feed.bundled.as_deref()?;
            Some(ReferenceBody {
                source: contract.name(),
                file,
                body: self.reference.get(file)?,
                issued_at: contract.feed.bundled_issued_at.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            })
        })
    }
}

/// Contents of files by their path within the vocabulary.
type Files = BTreeMap<String, Vec<u8>>;

/// The files of the binary, overlaid by those of a folder, and the names of the latter.
fn overlaid(folder: &Path) -> Result<(Files, BTreeSet<String>), Error> {
    let (mut files, mut own) = (embedded_files(), BTreeSet::new());
    for part in PARTS {
        let place = folder.join(part);
        if !place.is_dir() {
            continue;
        }
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |source| Error::Unreadable { path, source }
        };
        for entry in std::fs::read_dir(&place).map_err(unreadable(&place))? {
            let entry = entry.map_err(unreadable(&place))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name.ends_with(".md") || !entry.path().is_file() {
                continue;
            }
            let body = std::fs::read(entry.path()).map_err(unreadable(&entry.path()))?;
            let file = format!("{part}/{name}");
            files.insert(file.clone(), body);
            own.insert(file);
        }
    }
    Ok((files, own))
}

/// 64-bit FNV-1a of a text, in hexadecimal: tells versions of a file apart, and is the same on every machine.
pub(crate) fn fingerprint(text: &str) -> String {
    fingerprint_of(text.as_bytes())
}

fn fingerprint_of(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn embedded_files() -> BTreeMap<String, Vec<u8>> {
    let parts = [
        ("sources", &SOURCES),
        ("marts", &MARTS),
        ("indicators", &INDICATORS),
        ("forecasts", &FORECASTS),
        ("gates", &GATES),
        ("rules", &RULES),
        ("documents", &DOCUMENTS),
        ("reference", &REFERENCE),
        ("saved", &SAVED),
        ("tables", &TABLES),
    ];
    let mut files = BTreeMap::new();
    for (part, folder) in parts {
        for file in folder.files() {
            let name = file.path().to_string_lossy();
            if !name.ends_with(".md") {
                files.insert(format!("{part}/{name}"), file.contents().to_vec());
            }
        }
    }
    files
}

/// Orders queries so that each comes after those it reads; ties by id, so the order is always the same.
fn in_dependency_order(
    queries: Vec<Query>,
    contracts: &BTreeMap<String, Contract>,
) -> Result<Vec<Query>, Error> {
    let ids: BTreeSet<String> = queries.iter().map(|query| query.id.clone()).collect();
    let mut waiting: BTreeMap<String, Query> = BTreeMap::new();
    for query in queries {
        for source in &query.sources {
            let table = source.strip_suffix("_versions").unwrap_or(source);
            let system = SYSTEM_TABLES.contains(&source.as_str());
            if !ids.contains(source) && !contracts.contains_key(table) && !system {
                return Err(Error::Faulty {
                    file: query.file.clone(),
                    line: 1,
                    what: format!("reads {source:?}, which is neither a source, a mart nor an indicator"),
                });
            }
        }
        waiting.insert(query.id.clone(), query);
    }
    let mut ordered: Vec<Query> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let Some(next) = waiting
            .values()
            .find(|query| !query.sources.iter().any(|source| waiting.contains_key(source)))
            .map(|query| query.id.clone())
        else {
            let rest: Vec<&str> = waiting.keys().map(String::as_str).collect();
            return Err(Error::Faulty {
                file: waiting.values().next().map(|query| query.file.clone()).unwrap_or_default(),
                line: 1,
                what: format!("queries read each other in a circle: {}", rest.join(", ")),
            });
        };
        ordered.extend(waiting.remove(&next));
    }
    Ok(ordered)
}
