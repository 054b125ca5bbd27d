//! Forecasts: kept by `vigie build`, printed and traced with the bulletin, and measured on the wave of autumn 2020.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;
use vigie_queries::{
    GeoType, Observation, Observations, Place, QUANTILE_LEVELS, SeriesKey, Status, TimeType, Vocabulary,
};

use crate::support::{Lake, command, shared, stock_feed, succeed};

/// The demo: what the table holds for the last Sunday is what the bulletin of that week prints, and where it comes from
/// is told.
#[test]
fn what_a_build_keeps_is_what_the_bulletin_prints_and_is_traced_to_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(&command(folder).args(["demo", "--out", "demo", "--quiet"]).output().unwrap());
    let ok = |words: &[&str]| {
        succeed(&command(folder).args(["--lake", "demo/lake"]).args(words).output().unwrap())
    };
    ok(&["build", "--as-of", "2020-10-22T07:00:00Z"]);
    let query = "select target, output_type_id, value from forecasts where model_id = 'vigie-damped_trend'
                 and reference_date = date '2020-10-18' and geo_type = 'region' and geo_value = '76'
                 and horizon = 14 and target_end_date = date '2020-11-01' order by target, output_type_id";
    let kept: Vec<Value> =
        serde_json::from_str(&ok(&["sql", "--format", "json", "--as-of", "2020-10-22T07:00:00Z", query]))
            .unwrap();
    assert_eq!(kept.len(), 2 * QUANTILE_LEVELS.len(), "{kept:#?}");
    let twin: Value =
        serde_json::from_slice(&std::fs::read(folder.join("demo/bulletin-2020-W42-region-76.json")).unwrap())
            .unwrap();
    for target in ["hospital_patients", "icu_patients"] {
        let mut printed: Vec<f64> = twin["published"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|value| value["indicator"] == format!("{target}.forecast"))
            .map(|value| value["value"].as_f64().unwrap())
            .collect();
        printed.sort_by(f64::total_cmp);
        let of_levels: Vec<f64> = kept
            .iter()
            .filter(|row| row["target"] == target)
            .filter(|row| ["0.1", "0.5", "0.9"].contains(&row["output_type_id"].as_str().unwrap()))
            .map(|row| row["value"].as_f64().unwrap())
            .collect();
        assert_eq!(printed, of_levels, "{target}");
    }
    let traced = ok(&["lineage", "2020-W42", "--section", "outlook"]);
    assert!(traced.contains("modèle    forecasts/damped_trend.toml"), "{traced}");
    assert!(traced.contains(" 0 sans origine"), "{traced}");
    let refused = command(folder)
        .args(["--lake", "demo/lake", "publish", "out", "--small-cells", "--table", "forecasts"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("forecasts cannot be published"));
}

/// A correction that leaves too few patients for a forecast takes back what was forecast: the rows stay, without a value.
#[test]
fn what_is_no_longer_forecast_loses_its_value() {
    let lake = Lake::new();
    let file = lake.folder().join("stock.csv");
    let count = |what: &str, as_of: &str| {
        lake.ok(&["build", "--as-of", as_of]);
        let query = format!(
            "select count({what}) from forecasts where target = 'hospital_patients' and geo_value = '31'
             and reference_date = date '2020-10-11'"
        );
        let out = lake.ok(&["sql", "--format", "csv", "--as-of", as_of, &query]);
        out.lines().nth(1).unwrap().parse::<u32>().unwrap()
    };
    for (last, issued, values) in
        [(110, "2020-10-12", 2 * 14 * 7), (9, "2020-10-13", 0), (111, "2020-10-14", 2 * 14 * 7)]
    {
        std::fs::write(&file, stock_feed(last)).unwrap();
        let (code, report) = lake.fetch_file("hospital_stock", &file, &["--issued-at", issued]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(count("value", issued), values, "values on {issued}");
        assert_eq!(count("*", issued), 2 * 14 * 7, "rows on {issued}");
    }
}

/// How often the truth fell into a range, and the weighted interval score as a share of the last value.
#[derive(Default)]
struct Score {
    asked: usize,
    within_50: usize,
    within_80: usize,
    within_95: usize,
    wis: f64,
}

impl Score {
    /// Bracher et al., PLOS Computational Biology 17 (2021), with ranges of 50, 80 and 95 %.
    fn add(&mut self, quantiles: &[f64; 7], came: f64, scale: f64) {
        let within = |low: usize| (quantiles[low]..=quantiles[6 - low]).contains(&came);
        self.asked += 1;
        self.within_50 += usize::from(within(2));
        self.within_80 += usize::from(within(1));
        self.within_95 += usize::from(within(0));
        let mut score = 0.5 * (came - quantiles[3]).abs();
        for (low, level) in QUANTILE_LEVELS.iter().take(3).enumerate() {
            let (below, above) = (quantiles[low], quantiles[6 - low]);
            let outside = (below - came).max(0.0) + (came - above).max(0.0);
            score += level * (above - below) + outside;
        }
        self.wis += score / 3.5 / scale;
    }

    fn share(&self, within: usize) -> f64 {
        within as f64 / self.asked as f64
    }
}

/// Regions and departments of France, each Sunday from July to mid December 2020, from the file of Santé publique France
/// as it stood in January 2021: figures of docs/forecasts.md (`cargo test --workspace --test vigie forecast --
/// --nocapture`).
#[test]
fn ranges_hold_what_they_promise_on_the_autumn_of_2020() {
    let Some(real) = shared("real/spf") else { return };
    let lake = Lake::new();
    lake.fetch_file(
        "hospital_stock",
        &real.join("donnees-hospitalieres-covid19.csv"),
        &["--issued-at", "2021-01-05"],
    );
    lake.ok(&["build", "--as-of", "2021-01-06"]);
    let rows = lake.sql(
        "select indicator, geo_type, geo_value, time_value, value from indicators
         where indicator in ('hospital_patients', 'icu_patients') and geo_type in ('department', 'region')
           and time_type = 'day'",
    );
    let mut observations = Observations::default();
    for row in rows {
        let key = SeriesKey {
            indicator: row["indicator"].as_str().unwrap().to_owned(),
            category: String::new(),
            place: Place {
                geo_type: row["geo_type"].as_str().unwrap().parse().unwrap(),
                code: row["geo_value"].as_str().unwrap().to_owned(),
            },
            time_type: TimeType::Day,
        };
        let day: Date = row["time_value"].as_str().unwrap().parse().unwrap();
        let value = row["value"].as_f64();
        let status = if value.is_some() { Status::Ok } else { Status::Missing };
        let observation = Observation::of(value, status, None);
        observations.insert(key, day, observation);
    }
    let vocabulary = Vocabulary::embedded().unwrap();
    let mut scores = std::collections::BTreeMap::<(GeoType, String, u16), Score>::new();
    let mut sunday = date(2020, 7, 5);
    while sunday <= date(2020, 12, 13) {
        for forecast in vigie_transform::forecasts(&vocabulary, &observations, sunday, &|_, _| None) {
            let known = |day: Date| {
                let found = observations.get(&forecast.indicator, "", &forecast.place, TimeType::Day, day);
                found.and_then(|observation| observation.value)
            };
            let Some(last) = known(sunday) else { continue };
            for day in forecast.days.iter().filter(|day| day.horizon % 7 == 0) {
                if let Some(came) = known(day.day) {
                    let score = scores
                        .entry((forecast.place.geo_type, forecast.model.clone(), day.horizon))
                        .or_default();
                    score.add(&day.quantiles, came, last.max(10.0));
                }
            }
        }
        sunday = sunday.saturating_add(7.days());
    }
    for ((kind, model, horizon), score) in &scores {
        let Score { asked, within_50, within_80, within_95, wis } = *score;
        eprintln!(
            "{kind:?}, {model}, {horizon} days, {asked} forecasts: within 50 % {:.2}, within 80 % {:.2}, within 95 % {:.2}, WIS {:.3}",
            score.share(within_50),
            score.share(within_80),
            score.share(within_95),
            wis / asked as f64
        );
    }
    for (kind, horizon) in
        [GeoType::Region, GeoType::Department].into_iter().flat_map(|kind| [(kind, 7), (kind, 14)])
    {
        let of = |model: &str| &scores[&(kind, model.to_owned(), horizon)];
        let (trend, flat) = (of("damped_trend"), of("no_change"));
        assert!(trend.asked > 400 && trend.asked == flat.asked, "{}", trend.asked);
        assert!((0.72..=0.90).contains(&trend.share(trend.within_80)), "{kind:?}, {horizon} days: 80 %");
        assert!((0.45..=0.70).contains(&trend.share(trend.within_50)), "{kind:?}, {horizon} days: 50 %");
        assert!(trend.share(trend.within_95) >= 0.88, "{kind:?}, {horizon} days: 95 %");
        assert!(trend.wis < 0.95 * flat.wis, "{kind:?}, {horizon} days: no better than no change");
    }
}
