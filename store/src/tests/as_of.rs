//! Reading as of both clocks.

use super::*;

#[tokio::test]
async fn both_clocks_count() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let (old, new) = (rows(&[("01", 1, Some(5))]), rows(&[("01", 1, Some(6))]));
    fetch(&lake, &spec, &old, day(1), day(5)).await;
    fetch(&lake, &spec, &new, day(2), day(6)).await;
    let at = |issued: i64, recorded: i64| AsOf { issued: day(issued), recorded: day(recorded) };
    assert_eq!(view(&lake, &spec, at(2, 4)).await, Rows::new());
    assert_eq!(view(&lake, &spec, at(2, 5)).await, old);
    assert_eq!(view(&lake, &spec, at(1, 6)).await, old);
    assert_eq!(view(&lake, &spec, at(2, 6)).await, new);
}

#[tokio::test]
async fn a_late_edition_changes_its_own_time_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let first = rows(&[("01", 1, Some(5)), ("2A", 1, Some(7))]);
    fetch(&lake, &spec, &first, day(1), day(1)).await;
    // Says the same: no row is added, yet it is an edition.
    fetch(&lake, &spec, &first, day(5), day(5)).await;
    let late = rows(&[("01", 1, Some(9)), ("2B", 1, Some(1))]);
    let (change, _) = fetch(&lake, &spec, &late, day(3), day(6)).await;
    assert_eq!((change.rows_withdrawn, change.latest_issued_at), (1, Some(day(5))));
    let at = |issued: i64| AsOf { issued: day(issued), recorded: day(9) };
    assert_eq!(view(&lake, &spec, at(1)).await, first);
    assert_eq!(view(&lake, &spec, at(3)).await, late);
    assert_eq!(view(&lake, &spec, at(4)).await, late);
    assert_eq!(view(&lake, &spec, at(5)).await, first);
    assert_eq!(view(&lake, &spec, AsOf { issued: day(9), recorded: day(5) }).await, first);
    assert_sound(&lake);
}

#[tokio::test]
async fn empty_tables_have_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let mut specs = tables::all();
    specs.push(beds(true));
    let session = lake.session(AsOf::at(day(1)), &specs).unwrap();
    for spec in &specs {
        let found = session.sql(&format!("select * from {}", spec.name)).await.unwrap();
        assert_eq!(found.schema().fields().len(), spec.view_schema().fields().len(), "{}", spec.name);
        assert_eq!(found.count().await.unwrap(), 0);
    }
    let columns = "select column_name from information_schema.columns where table_name = 'beds_versions'";
    assert_eq!(session.sql(columns).await.unwrap().count().await.unwrap(), 8);
    let expected = "\
+----------+\n\
| count(*) |\n\
+----------+\n\
| 0        |\n\
+----------+";
    assert_eq!(sql(&lake, &specs, AsOf::at(day(1)), "select count(*) from beds").await, expected);
}

#[tokio::test]
async fn a_filter_on_a_value_does_not_bring_an_old_version_back() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    fetch(&lake, &spec, &rows(&[("01", 1, Some(5)), ("2A", 1, Some(5))]), day(1), day(1)).await;
    fetch(&lake, &spec, &rows(&[("01", 1, Some(6)), ("2A", 1, Some(5))]), day(2), day(2)).await;
    let as_of = AsOf::everything();
    let specs = [spec];
    assert_eq!(number(&lake, &specs, as_of, "select count(*) from beds where n = 5").await, 1);
    assert_eq!(number(&lake, &specs, as_of, "select count(*) from beds where n = 5 and dep = '01'").await, 0);
    let mixed = "select count(*) from beds where dep = '01' or n = 5";
    assert_eq!(number(&lake, &specs, as_of, mixed).await, 2);
    let issued = "select count(*) from beds where issued_at < '2020-10-02T00:00:00Z'";
    assert_eq!(number(&lake, &specs, as_of, issued).await, 1);
    let in_query = "select count(*) from beds where dep = (select max(dep) from beds where n > 5)";
    assert_eq!(number(&lake, &specs, as_of, in_query).await, 1);
}

#[tokio::test]
async fn a_filter_on_the_key_goes_down_to_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    fetch(&lake, &spec, &rows(&[("01", 1, Some(5)), ("2A", 1, Some(5)), ("2A", 2, None)]), day(1), day(1))
        .await;
    let query = "select day from beds where dep = '2A' and day >= 2 and n is null";
    let specs = [spec];
    let plan = sql(&lake, &specs, AsOf::everything(), &format!("explain {query}")).await;
    assert!(plan.contains("key_filter=dep@0 = 2A AND day@1 >= 2"), "{plan}");
    assert!(plan.contains("FilterExec: n"), "{plan}");
    assert_eq!(sql(&lake, &specs, AsOf::everything(), query).await.lines().count(), 5);
}

#[tokio::test]
async fn codes_stay_text_and_sort_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let edition = rows(&[("01", 1, Some(1)), ("10", 1, Some(3)), ("2A", 1, Some(2)), ("974", 1, Some(4))]);
    fetch(&lake, &spec, &edition, day(1), day(1)).await;
    let found = sql(&lake, &[spec], AsOf::everything(), "select dep, n from beds order by dep").await;
    let expected = "\
+-----+---+\n\
| dep | n |\n\
+-----+---+\n\
| 01  | 1 |\n\
| 10  | 3 |\n\
| 2A  | 2 |\n\
| 974 | 4 |\n\
+-----+---+";
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_column_added_later_is_missing_in_older_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(true));
    let edition = rows(&[("01", 1, Some(5)), ("2A", 1, Some(7))]);
    fetch(&lake, &spec, &edition, day(1), day(1)).await;
    let mut fields: Vec<Field> = spec.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.insert(2, Field::new("open", DataType::Int64, true));
    let wider = TableSpec { schema: Arc::new(Schema::new(fields)), ..spec };
    let specs = [wider.clone()];
    let missing = "select count(*) from beds where open is null";
    assert_eq!(number(&lake, &specs, AsOf::everything(), missing).await, 2);
    // The next edition gives it for one department.
    let mut columns = batch(&edition).columns().to_vec();
    columns.insert(2, Arc::new(Int64Array::from(vec![Some(30), None])));
    let next = RecordBatch::try_new(Arc::clone(&wider.schema), columns).unwrap();
    let change = compare(&lake, &wider, &[next], day(2), (day(2), "cd")).await.unwrap();
    assert_eq!(change.rows_changed, 1);
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    let record = FetchRecord {
        fetch_id: "cd".into(),
        source: "beds".into(),
        outcome: Outcome::New,
        recorded_at: day(2),
        ..FetchRecord::default()
    };
    lake.commit_fetch(&lock, &wider, change, &record, &[]).await.unwrap();
    assert_eq!(number(&lake, &specs, AsOf::everything(), missing).await, 1);
    assert_eq!(number(&lake, &specs, AsOf::at(day(1)), missing).await, 2);
    assert_eq!(number(&lake, &specs, AsOf::everything(), "select count(open) from beds_versions").await, 1);
    assert_sound(&lake);
}

#[tokio::test]
async fn big_tables_are_read_in_ranges_of_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, spec) = (open(folder.path()), beds(false));
    // Three issues of 200,000 keys, scrambled enough not to compress away.
    let edition = |turn: i64| -> RecordBatch {
        let n = 200_000_i64;
        let value = |row: i64| (row * 7_919 + turn * 104_729).wrapping_mul(2_654_435_761) % 1_000_003;
        let columns: Vec<ArrayRef> = vec![
            Arc::new((0..n).map(|row| Some(format!("{:03}", row / 1000))).collect::<StringArray>()),
            Arc::new((0..n).map(|row| row % 1000).collect::<Int64Array>()),
            Arc::new((0..n).map(value).collect::<Int64Array>()),
            Arc::new((0..n).map(|row| Some(value(row).to_string())).collect::<StringArray>()),
        ];
        RecordBatch::try_new(beds(false).schema, columns).unwrap()
    };
    let lock = lake.lock("beds", Duration::ZERO).unwrap();
    for turn in 1..=3 {
        let (id, stamp) = (format!("r{turn}"), lake.stamp(day(turn)).unwrap());
        lake.append_versions(&lock, &spec, &[edition(turn)], day(turn), &stamp, &id).await.unwrap();
    }
    let options =
        SessionOptions { target_partitions: 3, memory_limit: Some(200 << 20), ..SessionOptions::default() };
    let specs = [spec];
    let session = lake.session_with(AsOf::at(day(2)), &specs, options).unwrap();
    let query =
        "select count(*) n, sum(n) total, count(distinct dep) deps from beds where issued_at is not null";
    let plan = session.sql(&format!("explain {query}")).await.unwrap().collect().await.unwrap();
    let plan = pretty_format_batches(&plan).unwrap().to_string();
    assert!(plan.contains("ranges=2"), "{plan}");
    let found = session.sql(query).await.unwrap().collect().await.unwrap();
    let expected: i64 = edition(2).column(2).as_primitive::<Int64Type>().values().iter().sum();
    assert_eq!(found[0].column(0).as_primitive::<Int64Type>().value(0), 200_000);
    assert_eq!(found[0].column(1).as_primitive::<Int64Type>().value(0), expected);
    assert_eq!(found[0].column(2).as_primitive::<Int64Type>().value(0), 200);
    // In key order without a sort.
    let ordered = session.sql("select dep, day from beds order by dep, day").await.unwrap();
    let plan = ordered.clone().create_physical_plan().await.unwrap();
    let plan = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
    assert!(!plan.contains("SortExec"), "{plan}");
    assert_eq!(ordered.count().await.unwrap(), 200_000);
}
