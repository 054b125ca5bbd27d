//! Consultation centres: those of Île-de-France as the document of 29 March 2020 counts them, and Occitanie's, fictional.

use std::fmt::Write as _;

use jiff::civil::{Date, date};

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::day_at;

/// Île-de-France, ARS, 29 March 2020: centres by department (they add up to 155), of which how many created for Covid-19
/// and how many of those open (the document gives 17 open of nearly 40 for the region: this split is ours).
const ILE_DE_FRANCE: [(&str, &str, usize, usize, usize); 8] = [
    ("75", "Paris", 84, 14, 6),
    ("77", "Seine-et-Marne", 3, 1, 0),
    ("78", "Yvelines", 9, 3, 1),
    ("91", "Essonne", 6, 2, 1),
    ("92", "Hauts-de-Seine", 10, 4, 2),
    ("93", "Seine-Saint-Denis", 20, 8, 4),
    ("94", "Val-de-Marne", 10, 4, 2),
    ("95", "Val-d’Oise", 13, 4, 1),
];

/// Occitanie: centres by department, the three that the document of 18 March 2020 names first having opened by then.
const OCCITANIE: [(&str, usize, &str); 13] = [
    ("09", 2, "09122"),
    ("11", 4, "11069"),
    ("12", 3, "12202"),
    ("30", 6, "30189"),
    ("31", 9, "31555"),
    ("32", 2, "32013"),
    ("34", 8, "34172"),
    ("46", 2, "46042"),
    ("48", 1, "48095"),
    ("65", 2, "65440"),
    ("66", 4, "66136"),
    ("81", 4, "81004"),
    ("82", 2, "82121"),
];

const OPENED_FIRST: [&str; 3] = ["31", "12", "66"];

/// Body of an edition issued on that day: the whole register.
pub(crate) fn csv(departments: &[Department], issued: Date, seed: u64) -> String {
    let mut text = String::from(
        "centre_id,finess,name,kind,structure,commune,department,status,status_since,slots_per_day,booked_7d,\
         offered_7d,staff_missing,access\n",
    );
    ile_de_france(&mut text);
    for department in departments {
        occitanie(&mut text, department, issued, seed);
    }
    text
}

/// The document says how many centres there are, of which kind and status: of those created for Covid-19 some open and the
/// others on their way, while the structures that reorganise are open all along. Slots are not in it and stay empty.
fn ile_de_france(text: &mut String) {
    for (code, name, total, dedicated, open) in ILE_DE_FRANCE {
        for number in 1..=total {
            let commune = match code {
                "75" => format!("751{:02}", (number - 1) % 20 + 1),
                "77" => "77288".into(),
                "78" => "78646".into(),
                "91" => "91228".into(),
                "92" => "92050".into(),
                "93" => "93008".into(),
                "94" => "94028".into(),
                _ => "95127".into(),
            };
            let (kind, structure) = if number <= dedicated {
                ("dedicated", ["temporary", "hospital_annex"][number % 2])
            } else {
                ("reorganised", ["msp", "health_centre", "group_practice"][number % 3])
            };
            let status = if number <= open || kind == "reorganised" { "open" } else { "supported" };
            let access = ["own_doctor", "home_visit_service", "samu", "emergency"][number % 4];
            let _ = writeln!(
                text,
                "IDF-{code}-{number:03},,{name} – centre {number},{kind},{structure},{commune},{code},{status},\
                 2020-03-29,,,,,{access}"
            );
        }
    }
}

fn occitanie(text: &mut String, department: &Department, issued: Date, seed: u64) {
    let code = department.code;
    let Some((_, total, commune)) = OCCITANIE.iter().find(|(known, _, _)| *known == code) else { return };
    for number in 1..=*total {
        let mut rng = Rng::new(seed, &format!("centre {code} {number}"));
        let dedicated = number * 2 <= total + 1;
        let (kind, structure) = if dedicated {
            ("dedicated", ["temporary", "hospital_annex"][rng.below(2)])
        } else {
            ("reorganised", ["msp", "health_centre", "group_practice"][rng.below(3)])
        };
        let first = if OPENED_FIRST.contains(&code) { 15 } else { 22 };
        let (status, since) = status(dedicated, number, first + rng.below(16), issued);
        let slots = 16 + 4 * rng.below(10);
        // Slots fill with the wave: the regions' leaders are nearly full in October.
        let leader = matches!(code, "30" | "31" | "34");
        let use_share = match (issued.month(), leader) {
            (3..=5, _) => 0.72,
            (6..=8, _) => 0.38,
            (9, true) => 0.74,
            (9, false) => 0.55,
            (_, true) => 0.93,
            (_, false) => 0.70,
        };
        let offered = slots * 6;
        let mut now = Rng::new(seed, &format!("centre {code} {number} {issued}"));
        let booked = (now.around(use_share, 0.08).min(1.0) * offered as f64).round() as usize;
        let missing = if status == "open" { now.below(if leader { 4 } else { 2 }) } else { now.below(3) };
        let numbers = if status == "open" { format!("{slots},{booked},{offered}") } else { ",,".into() };
        let access = ["own_doctor", "samu", "home_visit_service"][rng.below(3)];
        let _ = writeln!(
            text,
            "OCC-{code}-{number:02},,{} – centre {number},{kind},{structure},{commune},{code},{status},{since},\
             {numbers},{missing},{access}",
            department.name
        );
    }
}

/// What a centre is on a day: dedicated ones open in March, close at the end of June and reopen in autumn; structures
/// that reorganised stay open; every fourth is still a project, then supported, before it opens.
fn status(dedicated: bool, number: usize, opened: usize, issued: Date) -> (&'static str, Date) {
    let slow = number.is_multiple_of(4);
    let opened = if slow { date(2020, 4, 27) } else { day_at(opened) };
    let steps: &[(Date, &'static str)] = if dedicated {
        &[
            (date(2020, 3, 10), "project"),
            (date(2020, 3, 18), "supported"),
            (opened, "open"),
            (date(2020, 6, 22), if slow { "closed" } else { "suspended" }),
            (date(2020, 9, 28), if slow { "closed" } else { "open" }),
        ]
    } else {
        &[(date(2020, 3, 10), "project"), (date(2020, 3, 20), "supported"), (opened, "open")]
    };
    let mut found = ("project", date(2020, 3, 10));
    for (since, status) in steps {
        if *since < issued && found.0 != *status && *since >= found.1 {
            found = (status, *since);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn ile_de_france_has_the_centres_of_the_document_in_every_edition() {
        for issued in [date(2020, 3, 30), date(2020, 10, 22)] {
            let text = csv(&places::occitanie(), issued, 1);
            let rows: Vec<Vec<&str>> = text
                .lines()
                .filter(|line| line.starts_with("IDF-"))
                .map(|line| line.split(',').collect())
                .collect();
            let count = |code: &str| rows.iter().filter(|row| row[6] == code).count();
            assert_eq!(
                ["75", "77", "78", "91", "92", "93", "94", "95"].map(count),
                [84, 3, 9, 6, 10, 20, 10, 13]
            );
            let of =
                |kind: &str, status: &str| rows.iter().filter(|r| r[3] == kind && r[7] == status).count();
            assert_eq!(of("dedicated", "open"), 17);
            assert_eq!(of("dedicated", "supported"), 23);
            assert_eq!(of("reorganised", "open"), 115, "« toujours ouvertes »");
            assert!(rows.iter().all(|row| row[8] == "2020-03-29"));
        }
    }
}
