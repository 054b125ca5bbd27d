//! Facts about every kind of figure. In tests the canvas itself checks that nothing leaves the sheet and no two texts
//! overlap, so drawing alone is a check.

use jiff::civil::{Date, date};

use super::*;

fn day(n: i64) -> Date {
    date(2020, 6, 1).saturating_add(jiff::Span::new().days(n))
}

/// A wavy series of so many days with gaps, provisional at its end; always the same for the same seed.
fn wave(days: i64, height: f64, seed: i64) -> Vec<Point> {
    (0..days)
        .map(|n| {
            let value = height * (1.0 + ((n + seed * 7) as f64 / 23.0).sin()) + (n * seed % 5) as f64;
            if (n + seed) % 41 < 3 {
                Point::gap(day(n), "9 départements sur 13 ont transmis")
            } else {
                Point { date: day(n), value: Some(value), provisional: n + 3 >= days, reason: None }
            }
        })
        .collect()
}

fn threshold(value: f64, label: &str) -> Threshold {
    Threshold { value, label: label.to_owned(), from: None, until: None }
}

fn series(label: &str, points: Vec<Point>, tone: Tone) -> Series {
    Series { label: label.to_owned(), points, tone, shape: Shape::Line }
}

fn lines(points: Vec<Point>) -> TimeSeries {
    TimeSeries {
        title: "Patients en réanimation".to_owned(),
        unit: Unit::count("patients"),
        series: vec![series("Occitanie", points, Tone::Main)],
        thresholds: vec![],
        events: vec![],
        from: day(0),
        until: day(99),
        highlight: None,
        size: Size::WIDE,
    }
}

fn full(size: Size, seed: i64, label: &str) -> TimeSeries {
    let mut steps = [threshold(60.0, "474 lits"), threshold(90.0, "551 lits"), threshold(91.0, label)];
    steps[0].until = Some(day(40));
    (steps[1].from, steps[1].until) = (Some(day(41)), Some(day(70)));
    steps[2].from = Some(day(71));
    let event = |kind, from, until, label: &str| Event {
        kind,
        from: day(from),
        until: day(until),
        label: label.to_owned(),
    };
    TimeSeries {
        title: label.to_owned(),
        unit: Unit::count(label),
        series: vec![
            Series {
                shape: Shape::Ghost,
                ..series("Édition précédente", wave(80, 40.0, seed), Tone::Context)
            },
            series("France", wave(100, 39.0, seed), Tone::Second),
            series(label, wave(100, 40.0, seed), Tone::Main),
        ],
        thresholds: steps.to_vec(),
        events: vec![
            event(EventKind::Break, 60 + seed, 61 + seed, "rupture de définition (1–2 nov. 2020)"),
            event(EventKind::Holiday, 30, 60, "vacances d’été"),
            event(EventKind::Strike, 55, 58, "grève"),
            event(EventKind::Mark, 62, 62, label),
            event(EventKind::Mark, 300, 300, "hors de l’axe"),
        ],
        highlight: Some((day(93), day(99))),
        size,
        ..lines(vec![])
    }
}

const HOSTILE: &str = "<script>alert(1)</script> \u{202E}مرحبا\u{0} 😀\u{FE0F} ] #[x] $y$ \\ \" ' &amp; ";

#[test]
fn any_series_draws_without_overlap() {
    let long = HOSTILE.repeat(200);
    for seed in 0..12 {
        for size in [Size::WIDE, Size::HALF] {
            for label in ["Réanimation", "un nom de série bien trop long pour la marge de droite", &long] {
                let figure = time_series(&full(size, seed, label));
                assert!(figure.svg.ends_with("</svg>\n"));
                assert!(!figure.svg.contains('\u{0}') && !figure.svg.contains("<script"));
            }
        }
    }
}

#[test]
fn two_events_days_apart_both_keep_their_words() {
    let mut spec = lines(vec![Point::settled(day(1), 3.0)]);
    for (kind, at, label) in
        [(EventKind::Mark, 88, "Deuxième confinement"), (EventKind::Break, 90, "rupture de définition")]
    {
        spec.events.push(Event { kind, from: day(at), until: day(at), label: label.to_owned() });
    }
    let svg = time_series(&spec).svg;
    assert!(svg.contains("Deuxième confinement") && svg.contains("rupture de définition"), "{svg}");
}

#[test]
fn a_gap_breaks_the_line() {
    let count = |points| {
        time_series(&lines(points))
            .svg
            .matches("<polyline fill=\"none\" opacity=\"1\" stroke=\"#0072B2\"")
            .count()
    };
    let mut points: Vec<Point> = (0..60).map(|n| Point::settled(day(n), 5.0)).collect();
    assert_eq!(count(points.clone()), 1);
    points[26] = Point::gap(day(26), "9 départements sur 13 ont transmis");
    assert_eq!(count(points.clone()), 2);
    points.remove(40);
    assert_eq!(count(points), 3);
}

#[test]
fn a_gap_is_said_and_listed_with_its_reason() {
    let figure = time_series(&lines(vec![
        Point::settled(day(25), 12.0),
        Point::gap(day(26), "9 départements sur 13 ont transmis"),
        Point::gap(day(27), "9 départements sur 13 ont transmis"),
        Point { provisional: true, ..Point::settled(day(28), 9.0) },
    ]));
    assert_eq!(
        figure.alt,
        "Courbe. Patients en réanimation (patients), du 1er\u{A0}juin au 8\u{A0}septembre 2020. Occitanie\u{A0}: minimum 9 \
         le 29\u{A0}juin 2020, maximum 12 le 26\u{A0}juin 2020, dernière valeur 9 le 29\u{A0}juin 2020 (provisoire). Sans \
         valeur du 27 au 28\u{A0}juin 2020 (9 départements sur 13 ont transmis)."
    );
    assert_eq!(figure.table.columns, ["Date", "Occitanie", "Remarque"]);
    assert_eq!(figure.table.rows[1], ["27/06/2020", "n. d.", "9 départements sur 13 ont transmis"]);
    assert_eq!(figure.table.rows[3], ["29/06/2020", "9*", "* provisoire"]);
    assert!(figure.svg.contains("Occitanie\u{A0}: 9*") && figure.svg.contains("* provisoire"));
}

#[test]
fn nothing_to_show_still_draws() {
    for points in [vec![], vec![Point::gap(day(3), "rien")], vec![Point::settled(day(3), 0.0)]] {
        assert!(time_series(&lines(points.clone())).svg.contains("Patients en réanimation"));
    }
    let none = |s: &str| s.to_owned();
    let unit = Unit::count("patients");
    let _ = ranked_dots(&RankedDots {
        title: none("x"),
        unit: unit.clone(),
        rows: vec![],
        thresholds: vec![],
        width_pt: 234.0,
    });
    let _ = days_of_cover(&DaysOfCover {
        title: none("x"),
        rows: vec![],
        low: 7.0,
        critical: 3.0,
        width_pt: 234.0,
    });
    let _ = heat_strip(&HeatStrip {
        title: none("x"),
        weeks: vec![],
        levels: vec![],
        rows: vec![],
        width_pt: 234.0,
    });
    let _ = small_multiples(&SmallMultiples {
        title: none("x"),
        unit,
        panels: vec![],
        thresholds: vec![],
        from: day(0),
        until: day(0),
        columns: 0,
        width_pt: 234.0,
    });
}

#[test]
fn values_that_are_no_numbers_are_gaps() {
    let figure = time_series(&lines(vec![
        Point::settled(day(1), f64::NAN),
        Point::settled(day(2), f64::INFINITY),
        Point::settled(day(3), 4.0),
    ]));
    assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"));
    assert_eq!(figure.table.rows[0][1], "n. d.");
}

fn row(label: &str, value: Option<f64>, previous: Option<f64>) -> RankedRow {
    let reason = value.is_none().then(|| "aucun établissement n’a transmis".to_owned());
    RankedRow { label: label.to_owned(), value, previous, provisional: false, reason, strong: false }
}

#[test]
fn ranks_go_from_the_greatest_to_the_missing() {
    let spec = RankedDots {
        title: "Incidence".to_owned(),
        unit: Unit::decimal("pour 100 000", 1),
        rows: vec![
            row("Lot", Some(3.0), Some(5.0)),
            row("Gard", None, Some(2.0)),
            row("Tarn", Some(60.0), None),
            row("Aude", Some(3.0), None),
        ],
        thresholds: vec![
            threshold(50.0, "alerte 50"),
            threshold(10.0, "vigilance 10"),
            threshold(51.0, "maximum 51"),
        ],
        width_pt: 234.0,
    };
    let figure = ranked_dots(&spec);
    let order: Vec<&str> = figure.table.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(order, ["Tarn", "Aude", "Lot", "Gard"]);
    assert_eq!(figure.table.rows[2], ["Lot", "3,0", "5,0", "\u{2212}2,0", ""]);
    assert!(figure.alt.contains("Sans valeur\u{A0}: Gard."), "{}", figure.alt);
    // What is over a threshold is told by its colour and its size.
    assert_eq!(figure.svg.matches("r=\"36\"").count(), 1);
    let wide = ranked_dots(&RankedDots { width_pt: 482.0, unit: Unit::share("part", 1), ..spec });
    assert!(wide.svg.contains("6\u{202F}000,0\u{202F}%"));
}

#[test]
fn cover_is_said_in_words() {
    let cover = |label: &str, days: Option<f64>| CoverRow {
        label: label.to_owned(),
        days,
        reason: days.is_none().then(|| "aucune consommation sur 7 jours".to_owned()),
    };
    for width_pt in [482.0, 234.0] {
        let figure = days_of_cover(&DaysOfCover {
            title: "Stocks".to_owned(),
            rows: vec![
                cover("Tests antigéniques", Some(2.1)),
                cover("RT-PCR", Some(3.0)),
                cover("Masques", Some(240.0)),
                cover("Gants", None),
                cover(&HOSTILE.repeat(100), Some(7.0)),
            ],
            low: 7.0,
            critical: 3.0,
            width_pt,
        });
        assert_eq!(figure.table.rows[0][2], "Critique");
        assert_eq!(figure.table.rows[1][2], "Bas");
        assert_eq!(figure.table.rows[2][2], "");
        assert!(figure.alt.contains("Tests antigéniques\u{A0}: 2,1\u{A0}jours, critique"), "{}", figure.alt);
        assert!(
            figure.alt.contains("Gants\u{A0}: sans valeur (aucune consommation sur 7 jours)"),
            "{}",
            figure.alt
        );
    }
}

#[test]
fn a_cell_of_a_strip_carries_a_mark() {
    let levels = ["sans alerte", "alerte", "alerte renforcée"]
        .map(|name| Level { name: name.to_owned(), mark: name[..1].to_uppercase() })
        .to_vec();
    let rows = (0..13_u8)
        .map(|i| HeatRow {
            label: format!("Département {i}"),
            cells: (0..20_u8)
                .map(|j| HeatCell { rank: if i == j { None } else { Some((i + j) % 3) } })
                .collect(),
        })
        .collect();
    for width_pt in [482.0, 234.0] {
        let figure = heat_strip(&HeatStrip {
            title: "Niveaux par semaine".to_owned(),
            weeks: (0..20).map(|i| day(i * 7)).collect(),
            levels: levels.clone(),
            rows: Clone::clone(&rows),
            width_pt,
        });
        assert_eq!(figure.table.columns.len(), 21);
        assert!(
            figure.alt.contains("Dernière semaine, alerte renforcée\u{A0}: Département 1"),
            "{}",
            figure.alt
        );
        assert!(
            figure.svg.matches(">\nA\n<").count() + figure.svg.matches(">\nS\n<").count() > 200
                || width_pt < 300.0
        );
    }
}

#[test]
fn thirteen_panels_share_one_scale() {
    for (columns, width_pt) in [(5, 482.0), (4, 482.0), (2, 234.0)] {
        let figure = small_multiples(&SmallMultiples {
            title: "Patients hospitalisés".to_owned(),
            unit: Unit::count("patients"),
            panels: (0..13_u8)
                .map(|i| Panel {
                    label: if i == 4 {
                        "Pyrénées-Orientales".to_owned()
                    } else {
                        format!("Département {i}")
                    },
                    points: wave(100, f64::from(i) * 30.0, i64::from(i)),
                })
                .collect(),
            thresholds: vec![threshold(150.0, "seuil 150")],
            from: day(0),
            until: day(99),
            columns,
            width_pt,
        });
        assert_eq!(figure.table.columns.len(), 14);
        assert!(figure.alt.contains("Pyrénées-Orientales\u{A0}: dernière valeur"), "{}", figure.alt);
    }
}

#[test]
fn the_same_data_give_the_same_bytes() {
    assert_eq!(
        time_series(&full(Size::WIDE, 3, "Réanimation")),
        time_series(&full(Size::WIDE, 3, "Réanimation"))
    );
}

#[test]
fn every_text_names_the_embedded_family() {
    let svg = time_series(&full(Size::WIDE, 1, "Réanimation")).svg;
    assert_eq!(
        svg.matches("<text").count(),
        svg.matches("font-family=\"&apos;Source Sans 3&apos;\"").count()
    );
}

#[test]
fn a_slope_names_its_lines_where_they_end_and_draws_none_to_a_gap() {
    let row = |label: &str, before, now, tone| SlopeRow {
        label: label.to_owned(),
        before,
        now,
        provisional: false,
        tone,
    };
    let figure = slope(&Slope {
        title: "Occupation".to_owned(),
        unit: Unit::share("part des lits occupés", 1),
        rows: vec![
            row("lits installés (SAE)", Some(0.31), Some(0.335), Tone::Main),
            row("palier de 474 lits", Some(0.31), Some(0.335), Tone::Context), // the same line: both names stay
            row("soins critiques (SAE)", Some(0.2), None, Tone::Third),
            row("lits ouverts", None, Some(0.9), Tone::Second),
        ],
        thresholds: Vec::new(),
        from: "S41".to_owned(),
        until: "S42".to_owned(),
        size: Size { width_pt: 482.0, height_pt: 112.0 },
    });
    for part in ["33,5", "lits installés (SAE)", "palier de 474 lits", "31,0", "S41", "lits ouverts"] {
        assert!(figure.svg.contains(part), "{part}: {}", figure.svg);
    }
    assert!(
        figure.alt.contains("soins critiques (SAE) : S41 20,0\u{202f}%, S42 sans valeur"),
        "{}",
        figure.alt
    );
    assert_eq!(figure.table.rows.len(), 4);
}

fn ahead(from: i64, spread: f64) -> Vec<FanDay> {
    (0..14)
        .map(|n| {
            let (median, wide) = (100.0 + 3.0 * n as f64, spread * (n + 1) as f64);
            FanDay {
                date: day(from + n),
                median,
                range_50: ((median - wide / 2.0).max(0.0), median + wide / 2.0),
                range_80: ((median - wide).max(0.0), median + wide),
            }
        })
        .collect()
}

#[test]
fn a_fan_opens_from_the_last_value_and_names_its_ends() {
    for (spread, size) in [(0.0, Size::HALF), (2.0, Size::HALF), (40.0, Size::WIDE)] {
        let known = wave(57, 50.0, 2);
        let figure = fan(&Fan {
            title: "Patients en réanimation".to_owned(),
            unit: Unit::count("patients"),
            known: known.clone(),
            ahead: ahead(57, spread),
            thresholds: vec![threshold(110.0, "474 lits")],
            from: day(0),
            reference: day(56),
            size,
        });
        for part in ["139", "474 lits", "prévision"] {
            assert!(figure.svg.contains(part), "{part}: {}", figure.svg);
        }
        let gaps = known.iter().filter(|point| point.value.is_none()).count();
        assert!(
            gaps > 0
                && figure.table.rows.iter().filter(|row| row[1] == crate::french::UNKNOWN).count() == gaps
        );
        assert_eq!(figure.table.rows.len(), 57 + 14);
        assert_eq!(figure.table.rows[70][4], "139");
    }
    let alt = fan(&Fan {
        title: "Patients en réanimation".to_owned(),
        unit: Unit::count("patients"),
        known: wave(57, 50.0, 2),
        ahead: ahead(57, 2.0),
        thresholds: Vec::new(),
        from: day(0),
        reference: day(56),
        size: Size::HALF,
    })
    .alt
    .replace(['\u{A0}', '\u{202F}'], " ");
    assert!(
        alt.contains("Prévision pour le 10 août 2020 : médiane 139, entre 111 et 167 avec 8 chances sur 10"),
        "{alt}"
    );
}
