//! Who we are to Amazon, and where it is asked.

use std::collections::BTreeMap;

use secrets::Secret;

use crate::driver::{OperatorError, Work};
use crate::kinds::postgres_database::crd::RdsServer;
use crate::kinds::postgres_database::dereference::texts;
use crate::rds::{Client, Credentials};

/// The Secret in our own namespace that holds a key, by the names that Amazon's programs know.
const SECRET: &str = "aws";

/// RDS in the region of a server; or what somebody has to do before it can be asked.
pub(super) async fn client(work: &mut Work, server: &RdsServer) -> Result<Result<Client, String>, OperatorError> {
    let key = work.own_secret(SECRET);
    let known = work.secret_at(&key).await?.map(|secret| texts(&secret)).unwrap_or_default();
    let settings = &work.shared.settings;
    let own = work.client().own_namespace();
    let region = server.region.clone().or_else(|| settings.aws.region.clone()).or_else(|| text(&known, "AWS_REGION"));
    let Some(region) = region else {
        return Ok(Err(format!(
            "the region is not known: say it in spec.server.rds.region, in the key AWS_REGION of the Secret {SECRET} in the namespace {own}, or to the \
             operator with --aws-region"
        )));
    };
    let credentials = match credentials(&known) {
        None => settings.aws.login.credentials(&region, settings.clock.now(), &settings.redactor).await?,
        known => known,
    };
    let Some(credentials) = credentials else {
        return Ok(Err(format!(
            "there is no login for Amazon: give the operator's ServiceAccount a role (docs/apps.md), or make the Secret {SECRET} in the namespace {own} with \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )));
    };
    Ok(Ok(Client::new(&region, credentials, settings.aws.endpoint.as_deref(), settings.clock.clone())?))
}

fn credentials(known: &BTreeMap<String, String>) -> Option<Credentials> {
    Some(Credentials {
        access_key: text(known, "AWS_ACCESS_KEY_ID")?,
        secret_key: Secret::new(text(known, "AWS_SECRET_ACCESS_KEY")?),
        session_token: text(known, "AWS_SESSION_TOKEN").map(Secret::new),
    })
}

/// A line break at its end is that of the file that it was made from.
fn text(known: &BTreeMap<String, String>, key: &str) -> Option<String> {
    known.get(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
