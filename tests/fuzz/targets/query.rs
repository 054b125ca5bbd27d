//! Headers of queries: a fault has file and line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie_queries::{Query, QueryKind};

const FILE: &str = "indicators/a_query.sql";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [QueryKind::Mart, QueryKind::Indicator] {
        match Query::parse(kind, FILE, text) {
            Err(error) => vigie_fuzz::check_fault(&error, FILE, text),
            Ok(query) => {
                assert_eq!(query.id, "a_query");
                assert!(query.window_days() > 0);
            }
        }
    }
});
