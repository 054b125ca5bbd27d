//! `vigie purge-secrets`: takes passwords and keys out of a lake that an earlier version wrote them into.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use serde::Serialize;
use vigie_ingest::redact::{Secrets, redact};
use vigie_store::{TableSpec, tables};

use crate::bundle;
use crate::cli::{Global, PurgeSecrets};
use crate::clock::now;
use crate::config::secret::SecretPlace;
use crate::config::source::several;
use crate::error::Error;
use crate::files::sha256_hex;
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// Folder of the vocabularies kept with bulletins, among the raw bodies.
const VOCABULARY: &str = crate::bulletins::published::KEPT;

#[derive(Debug, Default, Serialize)]
struct Purged {
    /// Files of tables written anew.
    files: u64,
    /// Cells and footers that held a secret.
    texts: u64,
    /// Bodies written anew.
    bodies: u64,
    /// Bodies that hold a secret inside an archive, which cannot be written anew.
    left: Vec<String>,
    /// Tables of sources that the vocabulary does not know any more: left as they are when they hold a secret.
    unknown_tables: Vec<String>,
}

/// Takes out secrets in addresses, those of the configuration, and those given.
pub(super) async fn run(global: &Global, options: &PurgeSecrets) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let secrets = secrets(&room, &options.secret_files)?;
    let began = now();
    let mut purged = Purged::default();
    // The bodies first, under new names; the old ones go when no row names them any more. Begun again after a stop, it
    // finds the same ones.
    let renamed = bodies(&room, &secrets, &mut purged, options.dry_run)?;
    let change = |text: &str| {
        let mut clean = secrets.clean(text);
        for ((_, old), new) in &renamed {
            if clean.contains(old.as_str()) {
                clean = clean.replace(old.as_str(), new);
            }
        }
        (clean != text).then_some(clean)
    };
    let rewritten = room.lake.rewrite_texts(&room.tables(), &change, options.dry_run).await?;
    purged.files = rewritten.files;
    purged.texts = rewritten.texts;
    purged.unknown_tables = rewritten.unknown_tables;
    if !options.dry_run {
        for (source, old) in renamed.keys() {
            room.lake.remove_body(source, old)?;
        }
        record(&room, options, &purged, began).await?;
    }
    if global.json {
        print_json(&purged)?;
    } else {
        tell(&purged, options.dry_run);
    }
    Ok(u8::from(!purged.left.is_empty() || !purged.unknown_tables.is_empty()))
}

/// What is looked for by value: the secrets of the configuration, and the lines of files.
fn secrets(room: &Room, files: &[PathBuf]) -> Result<Secrets, Error> {
    let mut secrets = Secrets::default();
    for contract in room.vocabulary.contracts() {
        let source = room.config.sources.get(contract.name()).cloned().unwrap_or_default();
        let Some(url) = room.url(contract) else { continue };
        for url in several(&url) {
            // A secret whose file is gone cannot be looked for; those in the address can.
            let access = source.access(url).unwrap_or_else(|_| vigie_ingest::Access::of_address(url));
            for form in access.secrets().forms() {
                secrets.add(form);
            }
        }
    }
    for file in files {
        let place = SecretPlace::File(file.clone());
        let text = place.read_whole().map_err(Error::Usage)?;
        let lines: Vec<&str> = text.expose().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if let Some(short) = lines.iter().find(|line| line.len() < Secrets::VALUE_MIN) {
            return Err(Error::Usage(format!(
                "{}: a line of {} characters would be found everywhere; secrets of at least {} are looked for",
                file.display(),
                short.len(),
                Secrets::VALUE_MIN
            )));
        }
        lines.into_iter().for_each(|line| secrets.add(line));
    }
    Ok(secrets)
}

/// Bodies written anew, by source and old hash.
fn bodies(
    room: &Room,
    secrets: &Secrets,
    purged: &mut Purged,
    dry_run: bool,
) -> Result<BTreeMap<(String, String), String>, Error> {
    let spool = room.lake.spool();
    let disk = |source| Error::Write { path: spool.clone(), source };
    let mut renamed = BTreeMap::new();
    for (source, sha256) in room.lake.bodies()? {
        let unpacked = tempfile::NamedTempFile::new_in(&spool).map_err(disk)?;
        // A damaged body is for `vigie verify` to tell.
        if let Err(fault) = room.lake.body(&source, &sha256, unpacked.path()) {
            tracing::warn!(source, sha256, error = %fault, "a body cannot be looked into");
            continue;
        }
        let clean = if source == VOCABULARY {
            let bytes = std::fs::read(unpacked.path()).map_err(disk)?;
            vocabulary(&bytes, secrets)
        } else {
            let mut clean = tempfile::NamedTempFile::new_in(&spool).map_err(disk)?;
            let found = secrets.clean_body(unpacked.path(), &mut clean).map_err(disk)?;
            (found > 0).then_some(Clean::File(clean))
        };
        let Some(clean) = clean else { continue };
        if source != VOCABULARY && is_archive(unpacked.path()) {
            purged.left.push(format!("{source} {sha256}"));
            continue;
        }
        purged.bodies += 1;
        let file = clean.into_file(&spool).map_err(disk)?;
        let new = sha256_of(file.path()).map_err(disk)?;
        if !dry_run {
            room.lake.keep_body(&source, file.path(), &new)?;
        }
        renamed.insert((source, sha256), new);
    }
    Ok(renamed)
}

/// A body without its secrets.
enum Clean {
    File(tempfile::NamedTempFile),
    Bytes(Vec<u8>),
}

impl Clean {
    fn into_file(self, spool: &std::path::Path) -> std::io::Result<tempfile::NamedTempFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Bytes(bytes) => {
                use std::io::Write as _;
                let mut file = tempfile::NamedTempFile::new_in(spool)?;
                file.write_all(&bytes)?;
                Ok(file)
            }
        }
    }
}

/// A vocabulary whose files hold no secret any more; none when they held none.
fn vocabulary(bytes: &[u8], secrets: &Secrets) -> Option<Clean> {
    let mut files = bundle::unpack(bytes).ok()?;
    let mut changed = false;
    for body in files.values_mut() {
        let Ok(text) = std::str::from_utf8(body) else { continue };
        let clean = secrets.clean(text);
        if clean != text {
            *body = clean.into_bytes();
            changed = true;
        }
    }
    if changed { bundle::pack(&files).ok().map(Clean::Bytes) } else { None }
}

fn is_archive(path: &std::path::Path) -> bool {
    let mut head = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == *b"PK\x03\x04"
}

fn sha256_of(path: &std::path::Path) -> std::io::Result<String> {
    Ok(sha256_hex(&std::fs::read(path)?))
}

/// Who did it, when and why, as a run of the watch-room.
async fn record(
    room: &Room,
    options: &PurgeSecrets,
    purged: &Purged,
    began: jiff::Timestamp,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Run<'a> {
        run_id: String,
        job: &'a str,
        scheduled_for: jiff::Timestamp,
        started_at: jiff::Timestamp,
        ended_at: jiff::Timestamp,
        outcome: &'a str,
        message: String,
        caught_up: bool,
    }
    let job = "purge-secrets";
    let row = Run {
        run_id: vigie_store::fetch_id(job, began, ""),
        job,
        scheduled_for: began,
        started_at: began,
        ended_at: now(),
        outcome: "ok",
        message: format!("Par {} : {} ({}).", options.by, redact(&options.reason), summary(purged)),
        caught_up: false,
    };
    let spec: TableSpec = tables::runs();
    let batch = rows::batch(&spec.schema, &[row])?;
    Ok(room.lake.append(&spec, &[batch], now(), &vigie_store::fetch_id(job, began, "")).await?)
}

fn summary(purged: &Purged) -> String {
    format!(
        "{} textes dans {} fichiers de tables, {} fichiers reçus ou vocabulaires",
        purged.texts, purged.files, purged.bodies
    )
}

fn tell(purged: &Purged, dry_run: bool) {
    let verb = if dry_run { "would be cleared" } else { "cleared" };
    println!("{} texts in {} files of tables, {} bodies {verb}", purged.texts, purged.files, purged.bodies);
    for body in &purged.left {
        println!(
            "left: {body} holds a secret inside an archive; remove the body by hand, or ask the partner for another"
        );
    }
    for table in &purged.unknown_tables {
        println!(
            "left: the table {table} holds a secret, and no contract describes it any more; put its contract back, and run this again"
        );
    }
    if !dry_run && purged.texts + purged.bodies > 0 {
        println!(
            "`vigie verify` checks the lake; backups follow at their next run; change the passwords that were kept"
        );
    }
}
