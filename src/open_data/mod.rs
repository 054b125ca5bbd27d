//! `vigie publish`: the open-data package. Each table as CSV, Parquet and XLSX with its Table Schema, a
//! `datapackage.json` for each and for all, the catalogue as DCAT, and a README in French.

mod describe;
mod files;
mod readme;
mod resource;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{BooleanArray, RecordBatch, StringArray};
use datafusion::dataframe::DataFrame;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use vigie_queries::{GeoType, Place};
use vigie_serve::{Answer, Role, Session};
use vigie_store::SessionOptions;
use vigie_transform::{SUPPRESSED, hide_small_cells};

use crate::cli::Publish;
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;

use resource::Resource;

/// What is published when no table is named, besides the catalogue.
const TABLES: [&str; 4] = ["indicators", "judgements", "alert_events", "departments"];
/// Always published: what the others mean.
const CATALOGUE: [&str; 4] =
    ["catalogue_sources", "catalogue_columns", "catalogue_indicators", "catalogue_rules"];

/// What the whole package says of itself.
pub(crate) struct Package {
    /// Title for readers.
    pub(crate) title: String,
    /// Who publishes it.
    pub(crate) publisher: String,
    /// Lines of the contact block.
    pub(crate) contact: Vec<String>,
    /// Address under which the package will be found, if it is known.
    pub(crate) base_url: Option<String>,
    /// Places in it; everywhere when none.
    pub(crate) territory: Option<Place>,
    /// Publications up to this instant are in it.
    pub(crate) as_of: Timestamp,
    /// Counts of people below this are hidden.
    pub(crate) small_cells: Option<u32>,
    /// Values hidden for that.
    pub(crate) values_hidden: usize,
    /// The tables.
    pub(crate) resources: Vec<Resource>,
    /// Publisher and licence of each source at work.
    pub(crate) sources: Vec<Credit>,
}

/// Whom a source is owed to.
pub(crate) struct Credit {
    pub(crate) title_fr: String,
    pub(crate) publisher: String,
    pub(crate) licence: String,
    pub(crate) reference: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    folder: &'a Path,
    as_of: Timestamp,
    values_hidden: Option<usize>,
    tables: Vec<WrittenTable<'a>>,
}

#[derive(Serialize)]
struct WrittenTable<'a> {
    table: &'a str,
    rows: u64,
    files: Vec<&'a str>,
}

/// Runs `vigie publish`.
///
/// # Errors
/// [`Error::Usage`] when a table is not for publication or the folder holds something else, [`Error::Write`], and those of
/// the engine.
pub async fn run(room: &Room, options: &Publish, json: bool) -> Result<(), Error> {
    let place = Placement::of(&options.dir)?;
    let as_of = match options.as_of {
        Some(at) => at,
        None => room.now()?,
    };
    let limits = SessionOptions {
        memory_limit: Some(room.config.memory_bytes()),
        // One thread: rows come in the order of the key, the same in each run.
        target_partitions: 1,
        ..SessionOptions::default()
    };
    let session = Session::open(crate::sql::wire::source(room, limits), Role::Analyste)?;
    session.set_as_of(Some(&as_of.to_string()))?;
    let agency = &room.config.agency;
    let publish = &room.config.publish;
    let publisher = agency.name.clone().unwrap_or_else(|| "Agence régionale de santé".into());
    let mut package = Package {
        title: publish.title.clone().unwrap_or_else(|| format!("Données de veille sanitaire – {publisher}")),
        publisher,
        contact: agency.contact.clone(),
        base_url: publish.base_url.clone(),
        territory: options.territory.clone(),
        as_of,
        small_cells: options.small_cells,
        values_hidden: 0,
        resources: Vec::new(),
        sources: credits(room),
    };
    let regions = regions(&session).await?;
    for table in wanted(room, options)? {
        let mut resource = Resource::of(room, table, options)?;
        let query = resource.query(options.territory.as_ref(), &regions);
        let frame = ask(&session, &query).await?;
        resource.set_types(frame.schema().as_arrow());
        let everywhere = resource.query(None, &regions);
        let mut writer = files::Writer::create(&place.new, resource, as_of, count(&frame).await?)?;
        match options.small_cells.filter(|_| table == "indicators") {
            Some(threshold) => {
                let every = ask(&session, &everywhere).await?;
                // Everywhere, so that a package of one region and one of all hide the same.
                let every = every.collect().await?;
                for batch in hide_small_cells(&room.vocabulary, &regions, &every, threshold)? {
                    let batch = within(&batch, options.territory.as_ref(), &regions)?;
                    package.values_hidden +=
                        text(&batch, "status")?.iter().filter(|status| *status == Some(SUPPRESSED)).count();
                    writer.write(&batch)?;
                }
            }
            None => {
                let mut rows = frame.execute_stream().await?;
                while let Some(batch) = rows.try_next().await? {
                    writer.write(&batch)?;
                }
            }
        }
        package.resources.push(writer.finish(&package)?);
    }
    describe::write(&place.new, &package)?;
    readme::write(&place.new, &package)?;
    place.put()?;
    report(&package, &options.dir, json)
}

fn report(package: &Package, folder: &Path, json: bool) -> Result<(), Error> {
    let table = |resource: &'_ Resource| {
        let files = resource.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>().join(", ");
        println!("{:<22} {:>9} rows  {files}", resource.name, resource.rows);
    };
    if json {
        let tables = package.resources.iter().map(|resource| WrittenTable {
            table: &resource.name,
            rows: resource.rows,
            files: resource.files.iter().map(|file| file.path.as_str()).collect(),
        });
        let written = Written {
            folder,
            as_of: package.as_of,
            values_hidden: package.small_cells.map(|_| package.values_hidden),
            tables: tables.collect(),
        };
        return print_json(&written);
    }
    package.resources.iter().for_each(table);
    if package.small_cells.is_some() {
        println!("{} values hidden", package.values_hidden);
    }
    println!("{}", folder.join("LISEZMOI.md").display());
    Ok(())
}

/// The tables to write, in order.
fn wanted<'a>(room: &Room, options: &'a Publish) -> Result<Vec<&'a str>, Error> {
    let mut tables: Vec<&str> = match options.tables.is_empty() {
        true => TABLES.to_vec(),
        false => options.tables.iter().map(String::as_str).collect(),
    };
    for table in &tables {
        resource::check(room, table, options.small_cells.is_some()).map_err(Error::Usage)?;
    }
    tables.extend(CATALOGUE);
    let mut seen = BTreeSet::new();
    tables.retain(|table| seen.insert(*table));
    Ok(tables)
}

async fn ask(session: &Session, query: &str) -> Result<DataFrame, Error> {
    match session.ask(query).await? {
        Answer::Rows(frame) => Ok(*frame),
        Answer::Told(text) => Err(Error::Failed(format!("no rows from {query}: {text}"))),
    }
}

async fn count(frame: &DataFrame) -> Result<u64, Error> {
    Ok(frame.clone().count().await? as u64)
}

/// The region of each department.
async fn regions(session: &Session) -> Result<BTreeMap<String, String>, Error> {
    #[derive(serde::Deserialize)]
    struct Row {
        department: String,
        region: Option<String>,
    }
    let batches = ask(session, "select department, region from departments").await?.collect().await?;
    let rows: Vec<Row> = crate::rows::of_batches(&batches)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.department, row.region?))).collect())
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, Error> {
    let column = batch.column_by_name(name).and_then(arrow::array::AsArray::as_string_opt::<i32>);
    column.ok_or_else(|| Error::Failed(format!("no text column {name}")))
}

/// The rows of a batch of `indicators` that speak of a territory or a part of it.
fn within(
    batch: &RecordBatch,
    territory: Option<&Place>,
    regions: &BTreeMap<String, String>,
) -> Result<RecordBatch, Error> {
    let Some(territory) = territory else { return Ok(batch.clone()) };
    let (kinds, codes) = (text(batch, "geo_type")?, text(batch, "geo_value")?);
    let parts = parts(territory, regions);
    let keep: BooleanArray = (0..batch.num_rows())
        .map(|row| {
            Some(parts.iter().any(|(kind, code)| *kind == kinds.value(row) && *code == codes.value(row)))
        })
        .collect();
    Ok(arrow::compute::filter_record_batch(batch, &keep)?)
}

/// A territory, the departments it has and their metropoles, as `geo_type` and `geo_value`.
pub(crate) fn parts<'a>(
    territory: &'a Place,
    regions: &'a BTreeMap<String, String>,
) -> Vec<(&'static str, &'a str)> {
    let mut parts = vec![(territory.geo_type.as_str(), territory.code.as_str())];
    if territory.geo_type == GeoType::Region {
        let own = regions.iter().filter(|(_, region)| **region == territory.code);
        parts.extend(own.map(|(department, _)| (GeoType::Department.as_str(), department.as_str())));
        let inside = vigie_queries::known_epcis().iter().filter(|(_, epci)| {
            epci.departments.iter().any(|code| regions.get(*code) == Some(&territory.code))
        });
        parts.extend(inside.map(|(code, _)| (GeoType::Epci.as_str(), *code)));
    }
    parts
}

fn credits(room: &Room) -> Vec<Credit> {
    let credit = |contract: &vigie_queries::Contract| Credit {
        title_fr: contract.title_fr.clone(),
        publisher: contract.publisher.clone(),
        licence: contract.licence.clone(),
        reference: contract.reference.clone(),
    };
    room.vocabulary.contracts().map(credit).collect()
}

/// The folder of the package, and the one beside it in which it is made.
struct Placement {
    folder: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

impl Placement {
    /// Where a package for `folder` is made; what is there must be a package of before, or nothing.
    fn of(folder: &Path) -> Result<Self, Error> {
        let write = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        if folder.exists() {
            let mut entries = std::fs::read_dir(folder).map_err(write(folder))?;
            if entries.next().is_some() && !folder.join("datapackage.json").is_file() {
                return Err(Error::Usage(format!(
                    "{} holds something that is not a published package; give an empty or new folder",
                    folder.display()
                )));
            }
        }
        let name = folder.file_name().ok_or_else(|| {
            Error::Usage(format!("{} names no folder to write the package into", folder.display()))
        })?;
        let beside = |end: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(end);
            folder.with_file_name(hidden)
        };
        let place = Self { folder: folder.to_owned(), new: beside(".new"), old: beside(".old") };
        for left in [&place.new, &place.old] {
            if left.exists() {
                std::fs::remove_dir_all(left).map_err(write(left))?;
            }
        }
        std::fs::create_dir_all(&place.new).map_err(write(&place.new))?;
        Ok(place)
    }

    /// Puts the package in the place of the one before: readers find one or the other.
    fn put(&self) -> Result<(), Error> {
        let write = |source| Error::Write { path: self.folder.clone(), source };
        if self.folder.exists() {
            std::fs::rename(&self.folder, &self.old).map_err(write)?;
        }
        std::fs::rename(&self.new, &self.folder).map_err(write)?;
        if self.old.exists() {
            std::fs::remove_dir_all(&self.old).map_err(write)?;
        }
        Ok(())
    }
}
