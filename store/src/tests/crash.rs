//! A process that dies at each step of a commit leaves a lake that is whole.

use std::process::Command;

use super::*;

/// Run by the tests below in a process of its own, with `VIGIE_CRASH_AT` set.
#[test]
fn child_that_fetches() {
    let Some(folder) = std::env::var_os("VIGIE_STORE_CHILD") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lake = open(Path::new(&folder));
        fetch(&lake, &beds(true), &second(), day(2), day(2)).await;
        if std::env::var_os("VIGIE_STORE_COMPACT").is_some() {
            let specs = [beds(true), tables::fetches(), tables::findings()];
            lake.compact(&specs, crate::Month { year: 2020, month: 11 }.start()).await.unwrap();
        }
    });
}

fn first() -> Rows {
    rows(&[("01", 1, Some(5)), ("2A", 1, Some(7))])
}

fn second() -> Rows {
    rows(&[("01", 1, Some(6)), ("2B", 1, Some(1))])
}

/// Runs the child; whether it died.
fn child(folder: &Path, crash_at: &str, compact: bool) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::crash::child_that_fetches", "--nocapture"]);
    command.env("VIGIE_STORE_CHILD", folder).env("VIGIE_CRASH_AT", crash_at);
    if compact {
        command.env("VIGIE_STORE_COMPACT", "1");
    }
    !command.output().unwrap().status.success()
}

#[tokio::test]
async fn a_crash_at_any_step_loses_nothing_and_doubles_nothing() {
    // Before the data file is there nothing happened; after it, everything did.
    let steps = [
        ("body-written", false),
        ("body-kept", false),
        ("stamp-taken", false),
        ("findings-prepared", false),
        ("data-written", false),
        ("data-committed", true),
        ("findings-published", true),
        ("fetch-recorded", true),
    ];
    for (step, applied) in steps {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path());
        fetch(&lake, &beds(true), &first(), day(1), day(1)).await;
        drop(lake);
        assert!(child(folder.path(), step, false), "the child did not stop at {step}");
        let lake = open(folder.path());
        let expected = if applied { second() } else { first() };
        assert_eq!(view(&lake, &beds(true), AsOf::everything()).await, expected, "{step}");
        let n = if applied { 2 } else { 1 };
        let specs = tables::all();
        for table in ["fetches", "findings"] {
            let count = format!("select count(*) from {table}");
            assert_eq!(number(&lake, &specs, AsOf::everything(), &count).await, n, "{step}: {table}");
        }
        assert_sound(&lake);
        for folder in ["tables/beds", "tables/fetches", "tables/findings", "raw/beds", "spool"] {
            let left = crate::layout::entries(&lake.root().join(folder)).unwrap();
            assert!(left.iter().all(|name| !name.starts_with('.')), "{step}: {folder}: {left:?}");
        }
        // The same fetch again completes the work.
        drop(lake);
        assert!(!child(folder.path(), "", false));
        let lake = open(folder.path());
        assert_eq!(view(&lake, &beds(true), AsOf::everything()).await, second(), "{step}");
        assert_sound(&lake);
    }
}

#[tokio::test]
async fn a_crash_in_a_compaction_doubles_nothing() {
    for step in ["merge-written", "merge-begun", "merge-published", "merge-removed"] {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path());
        fetch(&lake, &beds(true), &first(), day(1), day(1)).await;
        drop(lake);
        assert!(child(folder.path(), step, true), "the child did not stop at {step}");
        let lake = open(folder.path());
        assert_eq!(view(&lake, &beds(true), AsOf::everything()).await, second(), "{step}");
        assert_eq!(
            number(&lake, &tables::all(), AsOf::everything(), "select count(*) from fetches").await,
            2
        );
        assert_sound(&lake);
        let n_files = names(&lake, "beds").len();
        assert_eq!(
            n_files,
            if matches!(step, "merge-published" | "merge-removed") { 1 } else { 2 },
            "{step}"
        );
        let left = crate::layout::entries(&lake.root().join("locks")).unwrap();
        assert!(left.iter().all(|name| !name.starts_with("merging-")), "{step}: {left:?}");
    }
}

#[tokio::test]
async fn leftovers_of_a_live_lake_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    fetch(&lake, &beds(true), &first(), day(1), day(1)).await;
    let leftover = lake.spool().join(".tmp-1-0-x.parquet");
    std::fs::write(&leftover, b"half").unwrap();
    let second = open(folder.path());
    assert!(leftover.exists());
    assert_eq!(view(&second, &beds(true), AsOf::everything()).await, first());
    drop((lake, second));
    open(folder.path());
    assert!(!leftover.exists());
}
