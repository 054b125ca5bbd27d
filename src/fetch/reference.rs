//! First editions that ship with Vigie: departments, numbers to call, dated context.

use vigie_store::FetchRecord;

use super::{Origin, Request, fetch};
use crate::error::Error;
use crate::files::sha256_hex;
use crate::room::Room;

/// Loads the first editions that ship with Vigie, where the lake does not have them.
///
/// # Errors
/// [`Error::Failed`] when a bundled file is refused: only after an overlay broke it.
pub async fn ensure_reference(room: &Room) -> Result<(), Error> {
    for reference in room.vocabulary.reference_bodies() {
        let last = room.lake.last_fetch(reference.source).await?;
        let ours = |last: &FetchRecord| last.url.as_deref().is_some_and(|url| url.starts_with("vigie:"));
        let fingerprint = &room.contract(reference.source)?.fingerprint;
        let sha256 = sha256_hex(reference.body);
        let same = |last: &FetchRecord| {
            last.sha256.as_ref() == Some(&sha256) && last.contract_fingerprint.as_ref() == Some(fingerprint)
        };
        if last.as_ref().is_some_and(|last| !ours(last) || same(last)) {
            continue; // the agency has its own, or this very one is there
        }
        let report = fetch(
            room,
            Request {
                source: reference.source.to_owned(),
                origin: Origin::Bundled { file: reference.file.to_owned(), body: reference.body.to_vec() },
                issued_at: Some(reference.issued_at),
                accepted: true,
                dated: None,
            },
        )
        .await;
        if !matches!(report.outcome, "new" | "unchanged") {
            return Err(Error::Failed(format!("reference/{}: {}", reference.file, report.message)));
        }
    }
    Ok(())
}
