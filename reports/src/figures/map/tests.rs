//! Facts about maps.

use super::super::spec::{Level, Size, Unit};
use super::*;

fn levels(n: usize) -> Vec<Level> {
    (0..n).map(|i| Level { name: format!("niveau {i}"), mark: String::new() }).collect()
}

fn spec(codes: &[&str], size: Size) -> Map {
    let places = codes
        .iter()
        .zip(0_u32..)
        .map(|(code, i)| MapPlace {
            code: (*code).to_owned(),
            name: french::department(code).map_or("?", |name| name.name).to_owned(),
            rank: if i % 7 == 6 { None } else { u8::try_from(i % 5).ok() },
            value: if i % 7 == 6 { None } else { Some(f64::from(i) * 3.7) },
            provisional: i % 3 == 0,
            strong: i == 3,
        })
        .collect();
    Map {
        title: "Incidence".to_owned(),
        unit: Unit::decimal("pour 100 000", 1),
        places,
        levels: levels(5),
        size,
    }
}

const OCCITANIE: [&str; 13] = ["09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82"];

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

// The canvas itself checks, in tests, that nothing overlaps or leaves the sheet.
#[test]
fn every_region_draws_with_a_value_for_each_department() {
    let regions: std::collections::BTreeSet<&str> =
        vigie_queries::known_departments().values().filter_map(|(_, region)| *region).collect();
    for region in regions {
        let codes: Vec<&str> = vigie_queries::known_departments()
            .iter()
            .filter(|(_, (_, home))| *home == Some(region))
            .map(|(code, _)| *code)
            .collect();
        for size in [Size { width_pt: 482.0, height_pt: 260.0 }, Size { width_pt: 234.0, height_pt: 230.0 }] {
            let spec = spec(&codes, size);
            let figure = map(&spec);
            for place in &spec.places {
                let value = printed(place, &spec);
                assert!(figure.svg.contains(&value), "{region} {}: {value}", place.code);
            }
        }
    }
}

#[test]
fn france_draws_all_101() {
    let codes: Vec<&str> = contours::all().keys().copied().collect();
    let spec = spec(&codes, Size { width_pt: 482.0, height_pt: 400.0 });
    let figure = map(&spec);
    assert_eq!(figure.table.rows.len(), 101);
    let printed_values = count(&figure.svg, "font-weight=\"bold\"") - 1;
    assert!(printed_values >= 99, "{printed_values} values printed");
}

#[test]
fn a_department_without_a_level_is_hatched_and_said() {
    let figure = map(&spec(&OCCITANIE, Size::WIDE));
    assert!(figure.svg.contains("non établi"));
    assert!(figure.alt.contains("Niveau inconnu\u{A0}: "), "{}", figure.alt);
    assert!(figure.alt.contains("Carte. Incidence (pour 100 000)."), "{}", figure.alt);
}

#[test]
fn unknown_codes_stay_in_the_table_only() {
    let mut spec = spec(&OCCITANIE, Size::WIDE);
    spec.places[0].code = "999".to_owned();
    assert_eq!(map(&spec).table.rows.len(), 13);
    spec.places.clear();
    assert!(map(&spec).svg.contains("</svg>"));
}

#[test]
fn the_same_map_gives_the_same_bytes() {
    assert_eq!(map(&spec(&OCCITANIE, Size::WIDE)), map(&spec(&OCCITANIE, Size::WIDE)));
}
