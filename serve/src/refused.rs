//! Why a statement is not carried out: French sentences for analysts, each with a stable code.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// A statement that is turned away before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not SQL, as far as it is understood here. `(syntaxe)`
    #[error("La requête n’est pas comprise : {0}. (syntaxe)")]
    Syntax(String),
    /// Nothing was asked. `(requete-vide)`
    #[error("La requête est vide. (requete-vide)")]
    Empty,
    /// More than one statement. `(une-seule-requete)`
    #[error("{0} instructions à la fois ; en envoyer une seule. (une-seule-requete)")]
    Several(usize),
    /// It would write, define, or act on the service. `(lecture-seule)`
    #[error(
        "« {0} » n’est pas permis : le lac ne se lit qu’avec SELECT, WITH, VALUES, EXPLAIN et SHOW. (lecture-seule)"
    )]
    OnlyReads(String),
    /// A part of a query that would write or lock. `(lecture-seule)`
    #[error(
        "La requête contient « {0} », qui écrit ou verrouille ; le lac ne peut qu’être lu. (lecture-seule)"
    )]
    Writes(String),
    /// A setting that is not for clients. `(reglage-refuse)`
    #[error(
        "Le réglage « {0} » n’est pas à la main du client. Permis : vigie.as_of et les réglages d’affichage usuels. (reglage-refuse)"
    )]
    Setting(String),
    /// A value of `vigie.as_of` that is no time. `(date-illisible)`
    #[error(
        "{0}. Attendu : une date (2020-10-12, fin de ce jour à Paris) ou un instant (2020-10-12T18:00:00Z). (date-illisible)"
    )]
    Time(String),
    /// A file or an address where a table is expected. `(fichier-refuse)`
    #[error(
        "« {0} » n’est pas une table : ni fichier ni adresse ne peuvent être lus d’ici. (fichier-refuse)"
    )]
    File(String),
    /// A table of passwords. `(table-refusee)`
    #[error("La table « {0} » ne se lit pas d’ici. (table-refusee)")]
    Table(String),
    /// A function that is not offered. `(fonction-refusee)`
    #[error("La fonction « {0} » n’est pas offerte ici. (fonction-refusee)")]
    Function(String),
    /// A parameter without a value, or with one of another type. `(parametre)`
    #[error("Paramètre : {0}. (parametre)")]
    Parameter(String),
    /// The engine does not accept it. `(requete-refusee)`
    #[error("La requête est refusée : {0} (requete-refusee)")]
    Plan(String),
    /// A function would give a value, or a batch of them, that is too large. `(valeur-trop-grande)`
    #[error(
        "La fonction « {function} » donnerait {mib} Mio d’un coup ; la limite est de {} Mio pour une valeur et de {} Mio pour un lot de lignes. Répéter moins, ou traiter moins de lignes à la fois. (valeur-trop-grande)",
        crate::VALUE_MAX >> 20, crate::BATCH_MAX >> 20
    )]
    LargeValue {
        /// Its name.
        function: String,
        /// What it would give.
        mib: u64,
    },
    /// The protocol has no form for a column. `(type-non-transmis)`
    #[error(
        "Le protocole ne transmet pas ce type de colonne ({0}). Le convertir en texte ou en éléments : array_to_string, unnest, cast(… as varchar). (type-non-transmis)"
    )]
    Type(String),
    /// The memory or the room for spilling is used up. `(memoire-depassee)`
    #[error(
        "La requête demande plus de mémoire que sa part et a été arrêtée ; les autres continuent. Restreindre les dates ou les lieux, ou agréger avant de joindre. (memoire-depassee)"
    )]
    TooBig,
}

impl Refused {
    /// What an error of the parser means to an analyst.
    #[must_use]
    pub fn syntax(fault: &ParserError) -> Self {
        Self::Syntax(fault.to_string().replacen("sql parser error: ", "", 1))
    }

    /// What an error of the engine means to an analyst.
    #[must_use]
    pub fn of(fault: &DataFusionError) -> Self {
        let root = fault.find_root();
        // What a function of ours has refused itself.
        if let DataFusionError::External(cause) = root
            && let Some(refused) = cause.downcast_ref::<Self>()
        {
            return refused.clone();
        }
        match root {
            DataFusionError::ResourcesExhausted(_) => Self::TooBig,
            // The room for spilling is used up while a file is written: the engine hands it on as a fault of the writer.
            root if root.to_string().contains("disk space during the spilling process") => Self::TooBig,
            root => Self::Plan(first_line(&root.to_string())),
        }
    }

    /// The SQLSTATE that programs look at.
    #[must_use]
    pub fn sqlstate(&self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::Empty | Self::Several(_) => "42601",
            Self::OnlyReads(_) | Self::Writes(_) => "25006",
            Self::Setting(_) | Self::Time(_) | Self::Parameter(_) => "22023",
            Self::File(_) | Self::Table(_) | Self::Function(_) => "42501",
            Self::Plan(_) => "42000",
            Self::Type(_) => "0A000",
            Self::LargeValue { .. } => "54000",
            Self::TooBig => "53200",
        }
    }
}

/// The engine's reasons may be followed by plans and traces.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned() + "."
}
