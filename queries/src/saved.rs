//! Saved queries: questions that analysts ask again, with a title and typed parameters (`saved/*.sql`).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::query::{check_id, read_header, split_header};

/// A saved query.
#[derive(Debug, Clone, Serialize)]
pub struct SavedQuery {
    /// Id, and name of the file.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// What it answers, and what to know before using the answer.
    pub description_fr: String,
    /// What the asker chooses, in order.
    pub parameters: Vec<Parameter>,
    /// Path inside the vocabulary, for messages.
    #[serde(skip)]
    pub file: String,
    /// The SQL, header left out; parameters are written `$name`.
    pub sql: String,
}

/// What the asker of a saved query chooses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name, written `$name` in the SQL.
    pub name: String,
    /// What it may be.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it is, in French.
    pub title_fr: String,
    /// Value when none is given; without it one must be.
    pub default: Option<String>,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number, decimal point.
    Number,
    /// A day, ISO.
    Date,
}

impl ParameterType {
    /// As headers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Date => "date",
        }
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => text.parse::<i64>().is_ok(),
            Self::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Date => text.parse::<Date>().is_ok(),
        }
    }

    fn name_fr(self) -> &'static str {
        match self {
            Self::Text => "un texte",
            Self::Integer => "un nombre entier",
            Self::Number => "un nombre (point décimal)",
            Self::Date => "une date (AAAA-MM-JJ)",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    title_fr: String,
    description_fr: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

impl SavedQuery {
    /// Reads a saved query: a TOML header between `/*---` and `---*/`, then one statement.
    ///
    /// # Errors
    /// [`Error::Faulty`] when the header is missing or not valid, names another file, or its parameters are not those of
    /// the statement.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let (header, sql) = split_header(file, text)?;
        let header: Header = read_header(file, text, header)?;
        check_id(file, text, &header.id)?;
        let fault = |what: String| Err(Error::at(file, text, 0, what));
        let mut declared = BTreeSet::new();
        for parameter in &header.parameters {
            if !declared.insert(parameter.name.as_str()) {
                return fault(format!("parameter {:?} is declared twice", parameter.name));
            }
            if let Some(default) = &parameter.default
                && !parameter.kind.fits(default)
            {
                let (name, kind) = (&parameter.name, parameter.kind.as_str());
                return fault(format!("default {default:?} of parameter {name:?} is no {kind}"));
            }
        }
        let used = placeholders(sql);
        if let Some(name) = used.difference(&declared).next() {
            return fault(format!("${name} is used but not declared in parameters"));
        }
        if let Some(name) = declared.difference(&used).next() {
            return fault(format!("parameter {name:?} is declared but ${name} is not used"));
        }
        Ok(Self {
            id: header.id,
            title_fr: header.title_fr,
            description_fr: header.description_fr,
            file: file.to_owned(),
            sql: sql.trim().trim_end_matches(';').to_owned(),
            parameters: header.parameters,
        })
    }

    /// The value of each parameter: as given, else its default.
    ///
    /// # Errors
    /// A French sentence that names the parameter: it has no value, one that is not of its type, or is none of this query.
    pub fn values(&self, given: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
        if let Some((name, _)) =
            given.iter().find(|(name, _)| !self.parameters.iter().any(|parameter| parameter.name == *name))
        {
            let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let known = if known.is_empty() { "aucun".to_owned() } else { known.join(", ") };
            return Err(format!("« {name} » n’est pas un paramètre de « {} ». Attendu : {known}", self.id));
        }
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let value = given.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value);
            let Some(value) = value.or(parameter.default.as_ref()) else {
                let Parameter { name, title_fr, .. } = parameter;
                return Err(format!("« {name} » n’a pas de valeur ({title_fr}). Attendu : --param {name}=…"));
            };
            if !parameter.kind.fits(value) {
                let (name, kind) = (&parameter.name, parameter.kind.name_fr());
                return Err(format!("{name} : « {value} » n’est pas {kind}"));
            }
            values.push((parameter.name.clone(), value.clone()));
        }
        Ok(values)
    }

    /// Its parameters in one line, as catalogue and lists print them: `territory text = 76, days integer`.
    #[must_use]
    pub fn signature(&self) -> String {
        let one = |parameter: &Parameter| {
            let default = parameter.default.as_ref().map(|text| format!(" = {text}")).unwrap_or_default();
            format!("{} {}{default}", parameter.name, parameter.kind.as_str())
        };
        self.parameters.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Names that a statement writes as `$name`, outside quotes and comments.
fn placeholders(sql: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '$', '-', '/']) {
        let (mark, after) = (&rest[at..=at], &rest[at + 1..]);
        rest = match mark {
            "'" | "\"" => after.split_once(mark).map_or("", |(_, after)| after),
            "-" if after.starts_with('-') => after.split_once('\n').map_or("", |(_, after)| after),
            "/" if after.starts_with('*') => after.split_once("*/").map_or("", |(_, after)| after),
            "$" => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
                if end > 0 {
                    names.insert(&after[..end]);
                }
                &after[end..]
            }
            _ => after,
        };
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = r#"/*---
id             = "one"
title_fr       = "Une"
description_fr = "Une question."
parameters     = [
    { name = "place", type = "text", title_fr = "Territoire" },
    { name = "days", type = "integer", title_fr = "Jours", default = "7" },
]
---*/
-- not $here, nor in '$this'
select $place, $days;
"#;

    #[test]
    fn values_are_checked_against_their_declaration() {
        let query = SavedQuery::parse("saved/one.sql", QUERY).unwrap();
        let check = |given: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>| {
            let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
                pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
            };
            assert_eq!(query.values(&owned(given)), expected.map(owned).map_err(str::to_owned));
        };
        check(&[("place", "31")], Ok(&[("place", "31"), ("days", "7")]));
        check(&[("days", "14"), ("place", "2A")], Ok(&[("place", "2A"), ("days", "14")]));
        check(&[], Err("« place » n’a pas de valeur (Territoire). Attendu : --param place=…"));
        check(&[("place", "31"), ("days", "7.5")], Err("days : « 7.5 » n’est pas un nombre entier"));
        let unknown = "« dep » n’est pas un paramètre de « one ». Attendu : place, days";
        check(&[("dep", "31")], Err(unknown));
        assert_eq!(query.signature(), "place text, days integer = 7");
        assert!(query.sql.ends_with("select $place, $days"));
    }

    #[test]
    fn a_header_that_does_not_fit_its_statement_is_refused() {
        let check = |from: &str, to: &str, expected: &str| {
            let said = SavedQuery::parse("saved/one.sql", &QUERY.replace(from, to)).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        };
        check("$days;", "$day;", "$day is used but not declared");
        check(", $days;", ";", "\"days\" is declared but $days is not used");
        check(
            "default = \"7\"",
            "default = \"week\"",
            "default \"week\" of parameter \"days\" is no integer",
        );
        check("name = \"days\"", "name = \"place\"", "declared twice");
        check("id             = \"one\"", "id = \"two\"", "must be the same");
        check("type = \"text\"", "type = \"place\"", "unknown variant");
    }
}
