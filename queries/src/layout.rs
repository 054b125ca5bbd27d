//! How a feed lays out what it says, where that is not one plain field for each column: values made of several fields,
//! codes in other clothes, instants as numbers, columns that are days, rows inside objects, numbers of rows stated.

use std::ops::Range;

use jiff::civil::datetime;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::contract::{Column, ColumnType, Contract, Format};
use crate::pattern::Pattern;

/// Unit of days or instants given as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Epoch {
    /// Seconds since 1970-01-01 00:00 UTC.
    S,
    /// Milliseconds since then.
    Ms,
    /// Microseconds since then.
    Us,
    /// Days of Excel, 1 being 1 January 1900; the fraction is the time of day in the column's zone.
    Excel,
}

/// A number of rows, or a mark that more rows follow, that a body states beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// Where it stands: a dotted path from the root of the body.
    At(String),
    /// Nothing of that kind is looked for.
    Ignored,
}

impl<'de> Deserialize<'de> for Stated {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a dotted path, or false")]
        enum Written {
            Flag(bool),
            Path(String),
        }
        match Written::deserialize(source)? {
            Written::Flag(false) => Ok(Self::Ignored),
            Written::Flag(true) => Err(D::Error::custom("expected a dotted path, or false")),
            Written::Path(path) if is_path(&path) => Ok(Self::At(path)),
            Written::Path(path) => Err(D::Error::custom(format!("{path:?} is not a dotted path"))),
        }
    }
}

/// A value made of several fields: `{annee}-{mois}-{jour}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Fields and what stands between them.
    pub pieces: Vec<Piece>,
}

/// A piece of a [`Join`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A text as it stands.
    Text(String),
    /// A field, by its name in the feed.
    Field(String),
}

impl<'de> Deserialize<'de> for Join {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let written = String::deserialize(source)?;
        let fault = |what: &str| {
            D::Error::custom(format!("join {written:?} {what}; expected such as {{annee}}-{{mois}}"))
        };
        let mut pieces = Vec::new();
        let mut rest = written.as_str();
        while let Some((text, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(fault("has a brace that is not closed"));
            };
            if name.trim().is_empty() || name.contains('{') || text.contains('}') {
                return Err(fault("has braces without a field's name"));
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(text.to_owned()));
            }
            pieces.push(Piece::Field(name.trim().to_owned()));
            rest = behind;
        }
        if rest.contains('}') {
            return Err(fault("has a brace that is not opened"));
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if !pieces.iter().any(|piece| matches!(piece, Piece::Field(_))) {
            return Err(fault("names no field"));
        }
        Ok(Self { pieces })
    }
}

impl Join {
    /// Names of its fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }
}

/// Columns of the feed that are days (or classes) and become rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpivot {
    /// Column of the table that takes the titles of those columns; every title that it can read is one.
    pub names: toml::Spanned<String>,
    /// Column of the table that takes their cells.
    pub values: toml::Spanned<String>,
    /// Titles of other columns, which are left out without a word.
    #[serde(default)]
    pub except: Vec<String>,
}

/// One text, or a list of them.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, or a list of texts")]
    enum Written {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Written::deserialize(source)? {
        Written::One(text) => vec![text],
        Written::Many(texts) => texts,
    })
}

/// Patterns of a code, each with its hole.
pub(crate) fn patterns<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Pattern>, D::Error> {
    let read = |text: String| match Pattern::parse(&text, "{}") {
        Ok(pattern) if !pattern.has_hole() => Err(format!("{text:?} has no {{}}, which stands for the code")),
        other => other,
    };
    one_or_many(source)?.into_iter().map(|text| read(text).map_err(D::Error::custom)).collect()
}

/// Patterns of footer lines.
pub(crate) fn footers<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Pattern>, D::Error> {
    let read = |text: String| {
        if text.trim_matches(['*', ' ']).is_empty() {
            return Err(format!("{text:?} fits every line"));
        }
        Pattern::parse(&text, "{rows}")
    };
    one_or_many(source)?.into_iter().map(|text| read(text).map_err(D::Error::custom)).collect()
}

fn is_path(path: &str) -> bool {
    !path.is_empty() && path.split('.').all(|part| !part.is_empty())
}

/// What is wrong with the layout of a column, if something is: `has names but is not a department`.
pub(crate) fn column_fault(column: &Column, contract: &Contract) -> Option<String> {
    let kind = column.kind;
    let is_code = matches!(kind, ColumnType::Text | ColumnType::Department);
    let is_time = matches!(kind, ColumnType::Date | ColumnType::Timestamp);
    if !is_code && (!column.pattern.is_empty() || !column.map.is_empty()) {
        return Some("has a pattern or a map but is neither a text nor a department".into());
    }
    if column.names && kind != ColumnType::Department {
        return Some("has names but is not a department".into());
    }
    if !is_time && (!column.formats.is_empty() || column.epoch.is_some() || column.time_zone.is_some()) {
        return Some("has formats, epoch or time_zone but is neither a date nor a timestamp".into());
    }
    if let Some(code) =
        column.map.values().find(|code| kind == ColumnType::Department && !is_department(code))
    {
        return Some(format!("maps to {code:?}, which is no department"));
    }
    if let Some(zone) = &column.time_zone
        && TimeZone::get(zone).is_err()
    {
        return Some(format!(
            "has time_zone {zone:?}, which is unknown; expected an IANA name such as Europe/Paris"
        ));
    }
    if column.join.is_some() && !column.from.is_empty() {
        return Some("has both from and join; join names its fields".into());
    }
    let formats = if column.formats.is_empty() && kind == ColumnType::Date {
        &contract.dialect.date_formats
    } else {
        &column.formats
    };
    if is_time && let Some(what) = formats.iter().find_map(|layout| layout_fault(layout, kind)) {
        return Some(what);
    }
    let has_offset =
        |layout: &String| layout.contains("%z") || layout.contains("%:z") || layout.contains("%s");
    let must_know = match kind {
        ColumnType::Timestamp => {
            column.epoch.is_none_or(|epoch| epoch == Epoch::Excel)
                && (formats.is_empty() || !formats.iter().all(has_offset))
        }
        _ => column.epoch.is_some_and(|epoch| epoch != Epoch::Excel),
    };
    if must_know && column.time_zone.is_none() {
        return Some(match kind {
            ColumnType::Timestamp => {
                "may hold times without an offset; say their time_zone, such as \"Europe/Paris\"".into()
            }
            _ => "is the day of an instant; say in which time_zone, such as \"Europe/Paris\"".into(),
        });
    }
    None
}

fn is_department(code: &str) -> bool {
    crate::known_departments().contains_key(code)
}

/// What is wrong with a layout of dates or instants.
fn layout_fault(layout: &str, kind: ColumnType) -> Option<String> {
    let sample = datetime(2020, 10, 5, 14, 30, 0, 0).to_zoned(TimeZone::UTC).ok()?;
    let broken = jiff::fmt::strtime::BrokenDownTime::from(&sample);
    if let Err(cause) = broken.to_string(layout) {
        return Some(format!("has the layout {layout:?}, which cannot be read: {cause}"));
    }
    let has = |directives: &[&str]| directives.iter().any(|directive| layout.contains(directive));
    if !has(&["%Y", "%y", "%G", "%g", "%F", "%D", "%s", "%c", "%x"]) {
        return Some(format!("has the layout {layout:?}, which has no year"));
    }
    let has_hour = has(&["%H", "%I", "%k", "%l", "%T", "%R", "%s", "%c", "%X"]);
    if kind == ColumnType::Timestamp && !has_hour {
        return Some(format!("is a timestamp and has the layout {layout:?}, which has no hour"));
    }
    None
}

/// What is wrong with the layout of the body, and where.
pub(crate) fn fault(contract: &Contract) -> Option<(Range<usize>, String)> {
    let feed = &contract.feed;
    let is_json = matches!(feed.format, Format::Json | Format::Ndjson);
    for (key, path) in [("record", &feed.record), ("header", &feed.header)] {
        let Some(path) = path else { continue };
        if !is_json || (key == "header" && feed.format == Format::Ndjson) {
            return Some((path.span(), format!("feed.{key} is for JSON bodies only")));
        }
        if !is_path(path.get_ref()) {
            return Some((
                path.span(),
                format!("feed.{key} is {:?}; expected a dotted path", path.get_ref()),
            ));
        }
    }
    if let Some(keys) = feed.keys.as_ref().filter(|_| feed.format != Format::Json || feed.header.is_some()) {
        return Some((
            keys.span(),
            "feed.keys is for JSON bodies whose rows are the members of an object".into(),
        ));
    }
    if let (Some(_), Some(header)) = (&feed.record, &feed.header) {
        return Some((
            header.span(),
            "feed.header is for rows that are lists, feed.record for rows that are objects".into(),
        ));
    }
    for (key, stated) in [("total", &feed.total), ("more", &feed.more)] {
        if let Some(stated) = stated.as_ref().filter(|_| feed.format != Format::Json) {
            return Some((stated.span(), format!("feed.{key} is for JSON bodies only")));
        }
    }
    if let Some(rows) = feed.skip_rows.as_ref().filter(|_| is_json) {
        return Some((rows.span(), "feed.skip_rows is for CSV and XLSX bodies only".into()));
    }
    if let Some(encoding) = &contract.dialect.encoding {
        if feed.format == Format::Xlsx {
            return Some((encoding.span(), "dialect.encoding is for text; a workbook says its own".into()));
        }
        if encoding_rs::Encoding::for_label(encoding.get_ref().as_bytes()).is_none() {
            let what = format!(
                "dialect.encoding {:?} is unknown; expected a name such as utf-8, windows-1252, iso-8859-15 or macintosh",
                encoding.get_ref()
            );
            return Some((encoding.span(), what));
        }
    }
    for filter in &contract.filters {
        if filter.keep.is_empty() == filter.leave_out.is_empty() {
            let what = format!("the filter on {:?} needs either keep or leave_out", filter.column);
            return Some((contract.id.span(), what));
        }
        let mut written = filter.keep.iter().chain(&filter.leave_out);
        let ends = |text: &str| text.strip_prefix('*').unwrap_or(text).trim_end_matches('*').to_owned();
        if let Some(text) = written.find(|text| ends(text).is_empty() || ends(text).contains('*')) {
            let what = format!(
                "the filter on {:?} has {text:?}; expected a value, with a * at its beginning or end at most",
                filter.column
            );
            return Some((contract.id.span(), what));
        }
    }
    let unpivot = contract.unpivot.as_ref()?;
    for (key, name) in [("names", &unpivot.names), ("values", &unpivot.values)] {
        let Some(column) = contract.column(name.get_ref()) else {
            return Some((
                name.span(),
                format!("unpivot.{key} is {:?}, which is not among the columns", name.get_ref()),
            ));
        };
        if column.join.is_some() || column.optional {
            return Some((
                name.span(),
                format!("unpivot.{key}: column {:?} may be neither joined nor optional", name.get_ref()),
            ));
        }
    }
    if !contract.key.iter().any(|key| key.get_ref() == unpivot.names.get_ref()) {
        let what = format!("unpivot.names is {:?}, which must be in the key", unpivot.names.get_ref());
        return Some((unpivot.names.span(), what));
    }
    if unpivot.names.get_ref() == unpivot.values.get_ref() {
        return Some((unpivot.values.span(), "unpivot.names and unpivot.values are the same column".into()));
    }
    None
}
