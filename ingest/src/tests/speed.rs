//! How fast rows are checked: `cargo test --release -p vigie-ingest speed -- --ignored --nocapture`.

use std::fmt::Write as _;
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
