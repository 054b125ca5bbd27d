//! Where the keys of a configuration stand, so that a fault of a value names its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys of a TOML text and where their values stand.
pub(crate) struct Places<'a> {
    text: &'a str,
    root: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Places<'a> {
    /// Of a text; one that does not read has no places, and every line is the first.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, root: DeTable::parse(text).ok() }
    }

    /// Line of the value at a path of keys (positions in arrays as numbers), from 1. Of what is not there: the line of the
    /// nearest table around it.
    pub(crate) fn line(&self, path: &[&str]) -> usize {
        let mut at = 0;
        let mut table = self.root.as_ref().map(Spanned::get_ref);
        let mut value: Option<&DeValue<'a>> = None;
        for key in path {
            let next = match (table, value) {
                (Some(table), _) => {
                    table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| {
                        // A table stands where its head does; any other value where it is written.
                        (
                            if value.get_ref().is_table() { name.span().start } else { value.span().start },
                            value,
                        )
                    })
                }
                (None, Some(DeValue::Array(items))) => {
                    let item = key.parse().ok().and_then(|place: usize| items.get(place));
                    item.map(|item| (item.span().start, item))
                }
                _ => None,
            };
            let Some((start, found)) = next else { break };
            at = start;
            table = found.get_ref().as_table();
            value = Some(found.get_ref());
        }
        line_of(self.text, at)
    }
}

/// Line that holds a byte of a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn a_value_is_found_where_it_stands_and_not_in_a_comment() {
        let text = "# from = \"x\"\nlake = \"l\" # build\n\n[schedule]\n# build\nbuild = \"no\"\n\n[[send]]\nname = \"a\"\n\
                    [[send]]\nname = \"b\"\nto = [\"x\",\n  \"y\"]\n[smtp]\nfrom = \"z\"\n[sources.tests]\nurl = \"u\"\n";
        let places = Places::of(text);
        for (path, line) in [
            (&["schedule", "build"][..], 6),
            (&["schedule", "bulletin"], 4),
            (&["smtp", "from"], 15),
            (&["send", "1", "name"], 11),
            (&["send", "1", "to", "1"], 13),
            (&["sources", "tests", "url"], 17),
            (&["sources", "tests"], 16),
            (&["nothing"], 1),
        ] {
            assert_eq!(places.line(path), line, "{path:?}");
        }
    }
}
