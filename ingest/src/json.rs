//! JSON: an array of objects, possibly under a path, or one object a line.
//!
//! Bodies are read as a stream, twice: once for the names of the fields, once for the rows. A first look over the bytes
//! refuses what could exhaust the memory (nesting, endless strings) before any parser sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use vigie_queries::{Contract, Format};

use crate::body::Opened;
use crate::csv::too_many_columns;
use crate::findings::Code;
use crate::records::{FIELDS_MAX, RECORD_MAX};
use crate::row::{Fault, Kind, Row, Span};
use crate::say::{NBSP, NNBSP, quoted, shown};
use crate::stop::{Reason, Stop, refuse};
use crate::text::{TextForm, Utf8Reader};

/// Levels of nesting beyond which a body is refused.
const DEPTH_MAX: u32 = 64;

/// A JSON body whose field names are known.
pub(crate) struct JsonBody<'a> {
    opened: &'a Opened,
    form: TextForm,
    lines: bool,
    path: Vec<String>,
    pub(crate) header: Vec<String>,
}

/// Looks over the body and collects the names of its fields, in order of appearance.
pub(crate) fn open<'a>(
    opened: &'a Opened,
    form: TextForm,
    contract: &Contract,
) -> Result<JsonBody<'a>, Stop> {
    look_over(opened, &form)?;
    let path = contract.feed.path.as_deref().unwrap_or_default();
    let mut body = JsonBody {
        opened,
        form,
        lines: contract.feed.format == Format::Ndjson,
        path: path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        header: Vec::new(),
    };
    let mut names = Names::default();
    body.scan(
        &mut |_, record| match record {
            Record::Whole(record) => names.add(record),
            Record::Broken(_) => Ok(()),
        },
        None,
    )?;
    body.header = names.in_order;
    if body.header.is_empty() {
        // A list of nothing lacks rows, not columns.
        let columns =
            contract.columns.iter().map(|column| column.from.first().unwrap_or(column.name.get_ref()));
        body.header = columns.chain(contract.filters.iter().map(|filter| &filter.column)).cloned().collect();
    }
    Ok(body)
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
    /// A line that is no JSON object.
    Broken(&'a [u8]),
}

type Take<'t> = dyn FnMut(u64, Record<'_>) -> Result<(), Stop> + 't;

impl JsonBody<'_> {
    /// Gives every record to `take` as a row, its fields in the order of the header.
    pub(crate) fn rows(&self, take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>) -> Result<(), Stop> {
        let ranks: BTreeMap<String, usize> =
            self.header.iter().enumerate().map(|(rank, name)| (name.clone(), rank)).collect();
        let width = self.header.len();
        self.scan(
            &mut |line, record| match record {
                Record::Whole(record) => take(&Row {
                    line,
                    text: &record.text,
                    cells: &record.cells,
                    fields: width,
                    raw: None,
                    fault: record.twice.then_some(Fault::DuplicateField),
                    ended: true,
                }),
                Record::Broken(raw) => take(&Row {
                    line,
                    text: raw,
                    cells: &[],
                    fields: 0,
                    raw: Some(raw),
                    fault: Some(Fault::BrokenRecord),
                    ended: true,
                }),
            },
            Some(&ranks),
        )
    }

    fn scan(&self, take: &mut Take<'_>, ranks: Option<&BTreeMap<String, usize>>) -> Result<(), Stop> {
        let reader = BufReader::with_capacity(1 << 16, Utf8Reader::new(self.opened, &self.form)?);
        if self.lines { self.scan_lines(reader, take, ranks) } else { self.scan_array(reader, take, ranks) }
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
            let seed = Object { scratch: &mut scratch, ranks };
            let whole = seed.deserialize(&mut parser).and_then(|()| parser.end());
            match whole {
                Ok(()) => take(number, Record::Whole(&scratch))?,
                Err(_) => take(number, Record::Broken(text))?,
            }
        }
    }

    fn scan_array(
        &self,
        reader: impl Read,
        take: &mut Take<'_>,
        ranks: Option<&BTreeMap<String, usize>>,
    ) -> Result<(), Stop> {
        let mut parser = Deserializer::from_reader(reader);
        let mut stopped = None;
        let mut found = false;
        let seed =
            Path { rest: &self.path, found: &mut found, rows: Rows { take, ranks, stopped: &mut stopped } };
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
    rest: &'p [String],
    found: &'s mut bool,
    rows: Rows<'s, 't>,
}

impl<'de> DeserializeSeed<'de> for Path<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        if self.rest.is_empty() { source.deserialize_seq(self) } else { source.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for Path<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.rest.is_empty() { "an array of objects" } else { "an object" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { rest, found, rows } = self;
        let mut rows = Some(rows);
        while let Some(name) = map.next_key::<String>()? {
            match rows.take_if(|_| name == rest[0]) {
                Some(rows) => map.next_value_seed(Path { rest: &rest[1..], found: &mut *found, rows })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        *self.found = true;
        let Rows { take, ranks, stopped } = self.rows;
        let mut scratch = Scratch::default();
        let mut number = 0;
        loop {
            match list.next_element_seed(Object { scratch: &mut scratch, ranks }) {
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

struct Rows<'s, 't> {
    take: &'s mut Take<'t>,
    ranks: Option<&'s BTreeMap<String, usize>>,
    stopped: &'s mut Option<Stop>,
}

/// One object, its values as text one after the other.
#[derive(Debug, Default)]
struct Scratch {
    text: Vec<u8>,
    cells: Vec<Span>,
    /// Names of the fields, when they are not known yet.
    names: Vec<String>,
    twice: bool,
    /// The object takes more than 1 MiB.
    too_long: bool,
}

/// Reads one object into the scratch: only names when `ranks` is absent.
struct Object<'s> {
    scratch: &'s mut Scratch,
    ranks: Option<&'s BTreeMap<String, usize>>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Scratch { text, cells, names, twice, too_long } = self.scratch;
        text.clear();
        cells.clear();
        names.clear();
        *twice = false;
        let mut bytes = 0;
        let mut bear = |more: usize| {
            bytes += more;
            *too_long = bytes > RECORD_MAX;
            if *too_long { Err(A::Error::custom("an object is too long")) } else { Ok(()) }
        };
        let Some(ranks) = self.ranks else {
            while let Some(name) = map.next_key::<String>()? {
                bear(name.len())?;
                map.next_value::<IgnoredAny>()?;
                if names.len() <= FIELDS_MAX {
                    names.push(name);
                }
            }
            return Ok(());
        };
        cells.resize(ranks.len(), Span::MISSING);
        let mut seen = vec![false; ranks.len()];
        while let Some(name) = map.next_key::<String>()? {
            let start = text.len() as u32;
            let kind = map.next_value_seed(Scalar { text })?;
            bear(text.len() - start as usize)?;
            let Some(rank) = ranks.get(&name) else { continue };
            *twice |= std::mem::replace(&mut seen[*rank], true);
            cells[*rank] = Span { start, end: text.len() as u32, kind };
        }
        Ok(())
    }
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
