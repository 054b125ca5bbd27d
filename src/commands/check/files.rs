//! Files and folders that nothing reads: a slip in a name, and a rule is silently not there.

use std::path::Path;

use vigie_queries::{PARTS, nearest};

use crate::config::theme;
use crate::error::Error;

/// What lies in the folder of the vocabulary and is never read, a sentence each.
///
/// # Errors
/// [`Error::Read`] when a folder cannot be listed.
pub(super) fn unread(vocabulary: &Path) -> Result<Vec<String>, Error> {
    let mut told = Vec::new();
    for (name, is_folder) in list(vocabulary)? {
        let path = vocabulary.join(&name);
        let known = PARTS.contains(&name.as_str());
        if !known && !name.ends_with(".md") {
            let kind = if is_folder { "folder" } else { "file" };
            let expected = match nearest(&name, PARTS) {
                Some(meant) => format!("was {meant:?} meant?"),
                None => format!("expected: {}", PARTS.join(", ")),
            };
            told.push(format!("{}: nothing reads this {kind}; {expected}", path.display()));
        } else if known && !is_folder {
            told.push(format!("{}: a folder is expected under this name", path.display()));
        } else if known {
            for (inside, is_folder) in list(&path)? {
                if is_folder {
                    let what = "nothing reads a folder in a folder; its files belong one step higher";
                    told.push(format!("{}: {what}", path.join(inside).display()));
                }
            }
        }
    }
    Ok(told)
}

/// What lies in the folder of the theme and is no part of one.
///
/// # Errors
/// [`Error::Read`] when the folder cannot be listed.
pub(super) fn unread_of_theme(folder: &Path) -> Result<Vec<String>, Error> {
    let known: Vec<&str> = theme::FILES.to_vec();
    let names = list(folder)?.into_iter().map(|(name, _)| name);
    let other = names.filter(|name| !known.contains(&name.as_str()) && !name.ends_with(".md"));
    Ok(other
        .map(|name| {
            let expected = known.join(", ");
            format!("{}: nothing reads this; expected: {expected}", folder.join(name).display())
        })
        .collect())
}

/// Names in a folder and whether each is a folder, in order; hidden ones are left out.
fn list(folder: &Path) -> Result<Vec<(String, bool)>, Error> {
    let unreadable = |source| Error::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, entry.path().is_dir()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_reads_is_named_with_what_was_probably_meant() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for part in ["sources", "indicator", "rules/old", "notes"] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        std::fs::write(root.join("README.md"), "").unwrap();
        std::fs::write(root.join("rule.toml"), "").unwrap();
        let told = unread(root).unwrap().join("\n");
        assert_eq!(told.lines().count(), 4, "{told}");
        for part in [
            "indicator: nothing reads this folder; was \"indicators\" meant?",
            "rules/old: nothing",
            "notes: ",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(told.contains("rule.toml: nothing reads this file"), "{told}");
    }
}
