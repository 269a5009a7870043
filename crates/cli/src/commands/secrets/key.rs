//! `pinnace secrets key`: the private key in a cluster, where the server and apps mount it.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use cluster::{ClusterClient, KEY_FILE, KeySecret};
use secrets::Secret;
use secrets::sops::Identities;

use super::file::{print, read_bounded};

/// A key is a line.
const LARGEST: u64 = 1 << 20;

/// The private key in a cluster: put there, got back, looked at
///
/// It lies in one Secret, under `key.txt`, which the server's Deployment mounts (docs/secrets.md says how). Your own rights in
/// the cluster count.
#[derive(Debug, clap::Args)]
pub(super) struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Install(Install),
    Fetch(Fetch),
    Status(Status),
}

/// Which Secret.
#[derive(Debug, clap::Args)]
struct Place {
    /// The kubeconfig
    #[arg(long, env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// The cluster, as the kubeconfig calls it
    #[arg(long)]
    context: String,
    /// The Secret's namespace
    #[arg(long, default_value = "pinnace-system")]
    namespace: String,
    /// The Secret's name
    #[arg(long, default_value = "pinnace-age-key")]
    name: String,
}

/// Put a private key into the cluster
///
/// Another key that is there is not replaced without --replace: files for that key alone could no longer be opened.
#[derive(Debug, clap::Args)]
struct Install {
    #[command(flatten)]
    place: Place,
    /// The file with the private key, as `pinnace secrets keygen` writes it
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Replace another key
    #[arg(long)]
    replace: bool,
}

/// Get the private key out of the cluster
#[derive(Debug, clap::Args)]
struct Fetch {
    #[command(flatten)]
    place: Place,
    /// Write it into this new file, which only you can read; else it is printed, and to a terminal with --print alone
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print it to a terminal too
    #[arg(long, conflicts_with = "out")]
    print: bool,
}

/// Say whether there is a key, and which public key belongs to it
#[derive(Debug, clap::Args)]
struct Status {
    #[command(flatten)]
    place: Place,
}

/// Does it.
pub(super) fn run(args: &Key) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        match &args.what {
            What::Install(args) => install(args).await,
            What::Fetch(args) => fetch(args).await,
            What::Status(args) => status(args).await,
        }
    })
}

impl Place {
    async fn client(&self) -> anyhow::Result<ClusterClient> {
        Ok(ClusterClient::connect(self.kubeconfig.as_deref(), &self.context).await?)
    }

    async fn read(&self, client: &ClusterClient) -> anyhow::Result<Option<KeySecret>> {
        Ok(client.key_secret(&self.namespace, &self.name).await?)
    }

    /// `the Secret pinnace-system/pinnace-age-key in prod`
    fn named(&self) -> String {
        let named = format!("the Secret {}/{} in {}", self.namespace, self.name, self.context);
        secrets::clean_terminal(&named)
    }
}

async fn install(args: &Install) -> anyhow::Result<ExitCode> {
    let (place, told) = (&args.place, || args.key_file.display().to_string());
    let bytes = Secret::new(read_bounded(&args.key_file, LARGEST).with_context(told)?);
    let keys = identities(bytes.expose()).with_context(told)?;
    let client = place.client().await?;
    let there = place.read(&client).await?;
    let public = keys.recipients().join(", ");
    if let Some(there) = &there {
        if !there.is_ours {
            bail!("{} is there and holds something else: choose another --name", place.named());
        }
        if there.value.as_deref() == Some(bytes.expose().as_slice()) {
            say(&format!("{} holds this key already: {public}\n", place.named()))?;
            return Ok(ExitCode::SUCCESS);
        }
        if !args.replace {
            let other = recipients(there).unwrap_or_else(|| "one that can't be read".to_owned());
            bail!(
                "{} holds another key ({other}): files that are encrypted for that alone could no longer be opened. Encrypt them \
                 for {public} too, and say --replace",
                place.named()
            );
        }
    }
    client.write_key_secret(&place.namespace, &place.name, bytes.expose(), there.as_ref()).await?;
    say(&format!("{} opens what is encrypted for {public}\n", place.named()))?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(args: &Fetch) -> anyhow::Result<ExitCode> {
    if args.out.is_none() && !args.print && stdout().is_terminal() {
        bail!("standard output is a terminal: write the key into a file with --out, or say --print");
    }
    let place = &args.place;
    let there = place.read(&place.client().await?).await?;
    let there = there.with_context(|| format!("{} is not there", place.named()))?;
    let value = there.value.with_context(|| format!("{} has no `{KEY_FILE}`", place.named()))?;
    let value = Secret::new(value);
    let Some(path) = &args.out else { return print(value.expose()).map(|()| ExitCode::SUCCESS) };
    let told = || format!("{}: making the file failed: name one that is not there", path.display());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(told)?;
    file.write_all(value.expose()).and_then(|()| file.sync_all()).with_context(told)?;
    Ok(ExitCode::SUCCESS)
}

async fn status(args: &Status) -> anyhow::Result<ExitCode> {
    let place = &args.place;
    let Some(there) = place.read(&place.client().await?).await? else {
        say(&format!("{} is not there: put a key into it with `pinnace secrets key install`\n", place.named()))?;
        return Ok(ExitCode::FAILURE);
    };
    let Some(public) = recipients(&there) else {
        say(&format!("{} holds no key that can be read\n", place.named()))?;
        return Ok(ExitCode::FAILURE);
    };
    let by = if there.is_ours { "" } else { ", and was not made by `pinnace secrets key install`" };
    say(&format!("{} opens what is encrypted for {public}{by}\n", place.named()))?;
    Ok(ExitCode::SUCCESS)
}

fn recipients(there: &KeySecret) -> Option<String> {
    Some(identities(there.value.as_deref()?).ok()?.recipients().join(", "))
}

fn identities(bytes: &[u8]) -> anyhow::Result<Identities> {
    let text = str::from_utf8(bytes).context("it is no text")?;
    Ok(Identities::parse(&Secret::new(text.to_owned()))?)
}

fn say(text: &str) -> anyhow::Result<()> {
    print(text.as_bytes())
}
