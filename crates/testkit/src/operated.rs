//! `Operated`: a cluster that `pinnace operator` looks after, as a process of its own with its own rights and no others. What it asks of the
//! cluster is counted by the cluster's audit log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cluster::{ClusterClient, KindKey, ObjectKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::devcluster::Options;
use crate::fleet::Request;
use crate::served::{documents, most_memory_kib};
use crate::shop::{CONTEXT, Fault};
use crate::{DevCluster, DevPostgres};

const OWN: &str = "pinnace-system";
const ACCOUNT: &str = "pinnace-operator";
/// The namespace of the server that all databases share, and the server's name in it.
pub const SERVER: (&str, &str) = ("data", "all");
const TOKEN_LASTS: Duration = Duration::from_hours(12);
/// Nothing was asked of the cluster for so long: it is at rest.
const AT_REST: Duration = Duration::from_secs(3);

/// The cluster, a PostgreSQL that stands for the shared server in it, and the operator.
pub struct Operated {
    /// The admin.
    pub admin: ClusterClient,
    /// The cluster, with nothing else in it.
    pub cluster: DevCluster,
    program: PathBuf,
    operator: Option<Child>,
    postgres: DevPostgres,
    read_up_to: u64,
    folder: TempDir,
}

impl Operated {
    /// Starts all parts.
    pub async fn start(program: &Path) -> Result<Self, Fault> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = DevCluster::start(Options { audit: true, ..Options::default() }).await?;
        // A bare loop asks as fast as it can, and waits for its turn.
        let settings = cluster::Settings { timeout: Duration::from_mins(2), ..cluster::Settings::default() };
        let admin = ClusterClient::connect_with(Some(cluster.kubeconfig()), CONTEXT, settings).await?;
        let (postgres, folder) = (DevPostgres::start().await?, TempDir::with_prefix("pinnace-operated-")?);
        let program = program.to_owned();
        let mut operated = Self { admin, cluster, program, operator: None, postgres, read_up_to: 0, folder };
        operated.grant().await?;
        operated.begin()?;
        Ok(operated)
    }

    /// What an administrator does: definitions, rights, and the password of the server that is shared.
    async fn grant(&self) -> Result<(), Fault> {
        let crds = self.printed(&["crds"]).await?;
        self.admin.set_up(&crds).await?;
        self.admin.wait_until_established(&crds.iter().collect::<Vec<_>>(), Duration::from_mins(1)).await?;
        for namespace in [OWN, SERVER.0] {
            self.admin.make_namespace(namespace).await?;
        }
        self.admin.set_up(&self.printed(&["operator", "rbac"]).await?).await?;
        let token = self.admin.token_of(ACCOUNT, TOKEN_LASTS).await?;
        let text = cluster::setup::kubeconfig_for(Some(self.cluster.kubeconfig()), CONTEXT, &token)?;
        fs::write(self.kubeconfig(), text.expose())?;
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": DevPostgres::PASSWORD},
            "metadata": {"name": format!("postgres.{}.{}-postgres-shared", SERVER.0, SERVER.1), "namespace": OWN}});
        self.admin.create(&secret).await?;
        Ok(())
    }

    /// What a command of the binary prints, as objects.
    async fn printed(&self, arguments: &[&str]) -> Result<Vec<Value>, Fault> {
        let output = Command::new(&self.program).args(arguments).output().await?;
        Ok(documents(&String::from_utf8_lossy(&output.stdout))?)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Starts the operator.
    pub fn begin(&mut self) -> Result<(), Fault> {
        let (namespace, server) = SERVER;
        let reach = format!("{server}-postgres-shared.{namespace}.svc:5432=127.0.0.1:{}", self.postgres.port());
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("operator.log"))?;
        let child = Command::new(&self.program)
            .args(["operator", "--context", CONTEXT, "--reach", &reach])
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.operator = Some(child);
        Ok(())
    }

    /// It is told to stop, lets its Lease go, and ends.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        let Some(mut child) = self.operator.take() else { return Ok(()) };
        let pid = child.id().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.ok_or_else(|| io::Error::other("it has no process"))?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        tokio::time::timeout(Duration::from_secs(30), child.wait()).await??;
        Ok(())
    }

    /// The most memory that it ever had, in KiB.
    pub fn most_memory_kib(&self) -> Result<u64, Fault> {
        let pid = self.operator.as_ref().and_then(Child::id).ok_or("it does not run")?;
        Ok(most_memory_kib(pid)?)
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("operator.log")).unwrap_or_default()
    }

    /// The App of a namespace.
    pub fn app(namespace: &str) -> ObjectKey {
        let kind = KindKey::new("pinnace.dev/v1alpha1", "App");
        ObjectKey { kind, namespace: Some(namespace.to_owned()), name: "shop".to_owned() }
    }

    /// The objects of a kind in a namespace.
    pub async fn listed(&self, api_version: &str, kind: &str, namespace: &str) -> Result<Vec<Value>, Fault> {
        Ok(self.admin.list(&KindKey::new(api_version, kind), namespace).await?)
    }

    /// What it asked of the cluster since the last time that this was called, without watches. Comes back once it asked nothing for
    /// some time.
    pub async fn requests_at_rest(&mut self) -> Result<Vec<Request>, Fault> {
        let mut all = self.requests()?;
        loop {
            tokio::time::sleep(AT_REST).await;
            let new: Vec<Request> = self.requests()?;
            // The Lease is renewed all the time.
            let rests = new.iter().all(|request| request.resource == "leases");
            all.extend(new);
            if rests {
                return Ok(all);
            }
        }
    }

    fn requests(&mut self) -> Result<Vec<Request>, Fault> {
        let log = self.cluster.audit_log().ok_or("the cluster keeps no audit log")?;
        let user = format!("system:serviceaccount:{OWN}:{ACCOUNT}");
        let (found, place) = crate::fleet::read_requests(log, &user, self.read_up_to)?;
        self.read_up_to = place;
        Ok(found.into_iter().filter(|request| request.verb != "watch").collect())
    }
}
