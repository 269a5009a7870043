//! The losses, one after the other, in one cluster.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::app::App;
use super::load::{Load, Login, rows_at};
use super::place::{OWN, Place, Roles, SERVER, until};

/// Writing goes on within this, and so do pages.
const GOES_ON_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_stays_and_writing_goes_on_whatever_of_a_cluster_is_lost() {
    let Some(place) = Place::new().await else { return };
    let place = Arc::new(place);
    place.write_database(database(true)).await;
    place.until_ready().await;
    place.until_whole().await;
    let secret = place.secret(&place.namespace, "shop-postgres").await;
    assert_eq!(secret("host"), format!("{SERVER}.{}.svc", place.namespace));
    assert_eq!(secret("readHost"), format!("{SERVER}-read.{}.svc", place.namespace));
    let login = Login { role: secret("username"), password: secret("password"), database: secret("name") };
    a_password_changed_by_hand_is_set_again(&place).await;

    let written = place.written().await;
    let begun = Instant::now();
    let mut load = Load::begin(&place, &login).await;
    until("the first rows are committed", async || (load.committed(begun) > 20).then_some(())).await;
    let app = App::begin(&place).await;
    let loss = Loss { place: &place, load: &load, login: &login, app: &app };
    loss.of("the primary's process", async |roles| kill_postmaster(&place, &roles.primary).await).await;
    loss.of("the primary's pod", async |roles| place.delete_at_once("pods", &roles.primary).await).await;
    loss.of("the primary's volume", async |roles| {
        let claim = format!("data-{}", roles.primary);
        place.delete_at_once("persistentvolumeclaims", &claim).await;
        place.delete_at_once("pods", &roles.primary).await;
    })
    .await;
    loss.of("the network between the two", async |roles| {
        let (one, other) = (place.address(&roles.primary).await.unwrap(), place.address(&roles.other).await.unwrap());
        let cut = place.inside.cut(one, other).unwrap();
        until("the primary goes on alone", async || place.sync().await.1.is_empty().then_some(())).await;
        let alone = Instant::now();
        until("it commits", async || (load.committed(alone) > 10).then_some(())).await;
        drop(cut);
    })
    .await;
    loss.of("the way from the primary to all but its clients", async |roles| {
        let (one, other) = (place.address(&roles.primary).await.unwrap(), place.address(&roles.other).await.unwrap());
        let cut = (place.inside.cut(one, other).unwrap(), Silenced::at_the_api(&place, one).await);
        let other_is = async || place.sync().await.0 == roles.other;
        until("the other takes over", async || other_is().await.then_some(())).await;
        let took = Instant::now();
        until("it commits", async || (load.committed(took) > 10).then_some(())).await;
        drop(cut);
    })
    .await;
    assert!(load.refusals() > 100, "the other instance is asked too, and refuses");
    place.until_ready().await;
    let lost = load.lost(&place, &login).await;
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(place.written().await, written, "it was as it should be all the time: nobody had to write it again");
    eprintln!("{} rows were committed and none was lost", load.end());
    drop(app);
    let login = all_of_it_comes_back_with_its_object(&place, &load).await;
    one_that_did_not_commit_with_the_primary_takes_over_too(&place, &login).await;
}

async fn all_of_it_comes_back_with_its_object(place: &Place, load: &Load) -> Login {
    place.delete_database().await;
    for pod in [0, 1].map(|number| format!("{SERVER}-{number}")) {
        until("its pods are gone", async || place.pod(&pod).await.is_none().then_some(())).await;
    }
    place.write_database(database(false)).await;
    place.until_ready().await;
    let secret = place.secret(&place.namespace, "shop-postgres").await;
    let login = Login { role: secret("username"), password: secret("password"), database: secret("name") };
    let lost = load.lost(place, &login).await;
    assert!(lost.is_empty(), "{lost:?}");
    let alone = (String::new(), String::new());
    until("Patroni was given the new settings", async || (place.sync().await == alone).then_some(())).await;
    login
}

/// What the other has is there when it takes over; what it had not got yet is lost.
async fn one_that_did_not_commit_with_the_primary_takes_over_too(place: &Arc<Place>, login: &Login) {
    let before = place.until_both_are_there().await;
    let begun = Instant::now();
    let mut load = Load::begin(place, login).await;
    until("rows are committed", async || (load.committed(begun) > 20).then_some(())).await;
    let known = load.rows();
    let way = place.inside.forward(&format!("{}:5432", place.address(&before.other).await.unwrap())).await.unwrap();
    until("the other has them", async || {
        rows_at(way.port(), login).await.is_ok_and(|rows| rows.is_superset(&known)).then_some(())
    })
    .await;
    let begun = Instant::now();
    place.delete_at_once("persistentvolumeclaims", &format!("data-{}", before.primary)).await;
    place.delete_at_once("pods", &before.primary).await;
    let after = until("the other takes over", async || {
        let after = place.until_both_are_there().await;
        (after.primary == before.other && load.committed(begun) > 10).then_some(after)
    })
    .await;
    let (pause, lost) = (load.longest_pause(begun), load.lost(place, login).await);
    eprintln!("without synchronous: {before:?}, {after:?}, no commit for {pause:?}, {} rows lost", lost.len());
    assert!(pause < GOES_ON_WITHIN, "no commit for {pause:?}\n{}", place.log(&after.primary).await);
    assert!(lost.iter().all(|row| !known.contains(row)), "{lost:?}");
    load.end();
}

fn database(synchronous: bool) -> Value {
    json!({"server": {"cluster": {"instances": 2, "synchronous": synchronous, "storage": "1Gi"}}})
}

struct Loss<'a> {
    place: &'a Place,
    load: &'a Load,
    login: &'a Login,
    app: &'a App,
}

impl Loss<'_> {
    /// Something is lost, and all is well again.
    async fn of(&self, what: &str, loses: impl AsyncFn(&Roles)) {
        let before = self.place.until_whole().await;
        let begun = Instant::now();
        loses(&before).await;
        until("it is written again", async || (self.load.committed(begun) > 0).then_some(())).await;
        // What was lost is noticed a moment later.
        until("it was noticed", async || (begun.elapsed() > Duration::from_secs(10)).then_some(())).await;
        let after = self.place.until_whole().await;
        let (whole, pause) = (begun.elapsed(), self.load.longest_pause(begun));
        eprintln!("{what}: {before:?}, {after:?}, no commit for {pause:?}, whole after {whole:?}");
        let logs = (self.place.log(&before.primary).await, self.place.log(&before.other).await);
        assert!(pause < GOES_ON_WITHIN, "{what}: no commit for {pause:?}\n{}\n\n{}", logs.0, logs.1);
        let lost = self.load.lost(self.place, self.login).await;
        assert!(lost.is_empty(), "{what}: lost are {lost:?}\n{}\n\n{}", logs.0, logs.1);
        let (without_pages, said) = self.app.until_well(begun).await;
        eprintln!("{what}: no page for {without_pages:?}; the App said {said:#?}");
        assert!(without_pages < GOES_ON_WITHIN, "{what}: no page for {without_pages:?}; the App said {said:#?}");
    }
}

/// Kills the first process of a PostgreSQL as the kernel does when there is no memory left.
async fn kill_postmaster(place: &Place, pod: &str) {
    let live = place.pod(pod).await.unwrap();
    let uid = live["metadata"]["uid"].as_str().unwrap();
    let is_it = |process: &Path| {
        let text = |name: &str| String::from_utf8_lossy(&fs::read(process.join(name)).unwrap_or_default()).into_owned();
        // Its volumes lie in a folder of the pod's.
        text("cmdline").contains("bin/postgres\0-D") && text("mountinfo").contains(uid)
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let found: Vec<_> = processes.filter(|process| is_it(process)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let pid = found[0].file_name().unwrap().to_str().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

async fn a_password_changed_by_hand_is_set_again(place: &Place) {
    let secret = place.secret(OWN, &format!("postgres.{}.{SERVER}", place.namespace)).await;
    let admin = Login { role: "postgres".to_owned(), password: secret("password"), database: "postgres".to_owned() };
    let mut connection = admin.connected(place.write.port()).await.unwrap();
    connection.execute("ALTER ROLE postgres PASSWORD 'by hand' CONNECTION LIMIT 7").await.unwrap();
    assert!(admin.connected(place.write.port()).await.is_err());
    until("its password is the one that is known", async || admin.connected(place.write.port()).await.ok()).await;
}

/// A pod that the API server hears nothing of, as long as the value lives.
struct Silenced<'a> {
    place: &'a Place,
    rule: Vec<String>,
}

impl<'a> Silenced<'a> {
    async fn at_the_api(place: &'a Place, pod: IpAddr) -> Self {
        // Where the Service of the API server leads to.
        let (api, port) = place.api_server().await;
        let rule = [
            "--source",
            &pod.to_string(),
            "--destination",
            &api,
            "--protocol",
            "tcp",
            "--dport",
            &port,
            "--jump",
            "DROP",
        ];
        let silenced = Self { place, rule: rule.map(str::to_owned).to_vec() };
        silenced.rules("--insert").unwrap();
        silenced
    }

    fn rules(&self, how: &str) -> std::io::Result<()> {
        let mut iptables = self.place.inside.program("iptables");
        let output = iptables.args(["--wait", how, "INPUT"]).args(&self.rule).output()?;
        if output.status.success() { Ok(()) } else { Err(std::io::Error::other(format!("{output:?}"))) }
    }
}

impl Drop for Silenced<'_> {
    fn drop(&mut self) {
        let _ = self.rules("--delete");
    }
}
