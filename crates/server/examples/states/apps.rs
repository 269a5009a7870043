//! Apps in the states that people meet. No cluster is there to tell of them.

use control::{AppView, AppsView, Control, MigrationState, MigrationView, NeedState, NeedView};
use model::Timestamp;

use super::Failure;

pub(super) fn tell(control: &Control) -> Result<(), Failure> {
    let now = control.now();
    for (instance, view) in [
        ("shop/staging", AppsView { apps: vec![ready(now)], ..AppsView::default() }),
        ("api/staging", AppsView { apps: vec![migrating(now)], ..AppsView::default() }),
        ("search/prod", AppsView { apps: vec![failed(now)], ..AppsView::default() }),
        ("mail/prod", paused(now)),
    ] {
        control.tell_of_apps(&instance.parse()?, view);
    }
    Ok(())
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(now.0 - seconds * 1000)
}

fn app(name: &str, phase: &str, version: Option<&str>, to: Option<&str>) -> AppView {
    AppView {
        name: name.to_owned(),
        namespace: name.to_owned(),
        phase: Some(phase.to_owned()),
        version: version.map(str::to_owned),
        to: to.map(str::to_owned),
        url: Some(format!("https://{name}.example.org/")),
        ..AppView::default()
    }
}

fn need(what: &str, name: &str, server: &str, state: NeedState) -> NeedView {
    NeedView {
        what: what.to_owned(),
        name: name.to_owned(),
        server: Some(server.to_owned()),
        state,
        why: String::new(),
        backed_up: None,
        backup: None,
        restored: None,
    }
}

fn migration(state: MigrationState, version: &str, done_last: Option<&str>) -> MigrationView {
    let digest = "sha256:4f1c9a7e".to_owned();
    MigrationView { state, version: version.to_owned(), digest, done_last: done_last.map(str::to_owned) }
}

fn ready(now: Timestamp) -> AppView {
    let database =
        NeedView { backed_up: Some(ago(now, 90_000)), ..need("database", "shop", "cluster", NeedState::Ready) };
    let elsewhere = "known by the Secret shop-broker alone".to_owned();
    let broker = NeedView { server: None, why: elsewhere, ..need("rabbit", "shop-broker", "", NeedState::Elsewhere) };
    AppView {
        since: Some(ago(now, 89_700)),
        ready: true,
        reason: "Ready".to_owned(),
        message: "it runs as it should".to_owned(),
        migration: Some(migration(MigrationState::Done, "1.42.0", None)),
        needs: vec![database, need("redis", "shop", "local", NeedState::Ready), broker],
        ..app("shop", "Ready", Some("1.42.0"), None)
    }
}

fn migrating(now: Timestamp) -> AppView {
    let database = NeedView {
        backed_up: Some(ago(now, 40)),
        restored: Some(
            "the database api was made anew and filled from the backup api-3f2a9c of 2026-11-27T02:00:00Z: what was written after that is not in it"
                .to_owned(),
        ),
        ..need("database", "api", "rds", NeedState::Ready)
    };
    let redis = NeedView {
        why: "its pod can't be placed: 3 nodes have too little memory left".to_owned(),
        ..need("redis", "cache", "local", NeedState::Waits)
    };
    AppView {
        since: Some(ago(now, 15)),
        reason: "Migrating".to_owned(),
        message: "the migration of 7.0.2 runs".to_owned(),
        migration: Some(migration(MigrationState::Runs, "7.0.2", Some("7.0.1"))),
        needs: vec![database, redis],
        ..app("api", "Migrating", Some("7.0.1"), Some("7.0.2"))
    }
}

fn failed(now: Timestamp) -> AppView {
    let message = "the migration failed: exit code 1; nothing serves yet. Look at its lines, pin another version, or run it again: pinnace app \
                   retry search";
    let lines = [
        "Running migrations:",
        "  Applying catalogue.0042_price_with_tax...Traceback (most recent call last):",
        "psycopg.errors.UndefinedColumn: column \"net_price\" does not exist",
        "LINE 1: UPDATE catalogue_item SET price = net_price * 1.2",
    ];
    let backup = "the Job pg-dump-search failed: no space left on the volume pinnace-backups".to_owned();
    let database = NeedView {
        backed_up: Some(ago(now, 260_000)),
        backup: Some(backup),
        ..need("database", "search", "cluster", NeedState::Ready)
    };
    AppView {
        since: Some(ago(now, 420)),
        stalled: true,
        reason: "MigrationFailed".to_owned(),
        message: message.to_owned(),
        migration: Some(migration(MigrationState::Failed, "3.1.0", None)),
        retry: Some("pinnace app retry --context prod -n search search".to_owned()),
        lines: lines.map(str::to_owned).to_vec(),
        lines_of: "pod search-migrate-4f1c9a7e-x7k2p, container migrate".to_owned(),
        needs: vec![database],
        ..app("search", "Error", None, Some("3.1.0"))
    }
}

fn paused(now: Timestamp) -> AppsView {
    let app = AppView {
        since: Some(ago(now, 600_000)),
        reason: "Paused".to_owned(),
        message: "it is left as it is, as spec.pause or the annotation pinnace.dev/skip says".to_owned(),
        paused: Some("spec.pause"),
        ..app("mail", "Ready", Some("3.3.0"), None)
    };
    let why =
        "the Secret pinnace-system/broker is not there: make it with host, port, managementUrl, username and password"
            .to_owned();
    let vhost = NeedView { why, ..need("rabbit", "newsletter", "external", NeedState::Stalled) };
    AppsView { apps: vec![app], databases: vec![vhost], unseen: None }
}
