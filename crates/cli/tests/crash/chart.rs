//! The chart of a scene, with a hook before each version.

use render::engine::EngineSettings;
use testkit::world::files_of;

/// The Job that is the hook.
pub(crate) const HOOK: &str = "migrate";

const CHART: &str = r#"-- apps/shop/prod/Chart.yaml --
apiVersion: v2
name: shop
version: 0.1.0
-- apps/shop/prod/values.yaml --
image:
  repository: REPOSITORY
  tag: "1.0"
  digest: DIGEST
-- apps/shop/prod/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}@{{ .Values.image.digest }}"
-- apps/shop/prod/templates/migrate.yaml --
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
spec:
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: migrate, image: "jobs.example/migrate:1"}]}
"#;

/// The files of the config repo, and more templates.
pub(crate) fn with(templates: Vec<(String, String)>) -> Vec<(String, String)> {
    let templates = templates.into_iter().map(|(name, text)| (format!("apps/shop/prod/templates/{name}"), text));
    files_of(CHART).into_iter().chain(templates).collect()
}

/// Helm, run as the server runs it.
pub(crate) fn engines() -> EngineSettings {
    testkit::engines::run_by(env!("CARGO_BIN_EXE_pinnace"))
}
