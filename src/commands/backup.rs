//! `vigie backup` and `vigie restore`: a checked copy of the lake elsewhere, and back.

use std::path::Path;

use vigie_store::Lake;

use crate::cli::Global;
use crate::commands::progress;
use crate::error::Error;
use crate::output::print_json;
use crate::room::{Room, Settings, Talk, settings};

/// Brings a backup up to date.
pub(super) async fn run(global: &Global, folder: &Path) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let (lake, to) = (room.lake.clone(), folder.to_owned());
    let life = progress::spinner(room.talk, "copying");
    let made = tokio::task::spawn_blocking(move || lake.backup(&to)).await;
    life.finish_and_clear();
    let made = made.map_err(|panic| Error::Failed(format!("the backup ended badly: {panic}")))??;
    if global.json {
        print_json(&made)?;
    } else {
        println!(
            "{}: {} files, {} MB, everything recorded up to {}; {} files copied, {} removed",
            folder.display(),
            made.files,
            made.bytes / 1_000_000,
            made.settled,
            made.files_copied,
            made.files_removed
        );
    }
    Ok(0)
}

/// Makes the lake of `--lake`, or of the configuration, from a backup.
pub(super) async fn restore(global: &Global, folder: &Path) -> Result<u8, Error> {
    let Settings { config, file, .. } = settings(global)?;
    if file.is_none() && global.lake.is_none() {
        return Err(Error::Usage("no lake is named: give --lake DIR, a new folder".into()));
    }
    let (from, to) = (folder.to_owned(), config.lake.clone());
    let life = progress::spinner(Talk::new(global), "copying and checking");
    let made = tokio::task::spawn_blocking(move || Lake::restore(&from, &to)).await;
    life.finish_and_clear();
    let made = made.map_err(|panic| Error::Failed(format!("the restore ended badly: {panic}")))??;
    if global.json {
        print_json(&made)?;
    } else {
        println!(
            "{}: {} files, {} MB, {} rows, everything recorded up to {}: no damage",
            config.lake.display(),
            made.files,
            made.bytes / 1_000_000,
            made.verified.rows,
            made.settled
        );
    }
    Ok(0)
}
