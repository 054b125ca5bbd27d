//! Who may ask: names, roles, and verifiers of passwords (SCRAM-SHA-256). No password is kept anywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion_postgres::pgwire::api::auth::sasl::scram::{SCRAM_ITERATIONS, gen_salted_password};
use datafusion_postgres::pgwire::api::auth::{AuthSource, LoginInfo, Password};
use datafusion_postgres::pgwire::error::PgWireResult;

use crate::Role;

/// Name of the only form of verifier there is; the number of rounds follows.
const FORM: &str = "SCRAM-SHA-256";
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// A password that is easily guessed is worse than none.
const PASSWORD_CHARS_MIN: usize = 12;

/// What a password is checked against: `SCRAM-SHA-256$4096:<salt>$<salted password>`, both in Base64. Who reads it can
/// log in with it (not learn the password): it belongs into a file that only the service may read.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    salt: Vec<u8>,
    salted: Vec<u8>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

impl Verifier {
    /// The verifier of a new password.
    ///
    /// # Errors
    /// A sentence, when the password is too short or the system gives no random salt.
    pub fn of(password: &str) -> Result<Self, String> {
        let chars = password.chars().count();
        if chars < PASSWORD_CHARS_MIN {
            return Err(format!(
                "the password has {chars} characters, expected at least {PASSWORD_CHARS_MIN}"
            ));
        }
        let mut salt = vec![0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|fault| format!("no random numbers: {fault}"))?;
        let salted = gen_salted_password(password, &salt, SCRAM_ITERATIONS);
        Ok(Self { salt, salted })
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, salted) = (STANDARD.encode(&self.salt), STANDARD.encode(&self.salted));
        write!(f, "{FORM}${SCRAM_ITERATIONS}:{salt}${salted}")
    }
}

impl FromStr for Verifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "a verifier must read {FORM}${SCRAM_ITERATIONS}:<salt>$<salted password>, as `vigie password` prints it"
            )
        };
        let (head, salted) = text.rsplit_once('$').ok_or_else(expected)?;
        let salt = head.strip_prefix(&format!("{FORM}${SCRAM_ITERATIONS}:")).ok_or_else(expected)?;
        let bytes = |part: &str| STANDARD.decode(part).ok().filter(|bytes| bytes.len() >= SALT_BYTES);
        match (bytes(salt), bytes(salted)) {
            (Some(salt), Some(salted)) => Ok(Self { salt, salted }),
            _ => Err(expected()),
        }
    }
}

/// Every user, by name.
#[derive(Debug, Clone, Default)]
pub struct Users {
    known: BTreeMap<String, (Role, Verifier)>,
}

impl Users {
    /// Adds a user; a name counts once.
    ///
    /// # Errors
    /// A sentence, when the name is there already or empty.
    pub fn add(&mut self, name: &str, role: Role, verifier: Verifier) -> Result<(), String> {
        if name.is_empty() {
            return Err("a user has no name".to_owned());
        }
        match self.known.insert(name.to_owned(), (role, verifier)) {
            None => Ok(()),
            Some(_) => Err(format!("the user {name:?} is there twice")),
        }
    }

    /// Whether nobody is known: then nobody is asked for a password either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The role of a user.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Role> {
        self.known.get(name).map(|(role, _)| *role)
    }
}

#[async_trait]
impl AuthSource for Users {
    async fn get_password(&self, login: &LoginInfo) -> PgWireResult<Password> {
        if let Some((_, verifier)) = login.user().and_then(|name| self.known.get(name)) {
            return Ok(Password::new(Some(verifier.salt.clone()), verifier.salted.clone()));
        }
        // An unknown name is asked for its password like a known one, so that names cannot be tried out.
        let mut nothing = [0; 32];
        getrandom::fill(&mut nothing).map_err(std::io::Error::other)?;
        Ok(Password::new(Some(nothing[..SALT_BYTES].to_vec()), nothing.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_read_as_it_is_printed_and_is_never_the_same_twice() {
        let [first, second] = [0, 1].map(|_| Verifier::of("douze caractères").unwrap());
        assert_ne!(first, second);
        assert_eq!(first.to_string().parse::<Verifier>().unwrap(), first);
        assert!(!format!("{first:?}{first}").contains("douze"));
    }

    #[test]
    fn what_is_no_verifier_is_told() {
        for text in ["", "secret", "md5abc", "SCRAM-SHA-256$4096:AAAA$AAAA", "SCRAM-SHA-256$1:x$y"] {
            assert!(text.parse::<Verifier>().unwrap_err().contains("vigie password"), "{text}");
        }
        assert!(Verifier::of("court").unwrap_err().contains("at least 12"));
    }
}
