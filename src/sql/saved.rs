//! Saved queries: listed, and run by name.

use std::sync::Arc;

use vigie_queries::{SavedQuery, Vocabulary};
use vigie_serve::{Answer, Role, Session};
use vigie_store::{Lake, SessionOptions};

use crate::commands::print_json;
use crate::config::Config;
use crate::error::Error;
use crate::room::{Room, Talk};

/// Prints the saved queries and their parameters.
pub(super) fn list(room: &Room, json: bool) -> Result<(), Error> {
    let all: Vec<&SavedQuery> = room.vocabulary.saved_queries().collect();
    if json {
        return print_json(&all);
    }
    for query in all {
        println!("{}\n    {}", query.id, query.title_fr);
        for parameter in &query.parameters {
            let default = match &parameter.default {
                Some(value) => format!(" [{value}]"),
                None => String::new(),
            };
            println!("    --param {}=…  {}{default}", parameter.name, parameter.title_fr);
        }
    }
    Ok(())
}

/// Values of parameters, by name.
type Values = Vec<(String, String)>;

/// The text of a saved query, and a value for each of its parameters.
///
/// # Errors
/// [`Error::Usage`] when there is no such query, or a value does not fit.
pub(super) fn with_values<'a>(
    room: &'a Room,
    id: &str,
    given: &[(String, String)],
) -> Result<(&'a str, Values), Error> {
    let Some(query) = room.vocabulary.saved_query(id) else {
        let known: Vec<&str> = room.vocabulary.saved_queries().map(|query| query.id.as_str()).collect();
        return Err(Error::Usage(format!("no query is saved as {id:?}; known: {}", known.join(", "))));
    };
    let values = query.values(given).map_err(Error::Usage)?;
    Ok((&query.sql, values))
}

/// Plans each saved query over an empty lake; a sentence for each that does not plan.
///
/// # Errors
/// [`Error::Write`] when there is no room for an empty lake, and those of a session.
pub async fn check(config: &Config, vocabulary: &Vocabulary) -> Result<Vec<String>, Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    let room = Room {
        config: config.clone(),
        vocabulary: Arc::new(vocabulary.clone()),
        theme: Default::default(),
        lake: Lake::open(folder.path())?,
        talk: Talk { quiet: true, terminal: false },
    };
    let session = Session::open(crate::serve::source(&room, SessionOptions::default()), Role::Analyste)?;
    let mut faults = Vec::new();
    for query in vocabulary.saved_queries() {
        // A parameter without a default is tried with a value that every type reads.
        let any = |parameter: &vigie_queries::Parameter| {
            let value = match parameter.kind {
                vigie_queries::ParameterType::Date => "2020-10-12",
                _ => "1",
            };
            (parameter.name.clone(), parameter.default.clone().unwrap_or_else(|| value.to_owned()))
        };
        let values: Vec<(String, String)> = query.parameters.iter().map(any).collect();
        let planned = match session.ask_with(&query.sql, &values).await {
            Ok(Answer::Rows(frame)) => frame.create_physical_plan().await.map(|_| ()).map_err(Error::from),
            Ok(Answer::Told(text)) => Err(Error::Failed(format!("gives no rows: {text}"))),
            Err(refused) => Err(Error::from(refused)),
        };
        faults.extend(planned.err().map(|fault| format!("{}: {}", query.file, fault.sentence())));
    }
    Ok(faults)
}
