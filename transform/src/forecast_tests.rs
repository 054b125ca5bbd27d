//! Expected figures come from a second program: the same method written in Python, run once (numbers as it printed them).

use jiff::civil::date;
use vigie_queries::Status;

use super::*;

/// A wave with a weekly dent, whole numbers, 119 days up to Sunday 18 October 2020; two days are gaps.
const WAVE: [u16; 119] = [
    60, 63, 66, 69, 72, 75, 74, 80, 83, 86, 88, 91, 93, 92, 98, 100, 102, 104, 106, 107, 105, 110, 111, 112,
    113, 114, 115, 111, 116, 116, 116, 116, 115, 115, 110, 114, 113, 112, 110, 109, 0, 0, 105, 103, 101, 99,
    97, 95, 88, 90, 88, 85, 83, 80, 78, 71, 73, 70, 68, 65, 62, 60, 53, 55, 53, 50, 48, 46, 44, 38, 40, 38,
    37, 35, 34, 32, 27, 30, 29, 28, 28, 27, 27, 23, 27, 27, 27, 28, 28, 29, 26, 31, 32, 34, 35, 37, 39, 36,
    42, 45, 47, 49, 51, 54, 53, 59, 62, 65, 68, 71, 73, 72, 79, 82, 85, 88, 91, 94, 93,
];
const SUNDAY: Date = date(2020, 10, 18);

fn model(id: &str) -> ForecastModel {
    Vocabulary::embedded().unwrap().forecast_model(id).unwrap().clone()
}

fn wave() -> Vec<Option<f64>> {
    WAVE.iter().map(|value| (*value > 0).then_some(f64::from(*value))).collect()
}

fn near(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 6e-7, "{found} instead of {expected}");
    }
}

#[test]
fn quantiles_are_those_of_the_second_program() {
    let (days, track) = ask(&model("damped_trend"), &wave(), SUNDAY).unwrap();
    assert_eq!(days.len(), 14);
    assert_eq!((days[13].day, days[13].horizon), (date(2020, 11, 1), 14));
    near(
        &days[0].quantiles,
        &[
            85.77659220713629,
            90.93465698718995,
            93.30137021371628,
            96.01539479885733,
            98.80752990807726,
            101.37691787211004,
            107.46227754037264,
        ],
    );
    near(
        &days[6].quantiles,
        &[
            79.51351447165518,
            84.80613288621932,
            90.61186240495825,
            104.05622172026119,
            119.47358750714953,
            127.62495198066685,
            136.08021311157884,
        ],
    );
    let last = [
        61.78651660815162,
        68.72565697248038,
        77.7521023714232,
        109.12451843542495,
        152.99474039990739,
        172.93037351259017,
        192.15308788861407,
    ];
    near(&days[13].quantiles, &last);
    let track = track.unwrap();
    assert_eq!((track.horizon, track.asked, track.within_80), (14, 4, 1));
    near(&[track.error], &[0.40235643030849366]);
}

#[test]
fn the_model_of_no_change_says_the_last_value() {
    let (days, _) = ask(&model("no_change"), &wave(), SUNDAY).unwrap();
    let expected = [
        48.26597387980918,
        51.222222222222214,
        61.509409049177364,
        93.0,
        140.3547197838416,
        168.20000000000007,
        178.35299567114168,
    ];
    near(&days[13].quantiles, &expected);
}

#[test]
fn short_small_and_late_series_give_nothing() {
    let model = model("damped_trend");
    let values = wave();
    // 60 past errors at 14 days, and the two gaps that each spoil two of them.
    assert!(ask(&model, &values[..74], SUNDAY).is_none());
    assert!(ask(&model, &values[..78], SUNDAY).is_some());
    let small: Vec<Option<f64>> = values.iter().map(|value| value.map(|value| value / 10.0)).collect();
    assert!(ask(&model, &small, SUNDAY).is_none());
    let late = |gaps: usize| [wave(), vec![None; gaps]].concat();
    assert!(ask(&model, &late(2), SUNDAY).is_some());
    assert!(ask(&model, &late(3), SUNDAY).is_none());
}

/// What is not known for two days is no nearer: the ranges are those of days further off.
#[test]
fn a_late_series_is_forecast_from_its_last_day() {
    let model = model("damped_trend");
    let (at_once, _) = ask(&model, &wave(), SUNDAY).unwrap();
    let (late, _) = ask(&model, &[wave(), vec![None; 2]].concat(), SUNDAY).unwrap();
    near(&late[0].quantiles, &at_once[2].quantiles);
}

#[test]
fn nothing_after_the_sunday_and_nothing_before_a_break_is_looked_at() {
    let observation = |value: Option<f64>| {
        Observation::of(value, if value.is_some() { Status::Ok } else { Status::Missing }, None)
    };
    let place = Place::region("76");
    let key = SeriesKey {
        indicator: "icu_patients".into(),
        category: String::new(),
        place: place.clone(),
        time_type: TimeType::Day,
    };
    let mut observations = Observations::default();
    let first = SUNDAY.saturating_sub(118.days());
    for (value, back) in wave().into_iter().zip(0_i64..) {
        observations.insert(key.clone(), first.saturating_add(back.days()), observation(value));
    }
    let vocabulary = Vocabulary::embedded().unwrap();
    let asked = |observations: &Observations, begins: Option<Date>| {
        forecasts(&vocabulary, observations, SUNDAY, &|_, _| begins)
    };
    let before = asked(&observations, None);
    assert_eq!(
        before.iter().map(|said| said.model.as_str()).collect::<Vec<_>>(),
        ["damped_trend", "no_change"]
    );
    for ahead in 1..20_i64 {
        observations.insert(key.clone(), SUNDAY.saturating_add(ahead.days()), observation(Some(9000.0)));
    }
    assert_eq!(asked(&observations, None), before);
    // Cut, the series is too short; cut at its first day, it is the same.
    assert_eq!(asked(&observations, Some(date(2020, 10, 1))), []);
    assert_eq!(asked(&observations, Some(first)), before);
    let batch = forecasts_batch(&before).unwrap();
    assert_eq!(batch.num_rows(), 2 * 14 * 7);
}
