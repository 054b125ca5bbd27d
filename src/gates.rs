//! The French sentences of a gate.

use vigie_queries::{ColumnType, Contract, Gate, GeoType, Place, known_departments, official_name};
use vigie_reports::french;
use vigie_transform::{Found, KEY_SEPARATOR, Offence};

/// Characters of a key that are shown: a feed's text is as long as it likes.
const KEY_SHOWN: usize = 80;

/// The sentence about one row: the query's own, else the gate's with the row in it.
pub(super) fn sentence(gate: &Gate, offence: &Offence, place: &str, column: &str) -> String {
    let text = match (&offence.message, &gate.message_fr) {
        (Some(message), _) => message.clone(),
        (None, Some(template)) => fill(template, offence, place, column),
        (None, None) => fill("{place}, {day}, {column} : {found} ; {expected}", offence, place, column),
    };
    french::typography(&text)
}

/// The sentence about all rows.
pub(super) fn summary(gate: &Gate, first: &str, count: u64) -> String {
    match &gate.summary_fr {
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        Some(template) => french::typography(&template.replace("{count}", &french::number(count as f64, 0))),
        None => first.to_owned(),
    }
}

fn fill(template: &str, offence: &Offence, place: &str, column: &str) -> String {
    let mut text = template.to_owned();
    let day = offence.day.map(french::date).unwrap_or_default();
    for (name, value) in [("{place}", place), ("{day}", &day), ("{column}", column)] {
        if value.is_empty() {
            text = text.replace(&format!(", {name}"), "").replace(&format!("{name}, "), "");
        }
        text = text.replace(name, value);
    }
    let said = |value: &Option<Found>| value.as_ref().map(cell).unwrap_or_default();
    french::capital(
        &text.replace("{found}", &said(&offence.found)).replace("{expected}", &said(&offence.expected)),
    )
}

/// A number as readers write it, a text as it stands.
pub(super) fn cell(value: &Found) -> String {
    match value {
        Found::Number(number) if number.fract().abs() < 1e-9 => french::number(*number, 0),
        Found::Number(number) if number.abs() < 10.0 => french::number(*number, 3),
        Found::Number(number) => french::number(*number, 1),
        Found::Text(text) => text.clone(),
    }
}

/// A key of a source for readers: `31 / antigen` is « Haute-Garonne (31), antigen ».
pub(super) fn key_of(contract: &Contract, key: &str) -> String {
    let names = contract.key_names();
    let is_day = |name: &&String| contract.column(name).is_some_and(|column| column.kind == ColumnType::Date);
    let day = names.iter().find(|name| *name == "time_value" && is_day(name)).or(names.iter().find(is_day));
    let parts = names.iter().filter(|name| Some(*name) != day);
    let said: Vec<String> = key
        .split(KEY_SEPARATOR)
        .zip(parts)
        .map(|(part, name)| {
            let is_department = contract.column(name).is_some_and(|c| c.kind == ColumnType::Department);
            let known = known_departments().get(part).filter(|_| is_department);
            known.map_or_else(|| part.to_owned(), |(place, _)| format!("{place} ({part})"))
        })
        .collect();
    said.join(", ").chars().take(KEY_SHOWN).collect()
}

/// A column of a source for readers.
pub(super) fn column_of(contract: &Contract, name: &str) -> String {
    contract.column(name).map_or_else(|| name.to_owned(), |column| format!("« {} »", column.title_fr))
}

/// A place written `region:76`, for readers.
pub(super) fn place_of(text: &str) -> String {
    let Ok(place) = text.parse::<Place>() else { return text.to_owned() };
    let code = place.code.as_str();
    match place.geo_type {
        GeoType::Department => {
            known_departments().get(code).map_or(code.to_owned(), |(name, _)| format!("{name} ({code})"))
        }
        _ => official_name(&place).unwrap_or(code).to_owned(),
    }
}
