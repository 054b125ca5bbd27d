//! What is written, and what is not.

use super::*;

#[tokio::test]
async fn only_new_and_changed_rows_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let (change, _) =
        fetch(&lake, &spec, &rows(&[("01", 1, Some(5)), ("2A", 1, Some(7))]), day(1), day(1)).await;
    assert_eq!((change.rows_changed, change.keys_known, change.latest_issued_at), (2, 0, None));
    let second = rows(&[("01", 1, Some(5)), ("2A", 1, None), ("2B", 1, Some(1))]);
    let (change, record) = fetch(&lake, &spec, &second, day(2), day(2)).await;
    assert_eq!((change.rows_changed, change.rows_withdrawn, change.keys_known), (2, 0, 2));
    assert_eq!(change.latest_issued_at, Some(day(1)));
    assert_eq!((record.rows_changed, record.outcome), (2, Outcome::New));
    let all =
        number(&lake, std::slice::from_ref(&spec), AsOf::everything(), "select count(*) from beds_versions")
            .await;
    assert_eq!(all, 4);
    assert_eq!(view(&lake, &spec, AsOf::everything()).await, second);
    assert_sound(&lake);
}

#[tokio::test]
async fn the_same_edition_again_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let edition = rows(&[("01", 1, Some(5)), ("2A", 1, None)]);
    fetch(&lake, &spec, &edition, day(1), day(1)).await;
    let (change, record) = fetch(&lake, &spec, &edition, day(2), day(2)).await;
    assert!(change.is_empty);
    assert_eq!(record.outcome, Outcome::Unchanged);
    assert_eq!(names(&lake, "beds").len(), 1);
    assert_eq!(names(&lake, "fetches").len(), 2);
    let last = lake.last_fetch("beds").await.unwrap().unwrap();
    assert_eq!((last.issued_at, last.outcome), (Some(day(2)), Outcome::Unchanged));
    assert_sound(&lake);
}

#[tokio::test]
async fn a_key_whose_row_cannot_be_used_stays_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let first = rows(&[("01", 1, Some(5)), ("2A", 1, Some(7)), ("974", 1, Some(3)), ("974", 2, Some(4))]);
    fetch(&lake, &spec, &first, day(1), day(1)).await;
    // Only the key columns are looked at; a key that was never known is no matter.
    let aside = batch(&rows(&[("974", 1, None), ("01", 1, None), ("975", 9, None)]));
    let edition = || [Ok::<_, std::convert::Infallible>(batch(&rows(&[("2A", 1, Some(8))])))];
    for (every_key, withdrawn, spared) in [(false, 1, 2), (true, 0, 3)] {
        let keys = if every_key { Vec::new() } else { vec![aside.clone()] };
        let spared_keys = Spared { keys, every_key, ..Spared::default() };
        let stamp = lake.stamp(day(2)).unwrap();
        let change = lake.compare(&spec, edition(), &spared_keys, day(2), stamp, "ab").await.unwrap();
        assert_eq!((change.rows_changed, change.rows_withdrawn, change.rows_spared), (1, withdrawn, spared));
    }
}

#[tokio::test]
async fn a_snapshot_withdraws_and_an_increment_does_not() {
    for snapshot in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (lake, spec) = (open(folder.path()), beds(snapshot));
        let first = rows(&[("01", 1, Some(5)), ("2A", 1, Some(7)), ("974", 1, Some(3))]);
        fetch(&lake, &spec, &first, day(1), day(1)).await;
        let (change, _) = fetch(&lake, &spec, &rows(&[("2A", 1, Some(7))]), day(2), day(2)).await;
        assert_eq!(change.rows_withdrawn, if snapshot { 2 } else { 0 });
        let left = view(&lake, &spec, AsOf::everything()).await;
        assert_eq!(left.len(), if snapshot { 1 } else { 3 });
        assert_eq!(view(&lake, &spec, AsOf::at(day(1))).await, first);
        // A withdrawn key may come back, with the value it had.
        fetch(&lake, &spec, &first, day(3), day(3)).await;
        assert_eq!(view(&lake, &spec, AsOf::everything()).await, first);
        assert_sound(&lake);
    }
}

#[tokio::test]
async fn a_fetch_committed_twice_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let edition = [batch(&rows(&[("01", 1, Some(5))]))];
    let change = compare(&lake, &spec, &edition, day(1), (day(1), "ab")).await.unwrap();
    let record = FetchRecord {
        fetch_id: "ab".into(),
        source: "beds".into(),
        outcome: Outcome::New,
        issued_at: Some(day(1)),
        recorded_at: day(1),
        ..FetchRecord::default()
    };
    let first = lake.commit_fetch(&lock, &spec, change, &record, &[]).await.unwrap();
    let again = FetchRecord { recorded_at: day(2), ..record };
    let change = compare(&lake, &spec, &edition, day(1), (day(2), "ab")).await.unwrap();
    assert_eq!(lake.commit_fetch(&lock, &spec, change, &again, &[]).await.unwrap(), first);
    assert_eq!((names(&lake, "beds").len(), names(&lake, "fetches").len()), (1, 1));
}

#[tokio::test]
async fn recorded_at_always_rises() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    fetch(&lake, &spec, &rows(&[("01", 1, Some(1))]), day(1), day(9)).await;
    let (_, record) = fetch(&lake, &spec, &rows(&[("01", 1, Some(2))]), day(1), day(3)).await;
    assert!(record.recorded_at > day(9) && record.recorded_at < day(9) + Duration::from_millis(1));
    // The same issue said again: the newest record of it wins.
    assert_eq!(view(&lake, &spec, AsOf::everything()).await, rows(&[("01", 1, Some(2))]));
    assert_eq!(lake.fetch(&record.fetch_id).await.unwrap(), Some(record));
}

#[tokio::test]
async fn a_held_fetch_leaves_the_table_alone_and_can_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let held = FetchRecord {
        fetch_id: "ab".into(),
        source: "beds".into(),
        outcome: Outcome::Held,
        recorded_at: day(1),
        message: Some("Trop de retraits.".into()),
        ..FetchRecord::default()
    };
    lake.record_fetch(&held, &[]).await.unwrap();
    assert!(lake.last_fetch("beds").await.unwrap().is_none());
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let edition = [batch(&rows(&[("01", 1, Some(5))]))];
    let change = compare(&lake, &spec, &edition, day(1), (day(2), "ab")).await.unwrap();
    let accepted = FetchRecord { outcome: Outcome::New, recorded_at: day(2), ..held.clone() };
    lake.commit_fetch(&lock, &spec, change, &accepted, &[]).await.unwrap();
    let outcomes: Vec<Outcome> = fetches(&lake).iter().map(|fetch| fetch.outcome).collect();
    assert_eq!(outcomes, [Outcome::New, Outcome::Held]);
    assert_sound(&lake);
}

#[tokio::test]
async fn batches_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let edition = batch(&rows(&[("01", 1, Some(5)), ("02", 1, Some(5))]));
    let reversed = [edition.slice(1, 1), edition.slice(0, 1)];
    let under = (day(1), "ab");
    let fault = compare(&lake, &spec, &reversed, day(1), under).await.unwrap_err();
    assert!(fault.to_string().contains("not sorted"), "{fault}");
    let twice = [edition.clone(), edition.slice(1, 1)];
    assert!(compare(&lake, &spec, &twice, day(1), under).await.is_err());
    let narrow = edition.project(&[0, 1, 2]).unwrap();
    let fault = compare(&lake, &spec, &[narrow], day(1), under).await.unwrap_err();
    assert_eq!(fault.to_string(), "table beds: column \"note\" is missing");
}

#[tokio::test]
async fn derived_tables_add_only_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(false));
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let first = batch(&rows(&[("01", 1, Some(5)), ("2A", 1, Some(7))]));
    let at = |now: i64| lake.stamp(day(now)).unwrap();
    let once = std::slice::from_ref(&first);
    let change = lake.append_versions(&lock, &spec, once, day(1), &at(1), "run1").await.unwrap();
    assert_eq!(change.rows_changed, 2);
    let change = lake.append_versions(&lock, &spec, once, day(2), &at(2), "run2").await.unwrap();
    assert_eq!((change.rows_changed, names(&lake, "beds").len()), (0, 1));
    // A run as of an earlier day does not alter what the later runs said.
    let third = batch(&rows(&[("01", 1, Some(6))]));
    lake.append_versions(&lock, &spec, std::slice::from_ref(&third), day(3), &at(3), "run3").await.unwrap();
    let earlier = batch(&rows(&[("01", 1, Some(4)), ("2A", 1, Some(8))]));
    lake.append_versions(&lock, &spec, &[earlier], day(2), &at(4), "run4").await.unwrap();
    assert_eq!(view(&lake, &spec, AsOf::everything()).await, rows(&[("01", 1, Some(6)), ("2A", 1, Some(7))]));
    let second = AsOf { issued: day(2), recorded: day(9) };
    assert_eq!(view(&lake, &spec, second).await, rows(&[("01", 1, Some(4)), ("2A", 1, Some(8))]));
}

#[tokio::test]
async fn logs_take_rows_once() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), tables::published_values());
    let columns: Vec<ArrayRef> =
        spec.schema.fields().iter().map(|field| arrow::array::new_null_array(field.data_type(), 3)).collect();
    let batch = RecordBatch::try_new(Arc::clone(&spec.schema), columns).unwrap();
    let stamp = lake.stamp(day(2)).unwrap();
    for _ in 0..2 {
        lake.append_under(&stamp, &spec, std::slice::from_ref(&batch), "b1").await.unwrap();
    }
    let count = "select count(*) from published_values";
    assert_eq!(number(&lake, std::slice::from_ref(&spec), AsOf::at(day(2)), count).await, 3);
    assert_eq!(number(&lake, &[spec], AsOf::at(day(1)), count).await, 0);
}

#[tokio::test]
async fn a_body_is_kept_once_and_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let body = folder.path().join("body");
    std::fs::write(&body, b"dep;n\n01;5\n").unwrap();
    let (_, sha256) = crate::parquet_file::hash_of(std::fs::File::open(&body).unwrap(), &body).unwrap();
    lake.keep_body("beds", &body, &sha256).unwrap();
    lake.keep_body("beds", &body, &sha256).unwrap();
    let back = folder.path().join("back");
    lake.body("beds", &sha256, &back).unwrap();
    assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&body).unwrap());
    let wrong = sha256.replace(|c: char| c.is_ascii_digit(), "a");
    assert!(matches!(lake.keep_body("beds", &body, &wrong), Err(crate::Error::DamagedBody { .. })));
    assert!(!lake.root().join("raw/beds").join(format!("{wrong}.zst")).exists());
    assert!(lake.keep_body("../beds", &body, &sha256).is_err());
}

#[tokio::test]
async fn a_run_that_computes_everything_withdraws_what_it_no_longer_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    // Of 03 only the run of its day knows.
    let of_its_day = |batch: &RecordBatch, row: usize| batch.column(0).as_string::<i32>().value(row) == "03";
    let run = async |issued: i64, recorded: i64, given: &[(&str, i64, Option<i64>)]| {
        let stamp = lake.stamp(day(recorded)).unwrap();
        let id = format!("run{recorded}");
        let run = crate::Run { issued_at: day(issued), stamp: &stamp, id: &id };
        let spared = Spared { is_silent_on: Some(&of_its_day), ..Spared::default() };
        let batches = [Ok::<_, std::convert::Infallible>(batch(&rows(given)))];
        let change = lake.append_run(&lock, &spec, batches, &spared, run).await.unwrap();
        (change.rows_changed, change.rows_withdrawn)
    };
    assert_eq!(run(1, 1, &[("01", 1, Some(5)), ("2A", 1, Some(7)), ("03", 1, Some(1))]).await, (3, 0));
    assert_eq!(run(3, 3, &[("01", 1, Some(5))]).await, (0, 1));
    let now = view(&lake, &spec, AsOf::everything()).await;
    assert_eq!(now, rows(&[("01", 1, Some(5)), ("03", 1, Some(1))]));
    let before = view(&lake, &spec, AsOf { issued: day(2), recorded: day(9) }).await;
    assert_eq!(before, rows(&[("01", 1, Some(5)), ("03", 1, Some(1)), ("2A", 1, Some(7))]));
    // A run as of the second day takes 2A out and brings 2B: the third day keeps what its own run said, 03 of any day stays.
    run(2, 4, &[("01", 1, Some(5)), ("2B", 1, Some(9)), ("03", 2, Some(2))]).await;
    let second = view(&lake, &spec, AsOf { issued: day(2), recorded: day(9) }).await;
    let expected = [("01", 1, Some(5)), ("03", 1, Some(1)), ("03", 2, Some(2)), ("2B", 1, Some(9))];
    assert_eq!(second, rows(&expected));
    let third = view(&lake, &spec, AsOf::everything()).await;
    assert_eq!(third, rows(&[("01", 1, Some(5)), ("03", 1, Some(1)), ("03", 2, Some(2))]));
}
