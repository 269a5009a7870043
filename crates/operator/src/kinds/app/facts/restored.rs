//! What did not come back with a database that was made anew.

use jiff::Timestamp;
use serde_json::Value;

use super::super::App;
use super::super::dereference::{generated_names, generated_secret};
use super::Database;
use crate::driver::{OperatorError, Work};
use crate::objects::condition;
use crate::standing::{self, RESTORED};

/// Says it in the status of the App, as long as the database is its own.
pub(crate) async fn say_restored(
    work: &mut Work,
    app: &mut App,
    database: Option<&Database>,
) -> Result<(), OperatorError> {
    let live = database.map_or(&Value::Null, |database| &database.live);
    let told = condition(live, RESTORED).and_then(|one| one["message"].as_str()).map(str::to_owned);
    let status = app.status.get_or_insert_default();
    let is_said = |told: &String| {
        status.conditions.iter().any(|one| one.kind == RESTORED && one.message.starts_with(told.as_str()))
    };
    if told.as_ref().is_some_and(is_said) {
        return Ok(());
    }
    status.conditions.retain(|one| one.kind != RESTORED);
    let Some(told) = told else { return Ok(()) };
    let mut message = told;
    let names = generated_names(app);
    if !names.is_empty() {
        let secret = generated_secret(app);
        let made = work.secret(&secret).await?.unwrap_or_default();
        if is_newer(&made, live) {
            let names = names.join(", ");
            message.push_str(&format!(
                "; {names} of the Secret {secret} was made at random since: what was signed or encrypted with the value before can't be read"
            ));
        }
    }
    let condition = standing::restored(message, work.now());
    app.status.get_or_insert_default().conditions.push(condition);
    Ok(())
}

/// Whether a Secret was made after the backup that the database was filled from.
fn is_newer(secret: &Value, database: &Value) -> bool {
    let time = |text: &Value| text.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let name = &database["status"]["restored"];
    let backups = database["status"]["backups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let backup = backups.iter().find(|backup| &backup["name"] == name);
    let backed_up = backup.and_then(|backup| time(&backup["at"]));
    let made = time(&secret["metadata"]["creationTimestamp"]);
    matches!((made, backed_up), (Some(made), Some(backed_up)) if made > backed_up)
}
