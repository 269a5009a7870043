//! The server's rights: the account and the roles are made by an admin, and the server gets a kubeconfig that holds no more.

use std::path::Path;
use std::time::Duration;

use cluster::ClusterClient;
use serde_json::Value;

use super::ServedError;

/// How long the server's token lasts.
const TOKEN_LASTS: Duration = Duration::from_hours(24);

/// What `pinnace rbac` prints: the real command, asked as an admin would.
pub async fn printed_rights(
    program: &Path,
    repo: &str,
    config_file: &str,
    context: &str,
    own_namespace: &str,
) -> Result<Vec<Value>, ServedError> {
    let command = tokio::process::Command::new(program)
        .args(["rbac", "--repo", repo, "--config-file", config_file])
        .args(["--context", context, "--own-namespace", own_namespace])
        .output();
    let printed = command.await.map_err(ServedError::io("run `pinnace rbac`"))?;
    let refused = |said: String| ServedError::Refused { request: "pinnace rbac".to_owned(), said };
    if !printed.status.success() {
        return Err(refused(String::from_utf8_lossy(&printed.stderr).into_owned()));
    }
    let text = String::from_utf8_lossy(&printed.stdout);
    let documents = text.split("---\n").filter(|document| !document.trim().is_empty());
    documents.map(|document| serde_saphyr::from_str(document).map_err(|error| refused(error.to_string()))).collect()
}

/// Applies what `pinnace rbac` prints, and writes a kubeconfig with which one can do exactly that. `admin_config` is the
/// admin's own (none: the usual places), with the same context in it.
pub async fn write_narrow_kubeconfig(
    path: &Path,
    admin: &ClusterClient,
    admin_config: Option<&Path>,
    context: &str,
    objects: &[Value],
) -> Result<(), ServedError> {
    let failed = |error| ServedError::Rights(Box::new(error));
    admin.set_up(objects).await.map_err(failed)?;
    let token = admin.account_token(TOKEN_LASTS).await.map_err(failed)?;
    let text = cluster::setup::kubeconfig_for(admin_config, context, &token).map_err(failed)?;
    std::fs::write(path, text.expose()).map_err(ServedError::io(format!("write {}", path.display())))
}
