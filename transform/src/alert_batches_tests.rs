use arrow::compute::concat_batches;
use jiff::civil::date;
use vigie_queries::{CriterionResult, Place};

use super::*;

fn event(day: i8, from: AlertState, to: AlertState) -> AlertEvent {
    AlertEvent {
        rule: "cover-tests".into(),
        place: Place::department("2A"),
        date: date(2020, 10, day),
        from,
        to,
        level: "tension".into(),
        value: Some(6.9),
        threshold: None,
        indicator: "test_days_of_cover".into(),
        rule_fingerprint: "f".into(),
        note: (day == 2).then(|| "note".to_owned()),
    }
}

fn stamp() -> Stamp<'static> {
    let at = "2020-10-13T08:00:00Z".parse().unwrap();
    Stamp { issued_at: at, recorded_at: at, by: "vigie build" }
}

#[test]
fn events_come_back_as_written_in_whatever_order_the_rows_are() {
    use AlertState::{Active, Clearing, Inactive, Pending, Resolved};
    let events = vec![
        event(1, Inactive, Pending),
        event(1, Pending, Active),
        event(2, Active, Clearing),
        event(2, Clearing, Resolved),
        event(2, Resolved, Pending),
    ];
    let expected = {
        let mut rows = events.clone();
        rows.swap(2, 4);
        rows.swap(3, 4);
        rows
    };
    let mut backwards = events.clone();
    backwards.reverse();
    let batch = events_batch(&backwards, stamp(), false).unwrap();
    assert_eq!(events_of(&[batch]).unwrap(), expected);
}

#[test]
fn a_revoked_event_no_longer_stands_until_it_is_written_again() {
    use AlertState::{Active, Inactive, Pending};
    let events = [event(1, Inactive, Pending), event(2, Pending, Active)];
    let written = events_batch(&events, stamp(), false).unwrap();
    let revoked = events_batch(&events[1..], stamp(), true).unwrap();
    let both = concat_batches(&events_schema(), [&revoked, &written]).unwrap();
    assert_eq!(events_of(std::slice::from_ref(&both)).unwrap(), events[..1]);
    let again = events_batch(&events[1..], stamp(), false).unwrap();
    assert_eq!(events_of(&[both, again]).unwrap(), events);
}

#[test]
fn judgements_come_back_as_written_and_are_sorted_by_key() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let criteria = vec![CriterionResult {
        id: "rt_pcr".into(),
        value: Some(6.5),
        threshold: Some(7.0),
        rank: None,
        missing_reason: Some("« rien »".into()),
    }];
    let judgement = |place: Place, day: i8| Judgement {
        rule: "cover-tests".into(),
        place,
        date: date(2020, 2, day),
        rank: 1,
        rank_max: 2,
        level: "tension".into(),
        criteria: criteria.clone(),
    };
    let sorted = vec![
        judgement(Place::department("2A"), 28),
        judgement(Place::department("2A"), 29),
        judgement(Place::region("11"), 1),
    ];
    let mut mixed = sorted.clone();
    mixed.reverse();
    let batch = judgements_batch(&vocabulary, &mixed).unwrap();
    assert_eq!(batch.schema(), judgements_schema());
    assert_eq!(judgements_of(std::slice::from_ref(&batch)).unwrap(), sorted);
    let fingerprints = batch.column_by_name("rule_fingerprint").unwrap().as_string::<i32>().clone();
    assert_eq!(fingerprints.value(0), vocabulary.rule("cover-tests").unwrap().fingerprint);
}

#[test]
fn no_rows_are_fine_and_a_missing_column_is_said() {
    let empty = events_batch(&[], stamp(), false).unwrap();
    assert!(events_of(&[empty]).unwrap().is_empty());
    let fault = events_of(&[RecordBatch::new_empty(judgements_schema())]).unwrap_err().to_string();
    assert!(fault.contains("\"state_from\" is missing"), "{fault}");
}
