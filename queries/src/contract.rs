//! The contract of a source: what a feed promises, and what is done when it does not keep it.
//!
//! One TOML file in `sources/`. Adding a feed is adding such a file: the parser, the table, the schedule and the
//! catalogue are all driven by it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::layout::{self, Epoch, Stated, Unpivot, one_or_many};
use crate::pattern::Pattern;
use crate::{Error, GateSetting, Relation};

/// A source's contract, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Name of the source and of its table, such as `hospital_stock`.
    pub id: Spanned<String>,
    /// Title for readers.
    pub title_fr: String,
    /// What the feed says, for the definitions page and the catalogue.
    pub description_fr: String,
    /// Whether an edition repeats the whole series.
    pub kind: Kind,
    /// Columns that identify a row, in sort order.
    pub key: Vec<Spanned<String>>,
    /// Who publishes the feed.
    pub publisher: String,
    /// Licence of the data.
    pub licence: String,
    /// Data dictionary or document of reference.
    pub reference: Option<String>,
    /// Where the feed is and in which form it comes.
    pub feed: Feed,
    /// How its text is written.
    #[serde(default)]
    pub dialect: Dialect,
    /// When it comes, when its absence is worth a word, when its figures settle.
    pub cadence: Cadence,
    /// Beyond these an edition is held or refused.
    #[serde(default)]
    pub bounds: Bounds,
    /// What it changes of the gates its editions pass.
    #[serde(default)]
    pub gates: BTreeMap<String, GateSetting>,
    /// The columns, key columns included.
    pub columns: Vec<Column>,
    /// Rows to leave out before anything is counted.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// For feeds with one column a day (or a class): how those columns become rows.
    pub unpivot: Option<Unpivot>,
    /// What holds between the columns of every row.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// SHA-free fingerprint of the contract's text (set by the reader): a change replays the same body.
    #[serde(skip)]
    pub fingerprint: String,
}

/// What an edition of a source means for the keys it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An edition repeats the whole series: a vanished key is a withdrawal.
    Snapshot,
    /// An edition adds or corrects keys: nothing is withdrawn.
    Increment,
}

/// Form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text with a header line.
    Csv,
    /// A JSON array of objects, possibly under [`Feed::path`].
    Json,
    /// One JSON object a line.
    Ndjson,
    /// One sheet of an Excel workbook, header in its first row.
    Xlsx,
}

/// Where a feed is and in which form it comes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Address; `{date}` stands for the day asked for (ISO). Agencies usually set it in their configuration.
    pub url: Option<String>,
    /// Form of the body; gzip or a zip of one member around it is recognised by itself.
    pub format: Format,
    /// JSON only: dotted path to the array of rows, such as `data.rows`; a number is a place in an array, from 0.
    pub path: Option<String>,
    /// JSON and NDJSON only: dotted path to the object that holds the fields of a row, such as `attributes`.
    pub record: Option<Spanned<String>>,
    /// JSON only: dotted path to the list of column names, for rows that are lists; without it the first row names them.
    pub header: Option<Spanned<String>>,
    /// JSON only: the rows are the members of an object (`{"31": {…}, "2A": {…}}`), and their names are this field.
    pub keys: Option<Spanned<String>>,
    /// JSON only: dotted path to the number of rows that the body says the source has; `false`: no such number is looked for.
    pub total: Option<Spanned<Stated>>,
    /// JSON only: dotted path to the mark that more rows follow (`true`, an address); `false`: none is looked for.
    pub more: Option<Spanned<Stated>>,
    /// XLSX only: name of the sheet (the first one when absent).
    pub sheet: Option<String>,
    /// Names of the files to read in an archive of several, such as `*.csv`: all of them make one edition.
    pub members: Option<String>,
    /// CSV and XLSX only: lines (rows of the sheet) above the header.
    pub skip_rows: Option<Spanned<u32>>,
    /// File of `reference/` that ships with Vigie and serves as first edition.
    pub bundled: Option<String>,
    /// Edition time of the bundled file.
    pub bundled_issued_at: Option<jiff::Timestamp>,
    /// What dates an edition that nobody dates by hand.
    #[serde(default)]
    pub edition_time: EditionTimeFrom,
}

/// What dates the editions of a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditionTimeFrom {
    /// The server's `Last-Modified`, where it can be true; else the arrival.
    #[default]
    LastModified,
    /// The arrival: the server's `Last-Modified` is known to say nothing.
    Arrival,
}

/// How text is written: separators, dates, missing values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// Encoding of the text, such as `iso-8859-15`; without it, it is detected.
    pub encoding: Option<Spanned<String>>,
    /// Expected field separator.
    pub delimiter: char,
    /// Other separators accepted, each use being said in a finding.
    pub also_delimiters: Vec<char>,
    /// Decimal mark of numbers.
    pub decimal: char,
    /// Date layouts in `strftime` form; the first is the expected one, the others are accepted and said.
    pub date_formats: Vec<String>,
    /// Words that mean "missing", besides the empty field.
    pub missing: Vec<String>,
    /// Lines that are no rows, such as `Source : *`; `{rows}` stands for the number of rows, which is compared.
    #[serde(deserialize_with = "layout::footers")]
    pub footer: Vec<Pattern>,
    /// Whether the last line of a CSV body ends like the others.
    pub last_line: LastLine,
}

/// How the last line of delimited text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LastLine {
    /// With a line end: without one the body may be cut, and its last row is set aside.
    #[default]
    Ended,
    /// The source never ends its last line, which is taken as it is.
    Unended,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            encoding: None,
            delimiter: ',',
            also_delimiters: Vec::new(),
            decimal: '.',
            date_formats: vec!["%Y-%m-%d".into(), "%d/%m/%Y".into()],
            missing: ["NA", "NaN", "nan", "null", "NULL"].map(String::from).to_vec(),
            footer: Vec::new(),
            last_line: LastLine::Ended,
        }
    }
}

/// When a feed comes and how long it may be silent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// Cron pattern of the polls (five fields, or six with seconds first).
    pub cron: Spanned<String>,
    /// Zone in which the pattern is read.
    #[serde(default = "paris")]
    pub time_zone: Spanned<String>,
    /// Age of the newest edition from which the feed is late.
    #[serde(deserialize_with = "duration")]
    pub warn_after: SignedDuration,
    /// Age from which the feed is stale: its series prints as a gap, and an alert is raised.
    #[serde(deserialize_with = "duration")]
    pub error_after: SignedDuration,
    /// Days during which a figure is still provisional.
    #[serde(default)]
    pub settling_days: u16,
    /// How late the publisher may be: so long after a poll that brought nothing new the source is asked again, at growing
    /// pauses, and never past the next poll. Zero: it is not.
    #[serde(default = "late_by", deserialize_with = "duration")]
    pub late_by: SignedDuration,
    /// Addresses with `{date}`: for so many days a day whose file did not come is asked for again.
    #[serde(default = "retry_days")]
    pub retry_days: u16,
}

/// An evening.
fn late_by() -> SignedDuration {
    SignedDuration::from_hours(3)
}

/// Two weeks: what a bulletin looks at.
fn retry_days() -> u16 {
    14
}

/// Bounds beyond which an edition is held (`vigie accept` applies it) or refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Share of known keys that one snapshot may withdraw before it is held.
    pub withdrawn_share_max: f64,
    /// Share of the rows given again that one edition may revise without a word.
    pub revised_share_max: f64,
    /// Share of bad rows above which the whole file is refused.
    pub bad_rows_share_max: f64,
    /// Size of the body, as sent, above which it is refused.
    pub bytes_max: u64,
    /// Size once decompressed above which it is refused.
    pub decompressed_bytes_max: u64,
    /// Rows above which it is refused.
    pub rows_max: u64,
    /// The source always has so many rows: that their number is the limit of a spreadsheet or a portal is no warning.
    pub rows_fixed: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            withdrawn_share_max: 0.05,
            revised_share_max: 0.25,
            bad_rows_share_max: 0.20,
            bytes_max: 256 << 20,
            decompressed_bytes_max: 2 << 30,
            rows_max: 50_000_000,
            rows_fixed: false,
        }
    }
}

/// Type of a column, with the checks that come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Any text.
    Text,
    /// INSEE code of a department or overseas collectivity (`01`, `2A`, `971`), known to Vigie.
    Department,
    /// A calendar day.
    Date,
    /// An instant, kept in UTC to the microsecond.
    Timestamp,
    /// A whole number; counts set `min = 0`.
    Integer,
    /// A decimal number.
    Number,
    /// `true`/`false`, `1`/`0`, `oui`/`non`.
    Boolean,
}

/// One column of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the table.
    pub name: Spanned<String>,
    /// Names the column may have in the feed, besides its own.
    #[serde(default)]
    pub from: Vec<String>,
    /// Fields of the feed that make the value together, such as `{annee}-{mois}-{jour}`.
    pub join: Option<layout::Join>,
    /// Type and the checks that come with it.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Title for readers.
    pub title_fr: String,
    /// Unit of the values (`patients`, `beds`, `euros per hour`), absent for codes and labels.
    pub unit: Option<String>,
    /// Whether a value may be missing.
    #[serde(default)]
    pub nullable: bool,
    /// Whether the whole column may be absent from an edition.
    #[serde(default)]
    pub optional: bool,
    /// Value taken when the column is absent.
    pub default: Option<String>,
    /// Least value allowed.
    pub min: Option<f64>,
    /// Greatest value allowed; 1 for a column whose unit is `share` and that says nothing else.
    pub max: Option<f64>,
    /// Codes allowed.
    #[serde(default)]
    pub values: Vec<String>,
    /// How the feed writes the code, such as `DEP-{}`: `{}` is the code, `*` any text.
    #[serde(default, deserialize_with = "layout::patterns")]
    pub pattern: Vec<Pattern>,
    /// Codes by what the feed writes in their place.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// Whether a department may be given by its name.
    #[serde(default)]
    pub names: bool,
    /// Exact length of a code; a shorter run of digits gets its leading zeros back, and that is said.
    pub width: Option<usize>,
    /// Whether the value is a running total, whose fall is a finding.
    #[serde(default)]
    pub running_total: bool,
    /// First day that a column of dates or instants may hold: a day before the series began is a slip of the pen (`1920` for `2020`).
    pub since: Option<jiff::civil::Date>,
    /// Whether a date or instant may lie after the edition (plans, shifts).
    #[serde(default)]
    pub future: bool,
    /// Layouts of this column's dates or instants in `strftime` form, in the place of the dialect's.
    #[serde(default, deserialize_with = "one_or_many")]
    pub formats: Vec<String>,
    /// Unit of dates or instants given as numbers.
    pub epoch: Option<Epoch>,
    /// Zone of times without an offset, and of the day that an instant falls on.
    pub time_zone: Option<String>,
}

/// Keeps only the rows whose column, as sent, is one of `keep`, or none of `leave_out`. A `*` at the beginning or end of
/// either is any text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Column as named in the feed.
    pub column: String,
    /// Values that stay.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Values that are left out, all others staying.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// The other values that the source has, where they are known: any further one is a finding.
    #[serde(default)]
    pub others: Vec<String>,
}

impl Contract {
    /// Reads and checks one contract.
    ///
    /// # Errors
    /// [`Error::Faulty`] with file and line: syntax, unknown key, key column that is not a column, column named
    /// twice, relation between columns that cannot be compared, bad cron pattern, unknown time zone, bounds out of 0..1.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut contract: Self = toml::from_str(text).map_err(|fault| Error::toml(file, text, &fault))?;
        for column in &mut contract.columns {
            if column.unit.as_deref() == Some("share") && column.max.is_none() {
                column.max = Some(1.0); // 45 for 45 % is no share
            }
        }
        contract.fingerprint = crate::vocabulary::fingerprint(text);
        contract.check(file, text)?;
        Ok(contract)
    }

    /// Name of the source and of its table.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.get_ref()
    }

    /// Names of the key columns, in sort order.
    #[must_use]
    pub fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|name| name.get_ref().clone()).collect()
    }

    /// The column of that name in the table.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.get_ref() == name)
    }

    /// The key column that holds the day: `time_value`, else the first one of dates.
    #[must_use]
    pub fn day_column(&self) -> Option<&Column> {
        let dates = || {
            let columns = self.key.iter().filter_map(|name| self.column(name.get_ref()));
            columns.filter(|column| column.kind == ColumnType::Date)
        };
        dates().find(|column| column.name.get_ref() == "time_value").or_else(|| dates().next())
    }

    /// Columns in table order: the key first, then the others as the contract lists them.
    #[must_use]
    pub fn ordered_columns(&self) -> Vec<&Column> {
        let mut columns: Vec<&Column> =
            self.key.iter().filter_map(|name| self.column(name.get_ref())).collect();
        columns.extend(
            self.columns.iter().filter(|c| !self.key.iter().any(|k| k.get_ref() == c.name.get_ref())),
        );
        columns
    }

    /// Arrow schema of the table, without version columns: key first, then values.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .ordered_columns()
            .into_iter()
            .map(|c| Field::new(c.name.get_ref(), c.kind.arrow(), c.nullable || c.optional))
            .collect();
        Schema::new(fields).into()
    }

    fn check(&self, file: &str, text: &str) -> Result<(), Error> {
        let fault = |span: std::ops::Range<usize>, what: String| Err(Error::at(file, text, span.start, what));
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml");
        if stem != self.name() {
            return fault(
                self.id.span(),
                format!("id is {:?} but the file is named {stem:?}; they must be the same", self.name()),
            );
        }
        if !is_name(self.name()) {
            return fault(
                self.id.span(),
                format!("id {:?} must be lower-case letters, digits and underscores", self.name()),
            );
        }
        if RESERVED.contains(&self.name()) {
            return fault(
                self.id.span(),
                format!("id {:?} is a name that Vigie keeps for itself; choose another one", self.name()),
            );
        }
        for filter in &self.filters {
            if let Some(both) = filter.others.iter().find(|other| filter.keep.contains(other)) {
                return fault(
                    self.id.span(),
                    format!("filter on {:?} names {both:?} in keep and in others", filter.column),
                );
            }
        }
        let mut seen = BTreeSet::new();
        for column in &self.columns {
            let name = column.name.get_ref();
            if !is_name(name) {
                return fault(
                    column.name.span(),
                    format!("column {name:?} must be lower-case letters, digits and underscores"),
                );
            }
            if VERSION_COLUMNS.contains(&name.as_str()) {
                return fault(
                    column.name.span(),
                    format!("column {name:?} is one that Vigie adds itself; choose another name"),
                );
            }
            if !seen.insert(name.clone()) {
                return fault(column.name.span(), format!("column {name:?} is declared twice"));
            }
            if let (Some(min), Some(max)) = (column.min, column.max)
                && min > max
            {
                return fault(column.name.span(), format!("column {name:?} has min {min} above max {max}"));
            }
            if column.since.is_some() && !matches!(column.kind, ColumnType::Date | ColumnType::Timestamp) {
                return fault(
                    column.name.span(),
                    format!("column {name:?} has since but is neither a date nor a timestamp"),
                );
            }
            if let Some(what) = layout::column_fault(column, self) {
                return fault(column.name.span(), format!("column {name:?} {what}"));
            }
            if column.default.is_some() && !column.optional {
                return fault(
                    column.name.span(),
                    format!("column {name:?} has a default but is not optional; add optional = true"),
                );
            }
        }
        for relation in &self.relations {
            let kind = |name: &str| self.column(name).map(|column| column.kind);
            if let Err(what) = relation.holds.get_ref().check(kind) {
                return fault(
                    relation.holds.span(),
                    format!("relation {}: {what}", relation.holds.get_ref()),
                );
            }
        }
        if self.key.is_empty() {
            return fault(self.id.span(), "key is empty; name the columns that identify a row".into());
        }
        for key in &self.key {
            match self.column(key.get_ref()) {
                None => {
                    return fault(
                        key.span(),
                        format!("key column {:?} is not among the columns", key.get_ref()),
                    );
                }
                Some(column) if column.nullable => {
                    return fault(key.span(), format!("key column {:?} may not be nullable", key.get_ref()));
                }
                Some(_) => {}
            }
        }
        if let Some((span, what)) = layout::fault(self) {
            return fault(span, what);
        }
        let cron = &self.cadence.cron;
        if let Some(what) = crate::cron_fault(cron.get_ref()) {
            return fault(cron.span(), what);
        }
        let zone = &self.cadence.time_zone;
        if jiff::tz::TimeZone::get(zone.get_ref()).is_err() {
            return fault(
                zone.span(),
                format!(
                    "time zone {:?} is unknown; expected an IANA name such as Europe/Paris",
                    zone.get_ref()
                ),
            );
        }
        if self.cadence.late_by.is_negative() {
            return fault(
                cron.span(),
                "late_by is negative; expected a duration such as 3h, or 0s for never".into(),
            );
        }
        if self.cadence.error_after < self.cadence.warn_after {
            return fault(cron.span(), "error_after is shorter than warn_after".into());
        }
        for (name, share) in [
            ("withdrawn_share_max", self.bounds.withdrawn_share_max),
            ("revised_share_max", self.bounds.revised_share_max),
            ("bad_rows_share_max", self.bounds.bad_rows_share_max),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return fault(
                    self.id.span(),
                    format!("bounds.{name} is {share}; expected a share from 0 to 1"),
                );
            }
        }
        Ok(())
    }
}

/// Names that no source may take: the tables that Vigie fills itself, those made for queries, and the folder of the
/// vocabularies kept beside the raw bodies.
const RESERVED: [&str; 25] = [
    "acknowledgements",
    "alert_events",
    "as_of",
    "bulletin",
    "bulletins",
    "decisions",
    "edition",
    "edition_days",
    "edition_facts",
    "edition_names",
    "feed_states",
    "feeds",
    "fetches",
    "findings",
    "forecasts",
    "indicators",
    "judgements",
    "observations",
    "published_values",
    "recent",
    "recent_rows",
    "runs",
    "scope",
    "vocabulary",
    "what_if",
];

/// Columns that every versioned table has besides its own.
pub(crate) const VERSION_COLUMNS: [&str; 4] = ["issued_at", "recorded_at", "fetch_id", "withdrawn"];

impl ColumnType {
    /// The Arrow type its values have in the lake.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text | Self::Department => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Timestamp => Self::instant(),
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Boolean => DataType::Boolean,
        }
    }

    /// The Arrow type of every instant in the lake: microseconds, UTC.
    #[must_use]
    pub fn instant() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn paris() -> Spanned<String> {
    Spanned::new(0..0, "Europe/Paris".to_owned())
}

fn duration<'de, D: serde::Deserializer<'de>>(source: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(source)?;
    SignedDuration::from_str(&text)
        .map_err(|cause| serde::de::Error::custom(format!("{text:?} is not a duration such as 36h: {cause}")))
}
