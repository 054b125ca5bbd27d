//! Bodies that come packed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::{STOCK, contract, has, refused, rows, table};
use crate::Code;

const BODY: &[u8] = b"dep;jour;hosp;rad\n01;2020-10-05;1;5\n";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in members {
        packed.start_file(*name, SimpleFileOptions::default()).unwrap();
        packed.write_all(body).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

#[test]
fn gzip_and_a_zip_of_one_member_are_unpacked_and_said() {
    for (body, kind) in [(gzip(BODY), "gzip"), (zip(&[("a.csv", BODY)]), "zip")] {
        let checked = rows(&body, &contract(STOCK));
        assert_eq!(table(&checked), ["01;2020-10-05;1;5"]);
        assert_eq!(checked.form.compression.as_deref(), Some(kind));
        assert!(has(&checked, Code::Compression));
    }
}

#[test]
fn archives_that_are_not_one_whole_file_are_refused() {
    let layout = contract(STOCK);
    let check = |body: &[u8], code: Code| assert_eq!(refused(body, &layout).code, code);
    check(&zip(&[("a.csv", BODY), ("b.csv", BODY)]), Code::ArchiveMembers);
    check(&zip(&[]), Code::ArchiveMembers);
    let whole = gzip(&BODY.repeat(100));
    check(&whole[..whole.len() - 12], Code::BrokenArchive);
    check(&zip(&[("a.csv", BODY)])[..60], Code::BrokenArchive);
    check(&gzip(b""), Code::EmptyBody);
    check(&gzip(&gzip(BODY)), Code::BinaryBody);
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![b'0'; 30_000_000];
    assert_eq!(refused(&gzip(&zeros), &contract(STOCK)).code, Code::DecompressionBomb);
    let small = STOCK.replace("decompressed_bytes_max = 40000000", "decompressed_bytes_max = 1000000");
    assert_eq!(refused(&gzip(&zeros), &contract(&small)).code, Code::TooLarge);
    assert_eq!(refused(&zeros, &contract(&small)).code, Code::TooLarge);
    // A large bomb is known by its first bytes: random ones at the end do not hide it.
    let mut mixed = gzip(&zeros);
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    })
    .take(1_000_000)
    .collect();
    mixed.extend(gzip(&noise));
    assert_eq!(refused(&mixed, &contract(STOCK)).code, Code::DecompressionBomb);
    let sheet = zip(&[("[Content_Types].xml", b"<x/>"), ("xl/sharedStrings.xml", &vec![b' '; 40_000_000])]);
    let workbook = STOCK.replace("format = \"csv\"", "format = \"xlsx\"");
    assert!(matches!(refused(&sheet, &contract(&workbook)).code, Code::DecompressionBomb | Code::TooLarge));
}

#[test]
fn json_is_refused_before_it_fills_the_memory() {
    let layout = contract(&STOCK.replace("format = \"csv\"", "format = \"json\""));
    let check =
        |body: String| assert_eq!(refused(body.as_bytes(), &layout).code, Code::JsonShape, "{:.60}", body);
    check("[".repeat(100_000));
    check(format!("[{{\"dep\":\"{}\"}}]", "x".repeat(2_000_000)));
    check(format!("[{{\"{}\":1}}]", "x".repeat(2_000_000)));
    check(format!("[{{\"hosp\":{}}}]", "9".repeat(2_000_000)));
    check(format!("[{{\"dep\":\"01\"{}}}]", ",\"hosp\":12345".repeat(300_000)));
    let named = |n: u32| format!("{{\"{}{n}\":1}}", "x".repeat(100_000));
    check(format!("[{}]", (0..20).map(named).collect::<Vec<_>>().join(",")));
}

#[test]
fn workbooks_whose_cells_show_more_than_they_hold_are_refused() {
    let layout = contract(&STOCK.replace("format = \"csv\"", "format = \"xlsx\""));
    let book = |columns: u16, rows: u32, text: &str| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (column, name) in ["dep", "jour", "hosp", "rad"].iter().enumerate() {
            sheet.write(0, column as u16, *name).unwrap();
        }
        for row in 0..rows {
            for column in 0..columns {
                sheet.write(row + 1, column, text).unwrap();
            }
        }
        refused(&book.save_to_buffer().unwrap(), &layout).code
    };
    assert_eq!(book(40, 1, &"x".repeat(30_000)), Code::BrokenWorkbook, "a row of more than 1 MiB");
    assert_eq!(book(4, 300, &"x".repeat(30_000)), Code::DecompressionBomb, "a text shared by many cells");
}
