//! A disk that is full, at fifty sizes: a clean error, the data that are there stay readable, and work goes on when there
//! is room again.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use super::drill::{Drill, EDITIONS};
use super::site::Site;
use super::{Check, Options, Tally, ensure, feeds, side_by_side};

/// Sizes tried.
const SIZES: u64 = 50;

pub(crate) fn run(options: &Options) -> Tally {
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(fault) => return Tally::skipped(&fault.to_string()),
    };
    if mount(folder.path(), 64).is_err() {
        return in_a_namespace(options);
    }
    unmount(folder.path());
    let drill = match Drill::prepare() {
        Ok(drill) => drill,
        Err(fault) => return Tally::failed("the undisturbed drill", fault),
    };
    let need = match need(&drill, folder.path()) {
        Ok(need) => need,
        Err(fault) => return Tally::failed("the drill on a disk with room", fault),
    };
    let sizes = options.rounds.unwrap_or(SIZES).max(2);
    // From a disk that holds next to nothing to one that just holds everything.
    let kibs: Vec<u64> = (1..=sizes).map(|at| (need * 105 / 100) * at / sizes).collect();
    let hit = AtomicU64::new(0);
    let mut tally = side_by_side(
        2,
        &kibs,
        |kib| format!("{kib} KiB"),
        |kib| {
            let disk = tempfile::tempdir().map_err(|fault| fault.to_string())?;
            mount(disk.path(), *kib)?;
            let outcome = fill(&drill, disk.path());
            unmount(disk.path());
            hit.fetch_add(u64::from(outcome?), Ordering::Relaxed);
            Ok(())
        },
    );
    let hit = hit.into_inner();
    tally.notes.push(format!("the drill needs {need} KiB; {hit} of {sizes} disks were too small for it"));
    tally
}

/// The same in a user namespace of its own, where a user may mount.
fn in_a_namespace(options: &Options) -> Tally {
    let inside = std::env::var_os("TORTURE_NAMESPACE").is_some();
    let me = std::env::current_exe();
    let (false, Ok(me)) = (inside, me) else {
        return Tally::skipped("no file system can be mounted here, as root or with `unshare -rm`");
    };
    let mut command = Command::new("unshare");
    command.args(["-rm", "--"]).arg(me).args(["full", "--seed", &options.seed.to_string()]);
    command.arg("--vigie").arg(super::site::binary()).env("TORTURE_NAMESPACE", "1");
    if let Some(rounds) = options.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    let Ok(output) = command.output() else {
        return Tally::skipped("no file system can be mounted here: `unshare` is missing");
    };
    let mut tally = Tally::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(failure) = line.trim().strip_prefix("FAILED ") {
            tally.failures.push(failure.to_owned());
        } else if let Some(counts) = line.strip_prefix("full ") {
            tally.cases = counts.split('|').nth(1).and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        } else if line.starts_with("  ") {
            tally.notes.push(line.trim().to_owned());
        }
    }
    tally
}

fn mount(folder: &Path, kib: u64) -> Check {
    let size = format!("size={}k", kib.max(4));
    let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
    let output = output.map_err(|fault| fault.to_string())?;
    ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn grow(folder: &Path) -> Check {
    let output = Command::new("mount").args(["-o", "remount,size=512m"]).arg(folder).output();
    let output = output.map_err(|fault| fault.to_string())?;
    ensure!(output.status.success(), "remount: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn unmount(folder: &Path) {
    let _ = Command::new("umount").arg("-l").arg(folder).status();
}

/// What is done on the small disk, from an empty lake on.
fn work(drill: &Drill) -> Check<Vec<(&'static str, Vec<String>)>> {
    let mut work = Vec::new();
    for edition in [0, 1] {
        for source in feeds::SOURCES {
            work.push(("fetch", drill.load_words(source, edition)?));
        }
    }
    work.push(("build", vec!["build".into(), "--as-of".into(), feeds::issued(1).to_string()]));
    work.extend(drill.steps());
    Ok(work)
}

/// KiB that the work takes on a disk with room.
fn need(drill: &Drill, folder: &Path) -> Check<u64> {
    mount(folder, 512 << 10)?;
    let measured = || -> Check<u64> {
        let site = Site::new_in(folder);
        for (name, words) in work(drill)? {
            let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
            ensure!(ended.code == Some(0), "{name}: exit {:?}: {}{}", ended.code, ended.out, ended.err);
        }
        let output = Command::new("du").arg("-sk").arg(folder).output().map_err(|fault| fault.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().next().and_then(|n| n.parse().ok()).ok_or(format!("du: {text}"))
    };
    let need = measured();
    unmount(folder);
    need
}

/// Works until the disk is full, then makes room; whether it was ever full.
fn fill(drill: &Drill, folder: &Path) -> Check<bool> {
    let site = Site::new_in(folder);
    let work = work(drill)?;
    let mut known: Vec<(&str, String)> = Vec::new();
    let mut full = None;
    for (name, words) in &work {
        let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        if ended.code == Some(0) {
            if *name == "fetch" {
                let source =
                    feeds::SOURCES.into_iter().find(|source| words[2] == *source).unwrap_or_default();
                known.retain(|(other, _)| *other != source);
                known.push((source, words[6].clone()));
            }
            continue;
        }
        let said = format!("{}{}", ended.out, ended.err).to_lowercase();
        let clear =
            ["no space left", "space", "espace", "storage", "disk"].iter().any(|word| said.contains(word));
        ensure!(ended.code.is_some() && clear, "{name} on a full disk: exit {:?}: {said}", ended.code);
        full = Some(*name);
        break;
    }
    if let Some(name) = full {
        // Reading needs no room.
        if !known.is_empty() {
            // A commit that was interrupted waits for room to be recorded; nothing else may be amiss.
            let ended = site.run(&["verify"])?;
            let waits = ended.out.lines().rev().skip(1).all(|line| line.contains("have no row in fetches"));
            ensure!(
                ended.code == Some(0) || (ended.code == Some(1) && waits && ended.out.contains("1 problems")),
                "while full (in {name}): vigie verify: exit {:?}: {}{}",
                ended.code,
                ended.out,
                ended.err
            );
        }
        for (source, time) in &known {
            let found = site.content(source, Some(time)).map_err(|fault| format!("while full: {fault}"))?;
            ensure!(
                found == drill.calm.content(source, Some(time))?,
                "{source} as of {time} reads otherwise while the disk is full"
            );
        }
    }
    grow(folder)?;
    for (name, words) in &work {
        let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        let stale = ended.out.contains("\"stale\""); // an edition that was applied and replaced before the disk was full
        ensure!(
            ended.code == Some(0) || stale,
            "{name} with room again: exit {:?}: {}{}",
            ended.code,
            ended.out,
            ended.err
        );
    }
    site.verify()?;
    for source in feeds::SOURCES {
        for edition in EDITIONS {
            let time = feeds::issued(edition).to_string();
            let (found, expected) =
                (site.content(source, Some(&time))?, drill.calm.content(source, Some(&time))?);
            ensure!(found == expected, "{source} as of {time} differs from the undisturbed lake");
        }
    }
    Ok(full.is_some())
}
