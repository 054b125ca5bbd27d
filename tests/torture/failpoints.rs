//! A crash at every named step of the path, each mended at the next start without a person.

use std::collections::BTreeSet;
use std::path::Path;

use super::drill::Drill;
use super::site::Site;
use super::{Check, Options, Tally, ensure, side_by_side};

pub(crate) fn run(options: &Options) -> Tally {
    let mut tally = Tally::default();
    let drill = match Drill::prepare() {
        Ok(drill) => drill,
        Err(fault) => return Tally::failed("the undisturbed drill", fault),
    };
    let names = names();
    if names.len() < 9 {
        tally.case("the list of steps", Err(format!("only {names:?} found in the sources")));
        return tally;
    }
    // The second and the third time that the path comes by, too: other tables, other files.
    let turns: &[u32] = if options.long { &[1, 2, 3] } else { &[1] };
    let mut cases: Vec<String> = names
        .iter()
        .flat_map(|name| {
            turns.iter().map(move |turn| if *turn == 1 { name.clone() } else { format!("{name}:{turn}") })
        })
        .collect();
    // The steps of a migration, on a lake as the version before marks left it.
    let migrated = names.iter().filter(|name| name.starts_with("format-") || name.starts_with("merge-"));
    cases.extend(migrated.flat_map(|name| [1, 2, 5].map(|turn| format!("{MIGRATE}{name}:{turn}"))));
    side_by_side(2, &cases, Clone::clone, |step| crash_at(&drill, step))
}

/// Before the name of a step that is tried in a migration.
const MIGRATE: &str = "migrate ";

/// Names of the steps, as the sources of this very binary call them: the list cannot fall behind.
fn names() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    let mut folders = vec![root.join("store/src"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for part in text.split("step(\"").skip(1) {
                if let Some((name, _)) = part.split_once('"') {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names.remove("body-removed"); // a purge of secrets: tests/purge.rs stops it at each of its steps
    names
}

/// Runs the drill until the process dies at the step, then everything again.
fn crash_at(drill: &Drill, case: &str) -> Check {
    let (step, migrates) = case.strip_prefix(MIGRATE).map_or((case, false), |step| (step, true));
    let mut site = Site::copy_of(drill.template());
    if migrates || step.starts_with("format-") {
        std::fs::remove_file(site.lake().join("FORMAT")).map_err(|fault| format!("FORMAT: {fault}"))?;
    }
    let backup = site.folder().join("kept");
    let restored = site.folder().join("restored");
    let mut steps: Vec<Vec<String>> = drill.steps().into_iter().map(|(_, words)| words).collect();
    steps.push(steps[0].clone()); // the same edition once more: a fetch that changes nothing
    let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if migrates {
        steps = vec![words(&["migrate"])];
    }
    if step.starts_with("backup-") || step.starts_with("restore-") {
        steps = vec![
            words(&["backup", backup.to_str().unwrap()]),
            words(&["--lake", restored.to_str().unwrap(), "restore", backup.to_str().unwrap()]),
        ];
    }
    site.set("VIGIE_CRASH_AT", step);
    let mut died = None;
    for words in &steps {
        let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        if ended.code.is_none() {
            died = Some(words.clone());
            break;
        }
        ensure!(ended.code == Some(0), "{words:?}: exit {:?}: {}{}", ended.code, ended.out, ended.err);
    }
    let Some(died) = died else {
        // A later turn that the path never takes is no failure; a step that it never takes is.
        ensure!(step.contains(':'), "no command of the drill comes to this step");
        return Ok(());
    };
    site.set("VIGIE_CRASH_AT", "");
    site.verify().map_err(|fault| format!("after a crash in {:?}: {fault}", died.first()))?;
    if step.starts_with("backup-") || step.starts_with("restore-") {
        for words in &steps {
            let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
            ensure!(
                ended.code == Some(0),
                "{words:?} again: exit {:?}: {}{}",
                ended.code,
                ended.out,
                ended.err
            );
        }
        let lake = restored.to_str().unwrap();
        return site.run(&["--lake", lake, "verify"])?.ok().map(|_| ());
    }
    drill.heal(&site)
}
