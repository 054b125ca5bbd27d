//! Where a body comes from: one address, several, pages, or a folder watched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use vigie_ingest::folder::{self, Dropped};
use vigie_ingest::redact::redact;
use vigie_ingest::{Fetcher, Reply, Validators};
use vigie_queries::Contract;
use vigie_store::{AsOf, FetchRecord};

use super::dated::poll_each;
use super::edition_time::is_believed;
use super::{Origin, Report, Request, blocking, fetch};
use crate::calendar::paris_day;
use crate::config::positive;
use crate::config::source::{By, FOLDER, Folder, Source, Take, several};
use crate::error::Error;
use crate::room::Room;
use crate::rows;

/// Gets the body at an address, or the bodies at several that make one edition.
///
/// Secrets are read now: one that was changed since the last poll is taken.
pub(super) async fn reach(
    room: &Room,
    contract: &Contract,
    url: &str,
    last: Option<&FetchRecord>,
) -> Result<Reply, Error> {
    if let Some(pattern) = url.strip_prefix(FOLDER) {
        // Files that are there were taken before: it is unreadable, or empty.
        folder::list(pattern)?;
        return Err(folder::empty(pattern).into());
    }
    let configured = room.url(contract);
    let source = room.config.sources.get(contract.name()).cloned().unwrap_or_default();
    let source = match &configured {
        // Credentials are for the address they were given with, not for one of `--from`.
        Some(known) if !same_host(known, url) => source.without_credentials(),
        _ => source,
    };
    let spool = room.lake.spool();
    let bytes_max = contract.bounds.bytes_max;
    let urls = several(url);
    let first = urls.first().copied().unwrap_or_default();
    let fetcher = Fetcher::new(source.policy(&room.config.fetch), source.access(first)?)?;
    if urls.len() > 1 {
        return Ok(Reply::Body(fetcher.get_each(&urls, bytes_max, &spool).await?));
    }
    if let Some(paging) = source.paging(contract) {
        return Ok(Reply::Body(fetcher.get_pages(first, &paging, bytes_max, &spool).await?));
    }
    // The first poll of a day asks for the whole body: a server that says `304` of an edition that did change is believed
    // for a day at most.
    let today = paris_day(crate::clock::now());
    let kept = redact(first);
    let validators = last
        .filter(|last| last.url.as_deref() == Some(kept.as_str()) && paris_day(last.recorded_at) == today)
        .filter(|last| is_believed(last))
        .map(|last| Validators { etag: last.etag.clone(), last_modified: last.last_modified.clone() })
        .unwrap_or_default();
    let fetcher = if source.ignores_links() { fetcher.without_links() } else { fetcher };
    Ok(fetcher.get(first, &validators, bytes_max, &spool).await?)
}

fn same_host(known: &str, url: &str) -> bool {
    let host = |url: &str| {
        let (scheme, rest) =
            redact(several(url).first()?).split_once("://").map(|(s, r)| (s.to_owned(), r.to_owned()))?;
        Some((scheme, rest.split(['/', '?', '#']).next().unwrap_or_default().to_lowercase()))
    };
    host(known) == host(url)
}

/// Files of a folder that a poll is about.
#[derive(Debug, Clone)]
pub struct Files {
    /// The address that names them.
    pub pattern: String,
    /// Those that make one edition, oldest first; none when there is nothing new.
    pub files: Vec<Dropped>,
    /// How long they must have been left alone.
    pub quiet: std::time::Duration,
    /// How many there must be.
    pub count: Option<usize>,
}

impl Files {
    /// How the poll calls them in its record.
    pub(super) fn name(&self) -> String {
        match self.files.as_slice() {
            [only] => format!("{FOLDER}{}", only.path.display()),
            _ => format!("{FOLDER}{}", self.pattern),
        }
    }

    /// What tells a single file from another of the same name.
    pub(super) fn version(&self) -> Option<String> {
        match self.files.as_slice() {
            [only] => Some(only.version()),
            _ => None,
        }
    }

    /// Reads them.
    pub(super) async fn read(&self, room: &Room, contract: &Contract) -> Result<Reply, Error> {
        if let Some(expected) = self.count.filter(|expected| self.files.len() != *expected) {
            return Err(folder::incomplete(&self.pattern, self.files.len(), expected).into());
        }
        let (files, quiet) = (self.files.clone(), self.quiet);
        let (bytes_max, spool) = (contract.bounds.bytes_max, room.lake.spool());
        let now = crate::clock::now();
        blocking(move || Ok(Reply::Body(folder::read(&files, now, quiet, bytes_max, &spool)?))).await
    }
}

/// Polls a source: once, or once for each new file of its folder, in order. Never empty.
pub async fn fetch_each(room: &Room, request: Request) -> Vec<Report> {
    let Origin::Url(url) = &request.origin else { return vec![fetch(room, request).await] };
    let Some(pattern) = url.strip_prefix(FOLDER).map(str::to_owned) else {
        return vec![fetch(room, request).await];
    };
    let settings = room.config.sources.get(&request.source).cloned().unwrap_or_default().folder;
    let found = editions(room, &request.source, &pattern, &settings).await;
    let Ok(editions) = found else {
        return vec![fetch(room, request).await]; // which meets the same fault, and tells it
    };
    let mut reports = Vec::new();
    for files in editions {
        let origin = Origin::Files(Files {
            pattern: pattern.clone(),
            files: files.clone(),
            quiet: positive(settings.quiet),
            count: settings.count,
        });
        let report = fetch(room, Request { origin, ..request.clone() }).await;
        let failed = report.outcome == "failed";
        if !failed && let Some(done) = &settings.done {
            for file in &files {
                put_away(&file.path, done, file.modified);
            }
        }
        reports.push(report);
        if failed {
            break; // later files wait for this one
        }
    }
    reports
}

/// Polls a source, and tells all its new files in one report.
pub async fn fetch_source(room: &Room, request: Request) -> Report {
    let source = request.source.clone();
    let mut reports = poll_each(room, request).await;
    let before = reports.len().saturating_sub(1);
    match reports.pop() {
        Some(last) if before == 0 => last,
        Some(last) => {
            Report { message: format!("{} fichiers lus ; du dernier : {}", before + 1, last.message), ..last }
        }
        None => Report::nothing(&source),
    }
}

/// The files to read now, by editions, oldest first; one edition of no file when there is nothing new.
async fn editions(
    room: &Room,
    source: &str,
    pattern: &str,
    settings: &Folder,
) -> Result<Vec<Vec<Dropped>>, Error> {
    let owned = pattern.to_owned();
    let mut files = blocking(move || Ok(folder::list(&owned)?)).await?;
    if settings.by == By::Modified {
        files.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
    }
    if settings.take == Take::All {
        files.sort_by(|a, b| a.path.cmp(&b.path)); // the same files make the same body
        return Ok(vec![files]);
    }
    if settings.take == Take::Newest {
        files.drain(..files.len().saturating_sub(1));
    }
    let read = already_read(room, source, &files).await?;
    let (known, new): (Vec<Dropped>, Vec<Dropped>) = files
        .into_iter()
        .partition(|file| read.contains(&(format!("{FOLDER}{}", file.path.display()), file.version())));
    if let Some(done) = &settings.done {
        // A stop came between the record and the move.
        for file in known {
            put_away(&file.path, done, file.modified);
        }
    }
    if new.is_empty() { Ok(vec![Vec::new()]) } else { Ok(new.into_iter().map(|file| vec![file]).collect()) }
}

/// Names and versions of those of the files that the lake knows, whatever became of them.
///
/// A file is read after it was written: polls from before the oldest of them are not looked at, so that a folder that is
/// emptied costs the same however old the lake is. Where a clock is ahead (a file from the future), all polls are.
async fn already_read(
    room: &Room,
    source: &str,
    files: &[Dropped],
) -> Result<BTreeSet<(String, String)>, Error> {
    #[derive(Deserialize)]
    struct Known {
        url: String,
        last_modified: String,
    }
    let Some(oldest) = files.iter().map(|file| file.modified).min() else { return Ok(BTreeSet::new()) };
    let now = crate::clock::now();
    let is_ahead = files.iter().any(|file| file.modified > now);
    let since = if is_ahead { String::new() } else { format!("and recorded_at >= timestamp '{oldest}'") };
    let ctx = room.session(AsOf::everything())?;
    let query = format!(
        "select distinct url, last_modified from fetches where source = '{source}' and outcome <> 'failed'
         and url is not null and last_modified is not null {since}"
    );
    let known: Vec<Known> = rows::read(&ctx, &query).await?;
    Ok(known.into_iter().map(|known| (known.url, known.last_modified)).collect())
}

/// Moves a file that was read; one of the same name that lies there already is kept.
fn put_away(file: &Path, done: &Path, modified: Timestamp) {
    let Some(name) = file.file_name() else { return };
    let mut target: PathBuf = done.join(name);
    if target.exists() {
        target = done.join(format!("{}-{}", modified.strftime("%Y%m%dT%H%M%S%.f"), name.to_string_lossy()));
    }
    let moved = std::fs::rename(file, &target).or_else(|cause| match cause.kind() {
        // Another disk: the copy is whole before the file goes.
        std::io::ErrorKind::CrossesDevices => {
            let aside = done.join(format!(".{}.part", name.to_string_lossy()));
            std::fs::copy(file, &aside)?;
            std::fs::File::open(&aside)?.sync_all()?;
            std::fs::rename(&aside, &target)?;
            std::fs::remove_file(file)
        }
        _ => Err(cause),
    });
    if let Err(cause) = moved {
        tracing::error!(file = %file.display(), to = %target.display(), %cause, "a file that was read could not be moved");
    }
}

impl Source {
    /// The same for another host: how it is reached, not who asks.
    fn without_credentials(&self) -> Self {
        Self {
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            proxy_user: self.proxy_user.clone(),
            proxy_password_file: self.proxy_password_file.clone(),
            no_proxy: self.no_proxy.clone(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            total_deadline: self.total_deadline,
            attempts: self.attempts,
            ..Self::default()
        }
    }
}
