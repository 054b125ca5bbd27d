//! `vigie config check`: reads everything that people write, and runs the rules' own tests, and plans the gates and the
//! saved queries.

use serde::Serialize;
use vigie_queries::{GateSeverity, Stage};

use super::print_json;
use crate::cli::Global;
use crate::error::Error;
use crate::room::settings;

#[derive(Serialize)]
struct Checked {
    configuration: Option<String>,
    sources: usize,
    sources_with_address: usize,
    queries: usize,
    forecast_models: usize,
    gates: Vec<Listed>,
    rules: usize,
    rule_tests: usize,
    saved_queries: usize,
    failures: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Listed {
    gate: String,
    stage: Stage,
    severity: GateSeverity,
    title_fr: String,
}

/// Exit code 2 when a file is faulty (the error says where), 1 when a rule fails one of its own tests, or a gate
/// or a saved query cannot run.
pub(super) async fn run(global: &Global) -> Result<u8, Error> {
    let (config, vocabulary, file) = settings(global)?;
    let faulty_gates = vigie_transform::check_gates(&vocabulary).await?;
    let faulty_gates = faulty_gates.into_iter().map(|fault| Error::from(fault).sentence());
    let sources = crate::source::check(&config, &vocabulary);
    let faulty_saved = crate::sql::check_saved(&config, &vocabulary).await?;
    let with_address = vocabulary.contracts().filter(|contract| {
        let source = config.sources.get(contract.name());
        source.and_then(|source| source.url.as_ref()).or(contract.feed.url.as_ref()).is_some()
    });
    let checked = Checked {
        configuration: file.map(|file| file.display().to_string()),
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
        failures: vocabulary
            .rules()
            .flat_map(vigie_transform::check_rule_tests)
            .map(|failure| failure.to_string())
            .chain(faulty_gates)
            .chain(faulty_saved)
            .chain(sources.faults)
            .collect(),
        warnings: sources.warnings,
    };
    if global.json {
        print_json(&checked)?;
    } else {
        match &checked.configuration {
            Some(file) => println!("{file}: fine"),
            None => println!("no configuration file: the built-in vocabulary alone was checked"),
        }
        println!("{} sources ({} with an address)", checked.sources, checked.sources_with_address);
        println!("{} queries", checked.queries);
        println!("{} models of forecasts", checked.forecast_models);
        println!("{} gates", checked.gates.len());
        for gate in &checked.gates {
            let stage = if gate.stage == Stage::Fetch { "fetch" } else { "bulletin" };
            println!("  {:<9} {:<5} {:<22} {}", stage, gate.severity.as_str(), gate.gate, gate.title_fr);
        }
        println!("{} saved queries", checked.saved_queries);
        println!("{} rules, {} tests, {} failed", checked.rules, checked.rule_tests, checked.failures.len());
        for failure in &checked.failures {
            println!("  {failure}");
        }
        for warning in &checked.warnings {
            println!("  warning: {warning}");
        }
    }
    Ok(u8::from(!checked.failures.is_empty()))
}
