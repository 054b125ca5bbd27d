//! One flipped bit at a time, all over a small lake: each is found and named.

use super::*;
use crate::Error;

/// Every file of bodies and tables, with its folder inside the lake.
fn files(lake: &Lake) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for part in ["raw", "tables"] {
        for inner in crate::layout::entries(&lake.root().join(part)).unwrap() {
            let folder = lake.root().join(part).join(inner);
            found.extend(crate::layout::entries(&folder).unwrap().into_iter().map(|name| folder.join(name)));
        }
    }
    found.sort();
    found
}

/// Flips a bit at every 97th byte of every file, one at a time; the problems must name the file.
fn flip_all(lake: &Lake, look: impl Fn() -> Result<Vec<std::path::PathBuf>, Error>) {
    let (mut flips, mut harmless) = (0, 0);
    for (number, path) in files(lake).iter().enumerate() {
        let sound = std::fs::read(path).unwrap();
        for at in (number % 97..sound.len()).step_by(97) {
            let mut damaged = sound.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(path, &damaged).unwrap();
            let named = match look() {
                Ok(files) => files,
                Err(fault) => fault.path().map(Path::to_path_buf).into_iter().collect(),
            };
            flips += 1;
            if named.contains(path) {
                continue;
            }
            // A packed body may be written in more than one way: what it unpacks to is what counts.
            let (folder, name) = (path.parent().unwrap(), path.file_stem().unwrap().to_str().unwrap());
            let source = folder.file_name().unwrap().to_str().unwrap();
            assert_eq!(path.extension().unwrap(), "zst", "{}: byte {at} passed in silence", path.display());
            lake.body(source, name, &lake.spool().join("again")).unwrap();
            harmless += 1;
        }
        std::fs::write(path, &sound).unwrap();
    }
    println!("{flips} flips, {harmless} harmless");
    assert!(flips > 100 && harmless * 20 < flips, "{flips} flips, {harmless} harmless");
}

#[tokio::test]
async fn no_flipped_bit_passes_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(&folder.path().join("lake"));
    for turn in 1..6 {
        let edition: Rows = (0..40).map(|at| ((format!("{:02}", at % 7), at), Some(at * turn))).collect();
        fetch(&lake, &beds(true), &edition, day(turn), day(turn * 9)).await;
    }
    let specs = [beds(true), tables::fetches(), tables::findings()];
    lake.compact(&specs, crate::Month { year: 2020, month: 11 }.start()).await.unwrap();
    assert_sound(&lake);
    let named =
        |report: crate::VerifyReport| report.problems.into_iter().map(|problem| problem.file).collect();
    flip_all(&lake, || lake.verify().map(named));
    assert_sound(&lake);
    // The same from a fresh start, as `vigie verify` does it.
    let root = lake.root().to_path_buf();
    flip_all(&lake, || {
        let lake = match Lake::open(&root) {
            Err(Error::Damaged { .. } | Error::Parquet { .. }) => Lake::open_as_it_is(&root)?,
            lake => lake?,
        };
        lake.verify().map(named)
    });
    assert_sound(&lake);
}

#[tokio::test]
async fn missing_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let mut records = Vec::new();
    for turn in 1..3 {
        let edition = rows(&[("01", 1, Some(turn))]);
        records.push(fetch(&lake, &beds(true), &edition, day(turn), day(turn)).await.1);
    }
    for path in files(&lake).iter().filter(|path| !path.to_string_lossy().contains("findings")) {
        let sound = std::fs::read(path).unwrap();
        std::fs::remove_file(path).unwrap();
        let problems = lake.verify().unwrap().problems;
        assert_eq!(problems.len(), 1, "{}: {problems:#?}", path.display());
        let told = format!("{} {}", problems[0].file.display(), problems[0].what);
        let record = records.iter().find(|record| {
            path.to_string_lossy().contains(&record.fetch_id)
                || path.to_string_lossy().contains(record.sha256.as_deref().unwrap())
        });
        assert!(told.contains(&record.unwrap().fetch_id), "{}: {told}", path.display());
        std::fs::write(path, sound).unwrap();
    }
    assert_sound(&lake);
}

#[tokio::test]
async fn numbers_of_a_bulletin_that_has_no_row_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), tables::published_values());
    let mut columns: Vec<ArrayRef> =
        spec.schema.fields().iter().map(|field| arrow::array::new_null_array(field.data_type(), 1)).collect();
    columns[0] = Arc::new(StringArray::from(vec!["b1"]));
    let batch = RecordBatch::try_new(Arc::clone(&spec.schema), columns).unwrap();
    lake.append(&spec, &[batch], day(1), "b1").await.unwrap();
    let problems = lake.verify().unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].what.contains("b1"));
}
