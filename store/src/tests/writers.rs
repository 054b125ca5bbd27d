//! Several writers at once.

use std::process::Command;

use super::*;

#[test]
fn a_held_lock_is_refused_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let held = lake.lock("beds", Duration::ZERO).unwrap();
    let other = open(folder.path());
    let fault = other.lock("beds", Duration::from_millis(30)).unwrap_err();
    assert!(matches!(&fault, crate::Error::Locked { table, .. } if table == "beds"), "{fault}");
    other.lock("tests", Duration::ZERO).unwrap();
    drop(held);
    other.lock("beds", Duration::ZERO).unwrap();
}

/// Run by the test below in processes of their own.
#[test]
fn child_that_adds_keys() {
    let Some(folder) = std::env::var_os("VIGIE_STORE_WRITER") else { return };
    let me: i64 = std::env::var("VIGIE_STORE_ME").unwrap().parse().unwrap();
    write(Path::new(&folder), me);
}

const TURNS: i64 = 6;

/// Adds one key a turn, as an increment.
fn write(folder: &Path, me: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lake = open(folder);
    runtime.block_on(async {
        for turn in 0..TURNS {
            let edition = rows(&[(&format!("{me:02}"), turn, Some(turn))]);
            fetch(&lake, &beds(false), &edition, day(1), day(1)).await;
        }
    });
}

#[tokio::test]
async fn writers_in_threads_and_processes_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_path_buf();
    let threads: Vec<_> = (0..3)
        .map(|me| {
            std::thread::spawn({
                let place = place.clone();
                move || write(&place, me)
            })
        })
        .collect();
    let children: Vec<_> = (3..6)
        .map(|me| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "tests::writers::child_that_adds_keys"]);
            command.env("VIGIE_STORE_WRITER", &place).env("VIGIE_STORE_ME", me.to_string());
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let lake = open(folder.path());
    assert_eq!(view(&lake, &beds(false), AsOf::everything()).await.len() as i64, 6 * TURNS);
    let fetches = fetches(&lake);
    assert_eq!(fetches.len() as i64, 6 * TURNS);
    let recorded: std::collections::BTreeSet<Timestamp> =
        fetches.iter().map(|fetch| fetch.recorded_at).collect();
    assert_eq!(recorded.len() as i64, 6 * TURNS, "two commits share an instant");
    assert_sound(&lake);
}
