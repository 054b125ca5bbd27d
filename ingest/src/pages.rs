//! An edition that a server gives page by page: all of them, or none.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use reqwest::Url;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use vigie_queries::Format;

use crate::fetch::{Fetcher, Reply, Validators};
use crate::fetch_error::FetchError;
use crate::findings::Code;
use crate::parts;
use crate::received::Received;
use crate::redact::redact;
use crate::say::{NBSP, NNBSP, grouped};

/// How a source gives its pages.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Where the next page is.
    pub next: Next,
    /// Form of the pages.
    pub format: Format,
    /// JSON: dotted path to the array of rows.
    pub rows: String,
    /// JSON: dotted path to the number of rows of all pages.
    pub total: Option<String>,
    /// Pages fetched at most; beyond, the edition fails.
    pub pages_max: u64,
    /// Status with which the server answers beyond the last page, such as 404.
    pub end_status: Option<u16>,
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// `Link: <…>; rel="next"`.
    Link,
    /// An address in a member of the JSON, by its dotted path.
    Member(String),
    /// A parameter that counts pages.
    Page {
        /// Its name.
        parameter: String,
        /// Number of the first page.
        first: u64,
    },
    /// A parameter that counts rows left out.
    Offset {
        /// Its name.
        parameter: String,
    },
}

/// Bytes of a first row that are compared.
const FIRST_MAX: usize = 4096;

impl Fetcher {
    /// Every page from `url` on, as one body. The edition begins again, once, when its data change meanwhile.
    ///
    /// # Errors
    /// [`FetchError`] of the page that could not be had; `bad-pages` when pages do not end, lead back or cannot be read;
    /// `pages-changed` when they do not add up.
    pub async fn get_pages(
        &self,
        url: &str,
        paging: &Paging,
        bytes_max: u64,
        spool: &Path,
    ) -> Result<Received, FetchError> {
        let deadline = self.deadline();
        let walk = Walk { fetcher: self, paging, spool, place: redact(url) };
        match walk.all(url, bytes_max, deadline).await {
            Err(fault) if fault.code == Code::PagesChanged => {
                tracing::info!(
                    place = fault.place,
                    what = fault.what,
                    "the data changed while paging: once more"
                );
                walk.all(url, bytes_max, deadline).await
            }
            outcome => outcome,
        }
        .map_err(|fault| fault.clean(self.secrets()))
    }
}

struct Walk<'a> {
    fetcher: &'a Fetcher,
    paging: &'a Paging,
    spool: &'a Path,
    place: String,
}

impl Walk<'_> {
    async fn all(
        &self,
        url: &str,
        bytes_max: u64,
        deadline: tokio::time::Instant,
    ) -> Result<Received, FetchError> {
        let counts_rows = matches!(self.paging.next, Next::Offset { .. } | Next::Page { .. });
        let first = self.fetcher.address(url)?;
        let mut count = match &self.paging.next {
            Next::Page { first, .. } => *first,
            _ => 0,
        };
        let mut address = self.numbered(&first, count);
        let mut asked: BTreeSet<String> = BTreeSet::new();
        let mut pages: Vec<(String, Received)> = Vec::new();
        let (mut left, mut rows, mut total) = (bytes_max, 0, None);
        // First row and number of rows of the page before.
        let mut before: Option<(Option<String>, u64)> = None;
        loop {
            let number = pages.len() as u64 + 1;
            if number > self.paging.pages_max {
                return Err(self.endless());
            }
            if !asked.insert(address.to_string()) {
                return Err(self.bad(
                    number,
                    "elle renvoie à une page déjà lue",
                    "its address was asked before",
                ));
            }
            let reply = self.fetcher.body(&address, &Validators::default(), left, self.spool, deadline).await;
            let page = match reply {
                Ok(Reply::Body(page)) => page,
                Ok(Reply::NotModified { .. }) => continue, // nobody asks for it
                Err(fault)
                    if number > 1
                        && fault.http_status.is_some()
                        && fault.http_status == self.paging.end_status =>
                {
                    break;
                }
                Err(fault) => return Err(fault.of_part(&format!("Page {number}"))),
            };
            left -= page.bytes.min(left);
            let look = Look::at(page.file.path(), self.paging).map_err(|cause| {
                self.bad(
                    number,
                    "elle n’est pas lisible dans la forme que dit le contrat",
                    &cause.to_string(),
                )
            })?;
            if self.paging.total.is_some() {
                let Some(stated) = look.total else {
                    return Err(self.bad(number, "elle ne dit pas le nombre total de lignes", "no total"));
                };
                if *total.get_or_insert(stated) != stated {
                    return Err(self.changed(format!(
                        "le total annoncé passe de {} à {}",
                        grouped(total.unwrap_or_default()),
                        grouped(stated)
                    )));
                }
            }
            let Some(more) = look.rows.or((!counts_rows && total.is_none()).then_some(0)) else {
                return Err(self.bad(number, "la liste des lignes n’y est pas", "no array of rows"));
            };
            if counts_rows && more == 0 && number > 1 {
                break;
            }
            // A server that knows no such parameter gives its first page again and again.
            if counts_rows && look.first.is_some() && (before.as_ref() == Some(&(look.first.clone(), more))) {
                return Err(self.bad(
                    number,
                    "elle répète la page précédente",
                    "the same as the page before",
                ));
            }
            before = Some((look.first.clone(), more));
            rows += more;
            let by_link = page.next.as_deref().cloned();
            pages.push((format!("page-{number}"), page));
            let next = match &self.paging.next {
                Next::Link => by_link,
                Next::Member(_) => match &look.next {
                    None => None,
                    Some(next) => Some(address.join(next).map_err(|_| {
                        self.bad(number, "l’adresse de la page suivante n’en est pas une", "not an address")
                    })?),
                },
                // The total spares a request; without it only an empty page is the end.
                _ if total.is_some_and(|total| rows >= total) || more == 0 => None,
                Next::Page { .. } => {
                    count += 1;
                    Some(self.numbered(&first, count))
                }
                Next::Offset { .. } => {
                    count += more;
                    Some(self.numbered(&first, count))
                }
            };
            let Some(next) = next else { break };
            address = self.on_the_same_footing(&address, next, number)?;
        }
        if let Some(total) = total.filter(|total| *total != rows) {
            return Err(self.changed(format!(
                "le serveur annonce {} lignes, les pages en contiennent {}",
                grouped(total),
                grouped(rows)
            )));
        }
        parts::bind(pages, true, self.spool).map_err(|cause| FetchError::disk(&self.place, &cause))
    }

    /// The address of a page that is counted.
    fn numbered(&self, first: &Url, count: u64) -> Url {
        let (Next::Page { parameter, .. } | Next::Offset { parameter }) = &self.paging.next else {
            return first.clone();
        };
        let mut url = first.clone();
        let others: Vec<(String, String)> = first
            .query_pairs()
            .filter(|(name, _)| name != parameter)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, &count.to_string());
        url
    }

    /// A server behind a gateway that ends TLS gives `http` for its own address: it is asked over TLS all the same.
    fn on_the_same_footing(&self, from: &Url, mut to: Url, number: u64) -> Result<Url, FetchError> {
        if from.scheme() == "https" && to.scheme() == "http" {
            if from.host() != to.host() {
                return Err(FetchError::redirect(&self.place, "next page from https to http")
                    .of_part(&format!("Page {number}")));
            }
            // Both fail only for addresses without a host.
            let _ = to.set_scheme("https");
            let _ = to.set_port(from.port());
        }
        if !matches!(to.scheme(), "http" | "https") {
            return Err(self.bad(number, "l’adresse de la page suivante n’est ni http ni https", "not http"));
        }
        to.set_fragment(None);
        Ok(to)
    }

    fn bad(&self, number: u64, why: &str, what: &str) -> FetchError {
        let french = format!(
            "Les pages de {} ne peuvent pas être réunies{NBSP}: page {number}, {why}. Rien n’a été chargé{NNBSP}; vérifier paging dans la configuration de la source.",
            self.place
        );
        FetchError::new(Code::BadPages, &self.place, format!("page {number}: {what}"), &french)
    }

    fn endless(&self) -> FetchError {
        let most = self.paging.pages_max;
        let french = format!(
            "Les données de {} comptent plus de {} pages, la limite de cette source. Rien n’a été chargé. Si c’est normal, relever paging.pages_max.",
            self.place,
            grouped(most)
        );
        FetchError::new(Code::BadPages, &self.place, format!("more than {most} pages"), &french)
    }

    fn changed(&self, how: String) -> FetchError {
        let french = format!(
            "Les données de {} ont changé pendant la lecture de leurs pages{NBSP}: {how}. Rien n’a été chargé{NNBSP}; Vigie réessaiera au prochain passage.",
            self.place
        );
        FetchError::new(Code::PagesChanged, &self.place, how, &french)
    }
}

/// What a page says of itself and of the others.
#[derive(Debug, Default, PartialEq, Eq)]
struct Look {
    next: Option<String>,
    total: Option<u64>,
    rows: Option<u64>,
    /// The first row.
    first: Option<String>,
}

impl Look {
    /// Reads a page as a stream, without keeping its rows.
    fn at(path: &Path, paging: &Paging) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = [0; 2];
        let packed = file.read_exact(&mut head).is_ok() && head == [0x1f, 0x8b];
        file.seek(SeekFrom::Start(0))?;
        let file = BufReader::with_capacity(1 << 16, file);
        if packed {
            Self::read(BufReader::new(MultiGzDecoder::new(file)), paging)
        } else {
            Self::read(file, paging)
        }
    }

    fn read(mut body: impl BufRead, paging: &Paging) -> io::Result<Self> {
        if body.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            body.consume(3);
        }
        match paging.format {
            Format::Json => {
                let next = match &paging.next {
                    Next::Member(path) => Some(path.as_str()),
                    _ => None,
                };
                let mut look = Self::default();
                let mut targets = vec![(Target::Rows, paging.rows.as_str())];
                targets.extend(next.map(|path| (Target::Next, path)));
                targets.extend(paging.total.as_deref().map(|path| (Target::Total, path)));
                let mut parser = serde_json::Deserializer::from_reader(body);
                Finder { targets, look: &mut look }.deserialize(&mut parser)?;
                parser.end()?;
                Ok(look)
            }
            Format::Ndjson => {
                let (rows, first) = lines(body, 0)?;
                Ok(Self { rows: Some(rows), first, ..Self::default() })
            }
            _ => {
                let (rows, first) = lines(body, 1)?;
                Ok(Self { rows: Some(rows), first, ..Self::default() })
            }
        }
    }
}

/// Lines that hold something, those of the header left out, and the first of them.
fn lines(mut body: impl BufRead, header: u64) -> io::Result<(u64, Option<String>)> {
    let (mut count, mut filled, mut first) = (0, false, Vec::new());
    loop {
        let chunk = body.fill_buf()?;
        if chunk.is_empty() {
            count += u64::from(filled);
            let first = (count > header).then(|| String::from_utf8_lossy(&first).into_owned());
            return Ok((count.saturating_sub(header), first));
        }
        for byte in chunk {
            if *byte == b'\n' {
                count += u64::from(std::mem::take(&mut filled));
            } else {
                filled |= !byte.is_ascii_whitespace();
                if count == header && first.len() < FIRST_MAX {
                    first.push(*byte);
                }
            }
        }
        let length = chunk.len();
        body.consume(length);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Next,
    Total,
    Rows,
}

/// Looks for values at dotted paths; what is elsewhere is passed over. A member whose name holds dots, such as
/// `@odata.nextLink`, is found by its whole name.
struct Finder<'l, 'p> {
    targets: Vec<(Target, &'p str)>,
    look: &'l mut Look,
}

impl Finder<'_, '_> {
    fn is_here(&self, target: Target) -> bool {
        self.targets.iter().any(|(known, rest)| *known == target && rest.is_empty())
    }

    fn put(self, text: &str) {
        if self.is_here(Target::Next) && !text.trim().is_empty() {
            self.look.next = Some(text.trim().to_owned());
        }
        if self.is_here(Target::Total) {
            self.look.total = text.trim().parse().ok();
        }
    }
}

impl<'de> DeserializeSeed<'de> for Finder<'_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { targets, look } = self;
        while let Some(name) = map.next_key::<String>()? {
            let inside: Vec<(Target, &str)> = targets
                .iter()
                .filter_map(|(target, path)| {
                    let rest = path.strip_prefix(name.as_str())?;
                    if rest.is_empty() {
                        Some((*target, rest))
                    } else {
                        Some((*target, rest.strip_prefix('.')?))
                    }
                })
                .collect();
            if inside.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Finder { targets: inside, look: &mut *look })?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let first: Option<serde_json::Value> = list.next_element()?;
        let mut count = u64::from(first.is_some());
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        if self.is_here(Target::Rows) {
            self.look.rows = Some(count);
            self.look.first = first.map(|row| row.to_string());
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(text);
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(&value.to_string());
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(&value.to_string());
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(body: &str, next: Next, format: Format, total: Option<&str>) -> Look {
        let paging = Paging {
            next,
            format,
            rows: "data.rows".to_owned(),
            total: total.map(str::to_owned),
            pages_max: 10,
            end_status: None,
        };
        Look::read(body.as_bytes(), &paging).unwrap()
    }

    #[test]
    fn a_page_tells_its_rows_the_total_and_the_next_page() {
        let json = r#"{"meta": {"total": 15, "links": {"next": "?page=2"}}, "data": {"rows": [{"a": 1}, {}], "b": [1]}, "@odata.nextLink": "https://e.org/n"}"#;
        let member = |path: &str| Next::Member(path.to_owned());
        let found = look(json, member("meta.links.next"), Format::Json, Some("meta.total"));
        let first = Some(r#"{"a":1}"#.to_owned());
        let expected = |next: &str, total| Look {
            next: Some(next.to_owned()),
            total,
            rows: Some(2),
            first: first.clone(),
        };
        assert_eq!(found, expected("?page=2", Some(15)));
        let found = look(json, member("@odata.nextLink"), Format::Json, None);
        assert_eq!(found, expected("https://e.org/n", None));
        for none in [r#"{"next": null}"#, r#"{"next": ""}"#, r#"{"next": false}"#, "{}"] {
            assert_eq!(look(none, member("next"), Format::Json, None), Look::default(), "{none}");
        }
        let csv = "\u{feff}a;b\n1;2\n\n3;4";
        let found = look(csv, Next::Link, Format::Csv, None);
        assert_eq!((found.rows, found.first.as_deref()), (Some(2), Some("1;2")));
        assert_eq!(look("", Next::Link, Format::Csv, None).rows, Some(0));
        assert_eq!(look("{}\n{}\n", Next::Link, Format::Ndjson, None).rows, Some(2));
    }
}
