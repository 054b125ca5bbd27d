//! `vigie replay`: says whether a published bulletin can still be rebuilt as it was.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::bulletins::published;
use crate::bulletins::replay::{self, Difference, Replayed};
use crate::cli::{Global, Replay};
use crate::commands::progress;
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;

/// Differences printed to people; `--json` gives all.
const PRINTED_MAX: usize = 60;

/// Rebuilds and compares; exit code 1 when anything differs.
pub(super) async fn run(global: &Global, options: &Replay) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let known = published::editions(&room).await?;
    let edition = replay::find(&known, &options.bulletin, &room)?;
    let life = progress::spinner(room.talk, "calcul et mise en page");
    let replayed = replay::replay(&room, &known, edition, options.out.as_deref(), options.today_rules).await;
    life.finish_and_clear();
    let replayed = replayed?;
    if global.json {
        print_json(&replayed)?;
    } else {
        print(&replayed);
    }
    Ok(u8::from(!replayed.identical))
}

fn print(replayed: &Replayed) {
    let named = format!(
        "bulletin {} ({}, {}, édition {})",
        replayed.bulletin_id, replayed.territory, replayed.week, replayed.edition
    );
    if replayed.identical {
        println!("identique : {named}, PDF et jumeaux octet pour octet");
    } else {
        println!("différent : {named} ({})", replayed.files_differ.join(", ").to_uppercase());
    }
    for reason in &replayed.reasons {
        println!("  {reason}");
    }
    list(&replayed.differences, "publié", "refait");
    let Some(today) = &replayed.today else { return };
    let files: Vec<&str> = today.files.iter().map(|file| file.file.as_str()).collect();
    match (files.as_slice(), today.differences.len()) {
        ([], _) => println!("Les définitions et les règles sont celles de la publication."),
        (files, 0) => {
            println!("Fichiers modifiés depuis : {} ; aucun chiffre publié ne changerait.", files.join(", "))
        }
        (files, n) => {
            println!(
                "Fichiers modifiés depuis : {} ; chiffres publiés qui changeraient : {n}",
                files.join(", ")
            );
        }
    }
    list(&today.differences, "publié", "règles d’aujourd’hui");
}

fn list(differences: &[Difference], then: &str, now: &str) {
    if differences.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["partie", "libellé", "lieu", "date", then, now, "pourquoi"]);
    for difference in differences.iter().take(PRINTED_MAX) {
        let absent = || "absent".to_owned();
        table.add_row([
            difference.section.clone(),
            difference.label.clone(),
            difference.place.clone(),
            difference.date.to_string(),
            difference.printed.clone().unwrap_or_else(absent),
            difference.now.clone().unwrap_or_else(absent),
            difference.why.join(", "),
        ]);
    }
    for column in [4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
    if differences.len() > PRINTED_MAX {
        println!("et {} autres (vigie replay --json)", differences.len() - PRINTED_MAX);
    }
}
