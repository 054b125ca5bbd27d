//! The torture harness: what a watch-room must survive, done to the real binary, and counted.
//!
//! `make torture` runs every part in bounded time; docs/reliability.md has the results and their commands. The binary
//! does not link the query engine: it starts `vigie`, ill-treats it, and asks `vigie verify` and `vigie sql` what is
//! left.
#![expect(clippy::unwrap_used, reason = "a harness fails by panicking")]

#[path = "mod.rs"]
mod torture;

use std::process::ExitCode;
use std::time::Instant;

use torture::{Options, PARTS, Part};

const USAGE: &str = "torture [PART…] [--seed N] [--rounds N] [--long] [--vigie PATH]";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("error: {fault}\nusage: {USAGE}");
            for part in PARTS {
                eprintln!("  {:<12} {}", part.name, part.about);
            }
            ExitCode::from(2)
        }
    }
}

/// Runs the parts asked for; whether all passed.
fn run() -> Result<bool, String> {
    let mut options = Options { seed: torture::rng::fresh_seed(), rounds: None, long: false };
    let mut wanted: Vec<&Part> = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text:?} is no whole number"));
        match word.as_str() {
            "--seed" => options.seed = number(value()?)?,
            "--rounds" => options.rounds = Some(number(value()?)?),
            "--long" => options.long = true,
            "--vigie" => torture::site::use_binary(value()?.into()),
            name => {
                let part = PARTS.iter().find(|part| part.name == name);
                wanted.push(part.ok_or(format!("no part is named {name:?}"))?);
            }
        }
    }
    if wanted.is_empty() {
        wanted = PARTS.iter().collect();
    }
    println!("vigie {}", torture::site::binary().display());
    println!(
        "{:<12} | {:>6} | {:>6} | {:>6} | {:>20} | seconds",
        "name", "cases", "passed", "failed", "seed"
    );
    let mut all_well = true;
    for part in wanted {
        let started = Instant::now();
        let tally = (part.run)(&options);
        for note in &tally.notes {
            println!("  {note}");
        }
        for failure in &tally.failures {
            println!("  FAILED {failure}");
        }
        println!(
            "{:<12} | {:>6} | {:>6} | {:>6} | {:>20} | {:.1}",
            part.name,
            tally.cases,
            tally.cases - tally.failures.len() as u64,
            tally.failures.len(),
            options.seed,
            started.elapsed().as_secs_f64()
        );
        all_well &= tally.failures.is_empty();
    }
    Ok(all_well)
}
