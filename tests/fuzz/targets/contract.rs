//! Contracts: a fault has file and line; a contract that reads can be used on a body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie_queries::Contract;

const FILE: &str = "sources/stock.toml";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Contract::parse(FILE, text) {
        Err(error) => vigie_fuzz::check_fault(&error, FILE, text),
        Ok(contract) => {
            assert_eq!(contract.schema().fields().len(), contract.columns.len());
            let header: Vec<&str> =
                contract.columns.iter().map(|column| column.name.get_ref().as_str()).collect();
            let delimiter = contract.dialect.delimiter.to_string();
            let row = vec!["1"; header.len()].join(&delimiter);
            let body = format!("{}\n{row}\n{row}\n", header.join(&delimiter));
            vigie_fuzz::check_body(body.as_bytes(), &contract);
        }
    }
});
