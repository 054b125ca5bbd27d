//! `vigie vocabulary`: the files that contracts, queries, rules and layouts are, built in or of the agency's own.

use std::collections::BTreeMap;

use serde::Serialize;
use vigie_queries::{Vocabulary, nearest};

use crate::cli::Global;
use crate::config::theme;
use crate::error::Error;
use crate::output::print_json;
use crate::room::{Settings, settings};

#[derive(Serialize)]
struct Listed<'a> {
    kind: &'a str,
    name: &'a str,
    file: &'a str,
    title_fr: String,
    /// `built-in` or `own`.
    origin: &'static str,
}

/// Lists files, those of one kind or all.
pub(super) fn list(global: &Global, kind: Option<&str>) -> Result<u8, Error> {
    let Settings { config, vocabulary, .. } = settings(global)?;
    let own = config.theme.as_deref().map(theme::read).transpose()?.unwrap_or_default();
    let files = files(&vocabulary, &own);
    let mut kinds: Vec<&str> = files.keys().filter_map(|file| file.split('/').next()).collect();
    kinds.dedup();
    if let Some(kind) = kind
        && !kinds.contains(&kind)
    {
        return Err(Error::Usage(format!("no kind is named {kind:?}; known: {}", kinds.join(", "))));
    }
    let listed: Vec<Listed<'_>> = files
        .iter()
        .filter(|(file, _)| kind.is_none_or(|kind| file.split('/').next() == Some(kind)))
        .map(|(file, (text, is_own))| {
            let (kind, name) = file.split_once('/').unwrap_or(("", file));
            Listed {
                kind,
                name: stem(kind, name),
                file,
                title_fr: title(text),
                origin: if *is_own { "own" } else { "built-in" },
            }
        })
        .collect();
    if global.json {
        print_json(&listed)?;
        return Ok(0);
    }
    for of_kind in listed.chunk_by(|one, other| one.kind == other.kind) {
        println!("{}", of_kind[0].kind);
        for one in of_kind {
            let own = if one.origin == "own" { " (own)" } else { "" };
            println!("  {:<34} {}{own}", one.name, one.title_fr);
        }
    }
    Ok(0)
}

/// Prints one file as it is.
pub(super) fn show(global: &Global, name: &str) -> Result<u8, Error> {
    use std::io::Write as _;
    let Settings { config, vocabulary, .. } = settings(global)?;
    let own = config.theme.as_deref().map(theme::read).transpose()?.unwrap_or_default();
    let files = files(&vocabulary, &own);
    let is_it = |file: &str| {
        let (kind, inside) = file.split_once('/').unwrap_or(("", file));
        let stem = stem(kind, inside);
        name == file || name == inside || name == stem || name == format!("{kind}/{stem}")
    };
    let found: Vec<&str> = files.keys().copied().filter(|file| is_it(file)).collect();
    let [file] = found.as_slice() else {
        if found.is_empty() {
            let names =
                files.keys().map(|file| file.split_once('/').map_or(*file, |(kind, name)| stem(kind, name)));
            let meant =
                nearest(name, names).map(|meant| format!("; was {meant:?} meant?")).unwrap_or_default();
            return Err(Error::Usage(format!(
                "nothing of the vocabulary is named {name:?}{meant} (`vigie vocabulary list` names all)"
            )));
        }
        return Err(Error::Usage(format!(
            "{name:?} is the name of several files; give one of {}",
            found.join(", ")
        )));
    };
    let failed = |source| Error::Write { path: "standard output".into(), source };
    let Some((body, _)) = files.get(file) else { return Ok(1) };
    match std::io::stdout().write_all(body) {
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        written => written.map(|()| 0).map_err(failed),
    }
}

/// Every file by `kind/name`, and whether it is the agency's own.
fn files<'a>(
    vocabulary: &'a Vocabulary,
    own: &'a vigie_reports::input::Theme,
) -> BTreeMap<&'a str, (&'a [u8], bool)> {
    let mut files: BTreeMap<&str, (&[u8], bool)> = vocabulary
        .every_file()
        .into_iter()
        .map(|(file, body)| (file, (body, vocabulary.is_own(file))))
        .collect();
    let neutral = [
        ("theme/bulletin.typ", &own.template, vigie_reports::TEMPLATE),
        ("theme/bulletin.css", &own.style, vigie_reports::STYLE),
    ];
    for (file, own, built_in) in neutral {
        let body = own.as_deref().unwrap_or(built_in).as_bytes();
        files.insert(file, (body, own.is_some()));
    }
    files
}

/// The name without its ending; a file of a kind with several endings keeps it.
fn stem<'a>(kind: &str, name: &'a str) -> &'a str {
    match kind {
        "theme" | "reference" => name,
        _ => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
    }
}

/// The title in the header of a file, where it has one.
fn title(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let line = text.lines().take(40).find(|line| line.starts_with("title_fr"));
    let value = line.and_then(|line| line.split_once('=')).map(|(_, value)| value.trim().trim_matches('"'));
    value.unwrap_or_default().to_owned()
}
