//! Closed months become one file, and nobody can tell.

use super::*;

async fn filled(folder: &Path) -> (Lake, Vec<TableSpec>) {
    let (lake, spec) = (open(folder), beds(true));
    for turn in 1..=40 {
        let edition = rows(&[("01", 1, Some(turn / 2)), ("2A", turn % 5, Some(turn)), ("2B", 1, None)]);
        fetch(&lake, &spec, &edition, day(turn), day(turn)).await;
    }
    (lake, vec![spec, tables::fetches(), tables::findings()])
}

const NOVEMBER: crate::Month = crate::Month { year: 2020, month: 11 };

#[tokio::test]
async fn a_compacted_month_answers_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, specs) = filled(folder.path()).await;
    let counts =
        ["beds_versions", "fetches", "findings"].map(|table| format!("select count(*) from {table}"));
    let mut before = Vec::new();
    for turn in [1, 7, 20, 31, 32, 40] {
        before.push(view(&lake, &specs[0], AsOf::at(day(turn))).await);
        for count in &counts {
            before.push(rows(&[("", number(&lake, &specs, AsOf::at(day(turn)), count).await, None)]));
        }
    }
    let done = lake.compact(&specs, NOVEMBER.start()).await.unwrap();
    assert_eq!(done.len(), 3);
    assert_eq!(done[0].period.to_string(), "2020-10");
    assert_eq!(names(&lake, "fetches").len(), 1 + 9);
    assert_eq!(names(&lake, "beds")[0], "2020-10.parquet");
    let mut after = Vec::new();
    for turn in [1, 7, 20, 31, 32, 40] {
        after.push(view(&lake, &specs[0], AsOf::at(day(turn))).await);
        for count in &counts {
            after.push(rows(&[("", number(&lake, &specs, AsOf::at(day(turn)), count).await, None)]));
        }
    }
    assert_eq!(before, after);
    assert_sound(&lake);
    assert_eq!(lake.compact(&specs, NOVEMBER.start()).await.unwrap(), Vec::new());
    assert_eq!(fetches(&lake).len(), 40);
    let first = fetches(&lake).pop().unwrap();
    assert_eq!(lake.fetch(&first.fetch_id).await.unwrap().as_ref(), Some(&first));
    let found = format!("select count(*) from findings where fetch_id = '{}'", first.fetch_id);
    assert_eq!(number(&lake, &specs, AsOf::everything(), &found).await, 1);
    // Opening again finds nothing to mend.
    drop(lake);
    let lake = open(folder.path());
    assert_eq!(number(&lake, &specs, AsOf::everything(), "select count(*) from fetches").await, 40);
    fetch(&lake, &specs[0], &rows(&[("01", 1, Some(0))]), day(41), day(3)).await;
    assert_sound(&lake);
}

#[tokio::test]
async fn files_left_beside_their_month_are_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, specs) = filled(folder.path()).await;
    let kept = tempfile::tempdir().unwrap();
    for table in ["beds", "fetches", "findings"] {
        for name in names(&lake, table) {
            std::fs::copy(
                lake.root().join("tables").join(table).join(&name),
                kept.path().join(format!("{table}+{name}")),
            )
            .unwrap();
        }
    }
    lake.compact(&specs, NOVEMBER.start()).await.unwrap();
    // As after a crash between the new file and the removal of the old ones.
    for entry in std::fs::read_dir(kept.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (table, file) = name.split_once('+').unwrap();
        std::fs::copy(kept.path().join(&name), lake.root().join("tables").join(table).join(file)).unwrap();
    }
    for (table, expected) in [("fetches", 40), ("findings", 40)] {
        let count = format!("select count(*) from {table}");
        assert_eq!(number(&lake, &specs, AsOf::everything(), &count).await, expected);
    }
    assert_sound(&lake);
    // A merge that died has left its mark: the next opening finishes it. Without one, the next compaction of the table does.
    std::fs::write(lake.root().join("locks/merging-fetches"), b"").unwrap();
    drop(lake);
    let lake = open(folder.path());
    assert_eq!(names(&lake, "fetches").len(), 1 + 9);
    assert_eq!(names(&lake, "findings").len(), 1 + 40);
    lake.compact(&specs, NOVEMBER.start()).await.unwrap();
    assert_eq!(names(&lake, "findings").len(), 1 + 9);
    assert_sound(&lake);
}

#[tokio::test]
async fn verify_spots_a_flipped_byte_and_a_missing_body() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    fetch(&lake, &spec, &rows(&[("01", 1, Some(5)), ("2A", 1, None)]), day(1), day(1)).await;
    assert_sound(&lake);
    for table in ["tables/beds", "tables/fetches", "raw/beds"] {
        let folder = lake.root().join(table);
        let name = crate::layout::entries(&folder).unwrap().remove(0);
        let path = folder.join(name);
        let sound = std::fs::read(&path).unwrap();
        // The rows of a Parquet file; its footer is checked by being read.
        let data = match crate::parquet_file::metadata("beds", &path) {
            Ok(metadata) => crate::parquet_file::pairs(&metadata)[crate::footer::DATA_BYTES].parse().unwrap(),
            Err(_) => sound.len(),
        };
        // The first bytes of a packed body may change without its content changing.
        for at in [data / 4, data / 2, data - 1] {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let report = lake.verify().unwrap();
            assert!(
                report.problems.iter().any(|problem| problem.file == path),
                "{table} at {at}: {report:?}"
            );
        }
        std::fs::write(&path, &sound).unwrap();
    }
    let folder = lake.root().join("raw/beds");
    let name = crate::layout::entries(&folder).unwrap().remove(0);
    std::fs::remove_file(folder.join(name)).unwrap();
    assert!(lake.verify().unwrap().problems[0].what.contains("is missing"));
}
