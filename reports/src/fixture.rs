//! A made-up territory for the tests: thirteen departments, thirty weeks of an epidemic wave, every feed, its gaps.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use vigie_queries::{
    Alert, AlertState, CriterionResult, Forecast, ForecastDay, Judgement, Observation, Observations, Place,
    SCORE, SeriesKey, Status, TimeType, Track, Vocabulary,
};

use crate::input::{
    AccessNumber, Acknowledged, Agency, AsOf, Changes, Event, EventKind, FeedState, FindingSummary,
    Freshness, GateResult, IcuDay, Input, LegalList, LegalStatus, PlaceInfo, Settling, Step,
};

/// Owned parts an [`Input`] borrows from.
pub(crate) struct Made {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) observations: Observations,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) forecasts: Vec<Forecast>,
    pub(crate) places: Vec<PlaceInfo>,
    pub(crate) week: Date,
    /// Sources that were never received.
    pub(crate) absent: Vec<&'static str>,
    pub(crate) events: Vec<Event>,
    pub(crate) legal_statuses: Vec<LegalStatus>,
    pub(crate) legal_lists: Vec<LegalList>,
    pub(crate) territory: Place,
    pub(crate) findings: Vec<FindingSummary>,
    pub(crate) gates: Vec<GateResult>,
    pub(crate) changes: Option<Changes>,
    pub(crate) wording: std::collections::BTreeMap<String, crate::wording::Wording>,
    pub(crate) theme: crate::input::Theme,
    /// How the nurses' platform stands; none for up to date.
    pub(crate) late: Option<Freshness>,
}

/// Days of the wave.
const DAYS: i64 = 7 * 32;

impl Made {
    /// Occitanie in semaine 42 of 2020, all feeds.
    pub(crate) fn rich() -> Self {
        Self::of(date(2020, 10, 12), &[])
    }

    /// The same with the three feeds of Santé publique France alone.
    pub(crate) fn sparse() -> Self {
        let absent = [
            "hospital_admissions",
            "hospital_capacity",
            "centres",
            "nurse_platform",
            "telemedicine",
            "reinforcement",
            "test_supply",
            "on_call",
        ];
        Self::of(date(2020, 10, 12), &absent)
    }

    /// A week of one's choice, some sources absent.
    pub(crate) fn of(week: Date, absent: &[&'static str]) -> Self {
        let vocabulary = Vocabulary::embedded().unwrap();
        let places = places(&vocabulary);
        let mut made = Self {
            events: events(&vocabulary),
            legal_statuses: Vec::new(),
            legal_lists: Vec::new(),
            vocabulary,
            observations: Observations::default(),
            judgements: Vec::new(),
            alerts: Vec::new(),
            forecasts: Vec::new(),
            places,
            week,
            absent: absent.to_vec(),
            territory: Place::region("76"),
            changes: None,
            wording: Default::default(),
            theme: Default::default(),
            late: Some(Freshness::Late),
            findings: vec![FindingSummary {
                source: "er_visits".into(),
                code: "type-error".into(),
                severity: "warn".into(),
                count: 3,
                example_message:
                    "Ligne 214, colonne « nbre_pass_tot » : « 12,O » n’est pas un nombre entier.".into(),
            }],
            gates: vec![
                GateResult {
                    gate: "near-threshold".to_owned(),
                    title_fr: "À une unité d’un autre niveau".to_owned(),
                    source: None,
                    severity: "warn".to_owned(),
                    count: 2,
                    examples: vec!["Gers (32) : avec une unité de plus, niveau « orange ».".to_owned()],
                    acknowledged: None,
                },
                GateResult {
                    gate: "regional-sum".to_owned(),
                    title_fr: "La somme des départements n’est pas la région".to_owned(),
                    source: None,
                    severity: "hold".to_owned(),
                    count: 1,
                    examples: vec!["Occitanie : 159, et 160 pour la somme des départements.".to_owned()],
                    acknowledged: Some(Acknowledged {
                        id: "0123".to_owned(),
                        by: "Astreinte".to_owned(),
                        reason: "transfert en cours".to_owned(),
                        until: None,
                    }),
                },
                GateResult {
                    gate: "frozen-series".to_owned(),
                    title_fr: "Série figée".to_owned(),
                    source: None,
                    severity: "warn".to_owned(),
                    count: 0,
                    examples: Vec::new(),
                    acknowledged: None,
                },
            ],
        };
        made.fill();
        made.judge();
        made.forecast();
        made
    }

    /// The last day of the week.
    pub(crate) fn sunday(&self) -> Date {
        self.week.saturating_add(Span::new().days(6))
    }

    pub(crate) fn input(&self) -> Input<'_> {
        let issued: Timestamp = self
            .sunday()
            .saturating_add(Span::new().days(4))
            .at(7, 0, 0, 0)
            .in_tz("UTC")
            .unwrap()
            .timestamp();
        let feeds = self
            .vocabulary
            .contracts()
            .enumerate()
            .map(|(index, contract)| {
                let absent = self.absent.contains(&contract.name());
                let late = contract.name() == "nurse_platform" && self.late.is_some();
                let age = if late { 190.0 } else { 10.0 + 3.0 * index as f64 };
                FeedState {
                    source: contract.name().to_owned(),
                    title_fr: contract.title_fr.clone(),
                    publisher: contract.publisher.clone(),
                    licence: contract.licence.clone(),
                    last_issued_at: (!absent)
                        .then(|| issued.checked_sub(Span::new().hours(age as i64)).unwrap()),
                    age_hours: (!absent).then_some(age),
                    last_day: (!absent).then(|| self.sunday().saturating_add(Span::new().days(2))),
                    state: match (absent, late) {
                        (true, _) => Freshness::Absent,
                        (_, true) => self.late.unwrap_or(Freshness::Late),
                        _ => Freshness::Fresh,
                    },
                    rows_accepted: 20_000 + 17 * index as u64,
                    rows_quarantined: if contract.name() == "er_visits" { 3 } else { 0 },
                    last_fetch_outcome: Some(if late { "failed" } else { "unchanged" }.to_owned()),
                    last_fetch_message: None,
                    settling: Settling {
                        days: contract.cadence.settling_days,
                        editions: (contract.name() == "hospital_admissions").then_some(60),
                    },
                }
            })
            .collect();
        let access = [("39 66", "09 12 31 32 46 65 81 82"), ("15", "11 30 34 66"), ("0 810 604 608", "48")];
        Input {
            territory: self.territory.clone(),
            week: self.week,
            as_of: AsOf { issued, recorded: issued },
            edition: 1,
            observations: &self.observations,
            judgements: &self.judgements,
            forecasts: &self.forecasts,
            alerts: &self.alerts,
            vocabulary: &self.vocabulary,
            places: self.places.clone(),
            feeds,
            findings: self.findings.clone(),
            gates: self.gates.clone(),
            access_numbers: access
                .iter()
                .flat_map(|(phone, codes)| {
                    codes.split(' ').map(move |code| AccessNumber {
                        department: code.to_owned(),
                        phone: (*phone).to_owned(),
                        label_fr: format!("Médecin de garde : {phone}"),
                    })
                })
                .collect(),
            events: self.events.clone(),
            legal_statuses: self.legal_statuses.clone(),
            legal_lists: self.legal_lists.clone(),
            icu_days: self.icu_days(),
            agency: Agency::default(),
            changes: self.changes.clone(),
            wording: self.wording.clone(),
            reviewed_by: None,
            theme: self.theme.clone(),
        }
    }

    /// The region's patients and beds: all declared where the feed is there, the usual capacity that its agency wrote.
    fn icu_days(&self) -> Vec<IcuDay> {
        let place = Place::region("76");
        let days = self.observations.series("icu_patients", "", &place, TimeType::Day).into_iter().flatten();
        days.map(|(day, seen)| {
            let open = self.observations.get("icu_occupancy_open", "", &place, TimeType::Day, *day);
            let patients = open.and_then(|open| open.numerator);
            IcuDay {
                place: place.clone(),
                day: *day,
                covid: seen.value,
                patients,
                others: patients.zip(seen.value).map(|(all, covid)| all - covid),
                estimate: None,
                beds_open: open.and_then(|open| open.denominator),
                step: Some(Step { beds: Some(469.0), from: *day, is_usual: true, only_covid: false }),
                reason: patients.is_none().then(|| "patients autres que Covid-19 non comptés".to_owned()),
            }
        })
        .collect()
    }

    fn departments(&self) -> Vec<PlaceInfo> {
        self.places.iter().filter(|info| info.region.as_deref() == Some("76")).cloned().collect()
    }

    /// Forecasts of the territory that double in a month, wider day by day; no change does worse.
    fn forecast(&mut self) {
        let sunday = self.sunday();
        for (model, growth, error) in [("damped_trend", 0.025, 0.09), ("no_change", 0.0, 0.14)] {
            for indicator in ["hospital_patients", "icu_patients"] {
                let last = self.observations.get(indicator, "", &self.territory, TimeType::Day, sunday);
                let Some(last) = last.and_then(|observation| observation.value) else { continue };
                let day = |horizon: u16| {
                    let ahead = f64::from(horizon);
                    let median = last * (growth * ahead).exp();
                    let quantiles = [-3.0, -1.6, -0.8, 0.0, 0.8, 1.6, 3.0]
                        .map(|step| median * (1.0 + 0.015 * step * ahead));
                    ForecastDay {
                        day: sunday.saturating_add(Span::new().days(i64::from(horizon))),
                        horizon,
                        quantiles,
                    }
                };
                self.forecasts.push(Forecast {
                    model: model.to_owned(),
                    indicator: indicator.to_owned(),
                    place: self.territory.clone(),
                    reference: sunday,
                    days: (1..=14).map(day).collect(),
                    track: Some(Track { horizon: 14, asked: 12, within_80: 10, error }),
                });
            }
        }
    }

    /// Day and week rows of a series.
    pub(crate) fn put(
        &mut self,
        indicator: &str,
        category: &str,
        place: &Place,
        mut of_day: impl FnMut(Date, f64) -> (Option<f64>, Option<f64>, Option<f64>),
        reason: &str,
    ) {
        let start = self.sunday().saturating_sub(Span::new().days(DAYS - 1));
        for day in 0..DAYS {
            let date = start.saturating_add(Span::new().days(day));
            let (value, numerator, denominator) = of_day(date, day as f64);
            let recent = DAYS - 1 - day < 2 && indicator.contains("7d");
            let observation = Observation {
                value,
                numerator,
                denominator,
                status: match (value, recent) {
                    (None, _) => Status::Missing,
                    (_, true) => Status::Partial,
                    _ => Status::Ok,
                },
                missing_reason: value.is_none().then(|| reason.to_owned()),
                coverage: None,
                lacking: None,
                without: None,
            };
            let key = |time_type| SeriesKey {
                indicator: indicator.to_owned(),
                category: category.to_owned(),
                place: place.clone(),
                time_type,
            };
            if date.weekday() == jiff::civil::Weekday::Sunday {
                let monday = date.saturating_sub(Span::new().days(6));
                self.observations.insert(key(TimeType::Week), monday, observation.clone());
            }
            self.observations.insert(key(TimeType::Day), date, observation);
        }
    }

    fn fill(&mut self) {
        let departments = self.departments();
        let population: f64 = departments.iter().filter_map(|d| d.population).sum();
        let beds: f64 = departments.iter().filter_map(|d| d.icu_beds).sum();
        let mut all: Vec<(Place, f64, f64, f64)> = departments
            .iter()
            .enumerate()
            .map(|(i, d)| {
                let pressure = 0.6 + 0.8 * noise(i as u64 + 7);
                (d.place.clone(), d.population.unwrap_or(2e5), d.icu_beds.unwrap_or(8.0), pressure)
            })
            .collect();
        all.push((Place::region("76"), population, beds, 1.0));
        for (place, population, beds, pressure) in all {
            self.hospital(&place, population, beds, pressure);
            self.screening(&place, population, pressure);
            self.city(&place, population, pressure);
        }
    }

    fn has(&self, source: &str) -> bool {
        !self.absent.contains(&source)
    }

    fn hospital(&mut self, place: &Place, population: f64, beds: f64, pressure: f64) {
        let seed = seed(place);
        let gap = "9 départements sur 13 ont transmis";
        let region = place.code == "76" && *place == Place::region("76");
        let missing = move |day: Date| region && (date(2020, 9, 20)..=date(2020, 9, 22)).contains(&day);
        let stock =
            move |t: f64| (population / 1e5) * pressure * (2.0 + 14.0 * wave(t)) * jitter(seed, t, 0.03);
        self.put(
            "hospital_patients",
            "",
            place,
            |d, t| ((!missing(d)).then(|| stock(t).round()), None, None),
            gap,
        );
        self.put(
            "hospital_patients_per_100k",
            "",
            place,
            |d, t| {
                let n = stock(t).round();
                ((!missing(d)).then(|| n / population * 1e5), Some(n), Some(population))
            },
            gap,
        );
        let icu = move |t: f64| (stock(t) * 0.2).round();
        self.put("icu_patients", "", place, |d, t| ((!missing(d)).then(|| icu(t)), None, None), gap);
        self.put(
            "icu_occupancy_initial",
            "",
            place,
            |d, t| ((!missing(d)).then(|| icu(t) / beds), Some(icu(t)), Some(beds)),
            gap,
        );
        let critical = beds * 3.2;
        self.put(
            "icu_occupancy_critical_care",
            "",
            place,
            |d, t| ((!missing(d)).then(|| icu(t) / critical), Some(icu(t)), Some(critical)),
            gap,
        );
        if self.has("hospital_admissions") {
            let admissions = move |t: f64| (stock(t) * 0.42).round();
            self.put("admissions_7d", "", place, |_, t| (Some(admissions(t)), None, None), "");
            self.put(
                "admissions_7d_per_100k",
                "",
                place,
                |_, t| (Some(admissions(t) / population * 1e5), Some(admissions(t)), Some(population)),
                "",
            );
            self.put(
                "icu_admissions_7d",
                "",
                place,
                |_, t| (Some((admissions(t) * 0.16).round()), None, None),
                "",
            );
            self.put("deaths_7d", "", place, |_, t| (Some((admissions(t) * 0.1).round()), None, None), "");
        }
        if self.has("hospital_capacity") {
            let open = (beds * 1.2).round();
            self.put(
                "icu_occupancy_open",
                "",
                place,
                |_, t| {
                    let n = (icu(t) + beds * 0.55).round();
                    (Some(n / open), Some(n), Some(open))
                },
                "",
            );
            self.put(
                "icu_patients_all",
                "",
                place,
                |_, t| (Some((icu(t) + beds * 0.55).round()), None, None),
                "",
            );
            self.put(
                "icu_covid_share_open",
                "",
                place,
                |_, t| {
                    let n = (icu(t) + beds * 0.55).round();
                    (Some(icu(t) / n), Some(icu(t)), Some(n))
                },
                "",
            );
            for (care, base) in [
                ("icu", 0.8),
                ("intermediate", 0.75),
                ("medicine", 0.88),
                ("rehabilitation", 0.7),
                ("home", 0.6),
            ] {
                let n = (population / 900.0).round();
                self.put(
                    "care_occupancy_open",
                    care,
                    place,
                    |_, t| {
                        let used = (n * (base + 0.12 * wave(t)).min(1.0)).round();
                        (Some(used / n), Some(used), Some(n))
                    },
                    "",
                );
            }
        }
    }

    fn screening(&mut self, place: &Place, population: f64, pressure: f64) {
        let seed = seed(place) + 90;
        let tests = move |t: f64| (population * 0.019 * jitter(seed, t, 0.05)).round();
        let cases =
            move |t: f64| (tests(t) * (0.01 + 0.13 * pressure * wave(t)) * jitter(seed + 5, t, 0.02)).round();
        self.put("tests_7d", "", place, |_, t| (Some(tests(t)), None, None), "");
        self.put("cases_7d", "", place, |_, t| (Some(cases(t)), None, None), "");
        self.put(
            "positivity_7d",
            "",
            place,
            |_, t| (Some(cases(t) / tests(t)), Some(cases(t)), Some(tests(t))),
            "",
        );
        self.put(
            "incidence_7d_per_100k",
            "",
            place,
            |_, t| (Some(cases(t) / population * 1e5), Some(cases(t)), Some(population)),
            "",
        );
        self.put(
            "testing_7d_per_100k",
            "",
            place,
            |_, t| (Some(tests(t) / population * 1e5), Some(tests(t)), Some(population)),
            "",
        );
        let visits = (population / 90.0).round();
        self.put(
            "er_covid_share_7d",
            "",
            place,
            |_, t| {
                let n = (visits * (0.01 + 0.08 * pressure * wave(t))).round();
                (Some(n / visits), Some(n), Some(visits))
            },
            "",
        );
        if place.code != "48" && place.code != "09" {
            let calls = (population / 300.0).round();
            self.put(
                "sos_covid_share_7d",
                "",
                place,
                |_, t| {
                    let n = (calls * (0.02 + 0.1 * pressure * wave(t))).round();
                    (Some(n / calls), Some(n), Some(calls))
                },
                "",
            );
        } else {
            self.put(
                "sos_covid_share_7d",
                "",
                place,
                |_, _| (None, None, None),
                "pas de SOS Médecins dans ce département",
            );
        }
    }

    fn city(&mut self, place: &Place, population: f64, pressure: f64) {
        let scale = population / 1e5;
        let seed = seed(place) + 300;
        if self.has("centres") {
            let open = (scale * 1.5).ceil();
            self.put(
                "centres_open",
                "",
                place,
                |_, t| (Some((open * (0.4 + 0.6 * t / DAYS as f64)).round()), None, None),
                "",
            );
            for (status, n) in [
                ("open", open),
                ("project", 3.0),
                ("supported", 5.0),
                ("dedicated/open", (open * 0.4).round()),
                ("reorganised/open", (open * 0.6).round()),
            ] {
                self.put("centres_by_status", status, place, |_, _| (Some(n), None, None), "");
            }
            self.put(
                "centre_slot_use",
                "",
                place,
                |_, t| {
                    let offered = (scale * 300.0).round();
                    let booked = (offered * (0.5 + 0.4 * pressure * wave(t)).min(1.0)).round();
                    (Some(booked / offered), Some(booked), Some(offered))
                },
                "",
            );
            self.put("centre_slots_per_100k_day", "", place, |_, _| (Some(42.3), None, None), "");
        }
        if self.has("nurse_platform") {
            for platform in ["", "inzee-care"] {
                self.put(
                    "nurses_registered",
                    platform,
                    place,
                    |_, t| (Some((scale * 56.0 + t * 0.1).round()), None, None),
                    "",
                );
                self.put(
                    "nurses_active_7d",
                    platform,
                    place,
                    |_, t| (Some((scale * 21.0 + t * 0.05).round()), None, None),
                    "",
                );
            }
            self.put(
                "home_requests_unserved_share_7d",
                "",
                place,
                |_, t| {
                    let n = (scale * 60.0).round();
                    let k = (n * (0.05 + 0.12 * wave(t))).round();
                    (Some(k / n), Some(k), Some(n))
                },
                "",
            );
            self.put(
                "patients_at_home",
                "",
                place,
                |_, t| (Some((scale * (4.0 + 30.0 * wave(t))).round()), None, None),
                "",
            );
        }
        if self.has("telemedicine") {
            self.put(
                "telemedicine_doctors",
                "",
                place,
                |_, t| (Some((scale * 31.0 + t * 0.02).round()), None, None),
                "",
            );
            self.put(
                "telemedicine_doctors",
                "medicam",
                place,
                |_, t| (Some((scale * 31.0 + t * 0.02).round()), None, None),
                "",
            );
            self.put(
                "telemedicine_consultations_7d",
                "",
                place,
                |_, t| {
                    (Some((scale * (200.0 + 300.0 * wave(t)) * jitter(seed, t, 0.04)).round()), None, None)
                },
                "",
            );
        }
        if self.has("reinforcement") {
            self.put(
                "reinforcement_unfilled_share",
                "",
                place,
                |_, t| {
                    let n = (scale * 12.0).ceil();
                    let k = (n * (0.1 + 0.3 * wave(t))).round();
                    (Some(k / n), Some(k), Some(n))
                },
                "",
            );
        }
        if self.has("test_supply") {
            for (product, base) in
                [("rt_pcr", 16.0), ("antigen", 11.0), ("surgical_mask", 34.0), ("ffp2_mask", 21.0)]
            {
                self.put(
                    "test_days_of_cover",
                    product,
                    place,
                    |_, t| {
                        let days = base * (1.25 - 0.85 * wave(t) * pressure) * jitter(seed, t, 0.03);
                        (Some(days.max(0.4)), Some(days * 100.0), Some(100.0))
                    },
                    "",
                );
                self.put(
                    "test_order_fill_rate_14d",
                    product,
                    place,
                    |_, t| (Some(0.97 - 0.3 * wave(t)), Some(970.0), Some(1000.0)),
                    "",
                );
            }
        }
        if self.has("on_call") {
            for category in ["", "regulator", "on_duty_doctor"] {
                self.put(
                    "on_call_cover",
                    category,
                    place,
                    |_, t| {
                        let n = (scale * 22.0).ceil();
                        let k = (n * (0.98 - 0.15 * wave(t))).round();
                        (Some(k / n), Some(k), Some(n))
                    },
                    "",
                );
            }
            self.put(
                "on_call_cost_7d",
                "",
                place,
                |_, t| (Some((scale * 13_500.0 + t * 10.0).round()), None, None),
                "",
            );
        }
    }

    /// Levels of the score rule on each Sunday, and alerts from the last ones.
    fn judge(&mut self) {
        let rule = self.vocabulary.rule("tension-score").unwrap().clone();
        let places: Vec<Place> =
            self.departments().into_iter().map(|d| d.place).chain([Place::region("76")]).collect();
        for back in 0..14 {
            let monday = self.week.saturating_sub(Span::new().weeks(back));
            let sunday = monday.saturating_add(Span::new().days(6));
            for place in &places {
                let mut known = 0;
                let mut criteria: Vec<CriterionResult> = rule
                    .criteria
                    .iter()
                    .map(|criterion| {
                        let value = self
                            .observations
                            .get(&criterion.indicator, &criterion.category, place, TimeType::Week, monday)
                            .and_then(|o| o.value);
                        let levels = &criterion.thresholds[0].levels;
                        let (orange, red) = (levels["tension"], levels["saturation"]);
                        let over =
                            |bound: f64| value.map(|v| if orange < red { v >= bound } else { v <= bound });
                        known += usize::from(value.is_some());
                        CriterionResult {
                            id: criterion.id.clone(),
                            value,
                            threshold: Some(if over(red) == Some(true) { red } else { orange }),
                            rank: over(orange).map(|o| u8::from(o) + u8::from(over(red) == Some(true))),
                            missing_reason: value.is_none().then(|| "source absente".to_owned()),
                        }
                    })
                    .collect();
                // Whole points are enough here: 4 for tension, 6 for saturation.
                let score: u8 = criteria.iter().filter_map(|criterion| criterion.rank).sum();
                let rank = u8::from(score >= 4) + u8::from(score >= 6);
                let rank_max = if known + 1 < criteria.len() { 2 } else { rank };
                criteria.push(CriterionResult {
                    id: SCORE.to_owned(),
                    value: Some(f64::from(score)),
                    threshold: None,
                    rank: Some(rank),
                    missing_reason: None,
                });
                self.judgements.push(Judgement {
                    rule: rule.id.clone(),
                    place: place.clone(),
                    date: sunday,
                    rank,
                    rank_max,
                    level: rule.level(rank).map_or("none", |level| &level.id).to_owned(),
                    criteria: criteria.clone(),
                });
                if back == 0 && rank > 0 {
                    self.alerts.push(Alert {
                        rule: rule.id.clone(),
                        place: place.clone(),
                        state: if place.code == "12" { AlertState::Clearing } else { AlertState::Active },
                        level: rule.level(rank).unwrap().id.clone(),
                        rank,
                        since: sunday.saturating_sub(Span::new().days(3 + i64::from(rank))),
                        criteria,
                        inhibited: false,
                        action_fr: rule.level(rank).unwrap().action_fr.clone(),
                    });
                }
            }
        }
        self.more_judgements();
    }

    /// Levels by incidence under the dated rule, so that a bulletin without the score has a map.
    fn more_judgements(&mut self) {
        let rule = self.vocabulary.rule("zones-2020-09-23").unwrap().clone();
        for back in 0..14 {
            let monday = self.week.saturating_sub(Span::new().weeks(back));
            for info in self.departments() {
                let value = self
                    .observations
                    .get("incidence_7d_per_100k", "", &info.place, TimeType::Week, monday)
                    .and_then(|o| o.value);
                let rank = u8::from(value.is_some_and(|v| v >= 50.0));
                self.judgements.push(Judgement {
                    rule: rule.id.clone(),
                    place: info.place.clone(),
                    date: monday.saturating_add(Span::new().days(6)),
                    rank,
                    rank_max: if value.is_some_and(|v| v >= 150.0) { 3 } else { rank },
                    level: rule.level(rank).map_or("none", |level| &level.id).to_owned(),
                    criteria: Vec::new(),
                });
            }
        }
    }
}

fn places(vocabulary: &Vocabulary) -> Vec<PlaceInfo> {
    let body = vocabulary.reference_bodies().find(|body| body.source == "departments").unwrap().body.to_vec();
    let text = String::from_utf8(body).unwrap();
    let mut found: Vec<PlaceInfo> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |i: usize| cells.get(i).and_then(|cell| cell.parse::<f64>().ok());
            Some(PlaceInfo {
                place: Place::department(cells.first()?),
                name: (*cells.get(1)?).to_owned(),
                region: Some((*cells.get(2)?).to_owned()),
                population: number(4),
                population_75plus: number(5),
                population_year: Some(2020),
                icu_beds: number(7),
                intermediate_beds: number(8),
                continuing_beds: number(9),
                beds_year: Some(2018),
            })
        })
        .collect();
    found.push(PlaceInfo {
        place: Place::region("76"),
        name: "Occitanie".to_owned(),
        region: None,
        population: Some(5_985_697.0),
        population_75plus: None,
        population_year: Some(2020),
        icu_beds: Some(474.0),
        intermediate_beds: None,
        continuing_beds: None,
        beds_year: Some(2018),
    });
    found
}

fn events(_vocabulary: &Vocabulary) -> Vec<Event> {
    let event = |starts, ends, kind, title: &str, sources: &[&str]| Event {
        starts,
        ends: Some(ends),
        place: Place::france(),
        kind,
        title_fr: title.to_owned(),
        reference: "texte de référence".to_owned(),
        sources: sources.iter().map(|s| (*s).to_owned()).collect(),
        columns: if sources.is_empty() { Vec::new() } else { vec!["tests".to_owned()] },
    };
    vec![
        event(
            date(2020, 11, 1),
            date(2020, 11, 2),
            EventKind::DefinitionBreak,
            "SI-DEP : nouvelle façon de compter les personnes testées",
            &["tests"],
        ),
        event(date(2020, 7, 14), date(2020, 7, 14), EventKind::Holiday, "Fête nationale", &[]),
        event(date(2020, 8, 15), date(2020, 8, 15), EventKind::Holiday, "Assomption", &[]),
        event(date(2020, 10, 30), date(2020, 12, 14), EventKind::Measure, "Deuxième confinement", &[]),
    ]
}

/// A slow summer and a rising autumn, 0..1.
fn wave(t: f64) -> f64 {
    let first = (-((t - 10.0) / 25.0).powi(2)).exp() * 0.7;
    first + 1.0 / (1.0 + (-(t - 200.0) / 16.0).exp())
}

/// 0..1, the same for the same seed.
fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    x ^= x >> 31;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    (x % 10_000) as f64 / 10_000.0
}

fn jitter(seed: u64, t: f64, size: f64) -> f64 {
    1.0 + size * (2.0 * noise(seed.wrapping_mul(1_000).wrapping_add(t as u64)) - 1.0)
}

fn seed(place: &Place) -> u64 {
    place.code.bytes().fold(17, |seed, byte| seed * 31 + u64::from(byte))
}
