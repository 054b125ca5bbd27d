//! `LISEZMOI.md` and `LICENCE.txt`: the package for people.

use std::fmt::Write as _;
use std::path::Path;

use vigie_reports::french::{self, typography};

use super::Package;
use super::describe::{LICENCE, LICENCE_URL, territory_fr};
use crate::error::Error;

/// What is hidden, and how the reader sees it.
pub(super) fn small_cells_fr(threshold: u32) -> String {
    format!(
        "Les valeurs qui reposent sur 1 à {} personnes sont masquées (status = suppressed, valeur vide), avec celles qui \
         permettraient de les retrouver par différence. Une valeur masquée n’est donc pas forcément petite.",
        threshold.saturating_sub(1)
    )
}

/// Writes both files.
pub(super) fn write(root: &Path, package: &Package) -> Result<(), Error> {
    let save = |name: &str, text: &str| {
        let path = root.join(name);
        std::fs::write(&path, text).map_err(|source| Error::Write { path, source })
    };
    save("LISEZMOI.md", &set_lines(&readme(package)))?;
    save("LICENCE.txt", &set_lines(&licence(package)))
}

/// French typography, line by line; tables and code are left alone.
fn set_lines(text: &str) -> String {
    let mut in_code = false;
    let set = |line: &str| {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        let is_left = in_code || is_fence || line.starts_with('|') || line.contains('`');
        if is_left { line.to_owned() } else { typography(line) }
    };
    text.split_inclusive('\n').map(set).collect()
}

fn licence(package: &Package) -> String {
    let mut text = format!(
        "{}\nDiffusé par {} sous {LICENCE} : {LICENCE_URL}\n\nMention à reproduire : « Source : {}, données publiées jusqu’au {} (heure de Paris) ».\n\n\
         Calculé à partir de :\n",
        package.title,
        package.publisher,
        package.publisher,
        french::moment(package.as_of)
    );
    for credit in &package.sources {
        let _ = writeln!(text, "- {} ({}) : {}", credit.title_fr, credit.publisher, credit.licence);
    }
    text
}

fn readme(package: &Package) -> String {
    let mut text = format!(
        "# {}\n\nProduit par {}. Territoire : {}. Données publiées jusqu’au {} (heure de Paris). {LICENCE}.\n",
        package.title,
        package.publisher,
        territory_fr(package.territory.as_ref()),
        french::moment(package.as_of),
    );
    text.push_str(
        "\n## Contenu\n\n| table | contenu | lignes | période | fichiers |\n|---|---|---:|---|---|\n",
    );
    for resource in &package.resources {
        let days =
            resource.days.as_ref().map(|(from, until)| format!("{from} → {until}")).unwrap_or_default();
        let link = |file: &super::resource::WrittenFile| {
            let extension = file.path.rsplit('.').next().unwrap_or_default();
            format!("[{extension}]({})", file.path)
        };
        let files: Vec<String> = resource.files.iter().map(link).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {days} | {} |",
            resource.name,
            resource.title_fr,
            resource.rows,
            files.join(", ")
        );
    }
    let without: Vec<&str> = package
        .resources
        .iter()
        .filter(|resource| !resource.files.iter().any(|file| file.path.ends_with(".xlsx")))
        .map(|resource| resource.name.as_str())
        .collect();
    if !without.is_empty() {
        let _ = writeln!(
            text,
            "\nSans classeur, ayant plus de lignes qu’une feuille n’en contient : {}.",
            without.join(", ")
        );
    }
    text.push_str(
        "\nChaque table a son schéma (`schema.json`, Table Schema) et son paquet (`datapackage.json`) ; le paquet de toutes les \
         tables est à la racine, le catalogue DCAT dans `catalogue.jsonld`.\n\n\
         ## Conventions\n\n\
         - CSV : UTF-8, virgule, point décimal, dates ISO (AAAA-MM-JJ), instants UTC, cellule vide pour une valeur absente.\n\
         - Une valeur vide n’est jamais un zéro : sa raison est dans `missing_reason`.\n\
         - Les parts vont de 0 à 1. Les codes (`01`, `2A`) sont du texte.\n\
         - Une semaine est datée de son lundi.\n\
         - `status` : `ok` (définitif), `partial` (encore susceptible de changer), `missing` (absente).\n\
         - Définitions, unités et formules des indicateurs : `catalogue_indicators` ; règles et seuils : `catalogue_rules`.\n\
         - Dans les CSV, un texte qui commencerait comme une formule de tableur est précédé d’une apostrophe.\n",
    );
    if let Some(threshold) = package.small_cells {
        let _ = writeln!(text, "\n## Secret statistique\n\n{}", small_cells_fr(threshold));
    }
    text.push_str("\n## Sources\n\n");
    for credit in &package.sources {
        let reference = credit.reference.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
        let _ =
            writeln!(text, "- {} : {}, {}.{reference}", credit.title_fr, credit.publisher, credit.licence);
    }
    text.push_str(
        "\n## Lire une table\n\n\
         ```r\nindicators <- readr::read_csv(\"indicators/indicators.csv\", col_types = readr::cols(geo_value = \"c\"))\n```\n\n\
         ```python\nimport pandas\nindicators = pandas.read_parquet(\"indicators/indicators.parquet\")\n```\n",
    );
    if !package.contact.is_empty() {
        let _ = writeln!(text, "\n## Contact\n\n{}", package.contact.join("  \n"));
    }
    text
}
