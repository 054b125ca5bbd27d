use jiff::civil::{Date, date};
use vigie_queries::{AlertEvent, AlertState, Judgement, Place, Rule};

use super::{Act, review};

fn rule(more: &str) -> Rule {
    let text = format!(
        r#"
id = "r"
title_fr = "Règle"
reference = "test"
source_grade = "vigie"
geo_types = ["department"]
combine = "any"
{more}
[[levels]]
id = "alerte"
title_fr = "Alerte"
action_fr = "Agir."
legal_status = "zca"

[[criteria]]
id = "c"
title_fr = "C"
indicator = "cases_7d"
comparison = ">"
thresholds = [{{ levels = {{ alerte = 10 }} }}]
"#
    );
    Rule::parse("rules/r.toml", &text).unwrap()
}

fn day(n: i32) -> Date {
    date(2020, 9, 1).saturating_add(jiff::Span::new().days(n))
}

/// Ten departments over 40 days; `over` says which are in alert on which day.
fn judged(over: impl Fn(usize, i32) -> bool) -> Vec<Judgement> {
    let places = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"];
    let one = |(at, code): (usize, &&str), n| {
        let rank = u8::from(over(at, n));
        let level = if rank == 1 { "alerte" } else { "none" };
        Judgement {
            rule: "r".into(),
            place: Place::department(code),
            date: day(n),
            rank,
            rank_max: rank,
            level: level.into(),
            criteria: Vec::new(),
        }
    };
    (0..40).flat_map(|n| places.iter().enumerate().map(move |place| one(place, n))).collect()
}

fn raised(code: &str, n: i32) -> AlertEvent {
    AlertEvent {
        rule: "r".into(),
        place: Place::department(code),
        date: day(n),
        from: AlertState::Pending,
        to: AlertState::Active,
        level: "alerte".into(),
        value: None,
        threshold: None,
        indicator: "cases_7d".into(),
        rule_fingerprint: String::new(),
        note: None,
    }
}

fn act(code: &str, n: i32, whole: bool) -> Act {
    Act { place: Place::department(code), starts: day(n), ends: None, rank: 1, whole }
}

fn codes(found: &super::Review) -> Vec<&'static str> {
    found.findings.iter().map(|finding| finding.code).collect()
}

/// The fault of the beds of Occitanie: not one warning on 122 days, and three steps opened.
#[test]
fn a_rule_that_never_fires_is_told_and_its_acts_are_without_warning() {
    let found = review(&rule(""), &judged(|_, _| false), &[], &[act("01", 20, true)]);
    assert_eq!(codes(&found), ["never-fires", "warns-late"]);
    assert_eq!((found.alerts, found.fired, found.warned()), (0, 0, 0));
    assert_eq!(found.acts[0].warned, None);
}

/// The fault of the indicators of 28 May: nine departments in ten in alert for weeks.
#[test]
fn a_rule_under_which_nearly_all_stand_in_alert_is_told_unless_its_owner_says_why() {
    let all_but_one = judged(|place, n| place > 0 && n >= 5);
    let events = [raised("02", 5)];
    let found = review(&rule(""), &all_but_one, &events, &[]);
    assert_eq!(codes(&found), ["always-fires"]);
    assert_eq!(found.nearly_all.map(|stretch| (stretch.from, stretch.days)), Some((day(5), 35)));
    assert_eq!(found.findings[0].owned, None);
    let own = rule("[owned]\nalways_fires = \"pic de l’automne\"\n");
    let found = review(&own, &all_but_one, &events, &[]);
    assert_eq!(found.findings[0].owned.as_deref(), Some("pic de l’automne"));
    // Seven in ten still tell places apart; 27 days are no long time.
    assert!(review(&rule(""), &judged(|place, _| place > 2), &events, &[]).findings.is_empty());
    assert!(review(&rule(""), &judged(|_, n| n < 27), &events, &[]).findings.is_empty());
}

#[test]
fn notice_is_counted_from_the_first_day_at_the_level_to_the_act() {
    let judgements = judged(|place, n| match place {
        0 => n >= 10,
        1 => n >= 22,
        2 => n >= 30,
        _ => false,
    });
    let events = [raised("01", 10), raised("02", 22), raised("03", 30)];
    let acts = [act("01", 20, true), act("02", 20, true), act("04", 20, true)];
    let found = review(&rule(""), &judgements, &events, &acts);
    let notice: Vec<Option<i32>> = found.acts.iter().map(|act| act.notice_days).collect();
    assert_eq!(notice, [Some(10), Some(-2), None], "ten days before, two after, never");
    assert_eq!((found.warned(), found.median_notice()), (1, Some(-2)));
    assert_eq!(codes(&found), ["warns-late"], "one act of three was told in time");
    // The third place is answered by no act: a false alarm, where all acts are known.
    assert_eq!(found.false_alarms, Some(1));
    let partial = [act("01", 20, false)];
    assert_eq!(review(&rule(""), &judgements, &events, &partial).false_alarms, None);
}

#[test]
fn days_that_the_data_do_not_decide_are_no_silence() {
    let mut judgements = judged(|_, _| false);
    judgements.iter_mut().for_each(|judgement| judgement.rank_max = 1);
    let found = review(&rule(""), &judgements, &[], &[act("01", 20, true)]);
    assert_eq!((found.decided, found.findings.len()), (0, 0));
    assert!(found.acts[0].undecided && found.decided_acts() == 0);
}
