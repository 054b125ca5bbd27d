//! Whatever the bytes, reading ends with rows or a refusal, and nothing gets lost on the way.

use proptest::prelude::*;

use super::{STOCK, contract, parsed, table};
use crate::records::Records;
use crate::{Parsed, Severity};

fn layouts() -> Vec<String> {
    ["csv", "json", "ndjson", "xlsx"]
        .iter()
        .map(|format| STOCK.replace("format = \"csv\"", &format!("format = \"{format}\"")))
        .collect()
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), format in 0usize..4) {
        let _ = parsed(&bytes, &contract(&layouts()[format]));
    }

    #[test]
    fn bytes_after_a_good_header_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut body = b"dep;jour;hosp;rad\n".to_vec();
        body.extend_from_slice(&bytes);
        let _ = parsed(&body, &contract(STOCK));
    }

    #[test]
    fn a_spoilt_archive_never_panics(place in 0usize..1000, byte: u8) {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (column, name) in ["dep", "jour", "hosp", "rad"].iter().enumerate() {
            sheet.write(0, column as u16, *name).unwrap();
            sheet.write(1, column as u16, 1).unwrap();
        }
        let mut body = book.save_to_buffer().unwrap();
        let place = place * body.len() / 1000;
        body[place] = byte;
        let _ = parsed(&body, &contract(&layouts()[3]));
    }

    /// Each row in is a row out, a copy, or a row set aside with its line.
    #[test]
    fn no_row_gets_lost(
        cells in prop::collection::vec((
            prop::sample::select(vec!["01", "1", "2A", "99", "", "\"02\""]),
            prop::sample::select(vec!["2020-10-05", "05/10/2020", "2020-10-06", "2030-01-01", "x"]),
            prop::sample::select(vec!["0", "5", "-1", "NaN", "12.0", "1.5"]),
        ), 1..30),
    ) {
        let mut body = "dep;jour;hosp;rad\n".to_owned();
        for (dep, jour, hosp) in &cells {
            body.push_str(&format!("{dep};{jour};{hosp};1\n"));
        }
        let layout = contract(&STOCK.replace("bad_rows_share_max = 0.6", "bad_rows_share_max = 1.0"));
        let Parsed::Rows(checked) = parsed(body.as_bytes(), &layout) else { panic!("refused") };
        prop_assert_eq!(checked.counts.rows_in, cells.len() as u64);
        let loaded = table(&checked);
        let mut sorted = loaded.clone();
        sorted.sort();
        prop_assert_eq!(&loaded, &sorted);
        let keys: std::collections::BTreeSet<&str> = loaded.iter().map(|row| &row[..13]).collect();
        prop_assert_eq!(keys.len(), loaded.len());
        for finding in checked.findings.iter().filter(|f| f.severity == Severity::Error) {
            let line = finding.line.unwrap() as usize;
            prop_assert_eq!(finding.raw.as_deref(), body.lines().nth(line - 1));
        }
    }

    #[test]
    fn well_formed_text_is_split_as_the_csv_crate_does(
        rows in prop::collection::vec(prop::collection::vec("[a-c\";\n\r é]{0,4}", 2..5), 1..8),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let body = writer.into_inner().unwrap();
        let mut records = Records::new(body.as_slice(), b';');
        for row in &rows {
            let found = records.next().unwrap().unwrap();
            let cells: Vec<String> =
                found.cells.iter().map(|cell| String::from_utf8(found.cell(*cell).to_vec()).unwrap()).collect();
            prop_assert_eq!(&cells, row);
            prop_assert!(found.fault.is_none());
        }
        prop_assert!(records.next().unwrap().is_none());
    }
}
