//! The configuration: a fault has file and line; one that reads can be checked against the vocabulary.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vigie_queries::Vocabulary;

#[path = "../../../src/config.rs"]
#[allow(dead_code)]
mod config;

/// The part of the command line's errors that the configuration uses.
mod error {
    use std::path::PathBuf;

    #[derive(Debug, thiserror::Error)]
    pub enum Error {
        #[error("{}:{line}: {what}", file.display())]
        Config { file: PathBuf, line: usize, what: String },
        #[error("cannot read {}", path.display())]
        Read {
            path: PathBuf,
            #[source]
            source: std::io::Error,
        },
    }
}

#[path = "../../../src/schedule/plan.rs"]
#[allow(dead_code)]
mod plan;

mod schedule {
    pub use crate::plan::Timetable;
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::embedded().expect("it reads"));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = Path::new("here/vigie.toml");
    let fault = |error: error::Error| {
        let error::Error::Config { file: named, line, what } = error else { panic!("{error}") };
        assert_eq!(named, file);
        assert!((1..=text.matches('\n').count() + 1).contains(&line), "line {line}: {what}");
        assert!(!what.is_empty());
    };
    match config::Config::parse(file, text) {
        Err(error) => fault(error),
        Ok(config) => {
            let _ = config.fetch.policy();
            assert!(config.lake.starts_with("here") || config.lake.is_absolute());
            if let Err(error) = config.check_sources(file, &VOCABULARY) {
                fault(error);
            }
        }
    }
});
