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
        std::fs::write(folder.join(format!("{name}.json")), &rendered.json).unwrap();
        std::fs::write(folder.join(format!("{name}.xlsx")), &rendered.xlsx).unwrap();
    }
}

#[test]
fn a_region_with_every_feed_makes_six_to_ten_pages_the_same_every_time() {
    let made = Made::rich();
    let first = render(&made.input()).unwrap();
    keep("rich", &first);
    assert!((6..=10).contains(&first.pages), "{} pages", first.pages);
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
    let made = Made::rich();
    let fault = crate::render_with(&made.input(), "\n#nothing-of-that-name").unwrap_err();
    assert!(fault.to_string().contains("main.typ:2: error"), "{fault}");
}

#[test]
fn the_quality_page_says_which_settling_times_are_measured() {
    let draft = super::write(&Made::rich().input());
    let text = serde_json::to_string(&draft.document).unwrap();
    assert!(text.contains("Consolidation mesurée"), "that of the admissions");
    assert!(text.contains("14\u{a0}jours (60\u{a0}éditions)"), "days and editions");
    assert!(text.contains("Consolidation déclarée"), "those of the others");
    assert!(draft.published.iter().any(|p| p.indicator == "feed.settling" && p.value == Some(14.0)));
}
