//! A body as received: streamed to a temporary file, bounded and hashed on the way, never whole in memory.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::Error;

/// A body on disk, byte for byte as it came, and where it came from.
#[derive(Debug)]
pub struct Received {
    /// The body, in the spool folder; it vanishes when this is dropped.
    pub file: NamedTempFile,
    /// SHA-256 of the body, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Address it came from, redirects followed, without secrets; `file:` and a path for local files.
    pub url: String,
    /// Status of the answer; none for local files.
    pub http_status: Option<u16>,
    /// `ETag` header, for the next conditional request.
    pub etag: Option<String>,
    /// `Last-Modified` header as sent, for the next conditional request.
    pub last_modified: Option<String>,
    /// `Last-Modified` as an instant: when the publisher says it issued this edition.
    pub issued_at: Option<Timestamp>,
    /// Address of a further page that the answer names.
    pub next: Option<Box<reqwest::Url>>,
    /// How many times the publisher repeated a secret of the source in the body; it is not kept.
    pub secrets_found: u64,
}

/// Copies a local file into the spool folder, as a fetch would.
///
/// The file's own modification time is not taken for an edition time: copying a file changes it.
///
/// # Errors
/// [`Error::Disk`] when either side cannot be read or written, [`Error::FileTooLarge`] beyond `bytes_max`.
pub fn open_local(path: &Path, bytes_max: u64, spool: &Path) -> Result<Received, Error> {
    let mut source = File::open(path).map_err(Error::disk("read", path))?;
    if source.metadata().map_err(Error::disk("read", path))?.len() > bytes_max {
        return Err(Error::FileTooLarge { path: path.to_owned(), bytes_max });
    }
    let mut spooled = Spooled::new(spool).map_err(Error::disk("create a temporary file in", spool))?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(Error::disk("read", path)(cause)),
        };
        if spooled.bytes + read as u64 > bytes_max {
            return Err(Error::FileTooLarge { path: path.to_owned(), bytes_max });
        }
        spooled.push(&chunk[..read]).map_err(Error::disk("write a temporary file in", spool))?;
    }
    let (file, sha256, bytes) = spooled.finish().map_err(Error::disk("write a temporary file in", spool))?;
    Ok(Received {
        file,
        sha256,
        bytes,
        url: format!("file:{}", path.display()),
        http_status: None,
        etag: None,
        last_modified: None,
        issued_at: None,
        next: None,
        secrets_found: 0,
    })
}

/// A temporary file being written, with its running size and hash.
pub(crate) struct Spooled {
    file: BufWriter<NamedTempFile>,
    hash: Sha256,
    pub(crate) bytes: u64,
}

impl Spooled {
    pub(crate) fn new(spool: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("body-").tempfile_in(spool)?;
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file), hash: Sha256::new(), bytes: 0 })
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.file.write_all(chunk)?;
        self.hash.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> io::Result<(NamedTempFile, String, u64)> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let digest = self.hash.finalize();
        let mut hex = String::with_capacity(64);
        for byte in digest {
            hex.push(char::from(HEX[usize::from(byte >> 4)]));
            hex.push(char::from(HEX[usize::from(byte & 15)]));
        }
        Ok((file, hex, self.bytes))
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_file_is_copied_byte_for_byte_and_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, b"abc").unwrap();
        let received = open_local(&path, 10, folder.path()).unwrap();
        assert_eq!(received.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((received.bytes, std::fs::read(received.file.path()).unwrap()), (3, b"abc".to_vec()));
        assert!(matches!(open_local(&path, 2, folder.path()), Err(Error::FileTooLarge { .. })));
        assert!(matches!(open_local(&folder.path().join("none"), 2, folder.path()), Err(Error::Disk { .. })));
    }
}
