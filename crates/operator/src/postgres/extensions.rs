//! Extensions of a database: installed, brought to the version that is wanted, or told why not.

use super::Wanted;
use super::error::PostgresError;
use super::name::{literal, quoted};
use super::seen::ExtensionSeen;
use super::statement::Statement;

/// What is to be done for an extension.
pub(crate) fn extension(
    name: &str,
    version: Option<&str>,
    seen: Option<&ExtensionSeen>,
    server: &str,
) -> Result<Option<Statement>, PostgresError> {
    let missing = |help: String| PostgresError::NoExtension {
        server: server.to_owned(),
        name: name.to_owned(),
        version: version.map(str::to_owned),
        help,
    };
    let Some(seen) = seen else {
        return Err(missing("install its package where the server runs, or take it out".to_owned()));
    };
    if let Some(version) = version
        && !seen.versions.iter().any(|known| known == version)
    {
        return Err(missing(format!("it has {}", seen.versions.join(", "))));
    }
    let target = version.unwrap_or(&seen.newest);
    let (extension, version) = (quoted(name), literal(target));
    Ok(match &seen.installed {
        Some(installed) if installed == target => None,
        Some(_) => Some(Statement::new(
            format!("bring the extension {extension} to {target}"),
            format!("ALTER EXTENSION {extension} UPDATE TO {version}"),
        )),
        None => Some(Statement::new(
            format!("install the extension {extension} {target}"),
            format!("CREATE EXTENSION IF NOT EXISTS {extension} VERSION {version} CASCADE"),
        )),
    })
}

/// What a refusal means that is for want of rights on an extension (`insufficient_privilege`). It can't be known before: some servers let roles
/// install what else needs a superuser.
pub(crate) fn told(wanted: &Wanted, error: PostgresError) -> PostgresError {
    match error {
        PostgresError::Refused { server, action, why } if why.ends_with("(42501)") => {
            let is_about = |name: &String| action.contains(&format!("the extension {} ", quoted(name)));
            match wanted.extensions.keys().find(|name| is_about(name)) {
                Some(name) => PostgresError::ExtensionRefused {
                    server,
                    name: quoted(name),
                    database: wanted.database.to_string(),
                    why,
                },
                None => PostgresError::Refused { server, action, why },
            }
        }
        other => other,
    }
}
