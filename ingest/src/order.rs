//! Rows in key order, found by sorting packed numbers rather than comparing text.

/// Rows in key order.
#[derive(Debug)]
pub(crate) struct Order {
    /// Row numbers, sorted by key, then by row.
    pub(crate) rows: Vec<u32>,
    /// For each place in `rows`, whether its key is that of the place before.
    pub(crate) same: Vec<bool>,
}

/// Sorts `rows` rows by their codes, one list of codes for each key column.
pub(crate) fn sort(keys: &[Vec<u64>], rows: usize) -> Order {
    let ranges: Vec<(u64, u32)> = keys
        .iter()
        .map(|codes| {
            let (least, most) =
                codes.iter().fold((u64::MAX, 0), |(least, most), code| (least.min(*code), most.max(*code)));
            (least, u64::BITS - most.saturating_sub(least).leading_zeros())
        })
        .collect();
    let width: u32 = ranges.iter().map(|(_, bits)| bits).sum();
    let packed = |row: usize| {
        keys.iter()
            .zip(&ranges)
            .fold(0u128, |sum, (codes, (least, bits))| sum << bits | u128::from(codes[row] - least))
    };
    // Department and day take some 20 bits: key and row number then fit into one word.
    if width <= 32 {
        let mut words: Vec<u64> = (0..rows).map(|row| (packed(row) as u64) << 32 | row as u64).collect();
        words.sort_unstable();
        Order {
            same: (0..rows).map(|i| i > 0 && words[i] >> 32 == words[i - 1] >> 32).collect(),
            rows: words.iter().map(|word| *word as u32).collect(),
        }
    } else if width <= 96 {
        let mut words: Vec<u128> = (0..rows).map(|row| packed(row) << 32 | row as u128).collect();
        words.sort_unstable();
        Order {
            same: (0..rows).map(|i| i > 0 && words[i] >> 32 == words[i - 1] >> 32).collect(),
            rows: words.iter().map(|word| *word as u32).collect(),
        }
    } else {
        let key = |row: u32| keys.iter().map(move |codes| codes[row as usize]);
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
        Order { same: (0..rows).map(|i| i > 0 && key(order[i]).eq(key(order[i - 1]))).collect(), rows: order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_three_ways_sort_alike(
            pairs in prop::collection::vec((0u64..9, 0u64..9), 0..60),
            scale in prop::sample::select(vec![1u64, 1 << 20, 1 << 60]),
        ) {
            let keys = [
                pairs.iter().map(|pair| pair.0 * scale).collect::<Vec<_>>(),
                pairs.iter().map(|pair| pair.1 * scale).collect::<Vec<_>>(),
            ];
            let order = sort(&keys, pairs.len());
            let mut expected: Vec<u32> = (0..pairs.len() as u32).collect();
            expected.sort_by_key(|row| pairs[*row as usize]);
            prop_assert_eq!(&order.rows, &expected);
            for (place, same) in order.same.iter().enumerate() {
                let repeated = place > 0 && pairs[expected[place] as usize] == pairs[expected[place - 1] as usize];
                prop_assert_eq!(*same, repeated);
            }
        }
    }
}
