//! A disk that fills up. Needs a small file system: `VIGIE_SMALL_DISK=/mnt/small` (a tmpfs of a few hundred kB).

use super::*;

#[tokio::test]
async fn a_full_disk_is_a_clean_error_and_old_data_stay_readable() {
    let Some(place) = std::env::var_os("VIGIE_SMALL_DISK") else {
        eprintln!("skipped: VIGIE_SMALL_DISK names no small disk");
        return;
    };
    let folder = tempfile::tempdir_in(place).unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let first = rows(&[("01", 1, Some(5))]);
    fetch(&lake, &spec, &first, day(1), day(1)).await;
    let ballast = folder.path().join("ballast");
    let second = rows(&[("01", 1, Some(6)), ("2A", 1, Some(1))]);
    let mut n_refused = 0;
    for spare in (0..40).rev() {
        // Fill the disk up to a few blocks.
        let _ = std::fs::remove_file(&ballast);
        let mut file = std::fs::File::create(&ballast).unwrap();
        while std::io::Write::write_all(&mut file, &[1; 1024]).is_ok() {}
        let filled = file.metadata().unwrap().len();
        file.set_len(filled.saturating_sub(spare * 1024)).unwrap();
        match try_fetch_quietly(&lake, &spec, &second, day(2 + spare as i64)).await {
            Ok(()) => assert_eq!(view(&lake, &spec, AsOf::everything()).await, second),
            Err(fault) => {
                n_refused += 1;
                assert!(matches!(fault, crate::Error::Disk { .. }), "{fault:?}");
                let seen = view(&lake, &spec, AsOf::everything()).await;
                assert!(seen == first || seen == second, "{seen:?}");
            }
        }
    }
    assert!(n_refused > 0, "the disk never filled up");
    std::fs::remove_file(&ballast).unwrap();
    drop(lake);
    let lake = open(folder.path());
    assert_sound(&lake);
    fetch(&lake, &spec, &second, day(50), day(50)).await;
    assert_eq!(view(&lake, &spec, AsOf::everything()).await, second);
    assert_sound(&lake);
}

/// A fetch whose body is written elsewhere, so that only the lake meets the full disk.
async fn try_fetch_quietly(
    lake: &Lake,
    spec: &TableSpec,
    edition: &Rows,
    recorded_at: Timestamp,
) -> Result<(), crate::Error> {
    let mut body = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut body, format!("{edition:?}").as_bytes()).unwrap();
    let (_, sha256) =
        crate::parquet_file::hash_of(std::fs::File::open(body.path()).unwrap(), body.path()).unwrap();
    lake.keep_body(&spec.name, body.path(), &sha256)?;
    let lock = lake.lock(&spec.name, Duration::ZERO)?;
    let id = fetch_id(&spec.name, recorded_at, &sha256);
    let change = compare(lake, spec, &[batch(edition)], day(2), (recorded_at, &id)).await?;
    let record = FetchRecord {
        fetch_id: id,
        source: spec.name.clone(),
        outcome: if change.is_empty() { Outcome::Unchanged } else { Outcome::New },
        issued_at: Some(day(2)),
        recorded_at,
        sha256: Some(sha256),
        ..FetchRecord::default()
    };
    lake.commit_fetch(&lock, spec, change, &record, &[]).await.map(drop)
}
