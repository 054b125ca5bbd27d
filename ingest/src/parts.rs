//! An edition in several parts (pages, files, addresses): kept as one body, read as one.
//!
//! The body is a zip archive without compression, whose first member lists the others in order. It depends on nothing
//! but the parts, so that the same parts have the same hash; any program for archives opens it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use vigie_queries::Contract;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::beside::Beside;
use crate::body::{self, Opened};
use crate::columns::count_missing;
use crate::findings::{Code, Finding};
use crate::received::{Received, Spooled};
use crate::row::{Row, Span};
use crate::say::{NBSP, NNBSP, grouped, quoted, shown};
use crate::stop::{Stop, refuse};
use crate::{Body, Error};

/// The first member.
const INDEX: &str = "vigie-parts.json";
/// Its size at most.
const INDEX_MAX: u64 = 4 << 20;
/// Sizes from which a member needs the long form of the format.
const LONG_FORM: u64 = u32::MAX as u64;

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    /// Version of this list.
    vigie_parts: u32,
    /// Whether the parts are all there are.
    whole: bool,
    parts: Vec<Listed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    /// Name of the member.
    member: String,
    /// Name for people: `page-2`, or the name of the file.
    name: String,
    sha256: String,
    bytes: u64,
}

/// Makes one body of several, given with their names. A single one that is whole stays as it is.
///
/// # Errors
/// When the spool cannot be written.
pub(crate) fn bind(mut all: Vec<(String, Received)>, whole: bool, spool: &Path) -> io::Result<Received> {
    if whole
        && all.len() == 1
        && let Some((_, only)) = all.pop()
    {
        return Ok(only);
    }
    let parts = all
        .iter()
        .enumerate()
        .map(|(rank, (name, part))| Listed {
            member: format!("{:04}-{}", rank + 1, plain(name)),
            name: plain(name),
            sha256: part.sha256.clone(),
            bytes: part.bytes,
        })
        .collect();
    let index = Index { vigie_parts: 1, whole, parts };
    let file = tempfile::Builder::new().prefix("body-").tempfile_in(spool)?;
    let mut archive = ZipWriter::new(BufWriter::with_capacity(1 << 16, file));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    archive.start_file(INDEX, options)?;
    archive.write_all(&serde_json::to_vec_pretty(&index)?)?;
    for (listed, (_, part)) in index.parts.iter().zip(&all) {
        archive.start_file(listed.member.as_str(), options.large_file(part.bytes >= LONG_FORM))?;
        io::copy(&mut File::open(part.file.path())?, &mut archive)?;
    }
    let file = archive.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Hashed from what was written: the archive goes back to fill in sizes.
    let mut spooled = Spooled::new(spool)?;
    let mut reader = File::open(file.path())?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        match reader.read(&mut chunk)? {
            0 => break,
            read => spooled.push(&chunk[..read])?,
        }
    }
    let (file, sha256, bytes) = spooled.finish()?;
    let first = all.first().map(|(_, part)| part);
    Ok(Received {
        file,
        sha256,
        bytes,
        url: first.map(|part| part.url.clone()).unwrap_or_default(),
        http_status: first.and_then(|part| part.http_status),
        etag: None,
        last_modified: None,
        // The edition is as new as its newest part; one without a time says nothing of the whole.
        issued_at: all
            .iter()
            .map(|(_, part)| part.issued_at)
            .collect::<Option<Vec<_>>>()
            .and_then(|all| all.into_iter().max()),
        next: None,
        secrets_found: all.iter().map(|(_, part)| part.secrets_found).sum(),
    })
}

/// A name that can stand in an archive.
fn plain(name: &str) -> String {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '*');
    name.chars().take(80).map(|letter| if fits(letter) { letter } else { '_' }).collect()
}

/// The parts of a body, each with its name; none when the body is one.
pub(crate) fn open(
    path: &Path,
    contract: &Contract,
    spool: &Path,
) -> Result<Option<Vec<(String, Opened)>>, Stop> {
    let mut file = File::open(path).map_err(Error::disk("read", path))?;
    let mut head = [0; 4];
    let is_zip = file.read_exact(&mut head).is_ok() && head == *b"PK\x03\x04";
    if !is_zip {
        return Ok(None);
    }
    body::check_members(&body::as_it_is(path)?)?;
    file.seek(SeekFrom::Start(0)).map_err(Error::disk("read", path))?;
    let Ok(mut archive) = ZipArchive::new(BufReader::new(file)) else { return Ok(None) };
    let wanted: Vec<(String, usize)> = match index(&mut archive) {
        Some(index) if !index.whole => return Err(further_pages()),
        Some(index) => {
            let rank = |listed: &Listed| {
                archive.index_for_name(&listed.member).map(|rank| (listed.name.clone(), rank))
            };
            let ranks: Option<Vec<_>> = index.parts.iter().map(rank).collect();
            ranks.ok_or_else(|| body::broken(&io::Error::other("a part is missing")))?
        }
        None => {
            let Some(pattern) = &contract.feed.members else { return Ok(None) };
            declared(&archive, pattern)?
        }
    };
    let mut left = contract.bounds.decompressed_bytes_max;
    let mut parts = Vec::with_capacity(wanted.len());
    for (name, rank) in wanted {
        let member = archive.by_index(rank).map_err(|cause| body::broken(&cause))?;
        let packed = member.compressed_size();
        let unpacked = unpack(member, packed, left, contract, spool)?;
        let opened = body::open(unpacked.path(), contract, spool)?;
        left = left.saturating_sub(opened.bytes);
        parts.push((name, opened));
    }
    Ok(Some(parts))
}

fn index(archive: &mut ZipArchive<BufReader<File>>) -> Option<Index> {
    if archive.name_for_index(0)?.ok()? != INDEX {
        return None;
    }
    let mut text = Vec::new();
    archive.by_index(0).ok()?.take(INDEX_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The members that a contract names by a pattern, by name.
fn declared(archive: &ZipArchive<BufReader<File>>, pattern: &str) -> Result<Vec<(String, usize)>, Stop> {
    let mut found: Vec<(String, usize)> = (0..archive.len())
        .filter_map(|rank| Some((archive.name_for_index(rank)?.ok()?.to_string(), rank)))
        .filter(|(name, _)| !name.ends_with('/') && !name.starts_with("__MACOSX/"))
        .filter(|(name, _)| crate::folder::matches(pattern, name.rsplit('/').next().unwrap_or(name)))
        .collect();
    if found.is_empty() {
        return Err(refuse(
            Code::ArchiveMembers,
            format!(
                "L’archive ne contient aucun fichier {}, que le contrat attend (feed.members). Rien n’a été chargé{NNBSP}; vérifier l’archive, ou le contrat.",
                quoted(&shown(pattern.as_bytes()))
            ),
        ));
    }
    found.sort();
    Ok(found)
}

fn further_pages() -> Stop {
    refuse(
        Code::FurtherPages,
        format!(
            "La réponse annonce une page suivante (Link{NBSP}: rel=\"next\"){NBSP}: ce n’est qu’une partie des données. Rien n’a été chargé. Déclarer les pages de la source (paging = {{ next = \"link\" }}, ou next = \"none\" si ce lien mène à autre chose)."
        ),
    )
}

/// Copies a member to a file of its own, within the bounds.
fn unpack(
    mut member: impl Read,
    packed: u64,
    bytes_max: u64,
    contract: &Contract,
    spool: &Path,
) -> Result<NamedTempFile, Stop> {
    let mut file = tempfile::Builder::new()
        .prefix("part-")
        .tempfile_in(spool)
        .map_err(Error::disk("create a temporary file in", spool))?;
    let mut chunk = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = match member.read(&mut chunk) {
            Ok(0) => return Ok(file),
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(body::broken(&cause)),
        };
        bytes += read as u64;
        if bytes > bytes_max {
            return Err(body::too_large(contract.bounds.decompressed_bytes_max));
        }
        if body::is_bomb(bytes, packed) {
            return Err(body::bomb(bytes, packed));
        }
        file.write_all(&chunk[..read]).map_err(Error::disk("write a temporary file in", spool))?;
    }
}

/// A refusal of one part, which refuses the edition.
pub(crate) fn in_part(stop: Stop, name: &str) -> Stop {
    match stop {
        Stop::Refused(mut reason) if !name.is_empty() => {
            reason.sentence =
                format!("Partie {}{NBSP}: {}", quoted(&shown(name.as_bytes())), reason.sentence);
            Stop::Refused(reason)
        }
        stop => stop,
    }
}

/// Leaves out what was said of an earlier part in the same words.
pub(crate) fn keep_once(findings: &mut Vec<Finding>, from: usize) {
    let later = findings.split_off(from);
    for finding in later {
        if !findings.iter().any(|known| known.code == finding.code && known.message == finding.message) {
            findings.push(finding);
        }
    }
}

/// Several bodies read one after the other, under the columns of them all.
pub(crate) struct Parts<'a> {
    pub(crate) header: Vec<String>,
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    name: String,
    body: Body<'a>,
    /// Where each field of this part stands in the common header.
    places: Vec<usize>,
}

impl<'a> Parts<'a> {
    /// Puts bodies together whose headers are read.
    ///
    /// # Errors
    /// A refusal when there is no part, or when a part lacks columns that the contract asks for: its rows would be read
    /// as if those values were missing.
    pub(crate) fn new(bodies: Vec<(String, Body<'a>)>, contract: &Contract) -> Result<Self, Stop> {
        if bodies.is_empty() {
            return Err(refuse(Code::NoRows, "L’édition ne contient aucune partie. Rien n’a été chargé."));
        }
        let mut header: Vec<String> = Vec::new();
        let mut parts = Vec::with_capacity(bodies.len());
        for (name, body) in bodies {
            if count_missing(body.header(), contract) > 0 {
                // The mapping of columns says what is wrong.
                let mapped =
                    crate::columns::map(body.header(), body.header_line(), contract, &mut Vec::new());
                mapped.map_err(|stop| in_part(stop, &name))?;
            }
            let mut taken = vec![false; header.len()];
            let mut places = Vec::with_capacity(body.header().len());
            for field in body.header() {
                let known = (0..header.len()).find(|rank| {
                    !taken[*rank] && crate::columns::bare(&header[*rank]) == crate::columns::bare(field)
                });
                let place = known.unwrap_or_else(|| {
                    header.push(field.clone());
                    taken.push(false);
                    header.len() - 1
                });
                taken[place] = true;
                places.push(place);
            }
            parts.push(Part { name, body, places });
        }
        Ok(Self { header, parts })
    }

    /// Gives every row of every part, numbered on from one part to the next.
    pub(crate) fn rows(
        &self,
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>,
    ) -> Result<Vec<Finding>, Stop> {
        let mut remarks: Vec<Finding> = Vec::new();
        let mut base = 0;
        let mut cells = vec![Span::MISSING; self.header.len()];
        for part in &self.parts {
            let (width, own_width) = (self.header.len(), part.places.len());
            let mut last = 0;
            let said = part.body.rows(&mut |row| {
                last = last.max(row.line);
                let line = base + row.line;
                if row.fields != own_width || row.cells.len() != own_width {
                    // As wrong by as many fields as it is in its own part.
                    let fields = (width + row.fields).saturating_sub(own_width);
                    return take(&Row { line, fields, ..*row });
                }
                cells.fill(Span::MISSING);
                for (cell, place) in row.cells.iter().zip(&part.places) {
                    cells[*place] = *cell;
                }
                take(&Row { line, fields: width, cells: &cells, ..*row })
            })?;
            remarks.extend(said.into_iter().map(|mut remark| {
                remark.line = remark.line.map(|line| base + line);
                remark
            }));
            base += last;
        }
        Ok(remarks)
    }

    /// What JSON parts say beside their rows, and where those are.
    pub(crate) fn besides(&self) -> Vec<(&Beside, &[String])> {
        let json = self.parts.iter().filter_map(|part| match &part.body {
            Body::Json(body) if !body.is_lines() => Some(body),
            _ => None,
        });
        json.map(|body| (&body.beside, body.path())).collect()
    }

    /// Says of findings in which part they are.
    pub(crate) fn locate(&self, findings: &mut [Finding]) -> Result<(), Stop> {
        if findings.iter().all(|finding| finding.line.is_none()) {
            return Ok(());
        }
        let mut ends = Vec::with_capacity(self.parts.len());
        let mut base = 0;
        for part in &self.parts {
            let mut last = 0;
            part.body.rows(&mut |row| {
                last = last.max(row.line);
                Ok(())
            })?;
            base += last;
            ends.push(base);
        }
        for finding in findings {
            let Some(line) = finding.line else { continue };
            let rank = ends.partition_point(|end| *end < line).min(self.parts.len() - 1);
            let before = if rank == 0 { 0 } else { ends[rank - 1] };
            let place = format!(
                " Soit la ligne {} de la partie {} ({}).",
                grouped(line.saturating_sub(before)),
                rank + 1,
                quoted(&shown(self.parts[rank].name.as_bytes()))
            );
            // Before the code, which ends the sentence.
            let at = finding.message.rfind(" (").unwrap_or(finding.message.len());
            finding.message.insert_str(at, &place);
        }
        Ok(())
    }
}
