//! Why a fetch failed: a stable code and a French sentence that says what, where and what to do.

use std::time::Duration;

use crate::findings::Code;
use crate::say::{NBSP, NNBSP, counted, size};

/// A fetch that gave no body, after all its attempts.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {what} ({place})")]
pub struct FetchError {
    /// Stable code.
    pub code: Code,
    /// The address asked for, without user name, password, query and fragment.
    pub place: String,
    /// Status of the last answer, when there was one.
    pub http_status: Option<u16>,
    /// How many times the server was asked.
    pub attempts: u32,
    /// What happened, in French: what, where, what to do, and the code.
    pub message_fr: String,
    /// What happened, in English, for logs.
    pub what: String,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
}

impl FetchError {
    pub(crate) fn new(code: Code, place: &str, what: impl Into<String>, french: &str) -> Self {
        let retryable = matches!(
            code,
            Code::ConnectFailed
                | Code::TimedOut
                | Code::CutShort
                | Code::BadReply
                | Code::ServerError
                | Code::TooManyRequests
        );
        Self {
            code,
            place: place.to_owned(),
            http_status: None,
            attempts: 1,
            message_fr: format!("{french} ({code})"),
            what: what.into(),
            retryable,
            retry_after: None,
        }
    }

    /// A setting of a source that cannot be used: a secret, a certificate, a proxy.
    ///
    /// `setting` is its name in the configuration, `why` an English phrase for logs and for people who set it.
    #[must_use]
    pub fn setting(setting: &str, why: &str) -> Self {
        let french = format!(
            "Le réglage {} de la source n’est pas utilisable. Rien n’a été demandé au serveur{NNBSP}; le corriger dans la configuration (vigie config check dit ce qui manque).",
            crate::say::quoted(setting)
        );
        Self::new(Code::BadSetting, setting, format!("{setting}: {why}"), &french)
    }

    /// The same without the secrets of the source, wherever a library or a server repeated one.
    pub(crate) fn clean(mut self, secrets: &crate::redact::Secrets) -> Self {
        for text in [&mut self.place, &mut self.message_fr, &mut self.what] {
            *text = secrets.clean(text);
        }
        self
    }

    /// The same, of one part of an edition.
    pub(crate) fn of_part(mut self, part: &str) -> Self {
        self.message_fr = format!("{part}{NBSP}: {}", self.message_fr);
        self.what = format!("{part}: {}", self.what);
        self
    }

    pub(crate) fn bad_url(url: &str, cause: &str) -> Self {
        let shown = crate::say::shown(crate::redact::redact(url).as_bytes());
        let french = format!(
            "L’adresse {} n’est pas utilisable. Attendu{NBSP}: une adresse http ou https. Corriger l’adresse de la source dans la configuration.",
            crate::say::quoted(&shown)
        );
        Self::new(Code::BadUrl, &shown, format!("not a usable address: {cause}"), &french)
    }

    /// A failure that reqwest reports, while connecting or while reading.
    ///
    /// `proxied`: a proxy of the source's own is in use; `identified`: a client certificate is presented.
    pub(crate) fn transport(place: &str, cause: &reqwest::Error, proxied: bool, identified: bool) -> Self {
        let what = crate::network::innermost(cause);
        if cause.is_timeout() {
            if cause.is_connect() {
                let french = format!(
                    "Le serveur de {place} ne répond pas à la demande de connexion. Vérifier l’adresse, le réseau et le pare-feu{NNBSP}; Vigie réessaiera au prochain passage."
                );
                return Self::new(Code::TimedOut, place, what, &french);
            }
            let french = format!(
                "Le serveur de {place} ne répond pas à temps. Vigie réessaiera au prochain passage{NNBSP}; si cela dure, prévenir le producteur."
            );
            return Self::new(Code::TimedOut, place, what, &french);
        }
        if cause.is_connect() {
            return crate::network::connect_failed(place, cause, proxied, identified);
        }
        if let Some(fault) = crate::network::tls_in(cause) {
            return crate::network::tls(place, fault, identified);
        }
        if is_unsound(cause) {
            let french = format!(
                "Le serveur de {place} ne répond pas en HTTP correct. Vérifier l’adresse et le port de la source{NNBSP}; si cela dure, prévenir le producteur."
            );
            return Self::new(Code::BadReply, place, what, &french);
        }
        let french = format!(
            "La connexion à {place} s’est rompue avant la fin du fichier. Rien n’a été chargé{NNBSP}; Vigie réessaiera au prochain passage."
        );
        Self::new(Code::CutShort, place, what, &french)
    }

    /// A redirect that cannot be followed.
    pub(crate) fn redirect(place: &str, what: impl Into<String>) -> Self {
        let french = format!(
            "Les redirections de {place} ne mènent à rien (boucle, plus de {REDIRECTS_MAX}, retour de https à http, ou adresse qui n’est ni http ni https). Vérifier l’adresse de la source."
        );
        Self::new(Code::BadRedirect, place, what, &french)
    }

    pub(crate) fn wrong_length(place: &str, got: u64, declared: u64) -> Self {
        let french = format!(
            "Le fichier de {place} est incomplet{NBSP}: {} reçus sur {} annoncés. Rien n’a été chargé{NNBSP}; Vigie réessaiera au prochain passage.",
            size(got),
            size(declared)
        );
        Self::new(Code::CutShort, place, format!("{got} bytes of {declared} announced"), &french)
    }

    pub(crate) fn too_large(place: &str, bytes_max: u64) -> Self {
        let french = format!(
            "Le fichier de {place} dépasse {}, la limite de cette source. Rien n’a été chargé. Si cette taille est normale, relever bounds.bytes_max dans le contrat.",
            size(bytes_max)
        );
        Self::new(Code::BodyTooLarge, place, format!("more than {bytes_max} bytes"), &french)
    }

    /// `has_credentials`: the source gives some.
    pub(crate) fn status(
        place: &str,
        status: u16,
        retry_after: Option<Duration>,
        has_credentials: bool,
    ) -> Self {
        let (code, french) = match status {
            429 => (
                Code::TooManyRequests,
                format!(
                    "Le serveur de {place} demande d’attendre (429). Vigie réessaiera au prochain passage{NNBSP}; espacer les passages si cela dure."
                ),
            ),
            408 | 425 | 500 | 502..=504 | 507 | 509..=599 => (
                Code::ServerError,
                format!(
                    "Le serveur de {place} est en panne ({status}). Vigie réessaiera au prochain passage{NNBSP}; si cela dure, prévenir le producteur."
                ),
            ),
            404 | 410 => (
                Code::HttpStatus,
                format!(
                    "Rien à l’adresse {place} ({status}){NBSP}: le fichier a été déplacé ou retiré. Corriger l’adresse de la source."
                ),
            ),
            407 => (
                Code::ProxyFailed,
                format!(
                    "Le serveur mandataire (proxy) demande de s’identifier pour {place} ({status}). Donner proxy_user et proxy_password_file à la source, ou les identifiants dans la variable http_proxy."
                ),
            ),
            401 | 403 if has_credentials => (
                Code::HttpStatus,
                format!(
                    "Accès refusé à {place} ({status}){NBSP}: les identifiants de la source ne sont pas, ou plus, acceptés. Vérifier le fichier du mot de passe, du jeton ou de la clé (password_file, token_file, key_file), et les droits auprès du producteur."
                ),
            ),
            401 | 403 => (
                Code::HttpStatus,
                format!(
                    "Accès refusé à {place} ({status}){NBSP}: la source demande de s’identifier. Donner user et password_file, token_file ou key_file à la source dans la configuration."
                ),
            ),
            405 => (
                Code::HttpStatus,
                format!(
                    "Le serveur de {place} n’accepte pas cette méthode ({status}). S’il attend un envoi (POST), donner method = \"post\" et body à la source."
                ),
            ),
            _ => (
                Code::HttpStatus,
                format!(
                    "Réponse inattendue de {place} (état {status}). Attendu{NBSP}: 200. Vérifier l’adresse de la source."
                ),
            ),
        };
        let mut error = Self::new(code, place, format!("status {status}"), &french);
        error.http_status = Some(status);
        error.retry_after = retry_after;
        error
    }

    pub(crate) fn deadline(place: &str, total: Duration) -> Self {
        let french = format!(
            "Le fichier de {place} n’est pas arrivé en {}. Rien n’a été chargé{NNBSP}; Vigie réessaiera au prochain passage.",
            counted(total.as_secs(), "seconde", "secondes")
        );
        Self::new(Code::TimedOut, place, format!("not done within {total:?}"), &french)
    }

    pub(crate) fn disk(place: &str, cause: &std::io::Error) -> Self {
        let french = format!(
            "Le fichier de {place} n’a pas pu être écrit sur le disque{NBSP}: {cause}. Vérifier l’espace libre et les droits du dossier de travail."
        );
        Self::new(Code::Disk, place, format!("cannot write the temporary file: {cause}"), &french)
    }
}

/// Redirects followed before giving up.
pub(crate) const REDIRECTS_MAX: usize = 5;

/// Whether bytes came that are no HTTP, as against bytes that did not come. The library tells the two apart in words
/// only, but for chunks, whose faults are input errors.
fn is_unsound(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if let Some(fault) = inner.downcast_ref::<std::io::Error>() {
            return matches!(fault.kind(), InvalidData | InvalidInput);
        }
        cause = inner;
    }
    let words = cause.to_string();
    ["invalid ", "message head is too large", "unexpected transfer-encoding"]
        .iter()
        .any(|start| words.starts_with(start))
}
