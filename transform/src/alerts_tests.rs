use jiff::civil::{Date, date};
use proptest::prelude::*;
use vigie_queries::{AlertState, Judgement, Place, Rule, Vocabulary};

use super::*;
use crate::judge::judge_values;

const RULE: &str = r#"
id = "heat"
title_fr = "Chaleur"
reference = "test"
source_grade = "vigie"
valid_to = 2020-10-20
geo_types = ["department", "region"]
combine = "any"
raise_days = 2
clear_days = 3
levels = [
  { id = "warm", title_fr = "Chaud", action_fr = "Ouvrir" },
  { id = "hot", title_fr = "Brûlant", action_fr = "Fuir" },
]
criteria = [
  { id = "t", title_fr = "T", indicator = "icu_patients", comparison = ">=", clear_ratio = 0.9, thresholds = [{ levels = { warm = 100, hot = 200 } }] },
  { id = "u", title_fr = "U", indicator = "tests_7d", comparison = ">=", thresholds = [{ levels = { warm = 100 } }] },
]
"#;

fn heat() -> Rule {
    Rule::parse("rules/heat.toml", RULE).unwrap()
}

fn judged(rule: &Rule, place: &Place, on: Date, given: &[(&str, f64)]) -> Judgement {
    let given = given.iter().map(|(id, value)| ((*id).to_owned(), *value)).collect();
    let found = judge_values(rule, &given, on);
    Judgement {
        rule: rule.id.clone(),
        place: place.clone(),
        date: on,
        rank: found.rank,
        rank_max: found.rank_max,
        level: found.level,
        criteria: found.criteria,
    }
}

/// Judgements of days from 1 October 2020 on: a number is the value of `t` (`u` is never known), `?` an unknown day,
/// `.` a day that was not judged.
fn days(rule: &Rule, text: &str) -> Vec<Judgement> {
    let place = Place::department("31");
    let start = date(2020, 10, 1);
    (0_i64..)
        .zip(text.split_whitespace())
        .filter(|(_, word)| *word != ".")
        .map(|(day, word)| {
            let on = start.checked_add(day.days()).unwrap();
            let given: Vec<(&str, f64)> = word.parse().ok().map(|value| ("t", value)).into_iter().collect();
            judged(rule, &place, on, &given)
        })
        .collect()
}

fn lines(events: &[AlertEvent]) -> String {
    let line = |event: &AlertEvent| {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
        let (value, threshold) = (number(event.value), number(event.threshold));
        let note = event.note.as_ref().map_or(String::new(), |note| format!(" {note}"));
        let (from, to) = (event.from.as_str(), event.to.as_str());
        format!("{} {from}>{to} {} {value}/{threshold}{note}", event.date.day(), event.level)
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn transitions() {
    for (fact, series, expected) in [
        ("nothing happens under the threshold", "99 99 99", ""),
        (
            "two days in a row raise, three under the clear threshold resolve",
            "99 100 120 89 80 70 70",
            "2 inactive>pending warm 100/100\n3 pending>active warm 120/100\n4 active>clearing none 89/90\n\
             6 clearing>resolved none 70/90",
        ),
        (
            "one day alone does not raise",
            "100 99 100 50",
            "1 inactive>pending warm 100/100\n2 pending>inactive none 99/100\n\
          3 inactive>pending warm 100/100\n4 pending>inactive none 50/100",
        ),
        (
            "between the two thresholds an alert stays",
            "100 100 95 91 90 95 90",
            "1 inactive>pending warm 100/100\n2 pending>active warm 100/100",
        ),
        (
            "a relapse makes it active again and the days of clearing start anew",
            "100 100 80 80 95 80 80 80",
            "1 inactive>pending warm 100/100\n2 pending>active warm 100/100\n3 active>clearing none 80/90\n\
             5 clearing>active none 95/90\n6 active>clearing none 80/90\n8 clearing>resolved none 80/90",
        ),
        (
            "a day over the threshold while clearing makes it active again",
            "100 100 80 130",
            "1 inactive>pending warm 100/100\n2 pending>active warm 100/100\n3 active>clearing none 80/90\n\
             4 clearing>active warm 130/100",
        ),
        (
            "unknown days and days not judged neither raise nor clear, and reset no count",
            "100 ? . 100 80 ? 80 . ? 80",
            "1 inactive>pending warm 100/100\n4 pending>active warm 100/100\n5 active>clearing none 80/90\n\
             10 clearing>resolved none 80/90",
        ),
        ("unknown from the start", "? ? ?", ""),
        (
            "a rise to a higher level is said once an episode",
            "100 100 200 150 210 120",
            "1 inactive>pending warm 100/100\n2 pending>active warm 100/100\n3 active>active hot 200/200",
        ),
        (
            "a new episode starts from resolved, and says its levels again",
            "200 200 0 0 0 200 200",
            "1 inactive>pending hot 200/200\n2 pending>active hot 200/200\n3 active>clearing none 0/90\n\
             5 clearing>resolved none 0/90\n6 resolved>pending hot 200/200\n7 pending>active hot 200/200",
        ),
        (
            "the end of the rule ends its alerts, and later days are not looked at",
            ". . . . . . . . . . . . . . . . . . 100 100 100 100",
            "19 inactive>pending warm 100/100\n20 pending>active warm 100/100\n\
             21 active>resolved none -/- La règle n’est plus en vigueur depuis le 21/10/2020.",
        ),
    ] {
        let rule = heat();
        let judgements = days(&rule, series);
        let (_, events) = follow(&rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 31));
        let events: Vec<AlertEvent> = match fact.contains("end of the rule") {
            true => events,
            false => events.into_iter().filter(|event| event.note.is_none()).collect(),
        };
        assert_eq!(lines(&events), expected, "{fact}");
    }
}

#[test]
fn a_criterion_that_did_not_raise_may_stay_unknown_while_the_alert_clears() {
    // `u` is unknown on every day of these series; the judgements are ranges, and the alert still resolves.
    let rule = heat();
    let judgements = days(&rule, "150 150 10 10 10");
    assert!(judgements[3].rank_max > judgements[3].rank);
    let (alert, _) = follow(&rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 5));
    assert_eq!(alert.unwrap().state, AlertState::Resolved);
}

#[test]
fn an_alert_says_since_when_its_level_and_what_to_do() {
    let rule = heat();
    let judgements = days(&rule, "99 100 250 95 ?");
    let (alert, _) = follow(&rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 5));
    let alert = alert.unwrap();
    assert_eq!((alert.state, alert.since), (AlertState::Active, date(2020, 10, 2)));
    assert_eq!((alert.level.as_str(), alert.rank, alert.action_fr.as_str()), ("hot", 2, "Fuir"));
    assert_eq!(alert.criteria[0].value, None, "those of the last judgement");
}

#[test]
fn an_alert_unheard_of_for_four_weeks_ends_with_that_reason_and_fresh_data_start_it_anew() {
    let rule = Rule { valid_to: None, ..heat() };
    let judgements = days(&rule, "100 100 100 ? ?");
    let refs: Vec<&Judgement> = judgements.iter().collect();
    let told = |until| follow(&rule, &refs, until).0.map(|alert| alert.state);
    assert_eq!(
        told(date(2020, 10, 31)),
        Some(AlertState::Active),
        "28 days after the last known value, on the 3rd"
    );
    assert_eq!(told(date(2020, 11, 1)), Some(AlertState::Silent), "listed for a week, and not as standing");
    assert_eq!(told(date(2020, 11, 8)), None);
    let (_, events) = follow(&rule, &refs, date(2020, 12, 31));
    assert_eq!(
        lines(&events[2..]),
        "1 active>silent unknown -/- Sans donnée fraîche depuis le 03/10/2020 : l’alerte n’est ni tenue, ni levée."
    );

    // Data are back after 40 days, while another criterion spoke all along: it says nothing of what had raised the alert.
    let mut judgements = days(&rule, "100 100");
    let place = Place::department("31");
    let day = |n: i64| date(2020, 10, 1).checked_add(n.days()).unwrap();
    judgements.extend((2..42).map(|n| judged(&rule, &place, day(n), &[("u", 5.0)])));
    judgements.extend((42..44).map(|n| judged(&rule, &place, day(n), &[("t", 150.0)])));
    let (alert, events) = follow(&rule, &judgements.iter().collect::<Vec<_>>(), day(43));
    let steps: Vec<(AlertState, AlertState)> = events.iter().map(|event| (event.from, event.to)).collect();
    use AlertState::{Active, Inactive, Pending, Silent};
    assert_eq!(
        steps,
        [(Inactive, Pending), (Pending, Active), (Active, Silent), (Silent, Pending), (Pending, Active)]
    );
    assert_eq!(alert.map(|alert| alert.since), Some(day(42)), "a new episode");
}

#[test]
fn a_resolved_alert_is_listed_for_a_week() {
    let rule = heat();
    let judgements = days(&rule, "100 100 0 0 0 0 0");
    let refs: Vec<&Judgement> = judgements.iter().collect();
    let listed = |until| follow(&rule, &refs, until).0.map(|alert| alert.state);
    assert_eq!(listed(date(2020, 10, 11)), Some(AlertState::Resolved), "six days after the 5th");
    assert_eq!(listed(date(2020, 10, 12)), None);
}

#[test]
fn fewer_days_of_cover_are_worse_and_clear_above_the_threshold() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("cover-tests").unwrap();
    let place = Place::department("31");
    let judgements: Vec<Judgement> = [8.0, 6.9, 7.2, 7.8, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]
        .into_iter()
        .zip(1_i8..)
        .map(|(cover, day)| {
            let today = ["rt_pcr_today", "antigen", "antigen_today"].map(|id| (id, 30.0));
            judged(rule, &place, date(2020, 10, day), &[&[("rt_pcr", cover)][..], &today].concat())
        })
        .collect();
    let (_, events) = follow(rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 31));
    assert_eq!(
        lines(&events),
        "2 inactive>pending tension 6.9/7\n2 pending>active tension 6.9/7\n4 active>clearing none 7.8/7.7\n\
         11 clearing>resolved none 9/7.7"
    );
    assert_eq!(events[0].indicator, "test_days_of_cover_7d");
}

/// Surgical masks of Haute-Garonne in the sample from 21 September to 18 October 2020: delivered on Thursdays, 6.0 to 6.8 days
/// left on each Wednesday. Judged day by day that was four alerts; over whole weeks it is none. Two empty days are one at once.
#[test]
fn a_stock_that_every_delivery_fills_raises_no_alert_with_each_of_them() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("cover-masks").unwrap();
    let place = Place::department("31");
    let days = [
        9.1, 7.9, 6.8, 12.4, 11.4, 10.8, 10.4, 9.0, 7.7, 6.5, 12.0, 10.8, 10.1, 9.7, 8.3, 7.2, 6.0, 12.1,
        11.1, 10.4, 10.0, 8.7, 7.5, 6.4, 12.5, 11.4, 10.7, 10.3,
    ];
    let events = |days: &[f64]| {
        let judgements: Vec<Judgement> = (6..days.len())
            .map(|at| {
                let week = days[at - 6..=at].iter().sum::<f64>() / 7.0;
                let given =
                    [("surgical", week), ("surgical_today", days[at]), ("ffp2", 30.0), ("ffp2_today", 30.0)];
                let day = date(2020, 9, 21).saturating_add((at as i64).days());
                judged(rule, &place, day, &given)
            })
            .collect();
        follow(rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 18)).1
    };
    assert_eq!(events(&days), []);
    let mut empty = days;
    (empty[22], empty[23]) = (1.0, 0.0);
    let raised = events(&empty);
    assert_eq!(raised[1].to, AlertState::Active);
    assert_eq!((raised[1].date, raised[1].level.as_str()), (date(2020, 10, 13), "rupture"));
    assert!(raised.iter().all(|event| event.to != AlertState::Resolved), "a week has to pass first");
}

#[test]
fn a_level_named_by_one_criterion_alone_is_cleared_by_its_own_threshold() {
    let rule = &Rule::parse(
        "rules/r.toml",
        r#"
id = "r"
title_fr = "Règle"
reference = "essai"
source_grade = "vigie"
geo_types = ["department"]
combine = "all"
raise_days = 2
clear_days = 3
levels = [
  { id = "alerte", title_fr = "Alerte", action_fr = "Agir." },
  { id = "seuil", title_fr = "Seuil", action_fr = "Agir." },
]
[[criteria]]
id = "incidence"
title_fr = "Incidence"
indicator = "incidence_7d_per_100k"
comparison = ">="
thresholds = [{ levels = { alerte = 50.0 } }]
clear_ratio = 0.9
[[criteria]]
id = "icu"
title_fr = "Réanimation"
indicator = "icu_occupancy_initial"
comparison = ">="
thresholds = [{ levels = { seuil = 0.60 } }]
clear_ratio = 0.9
"#,
    )
    .unwrap();
    let place = Place::department("31");
    let judgements: Vec<Judgement> = [(1, 0.61), (2, 0.61), (3, 0.55), (4, 0.53)]
        .map(|(day, icu)| {
            let given = [("incidence", 5.0), ("icu", icu)];
            judged(rule, &place, date(2020, 10, day), &given)
        })
        .into();
    let (_, events) = follow(rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 4));
    let last = events.last().unwrap();
    assert_eq!((last.date, last.to, last.value), (date(2020, 10, 4), AlertState::Clearing, Some(0.53)));
    assert!((last.threshold.unwrap() - 0.54).abs() < 1e-12);
    assert_eq!(last.indicator, "icu_occupancy_initial");
}

#[test]
fn a_region_covers_its_departments_of_the_same_rule_up_to_its_level() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("cover-home-requests").unwrap();
    let mut judgements = Vec::new();
    let values = [
        (Place::region("76"), 0.20),
        (Place::department("31"), 0.15), // covered
        (Place::department("32"), 0.40), // worse than its region: stays
        (Place::department("75"), 0.15), // another region
    ];
    for (place, value) in &values {
        for day in 1..=2 {
            judgements.push(judged(rule, place, date(2020, 10, day), &[("unserved", *value)]));
        }
    }
    let (alerts, _) = alerts(&vocabulary, &judgements, date(2020, 10, 2));
    let inhibited: Vec<(&str, bool)> = alerts.iter().map(|a| (a.place.code.as_str(), a.inhibited)).collect();
    assert_eq!(inhibited, [("31", true), ("32", false), ("75", false), ("76", false)]);
}

/// The figures of the region say « tension »; those of the department that are known too, and one of which nothing is known may be
/// worse: its alert is not hidden behind the region's.
#[test]
fn a_department_that_may_be_worse_than_its_region_is_not_covered() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("cover-masks").unwrap();
    let on = date(2020, 10, 2);
    let both = |surgical, ffp2| {
        [("surgical", surgical), ("surgical_today", surgical), ("ffp2", ffp2), ("ffp2_today", ffp2)]
    };
    let judgements = [
        judged(rule, &Place::region("76"), on, &both(5.0, 5.0)),
        judged(rule, &Place::department("31"), on, &both(5.0, 5.0)[..2]),
        judged(rule, &Place::department("32"), on, &both(5.0, 30.0)),
    ];
    let (alerts, _) = alerts(&vocabulary, &judgements, on);
    let inhibited: Vec<(&str, bool)> = alerts.iter().map(|a| (a.place.code.as_str(), a.inhibited)).collect();
    assert_eq!(inhibited, [("31", false), ("32", true), ("76", false)]);
}

#[test]
fn a_score_clears_under_its_own_ratio() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("tension-score").unwrap();
    let corse = Place::region("94");
    let judgements: Vec<Judgement> = [4.2, 4.0, 3.7, 3.5, 3.5, 3.5]
        .into_iter()
        .zip(1_i8..)
        .map(|(score, day)| judged(rule, &corse, date(2020, 10, day), &[("score", score)]))
        .collect();
    let (_, events) = alerts(&vocabulary, &judgements, date(2020, 10, 10));
    assert_eq!(
        lines(&events),
        "1 inactive>pending tension 4.2/4\n2 pending>active tension 4/4\n4 active>clearing none 3.5/3.6\n\
         6 clearing>resolved none 3.5/3.6"
    );
}

#[test]
fn revised_data_mark_what_no_longer_holds_and_erase_nothing() {
    let rule = heat();
    let events = |series: &str| {
        let judgements = days(&rule, series);
        follow(&rule, &judgements.iter().collect::<Vec<_>>(), date(2020, 10, 10)).1
    };
    let (first, revised) = (events("99 100 120"), events("99 101 99 100 100"));
    let (from, until) = (date(2020, 10, 1), date(2020, 10, 10));
    let changes = reconcile(&first, &revised, from, until);
    assert_eq!(lines(&changes.revoked), "3 pending>active warm 120/100");
    assert_eq!(
        lines(&changes.added),
        "3 pending>inactive none 99/100\n4 inactive>pending warm 100/100\n5 pending>active warm 100/100"
    );
    assert_eq!(reconcile(&revised, &revised, from, until), Reconciled::default());
    let before = reconcile(&first, &[], date(2020, 10, 4), until);
    assert_eq!(before, Reconciled::default(), "days that were not looked at say nothing");
}

#[test]
fn a_run_that_judges_one_day_goes_on_from_the_days_recorded_before() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("cover-feeds").unwrap();
    let place = Place { geo_type: GeoType::Source, code: "tests".into() };
    let on = |day: i8, age: f64| judged(rule, &place, date(2020, 10, day), &[("age", age)]);
    let all = with_recorded(vec![on(14, 1.5)], vec![on(12, 1.1), on(13, 1.3), on(14, 0.2)]);
    let (alerts, events) = alerts(&vocabulary, &all, date(2020, 10, 14));
    assert_eq!((alerts[0].since, alerts[0].state), (date(2020, 10, 12), AlertState::Active));
    assert_eq!(events.len(), 2, "raised once, on the 12th");
}

fn allowed(event: &AlertEvent) -> bool {
    use AlertState::{Active, Clearing, Inactive, Pending, Resolved, Silent};
    matches!(
        (event.from, event.to),
        (Inactive | Resolved | Silent, Pending)
            | (Pending, Inactive | Active)
            | (Active, Active | Clearing)
            | (Clearing, Active | Resolved)
    ) || (event.note.is_some() && event.from == Active && event.to == Resolved)
        || (event.note.is_some() && matches!(event.from, Pending | Active | Clearing) && event.to == Silent)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn states_follow_the_graph_and_the_same_days_give_the_same_events(
        series in proptest::collection::vec(prop_oneof![
            Just("?".to_owned()), Just(".".to_owned()),
            prop_oneof![Just(50), Just(90), Just(95), Just(100), Just(150), Just(200)].prop_map(|v: i32| v.to_string()),
        ], 0..30),
        seed in any::<u64>(),
    ) {
        let rule = heat();
        let judgements = days(&rule, &series.join(" "));
        let until = date(2020, 11, 30);
        let mut refs: Vec<&Judgement> = judgements.iter().collect();
        let (alert, events) = follow(&rule, &refs, until);
        let mut state = AlertState::Inactive;
        for event in &events {
            prop_assert_eq!(event.from, state);
            prop_assert!(allowed(event), "{:?}", event);
            state = event.to;
        }
        prop_assert!(!matches!(state, AlertState::Pending | AlertState::Active | AlertState::Clearing), "the rule has ended");
        prop_assert!(events.windows(2).all(|pair| pair[0].date <= pair[1].date));
        // The order in which judgements come does not matter.
        let turn = usize::try_from(seed % 7).unwrap().min(refs.len());
        refs.rotate_left(turn);
        refs.sort_by_key(|judgement| judgement.date);
        prop_assert_eq!(follow(&rule, &refs, until), (alert, events));
    }
}
