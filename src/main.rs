//! `vigie`: reads the command line, sets up logs, tells errors, gives the exit code.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use vigie::cli::{Cli, Command, Global};

fn main() -> ExitCode {
    vigie::pipe::end_quietly_when_closed();
    let cli = Cli::parse();
    let is_worker = matches!(cli.command, Command::SqlWorker);
    logs(&cli.global, is_worker || matches!(cli.command, Command::Run | Command::Serve { .. }));
    if is_worker {
        // Its threads are its own, started after the system has been told of its limits.
        return vigie::sql::worker::main();
    }
    // reqwest brings no TLS provider of its own: the whole program uses one.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("error: a TLS provider was installed twice");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("error: no threads\ncaused by: {cause}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(vigie::commands::run(cli)).unwrap_or_else(|error| {
        eprintln!("{}", error.report());
        error.exit_code()
    });
    ExitCode::from(code)
}

/// Logs go to standard error: warnings for a command, everything that happens for the service (JSON with `--json`).
fn logs(global: &Global, service: bool) {
    let level = match (global.quiet, global.verbose, service) {
        (true, ..) => "error",
        (_, 0, false) => "warn",
        (_, 0, true) | (_, 1, _) => "vigie=info,warn",
        _ => "vigie=debug,info",
    };
    let filter = EnvFilter::try_from_env("VIGIE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // Colours are for a person at a terminal; files, pipes and the journal get plain text.
    let colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|word| word.is_empty());
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .log_internal_errors(false); // a log that nobody reads any more ends nothing
    if global.json && service { logs.json().init() } else { logs.init() }
}
