//! Notices: the people on duty hear by mail of what goes wrong in the watch-room, and when it is over.
//!
//! What is wrong is what `vigie status` shows ([`crate::schedule::watch`]). Each thing is told once when it begins, once a day while it
//! lasts, once when it has ended; what happens at the same time goes into one mail. What was told is kept beside the locks of
//! the lake, so that a restart tells nothing twice. A mail that cannot be sent is tried again at the next look.

mod incidents;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::build::feeds::Days;
use crate::clock::now;
use crate::delivery;
use crate::error::Error;
use crate::room::Room;
use crate::schedule::watch::Watch;
use incidents::{Book, Notice};

/// Between two looks when nothing happens: a source grows stale by itself.
const EVERY: Duration = Duration::from_secs(600);
/// Between something that goes wrong and the look at it: what happens together is told together.
const SETTLE: Duration = Duration::from_secs(5);
/// Between two looks, however much goes wrong.
const BETWEEN: Duration = Duration::from_secs(20);

/// The task that looks; it ends when this is dropped.
pub(crate) struct Notices {
    poke: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl Notices {
    /// Something went wrong: it is looked at soon.
    pub(crate) fn look(&self) {
        let _ = self.poke.try_send(()); // one look is enough for several
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts looking; nobody looks where nobody would be told.
pub(crate) fn start(room: &Room) -> Notices {
    let (poke, mut poked) = mpsc::channel(1);
    let room = room.clone();
    let task = tokio::spawn(async move {
        if room.config.notify.to.is_empty() {
            return;
        }
        loop {
            if let Err(error) = look(&room).await {
                tracing::error!(error = error.sentence(), "notices could not be sent; they are tried again");
            }
            tokio::time::sleep(BETWEEN).await;
            match tokio::time::timeout(EVERY, poked.recv()).await {
                Ok(Some(())) => tokio::time::sleep(SETTLE).await,
                Ok(None) => return,
                Err(_) => {}
            }
        }
    });
    Notices { poke, task }
}

/// Looks once, and sends what is to be told.
async fn look(room: &Room) -> Result<(), Error> {
    let at = room.now()?;
    let watch = Watch::of(room, Room::as_of(None, at), Days::LeftOut).await?;
    // A poll that fails is tried again at its cadence: it is told when the source grows stale.
    let problems: Vec<_> =
        watch.problems(room).into_iter().filter(|problem| !problem.key.starts_with("poll:")).collect();
    let path = book_path(room);
    let mut book: Book =
        std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let notices = book.compare(now(), &problems, room.config.notify.remind_after);
    if !notices.is_empty() {
        let territory = room.config.territory.name();
        let (subject, text) = written(territory, &notices);
        // Once somebody has it, it is told: who has it must not get it again because another address is refused.
        let mut failed = Vec::new();
        for to in &room.config.notify.to {
            if let Err(why) = delivery::notice(&room.config, to, &subject, &text).await {
                tracing::error!(to, detail = why, "a notice was not sent");
                failed.push(why);
            }
        }
        if failed.len() == room.config.notify.to.len() {
            return Err(Error::Failed(failed.join(" ; ")));
        }
        tracing::info!(notices = notices.len(), recipients = room.config.notify.to.len(), "notices sent");
    }
    let text = serde_json::to_vec_pretty(&book).map_err(|cause| Error::Failed(cause.to_string()))?;
    crate::files::write(&path, &text)
}

/// Subject and text of a mail.
fn written(territory: &str, notices: &[Notice]) -> (String, String) {
    let begun = notices.iter().filter(|notice| matches!(notice, Notice::Begins(_))).count();
    let over = notices.iter().filter(|notice| matches!(notice, Notice::Ends { .. })).count();
    let what = match (begun, over) {
        (0, 0) => "toujours à traiter".to_owned(),
        (0, 1) => "1 incident terminé".to_owned(),
        (0, n) => format!("{n} incidents terminés"),
        (1, _) => "1 incident".to_owned(),
        (n, _) => format!("{n} incidents"),
    };
    let mut text = String::new();
    for notice in notices {
        text.push_str(&notice.text());
        text.push('\n');
    }
    text.push_str("\nL’état complet : vigie status\n");
    (format!("Vigie ({territory}) : {what}"), text)
}

fn book_path(room: &Room) -> PathBuf {
    room.lake.root().join("locks/_incidents.json")
}
