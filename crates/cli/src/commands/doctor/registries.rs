//! The registries of the projects' images: they answer, and show us what is there.

use control::registry::{RegistryClient, ResolveError, access_of};
use model::Tag;

use super::finding::Finding;
use super::subject::Subject;

/// A tag that nobody has: being told that it is not there is all that is wanted.
const NOBODYS: &str = "pinnace-doctor-looks-whether-you-answer";

pub(super) async fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let (config, mirror) = match subject.known() {
        Ok(known) => known,
        Err(nothing) => return nothing,
    };
    let (client, tag) = (RegistryClient::default(), NOBODYS.parse::<Tag>().ok());
    let mut found = Vec::new();
    for (name, project) in &config.projects {
        let host = project.image.registry();
        let answer = async {
            let access = access_of(config, mirror, host).await?;
            client.resolve(&project.image, tag.as_ref(), None, &access).await
        };
        found.push(match answer.await {
            Ok(_) | Err(ResolveError::NotFound { .. }) => {
                Finding::well(format!("{name}: {host} answers about {}", project.image))
            }
            Err(error) => {
                let todo = format!("see `registries` in the config's page; `{host}` may need `ask`, `ca` or `auth`");
                Finding::broken(subject.clean(&format!("{name}: {error}")), todo)
            }
        });
    }
    found
}
