//! The interactive session: statements over several lines, history, `\dt`, `\d`.

use std::path::PathBuf;
use std::time::Instant;

use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use vigie_serve::{Answer, Session};

use super::completion::Words;
use super::{Cut, print_batches};
use crate::cli::OutputFormat;
use crate::error::Error;
use crate::room::Room;

const HELP: &str = "\\dt          tables\n\\d TABLE     columns of a table\n\\timing      time of each statement, on or off\n\
                    \\q           leave\nA statement ends with ; and may span lines.";

/// Reads statements until the end of input. A statement that fails is told and the session goes on.
pub(super) async fn interactive(room: &Room, session: &Session) -> Result<(), Error> {
    let mut editor: Editor<Words, DefaultHistory> =
        Editor::new().map_err(|cause| Error::Failed(format!("no terminal: {cause}")))?;
    editor.set_helper(Some(Words::of(session).await));
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file); // a first session has none
    }
    room.talk.say("vigie sql: \\? for help, \\q to leave");
    let mut pending = String::new();
    let mut timing = false;
    loop {
        let prompt = if pending.is_empty() { "vigie> " } else { "  ...> " };
        let line = match editor.readline(prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => {
                pending.clear();
                continue;
            }
            Err(ReadlineError::Eof) => break,
            Err(cause) => return Err(Error::Failed(format!("the terminal failed: {cause}"))),
        };
        let word = line.trim();
        if pending.is_empty() && word.is_empty() {
            continue;
        }
        let query = if pending.is_empty() && word.starts_with('\\') {
            match command(word) {
                Command::Leave => break,
                Command::Help => {
                    println!("{HELP}");
                    continue;
                }
                Command::Timing => {
                    timing = !timing;
                    println!("timing is {}", if timing { "on" } else { "off" });
                    continue;
                }
                Command::Unknown => {
                    eprintln!("unknown command {word}; \\? lists them");
                    continue;
                }
                Command::Query(query) => query,
            }
        } else {
            pending.push_str(&line);
            pending.push('\n');
            if !word.ends_with(';') {
                continue;
            }
            std::mem::take(&mut pending).trim().trim_end_matches(';').to_owned()
        };
        let _ = editor.add_history_entry(if query.is_empty() { word } else { query.as_str() });
        let started = Instant::now();
        // Ctrl-C ends the statement, not the session.
        let outcome = tokio::select! {
            outcome = answer(session, &query) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Error::Failed("stopped".into())),
        };
        if let Err(error) = outcome {
            eprintln!("{}", error.report());
        } else if timing {
            println!("{} ms", started.elapsed().as_millis());
        }
    }
    if let Some(file) = &history {
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = editor.save_history(file); // history is a comfort, not a duty
    }
    Ok(())
}

/// Carries out one statement and prints what it gives.
async fn answer(session: &Session, query: &str) -> Result<(), Error> {
    match session.ask(query).await? {
        Answer::Rows(frame) => print_batches(*frame, OutputFormat::Table, &Cut::default()).await,
        Answer::Told(text) => {
            println!("{text}");
            Ok(())
        }
    }
}

enum Command {
    Leave,
    Help,
    Timing,
    Unknown,
    Query(String),
}

fn command(word: &str) -> Command {
    let (name, argument) = word.split_once(char::is_whitespace).unwrap_or((word, ""));
    match name {
        "\\q" => Command::Leave,
        "\\?" | "\\h" => Command::Help,
        "\\timing" => Command::Timing,
        "\\dt" | "\\d" if argument.is_empty() => Command::Query(
            "select table_name, table_type from information_schema.tables where table_schema = 'public' order by 1"
                .into(),
        ),
        "\\d" => Command::Query(format!(
            "select column_name, data_type, is_nullable from information_schema.columns where table_name = '{}' \
             order by ordinal_position",
            argument.trim().replace('\'', "''")
        )),
        _ => Command::Unknown,
    }
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(state.join("vigie/history"))
}
