//! The word a person probably meant.

/// The candidate that differs from a word by the fewest letters: at most two, and fewer than half of the word.
///
/// `nearest("samu_call", ["samu_calls", "tests"])` is `samu_calls`; of a word that resembles none there is none.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = 2.min(word.chars().count().saturating_sub(1) / 2);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(differences, _)| *differences <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to add, to leave out or to change on the way from one word to the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_one_or_two_letters_is_understood_and_another_word_is_not() {
        let tables = ["samu_calls", "tests", "hospital_stock"];
        assert_eq!(nearest("samu_call", tables), Some("samu_calls"));
        assert_eq!(nearest("tets", tables), Some("tests"));
        assert_eq!(nearest("tst", tables), None, "two letters of three");
        assert_eq!(nearest("test", tables), Some("tests"));
        assert_eq!(nearest("hopital_stok", tables), Some("hospital_stock"));
        assert_eq!(nearest("departments", tables), None);
        assert_eq!(nearest("source", ["sources", "rules"]), Some("sources"));
        assert_eq!(nearest("", tables), None);
    }
}
