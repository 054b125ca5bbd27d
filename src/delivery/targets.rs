//! Folders and web addresses: every file of the bulletin, as published.

use std::path::Path;
use std::time::Duration;

use super::{Parcel, Unsent};
use crate::files::write;

/// Patience with a server, for one file.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Patience with a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Writes every file into a folder, each whole or not at all; the PDF last, so that who waits for it finds the others.
pub(super) fn to_folder(folder: &Path, parcel: &Parcel) -> Result<String, String> {
    let files = parcel.files();
    for (name, bytes, _) in files.iter().rev() {
        write(&folder.join(name), bytes).map_err(|cause| cause.sentence())?;
    }
    Ok(format!("{} fichiers", files.len()))
}

/// Puts every file at an address; `{file}` in it stands for the name, else the name follows a slash.
pub(super) async fn to_web(url: &str, id: &str, parcel: &Parcel) -> Result<String, Unsent> {
    let client = reqwest::Client::builder().connect_timeout(CONNECT).timeout(TIMEOUT).build();
    let client = client.map_err(|cause| cause.to_string())?;
    let files = parcel.files();
    for (name, bytes, mime) in files.iter().rev() {
        let address = if url.contains("{file}") {
            url.replace("{file}", name)
        } else {
            format!("{}/{name}", url.trim_end_matches('/'))
        };
        let answer = client
            .put(&address)
            .header("content-type", *mime)
            .header("idempotency-key", format!("{id} {name}"))
            .body(bytes.to_vec())
            .send()
            .await
            .map_err(|cause| {
                tracing::debug!(address, detail = causes(&cause), "not put");
                if cause.is_timeout() {
                    Unsent::gone(format!("{address} : pas de réponse à temps"))
                } else if cause.is_connect() {
                    Unsent::gone(format!("{address} : la connexion ne s’établit pas"))
                } else {
                    Unsent::from(format!("{address} : l’échange s’est interrompu"))
                }
            })?;
        let status = answer.status();
        if !status.is_success() {
            // Not now, too early, too many: may be taken later.
            let is_final = status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429);
            return Err(Unsent {
                why: format!("{address} : réponse {}", status.as_u16()),
                is_final,
                is_gone: false,
            });
        }
    }
    Ok(format!("{} fichiers", files.len()))
}

fn causes(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(next) = source {
        said.push_str(&format!(" : {next}"));
        source = next.source();
    }
    said
}
