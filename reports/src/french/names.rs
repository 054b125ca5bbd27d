//! Names of departments and regions with their article and preposition: `dans le Gard`, `en Haute-Garonne`,
//! `à La Réunion`, `d’Occitanie`.

/// A name and the forms a sentence needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// INSEE code.
    pub code: &'static str,
    /// Bare name: `Haute-Garonne`.
    pub name: &'static str,
    article: &'static str,
    within: &'static str,
    of: &'static str,
}

impl Name {
    /// `la Haute-Garonne`, `l’Hérault`, `le Gard`, `les Hautes-Pyrénées`, `Paris`.
    #[must_use]
    pub fn with_article(&self) -> String {
        joined(self.article, self.name)
    }

    /// `en Haute-Garonne`, `dans le Gard`, `dans l’Hérault`, `dans les Hautes-Pyrénées`, `à Paris`.
    #[must_use]
    pub fn within(&self) -> String {
        joined(self.within, self.name)
    }

    /// `de la Haute-Garonne`, `du Gard`, `de l’Hérault`, `des Hautes-Pyrénées`, `de Paris`, `d’Occitanie`.
    #[must_use]
    pub fn of(&self) -> String {
        joined(self.of, self.name)
    }
}

fn joined(word: &str, name: &str) -> String {
    match word {
        "" => name.to_owned(),
        word if word.ends_with('’') => format!("{word}{name}"),
        word => format!("{word} {name}"),
    }
}

/// A department by its INSEE code.
#[must_use]
pub fn department(code: &str) -> Option<Name> {
    let (code, name, article, within) = DEPARTMENTS.iter().find(|row| row.0 == code).copied()?;
    let of = match article {
        "le" => "du",
        "la" => "de la",
        "l’" => "de l’",
        "les" => "des",
        _ => "de",
    };
    Some(Name { code, name, article, within, of })
}

/// A region by its INSEE code.
#[must_use]
pub fn region(code: &str) -> Option<Name> {
    let (code, name, article, within, of) = REGIONS.iter().find(|row| row.0 == code).copied()?;
    Some(Name { code, name, article, within, of })
}

/// Code, name, article, preposition of place.
const DEPARTMENTS: [(&str, &str, &str, &str); 101] = [
    ("01", "Ain", "l’", "dans l’"),
    ("02", "Aisne", "l’", "dans l’"),
    ("03", "Allier", "l’", "dans l’"),
    ("04", "Alpes-de-Haute-Provence", "les", "dans les"),
    ("05", "Hautes-Alpes", "les", "dans les"),
    ("06", "Alpes-Maritimes", "les", "dans les"),
    ("07", "Ardèche", "l’", "en"),
    ("08", "Ardennes", "les", "dans les"),
    ("09", "Ariège", "l’", "en"),
    ("10", "Aube", "l’", "dans l’"),
    ("11", "Aude", "l’", "dans l’"),
    ("12", "Aveyron", "l’", "dans l’"),
    ("13", "Bouches-du-Rhône", "les", "dans les"),
    ("14", "Calvados", "le", "dans le"),
    ("15", "Cantal", "le", "dans le"),
    ("16", "Charente", "la", "en"),
    ("17", "Charente-Maritime", "la", "en"),
    ("18", "Cher", "le", "dans le"),
    ("19", "Corrèze", "la", "en"),
    ("21", "Côte-d’Or", "la", "en"),
    ("22", "Côtes-d’Armor", "les", "dans les"),
    ("23", "Creuse", "la", "dans la"),
    ("24", "Dordogne", "la", "en"),
    ("25", "Doubs", "le", "dans le"),
    ("26", "Drôme", "la", "dans la"),
    ("27", "Eure", "l’", "dans l’"),
    ("28", "Eure-et-Loir", "l’", "en"),
    ("29", "Finistère", "le", "dans le"),
    ("2A", "Corse-du-Sud", "la", "en"),
    ("2B", "Haute-Corse", "la", "en"),
    ("30", "Gard", "le", "dans le"),
    ("31", "Haute-Garonne", "la", "en"),
    ("32", "Gers", "le", "dans le"),
    ("33", "Gironde", "la", "en"),
    ("34", "Hérault", "l’", "dans l’"),
    ("35", "Ille-et-Vilaine", "l’", "en"),
    ("36", "Indre", "l’", "dans l’"),
    ("37", "Indre-et-Loire", "l’", "en"),
    ("38", "Isère", "l’", "en"),
    ("39", "Jura", "le", "dans le"),
    ("40", "Landes", "les", "dans les"),
    ("41", "Loir-et-Cher", "le", "dans le"),
    ("42", "Loire", "la", "dans la"),
    ("43", "Haute-Loire", "la", "en"),
    ("44", "Loire-Atlantique", "la", "en"),
    ("45", "Loiret", "le", "dans le"),
    ("46", "Lot", "le", "dans le"),
    ("47", "Lot-et-Garonne", "le", "dans le"),
    ("48", "Lozère", "la", "en"),
    ("49", "Maine-et-Loire", "le", "en"),
    ("50", "Manche", "la", "dans la"),
    ("51", "Marne", "la", "dans la"),
    ("52", "Haute-Marne", "la", "en"),
    ("53", "Mayenne", "la", "en"),
    ("54", "Meurthe-et-Moselle", "la", "en"),
    ("55", "Meuse", "la", "dans la"),
    ("56", "Morbihan", "le", "dans le"),
    ("57", "Moselle", "la", "en"),
    ("58", "Nièvre", "la", "dans la"),
    ("59", "Nord", "le", "dans le"),
    ("60", "Oise", "l’", "dans l’"),
    ("61", "Orne", "l’", "dans l’"),
    ("62", "Pas-de-Calais", "le", "dans le"),
    ("63", "Puy-de-Dôme", "le", "dans le"),
    ("64", "Pyrénées-Atlantiques", "les", "dans les"),
    ("65", "Hautes-Pyrénées", "les", "dans les"),
    ("66", "Pyrénées-Orientales", "les", "dans les"),
    ("67", "Bas-Rhin", "le", "dans le"),
    ("68", "Haut-Rhin", "le", "dans le"),
    ("69", "Rhône", "le", "dans le"),
    ("70", "Haute-Saône", "la", "en"),
    ("71", "Saône-et-Loire", "la", "en"),
    ("72", "Sarthe", "la", "dans la"),
    ("73", "Savoie", "la", "en"),
    ("74", "Haute-Savoie", "la", "en"),
    ("75", "Paris", "", "à"),
    ("76", "Seine-Maritime", "la", "en"),
    ("77", "Seine-et-Marne", "la", "en"),
    ("78", "Yvelines", "les", "dans les"),
    ("79", "Deux-Sèvres", "les", "dans les"),
    ("80", "Somme", "la", "dans la"),
    ("81", "Tarn", "le", "dans le"),
    ("82", "Tarn-et-Garonne", "le", "dans le"),
    ("83", "Var", "le", "dans le"),
    ("84", "Vaucluse", "le", "dans le"),
    ("85", "Vendée", "la", "en"),
    ("86", "Vienne", "la", "dans la"),
    ("87", "Haute-Vienne", "la", "en"),
    ("88", "Vosges", "les", "dans les"),
    ("89", "Yonne", "l’", "dans l’"),
    ("90", "Territoire de Belfort", "le", "dans le"),
    ("91", "Essonne", "l’", "en"),
    ("92", "Hauts-de-Seine", "les", "dans les"),
    ("93", "Seine-Saint-Denis", "la", "en"),
    ("94", "Val-de-Marne", "le", "dans le"),
    ("95", "Val-d’Oise", "le", "dans le"),
    ("971", "Guadeloupe", "la", "en"),
    ("972", "Martinique", "la", "en"),
    ("973", "Guyane", "la", "en"),
    ("974", "La Réunion", "", "à"),
    ("976", "Mayotte", "", "à"),
];

/// Code, name, article, preposition of place, preposition of belonging.
const REGIONS: [(&str, &str, &str, &str, &str); 18] = [
    ("01", "Guadeloupe", "la", "en", "de"),
    ("02", "Martinique", "la", "en", "de"),
    ("03", "Guyane", "la", "en", "de"),
    ("04", "La Réunion", "", "à", "de"),
    ("06", "Mayotte", "", "à", "de"),
    ("11", "Île-de-France", "l’", "en", "d’"),
    ("24", "Centre-Val de Loire", "le", "en", "du"),
    ("27", "Bourgogne-Franche-Comté", "la", "en", "de"),
    ("28", "Normandie", "la", "en", "de"),
    ("32", "Hauts-de-France", "les", "dans les", "des"),
    ("44", "Grand Est", "le", "dans le", "du"),
    ("52", "Pays de la Loire", "les", "dans les", "des"),
    ("53", "Bretagne", "la", "en", "de"),
    ("75", "Nouvelle-Aquitaine", "la", "en", "de"),
    ("76", "Occitanie", "l’", "en", "d’"),
    ("84", "Auvergne-Rhône-Alpes", "l’", "en", "d’"),
    ("93", "Provence-Alpes-Côte d’Azur", "la", "en", "de"),
    ("94", "Corse", "la", "en", "de"),
];
