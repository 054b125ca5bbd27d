//! Text of a body: which encoding, which line ends, and a reader that gives UTF-8.
//!
//! One pass over the whole body decides, since a file may be plain ASCII for a million lines before its first `é`.

use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use vigie_queries::Contract;

use crate::body::Opened;
use crate::csv::remark;
use crate::findings::{Code, Finding, Severity};
use crate::line_ends::{CrWatch, LineEnds};
use crate::say::{NBSP, NNBSP, counted, quoted};
use crate::stop::{Stop, refuse};

/// How a body's text is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextForm {
    /// Its encoding; UTF-8 is read as it is.
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the byte-order mark, 0 when there is none.
    pub(crate) mark: u64,
    /// How its lines end.
    pub(crate) line_ends: LineEnds,
    /// There are NUL bytes.
    pub(crate) has_nul: bool,
    /// Some bytes are not text in that encoding, or were garbled before: each row must be looked at.
    pub(crate) has_invalid: bool,
    /// The encoding that the contract names.
    declared: Option<&'static Encoding>,
    /// Bytes that Windows-1252 and ISO-8859-15 read differently, where nothing tells which of the two it is.
    doubtful: u64,
}

/// Reads the whole body once and says how its text is written.
///
/// The encoding that the contract names is taken, unless a byte-order mark, or well-formed letters of UTF-8 from the
/// first to the last, show that the text is in another one now.
pub(crate) fn detect(opened: &Opened, contract: &Contract) -> Result<TextForm, Stop> {
    let declared = contract.dialect.encoding.as_ref();
    let declared = declared.and_then(|name| Encoding::for_label(name.get_ref().as_bytes()));
    let head = opened.head(4096)?;
    let (encoding, mark): (Option<&'static Encoding>, u64) = match head.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(unknown("UTF-32")),
        [0xef, 0xbb, 0xbf, ..] => (None, marks(&head, &[0xef, 0xbb, 0xbf])),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), marks(&head, &[0xff, 0xfe])),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), marks(&head, &[0xfe, 0xff])),
        _ => (
            declared.filter(|known| *known == UTF_16LE || *known == UTF_16BE).or_else(|| without_mark(&head)),
            0,
        ),
    };
    let mut form = TextForm {
        encoding: encoding.unwrap_or(UTF_8),
        mark,
        line_ends: LineEnds::Plain,
        has_nul: false,
        has_invalid: encoding.is_some(),
        declared,
        doubtful: 0,
    };
    if encoding.is_some() {
        form.line_ends = line_ends(opened, &form)?;
        return Ok(form);
    }
    let seen = survey(opened, mark)?;
    form.line_ends = seen.line_ends.verdict();
    form.has_nul = seen.nul > 0;
    form.has_invalid = seen.invalid > 0 || seen.garbled;
    // A stray byte in a file that is plainly UTF-8 spoils its row. Where well-formed letters are as good as absent
    // the file was never UTF-8; anything between the two is a mixture, and no row of it may be garbled.
    let is_utf8 = mark > 0 || seen.invalid <= seen.letters * STRAYS_A_LETTER;
    match declared.filter(|_| mark == 0) {
        Some(declared) if declared == UTF_8 => {}
        // Plain ASCII is the same in both; letters of UTF-8 never come by chance without a single fault.
        Some(_) if seen.invalid == 0 && seen.letters > 0 => {}
        Some(declared) => {
            form.encoding = declared;
            form.has_invalid = true;
        }
        None if is_utf8 => {}
        None => {
            form.encoding = single_byte(opened, &seen)?;
            form.has_invalid = true;
            // The marks of Windows-1252 are control characters to ISO-8859-15, and no text has any.
            if seen.low == 0 && seen.doubtful > 0 {
                form.doubtful = seen.doubtful;
                if seen.like_latin9 == seen.doubtful {
                    form.encoding = ISO_8859_15;
                }
            }
        }
    }
    Ok(form)
}

/// Faulty sequences for each well-formed one from which a text is not UTF-8: Latin text forms one by chance at most
/// once in a hundred accents.
const STRAYS_A_LETTER: u64 = 20;

/// Bytes of the byte-order marks in front: files put together have several.
fn marks(head: &[u8], mark: &[u8]) -> u64 {
    head.chunks_exact(mark.len()).take_while(|chunk| *chunk == mark).count() as u64 * mark.len() as u64
}

/// Line ends of a text that must be decoded to see them.
fn line_ends(opened: &Opened, form: &TextForm) -> Result<LineEnds, Stop> {
    let mut reader = Utf8Reader::new(opened, form)?;
    let mut watch = CrWatch::default();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut chunk).map_err(opened.unreadable())?;
        if read == 0 {
            return Ok(watch.verdict());
        }
        watch.look(&chunk[..read]);
    }
}

/// Whether a text was taken for Windows-1252 once too often: `RhÃ´ne`, `lâ€™Isle`.
pub(crate) fn is_garbled(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut before = ' ';
    text.chars().any(|letter| {
        let pair = (std::mem::replace(&mut before, letter), letter);
        matches!(
            pair,
            ('Ã' | 'Â' | 'Å', '\u{80}'..='\u{bf}' | 'Œ' | 'œ' | 'Š' | 'š' | 'Ÿ' | 'Ž' | 'ž' | 'ƒ')
                | ('Ã' | 'Â' | 'Å', 'ˆ' | '˜' | '\u{2013}'..='\u{203a}' | '€' | '™')
                | ('â', '€' | '\u{80}' | '†' | '‰')
        )
    })
}

/// What was repaired in the text's form.
pub(crate) fn remarks(form: &TextForm) -> Vec<Finding> {
    let mut remarks = Vec::new();
    if form.doubtful > 0 {
        let (name, other) = match form.encoding == ISO_8859_15 {
            true => ("ISO-8859-15", "Windows-1252"),
            false => ("Windows-1252", "ISO-8859-15"),
        };
        let verb = if form.doubtful > 1 { "se liraient" } else { "se lirait" };
        let message = format!(
            "Texte lu en {name}, mais {} {verb} autrement en {other} (€ ou ¤, œ ou ½, Œ ou ¼, Š, š, Ž, ž, Ÿ){NBSP}: vérifier les noms, puis écrire le codage dans le contrat (encoding, sous [dialect]). ({})",
            counted(form.doubtful, "signe", "signes"),
            Code::EncodingGuess
        );
        let finding = remark(Code::EncodingGuess, None, form.encoding.name(), String::new());
        remarks.push(Finding { severity: Severity::Warn, message, ..finding });
    } else if form.declared.unwrap_or(UTF_8) != form.encoding {
        let name =
            if form.encoding == WINDOWS_1252 { "Windows-1252 (Latin-1)" } else { form.encoding.name() };
        let expected = form.declared.unwrap_or(UTF_8).name();
        let of = if expected.starts_with(['U', 'I']) { "d’" } else { "de " };
        let sentence = format!("Texte en {name} au lieu {of}{expected}, converti sans perte.");
        remarks.push(remark(Code::Encoding, None, form.encoding.name(), sentence));
    } else if form.mark > 0 {
        let sentence = "Marque d’ordre des octets (BOM) en tête du fichier, retirée.".to_owned();
        remarks.push(remark(Code::ByteOrderMark, Some(1), "", sentence));
    }
    remarks
}

/// UTF-16 without a mark: every other byte of Latin text is NUL.
fn without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs < 2 {
        return None;
    }
    let nul_at = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (nul_at(0), nul_at(1));
    if odd * 10 > pairs * 7 && even * 10 < pairs {
        Some(UTF_16LE)
    } else if even * 10 > pairs * 7 && odd * 10 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[derive(Debug, Default)]
struct Survey {
    nul: u64,
    line_ends: CrWatch,
    /// Letters that look like those of a text garbled before, or replacement characters.
    garbled: bool,
    /// Well-formed letters beyond ASCII, if this is UTF-8.
    letters: u64,
    /// Faulty sequences, if this is UTF-8.
    invalid: u64,
    /// Bytes 0x80 to 0x9F, which Latin-1 text does not use and Windows-1252 uses for a few marks.
    low: u64,
    /// Bytes 0xA0 to 0xFF.
    high: u64,
    /// Bytes that Windows-1252 and ISO-8859-15 read differently: `½` or `œ`.
    doubtful: u64,
    /// Those of them that only ISO-8859-15 reads as something that people write there.
    like_latin9: u64,
}

fn survey(opened: &Opened, skip: u64) -> Result<Survey, Stop> {
    let mut seen = Survey::default();
    let mut file = opened.reader()?;
    file.seek(SeekFrom::Start(skip)).map_err(opened.unreadable())?;
    let mut buffer = vec![0; 1 << 18];
    let mut kept = 0;
    loop {
        let read = read_some(&mut file, &mut buffer[kept..]).map_err(opened.unreadable())?;
        let chunk = &buffer[..kept + read];
        if chunk[kept..].contains(&0) {
            seen.nul += chunk[kept..].iter().filter(|b| **b == 0).count() as u64;
        }
        seen.line_ends.look(&chunk[kept..]);
        if chunk.is_ascii() {
            kept = 0;
        } else {
            let rest = count_letters(chunk, read == 0, &mut seen);
            count_doubtful(&chunk[..rest], &mut seen);
            kept = chunk.len() - rest;
            let length = chunk.len();
            buffer.copy_within(rest..length, 0);
        }
        if read == 0 {
            break;
        }
    }
    Ok(seen)
}

/// Counts what lies beyond ASCII in `chunk`; gives back where an unfinished letter starts.
fn count_letters(chunk: &[u8], last: bool, seen: &mut Survey) -> usize {
    let mut start = 0;
    loop {
        let (valid, fault) = match std::str::from_utf8(&chunk[start..]) {
            Ok(text) => (text.len(), None),
            Err(cause) => (cause.valid_up_to(), Some(cause.error_len())),
        };
        let end = start + valid;
        let letters = chunk[start..end].iter().filter(|b| **b >= 0xc0).count() as u64;
        seen.letters += letters;
        // Ã, Â, Å, â and U+FFFD: rows with them are looked at one by one.
        seen.garbled = seen.garbled
            || (letters > 0
                && (chunk[start..end].windows(2).any(|w| matches!(w, [0xc3, 0x82 | 0x83 | 0x85 | 0xa2]))
                    || chunk[start..end].windows(3).any(|w| *w == [0xef, 0xbf, 0xbd])));
        let skipped = match fault {
            None => 0,
            Some(None) if !last => {
                tally(&chunk[start..end], seen);
                return end;
            }
            Some(length) => {
                seen.invalid += 1;
                length.unwrap_or(chunk.len() - end)
            }
        };
        tally(&chunk[start..end + skipped], seen);
        start = end + skipped;
        if fault.is_none() || start >= chunk.len() {
            return chunk.len();
        }
    }
}

/// Counts the bytes that Windows-1252 and ISO-8859-15 read differently, if this is either.
fn count_doubtful(chunk: &[u8], seen: &mut Survey) {
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| chunk.get(at)).is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0xc0)
    };
    for (at, byte) in chunk.iter().enumerate() {
        if !matches!(byte, 0xa4 | 0xa6 | 0xa8 | 0xb4 | 0xb8 | 0xbc..=0xbe) {
            continue;
        }
        seen.doubtful += 1;
        // `C½ur` and `¤` are œ and €; `2½`, `1 ½` and accents that stand alone may be meant.
        let beside = is_letter(at.checked_sub(1)) || is_letter(Some(at + 1));
        seen.like_latin9 += u64::from(*byte == 0xa4 || (*byte != 0xb4 && beside));
    }
}

fn tally(part: &[u8], seen: &mut Survey) {
    for byte in part {
        match byte {
            0x80..=0x9f => seen.low += 1,
            0xa0..=0xff => seen.high += 1,
            _ => {}
        }
    }
}

/// Windows-1252 (which holds Latin-1), or a refusal: a wrong guess would store garbled names.
fn single_byte(opened: &Opened, seen: &Survey) -> Result<&'static Encoding, Stop> {
    // A stray NUL spoils its row; many of them are no text at all.
    if seen.nul * 100 > opened.bytes {
        return Err(binary());
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut file = opened.reader()?;
    let mut buffer = vec![0; 1 << 18];
    let mut fed = 0;
    // 16 MiB tell as much as the rest would.
    while fed < 16 << 20 {
        let read = read_some(&mut file, &mut buffer).map_err(opened.unreadable())?;
        if read == 0 {
            break;
        }
        detector.feed(&buffer[..read], false);
        fed += read;
    }
    detector.feed(&[], true);
    let guess = detector.guess(Some(b"fr"), Utf8Detection::Deny);
    // Accented capitals and small letters lie above 0xC0; a text mostly below is CP850 or Mac Roman.
    if guess != WINDOWS_1252 || seen.low > seen.high {
        return Err(unknown(if guess == WINDOWS_1252 { "CP850 ou Mac Roman" } else { guess.name() }));
    }
    Ok(WINDOWS_1252)
}

pub(crate) fn binary() -> Stop {
    refuse(
        Code::BinaryBody,
        format!(
            "Le fichier n’est pas du texte. Attendu{NBSP}: un fichier texte (UTF-8 de préférence). Rien n’a été chargé{NNBSP}; vérifier l’adresse ou le format de la source."
        ),
    )
}

fn unknown(guess: &str) -> Stop {
    refuse(
        Code::EncodingUnknown,
        format!(
            "Le codage du texte n’est pas sûr (peut-être {}). Attendu{NBSP}: UTF-8, UTF-16 ou Windows-1252. Rien n’a été chargé, pour ne pas abîmer les noms{NNBSP}; demander au producteur un fichier en UTF-8.",
            quoted(guess)
        ),
    )
}

/// Refuses a body that is plainly something else than delimited text or JSON: markup, a document, an archive.
pub(crate) fn refuse_other_kinds(opened: &Opened, form: &TextForm, json_wanted: bool) -> Result<(), Stop> {
    let mut head = Vec::with_capacity(1024);
    let mut reader = Utf8Reader::new(opened, form)?;
    (&mut reader).take(1024).read_to_end(&mut head).map_err(opened.unreadable())?;
    const DOCUMENTS: [&[u8]; 10] = [
        b"%PDF",
        b"PAR1",
        b"\x89PNG",
        b"BZh",
        b"7z\xbc\xaf",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
        b"\xd0\xcf\x11\xe0",
        b"Rar!",
        b"SQLite format 3",
    ];
    let raw = opened.head(8)?;
    if DOCUMENTS.iter().any(|magic| raw.starts_with(magic))
        || raw.starts_with(&[0x1f, 0x8b])
        || raw.starts_with(b"PK\x03\x04")
    {
        return Err(binary());
    }
    let start = head.trim_ascii_start();
    if start.is_empty() && opened.bytes <= 1024 {
        return Err(refuse(
            Code::EmptyBody,
            format!(
                "Le fichier est vide. Rien n’a été chargé{NNBSP}; les dernières données restent en place."
            ),
        ));
    }
    if start.first() == Some(&0) {
        return Err(binary());
    }
    let lower = start.to_ascii_lowercase();
    let wanted = if json_wanted { "du JSON" } else { "un tableau en texte délimité" };
    let (code, what) = match start.first() {
        Some(b'<') if lower.starts_with(b"<?xml") && !contains(&lower, b"<html") => {
            (Code::XmlBody, "un document XML")
        }
        Some(b'<')
            if lower.starts_with(b"<!doctype html")
                || contains(&lower, b"<html")
                || contains(&lower, b"<body")
                || contains(&lower, b"<head") =>
        {
            (Code::HtmlBody, "une page HTML")
        }
        Some(b'<') => (Code::XmlBody, "un document XML ou HTML"),
        Some(b'{' | b'[') if !json_wanted => (Code::JsonBody, "du JSON"),
        _ => return Ok(()),
    };
    let first = start.split(|b| *b == b'\n').next().unwrap_or(start);
    Err(crate::stop::Reason::new(
        code,
        format!(
            "Le serveur a envoyé {what} ({}) au lieu des données. Attendu{NBSP}: {wanted}. Rien n’a été chargé{NNBSP}; les dernières données restent en place.",
            quoted(&crate::say::shown(first))
        ),
    )
    .found(crate::say::shown(first))
    .expected(wanted)
    .line(1)
    .into())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The body as UTF-8, its byte-order mark left out.
pub(crate) struct Utf8Reader {
    file: std::fs::File,
    /// Absent for UTF-8, which is passed on as it is.
    decoding: Option<Decoding>,
}

struct Decoding {
    decoder: Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Part of `output` not given out yet.
    ready: std::ops::Range<usize>,
    finished: bool,
}

impl Utf8Reader {
    pub(crate) fn new(opened: &Opened, form: &TextForm) -> Result<Self, Stop> {
        let mut file = opened.reader()?;
        file.seek(SeekFrom::Start(form.mark)).map_err(opened.unreadable())?;
        let decoding = (form.encoding != UTF_8).then(|| Decoding {
            decoder: form.encoding.new_decoder_without_bom_handling(),
            input: vec![0; 1 << 16],
            // Three bytes of UTF-8 at most for each byte or unit read, and a last replacement.
            output: vec![0; 3 * (1 << 16) + 16],
            ready: 0..0,
            finished: false,
        });
        Ok(Self { file, decoding })
    }
}

impl Read for Utf8Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoding) = &mut self.decoding else {
            return read_some(&mut self.file, out);
        };
        while decoding.ready.is_empty() && !decoding.finished {
            let read = read_some(&mut self.file, &mut decoding.input)?;
            decoding.finished = read == 0;
            let (_, _, written, _) =
                decoding.decoder.decode_to_utf8(&decoding.input[..read], &mut decoding.output, read == 0);
            decoding.ready = 0..written;
        }
        let given = decoding.ready.len().min(out.len());
        out[..given].copy_from_slice(&decoding.output[decoding.ready.start..decoding.ready.start + given]);
        decoding.ready.start += given;
        Ok(given)
    }
}
