//! The whole bulletin: renders, conforms, repeats itself byte for byte, prints what it registers.

use jiff::civil::date;
use vigie_queries::Place;

use crate::fixture::Made;
use crate::{Rendered, render};

/// Writes what was rendered where `VIGIE_BULLETIN_OUT` says, to be looked at.
fn keep(name: &str, rendered: &Rendered) {
    if let Some(folder) = std::env::var_os("VIGIE_BULLETIN_OUT") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.pdf")), &rendered.pdf).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), &rendered.html).unwrap();
        if let Some(summary) = &rendered.summary {
            std::fs::write(folder.join(format!("{name}-a5.pdf")), summary).unwrap();
        }
        std::fs::write(folder.join(format!("{name}.json")), &rendered.json).unwrap();
        std::fs::write(folder.join(format!("{name}.xlsx")), &rendered.xlsx).unwrap();
    }
}

#[test]
fn a_region_with_every_feed_makes_six_to_twelve_pages_the_same_every_time() {
    let made = Made::rich();
    let first = render(&made.input()).unwrap();
    keep("rich", &first);
    assert!((6..=12).contains(&first.pages), "{} pages", first.pages);
    assert_eq!(first.warnings, Vec::<String>::new());
    let second = render(&made.input()).unwrap();
    assert!(first.pdf == second.pdf && first.json == second.json && first.xlsx == second.xlsx);
}

#[test]
fn three_feeds_still_make_a_bulletin_that_says_what_is_absent() {
    let made = Made::sparse();
    let rendered = render(&made.input()).unwrap();
    keep("sparse", &rendered);
    assert!(rendered.pages >= 3, "{} pages", rendered.pages);
    let draft = super::write(&made.input());
    let text = serde_json::to_string(&draft.document).unwrap();
    assert!(text.contains("n’a pas été reçue") || text.contains("n’ont pas été reçues"));
}

#[test]
fn a_department_and_the_country_have_their_bulletin() {
    let mut made = Made::rich();
    made.territory = Place::department("31");
    keep("department", &render(&made.input()).unwrap());
    made.territory = Place::france();
    keep("country", &render(&made.input()).unwrap());
}

#[test]
fn a_week_in_which_nothing_could_be_judged_is_not_told_as_one_without_alerts() {
    let mut made = Made::rich();
    made.alerts.clear();
    let text = |made: &Made| render(&made.input()).unwrap().text;
    assert!(text(&made).contains("Aucune alerte active"));
    for judgement in &mut made.judgements {
        judgement.level = "unknown".to_owned();
    }
    assert!(!text(&made).contains("Aucune alerte active"));
    assert!(text(&made).contains("aucune règle ne peut être appliquée, faute de données fraîches"));
}

#[test]
fn a_week_after_a_definition_break_makes_no_comparison() {
    let made = Made::of(date(2020, 11, 2), &[]);
    keep("break", &render(&made.input()).unwrap());
    let draft = super::write(&made.input());
    let compared = |id: &str| draft.published.iter().any(|p| p.indicator == id && p.value.is_some());
    assert!(!compared("positivity_7d.change"), "positivity was compared across the break");
    assert!(compared("hospital_patients.change"));
}

#[test]
fn week_53_spans_two_years() {
    let made = Made::of(date(2020, 12, 28), &[]);
    keep("week53", &render(&made.input()).unwrap());
    let draft = super::write(&made.input());
    assert_eq!(draft.document.head.week, "Semaine 53 (du 28 décembre 2020 au 3 janvier 2021)");
}

fn outlook(draft: &super::Draft) -> String {
    let section = draft.document.sections.iter().find(|section| section.id == "outlook").unwrap();
    serde_json::to_string(&section.blocks).unwrap()
}

#[test]
fn forecasts_of_the_territory_are_told_drawn_and_measured() {
    let mut made = Made::rich();
    let draft = super::write(&made.input());
    let text = outlook(&draft);
    for part in [
        "Patients en réanimation le 1er novembre",
        "8 chances sur 10",
        "10 fois sur 12",
        "Patients hospitalisés\u{A0}: prévision",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Aucune prévision") && !text.contains("pas fait mieux"));
    let ahead = draft.published.iter().filter(|value| value.indicator == "icu_patients.forecast");
    assert_eq!(ahead.filter(|value| value.time_value == date(2020, 11, 1)).count(), 3);
    let plotted = draft.plotted.iter().filter(|series| series.indicator == "icu_patients.forecast");
    assert_eq!(plotted.map(|series| series.points.len()).collect::<Vec<_>>(), [14; 7]);
    let definitions = serde_json::to_string(draft.document.sections.last().unwrap()).unwrap();
    assert!(definitions.contains("Prévision, tendance amortie"), "{definitions}");

    // A forecast that did badly says so; another place's is not printed; none is said.
    for forecast in &mut made.forecasts {
        let track = forecast.track.as_mut().unwrap();
        (track.within_80, track.error) = (5, 0.2);
    }
    let text = outlook(&super::write(&made.input()));
    assert!(text.contains("trop étroite") && text.contains("pas fait mieux que"), "{text}");
    made.forecasts.iter_mut().for_each(|forecast| forecast.place = Place::region("11"));
    let text = outlook(&super::write(&made.input()));
    assert!(text.contains("Aucune prévision") && !text.contains("8 chances sur 10"), "{text}");
}

/// Beds are for all: what is said to be free is what everybody leaves, and where nobody counts everybody nothing is.
#[test]
fn no_margin_of_beds_is_told_of_a_part_of_the_patients() {
    let hospital = |draft: &super::Draft| {
        let section = draft.document.sections.iter().find(|section| section.id == "hospital").unwrap();
        serde_json::to_string(&section.blocks).unwrap()
    };
    let made = Made::rich();
    let (input, draft) = (made.input(), super::write(&made.input()));
    let day = input.icu_days.iter().find(|icu| icu.day == made.sunday()).unwrap();
    let free = day.beds_open.unwrap() - day.patients.unwrap();
    let told: Vec<f64> = draft
        .published
        .iter()
        .filter(|value| value.indicator.ends_with(".margin"))
        .filter_map(|value| value.value)
        .collect();
    assert!(free > 0.0 && told == [free], "{told:?}, {free}");
    assert!(hospital(&draft).contains("lits libres"), "{}", hospital(&draft));
    // Other patients leave so many beds to those of the forecast.
    let left = draft.published.iter().find(|value| value.indicator == "icu_patients.left.threshold").unwrap();
    assert_eq!(left.value, Some(free + day.covid.unwrap()));
    assert!(outlook(&draft).contains("que laissent les autres patients"), "{}", outlook(&draft));

    let draft = super::write(&Made::sparse().input());
    assert!(draft.published.iter().all(|value| !value.indicator.ends_with(".margin")));
    assert!(hospital(&draft).contains("ne peut être dite"), "{}", hospital(&draft));
    assert!(!hospital(&draft).contains("lits de marge"));
    assert!(outlook(&draft).contains("pas de comparaison aux 469"), "{}", outlook(&draft));
}

/// A headline with rivals stands beside them, each with its words; where they are not known it stands alone.
#[test]
fn key_figures_are_told_with_their_second_readings() {
    let first = |made: &Made| {
        let draft = super::write(&made.input());
        serde_json::to_string(&draft.document.sections[0].blocks).unwrap()
    };
    let text = first(&Made::rich());
    for words in ["Autres lectures", "des lits ouverts (tous patients)", "pour toutes causes"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = first(&Made::sparse());
    assert!(text.contains("de tous les lits de soins critiques") && !text.contains("lits ouverts"), "{text}");
}

/// A gap stays a gap; beside it stands what was last known, under its own day.
#[test]
fn a_week_that_is_not_over_in_the_data_shows_its_last_value_beside_the_gap() {
    use vigie_queries::{Observation, SeriesKey, Status, TimeType};
    let mut made = Made::rich();
    let key = |time_type| SeriesKey {
        indicator: "icu_patients".into(),
        category: String::new(),
        place: made.territory.clone(),
        time_type,
    };
    let (week, days) = (key(TimeType::Week), key(TimeType::Day));
    let reason = Some("pas encore publié".to_owned());
    let gap = Observation::of(None, Status::Missing, reason);
    for day in [17, 18] {
        made.observations.insert(days.clone(), date(2020, 10, day), gap.clone());
    }
    made.observations.insert(week, date(2020, 10, 12), gap.clone());
    let friday = made.observations.series_mut(days).get_mut(&date(2020, 10, 16)).unwrap();
    (friday.value, friday.status) = (Some(171.0), Status::Partial);
    let draft = super::write(&made.input());
    let figures = draft.document.sections[0].blocks.iter().find_map(|block| match block {
        crate::document::Block::KeyFigures { items } => Some(items.clone()),
        _ => None,
    });
    let beds = figures.unwrap().into_iter().find(|item| item.label == "Patients en réanimation").unwrap();
    assert_eq!(beds.value, "–");
    assert_eq!(beds.change, "171 le 16 oct.");
    assert_eq!(beds.detail, "provisoire\u{202F}; pas encore publié");
    let noted = |value: &&crate::PublishedValue| {
        value.section == "key_points" && value.indicator == "icu_patients" && value.time_type == "day"
    };
    let noted = draft.published.iter().find(noted).unwrap();
    assert_eq!((noted.value, noted.time_value), (Some(171.0), date(2020, 10, 16)));
}

/// Gers did not transmit: the region has no value, and who is missing is named beside the sum of the others.
#[test]
fn a_region_short_of_one_department_names_it_and_calls_the_sum_without_it() {
    use vigie_queries::{SeriesKey, Status, TimeType};
    let mut made = Made::rich();
    for place in [Place::region("76"), Place::department("32")] {
        let key = SeriesKey {
            indicator: "hospital_patients".into(),
            category: String::new(),
            place,
            time_type: TimeType::Week,
        };
        let week = made.observations.series_mut(key).get_mut(&date(2020, 10, 12)).unwrap();
        (week.value, week.status) = (None, Status::Missing);
        week.missing_reason = Some("12 départements sur 13 ont transmis".into());
    }
    let others: f64 = made
        .places
        .iter()
        .filter(|info| info.region.as_deref() == Some("76") && info.place.code != "32")
        .filter_map(|info| {
            made.observations.get("hospital_patients", "", &info.place, TimeType::Week, date(2020, 10, 12))
        })
        .filter_map(|observation| observation.value)
        .sum();
    let text = serde_json::to_string(&super::write(&made.input()).document).unwrap();
    assert!(text.contains(&format!("Patients hospitalisés ({others} hors Gers)")), "{others}: {text}");
}

#[test]
fn an_empty_lake_makes_a_bulletin_without_figures() {
    let mut made = Made::rich();
    made.observations = vigie_queries::Observations::default();
    made.judgements.clear();
    made.alerts.clear();
    made.absent = made.vocabulary.contracts().map(|c| c.name().to_owned().leak() as &'static str).collect();
    keep("empty", &render(&made.input()).unwrap());
}

#[test]
fn hostile_text_prints_literally() {
    let mut made = Made::rich();
    let hostile = format!("#panic() *gras* $x$ <script> \u{202E}abc 😀 é\u{0301} {}", "x".repeat(10_000));
    made.findings[0].example_message = hostile.clone();
    made.findings[0].code = hostile.clone();
    made.events[1].title_fr = hostile.clone();
    made.events[0].title_fr = hostile;
    keep("hostile", &render(&made.input()).unwrap());
}

/// Numbers in running text and tables come from the register: once its entries, the dates and the names with digits
/// are taken away, no digit is left in the cells that print values.
#[test]
fn every_number_of_a_value_cell_is_registered() {
    let made = Made::rich();
    let draft = super::write(&made.input());
    for section in &draft.document.sections {
        let printed: Vec<&str> =
            draft.published.iter().filter(|p| p.section == section.id).map(|p| p.printed.as_str()).collect();
        for block in &section.blocks {
            let crate::document::Block::Table(table) = block else { continue };
            for row in &table.rows {
                for (cell, column) in row.cells.iter().zip(&table.columns) {
                    if !column.number
                        || !cell.text.chars().any(|c| c.is_ascii_digit())
                        || cell.text.contains('/')
                    {
                        continue;
                    }
                    let known =
                        printed.iter().any(|p| cell.text.contains(p) && p.len() * 4 >= cell.text.len());
                    assert!(known, "« {} » of « {} » is not in the twin", cell.text, table.caption);
                }
            }
        }
    }
}

#[test]
fn a_bad_template_is_told_with_its_line() {
    let mut made = Made::rich();
    made.theme.template = Some("\n#nothing-of-that-name".to_owned());
    let fault = render(&made.input()).unwrap_err();
    assert!(fault.to_string().contains("main.typ:2: error"), "{fault}");
}

#[test]
fn the_quality_page_says_which_settling_times_are_measured() {
    let draft = super::write(&Made::rich().input());
    let text = serde_json::to_string(&draft.document).unwrap();
    assert!(text.contains("Délai de consolidation mesuré sur les éditions reçues"), "that of the admissions");
    assert!(text.contains("14\u{a0}jours (60\u{a0}éditions)"), "days and editions");
    assert!(text.contains("Délai de consolidation annoncé par le producteur"), "those of the others");
    assert!(draft.published.iter().any(|p| p.indicator == "feed.settling" && p.value == Some(14.0)));
}

/// Changes of every kind, as many as asked for, of the territory and its departments.
fn changes(n: usize) -> crate::input::Changes {
    use crate::input::{Cause, Change, Changes, Previous};
    let place = |index: usize| match index % 4 {
        0 => Place::region("76"),
        1 => Place::department("31"),
        2 => Place::department("82"),
        _ => Place::department("65"),
    };
    let kinds = [
        ("rule:tension-score.level", "", "rank", Some(1.0), "vigilance", Some(2.0), "tension"),
        ("rule:zones-2020-09-23.alert", "", "rank", None, "aucune alerte", Some(2.0), "alerte renforcée"),
        ("admissions_7d", "", "patients", Some(310.0), "310", Some(318.0), "318"),
        ("incidence_7d_per_100k", "", "per_100k", Some(161.3), "161,3", Some(184.0), "184,0"),
        ("positivity_7d", "", "share", None, "–", Some(0.104), "10,4\u{202F}%"),
        ("test_days_of_cover", "antigen", "days", Some(5.2), "5,2", Some(4.1), "4,1"),
        ("admissions_7d.change", "", "patients", Some(22.0), "+22", Some(30.0), "+30"),
    ];
    let causes = [
        vec![Cause::LateData],
        vec![Cause::Correction],
        vec![Cause::LateData, Cause::Definition],
        vec![Cause::Withdrawal],
        Vec::new(),
    ];
    let changes = (0..n).map(|index| {
        let (indicator, category, unit, before, printed_before, now, printed_now) =
            kinds[index % kinds.len()];
        Change {
            indicator: indicator.to_owned(),
            category: category.to_owned(),
            place: place(index),
            time_type: vigie_queries::TimeType::Week,
            date: date(2020, 10, 5).saturating_sub(jiff::Span::new().weeks(index as i64 / 28)),
            unit: unit.to_owned(),
            before,
            printed_before: printed_before.to_owned(),
            now,
            printed_now: printed_now.to_owned(),
            causes: causes[index % causes.len()].clone(),
        }
    });
    Changes {
        previous: Some(Previous {
            week: date(2020, 10, 5),
            edition: 1,
            issued: "2020-10-15T07:00:00Z".parse().unwrap(),
            rule: Some("tension-score".into()),
        }),
        compared: 412,
        changes: changes.collect(),
    }
}

#[test]
fn what_changed_since_the_last_bulletin_has_its_page_and_its_sentence() {
    let mut made = Made::rich();
    made.changes = Some(changes(40));
    let rendered = render(&made.input()).unwrap();
    keep("changes", &rendered);
    assert!(rendered.pages <= 12, "{} pages", rendered.pages);
    let draft = super::write(&made.input());
    let section = draft.document.sections.iter().find(|section| section.id == "changes").unwrap();
    let rules = serde_json::to_string(&section.blocks[1]).unwrap();
    assert!(rules.contains("Zone de circulation active") || rules.contains("ne s’applique plus"), "{rules}");
    let Some(crate::document::Block::Table(table)) = section.blocks.get(2) else { panic!("no table") };
    assert_eq!(table.rows.len(), 25, "the rest is counted");
    assert!(table.notes[0].starts_with("Et 15 autres"), "{:?}", table.notes);
    let first: Vec<&str> = table.rows[0].cells.iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(first[1..], ["Occitanie", "S41", "vigilance", "tension", "donnée tardive"]);
    let text = serde_json::to_string(&draft.document).unwrap();
    assert!(text.contains("40 valeurs publiées ont changé"), "the first page says how many");
    assert!(text.replace('\u{A0}', " ").contains("depuis le bulletin du 15 octobre (S41)"), "{text}");
    let twin: serde_json::Value = serde_json::from_slice(&rendered.json).unwrap();
    assert_eq!(twin["changes"]["changes"].as_array().unwrap().len(), 40, "all are in the twin");
    assert_eq!(twin["changes"]["changes"][2]["causes"], serde_json::json!(["late-data", "definition"]));
}

/// The HTML twin, figures included, with plain spaces.
fn page_of(made: &Made) -> String {
    String::from_utf8(render(&made.input()).unwrap().html).unwrap().replace('\u{A0}', " ")
}

#[test]
fn a_revised_day_of_the_week_before_is_drawn_as_it_was_published() {
    let mut made = Made::rich();
    let mut revised = changes(1);
    let ghost = "publié (S41)";
    // A value of the week is not a point of the curve: no ghost.
    made.changes = Some(revised.clone());
    assert!(!page_of(&made).contains(ghost));
    let change = &mut revised.changes[0];
    change.indicator = "hospital_patients".into();
    change.place = Place::region("76");
    change.time_type = vigie_queries::TimeType::Day;
    change.date = date(2020, 10, 8);
    (change.before, change.now) = (Some(250.0), Some(290.0));
    made.changes = Some(revised.clone());
    assert!(page_of(&made).contains(ghost), "the day was published otherwise");
    // Another place has its own curve.
    revised.changes[0].place = Place::department("31");
    made.changes = Some(revised);
    assert!(!page_of(&made).contains(ghost));
}

#[test]
fn perspectives_name_what_is_near_a_threshold_and_only_what_was_known() {
    let mut made = Made::rich();
    made.forecasts.clear();
    let draft = super::write(&made.input());
    let text = outlook(&draft);
    assert!(text.contains("Aucune prévision n’est donnée"), "{text}");
    // The lockdown of 30 October is in the table of events; on 18 October nobody knew it.
    assert!(!text.contains("onfinement"), "{text}");
    // What is printed is registered, the threshold beside its value.
    let thresholds = draft
        .published
        .iter()
        .filter(|value| value.section == "outlook" && value.indicator.ends_with(".threshold"));
    let section = draft.document.sections.iter().find(|section| section.id == "outlook").unwrap();
    let rows = section.blocks.iter().find_map(|block| match block {
        crate::document::Block::Table(table) => Some(table.rows.len()),
        _ => None,
    });
    assert_eq!(thresholds.count(), rows.unwrap_or(0));
    // Without a rule there are no thresholds to be near.
    let mut silent = Made::rich();
    silent.judgements.clear();
    silent.forecasts.clear();
    let draft = super::write(&silent.input());
    let outlook = draft.document.sections.iter().find(|section| section.id == "outlook");
    assert!(outlook.is_none_or(|section| section.blocks.len() == 1));
}

#[test]
fn nothing_changed_and_the_first_bulletin_are_said_in_a_sentence() {
    let mut made = Made::rich();
    made.changes = Some(changes(0));
    let text = serde_json::to_string(&super::write(&made.input()).document).unwrap();
    assert!(text.contains("Aucune valeur publiée n’a changé"));
    made.changes = Some(changes(1));
    let text = serde_json::to_string(&super::write(&made.input()).document).unwrap();
    assert!(text.contains("1 valeur publiée a changé"));
    made.changes = Some(crate::input::Changes::default());
    let text = serde_json::to_string(&super::write(&made.input()).document).unwrap();
    assert!(text.contains("C’est le premier bulletin publié pour ce territoire"));
    assert!(!text.contains("n’a changé"));
}

#[test]
fn a_bulletin_read_again_from_the_same_data_has_no_change_and_a_moved_value_has_one_per_printed_fact() {
    let mut made = Made::rich();
    let published = super::write(&made.input()).published;
    let same = crate::reread(&made.input(), &published);
    assert_eq!(same.changed, []);
    assert!(same.compared > 200, "{} facts", same.compared);

    // 25 patients more in Gers on the Sunday: its value, and what is said of its week.
    let place = Place::department("32");
    let key = |time_type| vigie_queries::SeriesKey {
        indicator: "hospital_patients".into(),
        category: String::new(),
        place: place.clone(),
        time_type,
    };
    for (time_type, day) in [
        (vigie_queries::TimeType::Week, date(2020, 10, 12)),
        (vigie_queries::TimeType::Day, date(2020, 10, 18)),
    ] {
        let mut moved =
            made.observations.get("hospital_patients", "", &place, time_type, day).unwrap().clone();
        moved.value = moved.value.map(|value| value + 25.0);
        made.observations.insert(key(time_type), day, moved);
    }
    let changed = crate::reread(&made.input(), &published).changed;
    let mut told: Vec<(&str, &str)> =
        changed.iter().map(|c| (c.then.indicator.as_str(), c.then.geo_value.as_str())).collect();
    told.dedup();
    assert!(told.contains(&("hospital_patients", "32")), "{told:?}");
    assert!(told.iter().all(|(id, place)| id.starts_with("hospital_patients") && *place == "32"), "{told:?}");
    let value = changed.iter().find(|c| c.then.indicator == "hospital_patients").unwrap();
    assert_eq!(value.value.unwrap() - value.then.value.unwrap(), 25.0);
}

#[test]
fn a_level_and_an_alert_that_would_not_be_printed_today_are_changes() {
    let mut made = Made::rich();
    let published = super::write(&made.input()).published;
    assert!(published.iter().any(|value| value.indicator.ends_with(".level")), "levels are published values");
    assert!(published.iter().any(|value| value.indicator.ends_with(".alert")), "alerts are published values");
    let judgement = made
        .judgements
        .iter_mut()
        .find(|judgement| {
            judgement.rule == "tension-score" && judgement.rank > 0 && judgement.date == date(2020, 10, 18)
        })
        .unwrap();
    let place = judgement.place.clone();
    (judgement.rank, judgement.rank_max, judgement.level) = (0, 0, "none".into());
    made.alerts.clear();
    let changed = crate::reread(&made.input(), &published).changed;
    assert!(
        changed.iter().any(|c| c.then.indicator == "rule:tension-score.level"
            && c.then.geo_value == place.code
            && c.printed == "sous les seuils"),
        "{changed:#?}"
    );
    let alert = changed.iter().find(|c| c.then.indicator.ends_with(".alert")).unwrap();
    assert_eq!((alert.printed.as_str(), alert.value), ("aucune alerte", None));
}

/// Text that a feed could hold to break a page.
fn hostile() -> String {
    format!("#panic() *gras* $x$ <script>alert(1)</script> \u{202E}abc 😀 é\u{0301} {}", "x".repeat(10_000))
}

#[test]
fn every_department_has_a_sheet_of_one_page_whatever_the_texts() {
    for long in [false, true] {
        let mut made = Made::rich();
        made.changes = Some(changes(40));
        if long {
            made.findings[0].example_message = hostile();
            for alert in &mut made.alerts {
                alert.action_fr = "Réunir la cellule de crise dans la journée. ".repeat(12);
            }
            for event in &mut made.events {
                event.title_fr = hostile();
            }
        }
        let codes: Vec<String> = made
            .places
            .iter()
            .filter(|info| info.region.as_deref() == Some("76"))
            .map(|info| info.place.code.clone())
            .collect();
        assert_eq!(codes.len(), 13);
        for code in codes.iter().take(if long { 3 } else { 13 }) {
            made.territory = Place::department(code);
            let rendered = render(&made.input()).unwrap();
            keep(&format!("sheet-{code}{}", if long { "-long" } else { "" }), &rendered);
            assert_eq!(rendered.pages, 1, "{code}");
            assert_eq!(rendered.warnings, Vec::<String>::new());
            assert!(rendered.summary.is_none());
        }
    }
}

#[test]
fn the_first_page_stands_alone_and_its_summary_is_one_page() {
    let mut made = Made::rich();
    made.changes = Some(changes(40));
    for alert in &mut made.alerts {
        alert.action_fr = "Réunir la cellule de crise dans la journée. ".repeat(12);
    }
    let draft = super::write(&made.input());
    let ids: Vec<&str> = draft.document.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(ids[0], "key_points");
    let kinds = serde_json::to_string(&draft.document.sections[0]).unwrap();
    for kind in ["lead", "key_figures", "bullets", "figure", "note", "steps"] {
        assert!(kinds.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
    }
    let rendered = render(&made.input()).unwrap();
    keep("long", &rendered);
    assert!(rendered.pages <= 12, "{} pages", rendered.pages);
    assert_eq!(rendered.warnings, Vec::<String>::new());
    assert!(rendered.summary.is_some());
    assert!(rendered.text.contains("Prochaine étape"), "{}", rendered.text);
    assert!(rendered.state.contains("départements"), "{}", rendered.state);
    assert!(!rendered.state.contains('\n') && rendered.state.chars().count() <= 160);
}

#[test]
fn the_html_twin_holds_every_printed_number_and_no_markup_of_a_feed() {
    let mut made = Made::rich();
    made.changes = Some(changes(40));
    made.findings[0].example_message = hostile();
    made.events[0].title_fr = hostile();
    let rendered = render(&made.input()).unwrap();
    keep("html", &rendered);
    let page = String::from_utf8(rendered.html).unwrap();
    for value in &rendered.published {
        let escaped = value.printed.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;");
        assert!(page.contains(&escaped), "{} {}: « {} »", value.section, value.label, value.printed);
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains('\u{202E}'));
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">"));
    let count = |part: &str| page.matches(part).count();
    assert_eq!(count("<figure>"), count("Données de la figure"), "each figure has its numbers under it");
    assert_eq!(
        count("<figure>"),
        count("role=\"img\" aria-label=\"") - count("role=\"img\" aria-label=\"\"")
    );
    assert_eq!(count("<h1"), 1);
    for tag in ["table", "tr", "th", "td", "ul", "ol", "li", "section", "div", "figure", "p", "h2", "details"]
    {
        let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
        assert_eq!(opened, count(&format!("</{tag}>")), "<{tag}>");
    }
}

#[test]
fn words_of_an_editor_are_printed_and_another_number_is_refused() {
    use crate::wording::Wording;
    let mut made = Made::rich();
    let texts = crate::texts(&made.input());
    let block = texts.iter().find(|block| block.wording.lead.contains("patients hospitalisés")).unwrap();
    let wording = |text: String| Wording { lead: "La pression hospitalière est stable".into(), text };
    made.wording.insert(block.id.clone(), wording(block.wording.text.clone()));
    let rendered = render(&made.input()).unwrap();
    assert!(String::from_utf8(rendered.html).unwrap().contains("La pression hospitalière est stable"));
    assert!(rendered.text.contains("La pression hospitalière est stable"));
    let twin = render(&Made::rich().input()).unwrap();
    assert_eq!(rendered.published, twin.published, "no number has changed");

    let text = block.wording.text.replacen("780", "708", 1);
    made.wording.insert(block.id.clone(), wording(text));
    let refused = render(&made.input()).unwrap_err().to_string();
    assert!(refused.contains(&block.id) && refused.contains("« 780 » est devenu « 708 »"), "{refused}");
    made.wording = [("key_points.99".to_owned(), wording("rien".into()))].into();
    let refused = render(&made.input()).unwrap_err().to_string();
    assert!(refused.contains("ce bulletin n’a pas de texte de ce nom"), "{refused}");
}

#[test]
fn a_theme_brings_its_logo_its_style_and_its_layout() {
    use crate::input::{Logo, Theme};
    let mut made = Made::rich();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"40\"><rect width=\"60\" height=\"40\" fill=\"#123f6d\"/></svg>";
    made.theme = Theme {
        logo: Some(Logo { name: "logo.svg".into(), bytes: svg.into() }),
        style: Some("body { color: black } </style><script>".into()),
        template: None,
    };
    let rendered = render(&made.input()).unwrap();
    keep("theme", &rendered);
    let page = String::from_utf8(rendered.html).unwrap();
    assert!(
        page.contains("src=\"data:image/svg+xml;base64,PHN2Zy") && page.contains("alt=\"Logo de Vigie\"")
    );
    assert!(page.contains("body { color: black }") && !page.contains("</style><script>"));
    assert_ne!(rendered.pdf, render(&Made::rich().input()).unwrap().pdf);
}

#[test]
fn a_bulletin_of_many_alerts_and_changes_keeps_to_twelve_pages() {
    let mut made = Made::rich();
    made.changes = Some(changes(200));
    // Every department under every rule, each with a long action.
    let model = made.alerts.iter().find(|alert| alert.rule == "tension-score").unwrap().clone();
    let places: Vec<Place> = made.input().places.iter().map(|info| info.place.clone()).collect();
    let rules: Vec<String> = made.vocabulary.rules().map(|rule| rule.id.clone()).collect();
    made.alerts = rules
        .iter()
        .flat_map(|rule| places.iter().map(move |place| (rule, place)))
        .map(|(rule, place)| vigie_queries::Alert {
            rule: rule.clone(),
            place: place.clone(),
            action_fr: format!("{rule} : réunir la cellule de crise dans la journée, prévenir. ").repeat(3),
            ..model.clone()
        })
        .collect();
    let rendered = render(&made.input()).unwrap();
    keep("many", &rendered);
    assert!(rendered.pages <= 12, "{} pages", rendered.pages);
    // The first page stands alone, however many alerts there are.
    let made = crate::fitting(&made.input()).unwrap();
    assert_eq!(made.laid.second_at, Some(2));
}

/// Colours of the layouts that ship with Vigie, read from their files: a theme may choose its own.
#[test]
fn every_text_of_the_layouts_is_read_on_its_ground() {
    use crate::figures::style::Rgb;
    let colour = |text: &str, name: &str| {
        let at = text.find(name).unwrap_or_else(|| panic!("no {name}")) + name.len();
        let hex = &text[at + text[at..].find('#').unwrap() + 1..][..6];
        let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Rgb(part(0), part(2), part(4))
    };
    let white = Rgb(255, 255, 255);
    for (file, names) in [
        (crate::TEMPLATE, ["#let ink", "#let accent", "#let quiet", "#let wash"]),
        (crate::STYLE, ["--ink:", "--accent:", "--quiet:", "--wash:"]),
    ] {
        let [ink, accent, quiet, wash] = names.map(|name| colour(file, name));
        for text in [ink, accent, quiet] {
            for ground in [white, wash] {
                assert!(text.contrast(ground) >= 4.5, "{} on {}", text.hex(), ground.hex());
            }
        }
        assert!(white.contrast(accent) >= 4.5 && white.contrast(ink) >= 4.5);
    }
}

/// What the register says of a place is printed while it stands there, as the register's; gone from it, nothing is.
#[test]
fn statuses_stand_beside_computed_levels_while_the_register_has_them() {
    use crate::input::LegalStatus;
    let legal = |made: &Made| {
        let draft = super::write(&made.input());
        let section = draft.document.sections.iter().find(|section| section.id == "legal");
        section.map(|section| serde_json::to_string(&section.blocks).unwrap())
    };
    let mut made = Made::of(date(2020, 10, 5), &[]);
    assert_eq!(legal(&made), None, "no entry, no page");
    let entry = |place: Place, status: &str, whole_list: bool| LegalStatus {
        place,
        status: status.to_owned(),
        starts: date(2020, 9, 26),
        ends: None,
        end_unknown: false,
        month_only: false,
        whole_list,
        reference: "annonce du 23 septembre 2020".to_owned(),
    };
    made.legal_statuses = vec![
        entry(Place::department("31"), "alerte", false),
        entry(Place::epci("243100518"), "alerte_renforcee", false),
        entry(Place::department("75"), "alerte", false),
    ];
    let text = legal(&made).unwrap();
    for part in ["au moins 1 département (registre incomplet)", "Toulouse Métropole", "Haute-Garonne"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Paris"), "another region's: {text}");
    // Another list, whole: those who meet the criteria without being on it are named.
    made.legal_statuses.iter_mut().for_each(|entry| entry.whole_list = true);
    assert!(legal(&made).unwrap().contains("classés, 1 département"));
    // Over since the day before the Sunday: no more said.
    made.legal_statuses.iter_mut().for_each(|entry| entry.ends = Some(date(2020, 10, 10)));
    assert!(legal(&made).is_none_or(|text| !text.contains("Toulouse Métropole")));
    // The sheet of the department has its metropole's.
    made.legal_statuses.iter_mut().for_each(|entry| entry.ends = None);
    made.territory = Place::department("31");
    let sheet = serde_json::to_string(&super::write(&made.input()).document).unwrap();
    assert!(sheet.contains("Statut officiel") && sheet.contains("Toulouse Métropole"), "{sheet}");
}
