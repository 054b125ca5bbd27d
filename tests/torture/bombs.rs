//! Small bodies that would fill the memory: each is refused within 256 MB and five seconds of work. And, at length, a
//! gigabyte of rows that are all good, within 500 MB.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::{Check, Options, Tally, ensure, packed};

/// Peak of resident memory for a bomb, KiB.
const BOMB_KIB: u64 = 256 << 10;
/// Work that a bomb may cost, in seconds of processor: the clock of a shared machine says little.
const BOMB_SECONDS: f64 = 5.0;
/// Peak of resident memory for a gigabyte of rows, KiB.
const BIG_KIB: u64 = 500 << 10;
/// The program that measures: peak memory and processor time of a child.
const TIME: &str = "/usr/bin/time";

const MIB: u64 = 1 << 20;

struct Bomb {
    name: &'static str,
    source: &'static str,
    make: fn(&Path) -> std::io::Result<()>,
}

const BOMBS: &[Bomb] = &[
    Bomb {
        name: "gzip-of-zeros",
        source: "hospital_stock",
        make: |path| std::fs::write(path, packed::gzip_repeated(b"", &[0; 1 << 20], 1500)),
    },
    Bomb {
        name: "gzip-of-good-rows",
        source: "hospital_stock",
        make: |path| std::fs::write(path, packed::gzip_repeated(HEAD, &ROW.repeat(32_768), 500)),
    },
    Bomb {
        name: "zip-of-zeros",
        source: "tests",
        make: |path| {
            std::fs::write(
                path,
                packed::zip_of_gzip("t.csv", &packed::gzip_repeated(b"", &[0; 1 << 20], 1500), 1500 * MIB),
            )
        },
    },
    Bomb {
        name: "xlsx-of-one-far-cell",
        source: "reinforcement",
        make: |path| workbook(path, SPARSE, b"", 0),
    },
    Bomb {
        name: "xlsx-with-a-gigabyte-of-rows",
        source: "reinforcement",
        make: |path| {
            workbook(
                path,
                b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
                &XLSX_ROW.repeat(10_000),
                1000,
            )
        },
    },
    Bomb {
        name: "one-field-of-200-mb",
        source: "hospital_stock",
        make: |path| {
            repeated(
                path,
                b"\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n\"",
                &[b'a'; 1 << 20],
                200,
            )
        },
    },
    Bomb {
        name: "one-line-of-200-mb",
        source: "tests",
        make: |path| repeated(path, b"", &[b'7'; 1 << 20], 200),
    },
    Bomb {
        name: "a-million-columns",
        source: "hospital_stock",
        make: |path| repeated(path, b"dep", b";abcdefg", 1_000_000),
    },
    Bomb {
        name: "a-million-empty-columns",
        source: "tests",
        make: |path| repeated(path, b"dep", b";", 1_000_000),
    },
    Bomb {
        name: "lines-of-nothing",
        source: "tests",
        make: |path| repeated(path, b"dep;jour;P;T;cl_age90\n", &[b'\n'; 1 << 20], 200),
    },
    Bomb {
        name: "bad-rows-only",
        source: "tests",
        make: |path| repeated(path, b"dep;jour;P;T;cl_age90\n", &b"x;y;z;u;v\n".repeat(100_000), 20),
    },
    Bomb {
        name: "json-100000-deep",
        source: "nurse_platform",
        make: |path| repeated(path, b"{\"donnees\":", b"[", 100_000),
    },
    Bomb {
        name: "json-objects-100000-deep",
        source: "nurse_platform",
        make: |path| repeated(path, b"", b"{\"donnees\":", 100_000),
    },
    Bomb {
        name: "json-string-of-60-mb",
        source: "nurse_platform",
        make: |path| repeated(path, b"{\"donnees\":[{\"a\":\"", &[b'a'; 1 << 20], 60),
    },
    Bomb {
        name: "json-of-a-million-names",
        source: "nurse_platform",
        make: |path| repeated(path, b"{\"donnees\":[{\"a\":1", b",\"b\":1", 1_000_000),
    },
    Bomb {
        name: "ndjson-line-of-100-mb",
        source: "test_supply",
        make: |path| repeated(path, b"{\"a\":\"", &[b'a'; 1 << 20], 100),
    },
];

const HEAD: &[u8] = b"\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n";
const ROW: &[u8] = b"\"31\";\"0\";\"2020-10-05\";120;25;300;4\n";
const XLSX_ROW: &[u8] =
    b"<row><c t=\"inlineStr\"><is><t>31</t></is></c><c><v>44000</v></c><c><v>5</v></c></row>";
const SPARSE: &[u8] = b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>";

/// A body of a head and the same bytes so many times.
fn repeated(path: &Path, head: &[u8], bytes: &[u8], times: u64) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    file.write_all(head)?;
    for _ in 0..times {
        file.write_all(bytes)?;
    }
    file.flush()
}

/// A workbook whose sheet of figures has this text, and the same piece so many times.
fn workbook(path: &Path, sheet: &[u8], piece: &[u8], times: u64) -> std::io::Result<()> {
    let types: &[u8] = b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>";
    let rels: &[u8] = b"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
    let book: &[u8] = b"<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"demandes\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    let book_rels: &[u8] = b"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
    let sheet_bytes = sheet.len() as u64 + piece.len() as u64 * times;
    let sheet = packed::gzip_repeated(sheet, piece, times);
    let small = |text: &[u8]| (packed::gzip(text), text.len() as u64);
    let parts = [small(types), small(rels), small(book), small(book_rels)];
    let names = ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"];
    let mut members: Vec<(&str, &[u8], u64)> =
        names.iter().zip(&parts).map(|(name, (packed, bytes))| (*name, packed.as_slice(), *bytes)).collect();
    members.push(("xl/worksheets/sheet1.xml", &sheet, sheet_bytes));
    std::fs::write(path, packed::zip_of_gzips(&members))
}

/// What a command took.
struct Took {
    kib: u64,
    seconds: f64,
    code: i32,
    report: serde_json::Value,
}

fn measure(site: &Site, words: &[&str]) -> Check<Took> {
    let log = site.folder().join("time.txt");
    let wrapper = [TIME, "-f", "%M %U %S", "-o", log.to_str().unwrap()];
    let ended = site.finish(site.command(&wrapper, words))?;
    let text = std::fs::read_to_string(&log).map_err(|fault| fault.to_string())?;
    let last = text.lines().last().unwrap_or_default().to_owned();
    let mut numbers = last.split(' ').filter_map(|number| number.parse::<f64>().ok());
    let (Some(kib), Some(user), Some(system)) = (numbers.next(), numbers.next(), numbers.next()) else {
        return Err(format!("{TIME}: {text}"));
    };
    let code = ended.code.ok_or(format!("died: {}", ended.err))?;
    Ok(Took { kib: kib as u64, seconds: user + system, code, report: ended.json()? })
}

pub(crate) fn run(options: &Options) -> Tally {
    let mut tally = Tally::default();
    if !Path::new(TIME).exists() {
        return Tally::skipped("/usr/bin/time is missing (.ci/setup --torture installs it)");
    }
    let site = Site::new();
    for bomb in BOMBS {
        let path = site.folder().join(format!("{}.body", bomb.name));
        let outcome =
            (bomb.make)(&path).map_err(|fault| fault.to_string()).and_then(|()| throw(&site, bomb, &path));
        let _ = std::fs::remove_file(&path);
        match outcome {
            Ok(note) => {
                tally.notes.push(note);
                tally.case(bomb.name, Ok(()));
            }
            Err(fault) => tally.case(bomb.name, Err(fault)),
        }
    }
    tally.case("the lake afterwards", site.verify());
    if options.long {
        match big() {
            Ok(note) => {
                tally.notes.push(note);
                tally.case("a gigabyte of good rows", Ok(()));
            }
            Err(fault) => tally.case("a gigabyte of good rows", Err(fault)),
        }
    }
    tally
}

fn throw(site: &Site, bomb: &Bomb, path: &PathBuf) -> Check<String> {
    let bytes = std::fs::metadata(path).map_err(|fault| fault.to_string())?.len();
    let took = measure(site, &["--json", "fetch", bomb.source, "--from", path.to_str().unwrap()])?;
    let (outcome, message) = (took.report["outcome"].as_str().unwrap_or_default(), &took.report["message"]);
    let code = message
        .as_str()
        .and_then(|m| m.rsplit('(').next())
        .unwrap_or_default()
        .trim_end_matches(')')
        .to_owned();
    let note = format!(
        "{:<30} {:>11} bytes: {outcome} ({code}), {} MiB, {:.1} s of work",
        bomb.name,
        bytes,
        took.kib >> 10,
        took.seconds
    );
    ensure!(outcome == "rejected" && took.code == 3, "{note}; exit {}: {message}", took.code);
    ensure!(took.kib <= BOMB_KIB, "{note}: more than {} MiB", BOMB_KIB >> 10);
    ensure!(took.seconds <= BOMB_SECONDS, "{note}: more than {BOMB_SECONDS} s");
    Ok(note)
}

/// A gigabyte of rows, every one of them good: the departments of the mainland over some three centuries.
fn big() -> Check<String> {
    let site = Site::new();
    let sources = site.folder().join("vocabulary/sources");
    std::fs::create_dir_all(&sources).map_err(|fault| fault.to_string())?;
    let contract = include_str!("../../queries/sources/hospital_stock.toml");
    let undated = contract.replace("since = \"2020-01-01\"", "future = true");
    let contract = format!("{undated}\n[bounds]\nbytes_max = 2147483648\n");
    std::fs::write(sources.join("hospital_stock.toml"), contract).map_err(|fault| fault.to_string())?;
    site.configure("vocabulary = \"vocabulary\"\n");
    let path = site.folder().join("big.csv");
    let rows = write_big(&path).map_err(|fault| fault.to_string())?;
    let bytes = std::fs::metadata(&path).map_err(|fault| fault.to_string())?.len();
    let took = measure(&site, &["--json", "fetch", "hospital_stock", "--from", path.to_str().unwrap()])?;
    let note = format!(
        "{bytes} bytes, {rows} rows: {} ({} accepted), {} MiB, {:.0} s of work",
        took.report["outcome"],
        took.report["rows_accepted"],
        took.kib >> 10,
        took.seconds
    );
    ensure!(
        took.report["outcome"] == "new" && took.report["rows_accepted"] == rows,
        "{note}: {}",
        took.report["message"]
    );
    ensure!(took.kib <= BIG_KIB, "{note}: more than {} MiB", BIG_KIB >> 10);
    Ok(note)
}

fn write_big(path: &Path) -> std::io::Result<u64> {
    let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let note = "x".repeat(58);
    file.write_all(b"\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\";\"note\"\n")?;
    let (mut rows, mut bytes) = (0, 0);
    let mut day = jiff::civil::date(1900, 1, 1);
    while bytes < 1_000_000_000 {
        for rank in 1..=95_u64 {
            if rank == 20 {
                continue; // Corsica is 2A and 2B
            }
            let row = format!(
                "\"{rank:02}\";\"0\";\"{day}\";{};{};{};{};\"{note}\"\n",
                100 + rank,
                10 + rank,
                rows / 95,
                rows / 950
            );
            file.write_all(row.as_bytes())?;
            rows += 1;
            bytes += row.len();
        }
        day = day.tomorrow().map_err(std::io::Error::other)?;
    }
    file.flush()?;
    Ok(rows)
}
