//! What a JSON body says beside its rows: numbers of rows, marks that more follow, names of columns.
//!
//! Only a bounded part of it is kept, as texts by their dotted path from the root; `0`, `1`… are places in a list.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::records::FIELDS_MAX;
use crate::row::Kind;

/// Values kept.
const VALUES_MAX: usize = 2_000;
/// Bytes of a value that is kept.
const TEXT_MAX: usize = 2_000;
/// Levels looked into.
const DEPTH_MAX: usize = 5;
/// Elements of a list looked into.
const ELEMENTS_MAX: usize = 50;

/// Values beside the rows.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) values: Vec<(Vec<String>, String, Kind)>,
    /// Path of the list that names the columns, if the contract says one.
    pub(crate) header_path: Option<Vec<String>>,
    pub(crate) header: Vec<String>,
}

impl Beside {
    /// The value at a dotted path.
    pub(crate) fn at(&self, path: &str) -> Option<(&str, Kind)> {
        let found =
            self.values.iter().find(|(place, ..)| place.iter().map(String::as_str).eq(path.split('.')));
        found.map(|(_, text, kind)| (text.as_str(), *kind))
    }

    fn keep(&mut self, path: &[String], text: String, kind: Kind) {
        if self.values.len() < VALUES_MAX && text.len() <= TEXT_MAX {
            self.values.push((path.to_vec(), text, kind));
        }
    }
}

/// Looks at one value beside the rows.
pub(crate) struct Look<'b> {
    pub(crate) beside: &'b mut Beside,
    pub(crate) path: &'b mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        if self.path.len() > DEPTH_MAX || self.beside.values.len() >= VALUES_MAX {
            return source.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        source.deserialize_any(self)
    }
}

impl Look<'_> {
    fn put(self, text: impl fmt::Display, kind: Kind) {
        self.beside.keep(self.path, text.to_string(), kind);
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(text, Kind::Text);
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(value, Kind::Number);
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(value, Kind::Number);
        Ok(())
    }
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(value, Kind::Number);
        Ok(())
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(value, Kind::Flag);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.path.push(name);
            map.next_value_seed(Look { beside: &mut *self.beside, path: &mut *self.path })?;
            self.path.pop();
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.beside.header_path.as_ref() == Some(self.path) {
            while let Some(Name(name)) = list.next_element()? {
                if self.beside.header.len() <= FIELDS_MAX {
                    self.beside.header.push(name);
                }
            }
            return Ok(());
        }
        for place in 0..ELEMENTS_MAX {
            self.path.push(place.to_string());
            let more = list.next_element_seed(Look { beside: &mut *self.beside, path: &mut *self.path })?;
            self.path.pop();
            if more.is_none() {
                return Ok(());
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The name of a column: a text, or an object that has one.
struct Name(String);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column")
            }
            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                Ok(Name(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Name, A::Error> {
                const WORDS: [&str; 4] = ["name", "id", "code", "label"];
                let mut best: Option<(usize, String)> = None;
                while let Some(key) = map.next_key::<String>()? {
                    let rank = WORDS.iter().position(|word| key.eq_ignore_ascii_case(word));
                    let Some(rank) = rank.filter(|rank| best.as_ref().is_none_or(|(least, _)| rank < least))
                    else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if let Some(name) = map.next_value::<serde_json::Value>()?.as_str() {
                        best = Some((rank, name.to_owned()));
                    }
                }
                Ok(Name(best.map(|(_, name)| name).unwrap_or_default()))
            }
        }
        source.deserialize_any(Reader)
    }
}
