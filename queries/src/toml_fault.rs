//! Faults of a TOML file in our words: the parser's own speak of its types, and of keys it does not name.

use std::ops::Range;

/// Where a fault lies in `text`, and what it is: what was found, and what was expected.
///
/// A sentence of the parser that is not known here is given as it is.
#[must_use]
pub fn toml_fault(text: &str, fault: &toml::de::Error) -> (Range<usize>, String) {
    let span = fault.span().unwrap_or(0..0);
    let found = text.get(span.clone()).unwrap_or_default().trim();
    let message = fault.message().replace('\n', " ");
    let said = if message.contains("duration format") || message.contains("signed duration") {
        format!("{found} is not a duration; expected one such as \"30s\", \"10m\", \"2h\" or \"1d\"")
    } else if message.starts_with("duplicate key") {
        format!("{found} stands twice; a key is given once")
    } else if let Some(kind) = expected_number(&message) {
        let found = if found.is_empty() { "the value" } else { found };
        format!("{found} is not {kind}")
    } else {
        message.replace("expected a string", "expected a text between quotes")
    };
    (span, said)
}

/// What a number was expected to be, where the parser names one of its own types.
fn expected_number(message: &str) -> Option<&'static str> {
    let (_, expected) = message.rsplit_once("expected ")?;
    match expected.trim_end_matches('.') {
        "usize" | "u8" | "u16" | "u32" | "u64" => Some("a whole number of at least 0"),
        "isize" | "i8" | "i16" | "i32" | "i64" => Some("a whole number"),
        "f32" | "f64" | "floating point number" => Some("a number"),
        _ => None,
    }
}

/// What is wrong with a cron pattern, if anything: five fields, or six with seconds first, as everywhere in Vigie.
#[must_use]
pub fn cron_fault(pattern: &str) -> Option<String> {
    let fields = pattern.split_whitespace().count();
    if !matches!(fields, 5 | 6) && !pattern.starts_with('@') {
        return Some(format!(
            "cron pattern {pattern:?} has {fields} {}; expected five (minute, hour, day, month, day of the week), or six with \
             seconds first",
            if fields == 1 { "field" } else { "fields" }
        ));
    }
    let fault = <croner::Cron as std::str::FromStr>::from_str(pattern).err()?;
    Some(format!("cron pattern {pattern:?} does not read: {}", fault.to_string().trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        n: usize,
        share: f64,
        wait: jiff::SignedDuration,
        name: String,
    }

    impl Default for Settings {
        fn default() -> Self {
            Self { n: 0, share: 0.0, wait: jiff::SignedDuration::ZERO, name: String::new() }
        }
    }

    #[test]
    fn faults_name_what_was_found_and_what_was_expected() {
        for (text, at, said) in [
            ("n = \"many\"", 4, "\"many\" is not a whole number of at least 0"),
            ("n = -3", 4, "-3 is not a whole number of at least 0"),
            ("share = \"half\"", 8, "\"half\" is not a number"),
            (
                "wait = \"soon\"",
                7,
                "\"soon\" is not a duration; expected one such as \"30s\", \"10m\", \"2h\" or \"1d\"",
            ),
            ("n = 1\nn = 2", 6, "n stands twice; a key is given once"),
            ("nn = 1", 0, "unknown field `nn`, expected one of `n`, `share`, `wait`, `name`"),
        ] {
            let fault = toml::from_str::<Settings>(text).unwrap_err();
            let (span, what) = toml_fault(text, &fault);
            assert_eq!((span.start, what.as_str()), (at, said), "{text}: {}", fault.message());
        }
        let fault = toml::from_str::<Settings>("wait = 30").unwrap_err();
        assert!(toml_fault("wait = 30", &fault).1.starts_with("30 is not a duration"), "{}", fault.message());
    }

    #[test]
    fn a_cron_pattern_has_five_or_six_fields() {
        assert_eq!(cron_fault("30 6 * * *"), None);
        assert_eq!(cron_fault("0 30 6 * * *"), None);
        for pattern in ["every day", "* * * * * * *", "", "61 * * * *"] {
            let said = cron_fault(pattern).unwrap();
            assert!(said.starts_with("cron pattern") && !said.contains("Pattern must"), "{said}");
        }
    }
}
