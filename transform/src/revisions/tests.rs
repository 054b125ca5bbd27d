//! Hand-made editions of one department, with revisions and delays counted by hand.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};

use super::*;
use crate::compute;

/// One version of a day of a department: what an edition said of `visits`, `None` for a missing value.
#[derive(Clone)]
struct Said {
    department: &'static str,
    day: Date,
    issued: Timestamp,
    visits: Option<i64>,
    withdrawn: bool,
}

fn said(department: &'static str, day: Date, issued: Timestamp, visits: impl Into<Option<i64>>) -> Said {
    Said { department, day, issued, visits: visits.into(), withdrawn: false }
}

/// The evening (20:15 in Paris in summer) of the n-th day from 1 June 2020.
fn evening(n: i32) -> Timestamp {
    format!("{}T18:15:00Z", nth(n)).parse().unwrap()
}

fn nth(n: i32) -> Date {
    date(2020, 6, 1).saturating_add(Span::new().days(n))
}

/// A session with versions of `er_visits`, and an applied fetch for each of the editions.
async fn session(versions: &[Said], editions: &[Timestamp], issued: Timestamp) -> SessionContext {
    let ctx = SessionContext::new();
    let instant = |at: Timestamp| format!("arrow_cast('{at}', 'Timestamp(Microsecond, Some(\"UTC\"))')");
    let empty_tables = Vocabulary::embedded().unwrap();
    for contract in empty_tables.contracts() {
        let schema = vigie_store_schema(contract);
        let table = datafusion::datasource::MemTable::try_new(schema, vec![vec![]]).unwrap();
        ctx.register_table(format!("{}_versions", contract.name()), Arc::new(table)).unwrap();
    }
    let polls: Vec<String> =
        editions.iter().map(|at| format!("('er_visits', 'new', {})", instant(*at))).collect();
    let polls =
        if polls.is_empty() { vec![format!("('none', 'failed', {})", instant(issued))] } else { polls };
    let create = format!(
        "create table fetches as select column1 as source, column2 as outcome, column3 as issued_at from (values {})",
        polls.join(", ")
    );
    ctx.sql(&create).await.unwrap().collect().await.unwrap();
    let rows: Vec<String> = versions
        .iter()
        .map(|row| {
            let visits = row.visits.map_or("null".to_owned(), |n| n.to_string());
            let (at, withdrawn) = (instant(row.issued), row.withdrawn);
            let (department, day) = (row.department, row.day);
            format!("('{department}', date '{day}', null, {visits}, null, null, null, {at}, {at}, 'f', {withdrawn})")
        })
        .collect();
    let insert = format!("insert into er_visits_versions values {}", rows.join(", "));
    ctx.sql(&insert).await.unwrap().collect().await.unwrap();
    register_revisions(&ctx, &empty_tables, issued).unwrap();
    ctx
}

/// The columns of `<source>_versions`.
fn vigie_store_schema(contract: &vigie_queries::Contract) -> arrow::datatypes::SchemaRef {
    use arrow::datatypes::{DataType, Field, Schema};
    let mut fields: Vec<Field> =
        contract.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let instant = vigie_queries::ColumnType::instant();
    fields.push(Field::new("issued_at", instant.clone(), true));
    fields.push(Field::new("recorded_at", instant, true));
    fields.push(Field::new("fetch_id", DataType::Utf8, true));
    fields.push(Field::new("withdrawn", DataType::Boolean, true));
    Arc::new(Schema::new(fields))
}

/// Rows of a query, a line each, cells separated by spaces, `-` for nothing.
async fn lines(ctx: &SessionContext, sql: &str) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let mut found = Vec::new();
    for batch in ctx.sql(sql).await.unwrap().collect().await.unwrap() {
        let cells: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        found.extend(
            (0..batch.num_rows()).map(|row| {
                cells.iter().map(|cell| cell.value(row).to_string()).collect::<Vec<_>>().join(" ")
            }),
        );
    }
    found
}

/// Five evenings of two departments. Day 0 of 31 is corrected twice; day 1 of 65 is skipped and comes late; day 2 of 31 is
/// withdrawn, then comes back; day 3 of 65 comes without a value, which is filled and then lost.
fn five_evenings() -> (Vec<Said>, Vec<Timestamp>) {
    let mut versions = Vec::new();
    for (n, visits) in [(0, 10), (1, 11), (2, 12), (3, 13), (4, 14)] {
        versions.push(said("31", nth(n), evening(n), visits));
        if n != 1 && n != 3 {
            versions.push(said("65", nth(n), evening(n), visits));
        }
    }
    versions.push(said("31", nth(0), evening(1), 13));
    versions.push(said("31", nth(0), evening(4), 8));
    versions.push(said("65", nth(1), evening(2), 11));
    versions.push(Said { visits: None, withdrawn: true, ..said("31", nth(2), evening(3), None) });
    versions.push(said("31", nth(2), evening(4), 20));
    versions.push(said("65", nth(3), evening(3), None));
    versions.push(said("65", nth(3), evening(4), 5));
    versions.push(said("65", nth(3), evening(5), None));
    (versions, (0..=5).map(evening).collect())
}

#[tokio::test]
async fn every_kind_of_revision_is_an_event() {
    let (versions, editions) = five_evenings();
    let ctx = session(&versions, &editions, evening(9)).await;
    let events =
        "select department, time_value, value_column, kind, age_days, value_before, value_after, late
                  from er_visits_revision_events order by department, time_value, issued_at, value_column";
    assert_eq!(
        lines(&ctx, events).await,
        [
            "31 2020-06-01 visits changed 1 10.0 13.0 false",
            "31 2020-06-01 visits changed 4 13.0 8.0 false",
            "31 2020-06-03 - withdrawn 1 - - false",
            "31 2020-06-03 - returned 2 - - true",
            "65 2020-06-02 - late 1 - - true",
            "65 2020-06-04 visits filled 1 - 5.0 false",
            "65 2020-06-04 visits emptied 2 5.0 - false",
        ]
    );
    let keys = "select department, time_value, report_lag_days, late, first_value, last_value, n_changes, n_filled,
                  n_emptied, last_revised_age_days, largest_change, net_change, n_withdrawn, n_returned, withdrawn
                from er_visits_revisions where value_column = 'visits' order by 1, 2";
    assert_eq!(
        lines(&ctx, keys).await,
        [
            "31 2020-06-01 0 false 10.0 8.0 2 0 0 4 5.0 -2.0 0 0 false",
            "31 2020-06-02 0 false 11.0 11.0 0 0 0 - - 0.0 0 0 false",
            // A value of another edition after a withdrawal is a return, not a change.
            "31 2020-06-03 0 false 12.0 20.0 0 0 0 - - 8.0 1 1 false",
            "31 2020-06-04 0 false 13.0 13.0 0 0 0 - - 0.0 0 0 false",
            "31 2020-06-05 0 false 14.0 14.0 0 0 0 - - 0.0 0 0 false",
            "65 2020-06-01 0 false 10.0 10.0 0 0 0 - - 0.0 0 0 false",
            "65 2020-06-02 1 true 11.0 11.0 0 0 0 - - 0.0 0 0 false",
            "65 2020-06-03 0 false 12.0 12.0 0 0 0 - - 0.0 0 0 false",
            "65 2020-06-04 0 false - - 0 1 1 2 - - 0 0 false",
            "65 2020-06-05 0 false 14.0 14.0 0 0 0 - - 0.0 0 0 false",
        ]
    );
}

#[tokio::test]
async fn an_edition_of_later_does_not_count() {
    let (versions, editions) = five_evenings();
    let ctx = session(&versions, &editions, evening(3)).await;
    let events = "select department, kind, age_days from er_visits_revision_events order by 1, 2";
    assert_eq!(lines(&ctx, events).await, ["31 changed 1", "31 withdrawn 1", "65 late 1"]);
    let gone = "select count(*) from er_visits_revisions where withdrawn and value_column = 'visits'";
    assert_eq!(lines(&ctx, gone).await, ["1"]);
}

#[tokio::test]
async fn two_records_of_one_edition_are_no_revision() {
    let mut twice = vec![said("31", nth(0), evening(0), 10), said("31", nth(0), evening(0), 12)];
    twice.push(said("31", nth(0), evening(1), 12));
    let ctx = session(&twice, &[evening(0), evening(1)], evening(9)).await;
    let changes = "select sum(n_changes) from er_visits_revisions";
    assert_eq!(lines(&ctx, changes).await, ["0"]);
}

/// What is known of a day, per thousand of its final value, so many days after it; all of it after that.
const KNOWN: [i64; 9] = [0, 847, 920, 960, 970, 992, 993, 995, 1000];

/// Daily editions of two departments; on evening `n` the day `n - lag` has grown to `known[lag]`, times 1 and 3.
fn triangle(n_editions: i32, known: &[i64]) -> (Vec<Said>, Vec<Timestamp>) {
    let mut versions = Vec::new();
    for n in 0..n_editions {
        for day in (n - 60)..=n {
            // The first edition tells all of the past.
            let lag = usize::try_from(n - day).unwrap();
            let value = known[lag.min(known.len() - 1)];
            let before = lag.checked_sub(1).filter(|_| n > 0).map(|lag| known[lag.min(known.len() - 1)]);
            if value > 0 && before != Some(value) {
                versions.push(said("31", nth(day), evening(n), value));
                versions.push(said("65", nth(day), evening(n), 3 * value));
            }
        }
    }
    (versions, (0..n_editions).map(evening).collect())
}

#[tokio::test]
async fn the_triangle_says_how_much_is_known_after_each_delay() {
    let (versions, editions) = triangle(50, &KNOWN);
    let ctx = session(&versions, &editions, evening(60)).await;
    let shares = "select lag_days, department, share_known, days_observed from er_visits_delays
                  where lag_days in (0, 1, 3, 7, 8, 28) and department in ('all', '65') and value_column = 'visits'
                  order by 1, 2";
    // Last edition on day 49, days to day 21 are final; delay 0 was seen on days 0 to 21, delay 28 also on the 28 before.
    assert_eq!(
        lines(&ctx, shares).await,
        [
            "0 65 0.0 22",
            "0 all 0.0 22",
            "1 65 0.847 23",
            "1 all 0.847 23",
            "3 65 0.96 25",
            "3 all 0.96 25",
            "7 65 0.995 29",
            "7 all 0.995 29",
            "8 65 1.0 30",
            "8 all 1.0 30",
            "28 65 1.0 50",
            "28 all 1.0 50",
        ]
    );
}

async fn settling_of(ctx: &SessionContext) -> String {
    lines(
        ctx,
        "select declared_days, measured_days, used_days, editions, days_observed from settling_times
         where source = 'er_visits'",
    )
    .await
    .join("\n")
}

#[tokio::test]
async fn figures_settle_when_nine_days_in_ten_are_within_one_percent() {
    let (versions, editions) = triangle(50, &KNOWN);
    let ctx = session(&versions, &editions, evening(60)).await;
    // 97.0 % after 4 days, 99.2 % after 5; the contract says 7. Delay 5 was seen on days -5 to 21.
    assert_eq!(settling_of(&ctx).await, "7 5 5 50 27");

    // Known at once and put right a month later on one day in four: never settled within four weeks.
    let (mut versions, editions) = triangle(60, &[1000]);
    for day in (0..30).step_by(4) {
        versions.push(said("31", nth(day), evening(day + 29), 1100));
    }
    let ctx = session(&versions, &editions, evening(70)).await;
    assert_eq!(settling_of(&ctx).await, "7 - 7 60 0");

    // On one day in twenty-five only: settled at once.
    let (mut versions, editions) = triangle(60, &[1000]);
    versions.push(said("31", nth(3), evening(32), 1100));
    let ctx = session(&versions, &editions, evening(70)).await;
    assert_eq!(settling_of(&ctx).await, "7 0 0 60 32");
}

#[tokio::test]
async fn a_short_history_leaves_the_declared_time() {
    for n_editions in [0, 1, 13, 30] {
        let (versions, editions) = triangle(n_editions.max(1), &KNOWN);
        let ctx = session(&versions, &editions, evening(60)).await;
        assert!(settling_of(&ctx).await.starts_with("7 - 7 "), "{n_editions} editions");
    }
    // The as-of cuts a long history short.
    let (versions, editions) = triangle(50, &KNOWN);
    let ctx = session(&versions, &editions, evening(30)).await;
    assert_eq!(settling_of(&ctx).await, "7 - 7 31 14");
}

#[tokio::test]
async fn an_edition_nobody_fetched_is_no_delay_of_the_publisher() {
    // Complete on the evening of the day; every third edition was missed here, so its day came a day later.
    let (mut versions, mut editions) = (Vec::new(), Vec::new());
    for n in 0..59 {
        let seen = if n % 3 == 2 { n + 1 } else { n };
        versions.push(said("31", nth(n), evening(seen), 1000));
        if n % 3 != 2 {
            editions.push(evening(n));
        }
    }
    let ctx = session(&versions, &editions, evening(70)).await;
    let zero = "select share_known, days_observed, days_settled from er_visits_delays
                where lag_days = 0 and department = 'all' and value_column = 'visits'";
    // Days 0 to 30 are final (last edition on day 58); 21 of them had an edition on their own evening.
    assert_eq!(lines(&ctx, zero).await, ["1.0 21 21"]);
    assert!(settling_of(&ctx).await.starts_with("7 0 0 40 "));
}

#[tokio::test]
async fn every_view_of_every_source_runs() {
    let (versions, editions) = triangle(20, &KNOWN);
    let ctx = session(&versions, &editions, evening(60)).await;
    let vocabulary = Vocabulary::embedded().unwrap();
    let views = views::all(&vocabulary, evening(60));
    assert!(views.len() > 40, "{}", views.len());
    for view in views.keys() {
        ctx.sql(&format!("select * from {view} limit 1")).await.unwrap().collect().await.unwrap();
    }
    let listed = lines(&ctx, "select source from settling_times order by 1").await;
    assert_eq!(listed, vocabulary.contracts().map(|c| c.name().to_owned()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_measure_decides_what_is_provisional() {
    let vocabulary = Vocabulary::embedded().unwrap();
    for (issued, provisional) in [(evening(30), 7), (evening(49), 5)] {
        let (versions, editions) = triangle(50, &KNOWN);
        let ctx = session(&versions, &editions, issued).await;
        for contract in vocabulary.contracts() {
            let table = datafusion::datasource::MemTable::try_new(contract.schema(), vec![vec![]]).unwrap();
            ctx.register_table(contract.name(), Arc::new(table)).unwrap();
        }
        ctx.deregister_table("er_visits").unwrap();
        let newest = format!(
            "create table er_visits as select department, time_value, covid_visits, visits, covid_admitted,
             sos_covid_calls, sos_calls from er_visits_versions where issued_at = (select max(issued_at)
             from er_visits_versions where issued_at <= timestamp '{issued}')"
        );
        ctx.sql(&newest).await.unwrap().collect().await.unwrap();
        let computed =
            compute(&ctx, &vocabulary, issued.to_zoned(jiff::tz::TimeZone::UTC).date()).await.unwrap();
        assert_eq!(computed.settling["er_visits"].days(), provisional);
        let feeds = ctx
            .sql("select settling_days from feeds where source = 'er_visits'")
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(feeds[0].column(0).as_primitive::<Int64Type>().value(0), i64::from(provisional));
    }
}
