use super::*;

const APP: &str = "apiVersion: pinnace.dev/v1alpha1
kind: App
metadata: {name: shop, namespace: shop}
spec:
  image: registry.example/acme/shop:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  defaults: dev
  processes: {web: {}}
  needs: {database: {name: shared}}
  secrets: [{name: mail}]
";

fn ejected(text: &str) -> anyhow::Result<Ejected> {
    eject(&live_objects("app.yaml", text.as_bytes())?)
}

fn kinds(ejected: &Ejected) -> Vec<String> {
    let objects = live_objects("out.yaml", ejected.text.as_bytes()).unwrap();
    objects.iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_app_comes_out_as_plain_objects_with_the_secrets_of_the_same_file() {
    let beside = "---
apiVersion: v1
kind: Secret
metadata: {name: mail}
stringData: {MAIL_PASSWORD: hunter2}
---
apiVersion: v1
kind: Secret
metadata: {name: shared-postgres}
stringData: {url: 'postgresql://shop:secret@db/shop'}
";
    let ejected = ejected(&format!("{APP}{beside}")).unwrap();
    assert_eq!(kinds(&ejected), ["Secret", "Service", "Deployment"]);
    assert_eq!(ejected.notes, Vec::<String>::new());
    assert!(ejected.text.contains("MAIL_PASSWORD: aHVudGVyMg=="), "{}", ejected.text);
}

#[test]
fn what_is_not_there_is_told_and_takes_a_text_that_says_where_it_stands() {
    let ejected = ejected(APP).unwrap();
    assert_eq!(
        ejected.notes,
        [
            "App shop: give Secret shared-postgres (address and login of database) with it, or fill in what is printed in its place",
            "App shop: give Secret mail (its keys are left out of the configuration) with it, or fill in what is printed in its place"
        ]
    );
    assert_eq!(kinds(&ejected), ["Secret", "Service", "Deployment"]);
}

/// An App with all that runs once, as a cluster has it: what its status says beside the version.
fn with_jobs(status: &str) -> String {
    format!(
        "{APP}  migrations: {{command: [migrate]}}
  seed: {{command: [loaddata]}}
  superuser: {{username: admin}}
  setup: {{index: {{command: [rebuild]}}}}
{status}"
    )
}

fn jobs(ejected: &Ejected) -> Vec<String> {
    let objects = live_objects("out.yaml", ejected.text.as_bytes()).unwrap();
    let jobs = objects.iter().filter(|object| object["kind"] == "Job");
    jobs.map(|job| job["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn said<'a>(ejected: &'a Ejected, word: &str) -> Vec<&'a str> {
    ejected.notes.iter().map(String::as_str).filter(|note| note.contains(word)).collect()
}

#[test]
fn what_the_status_says_to_have_run_is_left_out_and_told() {
    let from_git = ejected(&with_jobs("")).unwrap();
    let all = jobs(&from_git);
    assert_eq!(all.len(), 4, "{all:?}");
    let told = format!(
        "App shop: these Jobs run when they are applied: {}; there is no status that says what has run; take out what is not to run",
        all.join(", ")
    );
    assert_eq!((said(&from_git, "run"), said(&from_git, "left out of its")), (vec![told.as_str()], vec![]));

    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let ran = ejected(&with_jobs(&format!("status: {{migrations: ['{digest}'], once: [{}]}}\n", all[1..].join(", "))));
    let ran = ran.unwrap();
    assert_eq!(jobs(&ran), Vec::<String>::new());
    let told = format!("App shop: left out of its Jobs: {}, which its status says to have run", all.join(", "));
    assert_eq!((said(&ran, "Jobs"), said(&ran, "superuser)")), (vec![told.as_str()], vec![]));
    let before = ejected(&with_jobs(&format!("status: {{migrated: '{digest}'}}\n"))).unwrap();
    assert_eq!(jobs(&before), all[1..], "the status is of an operator that remembered one alone");
}

#[test]
fn nothing_is_seeded_over_data_that_were_there_and_what_did_not_run_is_printed_and_told() {
    let all = jobs(&ejected(&with_jobs("")).unwrap());
    let over_data = ejected(&with_jobs("status: {database: {name: shared, uid: '1', hadData: true}}\n")).unwrap();
    let [migration, seed, superuser, setup] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(jobs(&over_data), [migration.clone(), setup.clone()]);
    let left_out = format!("App shop: left out of its Jobs: {seed}, {superuser}, as its database had data before it");
    let runs = format!(
        "App shop: these Jobs run when they are applied: {migration}, {setup}; its status does not say that they have run: \
         see kubectl describe job/{migration}, and take out what is not to run"
    );
    assert_eq!(said(&over_data, "Jobs"), [left_out.as_str(), runs.as_str()]);
}

#[test]
fn a_field_that_an_app_does_not_have_is_told_with_its_place() {
    let typo = APP.replace("web: {}", "web: {replica: 2}");
    let error = ejected(&typo).unwrap_err().to_string();
    assert!(error.contains("there is no field spec.processes.web.replica"), "{error}");
    let error = ejected(&APP.replace("processes", "proceses")).unwrap_err().to_string();
    assert!(error.contains("there is no field spec.proceses"), "{error}");
    let error = ejected(&APP.replace("@sha256", "@sha")).unwrap_err().to_string();
    assert!(error.contains("spec.image: "), "{error}");
    assert!(
        ejected("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}").unwrap_err().to_string().contains("no App")
    );
}

#[test]
fn what_is_ejected_goes_into_the_config_repo_as_it_is() {
    for app in [
        include_str!("../../../../operator/tests/golden/prod.yaml"),
        include_str!("../../../../operator/tests/golden/moved.yaml"),
    ] {
        let objects = live_objects("app.yaml", app.as_bytes()).unwrap();
        let namespace = objects[0]["metadata"]["namespace"].as_str().unwrap();
        let files = [("plain.yaml".to_owned(), eject(&objects).unwrap().text.into_bytes())].into();
        let context = render::RenderContext { namespace, cluster_kinds: &[], key: &key() };
        let rendered = render::render(&files, &context).unwrap();
        assert_eq!(render::references_of(&rendered).wrong, []);
        assert!(rendered.objects.len() > 8);
    }
}

#[test]
fn a_database_that_is_made_for_it_is_said_to_stay_ours() {
    let made = APP.replace("{name: shared}", "{}");
    let notes = ejected(&format!("{made}  superuser: {{username: admin}}\n")).unwrap().notes;
    assert!(
        notes.contains(&"App shop: give Secret shop-superuser (the key password, for the superuser) with it, or fill in what is printed in its place".to_owned())
    );
    assert!(notes.iter().any(|note| note.contains("PostgresDatabase shop stays an object of Pinnace")), "{notes:?}");
}
