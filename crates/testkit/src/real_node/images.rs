//! Images that a real node can run: servers from Debian's packages, and a web app for tests.
//!
//! They lie in the cache folder, in a registry that all clusters share, and are made again only when what they are made from changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Inside;
use crate::devcluster::{DevClusterError, binaries, cache_folder};
use crate::go_build::{Program, built, in_checkout};

/// A server from Debian's packages. How each is started stands in `devcluster/images/<recipe>/files/usr/local/bin`.
#[derive(Clone, Copy, Debug)]
pub enum Recipe {
    /// PostgreSQL 15, started as the official image does it.
    Postgres,
    /// Redis 7.
    Redis,
    /// RabbitMQ 3.10 with its management API.
    RabbitMq,
    /// Patroni 3 with PostgreSQL 15.
    Patroni,
}

impl Recipe {
    /// Its repository and tag.
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("postgres", "15"),
            Self::Redis => ("redis", "7.0"),
            Self::RabbitMq => ("rabbitmq", "3.10"),
            Self::Patroni => ("patroni", "3.0"),
        }
    }
}

/// A version of the web app in `examples/orders`.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What it says of itself, and its tag.
    pub version: String,
    /// How many of its migrations it has: 1 makes the table of orders, 2 alters it.
    pub migrations: usize,
    /// What is wrong with it.
    pub behaviour: Behaviour,
}

/// What is wrong with a version of the web app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Nothing.
    #[default]
    Works,
    /// Its last migration fails.
    MigrationFails,
    /// It migrates, and every process of it crashes at its start.
    Crashes,
}

/// An image in a cluster's registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeImage {
    /// With the registry: `127.0.0.1:<port>/postgres`.
    pub repository: String,
    /// `15`.
    pub tag: String,
    /// `sha256:...`.
    pub digest: String,
}

impl NodeImage {
    /// As manifests name it, `repository:tag@digest`.
    pub fn reference(&self) -> String {
        format!("{}:{}@{}", self.repository, self.tag, self.digest)
    }
}

const ORDERS: Program = Program {
    name: "orders",
    module: "examples/orders",
    packages: &["."],
    linker_flags: "-s -w",
    takes: "about a minute, once",
};

/// The folders of recipes.
const RECIPES: &str = "devcluster/images";
/// Roots kept in the cache for each image that has versions.
const ROOTS_KEPT: usize = 12;

impl Inside {
    /// Makes a server's image, which takes about half a minute the first time, and pushes it to the cluster's registry.
    pub async fn server_image(&self, recipe: Recipe) -> Result<NodeImage, DevClusterError> {
        let (name, tag) = recipe.name();
        let folder = in_checkout(RECIPES).join(name);
        let config = folder.join("config.json");
        let config = fs::read_to_string(&config).map_err(DevClusterError::io(format!("read {}", config.display())))?;
        let root =
            blocking(move || made(name, &key_of(&in_checkout(RECIPES), name)?, |root| unpack(name, root))).await?;
        self.push(name, tag, &root, &config).await
    }

    /// Makes the image of a version of the web app and pushes it to the cluster's registry.
    pub async fn orders_image(&self, orders: &Orders) -> Result<NodeImage, DevClusterError> {
        orders.push_to(&format!("{}/orders", self.registry)).await
    }

    /// Pushes an image whose root is this folder. The same files make the same digest.
    pub async fn push(&self, name: &str, tag: &str, root: &Path, config: &str) -> Result<NodeImage, DevClusterError> {
        push(format!("{}/{name}", self.registry), tag, root, config).await
    }
}

impl Orders {
    /// Makes the image and pushes it to a repository of any registry on this machine's loopback: `127.0.0.1:<port>/acme/shop`.
    pub async fn push_to(&self, repository: &str) -> Result<NodeImage, DevClusterError> {
        let wanted = self.clone();
        let root = blocking(move || {
            let program = built(&ORDERS)?;
            let source = in_checkout(ORDERS.module);
            let mut files = listed(&source.join("migrations"))?;
            files.extend(listed(&source.join("static"))?);
            let key = hash_of(&format!("{} {wanted:?}", program.display()), &source, &files)?;
            made("orders", &key, |root| lay_out(&program.join("orders"), &wanted, root))
        });
        let config = json!({"Entrypoint": ["/orders"], "Cmd": ["web"], "User": "1000:1000"});
        push(repository.to_owned(), &self.version, &root.await?, &config.to_string()).await
    }
}

async fn push(repository: String, tag: &str, root: &Path, config: &str) -> Result<NodeImage, DevClusterError> {
    let devcluster = binaries().await?.devcluster;
    let mut command = Command::new(devcluster);
    command.arg("push-image").arg(format!("--name={repository}:{tag}")).arg(format!("--root={}", root.display()));
    command.arg(format!("--config={config}"));
    let output = blocking(move || run(&mut command, "push an image")).await?;
    let digest = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(NodeImage { repository, tag: tag.to_owned(), digest })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DevClusterError> + Send + 'static,
) -> Result<T, DevClusterError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|joining| DevClusterError::Build { output: joining.to_string() })?
}

fn run(command: &mut Command, action: &str) -> Result<Output, DevClusterError> {
    let output = command.output().map_err(DevClusterError::io(action))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(DevClusterError::Build { output: format!("{action}: {}", String::from_utf8_lossy(&output.stderr)) })
}

/// The root of an image in the cache. Other processes that want the same wait at the lock, and find it done.
fn made(
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> Result<(), DevClusterError>,
) -> Result<PathBuf, DevClusterError> {
    let roots = cache_folder()?.join("images").join(name);
    fs::create_dir_all(&roots).map_err(DevClusterError::io(format!("make {}", roots.display())))?;
    let lock = File::create(roots.join("make.lock")).map_err(DevClusterError::io("make the lock of an image"))?;
    lock.lock().map_err(DevClusterError::io("wait for another process's image"))?;
    let root = roots.join(key);
    if !root.exists() {
        let part = roots.join("making");
        let _ = fs::remove_dir_all(&part);
        make(&part)?;
        fs::rename(&part, &root).map_err(DevClusterError::io(format!("make {}", root.display())))?;
        crate::go_build::forget_old(&roots, ROOTS_KEPT);
    }
    Ok(root)
}

/// Unpacks a server's packages.
fn unpack(name: &str, root: &Path) -> Result<(), DevClusterError> {
    run(Command::new(in_checkout(RECIPES).join("build")).arg(name).arg(root), &format!("unpack {name}")).map(drop)
}

/// A short hash of a recipe: what all share, and its own files.
fn key_of(recipes: &Path, name: &str) -> Result<String, DevClusterError> {
    let mut files = vec![recipes.join("build"), recipes.join("unwanted")];
    gather(&recipes.join(name), &mut files)?;
    files.sort();
    hash_of("", recipes, &files)
}

/// A short hash of a text, and of files with their names in a folder.
fn hash_of(text: &str, folder: &Path, files: &[PathBuf]) -> Result<String, DevClusterError> {
    let mut hash = Sha256::new_with_prefix(text);
    for file in files {
        hash.update(file.strip_prefix(folder).unwrap_or(file).as_os_str().as_encoded_bytes());
        let text = fs::read(file).map_err(DevClusterError::io(format!("read {}", file.display())))?;
        hash.update(Sha256::digest(text));
    }
    Ok(crate::hex(&hash.finalize()[..6]))
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), DevClusterError> {
    let reading = DevClusterError::io(format!("read {}", folder.display()));
    for path in fs::read_dir(folder).map_err(reading)?.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Lays out the files of a version of the web app.
fn lay_out(program: &Path, orders: &Orders, root: &Path) -> Result<(), DevClusterError> {
    let source = in_checkout(ORDERS.module);
    let mut numbered = listed(&source.join("migrations"))?;
    let failing = numbered.iter().position(|path| path.to_string_lossy().ends_with("_fails.sql"));
    let failing = failing.map(|index| numbered.remove(index));
    numbered.truncate(orders.migrations);
    numbered.extend(failing.filter(|_| orders.behaviour == Behaviour::MigrationFails));
    let mut copies = vec![(program.to_path_buf(), root.join("orders"))];
    for (folder, files) in [("migrations", numbered), ("static", listed(&source.join("static"))?)] {
        let target = root.join("srv").join(folder);
        copies.extend(files.into_iter().map(|file| (file.clone(), target.join(file.file_name().unwrap_or_default()))));
    }
    let laid = || {
        for folder in ["etc/orders", "srv/migrations", "srv/static", "tmp"] {
            fs::create_dir_all(root.join(folder))?;
        }
        copies.iter().try_for_each(|(from, to)| fs::copy(from, to).map(drop))?;
        if orders.behaviour == Behaviour::Crashes {
            fs::write(root.join("etc/orders/behaviour"), "crash\n")?;
        }
        fs::write(root.join("etc/orders/version"), format!("{}\n", orders.version))
    };
    laid().map_err(DevClusterError::io("lay out the web app's image"))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, DevClusterError> {
    let mut files = Vec::new();
    gather(folder, &mut files)?;
    files.sort();
    Ok(files)
}
