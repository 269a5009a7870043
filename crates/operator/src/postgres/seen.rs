//! What is there, read from the server's own tables.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};

use super::Wanted;
use super::error::PostgresError;
use super::name::PgName;
use super::server::Server;
use super::statement::asked;
use crate::claim::Claim;

/// What is there of a server, as far as it is about one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether our role may do everything.
    pub superuser: bool,
    /// The roles, by name.
    pub roles: BTreeMap<String, RoleSeen>,
    /// The database.
    pub database: Option<DatabaseSeen>,
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleSeen {
    pub claim: Option<Claim>,
    pub can_login: bool,
    /// The roles that it is a member of.
    pub member_of: Vec<String>,
    /// Whether our role may act as it.
    pub is_ours_to_act_as: bool,
    /// What is set for it in the database, as `role=shop`.
    pub settings: Vec<String>,
}

/// A database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DatabaseSeen {
    pub claim: Option<Claim>,
    pub owner: String,
    /// Whether everybody may connect.
    pub is_open: bool,
    /// The roles that may connect because they were told so.
    pub connecting: Vec<String>,
}

/// What is there within a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Who owns the schema `public`, if there is one.
    pub public_owner: Option<String>,
    /// What the server has of the extensions that are wanted: the newest version, and the one that is installed.
    pub extensions: BTreeMap<String, ExtensionSeen>,
    /// Whether the reporting role will see what is made later.
    pub sees_later: bool,
    /// How many schemas and tables of the owner it does not see.
    pub unseen: i64,
}

/// An extension that the server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ExtensionSeen {
    pub newest: String,
    pub versions: Vec<String>,
    pub installed: Option<String>,
}

const ROLES: &str = "
    SELECT r.rolname::text AS name, r.rolcanlogin AS can_login, coalesce(shobj_description(r.oid, 'pg_authid'), '') AS comment,
        pg_has_role(current_user, r.oid,
            CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS is_ours,
        ARRAY(SELECT m.rolname::text FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.roleid WHERE am.member = r.oid) AS member_of,
        ARRAY(SELECT unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE s.setrole = r.oid AND d.datname = $2) AS settings
    FROM pg_roles r WHERE r.rolname = ANY($1)";

const DATABASE: &str = "
    SELECT pg_get_userbyid(d.datdba)::text AS owner, coalesce(shobj_description(d.oid, 'pg_database'), '') AS comment,
        EXISTS(SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0) AS is_open,
        ARRAY(SELECT pg_get_userbyid(a.grantee)::text FROM aclexplode(d.datacl) a
            WHERE a.grantee <> 0 AND a.privilege_type = 'CONNECT') AS connecting
    FROM pg_database d WHERE d.datname = $1";

const EXTENSIONS: &str = "
    SELECT e.name::text AS name, e.default_version AS newest, e.installed_version AS installed,
        ARRAY(SELECT v.version FROM pg_available_extension_versions v WHERE v.name = e.name) AS versions
    FROM pg_available_extensions e WHERE e.name = ANY($1)";

/// Of tables the owner's only: what an extension brought may be nobody's to grant.
const REPORTING: &str = "
    SELECT EXISTS(SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a
            WHERE d.defaclrole = o.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = 'r' AND a.grantee = r.oid AND a.privilege_type = 'SELECT')
        AND EXISTS(SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a
            WHERE d.defaclrole = o.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = 'n' AND a.grantee = r.oid AND a.privilege_type = 'USAGE')
            AS sees_later,
        (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relowner = o.oid AND n.nspname !~ '^pg_'
            AND NOT has_table_privilege(r.oid, c.oid, 'SELECT'))
        + (SELECT count(*) FROM pg_namespace n WHERE n.nspowner = o.oid AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')) AS unseen
    FROM pg_roles o, pg_roles r WHERE o.rolname = $1 AND r.rolname = $2";

/// Reads what is there of the server.
pub(crate) async fn seen(
    server: &Server,
    connection: &mut PgConnection,
    wanted: &Wanted,
    roles: &[PgName],
) -> Result<Seen, PostgresError> {
    let superuser = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    let superuser = asked(server, "say what our role may do", superuser.fetch_one(&mut *connection)).await?;
    let names: Vec<String> = roles.iter().map(ToString::to_string).collect();
    let query = sqlx::query(ROLES).bind(names).bind(wanted.database.as_str());
    let rows = asked(server, "list the roles", query.fetch_all(&mut *connection)).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<(String, RoleSeen), sqlx::Error> {
        let seen = RoleSeen {
            claim: Claim::read(row.try_get("comment")?),
            can_login: row.try_get("can_login")?,
            member_of: row.try_get("member_of")?,
            is_ours_to_act_as: row.try_get("is_ours")?,
            settings: row.try_get("settings")?,
        };
        Ok((row.try_get("name")?, seen))
    };
    let roles = asked(server, "list the roles", async { rows.iter().map(read).collect() }).await?;
    let query = sqlx::query(DATABASE).bind(wanted.database.as_str());
    let row = asked(server, "show the database", query.fetch_optional(&mut *connection)).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<DatabaseSeen, sqlx::Error> {
        Ok(DatabaseSeen {
            claim: Claim::read(row.try_get("comment")?),
            owner: row.try_get("owner")?,
            is_open: row.try_get("is_open")?,
            connecting: row.try_get("connecting")?,
        })
    };
    let database = asked(server, "show the database", async { row.as_ref().map(read).transpose() }).await?;
    Ok(Seen { superuser, roles, database })
}

/// Reads what is there within the database.
pub(crate) async fn inside(
    server: &Server,
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Inside, PostgresError> {
    let public = "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'public'";
    let public = sqlx::query_scalar(public).fetch_optional(&mut *connection);
    let public_owner = asked(server, "show the schema `public`", public).await?;
    let names: Vec<&str> = wanted.extensions.keys().map(String::as_str).collect();
    let rows = sqlx::query(EXTENSIONS).bind(names).fetch_all(&mut *connection);
    let rows = asked(server, "list the extensions", rows).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<(String, ExtensionSeen), sqlx::Error> {
        let seen = ExtensionSeen {
            newest: row.try_get("newest")?,
            versions: row.try_get("versions")?,
            installed: row.try_get("installed")?,
        };
        Ok((row.try_get("name")?, seen))
    };
    let extensions = asked(server, "list the extensions", async { rows.iter().map(read).collect() }).await?;
    let mut inside = Inside { public_owner, extensions, ..Inside::default() };
    if let Some(reporting) = &wanted.reporting {
        let query = sqlx::query(REPORTING).bind(wanted.owner.as_str()).bind(reporting.as_str());
        let row = asked(server, "say what the reporting role sees", query.fetch_one(&mut *connection)).await?;
        let read = async { Ok((row.try_get("sees_later")?, row.try_get("unseen")?)) };
        (inside.sees_later, inside.unseen) = asked(server, "say what the reporting role sees", read).await?;
    }
    Ok(inside)
}
