//! What stands in the config repo of a fleet: the apps of the Flux benchmark, all alike.

use std::fmt::Write as _;

use crate::shop::CONTEXT;

/// The files of one app, by their name in its folder. `IMAGE` and `NAME` stand for its own.
const FILES: [(&str, &str); 4] = [
    ("deployment.yaml", include_str!("deployment.yaml")),
    ("service-account.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: NAME}\n"),
    (
        "service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec:\n  selector: {app: NAME}\n  ports: [{name: http, port: 80, \
         targetPort: http}]\n",
    ),
    ("ingress.yaml", include_str!("ingress.yaml")),
];

/// The first version of every app.
pub const FIRST: &str = "1.0.0";

/// How many apps there are, and where.
#[derive(Debug, Clone)]
pub struct Scene {
    /// How many apps there are.
    pub apps: usize,
    /// Their namespaces, taken in turn.
    pub namespaces: Vec<String>,
    /// How long a version must stay Current.
    pub stable_for: &'static str,
}

impl Scene {
    /// The instance of an app.
    pub fn instance(at: usize) -> String {
        format!("{}/prod", name(at))
    }

    /// The namespace of an app.
    pub fn namespace(&self, at: usize) -> &str {
        self.namespaces.get(at % self.namespaces.len().max(1)).map_or("", String::as_str)
    }

    /// The config file; `apps` of them are in it.
    pub(super) fn config(&self, apps: usize) -> String {
        let mut text = format!(
            "apiVersion: pinnace.dev/v1\nkind: Config\npeople: {{ann: {{email: ann@example.org}}}}\nenvironments:\n  prod:\n    context: \
             {CONTEXT}\n    approvers: [ann]\n    rules: {{stableFor: {}, deadline: 2m}}\nprojects:{}\n",
            self.stable_for,
            if apps == 0 { " {}" } else { "" },
        );
        for at in 0..apps {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  {}: {{image: {}, sources: [{{path: \"apps/{}/{{environment}}\"}}], namespaces: {{prod: {}}}}}",
                name(at),
                repository(at),
                name(at),
                self.namespace(at)
            );
        }
        text
    }
}

/// The name of an app, and of each of its objects.
pub fn name(at: usize) -> String {
    format!("app-{at:04}")
}

/// The files of an app at a version, by their path.
pub fn files(at: usize, tag: &str) -> Vec<(String, String)> {
    let image = format!("{}:{tag}", repository(at));
    let filled = |text: &str| text.replace("IMAGE", &image).replace("NAME", &name(at));
    FILES.iter().map(|(file, text)| (format!("apps/{}/prod/{file}", name(at)), filled(text))).collect()
}

/// A manifest as a value.
pub fn parsed(text: &str) -> Result<serde_json::Value, crate::shop::Fault> {
    Ok(serde_saphyr::from_str(text)?)
}

fn repository(at: usize) -> String {
    format!("registry.example/acme/{}", name(at))
}
