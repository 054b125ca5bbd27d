//! Writes the sample bodies, or big inputs for benches.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use vigie_samples::{BigFeed, SEED, big, editions, to_disk};

const USAGE: &str = "\
usage: vigie-samples write [--seed N] [--out DIR]
       vigie-samples big [--departments N] [--days N] [--editions N] [--seed N] --out DIR

write   the sample editions, to DIR/<day>/<source>.<extension> (default: the bodies/ folder of this crate)
big     hospital_stock, hospital_admissions, tests and er_visits of N departments over N days, n successive editions
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::Usage(what)) => {
            eprint!("error: {what}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Fault::Io(cause)) => {
            eprintln!("error: cannot write the samples\ncaused by: {cause}");
            ExitCode::from(1)
        }
    }
}

/// What can stop the program.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Usage(String),
    #[error("cannot write")]
    Io(#[from] io::Error),
}

fn run(words: &[String]) -> Result<(), Fault> {
    let usage = |what: String| Fault::Usage(what);
    let (command, rest) = words.split_first().ok_or_else(|| usage("which command?".into()))?;
    let mut out: Option<PathBuf> = None;
    let (mut seed, mut departments, mut days, mut n_editions) = (SEED, 101, 1096, 1);
    for pair in rest.chunks(2) {
        let [option, value] = pair else {
            return Err(usage(format!("{:?} needs a value", pair.concat())));
        };
        let count = || value.parse().map_err(|_| usage(format!("{option} {value:?} is not a number")));
        match option.as_str() {
            "--out" => out = Some(PathBuf::from(value)),
            "--seed" => {
                seed = value.parse().map_err(|_| usage(format!("--seed {value:?} is not a number")))?
            }
            "--departments" => departments = count()?,
            "--days" => days = count()?,
            "--editions" => n_editions = count()?,
            other => return Err(usage(format!("unknown option {other:?}"))),
        }
    }
    match command.as_str() {
        "write" => {
            let out = out.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/bodies")));
            to_disk(&editions(seed), &out)?;
        }
        "big" => {
            let out = out.ok_or_else(|| usage("big needs --out DIR".into()))?;
            let country = big(departments, days, seed);
            for back in (0..n_editions).rev() {
                let folder = out.join(country.issued_at(back).strftime("%Y-%m-%d").to_string());
                fs::create_dir_all(&folder)?;
                for feed in BigFeed::ALL {
                    let path = folder.join(format!("{}.csv", feed.source()));
                    let mut file = BufWriter::new(File::create(&path)?);
                    let rows = country.write(feed, back, &mut file)?;
                    file.flush()?;
                    eprintln!("{}: {rows} rows", path.display());
                }
            }
        }
        other => return Err(usage(format!("unknown command {other:?}"))),
    }
    Ok(())
}
