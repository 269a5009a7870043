//! The server's rights: the account and the roles are made by an admin, and the server gets a kubeconfig that holds no more.

use std::path::Path;
use std::time::Duration;

use cluster::ClusterClient;
use serde_json::Value;

use super::ServedError;

/// How long the server's token lasts.
const TOKEN_LASTS: Duration = Duration::from_hours(24);

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
