//! One flipped bit in any file of a lake: `vigie verify` names table and file, the other tables stay readable, and a
//! damaged body is never read again as if it were sound.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::drill::Drill;
use super::rng::Rng;
use super::site::Site;
use super::{Check, Options, Tally, ensure, side_by_side};

/// Flips in `make torture`.
const FLIPS: u64 = 400;

/// A table that is read while another one is damaged.
const OTHER: [(&str, &str); 2] = [
    ("er_visits", "select count(*), sum(visits) from er_visits"),
    ("tests", "select count(*), sum(tests) from tests"),
];

pub(crate) fn run(options: &Options) -> Tally {
    let prepared = Drill::prepare().and_then(|drill| {
        let site = Site::copy_of(drill.template());
        drill.heal(&site)?;
        let sound = sound(&site)?;
        Ok((drill, site, sound))
    });
    let (_drill, site, sound) = match prepared {
        Ok(prepared) => prepared,
        Err(fault) => return Tally::failed("the undisturbed drill", fault),
    };
    let mut rng = Rng::new(options.seed, "flips");
    let kinds = kinds(&site.lake());
    let flips = options.rounds.unwrap_or(if options.long { 10 * FLIPS } else { FLIPS });
    let names: Vec<&String> = kinds.keys().collect();
    let cases: Vec<(PathBuf, u64, String)> = (0..flips)
        .map(|_| {
            let kind = *rng.pick(&names);
            (rng.pick(&kinds[kind]).clone(), rng.next(), kind.clone())
        })
        .collect();
    let counts: Mutex<Counts> = Mutex::default();
    // Two lakes: in each of them one file is damaged at a time, and mended after.
    let sites = Mutex::new(vec![Site::copy_of(&site), Site::copy_of(&site)]);
    let mut flipped = side_by_side(
        2,
        &cases,
        |(path, draw, _)| format!("{} (draw {draw})", path.display()),
        |(path, draw, kind)| {
            let site = sites.lock().unwrap().pop().ok_or("no lake is free")?;
            let outcome = flip(&site, path, *draw, kind, &sound, &counts);
            sites.lock().unwrap().push(site);
            outcome
        },
    );
    let counts = counts.into_inner().unwrap();
    flipped.notes.push(format!(
        "files by kind: {:?}",
        kinds.iter().map(|(k, v)| (k.as_str(), v.len())).collect::<Vec<_>>()
    ));
    flipped.notes.push(format!(
        "a query of the damaged table refused {} times, told the sound values {} times, others {} times{}",
        counts.refused, counts.same, counts.silent, counts.example
    ));
    flipped
}

#[derive(Default)]
struct Counts {
    refused: u64,
    same: u64,
    silent: u64,
    example: String,
}

/// What every table says when all is well, and a fetch of each body.
struct Sound {
    tables: BTreeMap<String, String>,
    fetches: BTreeMap<String, String>,
}

fn sound(site: &Site) -> Check<Sound> {
    let mut tables = BTreeMap::new();
    for kind in kinds(&site.lake()).into_keys().filter(|kind| !kind.starts_with("raw")) {
        tables.insert(kind.clone(), whole(site, &kind)?);
    }
    let mut fetches = BTreeMap::new();
    for row in site.sql("select fetch_id, sha256 from fetches where sha256 is not null")? {
        let of = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        fetches.insert(of("sha256"), of("fetch_id"));
    }
    Ok(Sound { tables, fetches })
}

/// Every version of a table, as text.
fn whole(site: &Site, table: &str) -> Check<String> {
    let versioned = site.run(&["sql", "--format", "csv", &format!("select * from {table}_versions")])?;
    let rows = match versioned.code {
        Some(0) => versioned,
        _ => site.run(&["sql", "--format", "csv", &format!("select * from {table}")])?,
    };
    let rows = rows.ok()?;
    let mut lines: Vec<&str> = rows.lines().collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}

/// Files of a lake by kind: bodies, and the tables.
fn kinds(lake: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for part in ["raw", "tables"] {
        for folder in std::fs::read_dir(lake.join(part)).into_iter().flatten().flatten() {
            for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let name = file.file_name().to_string_lossy().into_owned();
                if !name.starts_with('.') {
                    let kind = folder.file_name().to_string_lossy().into_owned();
                    let kind = if part == "raw" { format!("raw/{kind}") } else { kind };
                    kinds.entry(kind).or_default().push(file.path().strip_prefix(lake).unwrap().to_owned());
                }
            }
        }
    }
    for files in kinds.values_mut() {
        files.sort();
    }
    kinds
}

/// Flips one bit, looks, and mends.
fn flip(site: &Site, file: &Path, draw: u64, kind: &str, sound: &Sound, counts: &Mutex<Counts>) -> Check {
    let path = site.lake().join(file);
    let mut bytes = std::fs::read(&path).map_err(|fault| fault.to_string())?;
    let bit = draw % (bytes.len() as u64 * 8);
    let at = usize::try_from(bit / 8).unwrap();
    bytes[at] ^= 1 << (bit % 8);
    std::fs::write(&path, &bytes).map_err(|fault| fault.to_string())?;
    let outcome = look(site, file, kind, sound, counts, &format!("byte {at} of {}", bytes.len()));
    bytes[at] ^= 1 << (bit % 8);
    std::fs::write(&path, &bytes).map_err(|fault| fault.to_string())?;
    outcome.map_err(|fault| format!("byte {at} of {}: {fault}", bytes.len()))
}

fn look(site: &Site, file: &Path, kind: &str, sound: &Sound, counts: &Mutex<Counts>, place: &str) -> Check {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let ended = site.run(&["verify"])?;
    let said = format!("{}{}", ended.out, ended.err);
    ensure!(ended.code == Some(1), "vigie verify: exit {:?}: {said}", ended.code);
    let named = said.lines().any(|line| line.contains(&*name) && line.contains(kind));
    ensure!(named, "vigie verify does not name {kind} and {name}: {said}");
    if kind == "raw/vocabulary" {
        // Kept by bulletins, not by fetches.
    } else if let Some(source) = kind.strip_prefix("raw/") {
        let sha256 = name.trim_end_matches(".zst");
        let id = sound.fetches.get(sha256).ok_or(format!("no fetch of {source} {sha256}"))?;
        let ended = site.run(&["--json", "findings", "replay", id])?;
        ensure!(ended.code != Some(0), "a damaged body was read again: {}", ended.out);
    } else {
        let found = whole(site, kind);
        let mut counts = counts.lock().unwrap();
        match found {
            Err(_) => counts.refused += 1,
            Ok(text) if text == sound.tables[kind] => counts.same += 1,
            Ok(_) => {
                counts.silent += 1;
                counts.example = format!(", the last time for {} ({place})", file.display());
            }
        }
    }
    let (other, query) = if kind == OTHER[0].0 { OTHER[1] } else { OTHER[0] };
    // The table of fetches is read by whoever opens the lake.
    if kind != "fetches" {
        site.sql(query).map_err(|fault| format!("{other} cannot be read: {fault}"))?;
    }
    Ok(())
}
