//! A small piece of a watch-room's life that every fault is tried on: an edition with a row set aside, a build, a
//! bulletin, a compaction. The lake it starts from has closed months.

use std::ffi::OsString;
use std::path::PathBuf;

use super::site::{Ended, Site};
use super::{Check, ensure, feeds};

/// The edition that the drill fetches; it has a row that is set aside.
pub(crate) const EDITION: u32 = 4;

/// Editions that the template knows.
const KNOWN: [u32; 2] = [0, 1];

/// One step: its name and the words of the command.
pub(crate) type Step = (&'static str, Vec<String>);

/// The lake at every stage, and what it holds when nothing disturbs.
pub(crate) struct Drill {
    /// The lake before each step.
    pub(crate) stages: Vec<Site>,
    /// What it holds after each step, see [`Drill::contents`].
    pub(crate) expected: Vec<Vec<String>>,
    /// The lake after the last step.
    pub(crate) calm: Site,
    /// Where the bodies lie: not in the room, whose disk may be full.
    bodies: tempfile::TempDir,
}

impl Drill {
    /// Prepares the first stage and runs the drill once, undisturbed.
    pub(crate) fn prepare() -> Check<Self> {
        let bodies = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let mut drill = Self { stages: Vec::new(), expected: Vec::new(), calm: Site::new(), bodies };
        let mut past = Site::new();
        if let Some(library) = faketime() {
            // Ten weeks ago: a month that can be compacted.
            fake(&mut past, &library, "-70d");
        }
        for edition in KNOWN {
            for source in feeds::SOURCES {
                let ended = drill.load(&past, source, edition)?;
                ensure!(
                    ended.code == Some(0),
                    "the template: exit {:?}: {}{}",
                    ended.code,
                    ended.out,
                    ended.err
                );
            }
        }
        past.run(&["build", "--as-of", &feeds::issued(1).to_string()])?.ok()?;
        let calm = Site::copy_of(&past);
        for step in drill.steps() {
            drill.stages.push(Site::copy_of(&calm));
            Self::take(&calm, &step)?;
            drill.expected.push(drill.contents(&calm)?);
        }
        calm.verify()?;
        drill.calm = calm;
        Ok(drill)
    }

    /// The lake before the first step.
    pub(crate) fn template(&self) -> &Site {
        &self.stages[0]
    }

    /// Carries out a step that must end well.
    pub(crate) fn take(site: &Site, (name, words): &Step) -> Check {
        let ended = site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        ensure!(ended.code == Some(0), "{name}: exit {:?}: {}{}", ended.code, ended.out, ended.err);
        Ok(())
    }

    /// The path of a body.
    fn body(&self, source: &str, edition: u32) -> Check<PathBuf> {
        let path = self.bodies.path().join(format!("{source}-{edition}.csv"));
        if !path.exists() {
            std::fs::write(&path, feeds::body(source, edition)).map_err(|fault| fault.to_string())?;
        }
        Ok(path)
    }

    /// Words that load an edition.
    pub(crate) fn load_words(&self, source: &str, edition: u32) -> Check<Vec<String>> {
        let body = self.body(source, edition)?.display().to_string();
        let issued = feeds::issued(edition).to_string();
        Ok(["--json", "fetch", source, "--from", &body, "--issued-at", &issued].map(str::to_owned).to_vec())
    }

    /// Loads an edition.
    pub(crate) fn load(&self, site: &Site, source: &str, edition: u32) -> Check<Ended> {
        let words = self.load_words(source, edition)?;
        site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The steps, in their order.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let as_of = feeds::issued(EDITION).to_string();
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let fetch = self.load_words("tests", EDITION).unwrap_or_default();
        vec![
            ("fetch", fetch),
            ("build", words(&format!("build --as-of {as_of}"))),
            ("bulletin", words(&format!("bulletin --week 2020-W41 --as-of {as_of} --out week.pdf"))),
            ("compact", words("compact")),
        ]
    }

    /// What a lake holds, as lines to be compared: every version of the sources, what was computed, what was found,
    /// which editions were applied.
    pub(crate) fn contents(&self, site: &Site) -> Check<Vec<String>> {
        let sources = feeds::SOURCES.map(|source| {
            let columns = feeds::columns(source);
            format!("select concat_ws(' ', '{source}', {columns}, issued_at, withdrawn) as line from {source}_versions")
        });
        let query = format!("{} union all {WRITTEN} order by 1", sources.join(" union all "));
        Ok(site.sql(&query)?.iter().map(|row| row["line"].to_string()).collect())
    }

    /// Carries out every step with nothing in the way; the lake must then be whole and as if nothing had been.
    pub(crate) fn heal(&self, site: &Site) -> Check {
        for step in self.steps() {
            Self::take(site, &step).map_err(|fault| format!("afterwards {fault}"))?;
        }
        site.verify()?;
        self.compare(site, self.stages.len() - 1)
    }

    /// Compares a lake with the undisturbed one after a step.
    pub(crate) fn compare(&self, site: &Site, step: usize) -> Check {
        let (found, expected) = (self.contents(site)?, &self.expected[step]);
        let difference = found.iter().zip(expected).find(|(found, expected)| found != expected);
        ensure!(
            difference.is_none() && found.len() == expected.len(),
            "differs from the undisturbed lake: {} lines, expected {}, first {difference:?}",
            found.len(),
            expected.len()
        );
        Ok(())
    }
}

/// Editions that a lake knows after the drill.
pub(crate) const EDITIONS: [u32; 3] = [KNOWN[0], KNOWN[1], EDITION];

/// What Vigie itself wrote, each thing with how often it is there.
const WRITTEN: &str = "
    select concat_ws(' ', 'fetch', source, sha256, count(*)) from fetches where outcome = 'new' group by source, sha256
    union all
    select concat_ws(' ', 'finding', source, code, message, count(*)) from findings group by source, code, message
    union all
    select concat_ws(' ', 'alert', rule, geo_type, geo_value, time_value, state_from, state_to, revoked, count(*))
    from alert_events group by rule, geo_type, geo_value, time_value, state_from, state_to, revoked
    union all
    select concat_ws(' ', indicator, category, geo_type, geo_value, time_type, time_value, value, status)
    from indicators where geo_type <> 'source'
    union all
    select concat_ws(' ', rule, geo_type, geo_value, time_value, rank) from judgements where geo_type <> 'source'";

/// The library that lies to a process about the time (Debian package faketime), where it is installed.
pub(crate) fn faketime() -> Option<PathBuf> {
    let machines = std::fs::read_dir("/usr/lib").ok()?;
    let names = machines.flatten().map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    names.into_iter().find(|path| path.exists())
}

/// Every process of the site lives at another time from now on.
pub(crate) fn fake(site: &mut Site, library: &std::path::Path, when: impl Into<OsString>) {
    preload(site, library);
    site.set("FAKETIME", when);
}

/// The same without saying which time yet: a file may.
pub(crate) fn preload(site: &mut Site, library: &std::path::Path) {
    site.set("LD_PRELOAD", library);
    site.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    site.set("FAKETIME_NO_CACHE", "1");
}
