//! `vigie fetch`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use vigie_store::AsOf;

use crate::calendar::paris_day;
use crate::cli::{Fetch, Global};
use crate::clock::now;
use crate::commands::progress;
use crate::error::Error;
use crate::fetch::{Dated, Origin, Report, Request, ensure_reference, fetch_all, on_day};
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// Polls the sources named, or all that have an address.
pub(super) async fn run(global: &Global, options: &Fetch) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let requests = requests(&room, options)?;
    if requests.is_empty() {
        return Err(Error::Usage(
            "no source has an address: give one in the configuration ([sources.NAME] url = …), or load a file with \
             `vigie fetch SOURCE --from FILE`"
                .into(),
        ));
    }
    room.lake.check_writable()?; // once, and not once a source
    ensure_reference(&room).await?;
    let bar = progress::bar(room.talk, requests.len() as u64);
    let reports = fetch_all(&room, requests, |report| {
        bar.inc(1);
        bar.set_message(report.source.clone());
    })
    .await;
    bar.finish_and_clear();
    if global.json {
        match reports.as_slice() {
            [one] => print_json(one)?,
            many => print_json(&many)?,
        }
    } else {
        for report in &reports {
            let known = known_repairs(&room, report).await?;
            tell(report, &known, room.talk.quiet);
        }
    }
    Ok(exit_code(&reports))
}

/// Code and column of a finding: what makes two of them the same note.
type Note = (String, Option<String>);

/// Repairs made without loss that the edition before this one needed as well: they are in the lake, and told once.
async fn known_repairs(room: &Room, report: &Report) -> Result<BTreeSet<Note>, Error> {
    #[derive(Deserialize)]
    struct Repair {
        code: String,
        column: Option<String>,
    }
    if !report.findings.iter().any(|finding| finding.severity == "info") {
        return Ok(BTreeSet::new());
    }
    // Ids of sources and fetches are letters, digits and underscores.
    let query = format!(
        "select distinct code, \"column\" from findings where severity = 'info' and fetch_id = (
           select max(fetch_id) from (
             select fetch_id, row_number() over (order by recorded_at desc) as place from fetches
             where source = '{}' and outcome = 'new' and fetch_id <> '{}'
           ) where place = 1
         )",
        report.source, report.fetch_id
    );
    let repairs: Vec<Repair> = rows::read(&room.session(AsOf::everything())?, &query).await?;
    Ok(repairs.into_iter().map(|repair| (repair.code, repair.column)).collect())
}

fn requests(room: &Room, options: &Fetch) -> Result<Vec<Request>, Error> {
    let day = options.date.unwrap_or_else(|| paris_day(now()));
    if options.issued_at.is_some_and(|at| at > now()) {
        return Err(Error::Usage("--issued-at lies in the future".into()));
    }
    if let Some(from) = &options.from {
        let [source] = options.sources.as_slice() else {
            return Err(Error::Usage(
                "--from takes exactly one source, such as `vigie fetch tests --from FILE`".into(),
            ));
        };
        room.contract(source)?;
        let remote = ["http://", "https://", crate::config::source::FOLDER]
            .iter()
            .any(|start| from.starts_with(start));
        let origin = if remote { Origin::Url(on_day(from, day)) } else { Origin::File(PathBuf::from(from)) };
        return Ok(vec![Request {
            source: source.clone(),
            origin,
            issued_at: options.issued_at,
            accepted: false,
            // A file of a day that a person found elsewhere: the day is asked for no more.
            dated: options.date.map(|day| Dated { day, ..Dated::default() }),
        }]);
    }
    let mut requests = Vec::new();
    for source in &options.sources {
        let contract = room.contract(source)?;
        if room.url(contract).is_none() {
            return Err(Error::Usage(format!(
                "the source {source:?} has no address: give one in the configuration ([sources.{source}] url = …), or \
                 load a file with `vigie fetch {source} --from FILE`"
            )));
        }
    }
    for contract in room.vocabulary.contracts() {
        if !options.sources.is_empty() && !options.sources.iter().any(|source| source == contract.name()) {
            continue;
        }
        if let Some(url) = room.url(contract) {
            let request = Request::at(contract.name(), &url, day, options.date.is_some());
            requests.push(Request { issued_at: options.issued_at, ..request });
        }
    }
    Ok(requests)
}

/// A report for people: one line, then what was found. Repairs are left out when they are known, and when nobody wants to hear.
pub(super) fn tell(report: &Report, known: &BTreeSet<Note>, quiet: bool) {
    report.earlier.iter().for_each(|earlier| tell(earlier, known, quiet));
    println!("{:<20} {:<9} {}", report.source, report.outcome, report.message);
    for finding in &report.findings {
        let note = (finding.code.clone(), finding.column.clone());
        if finding.severity == "info" && (quiet || known.contains(&note)) {
            continue;
        }
        println!("  {:<5} {}", finding.severity, finding.message);
    }
    let more = report.findings_total.saturating_sub(report.findings.len() as u64);
    if more > 0 {
        let others = if more == 1 { "1 autre".to_owned() } else { format!("{more} autres") };
        println!("  … {others} : vigie findings show {}", report.fetch_id);
    }
}

/// 0 all well, 1 everything failed, 5 some failed, 6 where it failed the table was locked, 3 a file was refused or held.
/// A day missed before that is missing still changes nothing: it is told, and asked for again.
pub(super) fn exit_code(reports: &[Report]) -> u8 {
    let failed = reports.iter().filter(|report| report.outcome == "failed").count();
    if failed > 0 && reports.iter().filter(|report| report.outcome == "failed").all(|report| report.locked) {
        6
    } else if failed == reports.len() && failed > 0 {
        1
    } else if failed > 0 {
        5
    } else if reports.iter().any(|report| matches!(report.outcome, "stale" | "held" | "rejected"))
        || reports
            .iter()
            .flat_map(|report| &report.earlier)
            .any(|report| matches!(report.outcome, "stale" | "held"))
    {
        3
    } else {
        0
    }
}
