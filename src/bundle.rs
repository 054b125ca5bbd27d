//! Many small files as one body: a plain `ustar` archive, the same bytes for the same files.
//!
//! `zstd -dc raw/vocabulary/<sha256>.zst | tar -tf -` lists one: no owner, no time, files in order of path.

use std::collections::BTreeMap;

/// Size of a record.
const BLOCK: usize = 512;
/// Where the fields used here lie in a header: name, mode, owner, group, size, time, sum of the header, kind, magic, prefix.
const NAME: std::ops::Range<usize> = 0..100;
const MODE: usize = 100;
const OWNER: usize = 108;
const GROUP: usize = 116;
const SIZE: std::ops::Range<usize> = 124..136;
const TIME: usize = 136;
const SUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const MAGIC: std::ops::Range<usize> = 257..265;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Packs files, by path.
///
/// # Errors
/// A sentence naming the file whose path is too long for the format (100 bytes after a folder of at most 155).
pub fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for (path, body) in files {
        let (prefix, name) =
            split(path).ok_or_else(|| format!("the path {path:?} is too long to be kept"))?;
        let mut header = [0_u8; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[PREFIX.start..PREFIX.start + prefix.len()].copy_from_slice(prefix.as_bytes());
        for (at, text) in
            [(MODE, "0000644\0"), (OWNER, "0000000\0"), (GROUP, "0000000\0"), (TIME, "00000000000\0")]
        {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        header[SIZE].copy_from_slice(format!("{:011o}\0", body.len()).as_bytes());
        header[KIND] = b'0';
        header[MAGIC].copy_from_slice(b"ustar\x0000");
        let sum = sum(&header);
        header[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    Ok(out)
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// A sentence saying what is not as it was packed.
pub fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    let mut rest = bytes;
    loop {
        let Some((header, after)) = rest.split_first_chunk::<BLOCK>() else {
            return Err("the archive ends in the middle".into());
        };
        if header.iter().all(|byte| *byte == 0) {
            return Ok(files);
        }
        if &header[MAGIC] != b"ustar\x0000" || octal(&header[SUM]) != Some(sum(header) as usize) {
            return Err("a header of the archive is damaged".into());
        }
        let text = |range: std::ops::Range<usize>| -> Result<String, String> {
            let field = header[range].split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8(field.to_vec()).map_err(|_| "a path of the archive is not UTF-8".to_owned())
        };
        let (prefix, name) = (text(PREFIX)?, text(NAME)?);
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let size = octal(&header[SIZE]).ok_or("a size of the archive cannot be read")?;
        let body = after.get(..size).ok_or("the archive ends in the middle")?;
        files.insert(path, body.to_vec());
        rest = after.get(size.next_multiple_of(BLOCK)..).ok_or("the archive ends in the middle")?;
    }
}

/// Folder and name, as the header has room for them.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= NAME.len() {
        return Some(("", path));
    }
    let (folder, name) = path.rsplit_once('/')?;
    (folder.len() <= PREFIX.len() && name.len() <= NAME.len()).then_some((folder, name))
}

/// Sum of a header's bytes, its own field read as blanks.
fn sum(header: &[u8; BLOCK]) -> u32 {
    header.iter().enumerate().map(|(at, byte)| u32::from(if SUM.contains(&at) { b' ' } else { *byte })).sum()
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let long = format!("rules/{}.toml", "é".repeat(45));
        BTreeMap::from([
            ("indicators/a.sql".to_owned(), b"select 1\n".to_vec()),
            ("reference/empty.csv".to_owned(), Vec::new()),
            (long, vec![7; 1_024]),
        ])
    }

    #[test]
    fn what_was_packed_is_unpacked_and_a_cut_or_a_flipped_bit_is_told() {
        let packed = pack(&files()).unwrap();
        assert_eq!(unpack(&packed).unwrap(), files());
        assert!(unpack(&packed[..packed.len() - 1_024 - 512]).unwrap_err().contains("in the middle"));
        let mut flipped = packed;
        flipped[3] ^= 1;
        assert!(unpack(&flipped).unwrap_err().contains("damaged"));
        let long = BTreeMap::from([(format!("rules/{}.toml", "x".repeat(120)), Vec::new())]);
        assert!(pack(&long).unwrap_err().contains("too long"));
    }

    #[test]
    fn tar_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, pack(&files()).unwrap()).unwrap();
        let Ok(listed) =
            std::process::Command::new("tar").arg("-xf").arg(&path).current_dir(&folder).output()
        else {
            return;
        };
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        for (name, body) in files() {
            assert_eq!(std::fs::read(folder.path().join(&name)).unwrap(), body, "{name}");
        }
    }
}
