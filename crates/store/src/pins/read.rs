//! Facts out: rows of one statement, which is one snapshot, folded into pins.

use model::{Fact, InstanceId, PinId, PinNumber, Recorded, Timestamp, fold};
use sqlx::SqliteConnection;

use super::{PinRecord, number_as_read, number_as_stored};
use crate::StoreError;
use crate::error::failed_to;

/// Number and id of the pin, place, time and text of the fact. All facts of a pin follow each other.
type Row = (i64, String, i64, i64, String);

/// Pins, each readable or not.
pub(super) type Many = Vec<(PinNumber, Result<PinRecord, StoreError>)>;

pub(super) async fn by_id(conn: &mut SqliteConnection, id: &PinId) -> Result<Option<PinRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.id = $1 ORDER BY f.seq",
    );
    one(query.bind(id.as_str()).fetch_all(conn).await)
}

pub(super) async fn by_number(conn: &mut SqliteConnection, number: PinNumber) -> Result<Option<PinRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.number = $1 ORDER BY f.seq",
    );
    one(query.bind(number_as_stored(number)).fetch_all(conn).await)
}

pub(super) async fn last_done(
    conn: &mut SqliteConnection,
    instance: &InstanceId,
) -> Result<Option<PinRecord>, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.number = (SELECT MAX(number) FROM pins WHERE instance = $1 AND stage = 'done') ORDER BY f.seq",
    );
    one(query.bind(instance.to_string()).fetch_all(conn).await)
}

/// The newest pin of each instance that is over.
pub(super) async fn last_ended(conn: &mut SqliteConnection) -> Result<Vec<(String, i64)>, StoreError> {
    sqlx::query_as("SELECT instance, MAX(number) FROM pins WHERE ended = 1 GROUP BY instance")
        .fetch_all(conn)
        .await
        .map_err(failed_to("look for the last pin of each instance"))
}

pub(super) async fn last_ended_of(
    conn: &mut SqliteConnection,
    instance: &InstanceId,
) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar("SELECT MAX(number) FROM pins WHERE ended = 1 AND instance = $1")
        .bind(instance.to_string())
        .fetch_one(conn)
        .await
        .map_err(failed_to("look for the last pin of an instance"))
}

pub(super) async fn was_pinned(
    conn: &mut SqliteConnection,
    instance: &InstanceId,
    key: &str,
) -> Result<bool, StoreError> {
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM pins WHERE instance = $1 AND digest = $2 AND kind = 'pin'");
    let count: i64 = query
        .bind(instance.to_string())
        .bind(key)
        .fetch_one(conn)
        .await
        .map_err(failed_to("look for a pin of a build"))?;
    Ok(count > 0)
}

pub(super) async fn open(conn: &mut SqliteConnection) -> Result<Many, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.ended = 0 ORDER BY p.number, f.seq",
    );
    many(query.fetch_all(conn).await)
}

pub(crate) async fn of_fleet(conn: &mut SqliteConnection, fleet: i64) -> Result<Many, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.fleet = $1 ORDER BY p.number, f.seq",
    );
    many(query.bind(fleet).fetch_all(conn).await)
}

pub(super) async fn open_of(conn: &mut SqliteConnection, instance: &InstanceId) -> Result<Many, StoreError> {
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.ended = 0 AND p.instance = $1 ORDER BY p.number, f.seq",
    );
    many(query.bind(instance.to_string()).fetch_all(conn).await)
}

pub(super) async fn newest(
    conn: &mut SqliteConnection,
    instance: Option<&InstanceId>,
    before: Option<PinNumber>,
    most: u32,
) -> Result<Many, StoreError> {
    let (before, most) = (before.map_or(i64::MAX, number_as_stored), i64::from(most));
    let Some(instance) = instance else {
        let query = sqlx::query_as(
            "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
             WHERE p.number IN (SELECT number FROM pins WHERE number < $1 ORDER BY number DESC LIMIT $2)
             ORDER BY p.number DESC, f.seq",
        );
        return many(query.bind(before).bind(most).fetch_all(conn).await);
    };
    let query = sqlx::query_as(
        "SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
         WHERE p.number IN
             (SELECT number FROM pins WHERE instance = $3 AND number < $1 ORDER BY number DESC LIMIT $2)
         ORDER BY p.number DESC, f.seq",
    );
    many(query.bind(before).bind(most).bind(instance.to_string()).fetch_all(conn).await)
}

pub(super) async fn told_alone(conn: &mut SqliteConnection, most: u32) -> Result<Many, StoreError> {
    // A fact's text begins with its name.
    let query = sqlx::query_as(
        r#"SELECT p.number, p.id, f.seq, f.at, f.fact FROM pins p JOIN pin_facts f ON f.pin = p.number
           WHERE p.number IN
               (SELECT number FROM pins WHERE fleet IS NULL
                    OR EXISTS (SELECT 1 FROM chat_messages m WHERE m.pin = pins.number)
                    OR (stage = 'asked' AND EXISTS
                        (SELECT 1 FROM pin_facts r WHERE r.pin = pins.number AND r.fact LIKE '{"fact":"released"%'))
                ORDER BY number DESC LIMIT $1)
           ORDER BY p.number DESC, f.seq"#,
    );
    many(query.bind(i64::from(most)).fetch_all(conn).await)
}

fn one(rows: Result<Vec<Row>, sqlx::Error>) -> Result<Option<PinRecord>, StoreError> {
    let rows = rows.map_err(failed_to("read a pin"))?;
    if rows.is_empty() { Ok(None) } else { decode(&rows).map(Some) }
}

fn many(rows: Result<Vec<Row>, sqlx::Error>) -> Result<Many, StoreError> {
    let rows = rows.map_err(failed_to("read the pins"))?;
    let record = |rows: &[Row]| (number(rows), decode(rows));
    Ok(rows.chunk_by(|one, next| one.0 == next.0).map(record).collect())
}

fn decode(rows: &[Row]) -> Result<PinRecord, StoreError> {
    let number = number(rows);
    let unreadable = |what: String, why: String| StoreError::Unreadable { what, why };
    let facts = rows
        .iter()
        .map(|(_, _, seq, at, fact)| match serde_json::from_str::<Fact>(fact) {
            Ok(fact) => Ok(Recorded { at: Timestamp(*at), fact }),
            Err(why) => Err(unreadable(format!("fact {seq} of pin {number}"), why.to_string())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let whole = |why: String| unreadable(format!("pin {number}"), why);
    let id = rows.first().map_or("", |row| row.1.as_str()).parse().map_err(|why| whole(format!("{why}")))?;
    let pin = fold(&facts).map_err(|why| whole(why.to_string()))?.ok_or_else(|| whole("it has no facts".into()))?;
    Ok(PinRecord { id, pin, facts })
}

fn number(rows: &[Row]) -> PinNumber {
    number_as_read(rows.first().map_or(0, |row| row.0))
}
