//! `pinnace operator`: what looks after Apps and databases, beside the server in each cluster.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use cluster::ClusterClient;
use operator::local::Images;
use operator::rds::Login;
use operator::{Aws, OperatorError, Settings};
use tokio::sync::watch;

use super::serve::told_to_stop;
use crate::guarded;

/// Look after Apps, databases, Redis and RabbitMQ in a cluster
///
/// In a pod it looks after the cluster that it runs in; elsewhere `--context` says which. Of several that run, one acts and the others
/// wait. The definitions have to be there (`pinnace crds`), and its rights (`pinnace operator rbac`).
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Operator {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the rights that it needs, for `kubectl apply -f -`
    Rbac(Where),
}

/// Where it acts.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Where {
    /// The one namespace that it looks after [default: the whole cluster]
    #[arg(long, short)]
    namespace: Option<String>,
    /// Where it keeps what is its own, administrators' passwords among it
    #[arg(long, default_value = "pinnace-system")]
    own_namespace: String,
}

#[derive(Debug, clap::Args)]
struct Run {
    #[command(flatten)]
    at: Where,
    /// The kubeconfig to use where it runs outside of a cluster
    #[arg(long, env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// The context to use where it runs outside of a cluster
    #[arg(long)]
    context: Option<String>,
    #[command(flatten)]
    with: With,
}

/// What it works with.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct With {
    /// The image of PostgreSQL that databases in the cluster run from, best with its digest
    #[arg(long, value_name = "IMAGE", default_value_t = Images::default().postgres)]
    postgres_image: String,
    /// The image of Patroni with PostgreSQL that `cluster` databases run from
    #[arg(long, value_name = "IMAGE", default_value_t = Images::default().patroni)]
    patroni_image: String,
    /// The image of Redis
    #[arg(long, value_name = "IMAGE", default_value_t = Images::default().redis)]
    redis_image: String,
    /// The image of RabbitMQ, with its management plugin
    #[arg(long, value_name = "IMAGE", default_value_t = Images::default().rabbit)]
    rabbit_image: String,
    /// Where a server is reached from here, as in shop-postgres.shop.svc:5432=127.0.0.1:15432; for an operator outside of the cluster
    #[arg(long = "reach", value_name = "HOST:PORT=HOST:PORT", value_parser = reach)]
    reached_at: Vec<(String, (String, u16))>,
    /// The region of Amazon that databases are made in where they don't say one, as in eu-central-1
    #[arg(long, env = "AWS_REGION")]
    aws_region: Option<String>,
    /// The group of subnets that instances of Amazon RDS lie in where a database does not say one
    #[arg(long, value_name = "NAME")]
    aws_subnet_group: Option<String>,
    /// A security group of instances of Amazon RDS where a database does not say any; repeatable
    #[arg(long = "aws-security-group", value_name = "ID")]
    aws_security_groups: Vec<String>,
    /// Where RDS is asked instead of its usual address, as at an endpoint of one's own network
    #[arg(long, value_name = "URL", hide = true)]
    aws_endpoint: Option<String>,
}

fn reach(text: &str) -> Result<(String, (String, u16)), String> {
    let form = || "write it as in shop-postgres.shop.svc:5432=127.0.0.1:15432".to_owned();
    let (from, to) = text.split_once('=').ok_or_else(form)?;
    let (host, port) = to.rsplit_once(':').ok_or_else(form)?;
    from.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).ok_or_else(form)?;
    Ok((from.to_owned(), (host.to_owned(), port.parse().map_err(|_| form())?)))
}

impl With {
    /// The settings of an operator.
    pub(crate) fn settings(&self, namespace: Option<String>) -> Settings {
        let images = Images {
            postgres: self.postgres_image.clone(),
            patroni: self.patroni_image.clone(),
            redis: self.redis_image.clone(),
            rabbit: self.rabbit_image.clone(),
            ..Images::default()
        };
        let reached_at: BTreeMap<_, _> = self.reached_at.iter().cloned().collect();
        let aws = Aws {
            region: self.aws_region.clone(),
            subnet_group: self.aws_subnet_group.clone(),
            security_groups: self.aws_security_groups.clone(),
            login: Login::from_environment(|name| std::env::var(name).ok()),
            endpoint: self.aws_endpoint.clone(),
            ..Aws::default()
        };
        Settings { namespace, images, reached_at, aws, redactor: guarded::redactor().clone(), ..Settings::default() }
    }
}

/// Prints its rights, or runs until it is told to stop.
pub(crate) fn run(args: &Operator) -> anyhow::Result<ExitCode> {
    if let Some(What::Rbac(at)) = &args.what {
        let text = render::to_yaml(operator::rights(&at.own_namespace, at.namespace.as_deref()))?;
        std::io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    guarded::no_dumps_below();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        let Run { at, kubeconfig, context, with } = &args.run;
        let settings = connecting(&at.own_namespace, at.namespace.as_deref());
        let client = match context {
            Some(context) => ClusterClient::connect_with(kubeconfig.as_deref(), context, settings).await?,
            None => ClusterClient::in_cluster(settings).context("this is no pod of a cluster: say --context NAME")?,
        };
        let (stop, stopped) = watch::channel(false);
        let running = looks_after(client, with.settings(at.namespace.clone()), stopped);
        let told = async {
            told_to_stop().await;
            let _ = stop.send(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = running => {}
            () = told => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// How an operator talks to its cluster.
pub(crate) fn connecting(own_namespace: &str, namespace: Option<&str>) -> cluster::Settings {
    cluster::Settings {
        own_namespace: own_namespace.to_owned(),
        command_for_rights: operator::command_for_rights(own_namespace, namespace),
        ..cluster::Settings::default()
    }
}

/// What is not there yet is waited for so long.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Why not, and the command that helps.
fn can_not_begin(error: &OperatorError, command_for_rights: &str) -> String {
    let remedy = error.remedy(command_for_rights);
    let remedy = remedy.map(|command| format!("; this helps: {command}")).unwrap_or_default();
    format!("the operator can't begin: {error}{remedy}")
}

/// Runs an operator until it is to stop. A cluster that does not answer, or lacks our definitions, is tried again.
pub(crate) async fn looks_after(client: ClusterClient, settings: Settings, mut stop: watch::Receiver<bool>) {
    tracing::info!(context = client.context(), namespace = settings.namespace, "the operator starts");
    loop {
        match operator::Operator::begin(client.clone(), settings.clone()).await {
            Ok(operator) => return operator.run(stop).await,
            Err(error) => {
                tracing::warn!(again_in = ?AGAIN_AFTER, "{}", can_not_begin(&error, client.command_for_rights()));
            }
        }
        if tokio::time::timeout(AGAIN_AFTER, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use cluster::ClusterError;

    use super::*;

    #[test]
    fn an_operator_that_can_not_begin_says_what_is_wrong_and_the_one_command_that_helps() {
        let said = |error: ClusterError| can_not_begin(&error.into(), "pinnace operator rbac");
        assert_eq!(
            said(ClusterError::NamespaceMissing { namespace: "pinnace-system".to_owned() }),
            "the operator can't begin: the namespace pinnace-system does not exist: make it; this helps: pinnace operator rbac | kubectl apply -f -"
        );
        let (verb, resource, command) = ("get".to_owned(), "secrets".to_owned(), "pinnace operator rbac".to_owned());
        let forbidden = said(ClusterError::Forbidden { verb, resource, namespace: None, command });
        assert!(forbidden.contains("not allowed to get secrets"), "{forbidden}");
        assert!(forbidden.ends_with("; this helps: pinnace operator rbac | kubectl apply -f -"), "{forbidden}");
        let (api_version, kind) = ("pinnace.dev/v1alpha1".to_owned(), "App".to_owned());
        let undefined = said(ClusterError::UnknownKind { api_version, kind });
        assert!(undefined.ends_with("; this helps: pinnace crds | kubectl apply --server-side -f -"), "{undefined}");
        let away = said(ClusterError::Unreachable { context: "prod".to_owned(), why: "refused".to_owned() });
        assert!(!away.contains("this helps"), "{away}");
    }
}
