//! Random editions, in random order of issue, against a model of a few lines.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

/// Editions in the order they were recorded, each with its issue.
type History = Vec<(i64, Rows)>;

/// What a snapshot table shows: the newest issue up to then, its last record winning.
fn snapshot_model(history: &History, issued: i64, recorded: usize) -> Rows {
    let seen = history[..recorded].iter().filter(|(issue, _)| *issue <= issued);
    seen.max_by_key(|(issue, _)| *issue).map(|(_, edition)| edition.clone()).unwrap_or_default()
}

/// What an increment table shows when editions come in order of issue: the last word on each key.
fn increment_model(history: &History, issued: i64, recorded: usize) -> Rows {
    let seen = history[..recorded].iter().filter(|(issue, _)| *issue <= issued);
    seen.flat_map(|(_, edition)| edition.clone()).collect()
}

fn edition() -> impl Strategy<Value = Rows> {
    let dep = prop::sample::select(vec!["01", "2A", "2B", "974"]).prop_map(str::to_owned);
    btree_map((dep, 0_i64..3), prop::option::of(0_i64..3), 1..8)
}

fn check(history: &History, snapshot: bool, compact: bool) {
    let model = if snapshot { snapshot_model } else { increment_model };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (lake, spec) = (open(folder.path()), beds(snapshot));
        for (turn, (issue, edition)) in history.iter().enumerate() {
            fetch(&lake, &spec, edition, day(*issue), day(turn as i64 + 21)).await;
        }
        if compact {
            let specs = [spec.clone(), tables::fetches(), tables::findings()];
            lake.compact(&specs, crate::Month { year: 2021, month: 1 }.start()).await.unwrap();
        }
        for recorded in [history.len(), history.len() / 2] {
            for issued in [1, 3, 6, 20] {
                let as_of = AsOf { issued: day(issued), recorded: day(recorded as i64 + 20) };
                let expected = model(history, issued, recorded);
                assert_eq!(view(&lake, &spec, as_of).await, expected, "issued {issued}, recorded {recorded}");
            }
        }
        assert_sound(&lake);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn snapshots_in_any_order_of_issue_read_as_the_model(
        history in vec((1_i64..7, edition()), 1..7), compact: bool,
    ) {
        check(&history, true, compact);
    }

    #[test]
    fn increments_in_order_of_issue_read_as_the_model(
        mut history in vec((1_i64..7, edition()), 1..7), compact: bool,
    ) {
        history.sort_by_key(|(issue, _)| *issue);
        check(&history, false, compact);
    }
}
