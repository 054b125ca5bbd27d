//! `vigie bulletin`: bulletins and sheets, drafts, what a draft becomes.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use vigie_queries::{GeoType, Place};

use crate::bulletins::{BulletinRequest, WrittenBulletin, WrittenBulletins, draft, publish, publish_draft};
use crate::calendar::{last_full_week, week_label};
use crate::cli::{Bulletin, Global};
use crate::commands::progress;
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::runs::{Ended, record_by_hand};

/// Exit code 3 when a gate held some of the sheets, 5 when files of the agency's own were left out as faulty.
pub(super) async fn run(global: &Global, options: &Bulletin) -> Result<u8, Error> {
    let room = Room::open(global)?;
    if let Some(path) = &options.from_draft {
        let read = crate::bulletins::draft::read(&room, path)?;
        let out = options.out.clone().unwrap_or_else(|| file(&room, read.week, &read.territory));
        let life = progress::spinner(room.talk, "calcul et mise en page");
        let made = publish_draft(&room, &read, options.by.as_deref(), &out).await;
        life.finish_and_clear();
        return tell(global, &room, &WrittenBulletins { made: vec![made?], ..WrittenBulletins::default() });
    }
    let as_of = Room::as_of(options.as_of, room.now()?);
    let territory = room.territory(options.territory.as_ref())?;
    if matches!(territory.geo_type, GeoType::Epci | GeoType::Source) {
        let what = format!("there is no bulletin of {territory}; expected a region, a department or FR");
        return Err(Error::Usage(what));
    }
    let week = options.week.unwrap_or_else(|| last_full_week(as_of.issued));
    if let Some(path) = &options.draft {
        let life = progress::spinner(room.talk, "calcul des textes");
        let texts = draft(&room, &territory, week, as_of.issued, path).await;
        life.finish_and_clear();
        let texts = texts?;
        if global.json {
            print_json(&serde_json::json!({ "draft": path, "texts": texts }))?;
        } else {
            println!("{} ({texts} {})", path.display(), if texts < 2 { "texte" } else { "textes" });
        }
        return Ok(0);
    }
    let out = options.out.clone().unwrap_or_else(|| file(&room, week, &territory));
    let mut territories = vec![(territory.clone(), out.clone())];
    if options.sheets {
        territories.extend(sheets(&territory, week, &out)?);
    }
    let life = progress::spinner(room.talk, "calcul et mise en page");
    let order = BulletinRequest {
        territories,
        week,
        issued: as_of.issued,
        new_edition: options.new_edition,
        by: options.by.clone(),
    };
    let began = crate::clock::now();
    let all = publish(&room, &order).await;
    life.finish_and_clear();
    let ended = Ended::of(all.as_ref().map(|all| (all.summary(), all.faults.clone())));
    record_by_hand(&room, "bulletin", began, ended).await;
    tell(global, &room, &all?)
}

/// The departments of a region, each with the name of its sheet beside the region's bulletin.
fn sheets(territory: &Place, week: Date, out: &Path) -> Result<Vec<(Place, PathBuf)>, Error> {
    let inside = |home: &Option<&str>| match territory.geo_type {
        GeoType::Region => *home == Some(territory.code.as_str()),
        GeoType::Country => home.is_some(),
        GeoType::Department | GeoType::Epci | GeoType::Source => false,
    };
    let mut places: Vec<Place> = vigie_queries::known_departments()
        .iter()
        .filter(|(_, (_, home))| inside(home))
        .map(|(code, _)| Place::department(code))
        .collect();
    if places.is_empty() {
        return Err(Error::Usage(format!("--sheets: {territory} has no departments; expected a region")));
    }
    places.sort();
    Ok(places
        .into_iter()
        .map(|place| {
            let name = name(week, &place);
            (place, out.with_file_name(name))
        })
        .collect())
}

/// Name of a bulletin's PDF where none is given.
pub(crate) fn file(room: &Room, week: Date, territory: &Place) -> PathBuf {
    let name = name(week, territory);
    if room.config.bulletins.is_dir() { room.config.bulletins.join(name) } else { PathBuf::from(name) }
}

fn name(week: Date, territory: &Place) -> String {
    format!("bulletin-{}-{}.pdf", week_label(week), territory.to_string().replace(':', "-"))
}

fn tell(global: &Global, room: &Room, all: &WrittenBulletins) -> Result<u8, Error> {
    match all.made.as_slice() {
        [made] if global.json && all.held.is_empty() && all.faults.is_empty() => print_json(made)?,
        _ if global.json => print_json(all)?,
        many => many.iter().for_each(print),
    }
    let warnings = all.made.iter().flat_map(|made| &made.warnings);
    warnings.chain(&all.held).for_each(|line| room.talk.say(line));
    Ok(match (all.held.is_empty(), all.faults.is_empty()) {
        (false, _) => 3,
        (true, false) => 5,
        (true, true) => 0,
    })
}

fn print(made: &WrittenBulletin) {
    let pages = if made.pages == 1 { "page" } else { "pages" };
    println!("{} ({} {pages}, édition {})", made.pdf.display(), made.pages, made.edition);
    for twin in made.summary.iter().chain([&made.html, &made.json, &made.xlsx]) {
        println!("{}", twin.display());
    }
}
