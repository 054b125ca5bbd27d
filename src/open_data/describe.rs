//! What machines read about the package: Table Schema, Data Package and DCAT.
//!
//! Source: Frictionless Data specifications (Table Schema, Data Package 1.0) and DCAT-AP 2.1.1.

use std::path::Path;

use arrow::datatypes::DataType;
use serde_json::{Value, json};
use vigie_queries::{GeoType, Place};
use vigie_reports::french;

use super::Package;
use super::resource::{Column, Resource};
use crate::error::Error;

/// The licence of what Vigie computes: the one French administrations choose by default (decree 2017-638).
pub(super) const LICENCE: &str = "Licence Ouverte 2.0 (Etalab)";
pub(super) const LICENCE_URL: &str = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/";
/// Its SPDX name.
const LICENCE_NAME: &str = "etalab-2.0";

/// The Table Schema type of a column.
pub(super) fn type_of(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "boolean",
        DataType::Date32 => "date",
        DataType::Timestamp(..) => "datetime",
        kind if kind.is_integer() => "integer",
        kind if kind.is_numeric() => "number",
        _ => "string",
    }
}

fn field(column: &Column) -> Value {
    let kind = type_of(&column.kind);
    let mut field = json!({ "name": column.name, "title": column.title_fr, "type": kind });
    if let Some(unit) = &column.unit {
        field["unit"] = json!(unit);
        field["description"] = json!(format!("{} ({unit})", column.title_fr));
    }
    let mut constraints = serde_json::Map::new();
    if column.required {
        constraints.insert("required".into(), json!(true));
    }
    let bound = |number: f64| if kind == "integer" { json!(number as i64) } else { json!(number) };
    if matches!(kind, "integer" | "number") {
        constraints.extend(column.min.map(|min| ("minimum".to_owned(), bound(min))));
        constraints.extend(column.max.map(|max| ("maximum".to_owned(), bound(max))));
    }
    if !column.values.is_empty() {
        constraints.insert("enum".into(), json!(column.values));
    }
    if !constraints.is_empty() {
        field["constraints"] = Value::Object(constraints);
    }
    field
}

fn table_schema(resource: &Resource) -> Value {
    let fields: Vec<Value> = resource.columns.iter().map(field).collect();
    let mut schema = json!({
        "name": resource.name,
        "title": resource.title_fr,
        "description": resource.description_fr,
        "fields": fields,
        "missingValues": [""],
    });
    if !resource.key.is_empty() {
        schema["primaryKey"] = json!(resource.key);
    }
    schema
}

fn save(path: &Path, value: &Value) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|fault| Error::Failed(fault.to_string()))?;
    text.push('\n');
    std::fs::write(path, text).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Writes `<table>/schema.json`.
pub(super) fn write_schema(root: &Path, resource: &Resource) -> Result<(), Error> {
    save(&root.join(&resource.name).join("schema.json"), &table_schema(resource))
}

/// Writes the Data Packages and the DCAT catalogue.
pub(super) fn write(root: &Path, package: &Package) -> Result<(), Error> {
    let all = package.resources.iter().map(|resource| (resource, format!("{}/", resource.name)));
    save(&root.join("datapackage.json"), &data_package(package, "vigie", &package.title, all))?;
    for resource in &package.resources {
        let own = data_package(package, &resource.name, &resource.title_fr, [(resource, String::new())]);
        save(&root.join(&resource.name).join("datapackage.json"), &own)?;
    }
    save(&root.join("catalogue.jsonld"), &dcat(package))
}

/// A Data Package of some tables; each with the folder, seen from the package, that its files lie in.
fn data_package<'a>(
    package: &Package,
    name: &str,
    title: &str,
    resources: impl IntoIterator<Item = (&'a Resource, String)>,
) -> Value {
    let resources: Vec<Value> = resources
        .into_iter()
        .filter_map(|(resource, folder)| {
            let csv = resource.files.iter().find(|file| file.media_type == "text/csv")?;
            let mut described = json!({
                "name": resource.name.replace('_', "-"),
                "title": resource.title_fr,
                "description": resource.description_fr,
                "profile": "tabular-data-resource",
                "path": format!("{folder}{}.csv", resource.name),
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": csv.bytes,
                "hash": format!("sha256:{}", csv.sha256),
                "rowcount": resource.rows,
                "dialect": { "delimiter": ",", "lineTerminator": "\n", "header": true },
                "schema": table_schema(resource),
            });
            if let Some(licence) = &resource.licence {
                let is_open = licence.starts_with("Licence Ouverte");
                let name = if is_open { LICENCE_NAME } else { "notspecified" };
                described["licenses"] = json!([{ "name": name, "title": licence }]);
            }
            Some(described)
        })
        .collect();
    let sources: Vec<Value> = package
        .sources
        .iter()
        .map(|credit| {
            let mut source = json!({ "title": format!("{} – {}", credit.title_fr, credit.publisher) });
            if let Some(reference) = credit.reference.as_ref().filter(|text| text.starts_with("https://")) {
                source["path"] = json!(reference);
            }
            source
        })
        .collect();
    json!({
        "profile": "tabular-data-package",
        "name": name.replace('_', "-"),
        "title": title,
        "created": package.as_of.to_string(),
        "licenses": [{ "name": LICENCE_NAME, "title": LICENCE, "path": LICENCE_URL }],
        "contributors": [{ "title": package.publisher, "role": "publisher" }],
        "sources": sources,
        "resources": resources,
    })
}

fn dcat(package: &Package) -> Value {
    let address = |path: &str| match &package.base_url {
        Some(base) => format!("{}/{path}", base.trim_end_matches('/')),
        None => path.to_owned(),
    };
    let french = |text: &str| json!({ "@value": text, "@language": "fr" });
    let date_time = |text: &str| json!({ "@value": text, "@type": "xsd:dateTime" });
    let publisher = json!({ "@type": "foaf:Agent", "foaf:name": french(&package.publisher) });
    let datasets: Vec<Value> = package
        .resources
        .iter()
        .map(|resource| {
            let distributions: Vec<Value> = resource
                .files
                .iter()
                .map(|file| {
                    json!({
                        "@type": "dcat:Distribution",
                        "@id": address(&file.path),
                        "dct:title": french(&format!("{} ({})", resource.title_fr, extension(&file.path))),
                        "dcat:accessURL": { "@id": address(&file.path) },
                        "dcat:downloadURL": { "@id": address(&file.path) },
                        "dcat:mediaType": { "@id": format!("https://www.iana.org/assignments/media-types/{}", file.media_type) },
                        "dcat:byteSize": { "@value": file.bytes.to_string(), "@type": "xsd:decimal" },
                        "dct:license": { "@id": LICENCE_URL },
                        "dct:conformsTo": { "@id": address(&format!("{}/schema.json", resource.name)) },
                        "spdx:checksum": {
                            "@type": "spdx:Checksum",
                            "spdx:algorithm": { "@id": "spdx:checksumAlgorithm_sha256" },
                            "spdx:checksumValue": { "@value": file.sha256, "@type": "xsd:hexBinary" },
                        },
                    })
                })
                .collect();
            let mut dataset = json!({
                "@type": "dcat:Dataset",
                "@id": address(&format!("{}/", resource.name)),
                "dct:identifier": resource.name,
                "dct:title": french(&resource.title_fr),
                "dct:description": french(&resource.description_fr),
                "dct:publisher": publisher,
                "dct:language": { "@id": "http://publications.europa.eu/resource/authority/language/FRA" },
                "dct:license": { "@id": LICENCE_URL },
                "dct:modified": date_time(&package.as_of.to_string()),
                "dcat:theme": [{ "@id": "http://publications.europa.eu/resource/authority/data-theme/HEAL" }],
                "dcat:keyword": [french("santé"), french("veille sanitaire"), french("Covid-19")],
                "dct:spatial": { "@type": "dct:Location", "skos:prefLabel": french(&territory_fr(package.territory.as_ref())) },
                "dcat:distribution": distributions,
            });
            if let Some((from, until)) = &resource.days {
                let day = |text: &str| json!({ "@value": text, "@type": "xsd:date" });
                dataset["dct:temporal"] =
                    json!({ "@type": "dct:PeriodOfTime", "dcat:startDate": day(from), "dcat:endDate": day(until) });
            }
            dataset
        })
        .collect();
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@type": "dcat:Catalog",
        "@id": address("catalogue.jsonld"),
        "dct:title": french(&package.title),
        "dct:description": french("Indicateurs, niveaux et alertes d’une veille sanitaire régionale, avec leur catalogue."),
        "dct:publisher": publisher,
        "dct:license": { "@id": LICENCE_URL },
        "dct:modified": date_time(&package.as_of.to_string()),
        "dct:language": { "@id": "http://publications.europa.eu/resource/authority/language/FRA" },
        "dcat:dataset": datasets,
    })
}

fn extension(path: &str) -> String {
    path.rsplit('.').next().unwrap_or_default().to_uppercase()
}

/// A territory for readers.
pub(super) fn territory_fr(territory: Option<&Place>) -> String {
    let Some(place) = territory else { return "France".into() };
    let name = match place.geo_type {
        GeoType::Region => french::region(&place.code).map(|region| format!("région {}", region.name)),
        GeoType::Department => french::department(&place.code).map(|department| department.name.to_owned()),
        GeoType::Epci => vigie_queries::official_name(place).map(str::to_owned),
        GeoType::Country | GeoType::Source => None,
    };
    name.map_or_else(|| place.to_string(), |name| format!("{name} ({})", place.code))
}

/// Where a table comes from, for readers: what and text.
pub(super) fn provenance(resource: &Resource, package: &Package) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Table", format!("{} ({})", resource.title_fr, resource.name)),
        ("Description", resource.description_fr.clone()),
        ("Producteur", package.publisher.clone()),
        ("Territoire", territory_fr(package.territory.as_ref())),
        ("Données publiées jusqu’au", format!("{} (heure de Paris)", french::moment(package.as_of))),
        ("Lignes", resource.rows.to_string()),
        ("Licence", resource.licence.clone().unwrap_or_else(|| format!("{LICENCE}, {LICENCE_URL}"))),
        ("Logiciel", format!("Vigie {}", env!("CARGO_PKG_VERSION"))),
        ("Valeurs vides", "Une cellule vide est une absence de valeur, jamais un zéro.".into()),
    ];
    if let Some((from, until)) = &resource.days {
        lines.push(("Période", format!("du {from} au {until}")));
    }
    if let Some(threshold) = package.small_cells.filter(|_| resource.name == "indicators") {
        lines.push(("Secret statistique", super::readme::small_cells_fr(threshold)));
    }
    for credit in &package.sources {
        lines.push(("Source", format!("{}. {}. {}", credit.title_fr, credit.publisher, credit.licence)));
    }
    lines
}
