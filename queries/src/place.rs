//! Places: departments, metropoles, regions, France.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeoType {
    /// A department or overseas collectivity.
    Department,
    /// A metropole or another union of communes with taxes of its own (« établissement public de coopération
    /// intercommunale »). No sum of departments: a part of one, of several for some.
    Epci,
    /// A region.
    Region,
    /// France: all departments that have a region.
    Country,
    /// A source of data, for alerts about feeds.
    Source,
}

impl GeoType {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Epci => "epci",
            Self::Region => "region",
            Self::Country => "country",
            Self::Source => "source",
        }
    }
}

impl FromStr for GeoType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "department" => Ok(Self::Department),
            "epci" => Ok(Self::Epci),
            "region" => Ok(Self::Region),
            "country" => Ok(Self::Country),
            "source" => Ok(Self::Source),
            _ => Err(format!(
                "unknown kind of place {text:?}; expected department, epci, region, country or source"
            )),
        }
    }
}

/// A place: its kind and its code. `76` alone is both Occitanie and Seine-Maritime, hence the pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Kind.
    pub geo_type: GeoType,
    /// INSEE code, SIREN number of an EPCI, `FR` for the country, the name of a source.
    pub code: String,
}

impl Place {
    /// Its official name; its code where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        official_name(self).unwrap_or(&self.code)
    }

    /// A department.
    #[must_use]
    pub fn department(code: &str) -> Self {
        Self { geo_type: GeoType::Department, code: code.to_owned() }
    }

    /// A metropole.
    #[must_use]
    pub fn epci(code: &str) -> Self {
        Self { geo_type: GeoType::Epci, code: code.to_owned() }
    }

    /// A region.
    #[must_use]
    pub fn region(code: &str) -> Self {
        Self { geo_type: GeoType::Region, code: code.to_owned() }
    }

    /// France.
    #[must_use]
    pub fn france() -> Self {
        Self { geo_type: GeoType::Country, code: "FR".to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.geo_type.as_str(), self.code)
    }
}

impl FromStr for Place {
    type Err = String;

    /// `region:76`, `department:31`, `epci:243100518`, `country:FR`; a bare code means the region where one has it, else
    /// the department, else the metropole: `76` is Occitanie, `31` Haute-Garonne, `32` Hauts-de-France (Gers is
    /// `department:32`).
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((kind, code)) = text.split_once(':') {
            let place = Self { geo_type: kind.parse()?, code: code.to_owned() };
            let known = match place.geo_type {
                GeoType::Department => known_departments().contains_key(code),
                GeoType::Epci => known_epcis().contains_key(code),
                GeoType::Region => region_name(code).is_some(),
                GeoType::Country => code == "FR",
                GeoType::Source => true,
            };
            return if known { Ok(place) } else { Err(format!("unknown {kind} {code:?}")) };
        }
        if region_name(text).is_some() {
            Ok(Self::region(text))
        } else if known_departments().contains_key(text) {
            Ok(Self::department(text))
        } else if known_epcis().contains_key(text) {
            Ok(Self::epci(text))
        } else if text == "FR" {
            Ok(Self::france())
        } else {
            Err(format!("unknown territory {text:?}; expected a code such as 76, region:76 or department:31"))
        }
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        String::deserialize(source)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Regions by INSEE code (geographic code of 2016 on).
const REGIONS: [(&str, &str); 18] = [
    ("01", "Guadeloupe"),
    ("02", "Martinique"),
    ("03", "Guyane"),
    ("04", "La Réunion"),
    ("06", "Mayotte"),
    ("11", "Île-de-France"),
    ("24", "Centre-Val de Loire"),
    ("27", "Bourgogne-Franche-Comté"),
    ("28", "Normandie"),
    ("32", "Hauts-de-France"),
    ("44", "Grand Est"),
    ("52", "Pays de la Loire"),
    ("53", "Bretagne"),
    ("75", "Nouvelle-Aquitaine"),
    ("76", "Occitanie"),
    ("84", "Auvergne-Rhône-Alpes"),
    ("93", "Provence-Alpes-Côte d’Azur"),
    ("94", "Corse"),
];

/// Name of a region.
#[must_use]
pub fn region_name(code: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Departments and overseas collectivities by code: name, and region code where there is one.
#[must_use]
pub fn known_departments() -> &'static BTreeMap<&'static str, (&'static str, Option<&'static str>)> {
    static KNOWN: LazyLock<BTreeMap<&'static str, (&'static str, Option<&'static str>)>> =
        LazyLock::new(|| {
            DEPARTMENTS
                .lines()
                .filter_map(|line| {
                    let mut parts = line.split(';');
                    let code = parts.next()?;
                    let name = parts.next()?;
                    let region = parts.next().filter(|region| !region.is_empty());
                    Some((code, (name, region)))
                })
                .collect()
        });
    &KNOWN
}

/// The code of the department of that name, whatever its case, accents, hyphens and apostrophes: `cotes d'armor`.
#[must_use]
pub fn department_by_name(name: &str) -> Option<&'static str> {
    static CODES: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
        known_departments().iter().map(|(code, (name, _))| (bare_name(name), *code)).collect()
    });
    CODES.get(&bare_name(name)).copied()
}

/// Letters and digits of a name, without case and accents.
fn bare_name(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let name = name.replace(['œ', 'Œ'], "oe");
    name.nfd().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `code;name;region`, INSEE, and the three collectivities that report to SI-DEP.
const DEPARTMENTS: &str = include_str!("places.csv");

/// A metropole or union of communes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epci {
    /// Official name.
    pub name: &'static str,
    /// Codes of the departments it lies in, the one of its seat first.
    pub departments: Vec<&'static str>,
}

/// Metropoles by SIREN number: the 22 whose incidence is published, and others that had a status of their own.
#[must_use]
pub fn known_epcis() -> &'static BTreeMap<&'static str, Epci> {
    static KNOWN: LazyLock<BTreeMap<&'static str, Epci>> = LazyLock::new(|| {
        EPCIS
            .lines()
            .filter_map(|line| {
                let mut parts = line.split(';');
                let (code, name) = (parts.next()?, parts.next()?);
                Some((code, Epci { name, departments: parts.next()?.split(' ').collect() }))
            })
            .collect()
    });
    &KNOWN
}

/// Official name of a department, metropole, region or of the country; none for codes that nobody knows, and for sources.
#[must_use]
pub fn official_name(place: &Place) -> Option<&'static str> {
    let code = place.code.as_str();
    match place.geo_type {
        GeoType::Department => known_departments().get(code).map(|(name, _)| *name),
        GeoType::Epci => known_epcis().get(code).map(|epci| epci.name),
        GeoType::Region => region_name(code),
        GeoType::Country => Some("France"),
        GeoType::Source => None,
    }
}

/// `code;name;departments`: SIREN numbers, and the departments where communes of it lie, that of the seat first.
const EPCIS: &str = include_str!("epcis.csv");
