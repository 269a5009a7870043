//! A sender announces a build.

use model::{Announcement, ProjectName};
use store::{BuildId, NewBuild};

use crate::Control;
use crate::problem::{Problem, ProblemCode};

/// Where an announcement was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its row.
    pub build: BuildId,
    /// Whether that delivery was here before.
    pub duplicate: bool,
}

impl Control {
    /// Stores an announcement. When this answers, the row is on disk. The image must be exactly the project's.
    pub async fn receive(
        &self,
        project: &ProjectName,
        sender: &str,
        delivery: &str,
        announcement: Announcement,
    ) -> Result<Receipt, Problem> {
        let config = self.inner.config();
        let Some(known) = config.projects.get(project) else {
            let what = format!("there is no project `{project}` in pinnace.yaml");
            return Err(Problem::new(ProblemCode::NotFound, what, "add it, or post to the right project"));
        };
        if announcement.image != known.image {
            let what = format!("this is about `{}`, and `{project}` deploys `{}`", announcement.image, known.image);
            return Err(Problem::new(ProblemCode::NotAllowed, what, "post it to the project that deploys it"));
        }
        let build = NewBuild {
            project: project.clone(),
            sender: sender.to_owned(),
            delivery: delivery.to_owned(),
            announcement,
            at: self.inner.clock.now(),
        };
        let stored = self.inner.store.receive(build).await?;
        self.inner.wakes.builds.notify_one();
        Ok(Receipt { build: stored.build, duplicate: stored.duplicate })
    }
}
