//! How fast rows are checked, and in how much memory:
//! `cargo test --release -p vigie-ingest speed -- --ignored --nocapture --test-threads 1`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use super::{STOCK, contract, today};
use crate::{Parsed, parse};

/// Processor time of this thread in seconds, where Linux tells it: other work on the machine does not count.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
}

#[test]
#[ignore = "a measurement, not a check"]
fn speed_of_a_feed_in_its_usual_form() {
    let departments: Vec<&str> = vigie_queries::known_departments().keys().copied().collect();
    let mut body = "\"dep\";\"jour\";\"hosp\";\"rad\"\n".to_owned();
    let mut rows = 0;
    'all: for day in 0..20_000 {
        let date = jiff::civil::date(1960, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        for dep in &departments {
            writeln!(body, "\"{dep}\";\"{date}\";{};{}", day % 977, 10_000 + day).unwrap();
            rows += 1;
            if rows == 2_000_000 {
                break 'all;
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let layout =
        contract(&STOCK.replace("rows_max = 1000", "rows_max = 50000000").replace("40000000", "4000000000"));
    for (form, body) in [("quoted", body.clone()), ("bare", body.replace('"', ""))] {
        let path = folder.path().join(form);
        std::fs::write(&path, &body).unwrap();
        let (start, busy) = (Instant::now(), processor_seconds());
        let Parsed::Rows(checked) = parse(&path, &layout, today(), folder.path()).unwrap() else {
            panic!("refused")
        };
        let wall = start.elapsed().as_secs_f64();
        let seconds = processor_seconds().zip(busy).map_or(wall, |(end, start)| end - start);
        assert_eq!(checked.counts.rows_accepted, rows);
        eprintln!(
            "{form}: {:.2} M rows/s, {:.0} MB/s of processor time, {wall:.2} s of wall time",
            rows as f64 / seconds / 1e6,
            body.len() as f64 / seconds / 1e6
        );
    }
}

/// Peak resident memory of this process in MiB since it was last reset, where Linux tells it.
fn peak_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib >> 10)
}

#[test]
#[ignore = "a measurement: a body of a gigabyte"]
fn memory_of_a_large_feed() {
    const ROWS: u64 = 36_000_000;
    let departments: Vec<&str> = vigie_queries::known_departments().keys().copied().take(100).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(out, "dep;jour;site;hosp;rad").unwrap();
    for row in 0..ROWS {
        let date = jiff::civil::date(2015, 1, 1) + jiff::Span::new().days((row / 20_000) as i64);
        let (dep, site) = (departments[(row % 100) as usize], row / 100 % 200);
        writeln!(out, "{dep};{date};{site:03};{};{}", row % 977, 10_000 + row / 20_000).unwrap();
    }
    drop(out);
    let bytes = std::fs::metadata(&path).unwrap().len();
    let layout = STOCK
        .replace("rows_max = 1000", "rows_max = 50000000")
        .replace("40000000", "4000000000")
        .replace("key = [\"department\"", "key = [\"department\", \"site\"")
        .replace("columns = [", "columns = [{ name = \"site\", type = \"text\", title_fr = \"t\" },");
    let _ = std::fs::write("/proc/self/clear_refs", "5"); // the peak starts anew
    let (before, start) = (peak_mib(), Instant::now());
    let Parsed::Rows(checked) = parse(&path, &contract(&layout), today(), folder.path()).unwrap() else {
        panic!("refused")
    };
    assert_eq!(checked.rows.len(), ROWS);
    let read: u64 = checked.rows.batches().unwrap().map(|batch| batch.unwrap().num_rows() as u64).sum();
    assert_eq!(read, ROWS);
    eprintln!(
        "{} MiB in {:.1} s, {before:?} to {:?} MiB of memory",
        bytes >> 20,
        start.elapsed().as_secs_f64(),
        peak_mib()
    );
    assert!(peak_mib().is_none_or(|mib| mib < 250));
}
