//! Facts out: rows of one statement, folded into fleet pins.

use model::{Fleet, FleetFact, FleetNumber, PinId, Recorded, Timestamp};
use sqlx::SqliteConnection;

use super::FleetRecord;
use crate::StoreError;
use crate::error::failed_to;

/// Number and id of the fleet pin, place, time and text of the fact.
type Row = (i64, String, i64, i64, String);

pub(super) fn number_as_stored(number: FleetNumber) -> i64 {
    i64::try_from(number.0).unwrap_or(i64::MAX)
}

pub(super) fn number_as_read(number: i64) -> FleetNumber {
    FleetNumber(u64::try_from(number).unwrap_or(0))
}

pub(super) async fn by_number(
    conn: &mut SqliteConnection,
    number: FleetNumber,
) -> Result<Option<FleetRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM fleets p JOIN fleet_facts f ON f.fleet = p.number
         WHERE p.number = $1 ORDER BY f.seq",
    );
    Ok(many(query.bind(number_as_stored(number)).fetch_all(conn).await)?.pop())
}

pub(super) async fn by_id(conn: &mut SqliteConnection, id: &PinId) -> Result<Option<FleetRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM fleets p JOIN fleet_facts f ON f.fleet = p.number
         WHERE p.id = $1 ORDER BY f.seq",
    );
    Ok(many(query.bind(id.as_str()).fetch_all(conn).await)?.pop())
}

pub(super) async fn open(conn: &mut SqliteConnection) -> Result<Vec<FleetRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM fleets p JOIN fleet_facts f ON f.fleet = p.number
         WHERE p.ended = 0 ORDER BY p.number, f.seq",
    );
    many(query.fetch_all(conn).await)
}

pub(super) async fn newest(
    conn: &mut SqliteConnection,
    before: Option<FleetNumber>,
    most: u32,
) -> Result<Vec<FleetRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM fleets p JOIN fleet_facts f ON f.fleet = p.number
         WHERE p.number IN (SELECT number FROM fleets WHERE number < $1 ORDER BY number DESC LIMIT $2)
         ORDER BY p.number DESC, f.seq",
    );
    many(query.bind(before.map_or(i64::MAX, number_as_stored)).bind(i64::from(most)).fetch_all(conn).await)
}

fn many(rows: Result<Vec<Row>, sqlx::Error>) -> Result<Vec<FleetRecord>, StoreError> {
    let rows = rows.map_err(failed_to("read the fleet pins"))?;
    rows.chunk_by(|one, next| one.0 == next.0).map(decode).collect()
}

fn decode(rows: &[Row]) -> Result<FleetRecord, StoreError> {
    let number = number_as_read(rows.first().map_or(0, |row| row.0));
    let unreadable = |why: String| StoreError::Unreadable { what: format!("fleet pin {number}"), why };
    let fact = |(_, _, _, at, fact): &Row| match serde_json::from_str::<FleetFact>(fact) {
        Ok(fact) => Ok(Recorded { at: Timestamp(*at), fact }),
        Err(why) => Err(unreadable(why.to_string())),
    };
    let facts = rows.iter().map(fact).collect::<Result<Vec<_>, _>>()?;
    let id = rows.first().map_or("", |row| row.1.as_str()).parse().map_err(|why| unreadable(format!("{why}")))?;
    let fleet = Fleet::fold(&facts).map_err(|why| unreadable(why.to_string()))?;
    let fleet = fleet.ok_or_else(|| unreadable("it has no facts".to_owned()))?;
    Ok(FleetRecord { id, fleet, facts })
}
