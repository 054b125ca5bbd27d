//! Gates: questions put to an edition before it is applied, and to a bulletin before it is published.
//!
//! A gate is a SQL file of `gates/` that returns the offending rows; no row means that it passes. Its header says when it
//! is asked, of which sources, and what its finding costs; a contract may change a parameter or the severity, or switch
//! the gate off (`[gates]`). `docs/gates.md` lists the tables a gate reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::query::{read_header, split_header};
use crate::{Contract, Error, Kind};

/// When a gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before an edition is applied.
    Fetch,
    /// Before a bulletin is published.
    Bulletin,
}

/// What a finding of a gate costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GateSeverity {
    /// It is said.
    Info,
    /// It is said, and worth a look.
    Warn,
    /// The edition, or the bulletin, waits for a person.
    Hold,
}

impl GateSeverity {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Hold => "hold",
        }
    }
}

/// A gate: its header and its SQL.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Id: name of the file, and code of its findings.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// What it looks for and why, in French, for the documentation and the quality page.
    pub definition_fr: String,
    /// When it is asked.
    pub stage: Stage,
    /// What a finding costs, unless the contract says otherwise.
    pub severity: GateSeverity,
    /// French sentence about all the rows, with `{count}`; the first row's own sentence when absent.
    pub summary_fr: Option<String>,
    /// French sentence about a row, with `{place}`, `{day}`, `{column}`, `{found}` and `{expected}`; not needed where the
    /// query yields a column `message`.
    pub message_fr: Option<String>,
    /// Fetch gates: kinds of source it is asked of; all when empty.
    pub kinds: Vec<Kind>,
    /// Fetch gates: sources it is asked of; all when empty.
    pub sources: Vec<String>,
    /// Fetch gates: only these columns; all when empty.
    pub columns: Vec<String>,
    /// Parameters with their defaults; `{name}` in the SQL stands for the value.
    pub parameters: BTreeMap<String, f64>,
    /// Path inside the vocabulary, for messages.
    pub file: String,
    /// The SQL, header left out, placeholders in it.
    pub sql: String,
    /// Fingerprint of the whole text.
    pub fingerprint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    title_fr: String,
    definition_fr: String,
    stage: Stage,
    severity: GateSeverity,
    summary_fr: Option<String>,
    message_fr: Option<String>,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, f64>,
}

/// A fetch gate made ready for one source.
#[derive(Debug, Clone, PartialEq)]
pub struct GateOnSource {
    /// The SQL, nothing left to fill in.
    pub sql: String,
    /// What a finding costs.
    pub severity: GateSeverity,
    /// Columns whose rows do not count.
    pub except: Vec<String>,
    /// Only columns whose rows count; all when empty.
    pub columns: Vec<String>,
}

/// What a contract changes of a gate: `spike = "off"`, or `spike = { severity = "warn", factor = 4, except = ["beds"] }`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateSetting {
    /// Not asked of this source.
    pub off: bool,
    /// Another severity.
    pub severity: Option<GateSeverity>,
    /// Columns left out.
    pub except: Vec<String>,
    /// Other values of parameters.
    pub parameters: BTreeMap<String, f64>,
}

impl<'de> Deserialize<'de> for GateSetting {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let table = match toml::Value::deserialize(source)? {
            toml::Value::String(word) if word == "off" => return Ok(Self { off: true, ..Self::default() }),
            toml::Value::Table(table) => table,
            other => {
                let what = "expected \"off\" or a table such as { severity = \"warn\", factor = 4 }";
                return Err(D::Error::custom(format!("{other} is not a setting of a gate; {what}")));
            }
        };
        let mut setting = Self::default();
        for (name, value) in table {
            match (name.as_str(), value) {
                ("severity", value) => {
                    setting.severity = Some(value.try_into().map_err(D::Error::custom)?);
                }
                ("except", value) => setting.except = value.try_into().map_err(D::Error::custom)?,
                (_, value) => {
                    let number = match value {
                        #[expect(clippy::cast_precision_loss, reason = "a parameter is a small number")]
                        toml::Value::Integer(number) => number as f64,
                        toml::Value::Float(number) => number,
                        other => {
                            return Err(D::Error::custom(format!(
                                "parameter {name:?} is {other}; expected a number"
                            )));
                        }
                    };
                    setting.parameters.insert(name, number);
                }
            }
        }
        Ok(setting)
    }
}

/// Placeholders that every fetch gate may use besides its own parameters.
const GIVEN: [&str; 5] = ["source", "key", "withdrawn_share_max", "revised_share_max", "settling_days"];

impl Gate {
    /// Reads and checks a gate.
    ///
    /// # Errors
    /// [`Error::Faulty`] with file and line: no header, syntax, a name that is not that of the file, a placeholder that
    /// is no parameter, a bulletin gate with placeholders or sources.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let (header_text, sql) = split_header(file, text)?;
        let header: Header = read_header(file, text, header_text)?;
        let fault =
            |needle: &str, what: String| Err(Error::at(file, text, text.find(needle).unwrap_or(0), what));
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".sql");
        if stem != header.id {
            let what = format!("id is {:?} but the file is named {stem:?}; they must be the same", header.id);
            return fault("id", what);
        }
        if !header.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            let what = format!("id {:?} must be lower-case letters, digits and hyphens", header.id);
            return fault("id", what);
        }
        if let Some((name, _)) = header.parameters.iter().find(|(_, value)| !value.is_finite()) {
            return fault(name, format!("parameter {name:?} is not a number"));
        }
        for name in placeholders(sql) {
            let known = match header.stage {
                Stage::Fetch => GIVEN.contains(&name) || header.parameters.contains_key(name),
                Stage::Bulletin => header.parameters.contains_key(name),
            };
            if !known {
                let what = format!("{{{name}}} is none of the gate's parameters, nor {}", GIVEN.join(", "));
                return fault(&format!("{{{name}}}"), what);
            }
        }
        if let Some(unused) =
            header.parameters.keys().find(|name| !placeholders(sql).contains(&name.as_str()))
        {
            return fault(unused, format!("parameter {unused:?} is not used: no {{{unused}}} in the query"));
        }
        let about_sources =
            !(header.kinds.is_empty() && header.sources.is_empty() && header.columns.is_empty());
        if header.stage == Stage::Bulletin && about_sources {
            return fault(
                "stage",
                "a bulletin gate is asked of no source: leave out kinds, sources, columns".into(),
            );
        }
        Ok(Self {
            id: header.id,
            title_fr: header.title_fr,
            definition_fr: header.definition_fr,
            stage: header.stage,
            severity: header.severity,
            summary_fr: header.summary_fr,
            message_fr: header.message_fr,
            kinds: header.kinds,
            sources: header.sources,
            columns: header.columns,
            parameters: header.parameters,
            file: file.to_owned(),
            sql: sql.trim().to_owned(),
            fingerprint: crate::vocabulary::fingerprint(text),
        })
    }

    /// The gate made ready for a source; none when it is not asked of it, or the contract switches it off.
    #[must_use]
    pub fn on_source(&self, contract: &Contract) -> Option<GateOnSource> {
        let concerned = self.stage == Stage::Fetch
            && (self.kinds.is_empty() || self.kinds.contains(&contract.kind))
            && (self.sources.is_empty() || self.sources.iter().any(|source| source == contract.name()));
        let setting = contract.gates.get(&self.id).cloned().unwrap_or_default();
        if !concerned || setting.off {
            return None;
        }
        // Names of a contract are lower-case letters, digits and underscores: quoted, they are identifiers only.
        let quoted = |name: &str| format!("\"{name}\"");
        let key: Vec<String> = contract.key.iter().map(|name| quoted(name.get_ref())).collect();
        let sql = fill(&self.sql, |name| match name {
            "source" => Some(quoted(contract.name())),
            "key" => Some(key.join(", ")),
            "withdrawn_share_max" => Some(number(contract.bounds.withdrawn_share_max)),
            "revised_share_max" => Some(number(contract.bounds.revised_share_max)),
            "settling_days" => Some(contract.cadence.settling_days.to_string()),
            name => setting.parameters.get(name).or(self.parameters.get(name)).copied().map(number),
        });
        Some(GateOnSource {
            sql,
            severity: setting.severity.unwrap_or(self.severity),
            except: setting.except,
            columns: self.columns.clone(),
        })
    }

    /// The SQL of a bulletin gate with its parameters.
    #[must_use]
    pub fn on_bulletin(&self) -> String {
        fill(&self.sql, |name| self.parameters.get(name).copied().map(number))
    }
}

impl GateOnSource {
    /// Whether a row about this column counts.
    #[must_use]
    pub fn concerns(&self, column: &str) -> bool {
        let only = self.columns.is_empty() || self.columns.iter().any(|name| name == column);
        only && !self.except.iter().any(|name| name == column)
    }
}

/// A parameter as SQL writes it: always with a decimal point, never an exponent.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value}") }
}

/// Names between braces.
fn placeholders(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for part in sql.split('{').skip(1) {
        if let Some((name, _)) = part.split_once('}') {
            found.push(name);
        }
    }
    found
}

fn fill(sql: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = sql.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest))) {
            Some((value, rest)) => {
                text.push_str(&value);
                text.push_str(rest);
            }
            None => {
                text.push('{');
                text.push_str(part);
            }
        }
    }
    text
}
