//! One name in several Unicode forms, and classes of rows under another name.

use super::{codes, contract, rows, table};
use crate::{Checked, Severity};

const PLATFORMS: &str = r#"
id = "platforms"
title_fr = "t"
description_fr = "d"
kind = "increment"
key = ["platform", "time_value"]
publisher = "p"
licence = "l"
columns = [
  { name = "platform", from = ["Société"], type = "text", title_fr = "t" },
  { name = "time_value", from = ["jour"], type = "date", title_fr = "t" },
  { name = "calls", from = ["appels"], type = "integer", title_fr = "t" },
  { name = "note", type = "text", nullable = true, optional = true, title_fr = "t" },
]
[feed]
format = "csv"
[cadence]
cron = "0 8 * * *"
warn_after = "36h"
error_after = "72h"
"#;

#[test]
fn a_name_in_two_forms_is_one_key() {
    let body = "Société,jour,appels,note\n\
        Médecins d’Oc,2020-10-05,1,d\u{e9}j\u{e0}\u{a0}!\n\
        Me\u{301}decins d’Oc,2020-10-06,2,de\u{301}ja\u{300}\u{a0}!\n\
        M\u{e9}decins\u{a0}d’Oc,2020-10-07,3,\n\
        Méde\u{ad}cins  d’Oc\u{200b},2020-10-08,4,\n";
    let checked = rows(body.as_bytes(), &contract(PLATFORMS));
    assert_eq!(
        table(&checked),
        [
            "Médecins d’Oc;2020-10-05;1;déjà\u{a0}!",
            "Médecins d’Oc;2020-10-06;2;déjà\u{a0}!",
            "Médecins d’Oc;2020-10-07;3;",
            "Médecins d’Oc;2020-10-08;4;",
        ]
    );
    assert_eq!(codes(&checked, Severity::Info), ["unicode-form@3", "unicode-form@3", "surrounding-space@5"]);
    assert_eq!(
        checked.findings[0].message.replace('\u{a0}', " "),
        "Colonne « Société » : 3 textes avec un accent écrit à part, une espace insécable ou un signe invisible, remis sous \
         une seule forme (la première : ligne 3, « Me\u{301}decins d’Oc »). (unicode-form)"
    );
    // The raw line stays as it came.
    let twice = format!("{body}Me\u{301}decins d’Oc,2020-10-05,9,\n");
    let checked =
        rows(twice.as_bytes(), &contract(&format!("{PLATFORMS}\n[bounds]\nbad_rows_share_max = 1.0\n")));
    assert_eq!(codes(&checked, Severity::Error), ["conflicting-duplicate@2", "conflicting-duplicate@6"]);
    assert!(checked.findings[1].raw.as_ref().unwrap().starts_with("Me\u{301}decins"));
}

#[test]
fn headers_are_read_in_each_form() {
    for header in
        ["Socie\u{301}te\u{301},jour,appels", "SOCIÉTÉ,jour,appels\u{a0}", "So\u{ad}ciété,jour,appels"]
    {
        let checked = rows(format!("{header}\nOc,2020-10-05,1\n").as_bytes(), &contract(PLATFORMS));
        assert_eq!(table(&checked), ["Oc;2020-10-05;1;"], "{header}");
        assert!(codes(&checked, Severity::Info).contains(&"header-form@1".to_owned()), "{header}");
    }
    let json = contract(&PLATFORMS.replace("\"csv\"", "\"json\""));
    let body = "[{\"Société\": \"a\", \"jour\": \"2020-10-05\", \"appels\": 1},\
                {\"Socie\u{301}te\u{301}\": \"e\u{301}\", \"jour\": \"2020-10-05\", \"appels\": 2}]";
    assert_eq!(table(&rows(body.as_bytes(), &json)), ["a;2020-10-05;1;", "é;2020-10-05;2;"]);
}

fn classes(filter: &str, body: &str) -> Checked {
    let layout = super::STOCK.replace("[feed]", &format!("filters = [{filter}]\n[feed]"));
    rows(format!("dep;jour;hosp;rad;age\n{body}").as_bytes(), &contract(&layout))
}

/// Three days of three classes; the class of the last day by a function.
fn days(last: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut body = String::new();
    for day in 5..8 {
        for class in ["0-9", "10-19", "tous"] {
            let class = if day == 7 { last(class) } else { Some(class) };
            for dep in 1..3 {
                body.extend(class.map(|class| format!("{dep:02};2020-10-0{day};1;1;{class}\n")));
            }
        }
    }
    body
}

const SAME: [(&str, &str); 3] = [("0-9", "0-9"), ("10-19", "10-19"), ("tous", "tous")];

fn same(class: &str) -> Option<&'static str> {
    SAME.iter().find(|(name, _)| *name == class).map(|(_, same)| *same)
}

#[test]
fn a_class_that_a_spreadsheet_renamed_is_told() {
    let unnamed = "{ column = \"age\", keep = [\"10-19\"] }";
    let named = "{ column = \"age\", keep = [\"10-19\"], others = [\"0-9\", \"tous\"] }";
    let renamed = days(|class| if class == "10-19" { Some("oct.-19") } else { same(class) });
    for filter in [unnamed, named] {
        assert!(classes(filter, &days(same)).findings.is_empty());
        let checked = classes(filter, &renamed);
        assert_eq!(codes(&checked, Severity::Warn), ["missing-class", "new-class@16"], "{filter}");
        let said = &checked.findings[0].message.replace('\u{a0}', " ");
        assert_eq!(
            said,
            "Colonne « age » : aucune ligne de « 10-19 » le 2020-10-07, jour le plus récent du fichier. Ce jour manque donc \
             dans la table. (missing-class)"
        );
        let said = &checked.findings[1].message.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(
            said.contains("« oct.-19 »")
                && said.contains("2 lignes laissées de côté")
                && said.contains("2020-10-07"),
            "{said}"
        );
    }
    // Another class renamed on one place only: the kept class is whole, and the new one is told all the same.
    let body = days(same).replace("02;2020-10-07;1;1;0-9\n", "02;2020-10-07;1;1;09-sept\n");
    assert_eq!(codes(&classes(unnamed, &body), Severity::Warn), ["new-class@15"]);
    // A class left out that is gone on the newest day.
    let gone = days(|class| if class == "tous" { None } else { same(class) });
    let checked = classes(unnamed, &gone);
    assert_eq!(
        checked.findings[0].message.replace('\u{a0}', " "),
        "Colonne « age » : la classe « tous » n’a aucune ligne le 2020-10-07, jour le plus récent du fichier, et en avait 2 le \
         jour d’avant. (missing-class)"
    );
    assert_eq!(checked.findings.len(), 1);
    // With names, also in a body of one day.
    let day = "01;2020-10-07;1;1;10-19\n01;2020-10-07;1;1;0-9\n01;2020-10-07;1;1;sept.\n";
    assert_eq!(codes(&classes(named, day), Severity::Warn), ["new-class@4"]);
    assert!(classes(unnamed, day).findings.is_empty());
    // Days to come, mistyped in a row that is left out, are no newest day.
    let slip = format!("{}01;2120-10-07;1;1;tous\n", days(same));
    assert!(classes(unnamed, &slip).findings.is_empty());
}

#[test]
fn one_of_several_kept_classes_that_is_gone_is_told() {
    let two = "{ column = \"age\", keep = [\"10-19\", \"0-9\"] }";
    let body = days(|class| if class == "0-9" { None } else { same(class) });
    // The same key comes in both classes here: only what is said of classes matters.
    let layout = super::STOCK
        .replace("key = [\"department\", \"time_value\"]", "key = [\"department\", \"time_value\", \"age\"]")
        .replace(
            "]\n[feed]",
            &format!(
                "  {{ name = \"age\", type = \"text\", title_fr = \"t\" }},\n]\nfilters = [{two}]\n[feed]"
            ),
        );
    let checked = rows(format!("dep;jour;hosp;rad;age\n{body}").as_bytes(), &contract(&layout));
    assert_eq!(codes(&checked, Severity::Warn), ["missing-class"]);
    assert!(checked.findings[0].message.contains("que le contrat garde"), "{}", checked.findings[0].message);
}

#[test]
fn classes_that_the_contract_names_are_known_whatever_their_spelling() {
    let letters = "{ column = \"age\", keep = [\"0\"], others = [\"A\", \"9\", \"Âgés\"] }";
    let row = |class: &str| format!("01;2020-10-07;1;1;0\n02;2020-10-07;1;1;0\n03;2020-10-07;1;1;{class}\n");
    for class in ["A", "9", "09", "9.0", "A\u{302}ge\u{301}s"] {
        let checked = classes(letters, &row(class));
        assert_eq!(
            (checked.findings.len(), checked.counts.rows_filtered),
            (0, 1),
            "{class}: {:?}",
            checked.findings
        );
    }
    assert_eq!(codes(&classes(letters, &row("19")), Severity::Warn), ["new-class@4"]);
    assert_eq!(codes(&classes(letters, &row("O")), Severity::Error), ["unknown-value@4"]);
    // Kept under another form.
    let accent = "{ column = \"age\", keep = [\"Âgés\"] }";
    let checked = classes(accent, &row("x").replace(";0\n", ";A\u{302}ge\u{301}s\n"));
    assert_eq!(
        (checked.counts.rows_accepted, codes(&checked, Severity::Info)),
        (2, vec!["unicode-form@2".to_owned()])
    );
}
