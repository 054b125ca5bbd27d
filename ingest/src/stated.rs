//! Whether a body holds all the rows that it says there are.
//!
//! Interfaces answer in pages of 100, 1,000 or 2,000 rows, and say beside them how many there are in all, or that more
//! follow. A page taken for the whole is a count that is far too low, without a word.

use vigie_queries::{Contract, Stated};

use crate::beside::Beside;
use crate::findings::{Code, Finding, Severity};
use crate::row::Kind;
use crate::say::{NBSP, NNBSP, grouped, quoted, shown};

/// Names of the number of all rows, in small letters, letters and digits only.
const TOTALS: [&str; 25] = [
    "total",
    "totalcount",
    "totalresults",
    "totalrows",
    "totalrecords",
    "totalelements",
    "totalitems",
    "totalhits",
    "totalfeatures",
    "totalentries",
    "totalobjects",
    "hydratotalitems",
    "numbermatched",
    "nummatched",
    "numfound",
    "nhits",
    "recordstotal",
    "recordcount",
    "odatacount",
    "resultcount",
    "resultscount",
    "nbresults",
    "nbtotal",
    "nbhits",
    "totalvalue",
];
/// Names that mean the number of all rows, or that of the page: only a number above the rows held tells anything.
const COUNTS: [&str; 3] = ["count", "rowcount", "nbrows"];
/// Names of a mark that is `true` when more rows follow.
const MORE: [&str; 8] = [
    "exceededtransferlimit",
    "hasmore",
    "hasnext",
    "hasnextpage",
    "moreresults",
    "truncated",
    "istruncated",
    "more",
];
/// Names of the address, or the token, of the next page.
const NEXT: [&str; 12] = [
    "next",
    "nexthref",
    "nextlink",
    "nexturl",
    "nexturi",
    "nextpageurl",
    "nextpagelink",
    "nextpage",
    "nextpagetoken",
    "nextcursor",
    "odatanextlink",
    "nextrecordsurl",
];
/// Those that are tokens: any text is one.
const TOKENS: [&str; 2] = ["nextpagetoken", "nextcursor"];
/// Names of the number of pages.
const PAGES: [&str; 6] = ["totalpages", "pagecount", "pages", "lastpage", "numpages", "nbpages"];
/// Objects beside the rows in which such names stand.
const CONTAINERS: [&str; 12] = [
    "meta",
    "metadata",
    "pagination",
    "paging",
    "page",
    "pager",
    "pageinfo",
    "links",
    "properties",
    "info",
    "cursor",
    "query",
];

/// What the body says, in a few words for a sentence; nothing when it holds all its rows.
///
/// - `path`: where the rows are; numbers and marks count when they stand beside the list, or beside an object that holds it.
/// - `rows`: rows held, whatever became of them.
pub(crate) fn of_json(beside: &Beside, path: &[String], contract: &Contract, rows: u64) -> Option<Finding> {
    let feed = &contract.feed;
    let is_complete = match feed.total.as_ref().map(|stated| stated.get_ref()) {
        Some(Stated::At(place)) => match beside.at(place).and_then(|(text, _)| number(text)) {
            Some(stated) if stated != rows => return Some(differs(place, stated, rows)),
            Some(_) => true,
            None => return Some(lacks(place)),
        },
        Some(Stated::Ignored) => false,
        None => {
            let totals = told(beside, path, &TOTALS);
            let above =
                totals.iter().chain(&told(beside, path, &COUNTS)).find(|(_, stated)| *stated > rows).cloned();
            if let Some((place, stated)) = above {
                return Some(differs(&place, stated, rows));
            }
            // Some interfaces give the address of a next page after the last one too.
            totals.iter().any(|(_, stated)| *stated == rows && rows > 0)
        }
    };
    match feed.more.as_ref().map(|stated| stated.get_ref()) {
        Some(Stated::Ignored) => None,
        Some(Stated::At(place)) => {
            let (text, kind) = beside.at(place)?;
            let says_more = !matches!((text, kind), ("" | "0" | "false", _) | (_, Kind::Missing));
            says_more.then(|| follows(place, text, rows))
        }
        None => {
            let found = beside.values.iter().filter(|(place, ..)| is_beside(place, path));
            let found = found.filter(|(place, ..)| !is_complete || MORE.contains(&last(place).as_str()));
            let mut found = found.filter(|(place, text, kind)| says_more(place, text, *kind));
            let (place, text, _) =
                found.next().or_else(|| next_link(beside, path).filter(|_| !is_complete))?;
            Some(follows(&place.join("."), text, rows))
        }
    }
}

/// The same for an edition in several parts: each may state the number of all rows, or that of its own. Marks that more
/// follow are for those who followed them.
pub(crate) fn of_parts(parts: &[(&Beside, &[String])], contract: &Contract, rows: u64) -> Option<Finding> {
    let stated: Vec<(String, u64)> = match contract.feed.total.as_ref().map(|stated| stated.get_ref()) {
        Some(Stated::Ignored) => return None,
        Some(Stated::At(place)) => {
            let found = parts.iter().filter_map(|(beside, _)| number(beside.at(place)?.0));
            found.map(|stated| (place.clone(), stated)).collect()
        }
        None => parts.iter().flat_map(|(beside, path)| told(beside, path, &TOTALS)).collect(),
    };
    let sum: u64 = stated.iter().fold(0, |sum, (_, number)| sum.saturating_add(*number));
    let is_promised =
        matches!(contract.feed.total.as_ref().map(|stated| stated.get_ref()), Some(Stated::At(_)));
    if let Some(Stated::At(place)) = contract.feed.total.as_ref().map(|stated| stated.get_ref())
        && stated.is_empty()
    {
        return Some(lacks(place));
    }
    let wrong = stated.iter().find(|(_, number)| *number > rows || (is_promised && *number != rows));
    wrong.filter(|_| sum != rows).map(|(place, number)| differs(place, *number, rows))
}

/// Numbers of those names beside the rows, each with its place.
fn told(beside: &Beside, path: &[String], names: &[&str]) -> Vec<(String, u64)> {
    let found = beside.values.iter().filter(|(place, ..)| is_beside(place, path));
    found
        .filter(|(place, ..)| names.contains(&last(place).as_str()))
        .filter_map(|(place, text, _)| Some((place.join("."), number(text)?)))
        .collect()
}

/// What the lines at the foot state; each part of an edition may state its own.
pub(crate) fn of_footer(stated: &[(u64, String)], rows: u64) -> Option<Finding> {
    let sum: u64 = stated.iter().fold(0, |sum, (number, _)| sum.saturating_add(*number));
    let (number, text) = stated.iter().find(|(number, _)| *number != rows).filter(|_| sum != rows)?;
    Some(incomplete(
        format!(
            "Le pied du fichier annonce {} ({}) et le fichier en a {}",
            lines(*number),
            quoted(text),
            grouped(rows)
        ),
        text.clone(),
        rows,
    ))
}

fn differs(place: &str, stated: u64, rows: u64) -> Finding {
    incomplete(
        format!(
            "Le fichier annonce {} ({}{NBSP}: {}) et en contient {}",
            lines(stated),
            quoted(&shown(place.as_bytes())),
            grouped(stated),
            grouped(rows)
        ),
        stated.to_string(),
        rows,
    )
}

fn follows(place: &str, text: &str, rows: u64) -> Finding {
    incomplete(
        format!(
            "Le fichier dit que d’autres lignes suivent ({}{NBSP}: {}) et en contient {}",
            quoted(&shown(place.as_bytes())),
            quoted(&shown(text.as_bytes())),
            grouped(rows)
        ),
        shown(text.as_bytes()),
        rows,
    )
}

fn incomplete(what: String, found: String, rows: u64) -> Finding {
    let code = Code::IncompleteBody;
    let message = format!(
        "{what}{NBSP}: une page, ou un fichier coupé, n’est pas le tout. Demander toutes les lignes à la source{NNBSP}; si ce nombre ou cette marque veut dire autre chose, l’écrire dans le contrat (total ou more, sous [feed]). ({code})"
    );
    Finding {
        line: None,
        column: None,
        code,
        severity: Severity::Warn,
        found: Some(found),
        expected: Some(grouped(rows)),
        message,
        raw: None,
    }
}

/// The contract promises a number that is not there.
fn lacks(place: &str) -> Finding {
    let code = Code::StatedTotalAbsent;
    let message = format!(
        "Le nombre de lignes que le contrat attend sous {} n’y est pas{NBSP}: on ne sait pas si le fichier est entier. ({code})",
        quoted(&shown(place.as_bytes()))
    );
    Finding {
        line: None,
        column: None,
        code,
        severity: Severity::Warn,
        found: None,
        expected: Some(place.to_owned()),
        message,
        raw: None,
    }
}

fn lines(number: u64) -> String {
    crate::say::counted(number, "ligne", "lignes")
}

/// A whole number, as JSON number or as text.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
}

/// A name in small letters, letters and digits only; `{"total": {"value": 3}}` counts as `totalvalue`.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn last(place: &[String]) -> String {
    match place {
        [.., before, last] if bare(last) == "value" && bare(before) == "total" => "totalvalue".to_owned(),
        [.., before, last] if bare(last) == "href" && bare(before) == "next" => "nexthref".to_owned(),
        [.., last] => bare(last),
        [] => String::new(),
    }
}

/// Whether a value stands beside the list at `path` or beside an object that holds it, or in an object there that speaks
/// of pages.
fn is_beside(place: &[String], path: &[String]) -> bool {
    let inner = match last(place).as_str() {
        "totalvalue" | "nexthref" => place.len() - 1,
        _ => place.len(),
    };
    let parent = &place[..inner.saturating_sub(1)];
    (0..=path.len().saturating_sub(1)).any(|depth| {
        let Some(rest) = parent.strip_prefix(&path[..depth.min(path.len())]) else { return false };
        // In a list such as `[{"total": 3}, [rows…]]` the object beside the rows has no name.
        let is_container =
            |name: &String| CONTAINERS.contains(&bare(name).as_str()) || is_place_of(name, path, depth);
        rest.iter().all(is_container) && rest.len() <= 2
    })
}

fn is_place_of(name: &str, path: &[String], depth: usize) -> bool {
    let is_place = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    is_place(name) && path.get(depth).is_some_and(|next| is_place(next))
}

fn says_more(place: &[String], text: &str, kind: Kind) -> bool {
    let name = last(place);
    let name = name.as_str();
    let is_address = || text.contains("://") || text.starts_with(['/', '?']);
    match kind {
        Kind::Flag => text == "true" && MORE.contains(&name),
        Kind::Number if PAGES.contains(&name) => number(text).is_some_and(|pages| pages > 1),
        Kind::Number => name == "nextpage" && number(text).is_some_and(|page| page > 0),
        Kind::Text if TOKENS.contains(&name) => !text.is_empty(),
        Kind::Text => NEXT.contains(&name) && is_address(),
        _ => false,
    }
}

/// `"links": [{"rel": "next", "href": "…"}]` beside the rows.
fn next_link<'b>(beside: &'b Beside, path: &[String]) -> Option<&'b (Vec<String>, String, Kind)> {
    let rel = beside.values.iter().find(|(place, text, _)| {
        let [before @ .., links, rank, rel] = place.as_slice() else { return false };
        bare(rel) == "rel"
            && text == "next"
            && matches!(bare(links).as_str(), "links" | "link")
            && rank.bytes().all(|b| b.is_ascii_digit())
            && path.starts_with(before)
    })?;
    let parent = &rel.0[..rel.0.len() - 1];
    let address = |place: &[String]| {
        place
            .strip_prefix(parent)
            .is_some_and(|rest| matches!(rest, [name] if matches!(name.as_str(), "href" | "url")))
    };
    Some(beside.values.iter().find(|(place, ..)| address(place)).unwrap_or(rel))
}
