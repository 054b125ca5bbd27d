//! Opens a body: recognises gzip, or a zip of one member, by its first bytes and unpacks it to a bounded file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use vigie_queries::{Contract, Format};
use zip::ZipArchive;

use crate::Error;
use crate::findings::Code;
use crate::say::{NBSP, NNBSP, grouped, quoted, shown, size};
use crate::stop::{Stop, refuse};

/// Bodies smaller than this once unpacked are never taken for bombs.
const RATIO_FLOOR: u64 = 16 << 20;
/// Growth beyond which an unpacked body is taken for a bomb. Tables of small numbers shrink 5 to 20 times.
const RATIO_MAX: u64 = 200;
/// Members of an archive beyond which it is not even listed: the list alone could fill the memory.
const MEMBERS_MAX: u64 = 10_000;

/// A body ready to be read, unpacked when it was packed.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    path: PathBuf,
    /// `gzip` or `zip`.
    pub(crate) compression: Option<&'static str>,
    /// Size once unpacked.
    pub(crate) bytes: u64,
}

impl Opened {
    /// The body from its first byte. One reader at a time: they share a position.
    pub(crate) fn reader(&self) -> Result<File, Error> {
        let mut file = self.file.try_clone().map_err(Error::disk("read", &self.path))?;
        file.seek(SeekFrom::Start(0)).map_err(Error::disk("read", &self.path))?;
        Ok(file)
    }

    /// A failure to read the file, for `map_err`.
    pub(crate) fn unreadable(&self) -> impl FnOnce(io::Error) -> Error {
        Error::disk("read", &self.path)
    }

    /// The first bytes, up to `length`.
    pub(crate) fn head(&self, length: usize) -> Result<Vec<u8>, Error> {
        let mut head = Vec::with_capacity(length);
        self.reader()?.take(length as u64).read_to_end(&mut head).map_err(self.unreadable())?;
        Ok(head)
    }
}

/// Opens the body at `path` without looking into it.
pub(crate) fn as_it_is(path: &Path) -> Result<Opened, Error> {
    let file = File::open(path).map_err(Error::disk("read", path))?;
    let bytes = file.metadata().map_err(Error::disk("read", path))?.len();
    Ok(Opened { file, path: path.to_owned(), compression: None, bytes })
}

/// Opens the body at `path`, unpacking it when it is gzip or a zip of one member.
pub(crate) fn open(path: &Path, contract: &Contract, spool: &Path) -> Result<Opened, Stop> {
    let bytes_max = contract.bounds.decompressed_bytes_max;
    let opened = as_it_is(path)?;
    let workbook = contract.feed.format == Format::Xlsx;
    let opened = match opened.head(4)?.as_slice() {
        [0x1f, 0x8b, ..] => {
            let packed = MultiGzDecoder::new(BufReader::new(Counted { file: opened.reader()?, read: 0 }));
            unpack(packed, |packed| packed.get_ref().get_ref().read, path, spool, "gzip", bytes_max)?
        }
        [b'P', b'K', 3, 4] => from_zip(opened, path, spool, workbook, bytes_max)?,
        [b'P', b'K', 5, 6] => return Err(members(0)),
        _ => opened,
    };
    if opened.bytes > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(opened)
}

/// A file that counts what was read of it: a bomb is known by what it made of its first bytes.
struct Counted {
    file: File,
    read: u64,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// A zip is a workbook when one was declared and it holds one; else it must hold exactly one file.
fn from_zip(
    opened: Opened,
    path: &Path,
    spool: &Path,
    workbook: bool,
    bytes_max: u64,
) -> Result<Opened, Stop> {
    check_members(&opened)?;
    let mut archive = ZipArchive::new(BufReader::new(opened.reader()?)).map_err(|cause| broken(&cause))?;
    if archive.index_for_name("[Content_Types].xml").is_some() {
        if workbook {
            return Ok(opened);
        }
        return Err(refuse(
            Code::BinaryBody,
            format!(
                "Le fichier est un classeur Excel (ou un autre document Office) au lieu du texte déclaré. Rien n’a été chargé{NNBSP}; vérifier l’adresse ou le format de la source."
            ),
        ));
    }
    let files: Vec<usize> = (0..archive.len())
        .filter(|rank| {
            let name = archive.name_for_index(*rank).and_then(Result::ok).unwrap_or_default();
            !name.ends_with('/') && !name.starts_with("__MACOSX/")
        })
        .collect();
    let [only] = files.as_slice() else {
        return Err(members(files.len() as u64));
    };
    let member = archive.by_index(*only).map_err(|cause| broken(&cause))?;
    let size = member.compressed_size().min(opened.bytes);
    unpack(member, |_| size, path, spool, "zip", bytes_max)
}

/// Refuses an archive that lists too many members, from its end record alone.
pub(crate) fn check_members(opened: &Opened) -> Result<(), Stop> {
    let mut file = opened.reader()?;
    let tail_length = opened.bytes.min((1 << 16) + 128);
    file.seek(SeekFrom::Start(opened.bytes - tail_length)).map_err(opened.unreadable())?;
    let mut tail = Vec::with_capacity(tail_length as usize);
    file.read_to_end(&mut tail).map_err(opened.unreadable())?;
    let count_at = |start: usize, width: usize| -> u64 {
        tail.get(start..start + width)
            .map_or(0, |bytes| bytes.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)))
    };
    // Every place that looks like an end record counts: readers disagree on which one they trust.
    for (start, window) in tail.windows(4).enumerate() {
        let count = match window {
            [b'P', b'K', 5, 6] => count_at(start + 10, 2),
            [b'P', b'K', 6, 6] => count_at(start + 32, 8),
            _ => continue,
        };
        if count > MEMBERS_MAX {
            return Err(members(count));
        }
    }
    Ok(())
}

/// Copies `packed` to a nameless temporary file, within the bounds.
///
/// `consumed` tells how many packed bytes have been read so far, or will be at most.
fn unpack<R: Read>(
    mut packed: R,
    consumed: impl Fn(&R) -> u64,
    path: &Path,
    spool: &Path,
    kind: &'static str,
    bytes_max: u64,
) -> Result<Opened, Stop> {
    // In the spool, which is on the big disk: /tmp may be memory.
    let mut file = tempfile::tempfile_in(spool).map_err(Error::disk("create a temporary file in", spool))?;
    let mut chunk = vec![0; 1 << 16];
    let mut bytes = 0u64;
    loop {
        let read = match packed.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(broken(&cause)),
        };
        bytes += read as u64;
        if bytes > bytes_max {
            return Err(too_large(bytes_max));
        }
        if is_bomb(bytes, consumed(&packed)) {
            return Err(bomb(bytes, consumed(&packed)));
        }
        file.write_all(&chunk[..read]).map_err(Error::disk("write a temporary file in", spool))?;
    }
    Ok(Opened { file, path: path.to_owned(), compression: Some(kind), bytes })
}

/// Whether that many bytes came out of too few.
pub(crate) fn is_bomb(unpacked: u64, packed: u64) -> bool {
    unpacked > RATIO_FLOOR && unpacked / RATIO_MAX > packed
}

pub(crate) fn bomb(unpacked: u64, packed: u64) -> Stop {
    refuse(
        Code::DecompressionBomb,
        format!(
            "Le fichier compressé passe de {} à plus de {}{NBSP}: trop pour des données. Rien n’a été chargé{NNBSP}; prévenir le producteur.",
            size(packed),
            size(unpacked)
        ),
    )
}

pub(crate) fn too_large(bytes_max: u64) -> Stop {
    refuse(
        Code::TooLarge,
        format!(
            "Le fichier dépasse {} une fois décompressé, la limite de cette source. Rien n’a été chargé. Si cette taille est normale, relever bounds.decompressed_bytes_max dans le contrat.",
            size(bytes_max)
        ),
    )
}

pub(crate) fn broken(cause: &dyn std::error::Error) -> Stop {
    refuse(
        Code::BrokenArchive,
        format!(
            "L’archive est abîmée, coupée ou verrouillée ({}). Rien n’a été chargé{NNBSP}; la télécharger de nouveau ou prévenir le producteur.",
            quoted(&shown(cause.to_string().as_bytes()))
        ),
    )
}

fn members(count: u64) -> Stop {
    refuse(
        Code::ArchiveMembers,
        format!(
            "L’archive contient {} fichiers. Attendu{NBSP}: un seul. Rien n’a été chargé.",
            if count == 0 { "0".to_owned() } else { grouped(count) }
        ),
    )
}
