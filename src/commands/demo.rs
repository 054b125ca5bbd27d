//! `vigie demo`: the sample feeds served over real HTTP on loopback, pulled edition by edition, then everything once.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::date;
use jiff::fmt::rfc2822::DateTimePrinter;
use vigie_queries::Place;
use vigie_samples::{Edition, committed};

use crate::bulletins::BulletinRequest;
use crate::calendar::parse_time;
use crate::cli::Global;
use crate::error::Error;
use crate::fetch::{Origin, Request, ensure_reference, fetch_all};
use crate::room::Room;

/// Thursday morning after the last sample edition: when the bulletin of week 42 would come out.
const AS_OF: &str = "2020-10-22T07:00:00Z";

/// Marks a folder that the demo made and may make anew.
const MARK: &str = ".vigie-demo";

/// Serves, pulls, computes, prints.
///
/// # Errors
/// When the folder holds something else, or any step fails.
pub async fn run(global: &Global, out: &Path) -> Result<(), Error> {
    prepare(out)?;
    let lake = out.join("lake");
    let global = Global { lake: Some(lake.clone()), config: None, ..global.clone() };
    let room = Room::open(&global)?;
    let editions = committed();
    let base = serve(editions.clone()).await?;
    ensure_reference(&room).await?;
    let mut pulled = 0;
    let mut quarantined = 0;
    for (number, edition) in editions.iter().enumerate() {
        let requests = edition.bodies.iter().map(|body| Request {
            source: body.source.to_string(),
            origin: Origin::Url(format!("{base}/{number}/{}", body.file_name)),
            issued_at: None,
            accepted: false,
            dated: None,
        });
        let reports = fetch_all(&room, requests.collect(), |_| {}).await;
        room.talk.say(&format!(
            "édition du {} : {} flux",
            crate::calendar::paris_day(edition.issued_at),
            reports.len()
        ));
        for report in &reports {
            if !matches!(report.outcome, "new" | "unchanged") {
                return Err(Error::Failed(format!(
                    "{}: {} ({})",
                    report.source, report.message, report.outcome
                )));
            }
            pulled += 1;
            quarantined += report.rows_quarantined;
        }
    }
    let as_of = Room::as_of(Some(parse_time(AS_OF).map_err(Error::Failed)?), room.now()?);
    room.talk.say("calcul des indicateurs et des alertes…");
    let built = crate::build::build(&room, as_of).await?;
    room.talk.say("mise en page du bulletin…");
    let pdf = out.join("bulletin-2020-W42-region-76.pdf");
    let order = BulletinRequest::one(Place::region("76"), date(2020, 10, 12), as_of.issued, pdf);
    let made = crate::bulletins::publish(&room, &order).await?;
    let Some(made) = made.made.into_iter().next() else {
        return Err(Error::Failed("nothing was made".into()));
    };

    if global.json {
        let summary = serde_json::json!({
            "lake": lake, "pdf": made.pdf, "html": made.html, "json": made.json, "xlsx": made.xlsx, "pages": made.pages,
            "fetches": pulled, "rows_quarantined": quarantined, "indicators": built.indicators,
            "alerts": made.alerts,
        });
        println!("{summary:#}");
        return Ok(());
    }
    println!("Données fictives, sauf les chiffres cités de leurs documents (voir data-samples/README.md).");
    println!();
    println!("{pulled} fichiers reçus par HTTP, {quarantined} lignes mises de côté, {}", built.summary());
    println!();
    println!("Lac       {}", lake.display());
    println!("Bulletin  {} ({} pages)", made.pdf.display(), made.pages);
    if let Some(summary) = &made.summary {
        println!("Résumé    {}", summary.display());
    }
    println!("Jumeaux   {}", made.html.display());
    println!("          {}", made.json.display());
    println!("          {}", made.xlsx.display());
    println!();
    println!("Alertes en cours au dimanche 18 octobre 2020 :");
    for alert in &made.alerts {
        println!("  {alert}");
    }
    if made.alerts.is_empty() {
        println!("  aucune");
    }
    println!();
    println!("À essayer :");
    let (lake, vigie) = (lake.display(), std::env::args().next().unwrap_or_else(|| "vigie".to_owned()));
    println!("  {vigie} --lake {lake} status --as-of 2020-10-22");
    println!("  {vigie} --lake {lake} findings list");
    println!("  {vigie} --lake {lake} judge --rule tension-score --on 2020-10-18");
    println!(
        "  {vigie} --lake {lake} sql \"select department, status, count(*) from centres group by 1, 2 order by 1, 2\""
    );
    println!("  {vigie} --lake {lake} bulletin --week 2020-W42 --territory 31 --as-of 2020-10-22");
    Ok(())
}

/// Makes the folder, or empties one that an earlier demo made; never touches another one.
fn prepare(out: &Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: out.to_owned(), source };
    let lake = out.join("lake");
    if lake.exists() {
        if !out.join(MARK).exists() {
            return Err(Error::Usage(format!(
                "{} holds a lake that the demo did not make; choose another folder with --out",
                out.display()
            )));
        }
        std::fs::remove_dir_all(&lake).map_err(failed)?;
    }
    std::fs::create_dir_all(out).map_err(failed)?;
    std::fs::write(out.join(MARK), "made by `vigie demo`, which may empty it\n").map_err(failed)
}

/// Serves editions on a free loopback port: `/<number>/<file>`, with ETag and Last-Modified. Returns the address.
///
/// # Errors
/// [`Error::Failed`] when no port can be had.
pub async fn serve(editions: Vec<Edition>) -> Result<String, Error> {
    let failed = |source: std::io::Error| Error::Failed(format!("no loopback server: {source}"));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let app =
        Router::new().route("/{edition}/{file}", axum::routing::get(answer)).with_state(Arc::new(editions));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}

async fn answer(
    State(editions): State<Arc<Vec<Edition>>>,
    UrlPath((edition, file)): UrlPath<(usize, String)>,
    asked: HeaderMap,
) -> Response {
    let reply = |status: StatusCode, body: Body| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
    };
    let Some((issued_at, body)) = editions.get(edition).and_then(|edition| {
        let body = edition.bodies.iter().find(|body| body.file_name == file)?;
        Some((edition.issued_at, body.bytes.clone()))
    }) else {
        return reply(StatusCode::NOT_FOUND, Body::from("no such body\n"));
    };
    let tag = format!("\"{edition}-{file}-{}\"", body.len());
    let same = asked.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let mut response = if same {
        reply(StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        reply(StatusCode::OK, Body::from(body))
    };
    for (name, value) in [(header::ETAG, tag), (header::LAST_MODIFIED, http_date(issued_at))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}
