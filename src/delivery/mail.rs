//! Mail: one message a reader, over SMTP with TLS (rustls, the program's one provider; the machine's own authorities).

use std::sync::Arc;
use std::time::Duration;

use mail_send::mail_builder::MessageBuilder;
use mail_send::{Credentials, SmtpClientBuilder};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::{Parcel, Unsent};
use crate::clock::now;
use crate::config::mailbox::Mailbox;
use crate::config::{Config, Security, Smtp, Target, positive};
use crate::room::Room;

/// Patience with one mail, whatever the server does.
const MAIL_MAX: Duration = Duration::from_secs(300);
/// Sends one mail. Gives the form it took (`attached` or `link`) and what was said.
pub(super) async fn send(
    room: &Room,
    target: &Target,
    to: &str,
    message_id: &str,
    parcel: &Parcel,
) -> (&'static str, Result<String, Unsent>) {
    let smtp = &room.config.smtp;
    let (name, bytes) = target.attach.of(parcel);
    let too_large = bytes.len() as u64 > u64::from(smtp.attachment_max_kib) << 10;
    let form = if too_large { "link" } else { "attached" };
    let result = async {
        let (from, to): (Mailbox, Mailbox) = (smtp.from.parse()?, to.parse()?);
        let mail = compose(smtp, (&from, &to), message_id, parcel, (&name, bytes), too_large);
        let body = mail.write_to_vec().map_err(|cause| format!("the mail could not be composed: {cause}"))?;
        let message = mail_send::smtp::message::Message::new(from.address, [to.address], body);
        hand_over(&room.config, message).await
    };
    (form, result.await)
}

fn compose<'a>(
    smtp: &'a Smtp,
    (from, to): (&'a Mailbox, &'a Mailbox),
    message_id: &'a str,
    parcel: &'a Parcel,
    (name, bytes): (&'a str, &'a [u8]),
    too_large: bool,
) -> MessageBuilder<'a> {
    let named = |mailbox: &'a Mailbox| (mailbox.name.as_str(), mailbox.address.as_str());
    let mail = MessageBuilder::new()
        .from(named(from))
        .to(named(to))
        .subject(parcel.subject.as_str())
        .message_id(message_id.trim_matches(['<', '>']))
        .date(now().as_second());
    if !too_large {
        return mail.text_body(parcel.text.as_str()).attachment("application/pdf", name, bytes);
    }
    let size = bytes.len().div_ceil(1024);
    let where_ = match &smtp.link {
        Some(link) => format!("il est là : {}/{name}", link.trim_end_matches('/')),
        None => format!("il est dans le dossier des bulletins, sous le nom {name}"),
    };
    let text =
        format!("{}\nLe bulletin ({size} Kio) est trop gros pour un courriel ; {where_}\n", parcel.text);
    mail.text_body(text)
}

/// Hands one mail over, within [`MAIL_MAX`].
async fn hand_over(
    config: &Config,
    message: mail_send::smtp::message::Message<'_>,
) -> Result<String, Unsent> {
    let (smtp, wait) = (&config.smtp, positive(config.delivery.timeout));
    let port = smtp.port.unwrap_or(match smtp.security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::None => 25,
    });
    let mut client = SmtpClientBuilder::new(smtp.host.clone(), port)
        .timeout(wait)
        .implicit_tls(smtp.security == Security::Tls);
    if smtp.security != Security::None {
        client.tls_connector = connector(smtp).map_err(Unsent::gone)?;
    }
    if let Some(user) = &smtp.user {
        client = client.credentials(Credentials::new(user.clone(), smtp.password().map_err(Unsent::gone)?));
    }
    let server = format!("{}:{port}", smtp.host);
    // The server has the mail once it said so: what it answers to the farewell is of no matter.
    let sent = async {
        match smtp.security {
            Security::None => {
                let mut client = within(wait, client.connect_plain())
                    .await
                    .map_err(|cause| not_reached(&server, &cause))?;
                client.send(message).await.map_err(|cause| not_taken(&server, &cause))?;
                let _ = client.quit().await;
            }
            _ => {
                let mut client =
                    within(wait, client.connect()).await.map_err(|cause| not_reached(&server, &cause))?;
                client.send(message).await.map_err(|cause| not_taken(&server, &cause))?;
                let _ = client.quit().await;
            }
        }
        Ok::<(), Unsent>(())
    };
    match tokio::time::timeout(MAIL_MAX, sent).await {
        Ok(sent) => sent.map(|()| format!("accepté par {}", smtp.host)),
        Err(_) => Err(Unsent::gone(format!(
            "le serveur de courriel {server} n’a pas pris ce courriel dans le temps imparti"
        ))),
    }
}

/// The library waits for a greeting without end.
async fn within<T>(
    wait: Duration,
    connecting: impl Future<Output = Result<T, mail_send::Error>>,
) -> Result<T, mail_send::Error> {
    tokio::time::timeout(wait, connecting).await.unwrap_or(Err(mail_send::Error::Timeout))
}

/// No conversation came about: for every other mail it would be the same.
fn not_reached(server: &str, cause: &mail_send::Error) -> Unsent {
    tracing::debug!(server, %cause, "mail server not reached");
    let why = match cause {
        mail_send::Error::AuthenticationFailed(_)
        | mail_send::Error::UnsupportedAuthMechanism
        | mail_send::Error::MissingStartTls
        | mail_send::Error::UnexpectedReply(_) => return Unsent::gone(not_taken(server, cause).why),
        mail_send::Error::Timeout => "il ne répond pas à temps".to_owned(),
        mail_send::Error::Tls(_) | mail_send::Error::InvalidTLSName => {
            "son certificat ou sa connexion chiffrée est refusé".to_owned()
        }
        mail_send::Error::Io(cause) => match cause.kind() {
            std::io::ErrorKind::ConnectionRefused => "connexion refusée".to_owned(),
            std::io::ErrorKind::TimedOut => "il ne répond pas à temps".to_owned(),
            std::io::ErrorKind::InvalidData => {
                "son certificat ou sa connexion chiffrée est refusé".to_owned()
            }
            std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => {
                "aucun chemin n’y mène".to_owned()
            }
            _ if cause.raw_os_error().is_none() => "nom inconnu, ou réponse illisible".to_owned(),
            _ => "la connexion ne s’établit pas".to_owned(),
        },
        _ => "réponse illisible".to_owned(),
    };
    Unsent::gone(format!("le serveur de courriel {server} n’est pas joignable : {why}"))
}

/// The server was there, and did not take the mail.
fn not_taken(server: &str, cause: &mail_send::Error) -> Unsent {
    tracing::debug!(server, %cause, "mail not taken");
    // The same would be answered again: who signs in is refused, or the failure is permanent (5xx).
    let (why, is_final) = match cause {
        mail_send::Error::AuthenticationFailed(reply) => (
            format!(
                "identifiant ou mot de passe refusé ({} {}) ; non réessayé tout seul",
                reply.code(),
                reply.message()
            ),
            true,
        ),
        mail_send::Error::UnsupportedAuthMechanism => {
            ("aucune façon commune de s’identifier".to_owned(), true)
        }
        mail_send::Error::MissingStartTls => {
            ("le serveur n’offre pas de connexion chiffrée".to_owned(), true)
        }
        mail_send::Error::UnexpectedReply(reply) => {
            (format!("réponse {} {}", reply.code(), reply.message()), (500..600).contains(&reply.code()))
        }
        mail_send::Error::Timeout => {
            return Unsent::gone(format!("le serveur de courriel {server} ne répond plus à temps"));
        }
        _ => ("l’échange s’est interrompu".to_owned(), false),
    };
    Unsent { why: format!("{server} : {why}"), is_final, is_gone: false }
}

/// Sends a mail of plain text, such as a notice.
///
/// # Errors
/// A French sentence saying why it was not taken.
pub(crate) async fn notice(config: &Config, to: &str, subject: &str, text: &str) -> Result<(), String> {
    let smtp = &config.smtp;
    let (from, to): (Mailbox, Mailbox) = (smtp.from.parse()?, to.parse()?);
    let body = MessageBuilder::new()
        .from((from.name.as_str(), from.address.as_str()))
        .to((to.name.as_str(), to.address.as_str()))
        .subject(subject)
        .header("Auto-Submitted", mail_send::mail_builder::headers::raw::Raw::new("auto-generated"))
        .date(now().as_second())
        .text_body(text)
        .write_to_vec()
        .map_err(|cause| format!("the mail could not be composed: {cause}"))?;
    let message = mail_send::smtp::message::Message::new(from.address, [to.address], body);
    hand_over(config, message).await.map(drop).map_err(|unsent| unsent.why)
}

/// TLS with the machine's authorities, and the agency's own.
fn connector(smtp: &Smtp) -> Result<TlsConnector, String> {
    let mut own = Vec::new();
    if let Some(path) = &smtp.certificate {
        let faulty = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
        let found = CertificateDer::pem_file_iter(path).map_err(|cause| faulty(&cause))?;
        for certificate in found {
            own.push(certificate.map_err(|cause| faulty(&cause))?);
        }
    }
    let provider = Arc::new(ring::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(own, Arc::clone(&provider)).map_err(|cause| cause.to_string())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .dangerous() // only the name of the method: the verifier is the machine's own
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
