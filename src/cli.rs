//! The command line: a contract with the scripts that call it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use vigie_queries::Place;

use crate::calendar::{parse_date, parse_time, parse_week};

/// Watch-room of a regional health agency: feeds to a Parquet lake, indicators, alerts, weekly bulletin.
#[derive(Debug, Parser)]
#[command(
    name = "vigie",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 a file was refused or held, 4 a source is stale, \
                  5 done in part: some sources, deliveries, jobs or files of your own failed, 6 lake locked.\n\
                  Start with:  vigie demo --out demo"
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file [default: ./vigie.toml when it exists]
    #[arg(long, global = true, env = "VIGIE_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the lake (without a configuration, the built-in contracts apply)
    #[arg(long, global = true, value_name = "DIR")]
    pub lake: Option<PathBuf>,
    /// Print results as JSON; the logs of run and serve too, an object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more (-vv: everything)
    #[arg(short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the sample feeds on loopback, run everything once, print what was made
    Demo {
        /// Folder for the lake and the bulletin
        #[arg(long, value_name = "DIR", default_value = "demo")]
        out: PathBuf,
    },
    /// Write a commented vigie.toml for a region
    Init {
        /// Folder of the new watch-room
        dir: PathBuf,
        /// Region or department it watches
        #[arg(long, default_value = "76")]
        territory: Territory,
    },
    /// Pull feeds now
    #[command(
        after_help = "Examples:\n  vigie fetch\n  vigie fetch hospital_stock tests\n  vigie --lake L fetch tests \
                            --from sp-pos-quot-dep.csv --issued-at 2020-12-22"
    )]
    Fetch(Fetch),
    /// Compute indicators, judgements and alerts
    #[command(after_help = "Examples:\n  vigie build\n  vigie build --as-of 2020-10-22")]
    Build {
        /// Compute from what was published up to then
        #[arg(long, value_parser = parse_time, value_name = "TIME")]
        as_of: Option<Timestamp>,
    },
    /// Write the weekly bulletin of a region, or the sheet of a department: PDF, and its twins in HTML, JSON and XLSX
    #[command(
        after_help = "Examples:\n  vigie bulletin --week 2020-W42 --territory 76 --as-of 2020-10-22 --out s42.pdf\n  \
                            vigie bulletin --week 2020-W42 --territory 76 --sheets\n  vigie bulletin --week 2020-W42 --territory 31\n  \
                            vigie bulletin --week 2020-W42 --draft draft.toml\n  vigie bulletin --from-draft draft.toml --by \"Dr Martin\""
    )]
    Bulletin(Bulletin),
    /// Rebuild a published bulletin from what was recorded of it, and compare it byte for byte
    #[command(
        after_help = "Examples:\n  vigie replay bulletins/bulletin-2020-W42-region-76.pdf\n  vigie replay W42 --json\n  \
                            vigie replay 9c1fa2b3c4d5e6f7 --today-rules\n\nExit codes: 0 identical, 1 something differs"
    )]
    Replay(Replay),
    /// Where an indicator, or each number of a published bulletin, comes from: rule, queries, sources and their editions
    #[command(
        after_help = "Examples:\n  vigie lineage icu_patients\n  vigie lineage W42 --section key_points"
    )]
    Lineage(Lineage),
    /// Send the newest bulletins to the lists, folders and addresses that have not received them
    #[command(
        after_help = "Examples:\n  vigie send\n  vigie send W42 --target cellule-de-crise --again\n\nExit codes: 0 all that was \
                            due is sent, 5 some of it failed"
    )]
    Send(Send),
    /// Query the lake: one statement, or a session when none is given
    #[command(
        after_help = "Examples:\n  vigie sql \"select * from fetches order by recorded_at desc limit 5\"\n  \
                            vigie sql --format csv --out tests.csv \"select * from tests where department = '31'\"\n  \
                            vigie sql --as-of 2020-10-12 \"select count(*) from hospital_stock\"\n  \
                            vigie sql --param dep=31 \"select * from tests where department = $dep\"\n  \
                            vigie sql --list\n  vigie sql --saved indicator_by_department --param region=11"
    )]
    Sql(Sql),
    /// Write the open-data package: tables as CSV, Parquet and XLSX, described for people and machines
    #[command(
        after_help = "Examples:\n  vigie publish opendata\n  vigie publish opendata --territory 76 --small-cells\n  \
                            vigie publish opendata --as-of 2020-10-22 --table indicators --table tests"
    )]
    Publish(Publish),
    /// Run the schedule until told to stop (SIGTERM, Ctrl-C)
    Run,
    /// SQL for analysts over the Postgres wire, read-only, until told to stop
    #[command(after_help = "Example:\n  vigie --lake lake serve\n  psql -h 127.0.0.1 -p 5433 -d vigie")]
    Serve {
        /// Address and port [default: that of the configuration, else 127.0.0.1:5433]
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<std::net::SocketAddr>,
    },
    /// Compute the statements of one client; started by `serve` and `run`
    #[command(name = "sql-worker", hide = true)]
    SqlWorker,
    /// Print the verifier of a password read from standard input, for [serve.users] of the configuration
    Password,
    /// State of the watch-room: service, jobs, feeds, editions that wait, deliveries
    #[command(
        after_help = "Exit codes: 0 all is well; else the first that holds: 3 an edition waits for a person, 4 a source is stale, \
                            5 a job, a poll, a delivery or a file of your own failed, or the disk is nearly full"
    )]
    Status {
        /// Judge ages as of then
        #[arg(long, value_parser = parse_time, value_name = "TIME")]
        as_of: Option<Timestamp>,
    },
    /// Copy the lake to a folder of its own while it is in use: only what is new, checked, readable with --lake DIR
    #[command(after_help = "Example:\n  vigie --lake lake backup /media/disk/lake\n\n\
                            The list of the backup, SHA256SUMS, can also be checked with `sha256sum -c`.")]
    Backup {
        /// Folder of the backup, best on another disk
        dir: PathBuf,
    },
    /// Make a new lake from a backup, checking every file
    #[command(after_help = "Example:\n  vigie --lake lake-restored restore /media/disk/lake")]
    Restore {
        /// Folder of the backup
        dir: PathBuf,
    },
    /// Re-read every file of the lake and check hashes, counts and order
    Verify,
    /// Take passwords and keys out of a lake that an earlier version kept them in
    PurgeSecrets(PurgeSecrets),
    /// What was found in the feeds
    #[command(subcommand)]
    Findings(Findings),
    /// Apply an edition that was held
    #[command(
        after_help = "Example:\n  vigie accept 3f2a… --by \"Dr Martin\" --reason \"rattrapage confirmé par la source\""
    )]
    Accept(Accept),
    /// Say that a gate's finding about a bulletin is known, and why: a gate that holds then lets it pass
    #[command(
        after_help = "Examples:\n  vigie acknowledge regional-sum --territory 76 --week 2020-W42 --by \"Dr Martin\" --reason \"…\"\n  \
                            vigie acknowledge --list"
    )]
    Acknowledge(Acknowledge),
    /// Judge places by a rule on a day
    #[command(after_help = "Example:\n  vigie judge --rule zones-2020-09-23 --on 2020-10-12")]
    Judge {
        /// Id of the rule
        #[arg(long)]
        rule: String,
        /// Day judged
        #[arg(long, value_parser = parse_date, value_name = "DATE")]
        on: Date,
        /// Only this place
        #[arg(long)]
        territory: Option<Territory>,
        /// From what was published up to then
        #[arg(long, value_parser = parse_time, value_name = "TIME")]
        as_of: Option<Timestamp>,
    },
    /// What rules did over the past
    #[command(subcommand)]
    Rules(Rules),
    /// Merge the small files of days, months and years that are over (the service does it every night)
    Compact,
    /// Bring a lake of an earlier version to the format of this one and merge its files
    ///
    /// Any command that writes to the lake gives it the mark of the new format; this one also merges its files at once. An
    /// earlier version of Vigie must not be used on the lake afterwards: make a backup before.
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Check the configuration, the contracts, the queries and the rules
    #[command(subcommand)]
    Config(Config),
    /// Built-in contracts, queries, rules and layouts (and your own), to read or to start from
    #[command(subcommand)]
    Vocabulary(VocabularyCommand),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What is done with rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Judge every day of the past by each rule: how often it fired, whether it warned before the real act
    ///
    /// Days are judged from the data as they are known now. Real acts are those of the register of legal status, and those that a
    /// rule names. Exit code 1 when a rule never fires, fires nearly everywhere for weeks, or warns of fewer than half of the
    /// acts, and its file does not own it.
    #[command(after_help = "Example:\n  vigie rules review --from 2020-05-13 --to 2020-12-31")]
    Review(ReviewOptions),
}

/// Options of `rules review`.
#[derive(Debug, Args)]
pub struct ReviewOptions {
    /// First day judged [default: the first of the data]
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub from: Option<Date>,
    /// Last day judged [default: the last of the data]
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub to: Option<Date>,
    /// Only this rule
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// From what was published up to then
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
}

/// Options of `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// Sources to pull [default: all that have an address]
    pub sources: Vec<String>,
    /// Take the body from this file or address instead (one source)
    #[arg(long, value_name = "FILE|URL")]
    pub from: Option<String>,
    /// Edition time of the body [default: Last-Modified, else now]
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    pub issued_at: Option<Timestamp>,
    /// Day asked for, where the address holds {date} [default: today]
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub date: Option<Date>,
}

/// Options of `accept`.
#[derive(Debug, Args)]
pub struct Accept {
    /// Its id, as `vigie status` and `vigie findings list` print it
    pub fetch: String,
    /// Who lets it through; recorded
    #[arg(long, value_name = "NAME", value_parser = parse_words)]
    pub by: String,
    /// Why; recorded
    #[arg(long, value_name = "TEXT", value_parser = parse_words)]
    pub reason: String,
}

/// Options of `purge-secrets`.
#[derive(Debug, Args)]
pub struct PurgeSecrets {
    /// Who asks for it
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// A file whose lines are secrets to look for, besides those of the configuration and those in addresses (repeatable)
    #[arg(long = "secrets", value_name = "FILE")]
    pub secret_files: Vec<PathBuf>,
    /// Only count
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `acknowledge`.
#[derive(Debug, Args)]
pub struct Acknowledge {
    /// Id of the gate, as the bulletin and `vigie config check` print it
    #[arg(required_unless_present = "list")]
    pub gate: Option<String>,
    /// Only for this source
    #[arg(long)]
    pub source: Option<String>,
    /// Only for bulletins of this territory
    #[arg(long)]
    pub territory: Option<Territory>,
    /// Only for bulletins of this week
    #[arg(long, value_parser = parse_week, value_name = "WEEK")]
    pub week: Option<Date>,
    /// Who says so
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    pub by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "list")]
    pub reason: Option<String>,
    /// Last day for which it holds [default: no end]
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub until: Option<Date>,
    /// List what was acknowledged
    #[arg(long, conflicts_with_all = ["gate", "by", "reason", "until"])]
    pub list: bool,
}

/// Options of `bulletin`.
#[derive(Debug, Args)]
pub struct Bulletin {
    /// ISO week, such as 2020-W42 [default: the last full one]
    #[arg(long, value_parser = parse_week, value_name = "WEEK")]
    pub week: Option<Date>,
    /// Region or department [default: that of the configuration, else 76]
    #[arg(long)]
    pub territory: Option<Territory>,
    /// From what was published up to then [default: now]
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
    /// Name of the PDF; the twins lie beside it
    #[arg(long, value_name = "FILE.pdf")]
    pub out: Option<PathBuf>,
    /// Make the sheet of each department of the region as well, beside the bulletin
    #[arg(long)]
    pub sheets: bool,
    /// Write its texts to this file instead, for an editor; nothing is published
    #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["out", "sheets", "new_edition", "from_draft"])]
    pub draft: Option<PathBuf>,
    /// Publish with the words of this draft, from the data it was made from
    #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["week", "territory", "as_of", "sheets"])]
    pub from_draft: Option<PathBuf>,
    /// Who publishes it; recorded, and printed
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Make another edition, from today's rules and all that is recorded, even when one was published for that --as-of
    #[arg(long)]
    pub new_edition: bool,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Id of the bulletin, its PDF or a twin of it, or its week (2020-W42, W42: the newest edition)
    pub bulletin: String,
    /// Write what was rebuilt into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Say also which published numbers today's definitions and rules would change, on the same data
    #[arg(long)]
    pub today_rules: bool,
}

/// Options of `lineage`.
#[derive(Debug, Args)]
pub struct Lineage {
    /// An indicator; or the id of a bulletin, its PDF or a twin of it, or its week (2020-W42, W42: the newest edition)
    #[arg(value_name = "INDICATOR|BULLETIN")]
    pub what: String,
    /// Of a bulletin: only the numbers of this section, such as key_points
    #[arg(long, value_name = "ID")]
    pub section: Option<String>,
    /// Of a bulletin: only those of this indicator
    #[arg(long, value_name = "ID")]
    pub indicator: Option<String>,
}

/// Options of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Id of a bulletin, its PDF, or its week [default: the newest of each territory]
    pub bulletin: Option<String>,
    /// Only to this target of the configuration
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Send again what was already sent, under the same id
    #[arg(long)]
    pub again: bool,
}

/// Options of `publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// Folder of the package; one of before is replaced
    pub dir: PathBuf,
    /// From what was published up to then [default: now]
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
    /// Only this region and its departments, or this department [default: everywhere]
    #[arg(long)]
    pub territory: Option<Place>,
    /// A table to publish (repeatable) [default: indicators, judgements, alert_events, departments]
    #[arg(long = "table", value_name = "TABLE")]
    pub tables: Vec<String>,
    /// Hide values that rest on fewer than N people, and those that would give them away
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "11", require_equals = true,
          value_parser = clap::value_parser!(u32).range(2..))]
    pub small_cells: Option<u32>,
}

/// Options of `sql`.
#[derive(Debug, Args)]
pub struct Sql {
    /// One statement; a session is opened when it is absent
    pub query: Option<String>,
    /// Run this saved query instead (--list names them)
    #[arg(long, value_name = "ID", conflicts_with = "query")]
    pub saved: Option<String>,
    /// List the saved queries and their parameters
    #[arg(long, conflicts_with_all = ["query", "saved", "param"])]
    pub list: bool,
    /// See the lake as of then
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
    /// How to print
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Give at most so many rows, and say so when there are more
    #[arg(long, value_name = "N")]
    pub max_rows: Option<u64>,
    /// Value of $NAME in the statement (repeatable); it is bound, never spliced into the text
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_parameter)]
    pub param: Vec<(String, String)>,
}

/// A territory as a person wrote it: a bare code may be a region and a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The place it is read as.
    pub place: Place,
    /// The department of the same code, where the code was written without its kind and is that of a region too.
    pub or_department: Option<Place>,
}

impl std::str::FromStr for Territory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place: Place = text.parse()?;
        let is_both = place.geo_type == vigie_queries::GeoType::Region
            && !text.contains(':')
            && vigie_queries::known_departments().contains_key(text);
        Ok(Self { or_department: is_both.then(|| Place::department(text)), place })
    }
}

/// A name or a reason: some words, not nothing.
pub(crate) fn parse_words(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty; a decision names a person and a reason".to_owned()),
        words => Ok(words.to_owned()),
    }
}

/// A parameter of a statement, written `name=value`.
pub(crate) fn parse_parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.trim_start_matches('$').to_owned(), value.to_owned()))
        }
        _ => Err(format!("{text:?} is not a parameter; expected name=value")),
    }
}

/// Forms of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Boxes, for people
    Table,
    /// Comma-separated, UTF-8, header line
    Csv,
    /// The same, separated by tabs
    Tsv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// Apache Parquet (needs --out)
    Parquet,
    /// Excel workbook (needs --out)
    Xlsx,
    /// Markdown table
    Markdown,
}

/// What was found in the feeds.
#[derive(Debug, Subcommand)]
pub enum Findings {
    /// Counts by source, code and severity, newest fetch first
    List {
        /// Only this source
        source: Option<String>,
        /// Repairs made without loss too, and every fetch
        #[arg(long)]
        all: bool,
    },
    /// Every finding of one fetch
    Show {
        /// Id of the fetch
        fetch: String,
    },
    /// Read raw bodies again under today's contracts: that of a fetch and the later ones, or those of a source
    #[command(
        after_help = "Examples:\n  vigie findings replay 4f3a91c07be2d855\n  vigie findings replay --source tests --since \
                            2020-10-01"
    )]
    Replay {
        /// Id of the fetch
        #[arg(conflicts_with = "source", required_unless_present = "source")]
        fetch: Option<String>,
        /// Every edition of this source
        #[arg(long)]
        source: Option<String>,
        /// Only editions issued since then
        #[arg(long, value_parser = parse_time, value_name = "TIME", requires = "source")]
        since: Option<Timestamp>,
    },
}

/// Configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Read everything, run the rules' own tests, and say what is wrong
    Check,
}

/// The vocabulary.
#[derive(Debug, Subcommand)]
pub enum VocabularyCommand {
    /// Names and titles, by kind
    List {
        /// Only this kind: sources, marts, indicators, forecasts, gates, rules, saved, tables, reference or theme
        kind: Option<String>,
    },
    /// Print one file as it is
    #[command(
        after_help = "Examples:\n  vigie vocabulary show er_visits > vocabulary/sources/my_visits.toml\n  \
                            vigie vocabulary show indicators/er_covid_share_7d\n  vigie vocabulary show theme/bulletin.typ > theme/bulletin.typ"
    )]
    Show {
        /// Its name, with its kind where two have it: tests, rules/zones-2020-09-23, theme/bulletin.css
        name: String,
    },
}
