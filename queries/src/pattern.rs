//! Text with holes, as contracts write it: `DEP-{}`, `{} - *`, `Total : {rows} lignes`.

use std::ops::Range;

/// A text to compare cells with: `*` stands for any text, one hole in braces for the part that is wanted.
///
/// White space counts as one space, letters count the same in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Any,
    Hole,
}

/// Texts longer than that match nothing: codes and footers are short.
const TEXT_MAX: usize = 500;
/// Stars in one pattern.
const STARS_MAX: usize = 4;

impl Pattern {
    /// Reads a pattern whose hole is written `hole`, such as `{}`.
    ///
    /// # Errors
    /// A sentence: no text at all, two holes, another word in braces, too many stars.
    pub fn parse(written: &str, hole: &str) -> Result<Self, String> {
        let fault = |what: &str| Err(format!("{written:?} {what}"));
        let mut parts = Vec::new();
        let mut holes = 0;
        for (rank, stretch) in written.split(hole).enumerate() {
            if rank > 0 {
                parts.push(Part::Hole);
                holes += 1;
            }
            for (rank, text) in stretch.split('*').enumerate() {
                if rank > 0 {
                    parts.push(Part::Any);
                }
                if text.contains(['{', '}']) {
                    return fault(&format!("has braces that are no {hole}"));
                }
                if !text.is_empty() {
                    parts.push(Part::Text(plain(text).to_lowercase()));
                }
            }
        }
        if holes > 1 {
            return fault(&format!("has {hole} more than once"));
        }
        if parts.iter().filter(|part| **part == Part::Any).count() > STARS_MAX {
            return fault(&format!("has more than {STARS_MAX} stars"));
        }
        if parts.windows(2).any(|pair| !pair.iter().any(|part| matches!(part, Part::Text(_)))) {
            return fault("has two holes or stars with nothing between them");
        }
        Ok(Self { written: written.to_owned(), parts })
    }

    /// As the contract writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether there is a hole.
    #[must_use]
    pub fn has_hole(&self) -> bool {
        self.parts.contains(&Part::Hole)
    }

    /// What stands in the hole (nothing where there is none), if the text is of this form. The shortest reading counts.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<String> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let text = plain(text);
        let small = text.to_lowercase();
        let hole = fit(&self.parts, &small)?;
        // Lower case may have another length (`İ`): the hole is then taken in lower case.
        let from = if small.len() == text.len() { &text } else { &small };
        Some(from.get(hole.clone()).unwrap_or(&small[hole]).to_owned())
    }

    /// Whether the text is of this form.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.read(text).is_some()
    }
}

/// Every run of white space as one space.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if !letter.is_whitespace() {
            out.push(letter);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// Where the hole lies in the text, if the parts fit it: the first text stands in front, the last at the end, the others at
/// the first place that each finds.
fn fit(parts: &[Part], text: &str) -> Option<Range<usize>> {
    let mut hole = 0..0;
    let mut at = 0;
    let mut rest = parts;
    if let [Part::Text(first), after @ ..] = rest {
        if !text.starts_with(first.as_str()) {
            return None;
        }
        (at, rest) = (first.len(), after);
    }
    while let [wild, after @ ..] = rest {
        let is_hole = *wild == Part::Hole;
        // A hole holds one letter at least.
        let from = at + if is_hole { text[at..].chars().next()?.len_utf8() } else { 0 };
        let (start, end, behind) = match after {
            [] => (text.len(), text.len(), after),
            [Part::Text(last)] => {
                let start = text.len().checked_sub(last.len()).filter(|start| *start >= from)?;
                if !text.ends_with(last.as_str()) {
                    return None;
                }
                (start, text.len(), &after[1..])
            }
            [Part::Text(next), ..] => {
                let start = from + text[from..].find(next.as_str())?;
                (start, start + next.len(), &after[1..])
            }
            [_, ..] => return None, // never read so
        };
        if is_hole {
            hole = at..start;
        }
        (at, rest) = (end, behind);
    }
    (at == text.len()).then_some(hole)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn the_hole_is_what_the_pattern_leaves() {
        let check = |pattern: &str, text: &str, expected: Option<&str>| {
            let pattern = Pattern::parse(pattern, "{}").unwrap();
            assert_eq!(pattern.read(text).as_deref(), expected, "{pattern:?} {text:?}");
        };
        check("DEP-{}", "DEP-31", Some("31"));
        check("DEP-{}", "dep-2A", Some("2A"));
        check("DEP-{}", "REG-76", None);
        check("DEP-{}", "DEP-", None);
        check("DEP-{}", "31", None);
        check("{}", "31", Some("31"));
        check("0{}", "031", Some("31"));
        check("0{}", "0971", Some("971"));
        check("{} - *", "31 - Haute-Garonne - Occitanie", Some("31"));
        check("* ({})", "Haute-Garonne\u{a0}(31)", Some("31"));
        check("Département {}", "DÉPARTEMENT 31", Some("31"));
        check("REG-*", "REG-76", Some(""));
        check("REG-*", "REG-", Some(""));
        check("FRA", "FRA", Some(""));
        check("FRA", "FRANCE", None);
        check("*total*", "Sous-Total : 4", Some(""));
        check("{}é", "abcé", Some("abc"));
    }

    #[test]
    fn faulty_patterns_are_told() {
        for pattern in ["{}{}", "{code}", "a{}b{}", "*{}", "**", "*a*a*a*a*a", "}"] {
            assert!(Pattern::parse(pattern, "{}").is_err(), "{pattern}");
        }
        assert!(Pattern::parse("Total : {rows} lignes", "{rows}").unwrap().has_hole());
        assert!(Pattern::parse("Total : {} lignes", "{rows}").is_err());
    }

    #[test]
    fn a_long_hostile_text_costs_nothing() {
        let pattern = Pattern::parse("*a*b*c*d{}", "{}").unwrap();
        assert!(!pattern.matches(&"abc".repeat(100_000)));
        assert!(!pattern.matches(&"abc".repeat(160)));
        assert!(pattern.matches(&format!("{}dx", "abc".repeat(160))));
    }
}
