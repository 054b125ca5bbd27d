//! Mail addresses as people write them in the configuration.

/// Longest local part and whole address (RFC 5321).
const LENGTHS: (usize, usize) = (64, 254);

/// A mail address with the name before it, such as `Cellule de crise <crise@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// The name, may be empty.
    pub(crate) name: String,
    /// The address.
    pub(crate) address: String,
}

impl std::str::FromStr for Mailbox {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no mail address");
        let (name, address) = match text.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
            None => ("", text.trim()),
        };
        let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
        let is_local = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
        let label = |label: &str| {
            !label.is_empty()
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_sound = !local.is_empty()
            && local.len() <= LENGTHS.0
            && address.len() <= LENGTHS.1
            && local.chars().all(is_local)
            && domain.split('.').all(label)
            && !text.contains(char::is_control)
            && !name.contains(['<', '>', '"']);
        if is_sound { Ok(Self { name: name.to_owned(), address: address.to_owned() }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_what_could_inject_is_refused() {
        let read = |text: &str| text.parse::<Mailbox>();
        let one = read("Cellule de crise <crise@ars.example.org>").unwrap();
        assert_eq!((one.name.as_str(), one.address.as_str()), ("Cellule de crise", "crise@ars.example.org"));
        assert_eq!(read("a.b+c@example.org").unwrap().name, "");
        for bad in [
            "",
            "crise",
            "@x.org",
            "a@",
            "a b@x.org",
            "a@x..org",
            "a@-x.org",
            "a@x.org\r\nRCPT TO:<b@x.org>",
            "X\n <a@x.org>",
            "a@x.org>, <b@x.org",
            "é@x.org",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
