//! Where a secret is kept: a file, a systemd credential or an environment variable; never the configuration itself.
//!
//! A secret is read when it is needed, so that one that was changed is taken without a restart.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use vigie_ingest::Secret;

/// A secret is short; what is longer is another file.
const BYTES_MAX: u64 = 256 * 1024;
/// Rights beyond which others than the owner and its group could read or change the file.
const RIGHTS_TOO_WIDE: u32 = 0o137;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// A file; its first line.
    File(PathBuf),
    /// `credential:NAME`: a file of the folder that systemd names in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// `env:NAME`: an environment variable.
    Variable(String),
}

impl<'de> Deserialize<'de> for SecretPlace {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl SecretPlace {
    /// `credential:NAME`, `env:NAME` or a path.
    ///
    /// # Errors
    /// A sentence when the name is no name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named = |name: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let is_name = !name.is_empty() && name.chars().all(fits) && !name.starts_with('.');
            if is_name {
                Ok(name.to_owned())
            } else {
                Err(format!("{name:?} is not a name of a credential or variable"))
            }
        };
        if let Some(name) = text.strip_prefix("credential:") {
            named(name).map(Self::Credential)
        } else if let Some(name) = text.strip_prefix("env:") {
            named(name).map(Self::Variable)
        } else if text.trim().is_empty() {
            Err("an empty name of a file".into())
        } else {
            Ok(Self::File(PathBuf::from(text)))
        }
    }

    /// A relative file is taken from a folder.
    pub(crate) fn rooted(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&*path);
        }
    }

    /// The secret: the first line, without the line end.
    ///
    /// # Errors
    /// A sentence saying where it was looked for; never with what was found.
    pub fn read(&self) -> Result<Secret, String> {
        let text = self.read_whole()?;
        let line = text.expose().lines().next().unwrap_or_default().trim_end();
        if line.is_empty() {
            return Err(format!("{}: its first line is empty", self.name()));
        }
        Ok(Secret::new(line))
    }

    /// The secret as it is, line ends included: a key of several lines.
    ///
    /// # Errors
    /// As [`SecretPlace::read`].
    pub fn read_whole(&self) -> Result<Secret, String> {
        match self {
            Self::Variable(name) => match std::env::var(name) {
                Ok(value) => Ok(Secret::new(value)),
                Err(_) => Err(format!("the environment variable {name} is not set")),
            },
            Self::Credential(name) => match std::env::var_os("CREDENTIALS_DIRECTORY") {
                Some(folder) => read_file(&Path::new(&folder).join(name)),
                None => Err(format!(
                    "the credential {name} is not there: systemd gives it to a service whose unit has LoadCredential={name}:FILE"
                )),
            },
            Self::File(path) => read_file(path),
        }
    }

    /// Who else may read or change it, if anybody: a sentence that says what to do.
    #[must_use]
    pub fn exposed(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let meta = std::fs::metadata(path).ok()?;
        let mode = meta.mode() & 0o777;
        if mode & RIGHTS_TOO_WIDE != 0 {
            return Some(format!(
                "{}: its rights are {mode:04o}, so that others can read or change it; chmod 0640 or 0600",
                path.display()
            ));
        }
        let me = rustix::process::geteuid().as_raw();
        (meta.uid() != me && meta.uid() != 0 && me != 0).then(|| {
            format!("{}: it belongs to another user than root or the one that runs Vigie", path.display())
        })
    }

    /// How people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Credential(name) => format!("credential:{name}"),
            Self::Variable(name) => format!("env:{name}"),
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, String> {
    let failed = |cause: std::io::Error| format!("{}: {cause}", path.display());
    if std::fs::metadata(path).map_err(failed)?.len() > BYTES_MAX {
        return Err(format!("{}: it is too large to be a secret", path.display()));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map(Secret::new).map_err(|_| format!("{}: it is not text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_the_first_line_of_its_file_and_wide_rights_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        std::fs::write(&path, "mot de passe \r\nnote\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut place = SecretPlace::parse("p").unwrap();
        place.rooted(folder.path());
        assert_eq!(place.read().unwrap().expose(), "mot de passe");
        assert_eq!(place.exposed(), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(place.exposed().unwrap().contains("0644"));
        std::fs::write(&path, "\n").unwrap();
        assert!(place.read().unwrap_err().contains("first line is empty"));
        std::fs::remove_file(&path).unwrap();
        assert!(place.read().is_err());
        assert_eq!(SecretPlace::parse("credential:a-b.c").unwrap(), SecretPlace::Credential("a-b.c".into()));
        for bad in ["credential:../a", "credential:", "env:a b", " "] {
            assert!(SecretPlace::parse(bad).is_err(), "{bad}");
        }
        let unset = SecretPlace::parse("env:VIGIE_NO_SUCH_VARIABLE").unwrap();
        assert!(unset.read().unwrap_err().contains("VIGIE_NO_SUCH_VARIABLE is not set"));
    }
}
