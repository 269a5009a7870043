//! The database of an App that nothing but a Secret leads to: of its data no more is known than where they are.

use sha2::{Digest as _, Sha256};

use super::super::App;
use super::super::crd::{AppStatus, RanIn};
use super::super::dereference::{Seen, sources};
use super::database::{forget, is_begun};
use crate::hex::hex;

/// How its name begins, where an object's would stand.
const SECRET: &str = "secret/";
/// That of PostgreSQL, where none is said.
const USUAL_PORT: &str = ":5432";
/// What parameters of an address choose other data.
const CHOOSES: &[&str] = &["host=", "port=", "dbname=", "schema=", "options="];

/// Where the Secret leads to, as far as it is there.
pub(crate) fn led_to(app: &App, seen: &Seen) -> Option<RanIn> {
    let mut sources = sources(&app.metadata.name, &app.spec).into_iter();
    let source = sources.find(|source| source.what == "database" && source.object.is_none())?;
    let connection = seen.connections.get(source.what)?;
    let name = format!("{SECRET}{}", source.secret);
    // Where nothing tells the place, another Secret is another one.
    let place = connection.parts.get("url").and_then(|url| place(url)).unwrap_or_else(|| name.clone());
    Some(RanIn { uid: hex(&Sha256::digest(place), 16), name, had_data: false })
}

/// Host, port, name and what else chooses among data, whoever logs in.
fn place(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A `?` that is not encoded may be of a password, of which nothing is to go into the hash.
    if query.contains('@') {
        return None;
    }
    let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
    let (server, name) = rest.split_once('/').unwrap_or((rest, ""));
    let is_port = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let port = if server.rsplit_once(':').is_some_and(|(_, port)| is_port(port)) { "" } else { USUAL_PORT };
    let chosen: Vec<&str> = query.split('&').filter(|one| CHOOSES.iter().any(|key| one.starts_with(key))).collect();
    Some(format!("{}{port}/{name}?{}", server.to_lowercase(), chosen.join("&")))
}

/// What ran elsewhere counts no longer. Data may have been moved here since: to seed too little is mended, to seed twice is not.
pub(super) fn forget_other_place(status: &mut AppStatus, place: &RanIn) {
    let had_data = match &status.database {
        Some(ran_in) if ran_in.uid == place.uid => ran_in.had_data,
        Some(ran_in) => {
            let had_data = ran_in.had_data || is_begun(status);
            forget(status);
            had_data
        }
        // It is of an operator that did not say it, or new.
        None => false,
    };
    status.database = Some(RanIn { had_data, ..place.clone() });
}

/// Whether something that does not say where it ran did so before the App was led here.
pub(super) fn was_led_elsewhere(ran_in: &RanIn) -> bool {
    ran_in.name.starts_with(SECRET) && ran_in.had_data
}

#[cfg(test)]
mod tests {
    use secrets::MaskKey;
    use serde_json::json;

    use super::*;

    fn found(secret: &str, data: &serde_json::Value) -> Option<RanIn> {
        let spec =
            json!({"image": "shop:1@sha256:1", "processes": {}, "needs": {"database": {"secret": {"name": secret}}}});
        let app =
            json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop"}, "spec": spec});
        let app = App::read(&app).unwrap();
        let secret = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": secret}, "stringData": data});
        led_to(&app, &Seen::from_objects(&app, &[secret], MaskKey::from_bytes([7; 32])))
    }

    #[test]
    fn another_login_or_another_secret_leads_to_the_same_database_and_another_server_does_not() {
        let parts = |host: &str, password: &str| json!({"host": host, "port": "5432", "name": "shop", "username": "u", "password": password});
        let uid = |secret: &str, data: &serde_json::Value| found(secret, data).unwrap().uid;
        let one = uid("one", &parts("a", "p@/?#"));
        assert_eq!(one, uid("two", &parts("a", "other")));
        assert_eq!(one, uid("one", &json!({"url": "postgresql://u:p@a:5432/shop?sslmode=require"})));
        assert_ne!(one, uid("one", &parts("b", "p")));
        assert_eq!(one, uid("one", &json!({"host": "A", "name": "shop"})));
        assert_ne!(one, uid("one", &json!({"url": "postgresql://u:p@a:5432/shop?sslmode=require&schema=two"})));
        // Nobody knows where that is.
        let dsn = json!({"url": "host=a dbname=shop"});
        assert_eq!(uid("one", &dsn), uid("one", &json!({"password": "p"})));
        assert_ne!(uid("one", &dsn), uid("two", &dsn));
        let of_password = json!({"url": "postgresql://u:p?q@a:5432/shop"});
        assert_eq!(uid("one", &of_password), uid("one", &dsn));
    }

    fn ran(place: Option<&RanIn>) -> AppStatus {
        AppStatus { migrations: vec!["sha256:1".to_owned()], database: place.cloned(), ..AppStatus::default() }
    }

    #[test]
    fn what_ran_in_another_place_counts_no_longer_and_what_never_ran_is_no_data() {
        let at = |name: &str, uid: &str| RanIn { name: name.to_owned(), uid: uid.to_owned(), had_data: false };
        let after = |mut status: AppStatus, place: &RanIn| {
            forget_other_place(&mut status, place);
            (status.migrations.len(), status.database.unwrap().had_data)
        };
        let (one, renamed, two) = (at("secret/one", "1"), at("secret/two", "1"), at("secret/two", "2"));
        assert_eq!(after(ran(None), &one), (1, false), "it is of an operator that did not say where");
        assert_eq!(after(ran(Some(&one)), &renamed), (1, false));
        assert_eq!(after(ran(Some(&one)), &two), (0, true));
        assert_eq!(after(ran(Some(&at("shop", "3"))), &two), (0, true), "the App had one of ours");
        let nothing = AppStatus { database: Some(one), ..AppStatus::default() };
        assert_eq!(after(nothing.clone(), &two), (0, false), "the name was wrong");
        let serves = AppStatus { image: Some("shop:1@sha256:1".to_owned()), ..nothing };
        assert_eq!(after(serves, &two), (0, true), "it makes its tables itself");
    }
}
