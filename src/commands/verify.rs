//! `vigie verify`, `vigie compact` and `vigie migrate`: the state of the files.

use vigie_store::Lake;

use crate::cli::Global;
use crate::clock::now;
use crate::commands::progress;
use crate::error::Error;
use crate::output::print_json;
use crate::room::{Room, Talk, settings};

/// Re-reads every file; exit code 1 when one is damaged.
pub(super) async fn run(global: &Global) -> Result<u8, Error> {
    use vigie_store::Error::{Damaged, DamagedBackup, Parquet};
    let lake = match Room::open(global) {
        Ok(room) => room.lake,
        // What cannot be mended can still be looked at.
        Err(Error::Store(Damaged { .. } | DamagedBackup { .. } | Parquet { .. })) => {
            Lake::open_as_it_is(&settings(global)?.config.lake)?
        }
        Err(fault) => return Err(fault),
    };
    let life = progress::spinner(Talk::new(global), "reading every file");
    let report = tokio::task::spawn_blocking(move || lake.verify()).await;
    life.finish_and_clear();
    let report = report.map_err(|panic| Error::Failed(format!("the check ended badly: {panic}")))??;
    if global.json {
        print_json(&report)?;
    } else {
        for problem in &report.problems {
            println!("{}: {}: {}", problem.table, problem.file.display(), problem.what);
        }
        println!(
            "{} raw bodies, {} files, {} rows read: {}",
            report.bodies,
            report.files,
            report.rows,
            if report.problems.is_empty() {
                "no damage".to_owned()
            } else {
                format!("{} problems", report.problems.len())
            }
        );
    }
    Ok(u8::from(!report.problems.is_empty()))
}

/// Merges the files of days, months and years that are over.
pub(super) async fn compact(global: &Global) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let merged = room.lake.compact(&room.tables(), now()).await?;
    for merge in &merged {
        println!("{} {}: {} files became one of {} rows", merge.table, merge.period, merge.files, merge.rows);
    }
    if merged.is_empty() {
        room.talk.say("nothing to merge");
    }
    Ok(0)
}

/// Brings a lake of an earlier version to the format of this one, its files merged; or says what that would do.
pub(super) async fn migrate(global: &Global, dry_run: bool) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let (lake, tables) = (&room.lake, room.tables());
    let (from, to) = (lake.format()?, Lake::NEWEST_FORMAT);
    if !dry_run {
        lake.migrate()?;
        compact(global).await?;
        println!("{}: format {} (it had {from})", lake.root().display(), lake.format()?);
        return Ok(0);
    }
    match from == to {
        true => println!("{}: format {to}, nothing to migrate", lake.root().display()),
        false => println!("{}: format {from} would become {to}", lake.root().display()),
    }
    for (table, period, files) in lake.compaction_due(&tables, now())? {
        println!("{table} {period}: {files} files would become one");
    }
    Ok(0)
}
