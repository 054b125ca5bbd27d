//! One order of all commits, and the instant up to which nothing changes any more.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const MICRO: Duration = Duration::from_micros(1);

#[test]
fn stamps_rise_when_the_clock_jumps_back_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let first = lake.stamp(day(9)).unwrap().recorded_at();
    assert_eq!(first, day(9));
    assert_eq!(lake.stamp(day(3)).unwrap().recorded_at(), day(9) + MICRO);
    drop(lake);
    let lake = open(folder.path());
    assert_eq!(lake.stamp(day(1)).unwrap().recorded_at(), day(9) + MICRO * 2);
    assert_eq!(lake.present(day(1)).unwrap(), day(9) + MICRO * 2);
    assert_eq!(lake.present(day(10)).unwrap(), day(10));
    assert_eq!(lake.stamp(day(10)).unwrap().recorded_at(), day(10));
    // One mark stays, however many stamps were given.
    let marks = crate::layout::entries(&lake.root().join("locks")).unwrap();
    assert_eq!(marks.iter().filter(|name| name.starts_with("stamp-")).count(), 1, "{marks:?}");
}

#[tokio::test]
async fn a_lake_without_marks_goes_by_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    for turn in [1, 8] {
        fetch(&lake, &beds(true), &rows(&[("01", 1, Some(turn))]), day(turn), day(turn)).await;
    }
    let newest = fetches(&lake)[0].recorded_at;
    for compacted in [false, true] {
        if compacted {
            let specs = [beds(true), tables::fetches(), tables::findings()];
            lake.compact(&specs, crate::Month { year: 2020, month: 11 }.start()).await.unwrap();
        }
        for name in crate::layout::entries(&lake.root().join("locks")).unwrap() {
            if name.starts_with("stamp-") {
                std::fs::remove_file(lake.root().join("locks").join(name)).unwrap();
            }
        }
        assert_eq!(lake.settled().unwrap(), newest);
        assert_eq!(lake.present(day(1)).unwrap(), newest);
        assert_eq!(open(folder.path()).settled().unwrap(), newest, "marked at the next opening");
    }
    assert!(lake.stamp(day(2)).unwrap().recorded_at() > newest);
}

#[tokio::test]
async fn what_is_under_way_is_not_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, other) = (open(folder.path()), open(folder.path()));
    assert_eq!(lake.settled().unwrap(), Timestamp::MIN);
    let slow = lake.stamp(day(1)).unwrap();
    fetch(&other, &beds(true), &rows(&[("01", 1, Some(5))]), day(2), day(2)).await;
    assert_eq!(other.settled().unwrap(), day(1) - MICRO);
    let quick = other.stamp(day(4)).unwrap();
    drop(slow);
    assert_eq!(lake.settled().unwrap(), day(4) - MICRO);
    drop(quick);
    assert_eq!(lake.settled().unwrap(), day(4));
}

#[tokio::test]
async fn a_commit_that_failed_half_way_is_completed_before_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let edition = [batch(&rows(&[("01", 1, Some(5))]))];
    let change = compare(&lake, &spec, &edition, day(1), (day(1), "ab")).await.unwrap();
    let record = FetchRecord {
        fetch_id: "ab".into(),
        source: "beds".into(),
        outcome: Outcome::New,
        ..Default::default()
    };
    // A link to nowhere in the place of the folder of `fetches`: its row cannot be written.
    let blocked = lake.root().join("tables/fetches");
    std::os::unix::fs::symlink("nowhere", &blocked).unwrap();
    lake.commit_fetch(&lock, &spec, change, &record, &[]).await.unwrap_err();
    drop(lock);
    std::fs::remove_file(&blocked).unwrap();
    assert_eq!(fetches(&lake).len(), 0);
    assert_eq!(lake.settled().unwrap(), day(1));
    assert_eq!(fetches(&lake).len(), 1, "the row was not completed");
    assert_sound(&lake);
}

#[tokio::test]
async fn a_transaction_counts_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let null = |spec: &TableSpec| {
        let fields = spec.schema.fields().iter();
        let columns = fields.map(|field| arrow::array::new_null_array(field.data_type(), 1)).collect();
        RecordBatch::try_new(Arc::clone(&spec.schema), columns).unwrap()
    };
    let count = async |lake: &Lake, table: &str| {
        number(lake, &tables::all(), AsOf::everything(), &format!("select count(*) from {table}")).await
    };
    let (values, bulletins) = (tables::published_values(), tables::bulletins());
    for commit in [false, true] {
        let both = lake.transaction(day(2)).unwrap();
        lake.append_under(both.stamp(), &values, &[null(&values)], "b1").await.unwrap();
        assert_eq!(lake.settled().unwrap(), both.stamp().recorded_at() - MICRO);
        if commit {
            lake.append_under(both.stamp(), &bulletins, &[null(&bulletins)], "b1").await.unwrap();
            both.commit().unwrap();
        } else {
            drop(both);
        }
        // The next stamp clears what does not count.
        let next = lake.stamp(day(1)).unwrap().recorded_at();
        assert_eq!(lake.settled().unwrap(), next);
        let expected = i64::from(commit);
        assert_eq!(
            (count(&lake, "published_values").await, count(&lake, "bulletins").await),
            (expected, expected)
        );
    }
    let recorded =
        number(&lake, &tables::all(), AsOf::everything(), "select count(recorded_at) from bulletins").await;
    assert_eq!(recorded, 1, "a column recorded_at takes the instant of the stamp");
}

#[tokio::test]
async fn a_commit_under_way_is_left_out_of_a_merge() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    for turn in 1..4 {
        fetch(&lake, &beds(true), &rows(&[("01", 1, Some(turn))]), day(turn), day(turn)).await;
    }
    let november = crate::Month { year: 2020, month: 11 }.start();
    let under_way = lake.stamp(day(4)).unwrap();
    fetch(&lake, &beds(true), &rows(&[("01", 1, Some(3)), ("03", 1, Some(1))]), day(5), day(5)).await;
    let done = lake.compact(&[beds(true)], november).await.unwrap();
    assert_eq!((done.len(), done[0].files), (1, 3), "what comes after it is left alone");
    assert_eq!(lake.compact(&[beds(true)], november).await.unwrap(), []);
    drop(under_way);
    // Later commits of a merged month: merged again under a new name.
    lake.write_versions(&beds(true), &[versions("02", 9)], day(6), "late").unwrap();
    assert_eq!(lake.compact(&[beds(true)], november).await.unwrap().len(), 1);
    assert_eq!(names(&lake, "beds"), ["2020-10.2.parquet"]);
    assert_eq!(
        view(&lake, &beds(true), AsOf::everything()).await,
        rows(&[("01", 1, Some(3)), ("02", 1, Some(9)), ("03", 1, Some(1))])
    );
}

/// One version, with its columns.
fn versions(dep: &str, n: i64) -> RecordBatch {
    let rows = batch(&rows(&[(dep, 1, Some(n))]));
    let issued = arrow::array::TimestampMicrosecondArray::from(vec![crate::spec::micros(day(6))]);
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (at, field) in rows.schema().fields().iter().enumerate() {
        columns.push((field.name().clone(), Arc::clone(rows.column(at))));
    }
    columns.push(("issued_at".into(), Arc::new(issued.with_timezone("UTC"))));
    columns.push(("withdrawn".into(), Arc::new(arrow::array::BooleanArray::from(vec![false]))));
    RecordBatch::try_from_iter(columns).unwrap()
}

const TURNS: i64 = 12;

/// Run by the test below in processes of their own: adds keys under a clock that jumps, and prints each instant.
#[test]
fn child_that_adds_keys_under_a_jumping_clock() {
    let Some(folder) = std::env::var_os("VIGIE_STORE_STAMPS") else { return };
    let me: i64 = std::env::var("VIGIE_STORE_ME").unwrap().parse().unwrap();
    add(Path::new(&folder), me, |at| println!("at {at}"));
}

fn add(folder: &Path, me: i64, said: impl Fn(Timestamp)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lake = open(folder);
    runtime.block_on(async {
        for turn in 0..TURNS {
            // Forth and back, differently for each.
            let now = day(1 + (turn * 7 + me * 3) % 11);
            let edition = rows(&[(&format!("{me:02}"), turn, Some(turn))]);
            let (_, record) = fetch(&lake, &beds(false), &edition, day(1), now).await;
            said(record.recorded_at);
        }
    });
}

fn child(folder: &Path, me: i64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::stamps::child_that_adds_keys_under_a_jumping_clock", "--nocapture"]);
    command.env("VIGIE_STORE_STAMPS", folder).env("VIGIE_STORE_ME", me.to_string());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn what_is_settled_stays_as_it_is_whoever_writes_and_dies() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_path_buf();
    let lake = open(folder.path());
    let threads: Vec<_> = (0..2)
        .map(|me| {
            let place = place.clone();
            std::thread::spawn(move || add(&place, me, |_| ()))
        })
        .collect();
    let mut children: Vec<Child> = (2..5).map(|me| child(&place, me)).collect();
    // One of them is killed after its third commit.
    let mut said = BufReader::new(children[0].stdout.take().unwrap()).lines();
    let killed: Vec<String> =
        said.by_ref().map(Result::unwrap).filter(|line| line.starts_with("at")).take(3).collect();
    children[0].kill().unwrap();
    let mut seen: Vec<(Timestamp, Rows, usize)> = Vec::new();
    let look = async |lake: &Lake, at: Timestamp| {
        let as_of = AsOf { issued: Timestamp::MAX, recorded: at };
        let polls = fetches(lake).iter().filter(|fetch| fetch.recorded_at <= at).count();
        (view(lake, &beds(false), as_of).await, polls)
    };
    loop {
        let settled = lake.settled().unwrap();
        if seen.last().is_none_or(|(last, _, _)| *last < settled) {
            let (shown, polls) = look(&lake, settled).await;
            seen.push((settled, shown, polls));
        }
        assert!(seen.is_sorted_by_key(|(at, _, _)| *at));
        let over = threads.iter().all(std::thread::JoinHandle::is_finished)
            && children.iter_mut().all(|child| child.try_wait().unwrap().is_some());
        if over {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(!seen.is_empty(), "nothing was ever settled while they wrote");
    for (at, shown, polls) in &seen {
        assert_eq!(&look(&lake, *at).await, &(shown.clone(), *polls), "what was settled at {at} changed");
    }
    let fetches = fetches(&lake);
    let instants: BTreeSet<Timestamp> = fetches.iter().map(|fetch| fetch.recorded_at).collect();
    assert_eq!(instants.len(), fetches.len(), "two commits share an instant");
    for line in killed {
        let at = line.trim_start_matches("at ").parse().unwrap();
        assert!(instants.contains(&at), "a commit that was told is gone: {at}");
    }
    assert_eq!(lake.settled().unwrap(), *instants.last().unwrap());
    assert_sound(&lake);
}
