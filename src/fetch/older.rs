//! An older edition that comes back with other bytes: rows in another order, another dialect, a line short.
//!
//! It happened: on 27 August 2020 the admissions of the 24th were served again. Nothing in such a file is wrong by itself;
//! what gives it away is that it differs from what is known now exactly by undoing the editions since.

use std::cmp::Ordering;

use arrow::array::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, Rows as ByteRows, SortField};
use futures::StreamExt as _;
use jiff::Timestamp;
use vigie_ingest::Rows;
use vigie_queries::{ColumnType, Contract};
use vigie_store::{AsOf, SessionOptions};

use crate::error::Error;
use crate::room::Room;

/// Editions looked back on. A file that is older still, byte for byte, is known by its hash.
const EDITIONS_BACK: usize = 10;

/// An edition is taken for an earlier one when it differs from it by at most one row where it differs from what is known
/// now by so many.
const ROWS_UNDONE_MIN: u64 = 20;

/// The earlier edition that an edition repeats, if there is one.
///
/// - `rows_differing`: rows that are new, changed or gone against what is known.
/// - `keys_known`: rows known. An edition that brings more than it loses is never an older one: series grow.
///
/// Only snapshots of dated rows are looked at: the state of a centre may well return to what it was.
///
/// **Memory**: a batch of each side.
pub(super) async fn repeated(
    room: &Room,
    contract: &Contract,
    edition: &Rows,
    rows_differing: u64,
    keys_known: u64,
) -> Result<Option<Timestamp>, Error> {
    let is_dated = contract
        .key
        .iter()
        .filter_map(|name| contract.column(name.get_ref()))
        .any(|column| matches!(column.kind, ColumnType::Date | ColumnType::Timestamp));
    if !is_dated || rows_differing == 0 || edition.len() > keys_known {
        return Ok(None);
    }
    for issued in earlier(room, contract).await? {
        if differs_by_at_most(room, contract, edition, issued, rows_differing / ROWS_UNDONE_MIN).await? {
            return Ok(Some(issued));
        }
    }
    Ok(None)
}

/// Editions applied before the one in place, newest first.
async fn earlier(room: &Room, contract: &Contract) -> Result<Vec<Timestamp>, Error> {
    let newest = room.lake.applied_editions(contract.name(), EDITIONS_BACK + 1).await?;
    Ok(newest.into_iter().skip(1).collect())
}

/// Walks the edition and the state as of an issue side by side, both in key order, until they differ too much.
async fn differs_by_at_most(
    room: &Room,
    contract: &Contract,
    edition: &Rows,
    issued: Timestamp,
    rows_max: u64,
) -> Result<bool, Error> {
    let options = SessionOptions { target_partitions: 1, ..SessionOptions::default() };
    let as_of = AsOf { issued, recorded: Timestamp::MAX };
    let ctx = room.lake.session_with(as_of, &room.tables(), options)?;
    let quoted =
        |names: Vec<String>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let columns: Vec<String> = edition.schema().fields().iter().map(|field| field.name().clone()).collect();
    let query = format!(
        "select {} from {} order by {}",
        quoted(columns),
        contract.name(),
        quoted(contract.key_names())
    );
    let mut known = ctx.sql(&query).await?.execute_stream().await?;

    let n_key = contract.key.len();
    let fields: Vec<SortField> =
        edition.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let side = || -> Result<Side, Error> {
        Ok(Side {
            key: RowConverter::new(fields[..n_key].to_vec())?,
            all: RowConverter::new(fields.clone())?,
            loaded: None,
        })
    };
    let (mut given_side, mut known_side) = (side()?, side()?);
    let mut batches = edition.batches()?;
    let mut n = 0;
    while n <= rows_max {
        while given_side.is_spent() {
            let Some(batch) = batches.next() else { break };
            given_side.load(&batch?, n_key)?;
        }
        while known_side.is_spent() {
            let Some(batch) = known.next().await else { break };
            known_side.load(&batch?, n_key)?;
        }
        match (given_side.row(), known_side.row()) {
            (None, None) => return Ok(true),
            (Some(_), None) => {
                n += 1;
                given_side.step();
            }
            (None, Some(_)) => {
                n += 1;
                known_side.step();
            }
            (Some((given_key, given)), Some((known_key, known))) => match given_key.cmp(&known_key) {
                Ordering::Equal => {
                    n += u64::from(given != known);
                    given_side.step();
                    known_side.step();
                }
                Ordering::Less => {
                    n += 1;
                    given_side.step();
                }
                Ordering::Greater => {
                    n += 1;
                    known_side.step();
                }
            },
        }
    }
    Ok(false)
}

/// One of the two sides: a batch as comparable bytes, and a place in it.
struct Side {
    key: RowConverter,
    all: RowConverter,
    loaded: Option<(ByteRows, ByteRows, usize)>,
}

impl Side {
    fn is_spent(&self) -> bool {
        self.loaded.as_ref().is_none_or(|(key, _, at)| *at >= key.num_rows())
    }

    fn load(&mut self, batch: &RecordBatch, n_key: usize) -> Result<(), Error> {
        let key = self.key.convert_columns(&batch.columns()[..n_key])?;
        self.loaded = Some((key, self.all.convert_columns(batch.columns())?, 0));
        Ok(())
    }

    fn row(&self) -> Option<(OwnedRow, OwnedRow)> {
        let (key, all, at) = self.loaded.as_ref()?;
        (*at < key.num_rows()).then(|| (key.row(*at).owned(), all.row(*at).owned()))
    }

    fn step(&mut self) {
        if let Some((_, _, at)) = &mut self.loaded {
            *at += 1;
        }
    }
}
