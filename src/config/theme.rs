//! The agency's own look: a folder with a layout, a style, a logo; what it lacks stays neutral.

use std::collections::BTreeMap;
use std::path::Path;

use vigie_reports::input::{Logo, Theme};

use crate::error::Error;

/// Layout of the PDF.
pub(crate) const TEMPLATE: &str = "bulletin.typ";
/// Style of the HTML twin.
const STYLE: &str = "bulletin.css";
/// Logos, by preference.
const LOGOS: [&str; 4] = ["logo.svg", "logo.png", "logo.jpg", "logo.jpeg"];
/// Every file that a theme may hold.
pub(crate) const FILES: [&str; 6] = [TEMPLATE, STYLE, LOGOS[0], LOGOS[1], LOGOS[2], LOGOS[3]];
/// Largest logo, in bytes: it is in every bulletin and every mail.
const LOGO_MAX: u64 = 1 << 20;

/// Reads a theme.
///
/// # Errors
/// [`Error::Read`] when a file of it cannot be read; [`Error::Usage`] when the folder holds nothing of a theme, or a logo
/// too large to send.
pub fn read(folder: &Path) -> Result<Theme, Error> {
    let mut files = BTreeMap::new();
    for name in [TEMPLATE, STYLE].into_iter().chain(LOGOS) {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Ok(found) if LOGOS.contains(&name) && found.len() > LOGO_MAX => {
                return Err(Error::Usage(format!("{}: a logo of at most 1 MiB is expected", path.display())));
            }
            Ok(_) => {
                let body = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
                files.insert(name.to_owned(), body);
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Read { path, source }),
        }
    }
    if !folder.is_dir() {
        return Err(Error::Usage(format!("theme: there is no folder {}", folder.display())));
    }
    if files.is_empty() {
        return Err(Error::Usage(format!(
            "{}: no theme; expected one or more of {TEMPLATE}, {STYLE}, {}",
            folder.display(),
            LOGOS.join(", ")
        )));
    }
    of_files(files)
}

/// A theme from its files, by name.
///
/// # Errors
/// [`Error::Failed`] when a layout or style is not UTF-8.
pub fn of_files(mut files: BTreeMap<String, Vec<u8>>) -> Result<Theme, Error> {
    let mut text = |name: &str| {
        files
            .remove(name)
            .map(|body| {
                String::from_utf8(body).map_err(|_| Error::Failed(format!("theme: {name} is not UTF-8")))
            })
            .transpose()
    };
    let (template, style) = (text(TEMPLATE)?, text(STYLE)?);
    let logo = LOGOS.into_iter().find_map(|name| {
        let bytes = files.remove(name)?;
        Some(Logo { name: name.to_owned(), bytes })
    });
    Ok(Theme { template, style, logo })
}

/// The files of a theme, by name; empty for the neutral one.
#[must_use]
pub fn files(theme: &Theme) -> BTreeMap<String, Vec<u8>> {
    let texts = [(TEMPLATE, &theme.template), (STYLE, &theme.style)];
    let texts =
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into_bytes())));
    let logo = theme.logo.iter().map(|logo| (logo.name.clone(), logo.bytes.clone()));
    texts.chain(logo).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_what_its_files_say_and_a_folder_without_any_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("no theme; expected"));
        std::fs::write(folder.path().join("logo.svg"), "<svg/>").unwrap();
        std::fs::write(folder.path().join("bulletin.css"), "body {}").unwrap();
        let theme = read(folder.path()).unwrap();
        assert_eq!(theme.logo.as_ref().unwrap().name, "logo.svg");
        assert_eq!((theme.template.as_deref(), theme.style.as_deref()), (None, Some("body {}")));
        assert_eq!(of_files(files(&theme)).unwrap(), theme);
        assert!(files(&Theme::default()).is_empty());
    }
}
