//! The rights that the server needs in one cluster: exactly for the kinds and namespaces in use, read from the config repo.

use cluster::rbac::{Use, rbac_objects};
use cluster::{Kind, KindKey};
use config_repo::{Config, Instance, Mirror};
use serde_json::Value;

use crate::configuration;
use crate::problem::{Problem, ProblemCode};
use crate::sources;
use crate::tools::Tools;

/// The config at the branch's HEAD, with the instances that its patterns find there.
pub async fn head_config(mirror: &Mirror, config_file: &str) -> Result<Config, Problem> {
    let head = mirror.head();
    let files = mirror.read_files(&head, &[config_file]).await.map_err(|error| unreadable(error.to_string()))?;
    let bytes = files.get(config_file).ok_or_else(|| unreadable(format!("there is no `{config_file}`")))?;
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable(format!("`{config_file}` is not UTF-8")))?;
    let mut config = Config::parse(text, config_file).map_err(|error| unreadable(error.to_string()))?;
    config.find_instances(mirror, &head).await.map_err(|error| unreadable(error.to_string()))?;
    Ok(config)
}

/// The service account, roles and bindings for everything that the branch's HEAD runs in this kube context.
pub async fn rights(
    mirror: &Mirror,
    tools: Tools<'_>,
    context: &str,
    own_namespace: &str,
) -> Result<Vec<Value>, Problem> {
    let mut uses = Vec::new();
    for instance in tools.config.instances().into_iter().filter(|instance| instance.context == context) {
        let used = used_by(mirror, tools, &instance).await;
        uses.push(used.map_err(|why| unreadable(format!("{}: {why}", instance.id)))?);
    }
    if uses.is_empty() {
        let what = format!("nothing in `{}` runs in the context `{context}`", tools.config_file);
        return Err(Problem::new(ProblemCode::NotFound, what, "name a context that an environment uses"));
    }
    Ok(rbac_objects(own_namespace, &uses))
}

fn unreadable(why: String) -> Problem {
    Problem::new(ProblemCode::Invalid, why, "correct the config repo and run it again")
}

async fn used_by(mirror: &Mirror, tools: Tools<'_>, instance: &Instance) -> Result<Use, String> {
    let read = sources::read(mirror, instance, &mirror.head(), &tools.config.remote_bases).await;
    let read = read.map_err(|error| error.to_string())?;
    let accesses = configuration::accesses(tools.config, mirror, instance).await;
    let rendered = tools.render(instance, &read.files, &accesses).await?;
    let everything: Vec<render::Object> = rendered.everything().cloned().collect();
    let (inside, outside): (Vec<_>, Vec<_>) = everything.iter().partition(|object| object.key.namespace.is_some());
    let kinds = inside.into_iter().map(|object| Kind::presumed(&kind(object))).collect();
    let whole = outside.into_iter().map(|object| (Kind::presumed(&kind(object)), object.key.name.clone())).collect();
    let named = render::named_elsewhere(&everything).into_iter();
    let reads = named.filter(|(_, kind, _)| *kind != "Secret" || instance.check_secrets);
    let reads = reads.map(|(version, kind, name)| (Kind::presumed(&KindKey::new(version, kind)), name)).collect();
    let outside = rendered.steps.iter().flat_map(|step| &step.outside);
    let awaits = outside.map(|outside| (Kind::presumed(&awaited(outside)), outside.name.clone())).collect();
    let (namespace, watch_secrets) = (instance.namespace.clone(), instance.watch_secrets);
    let shows = everything.iter().flat_map(|object| crate::apps::named(&object.value));
    let shows = shows.map(|key| Kind::presumed(&key.kind)).collect();
    Ok(Use { namespace, kinds, watch_secrets, whole, reads, awaits, shows })
}

/// The version does not matter for a right.
fn awaited(outside: &render::Outside) -> KindKey {
    let version = outside.version.unwrap_or("v1").to_owned();
    KindKey { group: outside.group.clone(), version, kind: outside.kind.clone() }
}

fn kind(object: &render::Object) -> KindKey {
    crate::converge::key(object).kind
}
