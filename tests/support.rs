//! Runs the binary, keeps temporary lakes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A lake in a folder that goes away with the test.
pub(crate) struct Lake {
    folder: tempfile::TempDir,
}

impl Lake {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder beside the lake: outputs, configurations.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// `vigie --lake L …`, in the test's folder.
    pub(crate) fn vigie(&self, words: &[&str]) -> Output {
        command(self.folder()).arg("--lake").arg(self.path()).args(words).output().unwrap()
    }

    /// The same, which must end well; its standard output.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        succeed(&self.vigie(words))
    }

    /// Rows of a query, as JSON objects.
    pub(crate) fn sql(&self, query: &str) -> Vec<Value> {
        serde_json::from_str(&self.ok(&["sql", "--format", "json", query])).unwrap()
    }

    /// The only value of a query.
    pub(crate) fn value(&self, query: &str) -> Value {
        let rows = self.sql(query);
        assert_eq!(rows.len(), 1, "one row expected of {query}: {rows:?}");
        let row = rows[0].as_object().unwrap();
        assert_eq!(row.len(), 1, "one column expected of {query}");
        row.values().next().unwrap().clone()
    }

    /// `vigie fetch SOURCE --from FILE --json`: exit code and report.
    pub(crate) fn fetch_file(&self, source: &str, file: &Path, more: &[&str]) -> (i32, Value) {
        let file = file.to_str().unwrap();
        let output = self.vigie(&[&["--json", "fetch", source, "--from", file], more].concat());
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), report)
    }
}

/// Patients in hospital in two departments, 120 days up to Sunday 11 October 2020, in the layout of Santé publique France;
/// `last` of them on the last day.
pub(crate) fn stock_feed(last: u32) -> String {
    let mut text = String::from("dep;sexe;jour;hosp;rea;rad;dc\n");
    let mut day = jiff::civil::date(2020, 6, 14);
    for n in 0..120_u32 {
        let patients = if n == 119 { last } else { 60 + n / 3 + 5 * (n % 7) };
        for dep in ["31", "2A"] {
            text.push_str(&format!(
                "{dep};0;{day};{patients};{};{};{}\n",
                patients / 5,
                200 + n,
                40 + n / 10
            ));
        }
        day = day.tomorrow().unwrap();
    }
    text
}

/// The binary under test, in a folder, with nothing of the caller's configuration.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command.current_dir(folder).env_remove("VIGIE_CONFIG").env_remove("VIGIE_LOG").env("NO_COLOR", "1");
    command
}

/// Standard output of a command that must have ended well.
pub(crate) fn succeed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "exit {:?}: {said}", output.status.code());
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The folder of real data beside the project, when this machine has it.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VIGIE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join(part);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here (VIGIE_SHARED names another place)", folder.display());
    None
}

/// Fails when a checker that is not ours (outloud: PDF/UA-1 and what a validator cannot see) finds an error in a PDF.
///
/// It is a Python package, installed once beside the build. Where it cannot be had the check is skipped with a word; in
/// continuous integration (`CI`) that is a failure.
pub(crate) fn accessible(pdfs: &[PathBuf]) {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outloud-0.2.1");
    let program = venv.join("bin/outloud");
    if !program.is_file() {
        // Made aside, so that one made half is never taken for a whole one.
        let aside = venv.with_extension(std::process::id().to_string());
        let made = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let has_it = made(Command::new("python3").args(["-m", "venv"]).arg(&aside))
            && made(Command::new(aside.join("bin/python")).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "outloud==0.2.1",
            ]));
        // The scripts of a venv hold its path: it cannot be moved.
        if !has_it {
            let _ = std::fs::remove_dir_all(&aside);
            assert!(
                std::env::var_os("CI").is_none(),
                "outloud could not be installed (python3-venv, registry)"
            );
            eprintln!("skipped: outloud could not be installed (python3-venv, registry)");
            return;
        }
        std::fs::create_dir_all(venv.join("bin")).unwrap();
        let _ = std::os::unix::fs::symlink(aside.join("bin/outloud"), &program);
    }
    let output = Command::new(&program).arg("--no-info").args(pdfs).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// Text of a PDF, as `pdftotext -layout` reads it; none where the program is missing.
pub(crate) fn pdf_text(pdf: &Path) -> Option<String> {
    match Command::new("pdftotext").arg("-layout").arg(pdf).arg("-").output() {
        Ok(output) => {
            assert!(output.status.success(), "pdftotext: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(_) => {
            eprintln!("skipped: pdftotext is not installed (.ci/setup --tests)");
            None
        }
    }
}
