//! Random numbers that are the same on every machine and in every year.
//!
//! The algorithms of the `rand` crate may change between its versions, and `exp` or `ln` differ in the last bit between
//! systems. Samples that must regenerate byte for byte can afford neither: this is SplitMix64 (Steele, Lea, Flood 2014),
//! and the distributions use only `+ - * /` and the square root, which IEEE 754 defines exactly.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A stream of its own for each label, so that a new feed does not move the figures of the others.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `n`, or 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// `true` with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// `mean`, more or less: uniform within `spread` (a share) of it.
    pub(crate) fn around(&mut self, mean: f64, spread: f64) -> f64 {
        mean * (1.0 + spread * (2.0 * self.unit() - 1.0))
    }

    /// A standard normal deviate, near enough: the sum of twelve uniform ones, which needs no logarithm.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// How many of `n` trials of probability `p` succeed: drawn one by one up to 64, by the normal law above.
    pub(crate) fn binomial(&mut self, n: i64, p: f64) -> i64 {
        if n <= 64 {
            return (0..n).filter(|_| self.chance(p)).count() as i64;
        }
        let (n_f, p) = (n as f64, p.clamp(0.0, 1.0));
        ((n_f * p + (n_f * p * (1.0 - p)).sqrt() * self.normal()).round() as i64).clamp(0, n)
    }

    /// A count of mean `mean`: as many rare trials as it takes up to 20, the normal law above.
    pub(crate) fn poisson(&mut self, mean: f64) -> i64 {
        if mean <= 0.0 {
            return 0;
        }
        if mean < 20.0 {
            let trials = 20.0 * mean.ceil() + 20.0;
            return (0..trials as i64).filter(|_| self.chance(mean / trials)).count() as i64;
        }
        ((mean + mean.sqrt() * self.normal()).round() as i64).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_stream_is_splitmix64() {
        // First value of the reference implementation for the state 0.
        assert_eq!(Rng(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn counts_have_the_mean_asked_for() {
        let mut rng = Rng::new(1, "mean");
        for mean in [0.5, 12.0, 400.0] {
            let sum: i64 = (0..4000).map(|_| rng.poisson(mean)).sum();
            let found = sum as f64 / 4000.0;
            assert!((found - mean).abs() < 0.05 * mean, "{found} for {mean}");
        }
    }
}
