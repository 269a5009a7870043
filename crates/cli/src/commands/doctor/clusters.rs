//! The clusters: the program that logs in, whether they answer, Pinnace's own namespace, and the rights.

use cluster::ClusterClient;
use control::Problem;
use serde_json::Value;

use super::finding::Finding;
use super::subject::Subject;

pub(super) async fn look(subject: &Subject<'_>) -> Vec<Finding> {
    if let Err(nothing) = subject.known() {
        return nothing;
    }
    let mut found = Vec::new();
    for (context, wanted) in subject.rights().await {
        // One that is down delays the others by one timeout only.
        found.extend(one(subject, context, wanted).await);
    }
    if found.is_empty() {
        found.push(Finding::warning(
            "no instance runs in any cluster",
            "add an environment and a project to the config",
        ));
    }
    found
}

async fn one(subject: &Subject<'_>, context: &str, wanted: &Result<Vec<Value>, Problem>) -> Vec<Finding> {
    let args = subject.args;
    let mut found = Vec::new();
    if let Some(program) = cluster::login_program(args.kubeconfig.as_deref(), context) {
        found.push(Finding::well(format!("the context `{context}` logs in by the program `{program}`")));
    }
    let settings = cluster::Settings { own_namespace: args.own_namespace.clone(), ..cluster::Settings::default() };
    let client = match ClusterClient::connect_with(args.kubeconfig.as_deref(), context, settings).await {
        Ok(client) => client,
        Err(error) => {
            found.push(Finding::broken(
                subject.clean(&error.to_string()),
                "correct the kubeconfig, or name it with --kubeconfig",
            ));
            return found;
        }
    };
    match client.check().await {
        Ok(version) => found.push(Finding::well(format!("`{context}` answers: Kubernetes {version}"))),
        Err(error) => {
            let todo = format!("try `kubectl --context {context} version`");
            found.push(Finding::broken(subject.clean(&format!("`{context}`: {error}")), todo));
            return found;
        }
    }
    found.push(match wanted {
        Ok(wanted) => rights(subject, context, wanted, &client).await,
        Err(problem) => Finding::broken(subject.clean(&problem.what), problem.next.clone()),
    });
    found
}

/// Whether we may do there what the config repo wants done.
async fn rights(subject: &Subject<'_>, context: &str, wanted: &[Value], client: &ClusterClient) -> Finding {
    match client.missing_rights(wanted).await {
        Ok(missing) if missing.is_empty() => Finding::well(format!("we have the rights that we need in `{context}`")),
        Ok(missing) => {
            let (all, shown) = (missing.len(), missing.iter().take(5).cloned().collect::<Vec<_>>().join(", "));
            let more = if all > 5 { format!(", and {} more", all - 5) } else { String::new() };
            let todo = format!(
                "`pinnace rbac --context {context} ... | kubectl --context {context} apply -f -`, and run the server with that account"
            );
            Finding::broken(format!("rights are missing in `{context}`: {shown}{more}"), todo)
        }
        Err(error) => Finding::broken(subject.clean(&format!("the rights in `{context}`: {error}")), "try again"),
    }
}
