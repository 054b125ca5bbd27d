//! What the wire itself says to analysts: French sentences with a stable code, and the SQLSTATE that programs look at.

use std::time::Duration;

use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError};

use super::pool::Fall;

/// Why a statement or a client is turned away, other than by the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Too many clients.
    Full(usize),
    /// Clear text where the wire must be encrypted.
    ClearText,
    /// A statement took too long.
    TooLong(Duration),
    /// Its client asked to stop it.
    Cancelled,
    /// A client said nothing for too long.
    Silent(Duration),
    /// A result has too many rows.
    TooManyRows(u64),
    /// The service stops.
    Stopping,
    /// No worker could be started.
    NoWorker,
    /// A fault of the engine: it panicked.
    Fault,
    /// A message is longer than clients may send.
    LongMessage(usize),
    /// A worker fell while it computed; statements may take so long.
    Fallen(Fall, Duration),
}

impl Said {
    /// Severity, SQLSTATE and sentence.
    fn parts(&self) -> (&'static str, &'static str, String) {
        match self {
            Self::Full(connections) => (
                "FATAL",
                "53300",
                format!(
                    "Les {connections} connexions possibles sont prises. Réessayer dans un moment, ou fermer une \
                     connexion. (trop-de-connexions)"
                ),
            ),
            Self::ClearText => (
                "FATAL",
                "28000",
                "La connexion doit être chiffrée : ajouter sslmode=require (ou verify-full) à la connexion. \
                 (chiffrement-exige)"
                    .to_owned(),
            ),
            Self::TooLong(limit) => (
                "ERROR",
                "57014",
                format!(
                    "La requête a dépassé le temps permis ({} s) et a été arrêtée. Restreindre les dates ou les lieux, ou \
                     demander moins de colonnes. (temps-depasse)",
                    limit.as_secs().max(1)
                ),
            ),
            Self::Cancelled => {
                ("ERROR", "57014", "La requête a été arrêtée à la demande du client. (annulee)".to_owned())
            }
            Self::Silent(limit) => (
                "FATAL",
                "57P05",
                format!("Connexion fermée après {} s de silence. (silence)", limit.as_secs().max(1)),
            ),
            Self::TooManyRows(rows) => (
                "ERROR",
                "54000",
                format!(
                    "Le résultat dépasse {rows} lignes, la limite d’une requête. Agréger, restreindre, ou prendre l’export \
                     complet (vigie publish). (trop-de-lignes)"
                ),
            ),
            Self::NoWorker => (
                "ERROR",
                "58000",
                "Le lac ne peut pas être lu pour l’instant ; le journal du service dit pourquoi. (panne)"
                    .to_owned(),
            ),
            Self::Fault => (
                "ERROR",
                "XX000",
                "Le moteur n’a pas su calculer cette requête : c’est un défaut, que le journal du service situe. L’écrire \
                 autrement, ou le signaler. (erreur-du-moteur)"
                    .to_owned(),
            ),
            Self::LongMessage(bytes) => (
                "FATAL",
                "54000",
                format!(
                    "Le message dépasse {} Mio, la limite d’une requête avec ses valeurs. Passer par une jointure plutôt que par \
                     une longue liste. (message-trop-long)",
                    bytes >> 20
                ),
            ),
            Self::Fallen(fall, limit) => match fall {
                Fall::TooLong => Self::TooLong(*limit).parts(),
                Fall::Cancelled => Self::Cancelled.parts(),
                Fall::Memory => ("ERROR", "53200", crate::Refused::TooBig.to_string()),
                Fall::Total => (
                    "ERROR",
                    "53200",
                    "Les requêtes en cours demandent ensemble plus de mémoire que le service n’en donne ; celle-ci, la plus \
                     grande, a été arrêtée. Réessayer dans un moment, ou demander moins à la fois. (memoire-commune)"
                        .to_owned(),
                ),
                Fall::Depth => (
                    "ERROR",
                    "54001",
                    "La requête est trop longue ou trop imbriquée. La découper, ou remplacer une longue suite de conditions par \
                     une jointure. (requete-trop-profonde)"
                        .to_owned(),
                ),
                Fall::Retired | Fall::Unknown => (
                    "ERROR",
                    "58000",
                    "Le processus qui calculait la requête s’est arrêté ; les autres continuent. Réessayer ; si cela se répète, \
                     le journal du service dit pourquoi. (processus-arrete)"
                        .to_owned(),
                ),
            },
            Self::Stopping => {
                ("FATAL", "57P01", "Le service s’arrête ; se reconnecter dans un moment. (arret)".to_owned())
            }
        }
    }
}

impl From<Said> for PgWireError {
    fn from(said: Said) -> Self {
        let (severity, state, sentence) = said.parts();
        Self::UserError(Box::new(ErrorInfo::new(severity.to_owned(), state.to_owned(), sentence)))
    }
}
