//! Delimited text of any dialect, encoding or packing, under four contracts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((which, body)) = data.split_first() else { return };
    let source = ["hospital_stock", "tests", "departments", "centres"][usize::from(*which % 4)];
    thread_local!(static CONTRACTS: [vigie_queries::Contract; 4] =
        ["hospital_stock", "tests", "departments", "centres"].map(vigie_fuzz::contract));
    CONTRACTS.with(|contracts| {
        let contract = contracts.iter().find(|contract| contract.name() == source).expect("one of the four");
        vigie_fuzz::check_body(body, contract);
    });
});
