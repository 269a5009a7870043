//! Reading what an App refers to.

use serde_json::Value;

use super::super::App;
use super::{Seen, generated_names, generated_secret, sources, superuser_secret};
use crate::driver::{OperatorError, Work, is_made};

/// Reads what the App refers to. Values that are made at random are made here, once.
pub(crate) async fn read(work: &mut Work, app: &App) -> Result<Seen, OperatorError> {
    let generated = generated_names(app).to_vec();
    if !generated.is_empty() {
        made_at_random(work, &generated_secret(app), &generated).await?;
    }
    let mut objects: Vec<Value> = Vec::new();
    let mut names: Vec<String> = app.spec.secrets.iter().map(|overlay| overlay.name.clone()).collect();
    names.extend((!generated.is_empty()).then(|| generated_secret(app)));
    for source in sources(&app.metadata.name, &app.spec) {
        let object = source.object.as_ref().and_then(|(kind, name)| {
            let key = work.ours_beside(kind, name);
            work.other(&key)
        });
        let named = object.as_ref().and_then(|object| object.pointer("/spec/connectionSecret")?.as_str());
        names.push(named.unwrap_or(&source.secret).to_owned());
        objects.extend(object);
    }
    for name in names {
        objects.extend(work.secret(&name).await?);
    }
    Ok(Seen::from_objects(app, &objects, work.shared.key.clone()))
}

/// Makes the Secret that the Job of the first user takes the password from. One that people name is theirs to make.
///
/// Only before that Job begins: later, and over data that were there, the user has a password already, and another one would be wrong.
pub(crate) async fn make_password(work: &mut Work, app: &App) -> Result<(), OperatorError> {
    let Some(secret) = superuser_secret(app).filter(|_| !names_its_secret(app)) else { return Ok(()) };
    made_at_random(work, &secret, &["password".to_owned()]).await
}

/// Whether the Secret of the first user's password is one that people name.
pub(crate) fn names_its_secret(app: &App) -> bool {
    app.spec.superuser.as_ref().is_some_and(|superuser| superuser.secret_name.is_some())
}

/// Makes values at random in a Secret of ours. In one that others made nothing is written.
async fn made_at_random(work: &mut Work, secret: &str, keys: &[String]) -> Result<(), OperatorError> {
    let key = work.beside("v1", "Secret", secret);
    if work.secret_at(&key).await?.is_none_or(|live| is_made(&live, None)) {
        work.made_at_random(&key, keys).await?;
    }
    Ok(())
}
