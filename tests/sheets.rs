//! The bulletin of a region with the sheets of its departments, drafts and themes: made, given again, rebuilt.

use std::path::Path;

use serde_json::Value;

use crate::support::{accessible, command, pdf_text, succeed};

/// `vigie` over the lake of a demo.
fn vigie(folder: &Path, words: &[&str]) -> std::process::Output {
    command(folder).args(["--lake", "demo/lake"]).args(words).output().unwrap()
}

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_region_with_its_sheets_a_draft_and_a_theme_are_rebuilt_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeed(&command(folder).args(["demo", "--out", "demo", "--quiet"]).output().unwrap());
    let ok = |words: &[&str]| succeed(&vigie(folder, words));
    // The as-of that the demo publishes from.
    let of_week = ["bulletin", "--week", "2020-W42", "--as-of", "2020-10-22T07:00:00Z"];

    // All departments in one run, beside the bulletin that the demo published for the same as-of.
    let all =
        ok(&[&["--json"], &of_week[..], &["--territory", "76", "--sheets", "--out", "all/r.pdf"]].concat());
    let all: Value = serde_json::from_str(&all).unwrap();
    let made = all["made"].as_array().unwrap();
    assert_eq!(made.len(), 14, "{all:#}");
    assert_eq!(made[0]["territory"], "region:76");
    assert_eq!(made[0]["edition"], 1, "what is published is given again");
    for sheet in &made[1..] {
        assert_eq!(sheet["pages"], 1, "{sheet:#}");
        assert_eq!(sheet["summary"], Value::Null);
        for twin in ["pdf", "html", "json", "xlsx"] {
            assert!(folder.join(sheet[twin].as_str().unwrap()).is_file(), "{twin} of {sheet:#}");
        }
    }
    assert!(folder.join("all/r-a5.pdf").is_file() && folder.join("all/r.html").is_file());
    let sheet = folder.join("all/bulletin-2020-W42-department-31.pdf");
    let read = |path: &Path| std::fs::read(path).unwrap();
    ok(&[&of_week[..], &["--territory", "31", "--out", "again.pdf"]].concat());
    for form in ["pdf", "html", "json", "xlsx"] {
        let (first, again) = (sheet.with_extension(form), folder.join("again").with_extension(form));
        assert!(read(&first) == read(&again), "the same {form} alone as among the others");
    }
    for name in ["all/bulletin-2020-W42-department-31.pdf", "all/r.html", "all/r-a5.pdf"] {
        assert!(ok(&["replay", name]).starts_with("identique : "), "{name}");
    }
    if let Some(text) = pdf_text(&sheet) {
        let text = plain(&text);
        for part in ["Haute-Garonne", "Semaine 42", "Prochaine étape", "39 66", "Occitanie"] {
            assert!(text.contains(part), "the sheet holds « {part} »: {text}");
        }
    }

    let pdfs = ["all/r.pdf", "all/r-a5.pdf", "all/bulletin-2020-W42-department-31.pdf"];
    accessible(&pdfs.map(|name| folder.join(name)));

    // Every number of the key page is traced to the queries that gave it.
    let traced = ok(&["--json", "lineage", "all/r.pdf", "--section", "key_points"]);
    let traced: Vec<Value> = serde_json::from_str(&traced).unwrap();
    assert!(traced.len() > 20, "{}", traced.len());
    for one in &traced {
        let is_count = one["indicator"].as_str().unwrap().starts_with("changes.");
        assert!(is_count || !one["queries"].as_array().unwrap().is_empty(), "{one:#}");
        assert!(is_count || one["sources"][0]["issued_at"].is_string(), "{one:#}");
    }
    let patients = traced.iter().find(|one| one["printed"] == "670").unwrap();
    assert_eq!(patients["queries"].as_array().unwrap().last().unwrap(), "indicators/hospital_patients.sql");

    // Every number of the PDF's tables and texts is in its HTML twin, word for word.
    let pdf = folder.join("demo/bulletin-2020-W42-region-76.pdf");
    let page = String::from_utf8(read(&pdf.with_extension("html"))).unwrap();
    if let Some(text) = pdf_text(&pdf) {
        let words = |text: &str| -> std::collections::BTreeSet<String> {
            let number = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
            let text = text.replace(['\u{a0}', '\u{202f}', '\u{200b}'], "");
            let found = text.split(|c: char| c.is_whitespace() || "<>()/«»;:=\"&#".contains(c));
            found.map(number).filter(|word| !word.is_empty()).collect()
        };
        let (in_pdf, in_page) = (words(&text), words(&page));
        // Page numbers, numbers of tables and figures are of the paper only.
        let of_paper = |word: &str| word.parse::<u32>().is_ok_and(|n| n <= 40);
        // pdftotext parts « 1 922 » in charts where the page holds it whole.
        let of_thousands =
            |word: &str| word.len() == 3 && in_page.iter().any(|n| n.len() > 3 && n.ends_with(word));
        let missing: Vec<&String> =
            in_pdf.difference(&in_page).filter(|word| !of_paper(word) && !of_thousands(word)).collect();
        assert!(missing.is_empty(), "in the PDF and not in the HTML: {missing:?}");
        assert!(in_pdf.len() > 300, "{}", in_pdf.len());
    }

    // A draft: its words are printed, its numbers stay, and the record says who.
    let said = ok(&[&of_week[..], &["--territory", "76", "--draft", "draft.toml"]].concat());
    assert!(said.contains("draft.toml ("), "{said}");
    let draft = std::fs::read_to_string(folder.join("draft.toml")).unwrap();
    let editions = || ok(&["sql", "--format", "csv", "select count(*) from bulletins"]);
    let before = editions();
    // A number of a text, not three digits of the fingerprint of the definitions.
    let is_word = |at: &usize| {
        let beside = [draft[..*at].chars().next_back(), draft[*at + 3..].chars().next()];
        !beside.iter().flatten().any(|c| c.is_ascii_alphanumeric())
    };
    let at = draft.match_indices("670").map(|(at, _)| at).find(is_word).unwrap();
    let wrong = [&draft[..at], "607", &draft[at + 3..]].concat();
    assert_ne!(wrong, draft, "the draft tells of 670 patients: {draft}");
    std::fs::write(folder.join("wrong.toml"), wrong).unwrap();
    let refused =
        vigie(folder, &["bulletin", "--from-draft", "wrong.toml", "--by", "A", "--out", "wrong.pdf"]);
    let told = plain(&String::from_utf8_lossy(&refused.stderr));
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("le nombre « 670 » est devenu « 607 »"), "{told}");
    assert!(!folder.join("wrong.pdf").exists() && editions() == before, "nothing is written or recorded");

    let edited = draft.replacen(
        "lead = '''Le nombre de patients hospitalisés augmente'''",
        "lead = '''La \"pression\" sur l'hôpital augmente'''",
        1,
    );
    assert_ne!(edited, draft, "{draft}");
    // What the calculations do not know: the editor's own, and said to be.
    let own = "comment = '''\nTrois foyers en EHPAD, 41 résidents suivis.'''\n[[count]]\nlabel = 'EHPAD touchés'\nvalue = '3'\n";
    let at = edited.find("comment = ").unwrap();
    let until = at + edited[at..].find("\n# Vos propres").unwrap();
    let edited = [&edited[..at], own, &edited[until..]].concat();
    std::fs::write(folder.join("draft.toml"), edited).unwrap();
    ok(&["bulletin", "--from-draft", "draft.toml", "--by", "Docteur Essai", "--out", "edited.pdf"]);
    let page = std::fs::read_to_string(folder.join("edited.html")).unwrap();
    assert!(plain(&page).contains("La « pression » sur l’hôpital augmente"), "a quotation mark is text");
    assert!(page.contains("Texte relu par Docteur Essai") && page.contains("Commentaire de la rédaction"));
    assert!(page.contains("41 résidents suivis") && page.contains("EHPAD touchés"));
    assert!(
        plain(&page)
            .contains("Ajouté par Docteur Essai : ni ce texte ni ces nombres ne viennent des calculs")
    );
    let recorded =
        ok(&["sql", "--format", "csv", "select inputs from bulletins where inputs like '%Docteur Essai%'"]);
    assert!(recorded.contains("sur l'hôpital augmente"), "{recorded}");
    assert!(ok(&["replay", "edited.pdf"]).starts_with("identique : "), "with its words, from the record");

    // A theme: kept with the edition, so that a later one changes nothing of it.
    std::fs::create_dir(folder.join("theme")).unwrap();
    let logo = |fill: &str| {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"30\"><rect width=\"90\" height=\"30\" \
             fill=\"{fill}\"/></svg>"
        );
        std::fs::write(folder.join("theme/logo.svg"), svg).unwrap();
    };
    logo("#123f6d");
    let config = "lake = \"demo/lake\"\ntheme = \"theme\"\n[agency]\nname = \"Agence d’essai\"\n";
    std::fs::write(folder.join("vigie.toml"), config).unwrap();
    let themed = [
        "bulletin",
        "--week",
        "2020-W42",
        "--territory",
        "region:32",
        "--as-of",
        "2020-10-21",
        "--out",
        "t.pdf",
    ];
    let themed = command(folder).args(["--config", "vigie.toml"]).args(themed).output().unwrap();
    assert!(!succeed(&themed).is_empty());
    let page = std::fs::read_to_string(folder.join("t.html")).unwrap();
    assert!(page.contains("alt=\"Logo de Agence d’essai\"") && page.contains("data:image/svg+xml;base64,"));
    logo("#d55e00");
    assert!(ok(&["replay", "t.pdf"]).starts_with("identique : "), "the theme of its day, not today’s");
    assert!(ok(&["verify"]).contains("no damage"));
}
