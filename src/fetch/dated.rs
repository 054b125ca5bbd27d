//! Addresses that hold a day: a file a day, which its publisher may put up late.
//!
//! A day whose file did not come is asked for again with the polls of the days that follow, oldest first, until it is read
//! or the contract gives up (`cadence.retry_days`). What was asked stands in `fetches`, so that nothing else has to be kept.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Deserialize;
use vigie_queries::{Contract, Kind};
use vigie_reports::french;
use vigie_store::{Asked, FetchRecord, FindingRecord};

use super::{Origin, Report, Request, edition_finding, fetch_each};
use crate::config::source::FOLDER;
use crate::error::Error;
use crate::room::Room;
use crate::rows;
use crate::timetable::Timetable;

/// Code of the findings about days whose file did not come.
pub(crate) const MISSING_FILE: &str = "file-missing";

/// A day is asked for so many times with every poll; from then on after [`PAUSE`].
const TIMES_FREE: u32 = 10;

/// Pause between two requests for a day that was asked for often: the polls of a feed may come every few minutes.
const PAUSE: SignedDuration = SignedDuration::from_hours(6);

/// How far back missing files are listed.
const LISTED: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The day that a poll asks for.
#[derive(Debug, Clone, Default)]
pub struct Dated {
    /// The day.
    pub day: Date,
    /// Address with `{date}` in it, to ask for the days missed before as well.
    pub template: Option<String>,
    /// Whether a person named the day; days that nobody asked for are then left alone.
    pub is_named: bool,
    /// Last day on which it is asked for, once a request was made.
    pub until: Option<Date>,
    /// Whether it was asked for before.
    pub is_again: bool,
    /// Days before it whose files are still missing.
    pub waiting: Vec<Date>,
    /// Days that are asked for no more.
    pub given_up: Vec<Date>,
}

/// Puts a day into an address template.
#[must_use]
pub fn on_day(url: &str, day: Date) -> String {
    url.replace("{date}", &day.to_string())
}

impl Request {
    /// A poll of a source at its address; `{date}` in it stands for `day`.
    #[must_use]
    pub fn at(source: &str, template: &str, day: Date, is_named: bool) -> Self {
        let dated = template.contains("{date}").then(|| Dated {
            day,
            template: Some(template.to_owned()),
            is_named,
            ..Dated::default()
        });
        Self {
            source: source.to_owned(),
            origin: Origin::Url(on_day(template, day)),
            issued_at: None,
            accepted: false,
            dated,
        }
    }
}

/// Polls a source: the days it missed before, oldest first, then what is asked for. Never empty; what came of the days
/// missed is told with the first report.
pub async fn poll_each(room: &Room, mut request: Request) -> Vec<Report> {
    let template = request.dated.as_ref().and_then(|dated| dated.template.clone());
    let (Some(template), Some(dated)) = (template, &mut request.dated) else {
        return fetch_each(room, request).await;
    };
    let missed = match missed(room, &request.source, dated).await {
        Ok(missed) => missed,
        Err(error) => {
            tracing::warn!(
                source = request.source,
                error = error.report(),
                "days missed before are not known"
            );
            Missed::default()
        }
    };
    dated.until = missed.until;
    dated.is_again = missed.is_again;
    dated.given_up = missed.given_up;
    dated.waiting = missed.waiting;
    let mut earlier = Vec::new();
    for day in missed.due {
        let mut request =
            Request { issued_at: request.issued_at, ..Request::at(&request.source, &template, day, true) };
        let until = day.checked_add(i32::from(missed.retry_days).days()).ok();
        request.dated = Some(Dated { day, until, is_again: true, ..Dated::default() });
        let reports = fetch_each(room, request).await;
        if !reports.iter().any(|report| is_unread(report.outcome)) {
            dated.waiting.retain(|waiting| *waiting != day);
        }
        // A server that is not there at all is not asked for day after day, each with its own patience.
        let is_silent = |report: &Report| {
            report.outcome == "failed" && report.http_status.is_none_or(|status| status >= 500)
        };
        let stops = reports.iter().any(is_silent) && !template.starts_with(FOLDER);
        earlier.extend(reports);
        if stops {
            break;
        }
    }
    let mut reports = fetch_each(room, request).await;
    if let Some(first) = reports.first_mut() {
        first.earlier = earlier;
    }
    reports
}

fn is_unread(outcome: &str) -> bool {
    matches!(outcome, "failed" | "rejected")
}

impl Dated {
    /// Says of a poll that brought nothing that the file is the publisher's to give, and until when it is asked for.
    pub(super) fn tell_failure(&self, record: &mut FetchRecord, findings: &mut Vec<FindingRecord>) {
        let day = french::date(self.day);
        let then = match self.until {
            Some(until) if until > self.day => {
                format!("il sera redemandé à chaque relevé jusqu’au {}", french::date(until))
            }
            _ => "il n’est pas redemandé".to_owned(),
        };
        let sentence = format!("Le fichier du {day} n’a pas été reçu de son éditeur ; {then}.");
        let said = record.message.take().unwrap_or_default();
        record.message = Some(format!("{sentence} {said}").trim().to_owned());
        if !self.is_again {
            findings.insert(0, edition_finding(record, MISSING_FILE, &sentence));
        }
    }

    /// Days before whose files are missing still, for the findings of the edition that did come.
    pub(super) fn missing(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.waiting.is_empty() {
            let (files, are) = if self.waiting.len() == 1 {
                ("Fichier jamais reçu de son éditeur", "il est redemandé")
            } else {
                ("Fichiers jamais reçus de leur éditeur", "ils sont redemandés")
            };
            parts.push(format!("{files} : {} ; {are} à chaque relevé.", listed(&self.waiting)));
        }
        if !self.given_up.is_empty() {
            let are = if self.given_up.len() == 1 {
                "il n’est plus redemandé"
            } else {
                "ils ne sont plus redemandés"
            };
            parts
                .push(format!("Jamais reçu de l’éditeur et abandonné : {} ; {are}.", listed(&self.given_up)));
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// Days asked for within the last two months and never received, by source.
pub(crate) async fn missing_files(
    ctx: &SessionContext,
    now: Timestamp,
) -> Result<BTreeMap<String, Vec<Date>>, Error> {
    #[derive(Deserialize)]
    struct Missing {
        source: String,
        asked_day: Date,
    }
    let since = now.checked_sub(LISTED).unwrap_or(Timestamp::MIN);
    let query = format!(
        "select source, asked_day from fetches where recorded_at >= timestamp '{since}' and asked_day is not null
         group by source, asked_day having bool_and(outcome in ('failed', 'rejected')) order by source, asked_day"
    );
    let mut found: BTreeMap<String, Vec<Date>> = BTreeMap::new();
    for missing in rows::read::<Missing>(ctx, &query).await? {
        found.entry(missing.source).or_default().push(missing.asked_day);
    }
    Ok(found)
}

pub(crate) fn listed(days: &[Date]) -> String {
    days.iter().map(|day| french::date(*day)).collect::<Vec<_>>().join(", ")
}

/// Days missed before a day.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missed {
    /// Those to ask for now, oldest first.
    due: Vec<Date>,
    /// All that are still asked for.
    waiting: Vec<Date>,
    /// Those asked for no more since now.
    given_up: Vec<Date>,
    /// How long a day is asked for.
    retry_days: u16,
    /// Until when the day itself is.
    until: Option<Date>,
    /// Whether it was asked for before.
    is_again: bool,
}

async fn missed(room: &Room, source: &str, dated: &Dated) -> Result<Missed, Error> {
    let contract = room.contract(source)?;
    let retry_days = contract.cadence.retry_days;
    let first = dated.day.saturating_sub((i32::from(retry_days) + 1).days());
    let asked = room.lake.asked_days(source, first).await?;
    let expected =
        if dated.is_named { BTreeSet::new() } else { expected(room, contract, &asked, dated.day)? };
    Ok(plan(&asked, &expected, dated.day, contract, crate::clock::now()))
}

/// Days since the first one asked on which the source is polled: Vigie may have been stopped on some.
fn expected(
    room: &Room,
    contract: &Contract,
    asked: &BTreeMap<Date, Asked>,
    day: Date,
) -> Result<BTreeSet<Date>, Error> {
    let Some((first, _)) = asked.first_key_value() else { return Ok(BTreeSet::new()) };
    let timetable =
        Timetable::new(&room.cron(contract), contract.cadence.time_zone.get_ref()).map_err(Error::Usage)?;
    Ok(first.series(1.day()).take_while(|at| *at < day).filter(|at| timetable.has_window_on(*at)).collect())
}

/// A pure function of what was asked, so that it can be tried on any past.
fn plan(
    asked: &BTreeMap<Date, Asked>,
    expected: &BTreeSet<Date>,
    day: Date,
    contract: &Contract,
    now: Timestamp,
) -> Missed {
    let retry_days = contract.cadence.retry_days;
    let first = day.saturating_sub(i32::from(retry_days).days());
    // A later edition of a whole series says what the missed one said.
    let newest_read = asked.range(..day).rev().find(|(_, asked)| asked.is_read).map(|(day, _)| *day);
    let is_moot = |at: Date| contract.kind == Kind::Snapshot && newest_read.is_some_and(|read| at < read);
    let is_read = |at: &Date| asked.get(at).is_some_and(|asked| asked.is_read);
    let unread: BTreeSet<Date> = asked
        .keys()
        .chain(expected)
        .copied()
        .filter(|at| *at < day && !is_read(at) && !is_moot(*at))
        .collect();
    let is_due = |at: &Date| {
        asked.get(at).is_none_or(|asked| asked.times < TIMES_FREE || now.duration_since(asked.last) >= PAUSE)
    };
    let waiting: Vec<Date> = unread.range(first..).copied().collect();
    Missed {
        due: waiting.iter().copied().filter(is_due).collect(),
        given_up: unread.range(..first).copied().collect(),
        waiting,
        retry_days,
        until: day.checked_add(i32::from(retry_days).days()).ok(),
        is_again: asked.contains_key(&day),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn contract(kind: &str) -> Contract {
        let text = format!(
            "id = \"beds\"\ntitle_fr = \"Lits\"\ndescription_fr = \"…\"\nkind = \"{kind}\"\nkey = [\"time_value\"]\n\
             publisher = \"ARS\"\nlicence = \"…\"\n\
             columns = [{{ name = \"time_value\", type = \"date\", title_fr = \"Jour\" }}]\n\
             [feed]\nformat = \"csv\"\n\
             [cadence]\ncron = \"0 8 * * *\"\nwarn_after = \"36h\"\nerror_after = \"72h\"\nretry_days = 5\n"
        );
        Contract::parse("sources/beds.toml", &text).unwrap()
    }

    fn october(days: &[i8]) -> Vec<Date> {
        days.iter().map(|day| date(2020, 10, *day)).collect()
    }

    #[test]
    fn a_missed_day_is_asked_again_until_it_is_read_or_given_up() {
        let now: Timestamp = "2020-10-12T08:00:00Z".parse().unwrap();
        let asked =
            |times: u32, is_read: bool| Asked { times, is_read, last: now - SignedDuration::from_mins(20) };
        let known = |days: &[(i8, u32, bool)]| -> BTreeMap<Date, Asked> {
            days.iter().map(|(day, times, read)| (date(2020, 10, *day), asked(*times, *read))).collect()
        };
        // What was asked, days with a window, due, waiting, given up; the poll is that of 12 October.
        type Case<'a> = (&'a [(i8, u32, bool)], &'a [i8], &'a [i8], &'a [i8], &'a [i8]);
        let cases: [Case<'_>; 6] = [
            (&[], &[], &[], &[], &[]),
            (&[(10, 1, true), (11, 1, true)], &[10, 11], &[], &[], &[]),
            (&[(9, 1, true), (10, 1, false), (11, 1, true)], &[], &[10], &[10], &[]),
            // Vigie was stopped on the 10th and the 11th.
            (&[(9, 1, true)], &[9, 10, 11], &[10, 11], &[10, 11], &[]),
            // Five days: the 7th is asked for the last time, the 6th no more.
            (&[(6, 3, false), (7, 3, false), (8, 1, true)], &[], &[7], &[7], &[6]),
            // Asked often, and twenty minutes ago.
            (&[(9, 1, true), (11, 10, false)], &[], &[], &[11], &[]),
        ];
        for (given, windows, due, waiting, given_up) in cases {
            let windows: BTreeSet<Date> = october(windows).into_iter().collect();
            let found = plan(&known(given), &windows, date(2020, 10, 12), &contract("increment"), now);
            assert_eq!(
                (found.due, found.waiting, found.given_up),
                (october(due), october(waiting), october(given_up)),
                "{given:?}"
            );
        }
        let snapshot = |days: &[(i8, u32, bool)]| {
            plan(&known(days), &BTreeSet::new(), date(2020, 10, 12), &contract("snapshot"), now).due
        };
        assert_eq!(
            snapshot(&[(10, 1, false), (11, 1, true)]),
            [],
            "the edition of the 11th repeats the 10th"
        );
        assert_eq!(snapshot(&[(10, 1, true), (11, 1, false)]), october(&[11]));
    }

    #[test]
    fn what_is_told_of_missing_files() {
        let dated = Dated { waiting: october(&[8, 9]), given_up: october(&[1]), ..Dated::default() };
        assert_eq!(
            dated.missing().unwrap().replace('\u{a0}', " "),
            "Fichiers jamais reçus de leur éditeur : 8 octobre 2020, 9 octobre 2020 ; ils sont redemandés à chaque relevé. \
             Jamais reçu de l’éditeur et abandonné : 1er octobre 2020 ; il n’est plus redemandé."
        );
        assert_eq!(Dated::default().missing(), None);
    }
}
