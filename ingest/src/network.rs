//! Why no connection came about: the cause behind an error of the HTTP client, in a sentence that says what to do.

use std::error::Error as StdError;
use std::io::ErrorKind;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::fetch_error::FetchError;
use crate::findings::Code;
use crate::say::{NBSP, NNBSP, quoted, shown};

/// A failure to connect, by its cause.
///
/// - `place`: the address asked for, without secrets.
/// - `proxied`: a proxy of this source's own is in use.
/// - `identified`: a client certificate is presented.
pub(crate) fn connect_failed(
    place: &str,
    cause: &reqwest::Error,
    proxied: bool,
    identified: bool,
) -> FetchError {
    let what = innermost(cause);
    let later = format!("Vigie réessaiera au prochain passage{NNBSP}; si cela dure, prévenir le producteur.");
    if let Some(fault) = find::<TlsError>(cause) {
        return tls(place, fault, identified);
    }
    // The client names these two steps in words only.
    let words = chain(cause);
    if words.iter().any(|word| word.contains("proxy") || word.contains("tunnel")) {
        let named =
            if proxied { "de la source (proxy)" } else { "de l’environnement (http_proxy, https_proxy)" };
        let french = format!(
            "Le serveur mandataire (proxy) refuse la connexion à {place}. Vérifier le proxy {named}, son nom d’utilisateur et son mot de passe."
        );
        return FetchError::new(Code::ProxyFailed, place, what, &french);
    }
    if words.iter().any(|word| word.starts_with("dns error")) {
        let french = if proxied {
            format!(
                "Le nom du serveur mandataire (proxy) n’existe pas, ou n’est pas connu d’ici ({place}). Vérifier proxy dans la configuration de la source."
            )
        } else {
            format!(
                "Le nom du serveur de {place} n’existe pas, ou n’est pas connu d’ici. Vérifier l’adresse de la source et le DNS de cette machine. {later}"
            )
        };
        return FetchError::new(Code::NameNotFound, place, what, &french);
    }
    let kind = find::<std::io::Error>(cause).map(std::io::Error::kind);
    let through = if proxied { "Par le serveur mandataire (proxy) de la source, l" } else { "L" };
    let french = match kind {
        Some(ErrorKind::ConnectionRefused) => format!(
            "{through}e serveur de {place} refuse la connexion{NBSP}: rien n’écoute à ce port. Vérifier l’adresse et le port. {later}"
        ),
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => format!(
            "{through}e serveur de {place} n’est pas joignable depuis cette machine (réseau ou pare-feu). Vérifier le réseau. {later}"
        ),
        Some(
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof,
        ) => {
            let hint = if identified {
                " Le serveur n’a peut-être pas accepté le certificat de client (client_certificate)."
            } else {
                ""
            };
            format!(
                "{through}e serveur de {place} a coupé la connexion avant de répondre.{hint} Vérifier l’adresse et le port. {later}"
            )
        }
        _ => format!("Connexion impossible à {place}. Vérifier l’adresse et le réseau. {later}"),
    };
    FetchError::new(Code::ConnectFailed, place, what, &french)
}

/// A failure of TLS that shows only once the connection seemed to stand: the server refuses our certificate.
pub(crate) fn tls_in(cause: &reqwest::Error) -> Option<&TlsError> {
    find::<TlsError>(cause)
}

/// A failure of TLS.
pub(crate) fn tls(place: &str, fault: &TlsError, identified: bool) -> FetchError {
    let nothing = format!("Rien n’a été chargé{NNBSP};");
    let (code, french) = match fault {
        TlsError::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let since = match certificate {
                    CertificateError::ExpiredContext { not_after, .. } => since(*not_after),
                    _ => String::new(),
                };
                (
                    Code::CertificateExpired,
                    format!(
                        "Le certificat du serveur de {place} n’est plus valable{since}. {nothing} prévenir le producteur, qui doit le renouveler."
                    ),
                )
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                Code::CertificateExpired,
                format!(
                    "Le certificat du serveur de {place} n’est pas encore valable. {nothing} vérifier l’heure de cette machine, puis prévenir le producteur."
                ),
            ),
            CertificateError::UnknownIssuer => (
                Code::CertificateAuthority,
                format!(
                    "Le certificat du serveur de {place} vient d’une autorité inconnue de cette machine, ou sa chaîne est incomplète. {nothing} si c’est l’autorité de l’agence ou du partenaire, donner son certificat à la source (ca_file)."
                ),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let names = match certificate {
                    CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
                        let names: Vec<String> = presented
                            .iter()
                            .take(3)
                            .map(|name| quoted(&shown(plain_name(name).as_bytes())))
                            .collect();
                        format!(" mais pour {}", names.join(", "))
                    }
                    _ => String::new(),
                };
                (
                    Code::CertificateName,
                    format!(
                        "Le certificat du serveur de {place} n’est pas établi pour ce nom{names}. {nothing} corriger l’adresse de la source, ou prévenir le producteur."
                    ),
                )
            }
            CertificateError::Revoked => (
                Code::CertificateRefused,
                format!("Le certificat du serveur de {place} est révoqué. {nothing} prévenir le producteur."),
            ),
            _ => (
                Code::CertificateRefused,
                format!(
                    "Le certificat du serveur de {place} ne peut pas être accepté. {nothing} prévenir le producteur."
                ),
            ),
        },
        TlsError::AlertReceived(alert) if asks_certificate(*alert) => {
            let french = if identified {
                format!(
                    "Le serveur de {place} refuse le certificat de client. {nothing} vérifier client_certificate et client_key de la source (durée de validité, autorité) avec le producteur."
                )
            } else {
                format!(
                    "Le serveur de {place} demande un certificat de client. {nothing} le donner à la source (client_certificate et client_key)."
                )
            };
            (Code::ClientCertificate, french)
        }
        _ => (
            Code::ConnectFailed,
            format!(
                "La connexion chiffrée (TLS) à {place} n’aboutit pas. Vérifier l’adresse et le port (https ou http){NNBSP}; Vigie réessaiera au prochain passage."
            ),
        ),
    };
    FetchError::new(code, place, fault.to_string(), &french)
}

fn asks_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

/// `DnsName("a.org")`, as the library writes it, or `a.org`.
fn plain_name(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn since(end: UnixTime) -> String {
    let second = i64::try_from(end.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(second).map_or_else(
        |_| String::new(),
        |end| format!(" depuis le {} (UTC)", end.strftime("%d/%m/%Y à %H:%M")),
    )
}

/// What is behind an error: an I/O error hides what it wraps from `source`.
fn behind<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The causes of an error, as texts; not the error itself, whose text holds the address.
fn chain(error: &reqwest::Error) -> Vec<String> {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = behind(inner);
    }
    words
}

/// The first cause of a type.
fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<T>() {
            return Some(found);
        }
        cause = behind(inner);
    }
    None
}

/// The innermost cause, which says `connection refused` where the outer one says `error sending request`.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    chain(error).pop().unwrap_or_else(|| kind(error).to_owned())
}

/// What an error without a cause is about.
fn kind(error: &reqwest::Error) -> &'static str {
    match error {
        _ if error.is_timeout() => "time-out",
        _ if error.is_connect() => "connection failed",
        _ if error.is_redirect() => "redirect refused",
        _ if error.is_builder() => "the client could not be made",
        _ if error.is_body() || error.is_decode() => "the body broke off",
        _ => "the request failed",
    }
}
