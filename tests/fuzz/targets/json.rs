//! JSON under a path, at the root, and one object a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie_queries::{Contract, Format};

thread_local!(static CONTRACTS: [Contract; 3] = {
    let plain = |format| {
        let mut contract = vigie_fuzz::contract("nurse_platform");
        contract.feed.format = format;
        contract.feed.path = None;
        contract
    };
    let mut nested = plain(Format::Json);
    nested.feed.path = Some("data.rows".to_owned());
    [plain(Format::Json), nested, plain(Format::Ndjson)]
});

fuzz_target!(|data: &[u8]| {
    let Some((which, body)) = data.split_first() else { return };
    CONTRACTS.with(|contracts| vigie_fuzz::check_body(body, &contracts[usize::from(*which % 3)]));
});
