//! Backups made while writers go on, their way back, and what an interrupted one leaves.

use std::process::Command;

use super::*;
use crate::Error;

/// What a lake shows as of an instant: the table, and the polls.
async fn shown(lake: &Lake, at: Timestamp) -> (Rows, i64, i64) {
    let as_of = AsOf { issued: Timestamp::MAX, recorded: at };
    let count = async |table: &str| {
        number(lake, &tables::all(), as_of, &format!("select count(*) from {table}")).await
    };
    (view(lake, &beds(true), as_of).await, count("fetches").await, count("findings").await)
}

async fn add(lake: &Lake, turn: i64) {
    let edition = rows(&[("01", 1, Some(turn)), ("2A", turn % 5, Some(turn))]);
    fetch(lake, &beds(true), &edition, day(turn), day(turn)).await;
}

#[tokio::test]
async fn a_backup_made_while_writers_go_on_is_the_lake_at_its_settled_instant() {
    let folder = tempfile::tempdir().unwrap();
    let (place, to) = (folder.path().join("lake"), folder.path().join("backup"));
    let lake = open(&place);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (place, stop) = (place.clone(), Arc::clone(&stop));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let lake = open(&place);
            let mut turn = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                turn += 1;
                runtime.block_on(add(&lake, turn));
            }
            turn
        }
    });
    let mut last = None;
    for turn in 0..6 {
        while lake.settled().unwrap() < last.unwrap_or(Timestamp::MIN) + Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let made = lake.backup(&to).unwrap();
        assert!(last < Some(made.settled));
        last = Some(made.settled);
        let copy = open(&to);
        assert_eq!(shown(&copy, Timestamp::MAX).await, shown(&lake, made.settled).await, "backup {turn}");
        assert_sound(&copy);
        assert!(matches!(copy.stamp(day(1)), Err(Error::ReadOnly { .. })));
        assert!(turn == 0 || made.files_copied < made.files, "{made:?}");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(writer.join().unwrap() > 6);
    // The list is one that the usual program reads.
    let checked = Command::new("sha256sum").args(["-c", "--quiet", "SHA256SUMS"]).current_dir(&to).output();
    if let Ok(checked) = checked {
        assert!(checked.status.success(), "{checked:?}");
    }
    let restored = Lake::restore(&to, &folder.path().join("new")).unwrap();
    let new = open(&folder.path().join("new"));
    assert_eq!(Some(restored.settled), last);
    assert_eq!(shown(&new, Timestamp::MAX).await, shown(&lake, restored.settled).await);
    // It is written on, after all that was ever recorded.
    assert!(new.stamp(day(1)).unwrap().recorded_at() > restored.settled);
    add(&new, 99).await;
    assert_sound(&new);
}

#[tokio::test]
async fn a_merged_month_takes_the_place_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, to) = (open(&folder.path().join("lake")), folder.path().join("backup"));
    for turn in 1..5 {
        add(&lake, turn).await;
    }
    let first = lake.backup(&to).unwrap();
    assert_eq!((first.files, first.files_copied, first.files_removed), (17, 17, 0));
    assert_eq!(lake.backup(&to).unwrap().files_copied, 0);
    let before = shown(&lake, Timestamp::MAX).await;
    let specs = [beds(true), tables::fetches(), tables::findings()];
    lake.compact(&specs, crate::Month { year: 2020, month: 11 }.start()).await.unwrap();
    let second = lake.backup(&to).unwrap();
    assert_eq!((second.files, second.files_copied, second.files_removed), (1 + 4 + 3, 3, 12));
    let copy = open(&to);
    assert_eq!(shown(&copy, Timestamp::MAX).await, before);
    assert_sound(&copy);
}

#[tokio::test]
async fn what_is_not_a_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(&folder.path().join("lake"));
    add(&lake, 1).await;
    let told = |result: Result<crate::BackupReport, Error>| result.unwrap_err().to_string();
    assert!(told(lake.backup(lake.root())).contains("something else"));
    assert!(told(lake.backup(&lake.root().join("a/b"))).contains("inside the lake"));
    let to = folder.path().join("backup");
    lake.backup(&to).unwrap();
    let told = |from: &Path, to: &Path| Lake::restore(from, to).unwrap_err().to_string();
    assert!(told(&to, lake.root()).contains("not empty"));
    assert!(told(lake.root(), &folder.path().join("new")).contains("no backup"));
    assert!(!folder.path().join("new").exists());
    // A damaged file of the backup is named, and no lake is made.
    let body = names_of(&to.join("raw/beds")).remove(0);
    std::fs::write(to.join("raw/beds").join(&body), b"other").unwrap();
    assert!(told(&to, &folder.path().join("new")).contains(&body));
    assert!(!folder.path().join("new").exists());
    let problems = open(&to).verify().unwrap().problems;
    assert!(
        problems.iter().any(|problem| problem.what.contains("the list of the backup says")),
        "{problems:?}"
    );
    // So is a damaged file of the lake: what was backed up stays.
    let sound = folder.path().join("sound");
    lake.backup(&sound).unwrap();
    add(&lake, 2).await;
    let newest = names(&lake, "beds").pop().unwrap();
    let path = lake.root().join("tables/beds").join(&newest);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(lake.backup(&sound).unwrap_err().to_string().contains(&newest));
    assert_sound(&open(&sound));
}

fn names_of(folder: &Path) -> Vec<String> {
    crate::layout::entries(folder).unwrap()
}

/// Run by the test below in processes of their own, with `VIGIE_CRASH_AT` set.
#[test]
fn child_that_backs_up() {
    let Some(folder) = std::env::var_os("VIGIE_STORE_BACKUP") else { return };
    let folder = Path::new(&folder);
    if std::env::var_os("VIGIE_STORE_RESTORE").is_some() {
        Lake::restore(&folder.join("backup"), &folder.join("new")).unwrap();
    } else {
        open(&folder.join("lake")).backup(&folder.join("backup")).unwrap();
    }
}

fn child(folder: &Path, crash_at: &str, restore: bool) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::backup::child_that_backs_up", "--nocapture"]);
    command.env("VIGIE_STORE_BACKUP", folder).env("VIGIE_CRASH_AT", crash_at);
    if restore {
        command.env("VIGIE_STORE_RESTORE", "1");
    }
    !command.output().unwrap().status.success()
}

#[tokio::test]
async fn an_interrupted_backup_leaves_the_one_before_and_is_completed_by_the_next() {
    let steps =
        ["backup-file-copied:4", "backup-files-copied", "backup-list-written", "backup-list-published"];
    for step in steps {
        let folder = tempfile::tempdir().unwrap();
        let (place, to) = (folder.path().join("lake"), folder.path().join("backup"));
        let lake = open(&place);
        add(&lake, 1).await;
        add(&lake, 2).await;
        lake.backup(&to).unwrap();
        let before = shown(&lake, Timestamp::MAX).await;
        let specs = [beds(true), tables::fetches(), tables::findings()];
        lake.compact(&specs, crate::Month { year: 2020, month: 11 }.start()).await.unwrap();
        add(&lake, 3).await;
        let after = shown(&lake, Timestamp::MAX).await;
        assert!(child(folder.path(), step, false), "the child did not stop at {step}");
        let expected = if step == "backup-list-published" { &after } else { &before };
        let copy = open(&to);
        assert_eq!(&shown(&copy, Timestamp::MAX).await, expected, "{step}");
        assert_sound(&copy);
        Lake::restore(&to, &folder.path().join("from")).unwrap();
        assert_eq!(&shown(&open(&folder.path().join("from")), Timestamp::MAX).await, expected, "{step}");
        lake.backup(&to).unwrap();
        assert_eq!(shown(&open(&to), Timestamp::MAX).await, after, "{step}");
        let left = names_of(&to);
        assert_eq!(left.len(), 5, "{step}: {left:?}");
        for step in ["restore-file-copied:2", "restore-verified"] {
            assert!(child(folder.path(), step, true), "the child did not stop at {step}");
            assert!(!folder.path().join("new").exists(), "{step}");
        }
        assert!(!child(folder.path(), "", true));
        assert_eq!(shown(&open(&folder.path().join("new")), Timestamp::MAX).await, after);
        assert!(!folder.path().join("new.restoring").exists());
    }
}
