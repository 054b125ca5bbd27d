//! Cases of French: what is given, what is printed.

use jiff::civil::{Date, date};

use super::*;

fn check(cases: &[(String, &str)]) {
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn numbers_have_narrow_spaces_a_comma_and_a_true_minus() {
    check(&[
        (number(1234.5, 1), "1\u{202F}234,5"),
        (number(1_234_567.0, 0), "1\u{202F}234\u{202F}567"),
        (number(159.0, 0), "159"),
        (number(0.5, 0), "1"),
        (number(2.5, 0), "3"),
        (number(-2.5, 0), "\u{2212}3"),
        (number(12.0, 1), "12,0"),
        (number(0.0, 2), "0,00"),
        (number(-0.04, 1), "0,0"),
        (number(-0.0, 0), "0"),
        (number(1e15, 0), "1\u{202F}000\u{202F}000\u{202F}000\u{202F}000\u{202F}000"),
        (number(1e-9, 2), "0,00"),
        (number(f64::NAN, 1), "n. d."),
        (number(f64::INFINITY, 1), "n. d."),
    ]);
}

#[test]
fn shares_are_printed_in_percent() {
    check(&[
        (percent(0.125, 1), "12,5\u{202F}%"),
        (percent(0.125, 0), "13\u{202F}%"),
        (percent(12.345, 1), "1\u{202F}234,5\u{202F}%"),
        (percent(1.0, 0), "100\u{202F}%"),
        (percent(0.0, 1), "0,0\u{202F}%"),
        (percent(159.0 / 474.0, 1), "33,5\u{202F}%"),
        (percent(0.029, 1), "2,9\u{202F}%"),
        (percent(f64::NAN, 1), "n. d."),
    ]);
}

// Binary arithmetic would print 57 % (0.575 x 100 is 57.49999999999999).
#[test]
fn rounding_is_on_the_decimal_digits() {
    check(&[
        (percent(0.575, 0), "58\u{202F}%"),
        (number(1.005, 2), "1,01"),
        (percent(0.0005, 1), "0,1\u{202F}%"),
    ]);
}

#[test]
fn changes_carry_their_sign() {
    check(&[
        (signed(12.0, 0), "+12"),
        (signed(-3.5, 1), "\u{2212}3,5"),
        (signed(0.0, 0), "0"),
        (signed(0.04, 1), "0,0"),
        (signed(1234.0, 0), "+1\u{202F}234"),
        (signed_percent(0.125, 1), "+12,5\u{202F}%"),
        (signed_percent(-0.5, 0), "\u{2212}50\u{202F}%"),
        (signed_percent(0.0, 0), "0\u{202F}%"),
        (points(0.031, 1), "+3,1\u{A0}points"),
        (points(-0.01, 1), "\u{2212}1,0\u{A0}point"),
        (euros(75.0, 0), "75\u{202F}€"),
        (euros(1234.5, 2), "1\u{202F}234,50\u{202F}€"),
    ]);
}

#[test]
fn plural_starts_at_two() {
    check(&[
        (counted(0.0, 0, "patient", "patients"), "0\u{A0}patient"),
        (counted(1.0, 0, "patient", "patients"), "1\u{A0}patient"),
        (counted(1.9, 1, "jour", "jours"), "1,9\u{A0}jour"),
        (counted(2.0, 0, "patient", "patients"), "2\u{A0}patients"),
        (counted(-3.0, 0, "lit", "lits"), "\u{2212}3\u{A0}lits"),
        (counted(1234.0, 0, "hôpital", "hôpitaux"), "1\u{202F}234\u{A0}hôpitaux"),
    ]);
}

#[test]
fn the_first_of_the_month_is_1er() {
    check(&[
        (super::date(date(2020, 10, 1)), "1er octobre 2020"),
        (super::date(date(2020, 10, 13)), "13 octobre 2020"),
        (day_month(date(2020, 8, 1)), "1er août"),
        (day_month_short(date(2020, 9, 21)), "21 sept."),
        (date_digits(date(2020, 2, 3)), "03/02/2020"),
        (weekday(date(2020, 10, 13)).to_owned(), "mardi"),
        (month_short(date(2020, 12, 1)).to_owned(), "déc."),
    ]);
}

#[test]
fn ranges_say_each_month_and_year_once() {
    let d = |y, m, day| -> Date { date(y, m, day) };
    check(&[
        (date_range(d(2020, 10, 5), d(2020, 10, 11)), "du 5 au 11 octobre 2020"),
        (date_range(d(2020, 6, 1), d(2020, 6, 7)), "du 1er au 7 juin 2020"),
        (date_range(d(2020, 9, 28), d(2020, 10, 4)), "du 28 septembre au 4 octobre 2020"),
        (date_range(d(2020, 12, 28), d(2021, 1, 3)), "du 28 décembre 2020 au 3 janvier 2021"),
        (date_range(d(2020, 10, 13), d(2020, 10, 13)), "le 13 octobre 2020"),
    ]);
}

#[test]
fn a_week_is_printed_with_its_days() {
    check(&[
        (week(date(2020, 10, 5)), "semaine 41 (du 5 au 11 octobre 2020)"),
        (week(date(2020, 10, 11)), "semaine 41 (du 5 au 11 octobre 2020)"),
        (week(date(2021, 1, 1)), "semaine 53 (du 28 décembre 2020 au 3 janvier 2021)"),
        (week_short(date(2021, 1, 4)), "S01"),
    ]);
    assert_eq!(week_bounds(date(2021, 1, 1)), (date(2020, 12, 28), date(2021, 1, 3)));
}

#[test]
fn lists_end_with_et() {
    check(&[
        (list::<&str>(&[]), ""),
        (list(&["Aude"]), "Aude"),
        (list(&["Aude", "Gard"]), "Aude et Gard"),
        (list(&["Aude", "Gard", "Lot"]), "Aude, Gard et Lot"),
    ]);
}

#[test]
fn vowels_and_mute_h_elide() {
    check(&[
        (de("Occitanie"), "d’Occitanie"),
        (de("Île-de-France"), "d’Île-de-France"),
        (de("hospitalisations"), "d’hospitalisations"),
        (de("hausse"), "de hausse"),
        (de("huit jours"), "de huit jours"),
        (de("onze lits"), "de onze lits"),
        (de("Lozère"), "de Lozère"),
        (que("Albi"), "qu’Albi"),
        (que("Paris"), "que Paris"),
        (article(true, "incidence"), "l’incidence"),
        (article(true, "part"), "la part"),
        (article(false, "taux"), "le taux"),
        (article(true, "hausse"), "la hausse"),
        (capital("état"), "État"),
        (capital(""), ""),
    ]);
}

#[test]
fn places_have_their_article_and_preposition() {
    let within = |code: &str| department(code).map(|name| name.within()).unwrap_or_default();
    let of = |code: &str| department(code).map(|name| name.of()).unwrap_or_default();
    check(&[
        (within("31"), "en Haute-Garonne"),
        (within("30"), "dans le Gard"),
        (within("34"), "dans l’Hérault"),
        (within("65"), "dans les Hautes-Pyrénées"),
        (within("75"), "à Paris"),
        (within("974"), "à La Réunion"),
        (within("2A"), "en Corse-du-Sud"),
        (of("31"), "de la Haute-Garonne"),
        (of("30"), "du Gard"),
        (of("34"), "de l’Hérault"),
        (of("65"), "des Hautes-Pyrénées"),
        (of("75"), "de Paris"),
        (of("89"), "de l’Yonne"),
        (of("974"), "de La Réunion"),
    ]);
    let region = |code: &str| region(code).map(|name| (name.within(), name.of(), name.with_article()));
    for (code, within, of, with_article) in [
        ("76", "en Occitanie", "d’Occitanie", "l’Occitanie"),
        ("11", "en Île-de-France", "d’Île-de-France", "l’Île-de-France"),
        ("32", "dans les Hauts-de-France", "des Hauts-de-France", "les Hauts-de-France"),
        ("44", "dans le Grand Est", "du Grand Est", "le Grand Est"),
        ("52", "dans les Pays de la Loire", "des Pays de la Loire", "les Pays de la Loire"),
        ("04", "à La Réunion", "de La Réunion", "La Réunion"),
    ] {
        assert_eq!(region(code), Some((within.to_owned(), of.to_owned(), with_article.to_owned())));
    }
}

#[test]
fn names_are_those_of_the_known_places() {
    for (code, (name, home)) in vigie_queries::known_departments() {
        let found = department(code).map(|found| found.name);
        assert_eq!(found, home.map(|_| *name), "{code}");
        if let Some(home) = home {
            assert!(region(home).is_some(), "{home}");
        }
    }
    assert_eq!(department("20"), None);
}

#[test]
fn sentences_are_set_as_a_printer_would() {
    for (given, expected) in [
        ("L'Hérault: 12 % !", "L’Hérault\u{A0}: 12\u{202F}%\u{202F}!"),
        ("Pourquoi? Parce que; voilà !", "Pourquoi\u{202F}? Parce que\u{202F}; voilà\u{202F}!"),
        ("Il dit \"oui\".", "Il dit «\u{A0}oui\u{A0}»."),
        ("dit « oui » et «non»", "dit «\u{A0}oui\u{A0}» et «\u{A0}non\u{A0}»"),
        ("le 1er octobre et le 13 octobre 2020", "le 1er\u{A0}octobre et le 13\u{A0}octobre 2020"),
        ("75 € à 08:00", "75\u{202F}€ à 08:00"),
        ("voir https://x.fr/a?b=1;c et nom@x.fr", "voir https://x.fr/a?b=1;c et nom@x.fr"),
        ("n° 3 - suite...", "n°\u{A0}3 – suite…"),
        ("Vraiment ?!", "Vraiment\u{202F}?!"),
        ("", ""),
    ] {
        let once = typography(given);
        assert_eq!(once, expected, "{given}");
        assert_eq!(typography(&once), once, "a second pass changes nothing");
    }
}
