//! What is to be done, decided from what was seen. What is as it should be is not written again.

use super::Wanted;
use super::error::PostgresError;
use super::extensions::extension;
use super::logins::LoginName;
use super::name::{PgName, literal};
use super::seen::{DatabaseSeen, Inside, RoleSeen, Seen};
use super::statement::Statement;
use crate::claim::Claim;

/// The owner and the database itself. It is claimed by its owner's role first: a role is made and marked as one, a database is not.
pub(crate) fn on_server(wanted: &Wanted, seen: &Seen, server: &str) -> Result<Vec<Statement>, PostgresError> {
    if wanted.filled && seen.database.is_none() {
        let (database, owner) = (wanted.database.to_string(), wanted.owner.to_string());
        return Err(PostgresError::Gone { server: server.to_owned(), database, owner });
    }
    let mut all = owner(wanted, seen)?;
    match &seen.database {
        None => all.push(Statement::new(
            format!("make the database {}", wanted.database.quoted()),
            format!(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'",
                wanted.database.quoted(),
                wanted.owner.quoted()
            ),
        )),
        Some(database) => taken_over(wanted, seen, database)?,
    }
    let database = seen.database.clone().unwrap_or(DatabaseSeen { is_open: true, ..DatabaseSeen::default() });
    if database.claim.as_ref() != Some(&wanted.claim) {
        all.push(comment("DATABASE", &wanted.database, &wanted.claim));
    }
    let is_adopted = wanted.adopt && seen.database.is_some();
    if database.is_open && !is_adopted {
        let sql = format!("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC", wanted.database.quoted());
        all.push(Statement::new(format!("close the database {} to others", wanted.database.quoted()), sql));
    }
    Ok(all)
}

fn owner(wanted: &Wanted, seen: &Seen) -> Result<Vec<Statement>, PostgresError> {
    match seen.roles.get(wanted.owner.as_str()) {
        None => Ok(vec![made(wanted, seen, &wanted.owner, "NOLOGIN")]),
        Some(known) => kept(wanted, seen, &wanted.owner, known),
    }
}

/// A role that is there: marked as ours, and ours to act as. A role that may do everything acts as any.
fn kept(wanted: &Wanted, seen: &Seen, role: &PgName, known: &RoleSeen) -> Result<Vec<Statement>, PostgresError> {
    let mut all = Vec::new();
    if check(wanted, known.claim.as_ref(), || format!("the role {}", role.quoted()))? {
        all.push(comment("ROLE", role, &wanted.claim));
    }
    if !seen.superuser && !known.is_ours_to_act_as {
        all.push(acted_as(role));
    }
    Ok(all)
}

/// Else we could neither make a database for it, nor end its connections.
fn acted_as(role: &PgName) -> Statement {
    let role = role.quoted();
    Statement::new(format!("let us act as {role}"), format!("GRANT {role} TO CURRENT_USER"))
}

/// Whether a database that is there may be ours.
fn taken_over(wanted: &Wanted, seen: &Seen, database: &DatabaseSeen) -> Result<(), PostgresError> {
    let what = || format!("the database {}", wanted.database.quoted());
    let owner_is_ours =
        seen.roles.get(wanted.owner.as_str()).is_some_and(|role| role.claim.as_ref() == Some(&wanted.claim));
    // It was made, and marking it was not reached.
    let begun = database.claim.is_none() && owner_is_ours && database.owner == wanted.owner.as_str();
    if !begun {
        check(wanted, database.claim.as_ref(), what)?;
    }
    if database.owner != wanted.owner.as_str() {
        let (database, owner) = (wanted.database.to_string(), database.owner.clone());
        return Err(PostgresError::OtherOwner { database, owner });
    }
    Ok(())
}

/// Whether it is to be marked as ours; an error when it is not ours and may not be.
fn check(wanted: &Wanted, claim: Option<&Claim>, what: impl Fn() -> String) -> Result<bool, PostgresError> {
    match claim {
        Some(claim) if *claim == wanted.claim => Ok(false),
        // That cluster may be gone, and its objects live on here.
        Some(claim) if wanted.adopt && !claim.is_of_the_cluster_of(&wanted.claim) => Ok(true),
        Some(claim) => Err(PostgresError::Claimed { what: what(), by: claim.clone() }),
        None if wanted.adopt => Ok(true),
        None => Err(PostgresError::NotOurs { what: what() }),
    }
}

/// Made, marked and ours to act as, or not at all.
fn made(wanted: &Wanted, seen: &Seen, role: &PgName, options: &str) -> Statement {
    let mut sql = format!("CREATE ROLE {} {options}; {}", role.quoted(), comment("ROLE", role, &wanted.claim).sql);
    if !seen.superuser {
        sql = format!("{sql}; {}", acted_as(role).sql);
    }
    Statement::new(format!("make the role {}", role.quoted()), sql)
}

fn comment(kind: &str, name: &PgName, claim: &Claim) -> Statement {
    let sql = format!("COMMENT ON {kind} {} IS {}", name.quoted(), literal(&claim.comment()));
    Statement::new(format!("mark {} as ours", name.quoted()), sql)
}

/// A role that logs in.
pub(crate) struct Given {
    pub role: PgName,
    /// What the server is told of its password, where that is to be another.
    pub verifier: Option<String>,
}

/// A role that logs in, and becomes the owner.
pub(crate) fn login(wanted: &Wanted, seen: &Seen, given: &Given) -> Result<Vec<Statement>, PostgresError> {
    let (mut all, role) = (with_password(wanted, seen, given)?, &given.role);
    let known = seen.roles.get(role.as_str());
    let (name, owner) = (role.quoted(), wanted.owner.quoted());
    if !known.is_some_and(|known| known.member_of.iter().any(|of| of == wanted.owner.as_str())) {
        all.push(Statement::new(format!("make {name} a member of {owner}"), format!("GRANT {owner} TO {name}")));
    }
    let setting = format!("role={}", wanted.owner);
    if !known.is_some_and(|known| known.settings.contains(&setting)) {
        let becomes = literal(wanted.owner.as_str());
        let sql = format!("ALTER ROLE {name} IN DATABASE {} SET role = {becomes}", wanted.database.quoted());
        all.push(Statement::new(format!("let {name} act as {owner}"), sql));
    }
    Ok(all)
}

/// The role that reads everything.
pub(crate) fn reporting(wanted: &Wanted, seen: &Seen, given: &Given) -> Result<Vec<Statement>, PostgresError> {
    let (mut all, role) = (with_password(wanted, seen, given)?, &given.role);
    let (name, database) = (role.quoted(), wanted.database.quoted());
    let connecting = seen.database.as_ref().map(|database| database.connecting.as_slice()).unwrap_or_default();
    if !connecting.iter().any(|one| one == role.as_str()) {
        let sql = format!("GRANT CONNECT ON DATABASE {database} TO {name}");
        all.push(Statement::new(format!("let {name} connect to {database}"), sql));
    }
    let known = seen.roles.get(role.as_str());
    if !known.is_some_and(|known| known.settings.iter().any(|set| set == "default_transaction_read_only=on")) {
        let sql = format!("ALTER ROLE {name} IN DATABASE {database} SET default_transaction_read_only = on");
        all.push(Statement::new(format!("let {name} only read"), sql));
    }
    Ok(all)
}

fn with_password(wanted: &Wanted, seen: &Seen, given: &Given) -> Result<Vec<Statement>, PostgresError> {
    let role = &given.role;
    let password = given.verifier.as_deref().map(|verifier| format!("LOGIN PASSWORD {}", literal(verifier)));
    let Some(known) = seen.roles.get(role.as_str()) else {
        return Ok(vec![made(wanted, seen, role, password.as_deref().unwrap_or("NOLOGIN"))]);
    };
    let mut all = kept(wanted, seen, role, known)?;
    if let Some(password) = password {
        let name = role.quoted();
        all.push(Statement::new(format!("give {name} a password"), format!("ALTER ROLE {name} {password}")));
    }
    Ok(all)
}

/// Whether a role is there that can log in.
pub(crate) fn can_log_in(seen: &Seen, role: &PgName) -> bool {
    seen.roles.get(role.as_str()).is_some_and(|role| role.can_login)
}

/// Which of the two logins is given another password when nobody knows what the app has: one that nobody can use; else one that nobody is logged
/// in with now; else the one that the app was not told last, which only pods that were not started anew since then have.
pub(crate) fn least_used(wanted: &Wanted, seen: &Seen, in_use: &[String]) -> LoginName {
    let use_of = |name: &LoginName| {
        let role = name.role(wanted);
        let is = |one: &String| one == role.as_str();
        (can_log_in(seen, &role), in_use.iter().any(is), wanted.told.as_ref().is_some_and(is))
    };
    LoginName::BOTH.into_iter().min_by_key(use_of).unwrap_or(LoginName::A)
}

/// A login that is used no more, if it is ours and can be used.
pub(crate) fn retired(wanted: &Wanted, seen: &Seen, role: &PgName) -> Option<Statement> {
    let known = seen.roles.get(role.as_str())?;
    let name = role.quoted();
    let statement =
        Statement::new(format!("let {name} log in no more"), format!("ALTER ROLE {name} NOLOGIN PASSWORD NULL"));
    (known.can_login && known.claim.as_ref() == Some(&wanted.claim)).then_some(statement)
}

/// What is to be done within the database.
pub(crate) fn within(wanted: &Wanted, inside: &Inside, server: &str) -> Result<Vec<Statement>, PostgresError> {
    let mut all = Vec::new();
    // From PostgreSQL 15 on it is the database's owner's by itself.
    let good = |owner: &String| owner == wanted.owner.as_str() || owner == "pg_database_owner";
    if inside.public_owner.as_ref().is_some_and(|owner| !good(owner)) && !wanted.adopt {
        let sql = format!("ALTER SCHEMA public OWNER TO {}", wanted.owner.quoted());
        all.push(Statement::new("give the schema `public` to its owner", sql));
    }
    for (name, version) in &wanted.extensions {
        all.extend(extension(name, version.as_deref(), inside.extensions.get(name), server)?);
    }
    if let Some(role) = &wanted.reporting {
        all.extend(readable(wanted, role, inside));
    }
    Ok(all)
}

/// What is there and what later migrations make.
fn readable(wanted: &Wanted, role: &PgName, inside: &Inside) -> Vec<Statement> {
    let (owner, name) = (wanted.owner.quoted(), role.quoted());
    let mut all = Vec::new();
    if !inside.sees_later {
        let sql = format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {name}; \
             ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {name}"
        );
        all.push(Statement::new(format!("let {name} read what will be made"), sql));
    }
    if inside.unseen > 0 {
        let block = format!(
            "DECLARE one record; BEGIN
                FOR one IN SELECT nspname FROM pg_namespace WHERE nspowner = {owner}::regrole LOOP
                    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', one.nspname, {role});
                END LOOP;
                FOR one IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relowner = {owner}::regrole AND n.nspname !~ '^pg_' LOOP
                    EXECUTE format('GRANT SELECT ON %s TO %I', one.name, {role});
                END LOOP;
            END",
            owner = literal(&owner),
            role = literal(role.as_str()),
        );
        all.push(Statement::new(format!("let {name} read what is there"), format!("DO {}", literal(&block))));
    }
    all
}

/// All that is to go, of what is ours.
pub(crate) fn gone(wanted: &Wanted, seen: &Seen, roles: &[PgName]) -> Vec<Statement> {
    let mut all = Vec::new();
    if seen.database.as_ref().is_some_and(|database| database.claim.as_ref() == Some(&wanted.claim)) {
        let database = wanted.database.quoted();
        let sql = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        all.push(Statement::new(format!("delete the database {database}"), sql));
    }
    for role in roles {
        if seen.roles.get(role.as_str()).is_some_and(|seen| seen.claim.as_ref() == Some(&wanted.claim)) {
            let role = role.quoted();
            all.push(Statement::new(format!("delete the role {role}"), format!("DROP ROLE IF EXISTS {role}")));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Claim;

    #[test]
    fn the_login_that_is_given_when_none_is_known_takes_it_from_the_fewest() {
        let name = |text: &str| text.parse::<PgName>().unwrap();
        let wanted = |told: Option<&str>| Wanted {
            database: name("shop"),
            owner: name("shop"),
            extensions: std::collections::BTreeMap::new(),
            reporting: None,
            claim: Claim::of("cluster-1", "shop", "shop"),
            adopt: false,
            filled: false,
            told: told.map(str::to_owned),
        };
        let seen = |open: &[&str]| Seen {
            roles: open
                .iter()
                .map(|role| ((*role).to_owned(), RoleSeen { can_login: true, ..RoleSeen::default() }))
                .collect(),
            ..Seen::default()
        };
        let both = ["shop_a", "shop_b"];
        let given = |told: Option<&str>, open: &[&str], in_use: &[&str]| {
            let in_use: Vec<String> = in_use.iter().map(|role| (*role).to_owned()).collect();
            least_used(&wanted(told), &seen(open), &in_use)
        };
        assert_eq!(given(None, &[], &[]), LoginName::A);
        assert_eq!(given(None, &["shop_a"], &[]), LoginName::B, "nobody can use it");
        assert_eq!(given(Some("shop_b"), &["shop_b"], &["shop_b"]), LoginName::A);
        assert_eq!(given(None, &both, &["shop_a"]), LoginName::B, "nobody is logged in with it");
        assert_eq!(
            given(Some("shop_b"), &both, &["shop_a"]),
            LoginName::B,
            "pods that run go before what was told last"
        );
        assert_eq!(given(Some("shop_a"), &both, &[]), LoginName::B, "within a day after it was replaced");
        assert_eq!(given(Some("shop_a"), &both, &both), LoginName::B);
        assert_eq!(given(Some("shop_b"), &both, &both), LoginName::A);
    }
}
