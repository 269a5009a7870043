//! What the addresses of an App need and is not there. Its processes run whether it is or not.

use std::time::Duration;

use cluster::{ClusterError, KindKey, ObjectKey};

use super::super::App;
use super::super::build::certificate;
use super::super::crd::Routes;
use crate::driver::{OperatorError, Work};

/// A class that is not there is looked for again after so long: none is watched.
const LOOKED_FOR_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// In words, where something is missing.
pub(crate) async fn no_way_in(work: &mut Work, app: &App) -> Result<Option<String>, OperatorError> {
    let Some(routes) = app.spec.routes.as_ref().filter(|routes| routes.gateway.is_none()) else { return Ok(None) };
    let missing = [no_class(work, routes).await, no_certificate(work, app, routes).await?];
    let told: Vec<String> = missing.into_iter().flatten().collect();
    Ok((!told.is_empty()).then(|| told.join("; ")))
}

/// That nobody knows the class. Whether one is there, or whether that may be asked, is asked once.
async fn no_class(work: &mut Work, routes: &Routes) -> Option<String> {
    let class = routes.ingress.as_ref()?.class.clone()?;
    if work.shared.ingress_classes.knows(&class) {
        return None;
    }
    let kind = KindKey::new("networking.k8s.io/v1", "IngressClass");
    match work.client().get(&ObjectKey { kind, namespace: None, name: class.clone() }).await {
        Ok(None) => {}
        Ok(Some(_)) | Err(ClusterError::Forbidden { .. }) => {
            work.shared.ingress_classes.settle(class);
            return None;
        }
        // A note is nothing to fail for.
        Err(error) => {
            tracing::debug!(object = %work.key, %error, "whether its IngressClass is there is not known");
            return None;
        }
    }
    work.looks_again_in(LOOKED_FOR_AGAIN_AFTER);
    let host = &routes.host;
    Some(format!(
        "but there is no IngressClass {class}, and hardly anything answers at {host}: `kubectl get ingressclasses` lists those that there are"
    ))
}

/// That the Secret with the certificate is not there.
async fn no_certificate(work: &mut Work, app: &App, routes: &Routes) -> Result<Option<String>, OperatorError> {
    let Some(tls) = &routes.tls else { return Ok(None) };
    let secret = certificate(app, tls);
    if work.secret(&secret).await?.is_some() {
        return Ok(None);
    }
    let who = if tls.issuer.is_some() { ": cert-manager makes it, where it is installed" } else { ": make it" };
    Ok(Some(format!("but the Secret {secret} with the certificate of {} is not there{who}", routes.host)))
}
