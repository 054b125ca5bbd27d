//! `vigie config check`: reads everything that people write, runs the rules' own tests, plans every query, and looks for what
//! nothing reads and what cannot be meant.

mod files;
mod plans;
mod sources;

use std::path::Path;

use serde::Serialize;
use vigie_queries::{GateSeverity, Stage};

use crate::cli::Global;
use crate::config::values::odd;
use crate::error::Error;
use crate::output::print_json;
use crate::room::{Settings, settings};

#[derive(Serialize)]
struct Checked {
    configuration: Option<String>,
    territory: String,
    sources: usize,
    sources_with_address: usize,
    queries: usize,
    forecast_models: usize,
    gates: Vec<Listed>,
    rules: usize,
    rule_tests: usize,
    rule_tests_failed: usize,
    saved_queries: usize,
    /// Files left out, queries that cannot run, tests of rules that fail, a sentence each.
    failures: Vec<String>,
    /// What nothing reads and what cannot be meant, a sentence each.
    oddities: Vec<String>,
    /// What may be meant and should be known, a sentence each.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Listed {
    gate: String,
    stage: Stage,
    severity: GateSeverity,
    title_fr: String,
}

/// Exit code 2 when a file is faulty; 1 when a query cannot run, a rule fails one of its own tests, a file is read by nothing,
/// or a value cannot be meant.
pub(super) async fn run(global: &Global) -> Result<u8, Error> {
    let Settings { config, vocabulary, file, left_out } = settings(global)?;
    let planned = plans::faults(&config, &vocabulary).await?;
    let sources = sources::check(&config, &vocabulary);
    let with_address = vocabulary.contracts().filter(|contract| {
        let source = config.sources.get(contract.name());
        source.and_then(|source| source.url.as_ref()).or(contract.feed.url.as_ref()).is_some()
    });
    let mut oddities = Vec::new();
    if let Some(folder) = &config.vocabulary {
        oddities.extend(files::unread(folder)?);
    }
    if let Some(folder) = &config.theme {
        oddities.extend(files::unread_of_theme(folder)?);
    }
    let written = file.as_deref().unwrap_or_else(|| Path::new(""));
    oddities.extend(odd(written, &config, &vocabulary));
    let at_line = |sentence| crate::config::values::placed(written, sentence);
    let sources_faults: Vec<String> = sources.faults.into_iter().map(at_line).collect();
    let today = crate::calendar::paris_day(crate::clock::now());
    let due = vocabulary.rules().filter(|rule| rule.is_due_for_review(today)).map(|rule| {
        let day = rule.review_on.unwrap_or(today);
        format!("rules/{}.toml: it was to be looked at again on {day} (review_on)", rule.id)
    });
    let endless = vocabulary
        .rules()
        .filter(|rule| rule.valid_to.is_none() && rule.review_on.is_none())
        .map(|rule| format!("rules/{}.toml: it has no end; give it valid_to, or review_on", rule.id));
    let warnings: Vec<String> = sources.warnings.into_iter().map(at_line).chain(due).chain(endless).collect();
    let failed_tests: Vec<String> = vocabulary
        .rules()
        .flat_map(vigie_transform::check_rule_tests)
        .map(|fault| fault.to_string())
        .collect();
    let checked = Checked {
        configuration: file.as_ref().map(|file| file.display().to_string()),
        territory: config.territory.name().to_owned(),
        sources: vocabulary.contracts().count(),
        sources_with_address: with_address.count(),
        queries: vocabulary.queries().len(),
        forecast_models: vocabulary.forecast_models().count(),
        gates: [Stage::Fetch, Stage::Bulletin]
            .into_iter()
            .flat_map(|stage| vocabulary.gates(stage))
            .map(|gate| Listed {
                gate: gate.id.clone(),
                stage: gate.stage,
                severity: gate.severity,
                title_fr: gate.title_fr.clone(),
            })
            .collect(),
        rules: vocabulary.rules().count(),
        saved_queries: vocabulary.saved_queries().count(),
        rule_tests: vocabulary.rules().map(|rule| rule.tests.len()).sum(),
        rule_tests_failed: failed_tests.len(),
        failures: left_out
            .iter()
            .chain(&planned)
            .map(ToString::to_string)
            .chain(failed_tests)
            .chain(sources_faults)
            .collect(),
        oddities,
        warnings,
    };
    if global.json {
        print_json(&checked)?;
    } else {
        print(&checked, &config.territory.to_string());
    }
    for fault in left_out.iter().filter(|fault| vocabulary.is_own(&fault.file)) {
        eprintln!("error: {fault}");
    }
    Ok(match (left_out.is_empty(), checked.failures.is_empty() && checked.oddities.is_empty()) {
        (false, _) => 2,
        (true, false) => 1,
        (true, true) => 0,
    })
}

fn print(checked: &Checked, territory: &str) {
    let faults = checked.failures.len() + checked.oddities.len();
    let verdict = match faults {
        0 => "fine".to_owned(),
        1 => "1 fault".to_owned(),
        faults => format!("{faults} faults"),
    };
    match &checked.configuration {
        Some(file) => println!("{file}: {verdict}"),
        None => println!("no configuration file; the built-in vocabulary: {verdict}"),
    }
    println!("territory {territory} ({})", checked.territory);
    println!("{} sources ({} with an address)", checked.sources, checked.sources_with_address);
    println!("{} queries", checked.queries);
    println!("{} models of forecasts", checked.forecast_models);
    println!("{} gates", checked.gates.len());
    for gate in &checked.gates {
        let stage = if gate.stage == Stage::Fetch { "fetch" } else { "bulletin" };
        println!("  {:<9} {:<5} {:<22} {}", stage, gate.severity.as_str(), gate.gate, gate.title_fr);
    }
    println!("{} saved queries", checked.saved_queries);
    println!("{} rules, {} tests, {} failed", checked.rules, checked.rule_tests, checked.rule_tests_failed);
    for fault in checked.failures.iter().chain(&checked.oddities) {
        println!("  {fault}");
    }
    for warning in &checked.warnings {
        println!("  warning: {warning}");
    }
}
