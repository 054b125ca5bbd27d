//! The seal of a Parquet footer: a hash in the footer, of everything that is not rows, itself left blank.
//!
//! Parquet guards neither pages nor footers in the files of this library. The rows have a hash in the footer; the rest
//! (page indexes, footer, its length, the closing mark) has this one, found by its bytes, so that a damaged footer is
//! known as such before anything tries to make sense of it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::error::disk;
use crate::parquet_file::hex;

/// Number of bytes before the footer, covered by `vigie.data_sha256`.
pub(crate) const DATA_BYTES: &str = "vigie.data_bytes";
/// SHA-256 of everything after them, with its own 64 digits blank.
pub(crate) const SHA256: &str = "vigie.footer_sha256";
/// What stands in the place of the hash while it is computed.
pub(crate) const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Closing bytes of a Parquet file: the length of the footer, and the mark.
const TAIL: usize = 8;

fn damaged(table: &str, path: &Path, what: impl Into<String>) -> Error {
    Error::Damaged { table: table.to_owned(), path: path.to_path_buf(), what: what.into() }
}

/// Where the value of a pair begins in a footer: after its key, the Thrift mark of a string, and its length.
fn value_at(footer: &[u8], key: &str) -> Option<usize> {
    let mut needle = key.as_bytes().to_vec();
    needle.push(0x18);
    let found = footer.windows(needle.len()).position(|window| window == needle)?;
    Some(found + needle.len() + 1).filter(|at| *at <= footer.len())
}

fn hash_place(footer: &[u8]) -> Option<std::ops::Range<usize>> {
    let at = value_at(footer, SHA256)?;
    let fits = usize::from(footer[at - 1]) == BLANK.len() && at + BLANK.len() <= footer.len();
    fits.then(|| at..at + BLANK.len())
}

/// Writes the hash into a footer that was written with [`BLANK`] in its place.
pub(crate) fn seal(table: &str, path: &Path, footer: &mut [u8]) -> Result<(), Error> {
    let place =
        hash_place(footer).ok_or_else(|| damaged(table, path, "its footer has no place for its hash"))?;
    let hash = hex(&Sha256::digest(&*footer));
    footer[place].copy_from_slice(hash.as_bytes());
    Ok(())
}

/// Files up to this are read whole, at once: a log of many small files costs one opening each.
const WHOLE_BYTES: u64 = 256 << 10;

/// What comes after the rows of a file, its seal checked.
pub(crate) struct Rest {
    /// Bytes of rows, before it.
    pub(crate) data_bytes: u64,
    /// Page indexes, footer and tail, as written.
    pub(crate) bytes: Bytes,
    /// The rows of a small file, not checked yet.
    pub(crate) rows: Option<Bytes>,
}

/// Reads everything but the rows of a file (of a small one the rows too), and checks its seal without making sense of it.
pub(crate) fn read(table: &str, path: &Path) -> Result<Rest, Error> {
    let fault = |what: &str| damaged(table, path, what);
    let file = File::open(path).map_err(disk("open", path))?;
    let size = file.metadata().map_err(disk("look at", path))?.len();
    let read_from = |from: u64| -> Result<Vec<u8>, Error> {
        let length = usize::try_from(size - from).map_err(|_| fault("it is too big for this machine"))?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, from).map_err(disk("read", path))?;
        Ok(bytes)
    };
    let whole = if size <= WHOLE_BYTES { Some(Bytes::from(read_from(0)?)) } else { None };
    let read = |from: u64| match &whole {
        Some(whole) => Ok(whole.slice(usize::try_from(from).unwrap_or(usize::MAX).min(whole.len())..)),
        None => read_from(from).map(Bytes::from),
    };
    let Some(tail_from) = size.checked_sub(TAIL as u64) else {
        return Err(fault("it is too short to be a Parquet file"));
    };
    let tail = read(tail_from)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let Some(from) = tail_from.checked_sub(length).filter(|_| tail[4..] == *b"PAR1") else {
        return Err(fault("its last bytes are not those of a Parquet file"));
    };
    let footer = read(from)?;
    let data_bytes: Option<u64> = value_at(&footer, DATA_BYTES).and_then(|at| {
        let digits = footer.get(at..at + usize::from(footer[at - 1]))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    });
    let Some(data_bytes) = data_bytes.filter(|bytes| *bytes <= from) else {
        return Err(fault("its footer does not say how many bytes come before it"));
    };
    let bytes = read(data_bytes)?;
    let Some(place) = hash_place(&bytes) else {
        return Err(fault("its footer has no hash"));
    };
    let mut hash = Sha256::new();
    hash.update(&bytes[..place.start]);
    hash.update(BLANK.as_bytes());
    hash.update(&bytes[place.end..]);
    let found = hex(&hash.finalize());
    if found.as_bytes() != &bytes[place.clone()] {
        let said = String::from_utf8_lossy(&bytes[place]);
        return Err(fault(&format!("its footer has the SHA-256 {found}, not {said} as it says")));
    }
    let rows = whole.map(|whole| whole.slice(..whole.len().min(usize::try_from(data_bytes).unwrap_or(0))));
    Ok(Rest { data_bytes, bytes, rows })
}
