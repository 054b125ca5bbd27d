//! The rooms of `src/` and their floors: data flows one way, so no file asks a room above its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the ground up; rooms of one line stand on one floor and may not ask each other. ARCHITECTURE.md shows the same list.
const FLOORS: [&[&str]; 13] = [
    &["bundle", "clock", "pipe", "service_note", "timetable"],
    &["error"],
    &["calendar", "files", "output", "rows", "stop"],
    &["cli", "config"],
    &["room"],
    &["acknowledgements", "gates", "runs"],
    &["fetch"],
    &["build"],
    &["bulletins", "sql"],
    &["delivery", "open_data"],
    &["schedule"],
    &["commands"],
    &["lib", "main"],
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The room of a file: the folder or file under `src/`.
fn room(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn no_file_asks_a_room_above_its_own() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floors: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (*room, floor)))
        .collect();
    let mut found = Vec::new();
    files(&src, &mut found);
    assert!(found.len() > 60, "{} files", found.len());
    let mut upwards = Vec::new();
    for path in found {
        let own = room(&path, &src);
        let floor = *floors.get(own.as_str()).unwrap_or_else(|| panic!("{own} stands on no floor"));
        let text = std::fs::read_to_string(&path).unwrap();
        for asked in text.split("crate::").skip(1) {
            let asked: String = asked.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let Some(other) = floors.get(asked.as_str()) else { continue };
            if asked != own && *other >= floor {
                upwards.push(format!("{}: {own} asks {asked}", path.strip_prefix(&src).unwrap().display()));
            }
        }
        // `use crate::{a, b}` hides rooms from this test.
        assert!(!text.contains("use crate::{"), "{}", path.display());
    }
    upwards.sort();
    upwards.dedup();
    assert!(upwards.is_empty(), "{}", upwards.join("\n"));
}
