//! A hundred and more bad files, each made from a small good one by one defect: what is loaded, set aside, refused.
//!
//! One line a case. `Kept` says that the table is that of the good file, less the rows of the lines named; every row set
//! aside is listed with its code and line, every remark with its code.

use std::io::Write as _;

use encoding_rs::WINDOWS_1252;
use vigie_queries::{Contract, Vocabulary};

use super::{codes, parsed, table};
use crate::{Checked, Parsed, Severity};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Feed {
    Hosp,
    Tests,
    Ed,
    Incid,
    Reference,
    Rki,
}
use Feed::{Ed, Hosp, Incid, Reference, Rki, Tests};

const FEEDS: [Feed; 6] = [Hosp, Tests, Ed, Incid, Reference, Rki];

impl Feed {
    fn contract(self) -> Contract {
        let source = match self {
            Hosp => "hospital_stock",
            Tests => "tests",
            Ed => "er_visits",
            Incid => "hospital_admissions",
            Reference => "departments",
            Rki => {
                let text = include_str!("../../../tests/overlay/sources/icu_register_de.toml");
                return Contract::parse("sources/icu_register_de.toml", text).unwrap();
            }
        };
        Vocabulary::embedded().unwrap().contract(source).unwrap().clone()
    }

    /// The good file: a header, and twenty rows on lines 2 to 21.
    fn base(self) -> String {
        const PLACES: [&str; 10] = ["01", "02", "03", "2A", "2B", "31", "48", "75", "971", "974"];
        const NAMES: [&str; 10] = [
            "Ain",
            "Aisne",
            "Allier",
            "Corse-du-Sud",
            "Haute-Corse",
            "Haute-Garonne",
            "Lozère",
            "Île-de-Paris",
            "Guadeloupe",
            "La Réunion",
        ];
        const REFERENCE: [&str; 20] = [
            "01", "02", "03", "2A", "2B", "31", "48", "75", "971", "974", "04", "05", "06", "07", "08", "09",
            "10", "11", "12", "13",
        ];
        let mut text = match self {
            Hosp => "dep;sexe;jour;hosp;rea;rad;dc\n",
            Tests => "dep;jour;P;T;cl_age90\n",
            Ed => "dep;date_de_passage;sursaud_cl_age_corona;nbre_pass_corona;nbre_pass_tot;nbre_hospit_corona;nbre_acte_corona;nbre_acte_tot\n",
            Incid => "dep;jour;incid_hosp;incid_rea;incid_dc;incid_rad\n",
            Reference => "dep,nom,reg,reg_nom,pop_total,pop_75plus,rea,si_usic,si_unv,si_autres,si_total,sc\n",
            Rki => "datum,bundesland_id,bundesland_name,behandlungsgruppe,faelle_covid_aktuell,intensivbetten_belegt,intensivbetten_frei\n",
        }
        .to_owned();
        for i in 0..20 {
            let (dep, day) = (PLACES[i % 10], 5 + i / 10);
            text.push_str(&match self {
                Hosp => format!("{dep};0;2020-10-0{day};{};{};{};{}\n", 140 + i, i % 9, 500 + i, 100 + i),
                Tests => format!("{dep};2020-10-0{day};{};{};0\n", 10 + i, 1200 + i),
                Ed if i % 3 == 0 => {
                    format!("{dep};2020-10-0{day};0;{};{};{};;\n", i % 9, 220 + i, (i % 4).min(i % 9))
                }
                Ed => format!(
                    "{dep};2020-10-0{day};0;{};{};{};0;{}\n",
                    i % 9,
                    220 + i,
                    (i % 4).min(i % 9),
                    30 + i
                ),
                Incid => format!("{dep};2020-10-0{day};{};{};;\n", i % 9, i % 4),
                Reference => {
                    let (dep, name) = (REFERENCE[i], NAMES[i % 10]);
                    format!(
                        "{dep},{name},84,Auvergne-Rhône-Alpes,{},{},{},6,4,,10,{}\n",
                        200_001 + i,
                        20_001 + i,
                        i,
                        i + 5
                    )
                }
                Rki => format!(
                    "2020-10-0{day},{:02},Thüringen,ERWACHSENE,{},{},{}\n",
                    i % 10 + 1,
                    i,
                    800 + i,
                    200 + i
                ),
            });
        }
        text
    }
}

/// What must come of a file.
enum Then {
    /// Rows set aside (`code@line`), remarks (codes), lines of the good file that are not in the table.
    Kept(&'static str, &'static str, &'static [usize]),
    /// The refusal's code.
    Refused(&'static str),
}
use Then::{Kept, Refused};

type Make = Box<dyn Fn(&str) -> Vec<u8>>;

/// Replaces the first occurrence.
fn sub(from: &'static str, to: &'static str) -> Make {
    Box::new(move |text| {
        assert!(text.contains(from), "{from:?} is not in the good file");
        text.replacen(from, to, 1).into_bytes()
    })
}

/// Replaces every occurrence.
fn all(from: &'static str, to: &'static str) -> Make {
    Box::new(move |text| {
        assert!(text.contains(from), "{from:?} is not in the good file");
        text.replace(from, to).into_bytes()
    })
}

/// Replaces one line.
fn line(number: usize, new: &'static str) -> Make {
    Box::new(move |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[number - 1] = new;
        (lines.join("\n") + "\n").into_bytes()
    })
}

/// Puts lines behind the given one.
fn after(number: usize, new: &'static str) -> Make {
    Box::new(move |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(number, new);
        (lines.join("\n") + "\n").into_bytes()
    })
}

fn add(more: &'static [u8]) -> Make {
    Box::new(move |text| [text.as_bytes(), more].concat())
}

fn front(more: &'static [u8]) -> Make {
    Box::new(move |text| [more, text.as_bytes()].concat())
}

fn body(bytes: &'static [u8]) -> Make {
    Box::new(move |_| bytes.to_vec())
}

fn by(change: impl Fn(&str) -> Vec<u8> + 'static) -> Make {
    Box::new(change)
}

/// Every field of every line by a function of its rank and text.
fn fields(delimiter: char, change: impl Fn(usize, usize, &str) -> String + 'static) -> Make {
    Box::new(move |text| {
        let mut out = String::new();
        for (row, line) in text.lines().enumerate() {
            let cells: Vec<String> =
                line.split(delimiter).enumerate().map(|(rank, cell)| change(row, rank, cell)).collect();
            out.push_str(&cells.join(&delimiter.to_string()));
            out.push('\n');
        }
        out.into_bytes()
    })
}

fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

fn latin(text: &str) -> Vec<u8> {
    WINDOWS_1252.encode(text).0.into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        packed.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        packed.write_all(bytes).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

fn workbook(text: &str) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in text.lines().enumerate() {
        for (column, cell) in line.split(';').enumerate() {
            sheet.write(row as u32, column as u16, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// The middle of a file, its lines from and to.
fn some_lines(text: &str, lines: std::ops::Range<usize>) -> String {
    text.lines().skip(lines.start - 1).take(lines.len()).map(|line| format!("{line}\n")).collect()
}

const CLEAN: Then = Kept("", "", &[]);

/// A remark without rows set aside.
const fn said(codes: &'static str) -> Then {
    Kept("", codes, &[])
}

/// Rows of the good file set aside, line 2 being the first.
const fn aside(codes: &'static str, lines: &'static [usize]) -> Then {
    Kept(codes, "", lines)
}

#[rustfmt::skip] // one line a case
fn cases() -> Vec<(&'static str, Feed, Make, Then)> {
    vec![
        // Encodings.
        ("BOM", Hosp, front(b"\xef\xbb\xbf"), said("byte-order-mark")),
        ("two BOM", Hosp, front(b"\xef\xbb\xbf\xef\xbb\xbf"), said("byte-order-mark")),
        ("BOM and quotes", Hosp, by(|t| format!("\u{feff}{}", t.replacen("dep;", "\"dep\";", 1)).into_bytes()), said("byte-order-mark")),
        ("UTF-16 LE with mark", Reference, by(|t| utf16(t, true, u16::to_le_bytes)), said("encoding")),
        ("UTF-16 BE with mark", Reference, by(|t| utf16(t, true, u16::to_be_bytes)), said("encoding")),
        ("UTF-16 LE without mark", Hosp, by(|t| utf16(t, false, u16::to_le_bytes)), said("encoding")),
        ("UTF-16 BE without mark", Hosp, by(|t| utf16(t, false, u16::to_be_bytes)), said("encoding")),
        ("UTF-16 LE with CR LF", Hosp, by(|t| utf16(&t.replace('\n', "\r\n"), true, u16::to_le_bytes)), said("encoding line-ends")),
        ("UTF-16 LE with CR alone", Hosp, by(|t| utf16(&t.replace('\n', "\r"), true, u16::to_le_bytes)), said("encoding line-ends")),
        ("UTF-16 cut in the middle of a letter", Hosp, by(|t| { let mut b = utf16(t, true, u16::to_le_bytes); b.truncate(b.len() - 9); b }), Kept("line-cut-short@21", "encoding", &[21])),
        ("UTF-32", Hosp, body(b"\xff\xfe\0\0d\0\0\0e\0\0\0p\0\0\0"), Refused("encoding-unknown")),
        ("Windows-1252", Reference, by(latin), said("encoding")),
        ("Windows-1252 with curly quotes", Reference, by(|t| latin(&t.replacen("Ain", "L’« Ain » œuvre", 1))), Kept("", "encoding", &[2])),
        ("CP850", Reference, by(|t| t.bytes().collect::<Vec<u8>>().split(|b| *b == 0xc3).collect::<Vec<_>>().join(&0x82)), Refused("encoding-unknown")),
        ("UTF-8, two lines in Latin-1", Reference, by(|t| [some_lines(t, 1..10).into_bytes(), latin(&some_lines(t, 10..12)), some_lines(t, 12..22).into_bytes()].concat()), aside("invalid-text@10 invalid-text@11", &[10, 11])),
        ("half UTF-8, half Latin-1", Reference, by(|t| [some_lines(t, 1..12).into_bytes(), latin(&some_lines(t, 12..22))].concat()), Refused("too-many-bad-rows")),
        ("garbled once before", Reference, all("Rhône", "RhÃ´ne"), Refused("too-many-bad-rows")),
        ("one garbled name", Reference, sub("Lozère", "LozÃ¨re"), aside("garbled-text@8", &[8])),
        ("one garbled apostrophe", Reference, sub("La Réunion", "Lâ€™Île"), aside("garbled-text@11", &[11])),
        ("replacement character", Reference, sub("Lozère", "Loz\u{fffd}re"), aside("invalid-text@8", &[8])),
        ("overlong UTF-8", Hosp, by(|t| { let mut b = t.as_bytes().to_vec(); b.extend_from_slice(b"04;0;2020-10-05;\xc0\xb1;1;1;1\n"); b }), Kept("type-error@22", "encoding", &[])),
        // Line ends.
        ("CR LF", Hosp, all("\n", "\r\n"), said("line-ends")),
        ("CR alone", Hosp, all("\n", "\r"), said("line-ends")),
        ("CR CR LF", Hosp, all("\n", "\r\r\n"), said("line-ends")),
        ("CR LF on some lines", Hosp, sub("2020-10-05;140;0;500;100\n", "2020-10-05;140;0;500;100\r\n"), said("line-ends")),
        ("CR alone on some lines", Hosp, sub("2020-10-05;140;0;500;100\n", "2020-10-05;140;0;500;100\r"), said("line-ends")),
        ("CR alone on some lines, a bad row after", Hosp, by(|t| t.replacen("100\n", "100\r", 1).replacen(";144;", ";x;", 1).into_bytes()), Kept("type-error@6", "line-ends", &[6])),
        ("no final line end", Hosp, by(|t| t.trim_end().as_bytes().to_vec()), aside("line-may-be-cut@21", &[21])),
        ("blank lines at the end", Hosp, add(b"\n\n\r\n"), said("blank-line")),
        ("blank lines between all", Hosp, all("\n", "\n\n"), said("blank-line")),
        ("lines of separators only", Hosp, add(b";;;;;;\n;;;;;;\n"), said("blank-line")),
        ("lines of spaces", Hosp, add(b"   \n \t \n"), said("blank-line")),
        ("DOS end-of-file mark", Hosp, add(b"\x1a"), said("blank-line")),
        // Quotes.
        ("every field quoted", Hosp, fields(';', |_, _, c| format!("\"{c}\"")), CLEAN),
        ("codes quoted on some lines", Hosp, sub("\n01;0;", "\n\"01\";\"0\";"), CLEAN),
        ("spaces around quoted fields", Hosp, fields(';', |_, r, c| if r > 0 { format!(" \"{c}\" ") } else { c.to_owned() }), said("surrounding-space")),
        ("quote left open in the first field", Hosp, line(5, "\"2A;0;2020-10-05;143;3;503;103"), aside("bad-quote@5", &[5])),
        ("quote left open in the last field", Hosp, line(5, "2A;0;2020-10-05;143;3;503;\"103"), aside("bad-quote@5", &[5])),
        ("quote left open, all fields quoted", Hosp, by(|t| { let quoted: String = t.lines().map(|l| format!("\"{}\"\n", l.replace(';', "\";\""))).collect(); quoted.replacen("143\"", "143", 1).into_bytes() }), aside("bad-quote@5", &[5])),
        ("two quotes left open, lines apart", Hosp, by(|t| t.replacen(";143;", ";\"143;", 1).replacen(";147;", ";147\";", 1).into_bytes()), aside("bad-quote@5 type-error@9", &[5, 9])),
        ("two quotes left open, on lines that follow", Hosp, by(|t| t.replacen(";143;", ";\"143;", 1).replacen(";144;", ";144\";", 1).into_bytes()), aside("bad-quote@5 type-error@6", &[5, 6])),
        ("quote left open at the end", Hosp, by(|t| { let t = t.trim_end(); format!("{}\"{}", &t[..t.len() - 3], &t[t.len() - 3..]).into_bytes() }), aside("bad-quote@21", &[21])),
        ("quote inside a field", Hosp, sub(";143;", ";14\"3;"), aside("type-error@5", &[5])),
        ("text after a closing quote", Hosp, sub(";143;", ";\"143\"x;"), aside("bad-quote@5", &[5])),
        ("separator inside quotes", Reference, sub("Ain", "\"Ain, le\""), Kept("", "", &[2])),
        ("line end inside quotes", Reference, sub("Ain", "\"A\nin\""), Kept("", "", &[2])),
        ("whole lines quoted", Hosp, by(|t| t.lines().map(|l| format!("\"{l}\"\n")).collect::<String>().into_bytes()), Refused("missing-column")),
        ("single quotes", Hosp, fields(';', |_, _, c| format!("'{c}'")), Refused("missing-column")),
        // Separators and width.
        ("commas", Hosp, all(";", ","), said("delimiter")),
        ("tabs", Hosp, all(";", "\t"), Refused("wrong-delimiter")),
        ("bars", Tests, all(";", "|"), Refused("wrong-delimiter")),
        ("semicolons where commas are declared", Reference, all(",", ";"), Refused("wrong-delimiter")),
        ("commas on some lines", Hosp, line(5, "2A,0,2020-10-05,143,3,503,103"), aside("field-count@5", &[5])),
        ("commas below a header of semicolons", Hosp, by(|t| { let (h, r) = t.split_once('\n').unwrap(); format!("{h}\n{}", r.replace(';', ",")).into_bytes() }), Refused("too-many-bad-rows")),
        ("sep= line", Hosp, front(b"sep=;\n"), said("preamble")),
        ("sep= line with commas", Hosp, by(|t| format!("sep=,\n{}", t.replace(';', ",")).into_bytes()), said("delimiter preamble")),
        ("separator at the end of every line", Hosp, all("\n", ";\n"), said("extra-column")),
        ("separator at the end of every row", Hosp, by(|t| t.replace('\n', ";\n").replacen("dc;", "dc", 1).into_bytes()), said("trailing-delimiter")),
        ("separator at the end of the header", Hosp, sub(";dc", ";dc;"), said("trailing-delimiter")),
        ("separator at the end of one row", Hosp, sub(";103\n", ";103;\n"), aside("field-count@5", &[5])),
        ("a field too many", Hosp, sub(";143;", ";143;7;"), aside("field-count@5", &[5])),
        ("a field too few", Hosp, sub(";143;", ";"), aside("field-count@5", &[5])),
        ("decimal comma between commas", Hosp, by(|t| t.replace(';', ",").replacen(",143,", ",143,0,", 1).into_bytes()), Kept("field-count@5", "delimiter", &[5])),
        // Header.
        ("columns in another order", Tests, by(|t| t.lines().map(|l| { let c: Vec<&str> = l.split(';').collect(); format!("{};{};{};{};{}\n", c[4], c[3], c[1], c[0], c[2]) }).collect::<String>().into_bytes()), CLEAN),
        ("header in capitals", Hosp, sub("dep;sexe;jour;hosp;rea;rad;dc", "DEP;SEXE;JOUR;HOSP;REA;RAD;DC"), said("header-form")),
        ("spaces in the header", Hosp, sub("dep;sexe;jour", " dep ;sexe\u{a0};\u{feff}jour"), said("header-form")),
        ("extra columns", Hosp, fields(';', |row, rank, c| if rank == 2 { format!("{c};{}", if row == 0 { "ssr" } else { "9" }) } else { c.to_owned() }), said("extra-column")),
        ("index column without a name", Hosp, by(|t| t.lines().enumerate().map(|(i, l)| if i == 0 { format!(";{l}\n") } else { format!("{i};{l}\n") }).collect::<String>().into_bytes()), said("extra-column")),
        ("row names without a header", Hosp, by(|t| t.lines().enumerate().map(|(i, l)| if i == 0 { format!("{l}\n") } else { format!("{i};{l}\n") }).collect::<String>().into_bytes()), Refused("too-many-bad-rows")),
        ("column renamed", Tests, sub(";P;", ";pos;"), Refused("missing-column")),
        ("column twice", Tests, fields(';', |_, rank, c| if rank == 2 { format!("{c};{c}") } else { c.to_owned() }), Refused("duplicate-column")),
        ("column missing", Hosp, fields(';', |_, rank, c| if rank == 3 { String::new() } else { c.to_owned() }), Refused("missing-column")),
        ("filter column missing", Tests, by(|t| t.lines().map(|l| format!("{}\n", l.rsplit_once(';').unwrap().0)).collect::<String>().into_bytes()), Refused("missing-column")),
        ("optional columns missing", Incid, by(|t| t.lines().map(|l| format!("{}\n", l.splitn(5, ';').take(4).collect::<Vec<_>>().join(";"))).collect::<String>().into_bytes()), said("column-absent column-absent")),
        ("no header", Hosp, by(|t| some_lines(t, 2..22).into_bytes()), Refused("missing-column")),
        ("header last, as sorting leaves it", Hosp, by(|t| format!("{}{}", some_lines(t, 2..22), some_lines(t, 1..2)).into_bytes()), Refused("missing-column")),
        ("header twice in front", Hosp, by(|t| format!("{}{t}", some_lines(t, 1..2)).into_bytes()), Kept("repeated-header@2", "", &[])),
        ("files put together", Hosp, by(|t| format!("{}{}{}", some_lines(t, 1..12), some_lines(t, 1..2), some_lines(t, 12..22)).into_bytes()), Kept("repeated-header@12", "", &[])),
        ("files put together, BOM between", Hosp, by(|t| format!("{}\u{feff}{}{}", some_lines(t, 1..12), some_lines(t, 1..2), some_lines(t, 12..22)).into_bytes()), Kept("repeated-header@12", "", &[])),
        ("files put together, other order", Hosp, by(|t| format!("{t}dep;sexe;jour;rea;hosp;rad;dc\n04;0;2020-10-05;1;9;1;1\n").into_bytes()), Refused("header-changes")),
        ("the same file twice over", Hosp, by(|t| format!("{t}{t}").into_bytes()), Kept("repeated-header@22", "duplicate-row", &[])),
        ("line of labels below the header", Hosp, after(1, "Département;Sexe;Jour;Patients hospitalisés;Réanimation;Retours;Décès"), Kept("unknown-value@2", "", &[])),
        ("title above the header", Hosp, front("Données hospitalières au 06/10/2020\n\n".as_bytes()), said("preamble blank-line")),
        ("comments above the header", Hosp, front("# Source : Santé publique France\n# Licence Ouverte 2.0\n".as_bytes()), said("preamble")),
        ("title as wide as the header", Hosp, front("Données hospitalières;;;;;;\n".as_bytes()), said("preamble")),
        // Lines that are no data.
        ("totals at the end", Hosp, add(b"Total;0;2020-10-06;2990;72;10190;2190\n"), Kept("total-row@22", "", &[])),
        ("totals without a class", Hosp, add(b"TOTAL;;;2990;72;10190;2190\n"), Kept("total-row@22", "", &[])),
        ("totals short of fields", Tests, add(b"Total : 20 lignes;390\n"), Kept("total-row@22", "", &[])),
        ("note at the end", Hosp, add("Source : Santé publique France, SI-VIC\n".as_bytes()), Kept("note-line@22", "", &[])),
        ("note at the end, no line end", Hosp, add("* données provisoires".as_bytes()), Kept("note-line@22", "", &[])),
        ("note as wide as the header", Hosp, add("Source : Santé publique France;;;;;;\n".as_bytes()), Kept("note-line@22", "", &[])),
        ("PHP warning at the end", Hosp, add(b"<b>Warning</b>: mysql_fetch_array() in /var/www/export.php\n"), Kept("note-line@22", "", &[])),
        ("comment between rows", Hosp, after(5, "# correction du 06/10"), Kept("note-line@6", "", &[])),
        // Cut and padded files.
        ("cut within a line", Hosp, by(|t| t.as_bytes()[..t.len() - 12].to_vec()), aside("line-cut-short@21", &[21])),
        ("cut within a quoted field", Hosp, by(|t| { let q: String = t.lines().map(|l| format!("\"{}\"\n", l.replace(';', "\";\""))).collect(); q.as_bytes()[..q.len() - 3].to_vec() }), aside("bad-quote@21", &[21])),
        ("cut after the first byte of a line", Hosp, add(b"0"), Kept("line-cut-short@22", "", &[])),
        ("NUL padding at the end", Hosp, add(&[0; 64]), Kept("nul-bytes@22", "", &[])),
        ("NUL in a field", Hosp, sub(";143;", ";14\u{0}3;"), aside("nul-bytes@5", &[5])),
        ("cut to the header", Hosp, by(|t| some_lines(t, 1..2).into_bytes()), Refused("no-rows")),
        ("cut within the header", Hosp, body(b"dep;sexe;jo"), Refused("missing-column")),
        // Archives.
        ("gzip", Hosp, by(|t| gzip(t.as_bytes())), said("compression")),
        ("gzip of two members", Hosp, by(|t| [gzip(&t.as_bytes()[..300]), gzip(&t.as_bytes()[300..])].concat()), said("compression")),
        ("gzip cut", Hosp, by(|t| { let g = gzip(t.as_bytes()); g[..g.len() / 2].to_vec() }), Refused("broken-archive")),
        ("gzip without its last bytes", Hosp, by(|t| { let g = gzip(t.as_bytes()); g[..g.len() - 4].to_vec() }), Refused("broken-archive")),
        ("gzip with a wrong sum", Hosp, by(|t| { let mut g = gzip(t.as_bytes()); let at = g.len() - 6; g[at] ^= 0xff; g }), Refused("broken-archive")),
        ("gzip with rubbish behind", Hosp, by(|t| [gzip(t.as_bytes()), b"rubbish".to_vec()].concat()), Refused("broken-archive")),
        ("gzip of gzip", Hosp, by(|t| gzip(&gzip(t.as_bytes()))), Refused("binary-body")),
        ("gzip of nothing", Hosp, by(|_| gzip(b"")), Refused("empty-body")),
        ("gzip of a page", Hosp, by(|_| gzip(b"<!DOCTYPE html><html></html>")), Refused("html-body")),
        ("gzip of Latin-1 with CR LF", Reference, by(|t| gzip(&latin(&t.replace('\n', "\r\n")))), said("compression encoding line-ends")),
        ("zip", Hosp, by(|t| zip(&[("hosp.csv", t.as_bytes())])), said("compression")),
        ("zip of two members", Hosp, by(|t| zip(&[("a.csv", t.as_bytes()), ("b.csv", t.as_bytes())])), Refused("archive-members")),
        ("zip of none", Hosp, by(|_| zip(&[])), Refused("archive-members")),
        ("zip cut", Hosp, by(|t| { let z = zip(&[("a.csv", t.as_bytes())]); z[..z.len() / 2].to_vec() }), Refused("broken-archive")),
        ("zip with a Mac's resources", Hosp, by(|t| zip(&[("__MACOSX/._hosp.csv", b"x"), ("hosp.csv", t.as_bytes())])), said("compression")),
        // Other kinds of files.
        ("workbook", Hosp, by(workbook), Refused("binary-body")),
        ("old workbook", Hosp, body(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Refused("binary-body")),
        ("page", Hosp, body(b"<!DOCTYPE html>\n<html><body>503</body></html>"), Refused("html-body")),
        ("page after blank lines and a BOM", Hosp, body(b"\xef\xbb\xbf\r\n\r\n<html>"), Refused("html-body")),
        ("XML", Rki, body(b"<?xml version=\"1.0\"?><Error><Code>ServiceUnavailable</Code></Error>"), Refused("xml-body")),
        ("JSON object", Hosp, body(b"{\"error\": \"quota\"}"), Refused("json-body")),
        ("JSON array of the rows", Hosp, body(b"[{\"dep\":\"01\",\"sexe\":0,\"jour\":\"2020-10-05\",\"hosp\":1}]"), Refused("json-body")),
        ("PDF", Hosp, body(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), Refused("binary-body")),
        ("PNG", Hosp, body(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Refused("binary-body")),
        ("plain sentence", Hosp, body(b"Service temporairement indisponible"), Refused("missing-column")),
        ("nothing", Hosp, body(b""), Refused("empty-body")),
        ("BOM only", Hosp, body(b"\xef\xbb\xbf"), Refused("empty-body")),
        ("blank lines only", Hosp, body(b"\n\r\n\n"), Refused("empty-body")),
        ("many blank lines only", Hosp, by(|_| vec![b'\n'; 5000]), Refused("empty-body")),
        ("NUL only", Hosp, by(|_| vec![0; 5000]), Refused("binary-body")),
        ("another feed of the same agency", Hosp, by(|_| Tests.base().into_bytes()), Refused("missing-column")),
        // Dates.
        ("French dates on some lines", Hosp, all("2020-10-05", "05/10/2020"), said("date-form")),
        ("French dates, days above 12", Hosp, sub("03;0;2020-10-05;142", "03;0;05/10/2020;142"), said("date-form")),
        ("dates without zeros", Hosp, all("2020-10-05", "2020-10-5"), said("date-form")),
        ("dates without hyphens", Hosp, all("2020-10-0", "2020100"), said("date-form")),
        ("dates with slashes, year first", Hosp, all("2020-10-05", "2020/10/05"), said("date-form")),
        ("instants at midnight", Hosp, all("2020-10-05", "2020-10-05T00:00:00"), said("date-form")),
        ("instants at midnight with an offset", Hosp, all("2020-10-05", "2020-10-05T00:00:00+02:00"), said("date-form")),
        ("instants that are no midnight", Hosp, sub("2020-10-05;143", "2020-10-05T22:00:00;143"), aside("type-error@5", &[5])),
        ("days as Excel counts them", Hosp, sub("2020-10-05;143", "44109;143"), aside("type-error@5", &[5])),
        ("one American date", Hosp, sub("2020-10-05;143", "10/25/2020;143"), aside("impossible-date@5", &[5])),
        ("American dates", Hosp, by(|t| t.replace("2020-10-05;143", "10/25/2020;143").replace("2020-10-0", "10/0").replace("10/05", "10/05/2020").replace("10/06", "10/06/2020").into_bytes()), Refused("ambiguous-dates")),
        ("year of two digits", Hosp, sub("2020-10-05;143", "05/10/20;143"), aside("type-error@5", &[5])),
        ("31 February", Hosp, sub("2020-10-05;143", "2020-02-31;143"), aside("impossible-date@5", &[5])),
        ("29 February of 2021", Hosp, sub("2020-10-05;143", "2021-02-29;143"), aside("impossible-date@5", &[5])),
        ("month 13", Hosp, sub("2020-10-05;143", "2020-13-05;143"), aside("impossible-date@5", &[5])),
        ("day 00", Hosp, sub("2020-10-05;143", "2020-10-00;143"), aside("impossible-date@5", &[5])),
        ("future date", Hosp, sub("2020-10-05;143", "2099-10-05;143"), aside("future-date@5", &[5])),
        ("year 1920", Hosp, sub("2020-10-05;143", "1920-10-05;143"), aside("too-early@5", &[5])),
        ("year 1900", Tests, sub("2020-10-05;13;", "1900-01-01;13;"), aside("too-early@5", &[5])),
        ("year 0220", Hosp, sub("2020-10-05;143", "0220-10-05;143"), aside("impossible-date@5", &[5])),
        ("blank date", Hosp, sub("2020-10-05;143", ";143"), aside("missing-value@5", &[5])),
        ("date in words", Hosp, sub("2020-10-05;143", "5 octobre 2020;143"), aside("type-error@5", &[5])),
        ("date and place swapped", Hosp, line(5, "2020-10-05;0;2A;143;3;503;103"), aside("unknown-place@5", &[5])),
        // Numbers.
        ("whole numbers with a zero decimal", Hosp, sub(";143;", ";143.0;"), said("integer-form")),
        ("whole numbers with a zero decimal comma", Hosp, sub(";143;", ";143,0;"), said("integer-form")),
        ("thousands set apart by spaces", Tests, sub(";1203;", ";1 203;"), said("thousands-space")),
        ("thousands set apart by no-break spaces", Tests, sub(";1203;", ";1\u{a0}203;"), said("thousands-space")),
        ("thousands set apart by narrow spaces", Tests, sub(";1203;", ";1\u{202f}203;"), said("thousands-space")),
        ("thousands set apart by a full stop", Tests, sub(";1203;", ";1.203;"), aside("ambiguous-number@5", &[5])),
        ("thousands set apart by a comma", Tests, sub(";1203;", ";1,203;"), aside("ambiguous-number@5", &[5])),
        ("thousands set apart by an apostrophe", Tests, sub(";1203;", ";1'203;"), aside("type-error@5", &[5])),
        ("exponent", Tests, sub(";1200;", ";1.2e3;"), aside("lost-digits@2", &[2])),
        ("plus sign", Tests, sub(";1203;", ";+1203;"), aside("type-error@5", &[5])),
        ("minus zero", Hosp, sub(";140;0;", ";140;-0;"), CLEAN),
        ("negative", Hosp, sub(";143;", ";-143;"), aside("negative-count@5", &[5])),
        ("negative with the true minus", Hosp, sub(";143;", ";−143;"), aside("negative-count@5", &[5])),
        ("negative in brackets", Hosp, sub(";143;", ";(143);"), aside("type-error@5", &[5])),
        ("fraction", Hosp, sub(";143;", ";143.5;"), aside("fractional-count@5", &[5])),
        ("fraction with a comma", Hosp, sub(";143;", ";143,5;"), aside("fractional-count@5", &[5])),
        ("more than the people of France", Hosp, sub(";143;", ";999999999;"), aside("above-max@5", &[5])),
        ("beyond 64 bits", Hosp, sub(";143;", ";99999999999999999999;"), aside("above-max@5", &[5])),
        ("hexadecimal", Hosp, sub(";143;", ";0x8F;"), aside("type-error@5", &[5])),
        ("unit behind", Hosp, sub(";143;", ";143 lits;"), aside("type-error@5", &[5])),
        ("percentage", Hosp, sub(";143;", ";143%;"), aside("percentage@5", &[5])),
        ("letter O for zero", Hosp, sub(";140;", ";14O;"), aside("type-error@2", &[2])),
        ("Arabic digits", Hosp, sub(";143;", ";١٤٣;"), aside("type-error@5", &[5])),
        ("infinity", Hosp, sub(";143;", ";∞;"), aside("type-error@5", &[5])),
        ("Infinity in words", Hosp, sub(";143;", ";Infinity;"), aside("type-error@5", &[5])),
        ("dash for nothing", Hosp, sub(";143;", ";-;"), aside("type-error@5", &[5])),
        ("n.d. for nothing", Hosp, sub(";143;", ";n.d.;"), aside("type-error@5", &[5])),
        ("spreadsheet error", Hosp, sub(";143;", ";#VALUE!;"), aside("spreadsheet-error@5", &[5])),
        ("formula", Hosp, sub(";143;", ";=1+1;"), aside("type-error@5", &[5])),
        ("spaces around numbers", Hosp, sub(";143;", "; 143 ;"), said("surrounding-space")),
        ("field of ten thousand characters", Hosp, by(|t| t.replacen(";143;", &format!(";{};", "9".repeat(10_000)), 1).into_bytes()), aside("above-max@5", &[5])),
        ("line of two megabytes", Hosp, by(|t| t.replacen(";143;", &format!(";{};", "9".repeat(2 << 20)), 1).into_bytes()), Refused("line-too-long")),
        ("line separator of Unicode", Hosp, sub(";143;", ";143\u{2028};"), aside("type-error@5", &[5])),
        ("bell in a number", Hosp, sub(";143;", ";143\u{7};"), aside("type-error@5", &[5])),
        // Missing values.
        ("NA", Hosp, sub(";143;3;", ";143;NA;"), Kept("", "missing-word", &[5])),
        ("Null in any case", Hosp, sub(";143;3;", ";143;Null;"), Kept("", "missing-word", &[5])),
        ("blank", Hosp, sub(";143;3;", ";143;;"), Kept("", "", &[5])),
        ("NA as place", Hosp, sub("\n2A;0;", "\nNA;0;"), aside("missing-value@5", &[5])),
        ("blank population", Reference, sub(",200004,", ",,"), aside("missing-value@5", &[5])),
        // Codes.
        ("lost zeros", Hosp, by(|t| t.replace("\n0", "\n").into_bytes()), said("leading-zero")),
        ("codes as decimal numbers", Hosp, by(|t| ["01", "02", "03", "31", "48", "75", "971", "974"].iter().fold(t.to_owned(), |t, c| t.replace(&format!("\n{c};"), &format!("\n{}.0;", c.trim_start_matches('0')))).into_bytes()), said("integer-form")),
        ("small letters", Hosp, all("\n2A", "\n2a"), said("code-case")),
        ("Corsica before 1976", Hosp, sub("\n2A;", "\n20;"), aside("unknown-place@5", &[5])),
        ("both Corsicas at once", Hosp, sub("\n2A;", "\n2A/2B;"), aside("unknown-place@5", &[5])),
        ("overseas code of the hospitals", Hosp, sub("\n971;", "\n9A;"), aside("unknown-place@10", &[10])),
        ("unknown code", Hosp, sub("\n2A;", "\n99;"), aside("unknown-place@5", &[5])),
        ("blank code", Hosp, sub("\n2A;", "\n;"), aside("missing-value@5", &[5])),
        ("name for a code", Hosp, sub("\n2A;", "\nCorse-du-Sud;"), aside("unknown-place@5", &[5])),
        ("apostrophe of a spreadsheet", Hosp, sub("\n01;", "\n'01;"), aside("unknown-place@2", &[2])),
        ("code in a formula", Hosp, sub("\n01;", "\n=\"01\";"), aside("unknown-place@2", &[2])),
        ("Cyrillic letter", Hosp, sub("\n2A;", "\n2\u{410};"), aside("unknown-place@5", &[5])),
        ("region codes of Länder without zeros", Rki, by(|t| t.replace("-05,0", "-05,").replace("-06,0", "-06,").into_bytes()), said("leading-zero")),
        ("Land code too long", Rki, sub(",04,", ",004,"), aside("code-length@5", &[5])),
        ("region code as a decimal number", Reference, sub("Ain,84,", "Ain,84.0,"), said("integer-form")),
        ("formula in a name", Reference, sub("Ain", "=cmd|' /C calc'!A0"), Kept("", "", &[2])),
        ("right-to-left mark and emoji in a name", Reference, sub("Ain", "\u{202e}Ain 😀"), Kept("", "", &[2])),
        ("name of forty thousand characters", Reference, by(|t| t.replacen("Ain", &"x".repeat(40_000), 1).into_bytes()), aside("text-too-long@2", &[2])),
        // Duplicates.
        ("a row twice", Hosp, add(b"2A;0;2020-10-05;143;3;503;103\n"), said("duplicate-row")),
        ("a row twice, written otherwise", Hosp, add(b"\"2a\";\"0\";\"05/10/2020\";\"143.0\";3;503;103\n"), said("date-form integer-form code-case duplicate-row")),
        ("a key twice with other values", Hosp, add(b"2A;0;2020-10-05;144;3;503;103\n"), aside("conflicting-duplicate@5 conflicting-duplicate@22", &[5])),
        ("a key twice across a lost zero", Hosp, add(b"1;0;2020-10-05;9;0;500;100\n"), Kept("conflicting-duplicate@2 conflicting-duplicate@22", "leading-zero", &[2])),
        ("a blank against a value", Hosp, add(b"2A;0;2020-10-05;;3;503;103\n"), aside("conflicting-duplicate@5 conflicting-duplicate@22", &[5])),
        // Classes.
        ("rows of men and women", Hosp, by(|t| t.lines().flat_map(|l| [format!("{l}\n"), if l.starts_with("dep") { String::new() } else { l.replacen(";0;", ";1;", 1) + "\n" + &l.replacen(";0;", ";\"2\";", 1) + "\n" }]).collect::<String>().into_bytes()), CLEAN),
        ("class as a decimal number", Hosp, all(";0;2020", ";0.0;2020"), said("integer-form")),
        ("blank class", Hosp, sub("2A;0;2020-10-05", "2A;;2020-10-05"), aside("missing-value@5", &[5])),
        ("letter for a class", Hosp, sub("2A;0;2020-10-05", "2A;O;2020-10-05"), aside("unknown-value@5", &[5])),
        ("only men and women", Hosp, all(";0;2020", ";1;2020"), Refused("no-rows")),
        ("only letters for classes", Hosp, all(";0;2020", ";T;2020"), Refused("too-many-bad-rows")),
        // How many bad rows.
        ("a fifth of the rows bad", Hosp, by(|t| t.replacen(";140;", ";x;", 1).replacen(";141;", ";x;", 1).replacen(";142;", ";x;", 1).replacen(";143;", ";x;", 1).into_bytes()), aside("type-error@2 type-error@3 type-error@4 type-error@5", &[2, 3, 4, 5])),
        ("more than a fifth of the rows bad", Hosp, by(|t| t.replacen(";140;", ";x;", 1).replacen(";141;", ";x;", 1).replacen(";142;", ";x;", 1).replacen(";143;", ";x;", 1).replacen(";144;", ";x;", 1).into_bytes()), Refused("too-many-bad-rows")),
        ("a day missing", Hosp, by(|t| some_lines(t, 1..12).into_bytes()), Kept("", "", &[12, 13, 14, 15, 16, 17, 18, 19, 20, 21])),
        ("one row", Hosp, by(|t| some_lines(t, 1..3).into_bytes()), Kept("", "", &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])),
        ("running totals that fall", Hosp, sub(";513;", ";213;"), Kept("", "running-total-falls", &[15])),
        ("fields of an emergency row shifted", Ed, line(2, "01;2020-10-05;0;;0;220;0;;"), aside("field-count@2", &[2])),
    ]
}

/// Rows of the table whose line is none of those.
fn without(base: &Checked, feed: Feed, lines: &[usize]) -> Vec<String> {
    // The good file without those lines gives the table without those rows.
    let text: String = feed
        .base()
        .lines()
        .enumerate()
        .filter(|(rank, _)| !lines.contains(&(rank + 1)))
        .map(|(_, l)| format!("{l}\n"))
        .collect();
    if lines.is_empty() { table(base) } else { table(&loaded(text.as_bytes(), &feed.contract())) }
}

fn loaded(body: &[u8], contract: &Contract) -> Checked {
    match parsed(body, contract) {
        Parsed::Rows(checked) => checked,
        Parsed::Refused(refusal) => panic!("refused: {}", refusal.message_fr),
    }
}

#[test]
fn the_good_files_are_loaded_without_a_word() {
    for feed in FEEDS {
        let checked = loaded(feed.base().as_bytes(), &feed.contract());
        assert_eq!((checked.counts.rows_in, checked.counts.rows_accepted), (20, 20), "{feed:?}");
        assert!(
            checked
                .findings
                .iter()
                .all(|f| f.code == crate::Code::ExtraColumn || f.code == crate::Code::ColumnAbsent),
            "{feed:?}: {:?}",
            checked.findings
        );
    }
}

#[test]
fn every_bad_file_is_handled_as_a_careful_person_would() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 200, "{}", cases.len());
    for (name, feed, make, then) in &cases {
        let contract = feed.contract();
        let bytes = make(&feed.base());
        if let Err(why) = judge(&bytes, *feed, &contract, then) {
            wrong.push(format!("{name} ({feed:?}): {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn judge(bytes: &[u8], feed: Feed, contract: &Contract, then: &Then) -> Result<(), String> {
    match (parsed(bytes, contract), then) {
        (Parsed::Refused(refusal), Refused(code)) if refusal.code.as_str() == *code => Ok(()),
        (Parsed::Refused(refusal), _) => Err(format!("refused: {}", refusal.message_fr)),
        (Parsed::Rows(checked), Refused(code)) => {
            Err(format!("{code} expected, but {:?}, {:?}", checked.counts, codes(&checked, Severity::Error)))
        }
        (Parsed::Rows(checked), Kept(aside, said, lines)) => {
            let errors = codes(&checked, Severity::Error);
            if errors.join(" ") != *aside {
                return Err(format!("set aside {errors:?}, not {aside:?}"));
            }
            let base = loaded(feed.base().as_bytes(), contract);
            let silent = base.findings.iter().map(|f| f.code).collect::<Vec<_>>();
            let mut notes: Vec<&str> = checked
                .findings
                .iter()
                .filter(|f| f.severity != Severity::Error)
                .filter(|f| feed == Incid || !silent.contains(&f.code))
                .map(|f| f.code.as_str())
                .collect();
            let mut wanted: Vec<&str> = said.split_whitespace().collect();
            notes.sort_unstable();
            wanted.sort_unstable();
            if notes != wanted {
                return Err(format!("said {notes:?}, not {wanted:?}"));
            }
            let (found, rest) = (table(&checked), without(&base, feed, lines));
            // Changed rows that stay are not compared: their number is.
            let gone = if aside.is_empty() && !lines.is_empty() && found.len() > rest.len() {
                &found
            } else {
                &rest
            };
            let same = rest.iter().all(|row| found.contains(row)) && found.len() == gone.len();
            if !same {
                return Err(format!("table of {} rows, not {}: {found:?}", found.len(), gone.len()));
            }
            for finding in checked.findings.iter().filter(|f| f.severity == Severity::Error) {
                if finding.raw.is_none() || !finding.message.starts_with("Ligne ") {
                    return Err(format!("a row set aside without its raw line: {finding:?}"));
                }
            }
            Ok(())
        }
    }
}

/// Sentences for lines that are no data, as people read them.
#[test]
fn lines_that_are_no_data_are_called_by_their_name() {
    let base = Hosp.base();
    let body = format!(
        "{base}dep;sexe;jour;hosp;rea;rad;dc\nTotal;0;2020-10-06;1;1;1;1\nSource : Santé publique France\n04;0;44109;1;1;1;1\n"
    );
    let checked = loaded(body.as_bytes(), &Hosp.contract());
    let said: Vec<String> =
        checked.findings.iter().map(|f| f.message.replace(['\u{a0}', '\u{202f}'], " ")).collect();
    assert_eq!(
        said,
        [
            "Ligne 22 : l’en-tête du fichier est répété au milieu des lignes. Attendu : une ligne de données. (repeated-header)",
            "Ligne 23 : c’est une ligne de total, pas une ligne de données. Attendu : une ligne de données. (total-row)",
            "Ligne 24 : c’est une note ou un titre, pas une ligne de données. Attendu : une ligne de données. (note-line)",
            "Ligne 25, colonne « jour » : « 44109 » semble être un numéro de jour d’Excel et non une date. Attendu : une date AAAA-MM-JJ, du 2020-01-01 au 2020-12-31 au plus tard. (type-error)",
        ]
    );
}
