//! Databases on a real PostgreSQL.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use operator::postgres::{
    Before, Claim, Login, LoginName, PgName, PostgresError, Retired, Server, Tls, Wanted, ensure, is_empty,
    login_before, retire, rotate, take_away, works,
};
use secrets::Secret;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};
use testkit::DevPostgres;

fn name(text: &str) -> PgName {
    text.parse().unwrap()
}

fn wanted(database: &str) -> Wanted {
    Wanted {
        database: name(database),
        owner: name(database),
        extensions: BTreeMap::new(),
        reporting: None,
        claim: Claim::of("cluster-1", "shop", database),
        adopt: false,
        filled: false,
        told: None,
    }
}

fn server_as(postgres: &DevPostgres, username: &str, password: &str) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: postgres.port(),
        username: username.to_owned(),
        password: Secret::new(password.to_owned()),
        tls: Tls::Prefer,
        maintenance: "postgres".to_owned(),
    }
}

async fn start() -> (DevPostgres, Server) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let postgres = DevPostgres::start().await.unwrap();
    let server = server_as(&postgres, DevPostgres::ADMIN, DevPostgres::PASSWORD);
    (postgres, server)
}

async fn connected(server: &Server, role: &str, password: &str, database: &str) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass().host(&server.host).port(server.port);
    PgConnection::connect_with(&options.username(role).password(password).database(database)).await
}

async fn logged_in(server: &Server, login: &Login, database: &str) -> PgConnection {
    connected(server, &login.role, login.password.expose(), database).await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

async fn admin(server: &Server, database: &str) -> PgConnection {
    connected(server, &server.username, server.password.expose(), database).await.unwrap()
}

/// Nothing is done in a pass after that.
async fn is_steady(server: &Server, wanted: &Wanted, login: &Login, reporting: Option<&Login>) {
    let again = ensure(server, wanted, Some(login), reporting).await.unwrap();
    assert_eq!(again.did, Vec::<String>::new());
    assert!(again.login.is_none() && again.reporting.is_none());
}

#[tokio::test]
async fn a_database_is_made_with_its_owner_and_a_login_and_then_left_alone() {
    let (_postgres, server) = start().await;
    let wanted = wanted("shop");
    let made = ensure(&server, &wanted, None, None).await.unwrap();
    let login = made.login.unwrap();
    assert_eq!((login.role.as_str(), login.password.expose().len()), ("shop_a", 43));
    let mut app = logged_in(&server, &login, "shop").await;
    run(&mut app, "CREATE TABLE items (id int); CREATE SCHEMA more; CREATE TABLE more.items (id int)").await.unwrap();
    let owner: String = sqlx::query_scalar("SELECT tableowner::text FROM pg_tables WHERE tablename = 'items' LIMIT 1")
        .fetch_one(&mut app)
        .await
        .unwrap();
    assert_eq!(owner, "shop", "what a login makes is the owner's");
    is_steady(&server, &wanted, &login, None).await;

    let other = ensure(&server, &self::wanted("desk"), None, None).await.unwrap().login.unwrap();
    let refused = connected(&server, &other.role, other.password.expose(), "shop").await.unwrap_err();
    assert!(refused.to_string().contains("permission denied for database"), "{refused}");
}

#[tokio::test]
async fn logins_take_turns_and_no_request_fails_meanwhile() {
    let (_postgres, server) = start().await;
    let (server, wanted) = (Arc::new(server), wanted("shop"));
    let first = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    run(&mut logged_in(&server, &first, "shop").await, "CREATE TABLE hits (n int)").await.unwrap();
    // Who holds the Secret as it was, and who has the new one: each request connects anew.
    let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let client = |login: Login| {
        let (server, ended, asked) = (server.clone(), ended.clone(), asked.clone());
        tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                run(&mut logged_in(&server, &login, "shop").await, "INSERT INTO hits VALUES (1)").await.unwrap();
                asked.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let old = client(first.clone());
    let second = rotate(&server, &wanted, &first).await.unwrap();
    assert_eq!(second.role, "shop_b");
    let new = client(second.clone());
    let before = asked.load(Ordering::Relaxed);
    while asked.load(Ordering::Relaxed) < before + 20 {
        tokio::task::yield_now().await;
    }
    is_steady(&server, &wanted, &second, None).await;
    ended.store(true, Ordering::Relaxed);
    old.await.unwrap();
    new.await.unwrap();
    run(&mut admin(&server, "postgres").await, "COMMENT ON ROLE shop_a IS 'somebody''s'").await.unwrap();
    let retired = retire(&server, &wanted, &second).await.unwrap();
    assert_eq!(retired, Retired::Nothing, "a role of others is left alone");
    let claimed = "COMMENT ON ROLE shop_a IS 'pinnace.dev/owned-by: cluster-1/shop/shop'";
    run(&mut admin(&server, "postgres").await, claimed).await.unwrap();
    let still = logged_in(&server, &first, "shop").await;
    assert_eq!(retire(&server, &wanted, &second).await.unwrap(), Retired::InUse);
    still.close().await.unwrap();
    // The server may hear of it a little later.
    while retire(&server, &wanted, &second).await.unwrap() == Retired::InUse {
        tokio::task::yield_now().await;
    }
    assert_eq!(retire(&server, &wanted, &second).await.unwrap(), Retired::Nothing, "once");
    assert!(!works(&server, &first, &wanted.database).await.unwrap());
    is_steady(&server, &wanted, &second, None).await;
    let third = rotate(&server, &wanted, &second).await.unwrap();
    assert_eq!(third.role, "shop_a");
    assert_ne!(third.password.expose(), first.password.expose());
}

#[tokio::test]
async fn a_lost_secret_gives_the_other_login_and_a_changed_password_is_set_again() {
    let (_postgres, server) = start().await;
    let wanted = wanted("shop");
    let first = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    // Pods still run with what the lost Secret held.
    let second = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    assert_eq!(second.role, "shop_b");
    assert!(works(&server, &first, &wanted.database).await.unwrap());

    run(&mut admin(&server, "postgres").await, "ALTER ROLE shop_b PASSWORD 'by hand'").await.unwrap();
    assert!(!works(&server, &second, &wanted.database).await.unwrap());
    let mended = ensure(&server, &wanted, Some(&second), None).await.unwrap();
    assert_eq!(mended.did, ["give \"shop_b\" a password"]);
    is_steady(&server, &wanted, &second, None).await;

    run(&mut admin(&server, "postgres").await, "DROP OWNED BY shop_b; DROP ROLE shop_b").await.unwrap();
    ensure(&server, &wanted, Some(&second), None).await.unwrap();
    is_steady(&server, &wanted, &second, None).await;
    let by_hand = Login { role: "shop_b".to_owned(), password: Secret::new("p@ss:/%?#'\\\"ü".to_owned()) };
    let refused = ensure(&server, &wanted, Some(&by_hand), None).await;
    assert!(refused.is_err() || works(&server, &by_hand, &wanted.database).await.unwrap());
}

#[tokio::test]
async fn a_secret_that_is_lost_while_both_logins_are_good_takes_none_from_who_is_logged_in() {
    let (_postgres, server) = start().await;
    let mut wanted = wanted("shop");
    let first = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    let second = rotate(&server, &wanted, &first).await.unwrap();
    let busy = logged_in(&server, &first, "shop").await;
    assert_eq!(login_before(&server, &wanted, &second).await.unwrap(), Before::InUse);
    let third = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    assert_eq!(third.role, second.role);
    assert!(works(&server, &first, &wanted.database).await.unwrap());
    busy.close().await.unwrap();
    while login_before(&server, &wanted, &third).await.unwrap() == Before::InUse {
        tokio::task::yield_now().await;
    }
    // Nobody is logged in just now. What the app was told last stays good.
    wanted.told = Some(third.role.clone());
    let fourth = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    assert_eq!(fourth.role, first.role);
    assert!(works(&server, &third, &wanted.database).await.unwrap());
}

#[tokio::test]
async fn a_database_that_had_data_and_is_gone_is_told_and_no_empty_one_takes_its_place() {
    let (_postgres, server) = start().await;
    let filled = Wanted { filled: true, ..wanted("shop") };
    let login = ensure(&server, &wanted("shop"), None, None).await.unwrap().login.unwrap();
    is_steady(&server, &filled, &login, None).await;
    run(&mut admin(&server, "postgres").await, "DROP DATABASE shop").await.unwrap();
    let gone = ensure(&server, &filled, Some(&login), None).await.err().unwrap();
    assert!(!gone.is_transient() && gone.to_string().contains("was there and is gone, with the data"), "{gone}");
    run(&mut admin(&server, "postgres").await, "CREATE DATABASE shop OWNER shop").await.unwrap();
    ensure(&server, &filled, Some(&login), None).await.unwrap();
    is_steady(&server, &filled, &login, None).await;
}

#[tokio::test]
async fn two_objects_never_share_a_database_and_what_is_nobodys_is_taken_over_only_when_that_is_said() {
    let (_postgres, server) = start().await;
    let mine = wanted("shop");
    let theirs = Wanted { claim: Claim::of("cluster-1", "desk", "shop"), ..mine.clone() };
    // Both at once: one of them has it, the other is told whose it is.
    let (one, other) = tokio::join!(ensure(&server, &mine, None, None), ensure(&server, &theirs, None, None));
    let ((Ok(_), Err(refused)) | (Err(refused), Ok(_))) = (one, other) else { panic!("exactly one of them has it") };
    assert!(matches!(&refused, PostgresError::Claimed { by, .. } if by.to_string().ends_with("/shop")), "{refused}");
    let adopting = Wanted { adopt: true, claim: Claim::of("cluster-1", "third", "x"), ..mine.clone() };
    let refused = ensure(&server, &adopting, None, None).await.err().unwrap();
    assert!(matches!(refused, PostgresError::Claimed { .. }), "not even then: {refused}");

    let mut root = admin(&server, "postgres").await;
    run(&mut root, "CREATE ROLE legacy LOGIN PASSWORD 'x'; GRANT legacy TO CURRENT_USER").await.unwrap();
    run(&mut root, "CREATE DATABASE old OWNER legacy").await.unwrap();
    let mut old = wanted("old");
    let refused = ensure(&server, &old, None, None).await.err().unwrap();
    assert!(refused.to_string().contains("say `adopt: true`"), "{refused}");
    old.adopt = true;
    let refused = ensure(&server, &old, None, None).await.err().unwrap();
    assert!(refused.to_string().contains("say `owner: legacy`"), "{refused}");
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'old%'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut root).await.unwrap();
    assert_eq!(left, 0, "nothing was left by what was refused");
    old.owner = name("legacy");
    let login = ensure(&server, &old, None, None).await.unwrap().login.unwrap();
    assert_eq!(login.role, "legacy_a");
    assert!(connected(&server, "legacy", "x", "old").await.is_ok(), "who used it goes on");
    is_steady(&server, &old, &login, None).await;
    // The same object in another cluster, after a disaster.
    let elsewhere = Wanted { claim: Claim::of("cluster-2", "shop", "old"), ..old.clone() };
    ensure(&server, &elsewhere, Some(&login), None).await.unwrap();
    assert!(matches!(
        ensure(&server, &Wanted { adopt: false, ..old }, Some(&login), None).await,
        Err(PostgresError::Claimed { .. })
    ));
}

#[tokio::test]
async fn a_reporting_role_reads_what_is_there_and_what_later_migrations_make_and_writes_nothing() {
    let (_postgres, server) = start().await;
    let mut wanted = wanted("shop");
    let login = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    let mut app = logged_in(&server, &login, "shop").await;
    run(
        &mut app,
        "CREATE SCHEMA \"Odd's\"; CREATE TABLE \"Odd's\".\"T\"\"x\" AS SELECT 1 AS n; CREATE TABLE t AS SELECT 1 AS n",
    )
    .await
    .unwrap();
    wanted.reporting = Some(wanted.owner.with("_reporting"));
    let reporting = ensure(&server, &wanted, Some(&login), None).await.unwrap().reporting.unwrap();
    is_steady(&server, &wanted, &login, Some(&reporting)).await;
    run(&mut app, "CREATE SCHEMA later; CREATE TABLE later.t AS SELECT 2 AS n; CREATE VIEW v AS SELECT * FROM t")
        .await
        .unwrap();
    let mut reads = logged_in(&server, &reporting, "shop").await;
    for sql in ["SELECT * FROM t", "SELECT * FROM \"Odd's\".\"T\"\"x\"", "SELECT * FROM later.t", "SELECT * FROM v"] {
        run(&mut reads, sql).await.unwrap();
    }
    is_steady(&server, &wanted, &login, Some(&reporting)).await;
    for sql in [
        "INSERT INTO t VALUES (3)",
        "CREATE TABLE mine (n int)",
        "SET default_transaction_read_only = off; DELETE FROM t",
    ] {
        assert!(run(&mut reads, sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn extensions_are_installed_and_one_that_the_server_lacks_is_named() {
    let (_postgres, server) = start().await;
    let mut wanted = wanted("shop");
    wanted.extensions =
        BTreeMap::from([("hstore".to_owned(), Some("1.4".to_owned())), ("earthdistance".to_owned(), None)]);
    let login = match ensure(&server, &wanted, None, None).await {
        Ok(ensured) => ensured.login.unwrap(),
        Err(error) => panic!("{error}"),
    };
    is_steady(&server, &wanted, &login, None).await;
    wanted.extensions.insert("hstore".to_owned(), None);
    let did = ensure(&server, &wanted, Some(&login), None).await.unwrap().did;
    assert!(did[0].starts_with("bring the extension \"hstore\" to "), "{did:?}");
    for (extension, version, says) in
        [("no'such\"one", None, "install its package"), ("hstore", Some("99"), "it has 1.")]
    {
        wanted.extensions = BTreeMap::from([(extension.to_owned(), version.map(str::to_owned))]);
        let refused = ensure(&server, &wanted, Some(&login), None).await.err().unwrap().to_string();
        assert!(refused.contains(extension) && refused.contains(says), "{refused}");
    }
}

#[tokio::test]
async fn names_of_63_bytes_and_names_with_quotes_are_taken_and_deletion_takes_all_of_it() {
    let (_postgres, server) = start().await;
    for database in [&"x".repeat(63), "Größe \"1\" it's; DROP TABLE x --"] {
        let mut wanted = wanted(database);
        wanted.reporting = Some(wanted.owner.with("_reporting"));
        let made = ensure(&server, &wanted, None, None).await.unwrap();
        let (login, reporting) = (made.login.unwrap(), made.reporting.unwrap());
        is_steady(&server, &wanted, &login, Some(&reporting)).await;
        let mut app = logged_in(&server, &login, database).await;
        run(&mut app, "CREATE TABLE t (n int)").await.unwrap();
        let second = rotate(&server, &wanted, &login).await.unwrap();
        assert_ne!(second.role, login.role);
        // Somebody is still connected.
        assert_eq!(take_away(&server, &wanted).await.unwrap().len(), 5);
        assert!(take_away(&server, &wanted).await.unwrap().is_empty());
    }
    let left = sqlx::query("SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_'")
        .fetch_all(&mut admin(&server, "postgres").await)
        .await
        .unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, ["postgres"]);
}

#[tokio::test]
async fn a_database_is_empty_when_nobody_has_anything_in_it_but_what_extensions_brought() {
    let (_postgres, server) = start().await;
    let mut wanted = wanted("shop");
    // It brings a view and a table.
    let mut root = admin(&server, "postgres").await;
    run(&mut root, "CREATE ROLE legacy").await.unwrap();
    run(&mut root, "CREATE DATABASE shop OWNER legacy").await.unwrap();
    let mut inside = admin(&server, "shop").await;
    run(&mut inside, "CREATE EXTENSION pg_stat_statements").await.unwrap();
    (wanted.adopt, wanted.owner) = (true, name("legacy"));
    ensure(&server, &wanted, None, None).await.unwrap();
    assert!(is_empty(&server, &wanted).await.unwrap());
    run(&mut inside, "CREATE ROLE other; CREATE SCHEMA theirs AUTHORIZATION other").await.unwrap();
    assert!(is_empty(&server, &wanted).await.unwrap());
    run(&mut inside, "CREATE TABLE theirs.orders (n int); ALTER TABLE theirs.orders OWNER TO other").await.unwrap();
    assert!(!is_empty(&server, &wanted).await.unwrap(), "it is another's, and it is data");
}

#[tokio::test]
async fn a_role_that_may_do_little_more_than_make_databases_is_enough() {
    let (postgres, root) = start().await;
    run(&mut admin(&root, "postgres").await, "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'm'").await.unwrap();
    let server = server_as(&postgres, "maker", "m");
    let mut wanted = wanted("shop");
    wanted.reporting = Some(wanted.owner.with("_reporting"));
    let made = ensure(&server, &wanted, None, None).await.unwrap();
    let (login, reporting) = (made.login.unwrap(), made.reporting.unwrap());
    is_steady(&server, &wanted, &login, Some(&reporting)).await;
    let mut app = logged_in(&server, &login, "shop").await;
    run(&mut app, "CREATE TABLE t (n int)").await.unwrap();
    run(&mut logged_in(&server, &reporting, "shop").await, "SELECT * FROM t").await.unwrap();
    let later = rotate(&server, &wanted, &login).await.unwrap();
    assert!(works(&server, &later, &wanted.database).await.unwrap());
    let more = |extension: &str| BTreeMap::from([(extension.to_owned(), None)]);
    let trusted = Wanted { extensions: more("hstore"), ..wanted.clone() };
    ensure(&server, &trusted, Some(&later), Some(&reporting)).await.unwrap();
    // Not every extension is for everybody.
    let untrusted = Wanted { extensions: more("pg_stat_statements"), ..wanted.clone() };
    let refused = ensure(&server, &untrusted, Some(&later), Some(&reporting)).await.err().unwrap().to_string();
    let help = "have one run `CREATE EXTENSION \"pg_stat_statements\" CASCADE` in the database `shop`";
    assert!(refused.contains("needs a superuser") && refused.contains(help), "{refused}");
    run(&mut admin(&root, "shop").await, "CREATE EXTENSION \"pg_stat_statements\" CASCADE").await.unwrap();
    is_steady(&server, &untrusted, &later, Some(&reporting)).await;
    take_away(&server, &wanted).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_and_whether_it_may_pass() {
    let (mut postgres, server) = start().await;
    let wanted = wanted("shop");
    let bad = server_as(&postgres, DevPostgres::ADMIN, "wrong");
    let refused = ensure(&bad, &wanted, None, None).await.err().unwrap();
    assert!(!refused.is_transient() && refused.to_string().contains("refuses the login of `postgres`"), "{refused}");
    let nobody = Server { port: 1, ..server_as(&postgres, "postgres", "x") };
    let refused = ensure(&nobody, &wanted, None, None).await.err().unwrap();
    assert!(refused.is_transient() && refused.to_string().contains("127.0.0.1:1 can't be reached"), "{refused}");
    let login = ensure(&server, &wanted, None, None).await.unwrap().login.unwrap();
    postgres.crash().await.unwrap();
    is_steady(&server, &wanted, &login, None).await;
    assert_eq!(LoginName::A.other(), LoginName::B);
}
