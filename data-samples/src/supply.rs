//! Tests and masks: stock at the end of the day, ordered, delivered, used, by department, holder and product.
//!
//! Stocks are kept as in a store: what was there, plus what came, less what was used. Holders order on Mondays for what
//! they expect to use; suppliers deliver on Thursdays, in full or not: reagents for RT-PCR ran short in September and
//! October, masks in March and April.

use jiff::civil::{Date, date};
use serde_json::json;

use crate::places::Department;
use crate::rng::Rng;
use crate::screening;
use crate::wave::{Window, day_at, index_of, weekday, weekly};

/// Who holds what: share of the department's tests (products of test) or units a day per 1,000 people (masks), first day.
const HOLDINGS: [(&str, &str, f64, Date); 10] = [
    ("hospital", "ffp2_mask", 1.1, date(2020, 3, 2)),
    ("hospital", "rt_pcr", 0.16, date(2020, 3, 2)),
    ("hospital", "surgical_mask", 9.0, date(2020, 3, 2)),
    ("laboratory", "rt_pcr", 0.79, date(2020, 3, 2)),
    ("mobile_team", "antigen", 0.04, date(2020, 9, 28)),
    ("mobile_team", "rt_pcr", 0.05, date(2020, 3, 2)),
    ("pharmacy", "antigen", 0.07, date(2020, 9, 28)),
    ("pharmacy", "surgical_mask", 3.0, date(2020, 3, 2)),
    ("wholesaler", "ffp2_mask", 0.8, date(2020, 3, 2)),
    ("wholesaler", "surgical_mask", 5.0, date(2020, 3, 2)),
];

/// Body of an edition, days of the window: one JSON object a line.
pub(crate) fn ndjson(
    departments: &[Department],
    tests: &[Vec<screening::Day>],
    window: Window,
    seed: u64,
) -> String {
    let mut text = String::new();
    for (department, tests) in departments.iter().zip(tests) {
        for (holder, product, rate, first) in HOLDINGS {
            let first = index_of(first).unwrap_or(0);
            let mut rng = Rng::new(seed, &format!("supply {} {holder} {product}", department.code));
            let is_test = matches!(product, "rt_pcr" | "antigen");
            let need = |day: usize| -> f64 {
                if is_test {
                    rate * tests.get(day).map_or(0.0, |day| day.tests as f64)
                } else {
                    rate * department.population as f64 / 1000.0 * weekly::OFFICE[weekday(day)]
                }
            };
            // What a week takes, looking back from a day; the first week is looked up ahead.
            let weekly_need = |day: usize| -> f64 {
                let from = day.saturating_sub(7).max(first);
                (from..from + 7).map(need).sum::<f64>()
            };
            let mut stock = (weekly_need(first) * 2.0) as i64;
            let mut pending = 0;
            for day in first..window.to {
                let delivered = if weekday(day) == 3 {
                    let came = (pending as f64
                        * rng.around(fill(department.code, product, day), 0.06).min(1.0))
                        as i64;
                    pending -= came;
                    // What was not delivered is not owed for ever: half of it is ordered anew.
                    pending /= 2;
                    came
                } else {
                    0
                };
                let used = (rng.around(need(day), 0.05) as i64).min(stock + delivered).max(0);
                stock += delivered - used;
                let ordered = if weekday(day) == 0 {
                    // Enough to end up with nine days, when everything comes.
                    let wanted = weekly_need(day) * 2.3 - (stock + pending) as f64;
                    (wanted.max(0.0) / 10.0) as i64 * 10
                } else {
                    0
                };
                pending += ordered;
                if day < window.from {
                    continue;
                }
                let line = json!({
                    "department": department.code,
                    "holder": holder,
                    "product": product,
                    "time_value": day_at(day).to_string(),
                    "stock": stock,
                    "ordered": ordered,
                    "delivered": delivered,
                    "used": used,
                });
                text.push_str(&line.to_string());
                text.push('\n');
            }
        }
    }
    text
}

/// Share of what is due that suppliers deliver.
fn fill(department: &str, product: &str, day: usize) -> f64 {
    let hard_hit = matches!(department, "30" | "31" | "66");
    match (product, day) {
        ("surgical_mask" | "ffp2_mask", 7..63) => 0.55,
        ("rt_pcr", 14..49) => 0.70,
        ("rt_pcr", 189..) if hard_hit => 0.52,
        ("rt_pcr", 189..) => 0.86,
        ("antigen", _) if hard_hit => 0.60,
        ("antigen", _) => 0.85,
        _ => 0.97,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;
    use crate::wave::Shape;

    #[test]
    fn a_stock_is_what_was_there_plus_what_came_less_what_was_used() {
        let departments = places::occitanie();
        let tests: Vec<_> =
            departments.iter().map(|one| screening::days(one, Shape::of(one, 1), 231, 1)).collect();
        let mut before: Option<(String, i64)> = None;
        for line in ndjson(&departments, &tests, Window { from: 0, to: 231, issued: 300 }, 1).lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let key = format!("{}{}{}", row["department"], row["holder"], row["product"]);
            let value = |name: &str| row[name].as_i64().unwrap();
            if let Some((_, stock)) = before.filter(|(known, _)| *known == key) {
                assert_eq!(value("stock"), stock + value("delivered") - value("used"), "{line}");
            }
            assert!(value("stock") >= 0);
            before = Some((key, value("stock")));
        }
    }
}
