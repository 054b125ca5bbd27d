//! `vigie send`: what is due to lists, folders and addresses.

use crate::bulletins::{published, replay};
use crate::cli::{Global, Send};
use crate::commands::progress;
use crate::delivery::{Wanted, send};
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;

/// Exit code 5 when some deliveries failed; they are tried again at the next call.
pub(super) async fn run(global: &Global, options: &Send) -> Result<u8, Error> {
    let room = Room::open(global)?;
    if room.config.send.is_empty() {
        return Err(Error::Usage("nothing to send to: the configuration has no [[send]] block".into()));
    }
    if let Some(name) = &options.target
        && !room.config.send.iter().any(|target| target.name == *name)
    {
        let known: Vec<&str> = room.config.send.iter().map(|target| target.name.as_str()).collect();
        return Err(Error::Usage(format!("no target is named {name:?}; known: {}", known.join(", "))));
    }
    let known = published::editions(&room).await?;
    let edition = options.bulletin.as_deref().map(|words| replay::find(&known, words, &room)).transpose()?;
    if edition.is_none() {
        for target in &room.config.send {
            let territory = target.territory.as_ref().unwrap_or(&room.config.territory);
            let named = options.target.as_ref().is_none_or(|name| *name == target.name);
            if named && !known.iter().any(|edition| edition.territory == *territory) {
                let place = territory.name();
                room.talk.say(&format!(
                    "{} : aucun bulletin publié pour {place} ({territory}) ; vigie bulletin --territory {territory}",
                    target.name
                ));
            }
        }
    }
    let life = progress::spinner(room.talk, "envoi");
    let wanted = Wanted { edition, target: options.target.as_deref(), again: options.again };
    let done = send(&room, wanted).await;
    life.finish_and_clear();
    let done = done?;
    if global.json {
        print_json(&done)?;
    } else if done.is_empty() {
        println!("rien à envoyer");
    } else {
        for delivery in &done {
            let outcome = if delivery.outcome == "sent" { "envoyé" } else { "échec" };
            println!("{outcome}  {} → {} ({})", delivery.target, delivery.address, delivery.message);
        }
    }
    Ok(if done.iter().any(|delivery| delivery.outcome != "sent") { 5 } else { 0 })
}
