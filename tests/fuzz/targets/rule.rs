//! Rules: a fault has file and line; a rule that reads answers every question.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie_queries::Rule;

const FILE: &str = "rules/a-rule.toml";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Rule::parse(FILE, text) {
        Err(error) => vigie_fuzz::check_fault(&error, FILE, text),
        Ok(rule) => {
            let day = vigie_fuzz::TODAY;
            let _ = rule.in_force(day);
            for criterion in &rule.criteria {
                assert!(rule.criterion(&criterion.id).is_some());
                let _ = criterion.thresholds_on(day);
            }
        }
    }
});
