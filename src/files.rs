//! Files written whole or not at all, and their hashes.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use vigie_store::{create_folder, sync_folder};

use crate::error::Error;

/// Writes a file whole or not at all, durably.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder)?;
    let readable = std::fs::Permissions::from_mode(0o666); // less the umask, as for any file of the user
    let mut aside = tempfile::Builder::new().permissions(readable).tempfile_in(folder).map_err(failed)?;
    aside.write_all(bytes).map_err(failed)?;
    aside.as_file().sync_all().map_err(failed)?;
    aside.persist(path).map_err(|cause| failed(cause.error))?;
    Ok(sync_folder(folder)?)
}

/// SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
