//! The library of patterns: what is computed, what is said. One line a pattern.

use jiff::civil::date;

use super::levels::covered;
use super::*;
use crate::bulletin::view::{Comparison, WhyNot};
use crate::trend::Direction;

const PATIENTS: Subject = Subject { text: "Le nombre de patients", plural: false, feminine: false };
const ADMISSIONS: Subject = Subject { text: "Les admissions", plural: true, feminine: true };
const INCIDENCE: Subject = Subject { text: "L’incidence", plural: false, feminine: true };

fn fact(direction: Result<Direction, WhyNot>, weeks: u32) -> Comparison {
    Comparison { now: None, before: None, provisional: false, direction, weeks, since: date(2020, 9, 21) }
}

fn up(weeks: u32) -> Comparison {
    fact(Ok(Direction::Up), weeks)
}

fn down(weeks: u32) -> Comparison {
    fact(Ok(Direction::Down), weeks)
}

fn flat() -> Comparison {
    fact(Ok(Direction::Flat), 0)
}

fn provisional(fact: Comparison) -> Comparison {
    Comparison { provisional: true, ..fact }
}

fn size(size: Size) -> More {
    More { size, ..More::default() }
}

fn printed() -> PrintedChange {
    PrintedChange { now: "812".into(), before: "654".into(), change: "+158 (+24 %)".into() }
}

fn said((lead, rest): (String, String)) -> String {
    lead + &rest
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn pairs(places: &[(&str, &str)]) -> Vec<(String, String)> {
    places.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_moved() {
    let before_reason = WhyNot::NoBefore("9 départements sur 13 ont transmis.".into());
    let definition = WhyNot::Break("on compte autrement".into());
    let patients: [(Comparison, More, &str); 18] = [
        (
            up(1),
            More::default(),
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %).",
        ),
        (
            down(1),
            More::default(),
            "Le nombre de patients diminue : 812, contre 654 la semaine précédente, soit +158 (+24 %).",
        ),
        (
            flat(),
            More::default(),
            "Le nombre de patients est stable : 812, contre 654 la semaine précédente.",
        ),
        (
            provisional(up(1)),
            More::default(),
            "Le nombre de patients augmente : 812 (provisoire), contre 654 la semaine précédente, soit +158 (+24 %).",
        ),
        (
            up(4),
            More::default(),
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %), en hausse depuis 4 \
             semaines (S39).",
        ),
        (
            up(1),
            More { turned_after: Some(3), ..More::default() },
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %), après 3 semaines de \
             baisse.",
        ),
        (
            down(1),
            More { turned_after: Some(2), ..More::default() },
            "Le nombre de patients diminue : 812, contre 654 la semaine précédente, soit +158 (+24 %), après 2 semaines de \
             hausse.",
        ),
        (
            up(2),
            More { pace: Some(Pace::Faster), ..More::default() },
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %), en hausse depuis 2 \
             semaines (S39) ; la hausse s’accélère.",
        ),
        (
            down(3),
            More { pace: Some(Pace::Slower), ..More::default() },
            "Le nombre de patients diminue : 812, contre 654 la semaine précédente, soit +158 (+24 %), en baisse depuis 3 \
             semaines (S39) ; la baisse ralentit.",
        ),
        (
            up(1),
            More { record: Some(Record::Since(date(2020, 4, 27))), ..More::default() },
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %) ; plus haut niveau \
             depuis la semaine 18.",
        ),
        (
            up(1),
            More { record: Some(Record::Ever(date(2020, 3, 16))), ..More::default() },
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %) ; plus haut niveau \
             depuis le début des données (semaine du 16 mars 2020).",
        ),
        (
            down(1),
            More { record: Some(Record::Of(14)), ..More::default() },
            "Le nombre de patients diminue : 812, contre 654 la semaine précédente, soit +158 (+24 %) ; plus bas niveau des \
             14 dernières semaines.",
        ),
        (
            flat(),
            size(Size::Scarce),
            "Le nombre de patients reste sans évolution nette : 812, contre 654 la semaine précédente, un écart que le hasard des petits \
             nombres peut expliquer.",
        ),
        (
            flat(),
            size(Size::Slight),
            "Le nombre de patients varie peu : 812, contre 654 la semaine précédente.",
        ),
        (
            fact(Err(WhyNot::Missing("source périmée".into())), 0),
            More::default(),
            "Le nombre de patients n’a pas de valeur pour cette semaine (source périmée).",
        ),
        (
            fact(Err(before_reason), 0),
            More::default(),
            "Le nombre de patients est de 812 ; la valeur de la semaine précédente manque (9 départements sur 13 ont transmis).",
        ),
        (
            fact(Err(definition.clone()), 0),
            More::default(),
            "Le nombre de patients est de 812 ; il ne peut être comparé à celui de la semaine précédente : rupture de définition \
             (on compte autrement).",
        ),
        (up(1), size(Size::FromZero), "Le nombre de patients repart de zéro : 812 cette semaine."),
    ];
    for (fact, more, expected) in patients {
        assert_eq!(said(moved(PATIENTS, &printed(), &fact, &more)), expected);
    }
    let same = |text: &str| PrintedChange { now: text.into(), before: text.into(), change: "0".into() };
    assert_eq!(
        said(moved(PATIENTS, &same("43"), &flat(), &size(Size::Scarce))),
        "Le nombre de patients est stable : 43, comme la semaine précédente."
    );
    assert_eq!(
        said(moved(ADMISSIONS, &same("0"), &flat(), &More::default())),
        "Les admissions restent à zéro."
    );
    let cases: [(Subject, Comparison, More, &str); 10] = [
        (ADMISSIONS, up(1), More::default(), "Les admissions augmentent"),
        (ADMISSIONS, down(1), More::default(), "Les admissions diminuent"),
        (ADMISSIONS, flat(), More::default(), "Les admissions sont stables"),
        (ADMISSIONS, flat(), size(Size::Slight), "Les admissions varient peu"),
        (ADMISSIONS, up(1), size(Size::Doubled), "Les admissions font plus que doubler"),
        (INCIDENCE, up(1), size(Size::Doubled), "L’incidence fait plus que doubler"),
        (ADMISSIONS, down(1), size(Size::Halved), "Les admissions sont divisées par plus de deux"),
        (INCIDENCE, down(1), size(Size::Halved), "L’incidence est divisée par plus de deux"),
        (
            ADMISSIONS,
            down(1),
            size(Size::ToZero),
            "Les admissions retombent à zéro : 654 la semaine précédente.",
        ),
        (
            ADMISSIONS,
            fact(Err(definition), 0),
            More::default(),
            "Les admissions sont de 812 ; elles ne peuvent être comparées à celles de la semaine précédente : rupture",
        ),
    ];
    for (subject, fact, more, expected) in cases {
        let said = said(moved(subject, &printed(), &fact, &more));
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_sentence_has_two_qualifiers_at_most_and_none_across_a_break() {
    let more = More {
        pace: Some(Pace::Faster),
        record: Some(Record::Of(30)),
        turned_after: None,
        size: Size::Ordinary,
    };
    let text = said(moved(PATIENTS, &printed(), &up(4), &more));
    assert!(
        text.contains("depuis 4 semaines") && text.contains("s’accélère") && !text.contains("niveau"),
        "{text}"
    );
    let text = said(moved(ADMISSIONS, &printed(), &fact(Err(WhyNot::Break("x".into())), 0), &more));
    assert!(!text.contains("654") && !text.contains("+158") && !text.contains("accélère"), "{text}");
}

#[test]
fn where_it_moved() {
    let two = pairs(&[("Haute-Garonne", "+45"), ("Hérault", "+23")]);
    let one = pairs(&[("Gers", "+3")]);
    let of = |moved, total, hidden| Spread { moved, total, hidden };
    for (found, expected) in [
        (
            spread(Way::Up, of(2, 13, false), &two),
            " Hausses les plus nettes : Haute-Garonne (+45) et Hérault (+23).",
        ),
        (spread(Way::Down, of(1, 13, false), &one), " Baisse la plus nette : Gers (+3)."),
        (
            spread(Way::Up, of(10, 13, false), &two),
            " La hausse est nette dans 10 départements sur 13, surtout : Haute-Garonne (+45) et Hérault (+23).",
        ),
        (
            spread(Way::Down, of(13, 13, false), &two),
            " La baisse est nette dans tous les départements, surtout : Haute-Garonne (+45) et Hérault (+23).",
        ),
        (spread(Way::Up, of(1, 13, true), &one), " Hausse toutefois : Gers (+3)."),
        (
            spread(Way::Up, of(2, 13, true), &two),
            " Hausses toutefois : Haute-Garonne (+45) et Hérault (+23).",
        ),
        (spread(Way::Up, of(0, 13, false), &[]), ""),
        (concentrated(Way::Up, "Haute-Garonne", "62 %"), " Haute-Garonne compte pour 62 % de la hausse."),
        (opposite(Way::Down, &pairs(&[("Lot", "−8")])), " À l’inverse, baisse : Lot (−8)."),
        (opposite(Way::Up, &[]), ""),
    ] {
        assert_eq!(found, expected);
    }
}

fn at(title: &str, names: &[&str]) -> AtLevel {
    AtLevel { title: title.into(), names: strings(names), ..AtLevel::default() }
}

#[test]
fn how_the_territory_stands() {
    let none = [at("rouge", &[])];
    let some = [at("rouge", &["Gard"]), at("orange", &["Hérault", "Lot"])];
    let one = [at("rouge", &["Gard"])];
    let from_below = [AtLevel { at_least: true, ..at("orange", &["Lot"]) }];
    let seven = [at("rouge", &["A", "B", "C", "D", "E", "F", "G"])];
    let because = [AtLevel { because: "critère inconnu : âge".into(), ..from_below[0].clone() }];
    let cases: [(&[AtLevel], usize, usize, &str); 11] = [
        (&none, 13, 0, "Les 13 départements sont sous les seuils de la règle « R »."),
        (
            &none,
            13,
            2,
            "11 départements sur 13 sont sous les seuils de la règle « R ». Le niveau de 2 départements ne peut être établi : \
             il manque des données.",
        ),
        (&none, 1, 0, "1 département sur 1 est sous les seuils de la règle « R »."),
        (&none, 2, 2, "Aucun niveau ne peut être établi pour les départements : il manque des données."),
        (
            &some,
            13,
            0,
            "1 département sur 13 est au niveau « rouge » (Gard), 2 au niveau « orange » (Hérault et Lot), 10 sous les seuils.",
        ),
        (
            &one,
            13,
            1,
            "1 département sur 13 est au niveau « rouge » (Gard), 11 sous les seuils. Le niveau de 1 département ne peut être \
             établi : il manque des données.",
        ),
        (
            &from_below,
            13,
            0,
            "1 département sur 13 est au niveau « orange » ou au-dessus (Lot), 12 sous les seuils.",
        ),
        (
            &because,
            1,
            0,
            "1 département sur 1 est au niveau « orange » ou au-dessus (Lot ; critère inconnu : âge).",
        ),
        (
            &some,
            3,
            0,
            "1 département sur 3 est au niveau « rouge » (Gard), 2 au niveau « orange » (Hérault et Lot).",
        ),
        (&seven, 13, 0, "7 départements sur 13 sont au niveau « rouge », 6 sous les seuils."),
        (&seven, 7, 0, "Les 7 départements sont au niveau « rouge »."),
    ];
    for (levels, total, unknown, expected) in cases {
        assert_eq!(said(state(levels, total, unknown, "", "R")), expected);
    }
}

#[test]
fn how_one_department_stands() {
    let (tension, vigilance) = ("au niveau « tension »", "au niveau « vigilance »");
    for (level, before, expected) in [
        (
            Some(tension),
            Some(tension),
            "Département au niveau « tension », comme la semaine précédente (règle « R »).",
        ),
        (
            Some(tension),
            Some(vigilance),
            "Département au niveau « tension », au niveau « vigilance » la semaine précédente (règle « R »).",
        ),
        (Some("sous les seuils"), None, "Département sous les seuils (règle « R »)."),
        (None, Some(tension), "Le niveau ne peut être établi : il manque des données (règle « R »)."),
    ] {
        assert_eq!(said(state_of_one(level, before, "", "R")), expected);
    }
    assert_eq!(
        said(state_of_one(None, None, "critère inconnu : incidence", "R")),
        "Le niveau ne peut être établi : il manque des données (critère inconnu : incidence ; règle « R »)."
    );
}

#[test]
fn which_levels_changed() {
    let moved = |name: &str, to: &str, up| Move { name: name.into(), to: to.into(), up };
    for (moves, judged, expected) in [
        (vec![], 13, Some("Aucun département ne change de niveau par rapport à la semaine précédente.")),
        (
            vec![],
            12,
            Some(
                "Aucun changement de niveau n’est établi par rapport à la semaine précédente : 12 départements sur 13 ont un \
                 niveau établi les deux semaines.",
            ),
        ),
        (vec![], 0, None),
        (
            vec![moved("Gard", "au niveau « tension »", true)],
            13,
            Some("1 département change de niveau : Gard monte au niveau « tension »."),
        ),
        (
            vec![
                moved("Gard", "au niveau « tension »", true),
                moved("Lot", "au niveau « tension »", true),
                moved("Gers", "sous les seuils", false),
            ],
            13,
            Some(
                "3 départements changent de niveau : Gard et Lot montent au niveau « tension » ; Gers redescend sous les \
                 seuils.",
            ),
        ),
    ] {
        assert_eq!(changed_levels(&moves, judged, 13).map(said).as_deref(), expected);
    }
}

#[test]
fn which_alerts_stand() {
    let clause = |title: &str, places: &[&str], regions| OneSubject {
        title: title.to_owned(),
        places: strings(places),
        regions,
    };
    for (n, covered, clauses, rest, expected) in [
        (0, 0, vec![], 0, "Aucune alerte active à la fin de la semaine."),
        (
            1,
            0,
            vec![clause("Tension, niveau « orange »", &["Gard (12 oct.)"], 0)],
            0,
            "1 alerte en cours (date de début). Tension, niveau « orange » : Gard (12 oct.).",
        ),
        (
            4,
            1,
            vec![clause("Tension", &["A", "B", "C"], 0)],
            1,
            "4 alertes en cours (date de début). Tension : A, B et 1 autre lieu ; 1 autre sujet, voir « Alertes ». En outre, 1 \
             alerte départementale est couverte par celle de la région.",
        ),
        (
            6,
            36,
            vec![clause("Tension", &["A", "B", "C", "D"], 0)],
            2,
            "6 alertes en cours (date de début). Tension : A, B et 2 autres lieux ; 2 autres sujets, voir « Alertes ». En \
             outre, 36 alertes départementales sont couvertes par celles de la région.",
        ),
        (
            5,
            0,
            vec![clause("Tension", &["A", "B", "C", "D", "E"], 2)],
            0,
            "5 alertes en cours. Tension : 2 régions et 3 départements.",
        ),
    ] {
        assert_eq!(said(alerts(n, covered, &clauses, rest, 2)), expected);
    }
    assert_eq!(pending(0), None);
    assert_eq!(pending(1).unwrap(), "1 seuil est dépassé depuis trop peu de jours pour une alerte");
    assert_eq!(pending(2).unwrap(), "2 seuils sont dépassés depuis trop peu de jours pour une alerte");
    assert_eq!(covered(0), None);
    assert_eq!(
        began_and_ended(&strings(&["Tension (Gard)"]), &[]),
        "Nouvelles cette semaine : Tension (Gard). Aucune ne s’est terminée."
    );
    assert_eq!(
        began_and_ended(&[], &strings(&["A (Gard)", "B (Lot)"])),
        "Aucune alerte nouvelle cette semaine. Terminées cette semaine : A (Gard) ; B (Lot)."
    );
    assert_eq!(since_day(date(2019, 12, 30), date(2020, 1, 5)), "30 décembre 2019 (7\u{A0}jours)");
    let days = |text: String| text.replace('\u{A0}', " ");
    let since_day = |since, until| days(since_day(since, until));
    assert_eq!(since_day(date(2020, 10, 1), date(2020, 10, 18)), "1er octobre (18 jours)");
    assert_eq!(since_day(date(2020, 10, 18), date(2020, 10, 18)), "18 octobre (1 jour)");
}

/// The four sides of a threshold: 0.90 and 0.97 of the on-call rule give 92.7 %, over which the alert ends.
#[test]
fn an_alert_says_what_raises_and_what_ends_it() {
    use vigie_queries::Comparison::{Above, AtLeast, AtMost, Below};
    for (comparison, raise, clear, expected) in [
        (Below, "90 %", "92,7 %", "alerte sous 90 %, levée à partir de 92,7 %"),
        (AtLeast, "4,0", "3,6", "alerte à partir de 4,0, levée sous 3,6"),
        (Above, "10 %", "9 %", "alerte au-dessus de 10 %, levée à 9 % ou moins"),
        (AtMost, "3", "3,3", "alerte à 3 ou moins, levée au-dessus de 3,3"),
    ] {
        assert_eq!(bounds(comparison, true, raise, clear), expected);
    }
    assert_eq!(bounds(AtLeast, false, "8,0", "7,2"), "critère atteint à partir de 8,0, quitté sous 7,2");
}

#[test]
fn a_change_of_rule_is_told() {
    assert_eq!(
        said(another_rule("Zones d’alerte", "Indicateurs de suivi")),
        "La carte change de règle : « Indicateurs de suivi », au lieu de « Zones d’alerte » dans le bulletin précédent ; leurs \
         niveaux ne se comparent pas."
    );
    assert_eq!(
        rule_ended("Zones d’alerte", date(2020, 10, 29), true),
        "La règle « Zones d’alerte » ne s’applique plus depuis le 30 octobre 2020 : plus aucune alerte n’en relève."
    );
    assert_eq!(rule_begins("R", date(2020, 9, 23)), "La règle « R » s’applique depuis le 23 septembre 2020.");
}

#[test]
fn what_there_is_against_what_is_needed() {
    let cover = |places: &[(&str, &str)]| low_cover("Tests antigéniques", "7", &pairs(places)).map(said);
    assert_eq!(cover(&[]), None);
    assert_eq!(
        cover(&[("Gers", "2,8")]).unwrap(),
        "Tests antigéniques : moins de 7 jours de stock dans 1 département : Gers (2,8)."
    );
    assert_eq!(
        cover(&[("Gers", "2,8"), ("Lot", "4,1")]).unwrap(),
        "Tests antigéniques : moins de 7 jours de stock dans 2 départements : Gers (2,8) et Lot (4,1)."
    );
    let many = [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4"), ("E", "5"), ("F", "6")];
    assert!(cover(&many).unwrap().ends_with("A (1), B (2), C (3), D (4) et E (5) ; 1 autre."));
}

#[test]
fn beds_are_told_with_everybody_who_lies_in_them() {
    let day = jiff::civil::date(2020, 10, 27);
    let of = |which, count, over: f64, margin: &str, share: &str| Beds {
        patients: "614".into(),
        count,
        beds: "640".into(),
        which,
        share: share.into(),
        margin: margin.into(),
        over,
    };
    let estimated = |elsewhere: Option<&str>| Count::Estimated {
        covid: "384".into(),
        others: "230".into(),
        on: day,
        elsewhere: elsewhere.map(str::to_owned),
    };
    for (beds_said, expected) in [
        (
            of(Which::Step, estimated(None), -26.0, "26", "96 %"),
            "96 % du palier de capacité en vigueur est occupé : environ 614 patients (384 Covid-19 et environ 230 autres, compte publié \
             le 27 octobre) pour 640 lits, environ 26 lits de marge.",
        ),
        (
            of(Which::Usual, estimated(Some("Bretagne")), 12.0, "12", "103 %"),
            "La capacité habituelle de réanimation est dépassée : environ 614 patients (384 Covid-19 et environ 230 autres, dans la \
             proportion publiée le 27 octobre pour la région Bretagne) pour 640 lits, environ 12 de trop (103 %).",
        ),
        (
            of(Which::Open, Count::Declared, -26.0, "26", "96 %"),
            "96 % des lits de réanimation ouverts sont occupés : 614 patients, Covid-19 ou non, pour 640 lits, 26 lits libres.",
        ),
        (
            of(Which::Open, Count::Declared, 2.0, "2", "101 %"),
            "Les lits de réanimation ouverts sont dépassés : 614 patients, Covid-19 ou non, pour 640 lits, 2 de trop (101 %).",
        ),
        (
            of(Which::Step, Count::OnlyCovid, -1.0, "1", "99 %"),
            "99 % du palier de capacité en vigueur est occupé : 614 patients Covid-19, à qui ces lits sont réservés, pour 640 lits, \
             1 lit de marge.",
        ),
        (
            of(Which::Step, Count::Declared, 0.0, "0", "100 %"),
            "Le palier de capacité en vigueur est atteint : 614 patients, Covid-19 ou non, pour 640 lits (100 %).",
        ),
    ] {
        assert_eq!(said(beds(&beds_said)).replace('\u{A0}', " "), expected);
    }
    assert_eq!(
        said(no_margin(Some(("298", "650")), "patients autres que Covid-19 non comptés")),
        "La marge en lits de réanimation ne peut être dite : on compte 298 patients Covid-19, mais pas les autres, qui occupent \
         aussi une part des 650 lits."
    );
    assert!(said(no_margin(None, "trop ancien.")).ends_with("ne peut être dite : trop ancien."));
    assert_eq!(step_beside("469", true, "98 %"), " La capacité habituelle, 469 lits, est occupée à 98 %.");
    assert_eq!(step_beside("551", false, "90 %"), " Le palier annoncé, 551 lits, est occupé à 90 %.");
    assert_eq!(
        super::estimated("282", day, Some("Bretagne")).replace('\u{A0}', " "),
        "Palier, tous patients : patients Covid-19 et environ 282 autres, estimés d’après le compte publié le 27 octobre pour la \
         région Bretagne."
    );
    assert_eq!(levels_by_rule(&[]), None);
    let rules = [("Zones".to_owned(), "alerte".to_owned()), ("Suivi".to_owned(), "vigilance".to_owned())];
    assert_eq!(
        levels_by_rule(&rules).unwrap(),
        "niveau selon d’autres règles en vigueur : alerte (« Zones ») et vigilance (« Suivi »)"
    );
    let others = ["90 % des lits ouverts, tous patients".to_owned()];
    assert_eq!(
        readings("Réanimation, taux Covid-19", "39 % des lits installés", &others),
        "réanimation, taux Covid-19 : 39 % des lits installés, 90 % des lits ouverts, tous patients"
    );
}

#[test]
fn feeds_that_are_absent_or_late_are_named() {
    assert_eq!(absent("Soins de ville", &[]), "Soins de ville : aucune valeur pour ces semaines.");
    assert_eq!(
        absent("Soins de ville", &strings(&["Centres"])),
        "Soins de ville : aucune donnée. La source « Centres » n’a pas été reçue."
    );
    assert_eq!(
        absent("Soins de ville", &strings(&["Centres", "Infirmiers"])),
        "Soins de ville : aucune donnée. Les sources « Centres » et « Infirmiers » n’ont pas été reçues."
    );
    let late = |stale: &[&str], late: &[&str]| feeds_late(&strings(stale), &strings(late)).map(said);
    assert_eq!(late(&[], &[]), None);
    assert_eq!(late(&[], &["A"]).unwrap(), "Source en retard : « A ».");
    assert_eq!(late(&["A", "B"], &[]).unwrap(), "Sources périmées : « A » et « B ».");
    assert_eq!(
        late(&["A"], &["B", "C"]).unwrap(),
        "Source périmée : « A ». Sources en retard : « B » et « C »."
    );
}

/// Days by the calendar: 14 July 2020 was a Tuesday, 11 November a Wednesday, Christmas a Friday.
#[test]
fn a_holiday_is_told_where_the_two_weeks_differ() {
    let days = |days: &[(i8, i8, &str)]| {
        days.iter()
            .map(|(month, day, title)| (date(2020, *month, *day), (*title).to_owned()))
            .collect::<Vec<_>>()
    };
    let of = |now: &[(i8, i8, &str)], before: &[(i8, i8, &str)]| holiday(&days(now), &days(before)).map(said);
    assert_eq!(of(&[], &[]), None);
    assert_eq!(of(&[(11, 11, "Armistice")], &[(11, 4, "X")]), None, "weeks alike are compared as they are");
    assert!(
        of(&[(11, 11, "Armistice")], &[])
            .unwrap()
            .starts_with("Un jour ouvré de moins cette semaine (mercredi 11 novembre, Armistice) : on teste")
    );
    assert!(
        of(&[], &[(7, 14, "Fête nationale")]).unwrap().starts_with(
            "Un jour ouvré de moins la semaine précédente (mardi 14 juillet, Fête nationale) : "
        )
    );
    assert!(
        of(&[(12, 25, "Noël"), (12, 24, "X")], &[])
            .unwrap()
            .starts_with("2 jours ouvrés de moins cette semaine (vendredi 25 décembre, Noël ; jeudi 24")
    );
}

#[test]
fn what_is_missing_is_said_once_for_a_reason() {
    assert_eq!(
        said(missing(
            &strings(&["Patients hospitalisés", "Taux de positivité"]),
            date(2021, 1, 3),
            "source périmée."
        )),
        "Pas de valeur au dimanche 3 janvier (source périmée) : Patients hospitalisés ; Taux de positivité."
    );
    assert_eq!(last_known("183", jiff::civil::date(2021, 1, 1)), "183 le 1er janv.");
    assert!(said(state_unknown()).starts_with("Aucun niveau ne peut être établi cette semaine"));
    assert!(not_judged(0).contains("aucune action ne peut en être déduite"));
    assert!(not_judged(2).contains("répondent à d’autres règles ou à des alertes d’avant"));
}

#[test]
fn what_to_do_next() {
    assert_eq!(
        said(step(&strings(&["Gard", "Lot"]), 4, "Réunir la cellule de crise.")),
        "Gard et Lot : réunir la cellule de crise."
    );
    assert_eq!(
        said(step(&strings(&["A", "B", "C", "D"]), 2, "URPS : appeler.")),
        "A, B et 2 autres : URPS : appeler.",
    );
    // The score and the zones of the demo both began by calling the same meeting, for the same place.
    let demands = demands("Réunir la cellule de crise dans la journée : ouvrir des lits, déprogrammer.");
    let known = |demand: &str| demands.iter().any(|before| asks_the_same(before, demand));
    assert_eq!(
        left_to_ask("Réunir la cellule de crise, renforcer le dépistage, vérifier les capacités.", known),
        "renforcer le dépistage, vérifier les capacités."
    );
    assert_eq!(left_to_ask("Réunir la cellule de crise.", known), "");
    assert_eq!(left_to_ask("Commander : vérifier.", known), "Commander : vérifier.");
    assert_eq!(more_steps(1), "Une autre action est demandée : voir « Alertes ».");
    assert_eq!(more_steps(2), "2 autres actions sont demandées : voir « Alertes ».");
    let holidays = strings(&["1er novembre (Toussaint)", "11 novembre (Armistice)"]);
    assert!(
        holidays_ahead(&holidays)
            .starts_with("Jours fériés dans les deux semaines : 1er novembre (Toussaint) et 11 novembre")
    );
    assert!(holidays_ahead(&holidays[..1]).contains("on teste moins ce jour-là"));
    assert!(none_is_near(0.2).replace('\u{202F}', " ").contains("à moins de 20 % d’un seuil"));
    assert!(nothing_to_do(&[]).starts_with("Aucune action n’est demandée par les règles ; "));
    assert!(nothing_to_do(&strings(&["Gard"])).ends_with("venant d’y être dépassé : Gard."));
}

#[test]
fn a_range_is_told_with_its_chance_and_against_the_capacity() {
    let of = Ahead {
        what: "Patients en réanimation".into(),
        day: jiff::civil::date(2020, 11, 1),
        low: "190".into(),
        median: "222".into(),
        high: "260".into(),
    };
    assert_eq!(
        said(ahead(&of, None)),
        "Patients en réanimation le 1er novembre : entre 190 et 260 (8 chances sur 10), médiane 222."
    );
    let left = |reach| Capacity::Left {
        beds: "640".into(),
        others: "environ 230".into(),
        left: "410".into(),
        reach,
    };
    let beds = "les 410 lits que laissent les autres patients (640 lits, environ 230 patients non Covid-19)";
    for (bound, end) in [
        (410.0, format!(" ; {beds} restent au-dessus de cette fourchette.")),
        (250.0, format!(" ; le haut de la fourchette atteint {beds}.")),
        (222.0, format!(" ; la médiane atteint {beds}.")),
        (190.0, format!(" ; toute la fourchette atteint {beds}.")),
    ] {
        let reach = Reach::of(190.0, 222.0, 260.0, bound, Some(180.0));
        assert!(said(ahead(&of, Some(&left(reach)))).ends_with(&end), "{bound}");
    }
    // A capacity that is reached already is not said to be reached in two weeks.
    let already = Reach::of(190.0, 222.0, 260.0, 200.0, Some(205.0));
    let end = format!(" ; {beds} sont déjà atteints, et le resteraient.");
    assert!(said(ahead(&of, Some(&left(already)))).ends_with(&end));
    assert_eq!(Reach::of(190.0, 198.0, 260.0, 200.0, Some(205.0)), Reach::HighEnd);
    let kept = Capacity::Kept { beds: "1 050".into(), reach: Reach::Below };
    assert!(
        said(ahead(&of, Some(&kept))).ends_with(
            "les 1 050 lits réservés aux patients Covid-19 restent au-dessus de cette fourchette."
        )
    );
    let unknown = Capacity::Unknown { beds: "650".into() };
    assert!(said(ahead(&of, Some(&unknown))).ends_with(
        "pas de comparaison aux 650 lits du palier, qui servent à tous : les autres patients ne sont pas comptés."
    ));
    let flat = Ahead { low: "0".into(), median: "0".into(), high: "0".into(), ..of };
    assert!(said(ahead(&flat, None)).ends_with(" : 0 si la tendance se poursuit."));
    let past_of = |is_narrow, is_no_better| {
        let (times, error, no_change) = ("10 fois sur 12".into(), "9 %".into(), Some("14 %".into()));
        past(&Past { days: 14, times, error, no_change, is_narrow, is_no_better })
    };
    assert_eq!(
        past_of(false, false),
        " Refaite pour les dimanches précédents avec les données d’aujourd’hui, la fourchette à 14 jours a été juste 10 fois sur \
         12 ; erreur moyenne 9 % (14 % en supposant que rien ne change)."
    );
    assert!(past_of(true, false).contains("sur 12, trop peu : elle a été trop étroite ;"));
    assert!(past_of(false, true).ends_with("n’a pas fait mieux que « rien ne change »."));
    assert!(what_a_forecast_is().contains("ni les mesures à venir"));
    assert!(how_to_read_a_fan().contains("5 et 8 chances sur 10"));
    assert!(no_forecast().starts_with("Aucune prévision"));
}
