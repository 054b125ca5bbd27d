//! One function per command: calls the stages, prints the result, gives the exit code.

mod acknowledge;
mod backup;
mod bulletin;
mod check;
pub mod demo;
mod fetch;
mod findings;
pub mod init;
mod judge;
mod lineage;
pub mod progress;
mod purge;
mod replay;
mod rules;
mod send;
mod status;
mod verify;
mod vocabulary;

use clap::CommandFactory as _;

use crate::cli::{Cli, Command, Config, Global, Rules, VocabularyCommand};
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::runs::{Ended, record_by_hand};

/// Carries out a command and returns its exit code.
///
/// # Errors
/// What stopped it; [`Error::exit_code`] says which code that is.
pub async fn run(cli: Cli) -> Result<u8, Error> {
    let global = &cli.global;
    match cli.command {
        Command::Demo { out } => crate::commands::demo::run(global, &out).await.map(|()| 0),
        Command::Init { dir, territory } => crate::commands::init::run(&dir, &territory).map(|()| 0),
        Command::Fetch(options) => fetch::run(global, &options).await,
        Command::Build { as_of } => build(global, as_of).await,
        Command::Bulletin(options) => bulletin::run(global, &options).await,
        Command::Replay(options) => replay::run(global, &options).await,
        Command::Lineage(options) => lineage::run(global, &options).await,
        Command::Send(options) => send::run(global, &options).await,
        Command::Sql(options) => {
            crate::sql::run(&Room::open(global)?, &options, global.json).await.map(|()| 0)
        }
        Command::Publish(options) => {
            crate::open_data::run(&Room::open(global)?, &options, global.json).await.map(|()| 0)
        }
        Command::Run => crate::schedule::run(&Room::open(global)?).await.map(|()| 0),
        Command::Serve { listen } => crate::sql::wire::run(&Room::open(global)?, listen).await.map(|()| 0),
        // `main` has seen to it already.
        Command::SqlWorker => Err(Error::Usage("a worker is started by `vigie serve` or `vigie run`".into())),
        Command::Password => crate::sql::wire::password().map(|()| 0),
        Command::Status { as_of } => status::run(global, as_of).await,
        Command::Verify => verify::run(global).await,
        Command::Backup { dir } => backup::run(global, &dir).await,
        Command::Restore { dir } => backup::restore(global, &dir).await,
        Command::Compact => verify::compact(global).await,
        Command::Migrate { dry_run } => verify::migrate(global, dry_run).await,
        Command::PurgeSecrets(options) => purge::run(global, &options).await,
        Command::Findings(what) => findings::run(global, what).await,
        Command::Accept(options) => findings::accept(global, &options).await,
        Command::Acknowledge(options) => acknowledge::run(global, options).await,
        Command::Judge { rule, on, territory, as_of } => {
            judge::run(global, &rule, on, territory, as_of).await
        }
        Command::Rules(Rules::Review(options)) => rules::review(global, &options).await,
        Command::Config(Config::Check) => check::run(global).await,
        Command::Vocabulary(VocabularyCommand::List { kind }) => vocabulary::list(global, kind.as_deref()),
        Command::Vocabulary(VocabularyCommand::Show { name }) => vocabulary::show(global, &name),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vigie", &mut script);
            print!("{}", String::from_utf8_lossy(&script));
            Ok(0)
        }
    }
}

/// Exit code 5 when files of the agency's own were left out as faulty.
async fn build(global: &Global, as_of: Option<jiff::Timestamp>) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let life = progress::spinner(room.talk, "indicateurs, jugements, alertes");
    let began = crate::clock::now();
    let built = crate::build::build(&room, Room::as_of(as_of, room.now()?)).await;
    life.finish_and_clear();
    let ended = Ended::of(built.as_ref().map(|built| (built.summary(), built.faults.clone())));
    record_by_hand(&room, "build", began, ended).await;
    let built = built?;
    if global.json {
        print_json(&built)?;
    } else {
        println!("{}", built.summary());
    }
    Ok(if built.faults.is_empty() { 0 } else { 5 })
}
