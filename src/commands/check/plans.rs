//! Every query and template of the vocabulary, tried over an empty lake: what cannot be planned there cannot run anywhere.

use std::sync::Arc;

use vigie_store::AsOf;
use vigie_transform::QueryFault;

use crate::bulletins::BulletinSpec;
use crate::bulletins::week_data::WeekData;
use crate::calendar::last_full_week;
use crate::clock::now;
use crate::config::Config;
use crate::error::Error;
use crate::room::Room;

/// What is wrong with marts, indicators, gates, saved queries, and with the layout of the theme.
///
/// # Errors
/// [`Error::Write`] when there is no room for an empty lake, and those of a session.
pub(super) async fn faults(
    config: &Config,
    vocabulary: &vigie_queries::Vocabulary,
) -> Result<Vec<QueryFault>, Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    let theme = config.theme.as_deref().map(crate::config::theme::read).transpose()?.unwrap_or_default();
    let has_layout = theme.template.is_some();
    let room = Room::over_nothing(config, vocabulary, theme, folder.path())?;
    let at = now();
    let as_of = AsOf { issued: at, recorded: at };
    let mut computation = crate::build::compute(&room, as_of).await?;
    let mut faults = std::mem::take(&mut computation.computed.failed);
    let spec = BulletinSpec {
        territory: config.territory.clone(),
        week: last_full_week(at),
        as_of,
        number: 1,
        previous: None,
        wording: Default::default(),
        by: None,
    };
    crate::bulletins::gates::register_empty(&room, &computation, &spec)?;
    faults.extend(vigie_transform::check_gates(vocabulary, &computation.ctx).await?);
    faults.extend(crate::sql::check_saved(&room).await?);
    if has_layout {
        drop(computation);
        faults.extend(layout(&room, spec).await?);
    }
    Ok(faults)
}

/// What Typst says of the theme's own layout, tried on a bulletin without data.
async fn layout(room: &Room, spec: BulletinSpec) -> Result<Option<QueryFault>, Error> {
    // What is wrong with queries is told already: the layout is tried on what Vigie brings itself.
    let room = Room { vocabulary: Arc::new(vigie_queries::Vocabulary::embedded()?), ..room.clone() };
    let specs = std::slice::from_ref(&spec);
    let drawn = WeekData::of(&room, spec.as_of, specs).await?.draw(&room, specs).await?;
    let told = drawn.into_iter().find_map(|drawn| drawn.layout_fault);
    let file = room
        .config
        .theme
        .as_deref()
        .map(|folder| folder.join(crate::config::theme::TEMPLATE))
        .unwrap_or_default();
    Ok(told.map(|what| {
        // `main.typ:12: error: …`
        let rest = what.strip_prefix("main.typ:").unwrap_or(&what);
        let (line, what) = match rest.split_once(": ") {
            Some((line, what)) if line.parse::<usize>().is_ok() => (line.parse().unwrap_or(1), what),
            _ => (1, rest),
        };
        QueryFault {
            id: crate::config::theme::TEMPLATE.to_owned(),
            file: file.display().to_string(),
            line,
            what: what.to_owned(),
        }
    }))
}
