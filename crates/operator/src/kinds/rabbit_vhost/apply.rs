//! What is written for a virtual host: its Secret and its broker in the cluster, and what is on the broker.

use cluster::Autoscaled;

use super::build;
use super::validate::Checked;
use crate::driver::{OperatorError, Work};
use crate::local::kept;
use crate::rabbit::{ensure, stable_hash, take_away};
use crate::standing::Standing;

/// Makes the objects as they should be, and says how the broker stands.
pub(crate) async fn objects(work: &mut Work, checked: &Checked<'_>) -> Result<Standing, OperatorError> {
    // First what the password is read from again, so that one that was made is made once.
    work.keep(&build::connection(checked), &Autoscaled::default()).await?;
    match (&checked.server, &checked.vhost.spec.broker.local) {
        (Some(server), Some(local)) => {
            let images = work.shared.settings.images.clone();
            kept(work, server, || build::build(server, local, &images, &stable_hash(&checked.admin_password))).await
        }
        _ => Ok(Standing::Ready),
    }
}

/// Makes the virtual host on the broker as it should be.
pub(crate) async fn on_broker(work: &Work, checked: &Checked<'_>) -> Result<Standing, OperatorError> {
    let broker = checked.broker(work)?;
    let _turn = work.shared.turn_on(&broker.to_string()).await;
    let ensured = ensure(&broker, &checked.wanted, &checked.password).await?;
    for what in &ensured.did {
        tracing::info!(vhost = %work.key, what, "done on the broker");
    }
    if ensured.down_on.is_empty() {
        return Ok(Standing::Ready);
    }
    let message = format!(
        "{} of the broker does not serve the virtual host: look at the log of that node, and start it there by `rabbitmqctl restart_vhost`",
        ensured.down_on.join(", ")
    );
    Ok(Standing::Waits { reason: "NotServed", message })
}

/// Deletes it there with its user, as far as they are ours.
pub(crate) async fn gone_from_broker(work: &Work, checked: &Checked<'_>) -> Result<(), OperatorError> {
    let broker = checked.broker(work)?;
    let _turn = work.shared.turn_on(&broker.to_string()).await;
    for what in take_away(&broker, &checked.wanted).await? {
        tracing::info!(vhost = %work.key, what, "done on the broker");
    }
    Ok(())
}
