//! Images of a pushed commit: whether the registry has them, and for the machines that their pods ask for. Builds that are announced were
//! asked about when they came; what people write is not, unless its registry is named in `pinnace.yaml`.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use config_repo::Instance;
use model::ImageRef;
use render::Rendered;

use crate::inner::Inner;
use crate::registry::ResolveError;
use crate::trouble::Trouble;

/// Images that a registry had once: each is asked about once in the life of the process.
#[derive(Default)]
pub(crate) struct SeenImages(Mutex<HashSet<String>>);

/// So many are remembered.
const MOST_SEEN: usize = 10_000;

impl SeenImages {
    fn has(&self, slot: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(slot)
    }

    fn keep(&self, slot: String) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_SEEN {
            seen.clear();
        }
        seen.insert(slot);
    }
}

impl Inner {
    /// Refuses a set with an image that is not in its registry, or not made for the machines. A registry that does not answer stops
    /// nothing: machines may have the image, or reach the registry where we don't.
    pub(crate) async fn check_images(&self, instance: &Instance, rendered: &Rendered) -> Result<(), Trouble> {
        let config = self.config();
        for used in render::images(&rendered.everything().cloned().collect::<Vec<_>>()) {
            let Ok(image) = used.image.parse::<ImageRef>() else { continue };
            let machines = machines(used.architecture, instance);
            let slot = format!("{image} {}", machines.join(" "));
            // The project's own was asked about when it was announced; for whom it is made is another question.
            let is_own = image.repository == instance.image && !machines.is_empty();
            let is_known = is_own || config.registries.contains_key(image.repository.registry());
            if !is_known || self.seen_images.has(&slot) {
                continue;
            }
            let why = match self.resolved(&image).await {
                Ok(resolved) => {
                    let missing = machines.iter().find(|wanted| !runs_on(&resolved.platforms, wanted));
                    missing.map(|wanted| {
                        format!(
                            "the image `{image}` is not made for `{wanted}`: {}",
                            whose(used.architecture, instance)
                        )
                    })
                }
                Err(error @ (ResolveError::NotFound { .. } | ResolveError::NotAnImage { .. })) => {
                    Some(error.to_string())
                }
                Err(error) => {
                    tracing::info!(%error, "an image was not checked");
                    continue;
                }
            };
            let Some(why) = why else {
                self.seen_images.keep(slot);
                continue;
            };
            let object = used.object;
            return Err(Trouble::Impossible(format!("it could not run: {}: {}: {why}", object.place, object.key)));
        }
        Ok(())
    }
}

/// What the pods ask for, else whatever machines there are.
fn machines<'a>(asked: Option<&'a str>, instance: &'a Instance) -> Vec<&'a str> {
    match asked {
        Some(one) => vec![one],
        None => instance.architectures.iter().map(String::as_str).collect(),
    }
}

fn whose(asked: Option<&str>, instance: &Instance) -> String {
    match asked {
        Some(_) => "its pods ask for that".to_owned(),
        None => format!(
            "machines of `{}` are; build it for them too, or let its pods choose others by nodeSelector",
            instance.id.environment
        ),
    }
}

/// Whether an image has a part for this architecture; where it does not say, it may.
fn runs_on(platforms: &[String], architecture: &str) -> bool {
    platforms.is_empty() || platforms.iter().any(|platform| platform.split('/').nth(1) == Some(architecture))
}

#[cfg(test)]
mod tests {
    use super::runs_on;

    #[test]
    fn an_image_runs_where_it_has_a_part_for_or_does_not_say() {
        let both = ["linux/amd64".to_owned(), "linux/arm64/v8".to_owned()];
        assert!(runs_on(&both, "arm64") && runs_on(&both, "amd64") && runs_on(&[], "arm64"));
        assert!(!runs_on(&both, "s390x"));
    }
}
