//! The interactive session: statements over several lines, history, saved queries, long results in a pager.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::time::Instant;

use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use vigie_serve::{Answer, Session};

use super::completion::Words;
use super::output::{expanded, table};
use super::saved;
use crate::cli::parse_parameter;
use crate::error::Error;
use crate::room::Room;

const HELP: &str = "\\dt                    tables\n\
                    \\d TABLE               columns of a table\n\
                    \\saved                 saved queries\n\
                    \\run QUERY NAME=VALUE  run one\n\
                    \\x                     a line for each column, on or off\n\
                    \\timing                time of each statement, on or off\n\
                    \\q                     leave\n\
                    A statement ends with ; and may span lines. `set vigie.as_of = '2020-10-12';` moves in time.\n\
                    Long results go through $PAGER (else less).";

/// How results are shown.
#[derive(Default)]
struct Display {
    timing: bool,
    expanded: bool,
}

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
    let mut display = Display::default();
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
        let (query, values) = if pending.is_empty() && word.starts_with('\\') {
            match command(word) {
                Command::Leave => break,
                Command::Help => {
                    println!("{HELP}");
                    continue;
                }
                Command::Timing => {
                    display.timing = !display.timing;
                    println!("timing is {}", if display.timing { "on" } else { "off" });
                    continue;
                }
                Command::Expanded => {
                    display.expanded = !display.expanded;
                    println!("expanded display is {}", if display.expanded { "on" } else { "off" });
                    continue;
                }
                Command::Saved => {
                    saved::list(room, false)?;
                    continue;
                }
                Command::Run { query, values } => match saved::with_values(room, &query, &values) {
                    Ok((query, values)) => (query.to_owned(), values),
                    Err(error) => {
                        eprintln!("{}", error.report());
                        continue;
                    }
                },
                Command::Unknown => {
                    eprintln!("unknown command {word}; \\? lists them");
                    continue;
                }
                Command::Query(query) => (query, Vec::new()),
            }
        } else {
            pending.push_str(&line);
            pending.push('\n');
            if !word.ends_with(';') {
                continue;
            }
            let query = std::mem::take(&mut pending).trim().trim_end_matches(';').to_owned();
            (query, Vec::new())
        };
        let typed = if word.starts_with('\\') || query.is_empty() { word } else { query.as_str() };
        let _ = editor.add_history_entry(typed);
        let started = Instant::now();
        // Ctrl-C ends the statement, not the session.
        let outcome = tokio::select! {
            outcome = answer(session, &query, &values, &display) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Error::Failed("stopped".into())),
        };
        if let Err(error) = outcome {
            eprintln!("{}", error.report());
        } else if display.timing {
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
async fn answer(
    session: &Session,
    query: &str,
    values: &[(String, String)],
    display: &Display,
) -> Result<(), Error> {
    match session.ask_with(query, values).await? {
        Answer::Rows(frame) if display.expanded => show(&expanded(*frame).await?),
        Answer::Rows(frame) => show(&table(*frame).await?),
        Answer::Told(text) => println!("{text}"),
    }
    Ok(())
}

/// Shows a text: through the pager when a person looks, which leaves a short one alone.
fn show(text: &str) {
    let through = |pager: &str, arguments: &[&str]| -> std::io::Result<()> {
        let mut pager = Process::new(pager).args(arguments).stdin(Stdio::piped()).spawn()?;
        if let Some(mut input) = pager.stdin.take() {
            let _ = input.write_all(text.as_bytes()); // the reader may have seen enough
        }
        pager.wait().map(|_| ())
    };
    let shown = match std::env::var("PAGER") {
        _ if !std::io::stdout().is_terminal() => false,
        Ok(pager) if pager.is_empty() => false,
        Ok(pager) => through("sh", &["-c", &pager]).is_ok(),
        Err(_) => through("less", &["-FRSX"]).is_ok(),
    };
    if !shown {
        print!("{text}");
    }
}

enum Command {
    Leave,
    Help,
    Timing,
    Expanded,
    Saved,
    Run { query: String, values: Vec<(String, String)> },
    Unknown,
    Query(String),
}

fn command(word: &str) -> Command {
    let (name, argument) = word.split_once(char::is_whitespace).unwrap_or((word, ""));
    match name {
        "\\q" => Command::Leave,
        "\\?" | "\\h" => Command::Help,
        "\\timing" => Command::Timing,
        "\\x" => Command::Expanded,
        "\\saved" => Command::Saved,
        "\\run" => run(argument).unwrap_or(Command::Unknown),
        "\\dt" | "\\d" if argument.is_empty() => Command::Query(
            "select t.table_name, c.title_fr from information_schema.tables as t \
             left join catalogue_tables as c on c.table_name = t.table_name where t.table_schema = 'public' order by 1"
                .into(),
        ),
        "\\d" => Command::Query(format!(
            "select c.column_name, c.data_type, d.unit, d.title_fr from information_schema.columns as c \
             left join catalogue_columns as d on d.source = c.table_name and d.column_name = c.column_name \
             where c.table_name = '{}' order by c.ordinal_position",
            argument.trim().replace('\'', "''")
        )),
        _ => Command::Unknown,
    }
}

/// `QUERY NAME=VALUE…`, separated by spaces.
fn run(argument: &str) -> Option<Command> {
    let mut words = argument.split_whitespace();
    let query = words.next()?.to_owned();
    let values = words.map(parse_parameter).collect::<Result<_, _>>().ok()?;
    Some(Command::Run { query, values })
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(state.join("vigie/history"))
}
