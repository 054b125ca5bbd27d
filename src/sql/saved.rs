//! Saved queries: listed, and run by name.

use vigie_queries::SavedQuery;
use vigie_serve::{Answer, Role, Session};
use vigie_store::SessionOptions;
use vigie_transform::QueryFault;

use crate::error::{Error, refusal};
use crate::output::print_json;
use crate::room::Room;

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

/// Plans each saved query in a room whose lake is empty; what is wrong with each that does not plan.
///
/// # Errors
/// Those of a session.
pub async fn check(room: &Room) -> Result<Vec<QueryFault>, Error> {
    let session = Session::open(crate::sql::wire::source(room, SessionOptions::default()), Role::Analyste)?;
    let mut faults = Vec::new();
    for query in room.vocabulary.saved_queries() {
        // A parameter without a default is tried with a value that every type reads.
        let any = |parameter: &vigie_queries::Parameter| {
            let value = match parameter.kind {
                vigie_queries::ParameterType::Date => "2020-10-12",
                _ => "1",
            };
            (parameter.name.clone(), parameter.default.clone().unwrap_or_else(|| value.to_owned()))
        };
        let values: Vec<(String, String)> = query.parameters.iter().map(any).collect();
        let fault =
            |source| vigie_transform::Error::Query { file: query.file.clone(), source: Box::new(source) };
        let shape = |what: String| vigie_transform::Error::Shape { file: query.file.clone(), what };
        let planned = match session.ask_with(&query.sql, &values).await {
            Ok(Answer::Rows(frame)) => frame.create_physical_plan().await.map(drop).map_err(fault),
            Ok(Answer::Told(text)) => Err(shape(format!("it gives no rows: {text}"))),
            Err(refused) => Err(shape(refusal(&refused).unwrap_or_else(|| refused.to_string()))),
        };
        let told =
            planned.err().map(|fault| fault.told(&room.vocabulary, &query.id, &query.file, &query.sql));
        faults.extend(told);
    }
    Ok(faults)
}
