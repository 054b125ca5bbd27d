//! Editions that come in a stream: how it is cut, where it fails, and what stays on disk.

use std::io;

use super::*;

/// A table of `n` keys, and what the next edition makes of it: one in ten changed, one in seven gone, some new.
fn two_editions(n: i64) -> (Rows, Rows) {
    let key = |at: i64| (format!("{:02}", at / 1000), at % 1000);
    let first: Rows = (0..n).map(|at| (key(at), Some(at % 13))).collect();
    let mut second: Rows = (0..n)
        .filter(|at| at % 7 != 0)
        .map(|at| (key(at), Some(at % 13 + i64::from(at % 10 == 0))))
        .collect();
    second.extend((n..n + 500).map(|at| (key(at), None)));
    (first, second)
}

/// The same rows in batches of so many.
fn cut(rows: &Rows, size: usize) -> Vec<RecordBatch> {
    let whole = batch(rows);
    (0..whole.num_rows()).step_by(size).map(|at| whole.slice(at, size.min(whole.num_rows() - at))).collect()
}

async fn commit(lake: &Lake, batches: &[RecordBatch], issued: Timestamp, id: &str) -> (u64, u64) {
    let spec = beds(true);
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let change = compare(lake, &spec, batches, issued, (issued, id)).await.unwrap();
    let record = FetchRecord {
        fetch_id: id.into(),
        source: "beds".into(),
        outcome: Outcome::New,
        issued_at: Some(issued),
        ..FetchRecord::default()
    };
    let record = lake.commit_fetch(&lock, &spec, change, &record, &[]).await.unwrap();
    (record.rows_changed, record.rows_withdrawn)
}

#[tokio::test]
async fn an_edition_changes_the_same_however_it_is_cut() {
    let (first, second) = two_editions(30_000);
    let mut expected = None;
    for size in [1_000_000, 65_536, 8_192, 977] {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path());
        commit(&lake, &cut(&first, size), day(1), "a").await;
        let counts = commit(&lake, &cut(&second, size), day(3), "b").await;
        assert_eq!(*expected.get_or_insert(counts), counts, "batches of {size}");
        assert_eq!(counts.1, 30_000_u64.div_ceil(7));
        // A late edition in between is the first one again: what the later one said stays.
        commit(&lake, &cut(&first, size), day(2), "c").await;
        for (issued, shown) in [(1, &first), (2, &first), (3, &second)] {
            let as_of = AsOf { issued: day(issued), recorded: Timestamp::MAX };
            assert_eq!(&view(&lake, &beds(true), as_of).await, shown, "issued {issued}, batches of {size}");
        }
        assert_sound(&lake);
    }
}

#[tokio::test]
async fn a_late_edition_is_merged_with_what_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let (first, second) = two_editions(20_000);
    commit(&lake, &cut(&second, 8_192), day(5), "a").await;
    let (changed, withdrawn) = commit(&lake, &cut(&first, 5_000), day(2), "b").await;
    // Every row of the first is new; those that the second does not have go again as of the fifth.
    assert_eq!((changed, withdrawn), (20_000 + 20_000_u64.div_ceil(7), 0));
    for (issued, shown) in [(1, &Rows::new()), (2, &first), (4, &first), (5, &second)] {
        let as_of = AsOf { issued: day(issued), recorded: Timestamp::MAX };
        assert_eq!(&view(&lake, &beds(true), as_of).await, shown, "issued {issued}");
    }
    assert_sound(&lake);
    let left = names(&lake, "beds");
    assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
}

#[tokio::test]
async fn an_edition_that_cannot_be_read_to_its_end_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let (first, _) = two_editions(20_000);
    let broken = cut(&first, 8_192).into_iter().take(2).map(Ok).chain([Err(io::Error::other("cut off"))]);
    let stamp = lake.stamp(day(1)).unwrap();
    let fault = lake.compare(&spec, broken, &Spared::default(), day(1), stamp, "ab").await.unwrap_err();
    assert_eq!(fault.to_string(), "table beds: the edition cannot be read");
    assert_eq!(std::error::Error::source(&fault).unwrap().to_string(), "cut off");
    assert_eq!(names(&lake, "beds"), [""; 0]);
    // A change that nobody commits goes too.
    let change = compare(&lake, &spec, &cut(&first, 8_192), day(1), (day(1), "cd")).await.unwrap();
    let aside = || crate::layout::entries(&lake.spool()).unwrap().len();
    assert_eq!((change.rows_changed, aside()), (20_000, 1));
    drop(change);
    assert_eq!((names(&lake, "beds").len(), aside()), (0, 0));
    assert_eq!(lake.settled().unwrap(), lake.present(day(1)).unwrap());
}
