use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vigie_queries::{Observation, Observations, Place, Rule, SCORE, SeriesKey, Status, TimeType, Vocabulary};

use super::*;

fn observation(value: Option<f64>) -> Observation {
    let missing_reason = value.is_none().then(|| "rien reçu".to_owned());
    let status = if value.is_some() { Status::Ok } else { Status::Missing };
    Observation::of(value, status, missing_reason)
}

fn put(
    into: &mut Observations,
    indicator: &str,
    category: &str,
    place: &Place,
    on: Date,
    value: Option<f64>,
) {
    let key = SeriesKey {
        indicator: indicator.into(),
        category: category.into(),
        place: place.clone(),
        time_type: TimeType::Day,
    };
    into.insert(key, on, observation(value));
}

fn embedded(rule: &str) -> Rule {
    Vocabulary::embedded().unwrap().rule(rule).unwrap().clone()
}

#[test]
fn every_rule_passes_its_own_tests_and_has_at_least_six() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let failures: Vec<String> =
        vocabulary.rules().flat_map(check_rule_tests).map(|failure| failure.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for rule in vocabulary.rules() {
        assert!(rule.tests.len() >= 6, "{} has {} tests", rule.id, rule.tests.len());
    }
}

#[test]
fn a_rule_test_that_does_not_hold_is_said() {
    let mut rule = embedded("zones-2020-09-23");
    rule.tests.truncate(1);
    rule.tests[0].expect = "alerte".into();
    let failures: Vec<String> = check_rule_tests(&rule).iter().map(ToString::to_string).collect();
    let expected =
        "rule zones-2020-09-23: test \"49.94 is below the alert threshold\": expected alerte, found none";
    assert_eq!(failures, [expected]);
}

#[test]
fn halves_are_rounded_away_from_zero_as_on_paper() {
    for (value, decimals, expected) in [
        (49.95, 1, 50.0),
        (49.94, 1, 49.9),
        (49.949_999_999, 1, 49.9),
        (0.285, 2, 0.29), // stored as 0.28499999…
        (1.005, 2, 1.01), // stored as 1.00499999…
        (2.5, 0, 3.0),
        (-0.25, 1, -0.3),
        (0.0, 1, 0.0),
        (0.334_5, 3, 0.335),
        (159.0 / 474.0, 3, 0.335),
        (1_234_567.5, 0, 1_234_568.0),
    ] {
        assert_eq!(round_half_away(value, decimals), expected, "{value} to {decimals} decimals");
    }
}

#[test]
fn a_float_error_neither_passes_nor_misses_a_threshold() {
    let requests = embedded("cover-home-requests");
    let on = date(2020, 10, 12);
    let judged =
        |value: f64| judge_values(&requests, &BTreeMap::from([("unserved".to_owned(), value)]), on).level;
    assert_eq!(judged(0.3 - 0.2), "none", "0.09999999999999998 is one in ten");
    assert_eq!(judged(0.7 - 0.6), "none", "0.09999999999999998 is one in ten");
    assert_eq!(judged(1.1 - 1.0), "none", "0.10000000000000009 is one in ten, not over it");
    assert_eq!(judged(0.100_001), "tension");
    let tests = embedded("cover-tests");
    let cover = ["rt_pcr", "rt_pcr_today", "antigen_today"].map(|id| (id.to_owned(), 0.7 * 10.0));
    let cover = cover.into_iter().chain([("antigen".to_owned(), 2.1 / 0.3)]).collect();
    assert_eq!(judge_values(&tests, &cover, on).level, "none", "2.1 / 0.3 days is seven days");
}

#[test]
fn a_department_is_judged_by_the_occupancy_of_its_region() {
    let on = date(2020, 10, 13);
    let (gers, occitanie) = (Place::department("32"), Place::region("76"));
    let mut observations = Observations::default();
    put(&mut observations, "incidence_7d_per_100k", "", &gers, on, Some(80.0));
    put(&mut observations, "icu_occupancy_initial", "", &gers, on, Some(0.05));
    put(&mut observations, "icu_occupancy_initial", "", &occitanie, on, Some(0.61));
    let rule = embedded("zones-2020-09-23");
    let judged = judge(&rule, &observations, &Populations::new(), &gers, on);
    // 80 per 100,000: no more than the first level, whatever the occupancy; the 60 % needs the levels below it.
    assert_eq!((judged.level.as_str(), judged.rank, judged.rank_max), ("alerte", 1, 1));
    assert_eq!(judged.criteria[2].value, Some(0.61));
    assert_eq!(judged.criteria[2].threshold, Some(0.60));
    assert_eq!(judged.criteria[1].missing_reason.as_deref(), Some("aucune valeur calculée pour ce jour"));

    let collectivity = Place::department("975");
    put(&mut observations, "incidence_7d_per_100k", "", &collectivity, on, Some(80.0));
    let judged = judge(&rule, &observations, &Populations::new(), &collectivity, on);
    assert_eq!((judged.rank, judged.rank_max), (1, 1), "no region: its occupancy is unknown");

    // Toulouse Métropole on 15 October 2020, in the agency's file of the 19th: 301.0, and 176.8 at 65 and over; the region's
    // occupancy by the agency's bulletin of the 13th: 159 of 474 beds.
    let toulouse = Place::epci("243100518");
    put(&mut observations, "incidence_7d_per_100k", "", &toulouse, on, Some(301.0));
    put(&mut observations, "incidence_65plus_7d_per_100k", "", &toulouse, on, Some(176.8));
    put(&mut observations, "icu_occupancy_initial", "", &occitanie, on, Some(159.0 / 474.0));
    let judged = judge(&rule, &observations, &Populations::new(), &toulouse, on);
    assert_eq!(
        (judged.level.as_str(), judged.rank_max),
        ("alerte_maximale", 3),
        "a metropole is in its region"
    );
}

/// A decree is not lifted by a better week: what was set stands until the rule ends, also when judging begins later.
#[test]
fn a_level_that_stays_stands_after_its_criteria_fell() {
    let rule = embedded("zca-2020-08");
    let place = Place::department("31");
    let mut observations = Observations::default();
    for (day, incidence, growth) in [(20, 60.0, 0.3), (21, 60.0, 0.3), (22, 25.0, -0.5), (23, 35.0, 0.0)] {
        let on = date(2020, 8, day);
        put(&mut observations, "incidence_7d_per_100k", "", &place, on, Some(incidence));
        put(&mut observations, "incidence_7d_growth", "", &place, on, Some(growth));
        put(&mut observations, "cases_7d_rise_sd", "", &place, on, Some(growth * 20.0));
    }
    let levels = |from: i8| -> Vec<String> {
        judge_rule(&rule, &observations, &Populations::new(), date(2020, 8, from), date(2020, 8, 23))
            .into_iter()
            .map(|judgement| judgement.level)
            .collect()
    };
    assert_eq!(levels(1), ["zca"; 4]);
    assert_eq!(levels(23), ["zca"], "what was set before the days asked for stands on them");
    let on = |day| judge(&rule, &observations, &Populations::new(), &place, date(2020, 8, day)).level;
    assert_eq!((on(22), on(23)), ("zca".to_owned(), "zca".to_owned()));
}

#[test]
fn the_reason_of_a_gap_is_kept_and_a_value_that_is_no_number_is_a_gap() {
    let on = date(2020, 6, 28);
    let place = Place::region("76");
    let mut observations = Observations::default();
    put(&mut observations, "icu_occupancy_initial", "", &place, on, None);
    put(&mut observations, "incidence_7d_per_100k", "", &place, on, Some(f64::NAN));
    let judged = judge(&embedded("indicators-2020-05-28"), &observations, &Populations::new(), &place, on);
    assert_eq!((judged.level.as_str(), judged.rank_max), ("unknown", 2));
    assert_eq!(judged.criteria[2].missing_reason.as_deref(), Some("rien reçu"));
    assert_eq!(judged.criteria[0].rank, None);
}

/// Both departments of Corsica, with five values of the score, and the occupancy of the region, which is the sixth of both.
fn corsica(icu: Option<f64>, values: [(&str, [Option<f64>; 5]); 2], on: Date) -> Observations {
    let mut observations = Observations::default();
    put(&mut observations, "icu_occupancy_initial", "", &Place::region("94"), on, icu);
    for (code, values) in values {
        let names = [
            ("admissions_7d_per_100k", ""),
            ("er_covid_share_7d", ""),
            ("admissions_7d_growth", ""),
            ("test_days_of_cover", "rt_pcr"),
            ("centre_slot_use", ""),
        ];
        for ((indicator, category), value) in names.into_iter().zip(values) {
            put(&mut observations, indicator, category, &Place::department(code), on, value);
        }
    }
    observations
}

/// Half of the residents in each.
fn even() -> Populations {
    Populations::from([(Place::department("2A"), 150_000.0), (Place::department("2B"), 150_000.0)])
}

#[test]
fn a_region_is_judged_by_the_population_weighted_mean_of_its_departments() {
    let on = date(2020, 10, 12);
    let calm = [Some(2.0), Some(0.02), Some(0.0), Some(14.0), Some(0.7)];
    let red = [Some(20.0), Some(0.2), Some(0.9), Some(1.0), Some(1.0)];
    let half = [Some(5.0), Some(0.04), Some(0.125), Some(10.5), Some(0.775)];
    let rule = embedded("tension-score");
    let (south, north, corse) = (Place::department("2A"), Place::department("2B"), Place::region("94"));
    let uneven = Populations::from([(south.clone(), 100_000.0), (north.clone(), 200_000.0)]);
    // By hand: five criteria in red are 10 points; the region's occupancy adds 0 (30 %), half (45 %), 1 (60 %) or 2.
    for (name, icu, values, populations, expected_score, expected) in [
        ("all calm", 0.30, [("2A", calm), ("2B", calm)], &even(), 0.0, "none"),
        ("all red", 0.90, [("2A", red), ("2B", red)], &even(), 12.0, "saturation"),
        ("half-way to orange everywhere", 0.45, [("2A", half), ("2B", half)], &even(), 3.0, "none"),
        ("one of two equal ones red", 0.30, [("2A", red), ("2B", calm)], &even(), 5.0, "tension"),
        ("the same, beds at 60 %", 0.60, [("2A", red), ("2B", calm)], &even(), 6.0, "saturation"),
        ("the smaller one red", 0.30, [("2A", red), ("2B", calm)], &uneven, 10.0 / 3.0, "none"),
        ("the larger one red", 0.30, [("2A", calm), ("2B", red)], &uneven, 20.0 / 3.0, "saturation"),
    ] {
        let judged = judge(&rule, &corsica(Some(icu), values, on), populations, &corse, on);
        let score = judged.criteria.iter().find(|criterion| criterion.id == SCORE).unwrap().value.unwrap();
        assert!((score - expected_score).abs() < 1e-9, "{name}: {score}");
        assert_eq!((judged.level.as_str(), judged.rank), (expected, judged.rank_max), "{name}");
    }
    let values = corsica(Some(0.30), [("2A", red), ("2B", calm)], on);
    let judged = judge(&rule, &values, &Populations::from([(south.clone(), 1.0)]), &corse, on);
    assert_eq!((judged.level.as_str(), judged.rank_max), ("unknown", 2), "a population is not known");
    let level = |place: &Place| judge(&rule, &values, &even(), place, on).level;
    assert_eq!((level(&south).as_str(), level(&north).as_str()), ("saturation", "none"), "on the same scale");
}

#[test]
fn unknown_criteria_widen_a_score() {
    let on = date(2020, 10, 12);
    let some = [Some(8.0), Some(0.06), Some(0.25), None, None];
    let south = [Some(8.0), Some(0.06), Some(0.25), Some(14.0), None];
    let values = corsica(Some(0.6), [("2A", south), ("2B", some)], on);
    let judged = judge(&embedded("tension-score"), &values, &even(), &Place::region("94"), on);
    // 4 points known; one criterion unknown in one of two departments (1 point at most), one in both (2 points).
    assert_eq!((judged.level.as_str(), judged.rank, judged.rank_max), ("tension", 1, 2));
    let reason = judged.criteria[4].missing_reason.as_deref();
    assert_eq!(reason, Some("valeur inconnue dans 1 département sur 2"));
    // In the department itself: 4 points, up to 8 with two criteria unknown.
    let judged = judge(&embedded("tension-score"), &values, &even(), &Place::department("2B"), on);
    assert_eq!((judged.level.as_str(), judged.rank, judged.rank_max), ("tension", 1, 2));
}

#[test]
fn days_out_of_force_and_before_the_first_value_are_not_judged() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let (gers, lot) = (Place::department("32"), Place::department("46"));
    let mut observations = Observations::default();
    for place in [&lot, &gers] {
        put(&mut observations, "incidence_7d_per_100k", "", place, date(2020, 10, 14), Some(80.0));
        put(&mut observations, "incidence_7d_per_100k", "", place, date(2020, 10, 15), Some(80.0));
    }
    put(
        &mut observations,
        "feed_overdue",
        "",
        &Place { geo_type: GeoType::Source, code: "tests".into() },
        date(2020, 10, 31),
        Some(2.0),
    );
    let (from, to) = (date(2020, 1, 1), date(2020, 10, 31));
    let judged: Vec<Judgement> = vocabulary
        .rules()
        .flat_map(|rule| judge_rule(rule, &observations, &Populations::new(), from, to))
        .collect();
    let lines: Vec<String> =
        judged.iter().map(|j| format!("{} {} {} {}", j.rule, j.place, j.date, j.level)).collect();
    let zones: Vec<&str> =
        lines.iter().map(String::as_str).filter(|line| line.starts_with("zones")).collect();
    assert_eq!(
        zones,
        [
            "zones-2020-09-23 department:32 2020-10-14 alerte",
            "zones-2020-09-23 department:32 2020-10-15 alerte",
            "zones-2020-09-23 department:32 2020-10-16 unknown",
            "zones-2020-09-23 department:46 2020-10-14 alerte",
            "zones-2020-09-23 department:46 2020-10-15 alerte",
            "zones-2020-09-23 department:46 2020-10-16 unknown",
        ]
    );
    assert!(lines.contains(&"cover-feeds source:tests 2020-10-31 perimee".to_owned()));
    assert_eq!(lines.iter().filter(|line| line.starts_with("cover-")).count(), 1, "no value, no judgement");
    assert!(
        !lines.iter().any(|line| line.starts_with("map-") || line.starts_with("indicators-")),
        "out of force"
    );
    let mut sorted = judged.clone();
    sorted.sort_by(|a, b| {
        (a.rule.as_str(), place_key(&a.place), a.date).cmp(&(b.rule.as_str(), place_key(&b.place), b.date))
    });
    assert_eq!(judged, sorted);
}

static ZONES: LazyLock<Rule> = LazyLock::new(|| embedded("zones-2020-09-23"));

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_known_criterion_never_widens_a_judgement(
        values in proptest::collection::btree_map("incidence|incidence_65plus|icu", 0.0..400.0_f64, 0..=3),
    ) {
        let rule = &*ZONES;
        let on = date(2020, 10, 1);
        let all = judge_values(rule, &values, on);
        prop_assert!(all.rank <= all.rank_max);
        for left_out in values.keys() {
            let mut fewer = values.clone();
            fewer.remove(left_out);
            let range = judge_values(rule, &fewer, on);
            prop_assert!(range.rank <= all.rank && all.rank_max <= range.rank_max);
        }
    }
}

/// A value of each criterion from well below normal to beyond saturation, or none.
fn any_values() -> impl Strategy<Value = [Option<f64>; 5]> {
    (0.0..24.0_f64, 0.0..0.2_f64, -0.5..1.0_f64, 0.0..20.0_f64, 0.5..1.0_f64, 0..64_u8).prop_map(
        |(admissions, er, growth, tests, centres, known)| {
            let all = [admissions, er, growth, tests, centres];
            std::array::from_fn(|at| (known & (1 << at) != 0).then_some(all[at]))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// « Occitanie : saturation » above a map without a department in saturation is what a new user met.
    #[test]
    fn a_region_never_stands_above_each_of_its_departments(
        icu in proptest::option::of(0.0..1.2_f64),
        south in any_values(),
        north in any_values(),
        residents in 1.0..9.0_f64,
    ) {
        let on = date(2020, 10, 12);
        let rule = embedded("tension-score");
        let values = corsica(icu, [("2A", south), ("2B", north)], on);
        let populations =
            Populations::from([(Place::department("2A"), 1.0), (Place::department("2B"), residents)]);
        let rank = |place: Place| {
            let judged = judge(&rule, &values, &populations, &place, on);
            (judged.rank, judged.rank_max)
        };
        let (region, south, north) =
            (rank(Place::region("94")), rank(Place::department("2A")), rank(Place::department("2B")));
        prop_assert!(region.0 <= south.0.max(north.0) && region.0 >= south.0.min(north.0));
        prop_assert!(region.1 <= south.1.max(north.1) && region.1 >= south.1.min(north.1));
    }
}
