//! Random choices that a seed repeats (SplitMix64).

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of a seed, apart from those of other labels.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        Self(label.bytes().fold(seed ^ 0x5151_5151, |sum, byte| mix(sum ^ u64::from(byte))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to `end`, not included.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// So many times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of some.
    pub(crate) fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[usize::try_from(self.below(some.len() as u64)).unwrap()]
    }
}

/// Spreads the bits of a number.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Another seed every time; it is printed, so that a run can be repeated.
pub(crate) fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 16
}
