//! The configuration as it lies on the disk: whether it is still that of the running service.

use std::path::{Path, PathBuf};

use crate::files::sha256_hex;
use crate::room::Room;

/// Fingerprint of the configuration file and of every file of the vocabulary's folder, as they are on the disk now.
#[must_use]
pub fn fingerprint(room: &Room) -> String {
    let mut text = String::new();
    let mut files: Vec<PathBuf> = room.file.iter().cloned().collect();
    if let Some(folder) = &room.config.vocabulary {
        for part in vigie_queries::PARTS {
            files.extend(inside(&folder.join(part)));
        }
    }
    for file in files {
        let body = std::fs::read(&file).unwrap_or_default();
        text.push_str(&format!("{}\n{}\n", file.display(), sha256_hex(&body)));
    }
    sha256_hex(text.as_bytes())
}

/// Files of a folder, in order; hidden ones (editors' own) are left out.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file() && !is_hidden(path)).collect();
    files.sort();
    files
}
