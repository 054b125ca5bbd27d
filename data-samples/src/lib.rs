//! Deterministic generator of fictional feed bodies, and the small set of them that ships with Vigie.
//!
//! One world is drawn from a seed (an epidemic, hospital stays, tests, calls…); each *edition* tells of it what was known
//! on its day, in the layout of its feed: young days incomplete, revisions, late rows, a few defects. What is quoted from
//! public documents, and comes out exactly, is listed in `README.md`.
//!
//! - [`editions`] generates, [`committed`] gives the bodies of the folder `bodies/`, [`to_disk`] writes;
//! - [`big`] makes inputs of any size for benches.

mod big;
mod capacity;
mod centres;
mod context;
mod defects;
mod editions;
mod emergency;
mod hospital;
mod on_call;
mod places;
mod platforms;
mod rng;
mod screening;
mod supply;
mod wave;
mod write;

#[cfg(test)]
mod tests;

use include_dir::{Dir, include_dir};

pub use big::{Big, BigFeed, big};
pub use editions::{Body, Edition, editions};
pub use write::to_disk;

/// Seed of the committed bodies.
pub const SEED: u64 = 2020;

static BODIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/bodies");

/// The editions in `bodies/`, oldest first, as embedded in the binary.
#[must_use]
pub fn committed() -> Vec<Edition> {
    let mut found: Vec<Edition> = BODIES
        .dirs()
        .filter_map(|folder| {
            let day = folder.path().to_str()?.parse().ok()?;
            let mut bodies: Vec<Body> = folder
                .files()
                .filter_map(|file| {
                    let file_name = file.path().file_name()?.to_str()?.to_owned();
                    let source = file_name.split('.').next()?.to_owned();
                    Some(Body { source, file_name, bytes: file.contents().to_vec() })
                })
                .collect();
            bodies.sort_by(|a, b| a.source.cmp(&b.source));
            Some(Edition { issued_at: editions::issued_at(day), bodies })
        })
        .collect();
    found.sort_by_key(|edition| edition.issued_at);
    found
}
