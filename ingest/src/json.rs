//! JSON: an array of objects, possibly under a path, or one object a line.
//!
//! Bodies are read as a stream, twice: once for the names of the fields, once for the rows. A first look over the bytes
//! refuses what could exhaust the memory (nesting, endless strings) before any parser sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Deserializer;
use vigie_queries::{Contract, Format};

use crate::beside::{Beside, Look};
use crate::body::Opened;
use crate::csv::too_many_columns;
use crate::findings::Code;
use crate::records::{FIELDS_MAX, RECORD_MAX};
use crate::row::{Fault, Kind, Row, Span};
use crate::say::{NBSP, NNBSP, quoted, shown};
use crate::stop::{Reason, Stop, refuse};
use crate::text::{TextForm, Utf8Reader};
use crate::unicode::composed;

/// Levels of nesting beyond which a body is refused.
const DEPTH_MAX: u32 = 64;

/// A JSON body whose field names are known.
pub(crate) struct JsonBody<'a> {
    opened: &'a Opened,
    form: TextForm,
    lines: bool,
    path: Vec<String>,
    fields: Fields,
    pub(crate) header: Vec<String>,
    /// Rows are lists, and the first of them names the columns.
    first_names: bool,
    /// What the body says beside its rows.
    pub(crate) beside: Beside,
}

/// Which fields of a record are read, and from where.
#[derive(Debug, Default)]
struct Fields {
    /// Object inside the record that holds them.
    record: Vec<String>,
    /// Dotted paths of the inner objects whose fields the contract names.
    opened: BTreeSet<String>,
    /// Field that takes the names of the rows, where they are the members of an object.
    keys: Option<String>,
}

impl Fields {
    fn of(contract: &Contract) -> Self {
        let record = contract.feed.record.as_ref().map_or("", |record| record.get_ref());
        let record: Vec<String> = parts(record).collect();
        let joined = contract.columns.iter().filter_map(|column| column.join.as_ref());
        let names = contract.columns.iter().flat_map(|column| &column.from).map(String::as_str);
        let names = names.chain(joined.flat_map(|join| join.fields()));
        let names = names.chain(contract.filters.iter().map(|filter| filter.column.as_str()));
        let prefix = record.iter().map(|part| format!("{part}.")).collect::<String>();
        let whole = names.map(|name| format!("{prefix}{name}")).chain([prefix.clone()]);
        let opened = whole.flat_map(|name| {
            let ends: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
            ends.into_iter().map(move |end| name[..end].to_owned())
        });
        let keys = contract.feed.keys.as_ref().map(|keys| keys.get_ref().clone());
        Self { opened: opened.filter(|path| !path.is_empty()).collect(), record, keys }
    }

    /// The name of a field as the header has it; nothing for one outside the inner object.
    fn name<'n>(&self, path: &'n str) -> Option<&'n str> {
        let mut rest = path;
        for part in &self.record {
            rest = rest.strip_prefix(part.as_str())?.strip_prefix('.')?;
        }
        Some(rest)
    }
}

fn parts(path: &str) -> impl Iterator<Item = String> {
    path.split('.').filter(|part| !part.is_empty()).map(str::to_owned)
}

/// Looks over the body and collects the names of its fields, in order of appearance.
pub(crate) fn open<'a>(
    opened: &'a Opened,
    form: TextForm,
    contract: &Contract,
) -> Result<JsonBody<'a>, Stop> {
    look_over(opened, &form)?;
    let mut body = JsonBody {
        opened,
        form,
        lines: contract.feed.format == Format::Ndjson,
        path: parts(contract.feed.path.as_deref().unwrap_or_default()).collect(),
        fields: Fields::of(contract),
        header: Vec::new(),
        first_names: false,
        beside: Beside::default(),
    };
    let header_path = contract.feed.header.as_ref();
    let mut beside =
        Beside { header_path: header_path.map(|path| parts(path.get_ref()).collect()), ..Beside::default() };
    let mut names = Names::default();
    let mut first_list = None;
    body.scan(
        &mut |number, record| match record {
            Record::Whole(record) if record.is_list => {
                if number == 1 {
                    first_list = Some(record.texts());
                }
                Ok(())
            }
            Record::Whole(record) => names.add(record),
            Record::Broken(..) => Ok(()),
        },
        None,
        Some(&mut beside),
    )?;
    body.header = names.in_order;
    if let Some(first) = first_list {
        body.first_names = header_path.is_none();
        body.header = if body.first_names { first } else { std::mem::take(&mut beside.header) };
        if body.header.len() > FIELDS_MAX {
            return Err(too_many_columns(body.header.len()));
        }
        if let Some(path) = header_path.filter(|_| body.header.is_empty()) {
            return Err(no_names(path.get_ref()));
        }
    }
    if body.header.is_empty() {
        // A list of nothing lacks rows, not columns.
        let columns =
            contract.columns.iter().map(|column| column.from.first().unwrap_or(column.name.get_ref()));
        body.header = columns.chain(contract.filters.iter().map(|filter| &filter.column)).cloned().collect();
    }
    body.beside = beside;
    Ok(body)
}

fn no_names(path: &str) -> Stop {
    refuse(
        Code::JsonPath,
        format!(
            "Aucune liste de noms de colonnes sous {} dans le JSON. Rien n’a été chargé{NNBSP}; vérifier le fichier ou feed.header dans le contrat.",
            quoted(&shown(path.as_bytes()))
        ),
    )
}

/// Names of fields, in order of appearance.
#[derive(Default)]
struct Names {
    ranks: BTreeMap<String, usize>,
    in_order: Vec<String>,
    bytes: usize,
}

impl Names {
    fn add(&mut self, record: &Scratch) -> Result<(), Stop> {
        for name in &record.names {
            if !self.ranks.contains_key(name) {
                self.ranks.insert(name.clone(), self.in_order.len());
                self.in_order.push(name.clone());
                self.bytes += name.len();
                if self.bytes > RECORD_MAX {
                    return Err(misshapen());
                }
                if self.in_order.len() > FIELDS_MAX {
                    return Err(too_many_columns(self.in_order.len()));
                }
            }
        }
        Ok(())
    }
}

/// Refuses nesting beyond 64 levels, strings and numbers beyond 1 MiB.
fn look_over(opened: &Opened, form: &TextForm) -> Result<(), Stop> {
    let mut reader = Utf8Reader::new(opened, form)?;
    let mut chunk = vec![0; 1 << 16];
    let (mut depth, mut length, mut inside, mut escaped) = (0u32, 0usize, false, false);
    loop {
        let read = reader.read(&mut chunk).map_err(|cause| Stop::Ours(opened.unreadable()(cause)))?;
        if read == 0 {
            return Ok(());
        }
        for byte in &chunk[..read] {
            if inside {
                length += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => inside = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => (inside, length) = (true, 0),
                    b'{' | b'[' => (depth, length) = (depth + 1, 0),
                    b'}' | b']' => (depth, length) = (depth.saturating_sub(1), 0),
                    b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => length = 0,
                    _ => length += 1,
                }
            }
            if depth > DEPTH_MAX || length > RECORD_MAX {
                return Err(misshapen());
            }
        }
    }
}

fn misshapen() -> Stop {
    refuse(
        Code::JsonShape,
        format!(
            "Le JSON est imbriqué au-delà de {DEPTH_MAX} niveaux, ou contient un texte, un nombre ou un objet de plus de 1{NBSP}Mio. Rien n’a été chargé{NNBSP}; prévenir le producteur."
        ),
    )
}

/// One record of the body.
enum Record<'a> {
    Whole(&'a Scratch),
    /// A line that is no JSON object, and whether a line end follows it.
    Broken(&'a [u8], bool),
}

type Take<'t> = dyn FnMut(u64, Record<'_>) -> Result<(), Stop> + 't;

impl JsonBody<'_> {
    /// Where the list of rows is.
    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    /// One record a line: there is nothing beside the rows.
    pub(crate) fn is_lines(&self) -> bool {
        self.lines
    }

    /// Gives every record to `take` as a row, its fields in the order of the header.
    pub(crate) fn rows(&self, take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>) -> Result<(), Stop> {
        let ranks: BTreeMap<String, usize> =
            self.header.iter().enumerate().map(|(rank, name)| (name.clone(), rank)).collect();
        let width = self.header.len();
        self.scan(
            &mut |line, record| match record {
                Record::Whole(record) if record.is_list && self.first_names && line == 1 => Ok(()),
                Record::Whole(record) => take(&Row {
                    line,
                    text: &record.text,
                    cells: &record.cells,
                    fields: if record.is_list { record.cells.len() } else { width },
                    raw: None,
                    fault: match record {
                        _ if record.twice => Some(Fault::DuplicateField),
                        _ if record.lacks_record => Some(Fault::NoRecord),
                        _ => None,
                    },
                    ended: true,
                    part: None,
                }),
                Record::Broken(raw, ended) => take(&Row {
                    line,
                    text: raw,
                    cells: &[],
                    fields: 0,
                    raw: Some(raw),
                    fault: Some(Fault::BrokenRecord),
                    ended,
                    part: None,
                }),
            },
            Some(&ranks),
            None,
        )
    }

    fn scan(
        &self,
        take: &mut Take<'_>,
        ranks: Option<&BTreeMap<String, usize>>,
        beside: Option<&mut Beside>,
    ) -> Result<(), Stop> {
        let reader = BufReader::with_capacity(1 << 16, Utf8Reader::new(self.opened, &self.form)?);
        if self.lines {
            self.scan_lines(reader, take, ranks)
        } else {
            self.scan_array(reader, take, ranks, beside)
        }
    }

    fn scan_lines(
        &self,
        mut reader: impl BufRead,
        take: &mut Take<'_>,
        ranks: Option<&BTreeMap<String, usize>>,
    ) -> Result<(), Stop> {
        let mut scratch = Scratch::default();
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            let bounded = (&mut reader).take(RECORD_MAX as u64 + 1).read_until(b'\n', &mut line);
            if bounded.map_err(|cause| Stop::Ours(self.opened.unreadable()(cause)))? == 0 {
                return Ok(());
            }
            number += 1;
            if line.len() > RECORD_MAX {
                return Err(Reason::new(
                    Code::LineTooLong,
                    format!("Ligne {number}{NBSP}: plus longue que 1{NBSP}Mio. Rien n’a été chargé."),
                )
                .line(number)
                .into());
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let mut parser = Deserializer::from_slice(text);
            let seed = Object { scratch: &mut scratch, ranks, fields: &self.fields };
            let whole = seed.deserialize(&mut parser).and_then(|()| parser.end());
            match whole {
                Ok(()) if !scratch.is_list => take(number, Record::Whole(&scratch))?,
                _ => take(number, Record::Broken(text, line.ends_with(b"\n")))?,
            }
        }
    }

    fn scan_array(
        &self,
        reader: impl Read,
        take: &mut Take<'_>,
        ranks: Option<&BTreeMap<String, usize>>,
        beside: Option<&mut Beside>,
    ) -> Result<(), Stop> {
        let mut parser = Deserializer::from_reader(reader);
        let mut stopped = None;
        let mut found = false;
        let rows = Rows { take, ranks, fields: &self.fields, stopped: &mut stopped };
        let seed = Path { path: &self.path, at: 0, found: &mut found, beside, rows };
        let outcome = seed.deserialize(&mut parser).and_then(|()| parser.end());
        if let Some(stop) = stopped {
            return Err(stop);
        }
        match outcome {
            Ok(()) if found => Ok(()),
            Err(cause) if cause.is_io() => Err(Stop::Ours(self.opened.unreadable()(cause.into()))),
            Err(cause) if found || cause.is_syntax() || cause.is_eof() => Err(self.broken(&cause)),
            _ => Err(self.no_array()),
        }
    }

    fn broken(&self, cause: &serde_json::Error) -> Stop {
        let line = cause.line() as u64;
        Reason::new(
            Code::BrokenJson,
            format!(
                "Le JSON est coupé ou mal formé à la ligne {line} ({}). Rien n’a été chargé{NNBSP}; le télécharger de nouveau ou prévenir le producteur.",
                quoted(&shown(cause.to_string().as_bytes()))
            ),
        )
        .line(line)
        .into()
    }

    fn no_array(&self) -> Stop {
        let place = if self.path.is_empty() {
            "à la racine".to_owned()
        } else {
            format!("sous {}", quoted(&shown(self.path.join(".").as_bytes())))
        };
        Reason::new(
            Code::JsonPath,
            format!("Aucune liste d’objets {place} dans le JSON. Rien n’a été chargé{NNBSP}; vérifier le fichier ou feed.path dans le contrat."),
        )
        .expected(format!("une liste d’objets {place}"))
        .into()
    }
}

/// Walks down the path to the array.
struct Path<'p, 's, 't> {
    path: &'p [String],
    /// Parts of the path behind us.
    at: usize,
    found: &'s mut bool,
    beside: Option<&'s mut Beside>,
    rows: Rows<'s, 't>,
}

impl<'de> DeserializeSeed<'de> for Path<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

/// Looks at a value beside the path, or passes over it.
fn beside_value<'de, A: MapAccess<'de>>(
    map: &mut A,
    beside: Option<&mut Beside>,
    mut path: Vec<String>,
) -> Result<(), A::Error> {
    match beside {
        Some(beside) => map.next_value_seed(Look { beside, path: &mut path }),
        None => map.next_value::<IgnoredAny>().map(|_| ()),
    }
}

impl<'de> Visitor<'de> for Path<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.at == self.path.len() { "an array of objects" } else { "an object" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some(wanted) = self.path.get(self.at) else {
            return match &self.rows.fields.keys {
                Some(keys) => self.members(map, keys),
                None => Err(A::Error::invalid_type(Unexpected::Map, &self)),
            };
        };
        let Self { path, at, found, mut beside, rows } = self;
        let mut rows = Some(rows);
        while let Some(name) = map.next_key::<String>()? {
            match rows.take_if(|_| name == *wanted) {
                Some(rows) => {
                    let beside = beside.as_deref_mut();
                    map.next_value_seed(Path { path, at: at + 1, found: &mut *found, beside, rows })?;
                }
                None => {
                    let place = path[..at].iter().cloned().chain([name]).collect();
                    beside_value(&mut map, beside.as_deref_mut(), place)?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if let Some(wanted) = self.path.get(self.at) {
            let Ok(wanted) = wanted.parse::<usize>() else {
                return Err(A::Error::invalid_type(Unexpected::Seq, &self));
            };
            return self.element(list, wanted);
        }
        *self.found = true;
        let Rows { take, ranks, fields, stopped } = self.rows;
        let mut scratch = Scratch::default();
        let mut number = 0;
        loop {
            match list.next_element_seed(Object { scratch: &mut scratch, ranks, fields }) {
                Ok(Some(())) => {}
                Ok(None) => return Ok(()),
                Err(fault) => {
                    if scratch.too_long {
                        *stopped = Some(misshapen());
                    }
                    return Err(fault);
                }
            }
            number += 1;
            if let Err(stop) = take(number, Record::Whole(&scratch)) {
                *stopped = Some(stop);
                return Err(A::Error::custom("stopped"));
            }
        }
    }
}

impl Path<'_, '_, '_> {
    /// Reads the members of an object as rows, their names being one more field.
    fn members<'de, A: MapAccess<'de>>(self, mut map: A, keys: &str) -> Result<(), A::Error> {
        *self.found = true;
        let Rows { take, ranks, fields, stopped } = self.rows;
        let mut scratch = Scratch::default();
        let mut number = 0;
        while let Some(name) = map.next_key::<String>()? {
            let row = map.next_value_seed(Object { scratch: &mut scratch, ranks, fields });
            let row = row.and_then(|()| match ranks {
                _ if scratch.is_list => Err(A::Error::custom("a member of the object is no object")),
                None => {
                    scratch.name(keys);
                    Ok(())
                }
                Some(ranks) => {
                    let start = scratch.text.len() as u32;
                    scratch.text.extend_from_slice(name.as_bytes());
                    scratch.put(ranks, keys, start, Kind::Text)
                }
            });
            if scratch.too_long {
                *stopped = Some(misshapen());
            }
            row?;
            number += 1;
            if let Err(stop) = take(number, Record::Whole(&scratch)) {
                *stopped = Some(stop);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    /// Goes into one element of a list, by its place, and looks at those beside it.
    fn element<'de, A: SeqAccess<'de>>(self, mut list: A, wanted: usize) -> Result<(), A::Error> {
        let Self { path, at, found, mut beside, rows } = self;
        let mut rows = Some(rows);
        for place in 0.. {
            let more = match rows.take_if(|_| place == wanted) {
                Some(rows) => {
                    let beside = beside.as_deref_mut();
                    list.next_element_seed(Path { path, at: at + 1, found: &mut *found, beside, rows })?
                }
                None => match beside.as_deref_mut() {
                    Some(beside) => {
                        let mut place: Vec<String> =
                            path[..at].iter().cloned().chain([place.to_string()]).collect();
                        list.next_element_seed(Look { beside, path: &mut place })?
                    }
                    None => list.next_element::<IgnoredAny>()?.map(|_| ()),
                },
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }
}

struct Rows<'s, 't> {
    take: &'s mut Take<'t>,
    ranks: Option<&'s BTreeMap<String, usize>>,
    fields: &'s Fields,
    stopped: &'s mut Option<Stop>,
}

/// One record, its values as text one after the other.
#[derive(Debug, Default)]
struct Scratch {
    text: Vec<u8>,
    cells: Vec<Span>,
    /// Names of the fields, when they are not known yet.
    names: Vec<String>,
    twice: bool,
    /// Each field that came, by rank.
    seen: Vec<bool>,
    /// The record is a list of values.
    is_list: bool,
    /// The record lacks the inner object that the contract names.
    lacks_record: bool,
    /// Bytes read.
    bytes: usize,
    /// The object takes more than 1 MiB.
    too_long: bool,
}

impl Scratch {
    fn clear(&mut self, ranks: Option<&BTreeMap<String, usize>>, fields: &Fields) {
        self.text.clear();
        self.cells.clear();
        self.names.clear();
        self.seen.clear();
        self.bytes = 0;
        self.twice = false;
        self.is_list = false;
        self.lacks_record = !fields.record.is_empty();
        if let Some(ranks) = ranks {
            self.cells.resize(ranks.len(), Span::MISSING);
            self.seen.resize(ranks.len(), false);
        }
    }

    fn bear<E: serde::de::Error>(&mut self, more: usize) -> Result<(), E> {
        self.bytes += more;
        self.too_long = self.bytes > RECORD_MAX;
        if self.too_long { Err(E::custom("an object is too long")) } else { Ok(()) }
    }

    /// Values of a list as texts.
    fn texts(&self) -> Vec<String> {
        let text = |cell: &Span| String::from_utf8_lossy(&self.text[cell.start as usize..cell.end as usize]);
        self.cells.iter().map(|cell| text(cell).into_owned()).collect()
    }
}

/// Reads one record into the scratch: only names when `ranks` is absent.
struct Object<'s> {
    scratch: &'s mut Scratch,
    ranks: Option<&'s BTreeMap<String, usize>>,
    fields: &'s Fields,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.scratch.clear(self.ranks, self.fields);
        Inner { scratch: self.scratch, ranks: self.ranks, fields: self.fields, path: "" }.read(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let scratch = self.scratch;
        scratch.clear(None, self.fields);
        (scratch.is_list, scratch.lacks_record) = (true, false);
        loop {
            let start = scratch.text.len() as u32;
            let Some(kind) = list.next_element_seed(Scalar { text: &mut scratch.text })? else {
                return Ok(());
            };
            let end = scratch.text.len() as u32;
            scratch.bear((end - start) as usize + 1)?;
            scratch.cells.push(Span { start, end, kind });
        }
    }
}

/// The fields of a record, or of an object inside it that the contract goes into.
struct Inner<'s> {
    scratch: &'s mut Scratch,
    ranks: Option<&'s BTreeMap<String, usize>>,
    fields: &'s Fields,
    path: &'s str,
}

impl Inner<'_> {
    fn read<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { scratch, ranks, fields, path: outer } = self;
        while let Some(name) = map.next_key::<String>()? {
            scratch.bear(name.len())?;
            let name = in_one_form(name);
            let path = if outer.is_empty() { name } else { format!("{outer}.{name}") };
            if fields.opened.contains(&path) {
                map.next_value_seed(Opening(Inner { scratch: &mut *scratch, ranks, fields, path: &path }))?;
                continue;
            }
            let Some(name) = fields.name(&path) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let Some(ranks) = ranks else {
                map.next_value::<IgnoredAny>()?;
                scratch.name(name);
                continue;
            };
            let start = scratch.text.len() as u32;
            let kind = map.next_value_seed(Scalar { text: &mut scratch.text })?;
            scratch.put(ranks, name, start, kind)?;
        }
        Ok(())
    }
}

impl Scratch {
    fn name(&mut self, name: &str) {
        if self.names.len() <= FIELDS_MAX {
            self.names.push(name.to_owned());
        }
    }

    /// Keeps the value that was written at `start` as that of a field.
    fn put<E: serde::de::Error>(
        &mut self,
        ranks: &BTreeMap<String, usize>,
        name: &str,
        start: u32,
        kind: Kind,
    ) -> Result<(), E> {
        let end = self.text.len() as u32;
        self.bear((end - start) as usize)?;
        if let Some(rank) = ranks.get(name) {
            self.twice |= std::mem::replace(&mut self.seen[*rank], true);
            self.cells[*rank] = Span { start, end, kind };
        }
        Ok(())
    }
}

/// A value that the contract goes into: an object gives its fields, anything else is a value like others.
struct Opening<'s>(Inner<'s>);

impl<'de> DeserializeSeed<'de> for Opening<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl Opening<'_> {
    /// The value as a field of its own.
    fn plain<E: serde::de::Error>(self, read: impl FnOnce(Scalar<'_>) -> Result<Kind, E>) -> Result<(), E> {
        let Inner { scratch, ranks, fields, path } = self.0;
        let start = scratch.text.len() as u32;
        let kind = read(Scalar { text: &mut scratch.text })?;
        match (fields.name(path), ranks) {
            (Some(name), Some(ranks)) => scratch.put(ranks, name, start, kind),
            (Some(name), None) => {
                scratch.text.truncate(start as usize);
                scratch.name(name);
                Ok(())
            }
            (None, _) => {
                scratch.text.truncate(start as usize);
                Ok(())
            }
        }
    }
}

impl<'de> Visitor<'de> for Opening<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let Inner { scratch, fields, path, .. } = &mut self.0;
        if path.split('.').eq(fields.record.iter().map(String::as_str)) {
            scratch.lacks_record = false;
        }
        self.0.read(map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.plain(|scalar| scalar.visit_seq(list))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_str(text))
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_i64(value))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_u64(value))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_f64(value))
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_bool(value))
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.plain(|scalar| scalar.visit_unit())
    }
}

/// The name of a field, its accents in one form: two spellings of one name are one field.
fn in_one_form(name: String) -> String {
    if name.is_ascii() { name } else { composed(&name).into_owned() }
}

/// Writes one value as text and says what it was.
struct Scalar<'t> {
    text: &'t mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Scalar<'_> {
    type Value = Kind;
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Kind, D::Error> {
        source.deserialize_any(self)
    }
}

impl Scalar<'_> {
    fn put(self, text: impl fmt::Display, kind: Kind) -> Kind {
        self.text.extend_from_slice(text.to_string().as_bytes());
        kind
    }
}

impl<'de> Visitor<'de> for Scalar<'_> {
    type Value = Kind;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        self.text.extend_from_slice(text.as_bytes());
        Ok(Kind::Text)
    }
    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(self.put(value, Kind::Number))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(self.put(value, Kind::Number))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(self.put(value, Kind::Number))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(self.put(value, Kind::Flag))
    }
    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Missing)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.put("[…]", Kind::Other))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.put("{…}", Kind::Other))
    }
}
