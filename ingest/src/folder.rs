//! A folder in which a partner drops files (over SFTP, a share, rclone…): which of them to read, and when.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::fetch_error::FetchError;
use crate::findings::Code;
use crate::parts;
use crate::received::{Received, open_local};
use crate::say::{NBSP, NNBSP, counted, quoted, shown};

/// Ends of names under which programs write files that are not whole yet.
const UNFINISHED_ENDS: [&str; 8] =
    [".part", ".tmp", ".temp", ".filepart", ".partial", ".crdownload", ".swp", ".lock"];

/// How often a file that is being written is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Where it is.
    pub path: PathBuf,
    /// When it was last written.
    pub modified: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Dropped {
    /// What tells this file from another of the same name.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{} {}", self.modified, self.bytes)
    }

    fn of(path: PathBuf, meta: &Metadata) -> Self {
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let modified = Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { path, modified, bytes: meta.len() }
    }

    fn is_as_it_was(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|meta| Self::of(self.path.clone(), &meta) == *self)
    }
}

/// The files of a folder that fit a pattern, by name. Hidden files and those whose names say that they are being written
/// are left out.
///
/// `pattern`: a path whose last part may hold `*` and `?`.
///
/// # Errors
/// `no-file` when the folder cannot be read.
pub fn list(pattern: &str) -> Result<Vec<Dropped>, FetchError> {
    let path = Path::new(pattern);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unreadable = |cause: &io::Error| {
        let french = format!(
            "Le dossier {} ne peut pas être lu{NBSP}: {cause}. Vérifier l’adresse de la source et les droits du dossier.",
            quoted(&shown(folder.as_os_str().as_encoded_bytes()))
        );
        FetchError::new(Code::NoFile, pattern, format!("cannot read the folder: {cause}"), &french)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(&cause))? {
        let entry = entry.map_err(|cause| unreadable(&cause))?;
        let own = entry.file_name();
        let own = own.to_string_lossy();
        let small = own.to_lowercase();
        let unfinished = own.starts_with('.')
            || own.ends_with('~')
            || UNFINISHED_ENDS.iter().any(|end| small.ends_with(end));
        if unfinished || !matches(&name, &own) {
            continue;
        }
        // A file that went away meanwhile was never whole.
        let Ok(meta) = std::fs::metadata(entry.path()) else { continue };
        if meta.is_file() {
            found.push(Dropped::of(entry.path(), &meta));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether a name fits a pattern of `*` (any letters) and `?` (one).
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last star stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((place, reach)) => {
                    *reach += 1;
                    at = *place + 1;
                    from = *reach;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// Reads files into the spool: one as it is, several as the parts of one edition. A file written less than `quiet` before
/// `now` is waited for; what changes meanwhile, or while it is read, is not taken.
///
/// The time of the edition is that of the newest file.
///
/// # Errors
/// `file-unfinished` when one is still being written, `body-too-large`, `disk`.
pub fn read(
    files: &[Dropped],
    now: Timestamp,
    quiet: Duration,
    bytes_max: u64,
    spool: &Path,
) -> Result<Received, FetchError> {
    let place = files.first().map(|file| file.path.display().to_string()).unwrap_or_default();
    wait_until_quiet(files, now, quiet)?;
    let mut left = bytes_max;
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let mut received = open_local(&file.path, left, spool).map_err(|fault| match fault {
            crate::Error::FileTooLarge { .. } => {
                FetchError::too_large(&file.path.display().to_string(), bytes_max)
            }
            crate::Error::Disk { path, source, .. } => unreadable(&path, &source),
            other => FetchError::disk(&place, &io::Error::other(other.to_string())),
        })?;
        if !file.is_as_it_was() {
            return Err(unfinished(file));
        }
        left -= received.bytes.min(left);
        received.issued_at = Some(file.modified);
        all.push((file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(), received));
    }
    parts::bind(all, true, spool).map_err(|cause| FetchError::disk(&place, &cause))
}

fn wait_until_quiet(files: &[Dropped], now: Timestamp, quiet: Duration) -> Result<(), FetchError> {
    let still = |file: &&Dropped| !file.is_as_it_was();
    let Some(newest) = files.iter().map(|file| file.modified).max() else { return Ok(()) };
    // A time that lies ahead is as good as now.
    let age = Duration::try_from(now.duration_since(newest)).unwrap_or_default();
    let mut left = quiet.saturating_sub(age);
    loop {
        if let Some(file) = files.iter().find(still) {
            return Err(unfinished(file));
        }
        if left.is_zero() {
            return Ok(());
        }
        let pause = LOOK_EVERY.min(left);
        std::thread::sleep(pause);
        left -= pause;
    }
}

fn unfinished(file: &Dropped) -> FetchError {
    let name = shown(file.path.file_name().unwrap_or_default().as_encoded_bytes());
    let french = format!(
        "Le fichier {} est encore en cours d’écriture. Rien n’a été chargé{NNBSP}; Vigie le lira au prochain passage.",
        quoted(&name)
    );
    FetchError::new(
        Code::FileUnfinished,
        &file.path.display().to_string(),
        "the file is being written",
        &french,
    )
}

fn unreadable(path: &Path, cause: &io::Error) -> FetchError {
    let french = format!(
        "Le fichier {} ne peut pas être lu{NBSP}: {cause}. Vérifier ses droits{NNBSP}; Vigie réessaiera au prochain passage.",
        quoted(&shown(path.as_os_str().as_encoded_bytes()))
    );
    FetchError::new(
        Code::Disk,
        &path.display().to_string(),
        format!("cannot read the file: {cause}"),
        &french,
    )
}

/// An edition of which files are missing.
#[must_use]
pub fn incomplete(pattern: &str, found: usize, expected: usize) -> FetchError {
    let french = format!(
        "Le dossier de la source contient {} pour {}, attendus ensemble ({expected}). Rien n’a été chargé{NNBSP}; Vigie regardera de nouveau au prochain passage.",
        counted(found as u64, "fichier", "fichiers"),
        quoted(&shown(pattern.as_bytes()))
    );
    FetchError::new(Code::NoFile, pattern, format!("{found} files of {expected}"), &french)
}

/// A folder that never held a file of this source.
#[must_use]
pub fn empty(pattern: &str) -> FetchError {
    let french = format!(
        "Aucun fichier ne correspond à {}. Vérifier l’adresse de la source, et si le partenaire dépose bien ses fichiers à cet endroit.",
        quoted(&shown(pattern.as_bytes()))
    );
    FetchError::new(Code::NoFile, pattern, "no file fits", &french)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        let cases = [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.part", false),
            ("lits-*-31.csv", "lits-2020-10-31-31.csv", true),
            ("lits-??.csv", "lits-31.csv", true),
            ("lits-??.csv", "lits-9.csv", false),
            ("*", "", true),
            ("a*b*c", "axxbxbxc", true),
            ("a*b*c", "axxbxbx", false),
            ("données*.csv", "données-é.csv", true),
            ("[a].csv", "[a].csv", true),
        ];
        for (pattern, name, fits) in cases {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn only_whole_files_are_listed_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let spool = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", ".a.csv", "c.csv.part", "d.csv.filepart", "e.txt", "f.csv~"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("g.csv")).unwrap();
        let pattern = folder.path().join("*.csv").display().to_string();
        let files = list(&pattern).unwrap();
        let names: Vec<_> =
            files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.csv", "b.csv"]);
        let now = files[0].modified;
        let read = |files: &[Dropped], quiet, most, spool: &Path| super::read(files, now, quiet, most, spool);
        let one = read(&files[..1], Duration::from_millis(300), 100, spool.path()).unwrap();
        assert_eq!(std::fs::read(one.file.path()).unwrap(), b"a.csv");
        assert_eq!(one.issued_at, Some(files[0].modified));
        let both = read(&files, Duration::ZERO, 100, spool.path()).unwrap();
        assert_eq!(both.sha256, read(&files, Duration::ZERO, 100, spool.path()).unwrap().sha256);
        assert_eq!(read(&files, Duration::ZERO, 7, spool.path()).unwrap_err().code, Code::BodyTooLarge);
        std::fs::write(folder.path().join("b.csv"), "longer now").unwrap();
        assert_eq!(read(&files, Duration::ZERO, 100, spool.path()).unwrap_err().code, Code::FileUnfinished);
        assert_eq!(list("/nowhere/at/all/*.csv").unwrap_err().code, Code::NoFile);
    }

    #[test]
    fn a_file_that_still_grows_is_left_for_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "a").unwrap();
        let files = list(&folder.path().join("*").display().to_string()).unwrap();
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            std::fs::write(&path, "ab").unwrap();
        });
        let outcome = read(&files, files[0].modified, Duration::from_secs(2), 100, folder.path());
        writer.join().unwrap();
        assert_eq!(outcome.unwrap_err().code, Code::FileUnfinished);
    }
}
