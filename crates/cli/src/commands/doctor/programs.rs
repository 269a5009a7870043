//! The programs of others that the server starts: git, and where sources need them Helm and Kustomize, in a closed room.

use render::engine::{self, Engine};

use super::finding::Finding;
use super::subject::Subject;

pub(super) async fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = vec![git().await];
    let settings = subject.args.rendering.settings();
    for (engine, what) in [(Engine::Helm, "charts"), (Engine::Kustomize, "kustomizations")] {
        found.push(match engine::program(engine, &settings) {
            Some(path) => Finding::well(format!("{} is {}", engine.program(), path.display())),
            None => Finding::warning(
                format!("{} is not there: instances whose sources are {what} can't be rendered", engine.program()),
                format!("install it, or name it with --{}; without {what} it is not needed", engine.program()),
            ),
        });
    }
    found.push(if engine::can_confine() {
        Finding::well("the kernel can confine them (Landlock)")
    } else {
        let todo = "Linux 5.13 or newer with Landlock switched on; or `--unconfined`, which trusts every chart";
        Finding::warning(
            "the kernel can't confine them to their files (no Landlock): charts and kustomizations are refused",
            todo,
        )
    });
    found
}

async fn git() -> Finding {
    let version = async {
        let git = config_repo::Git::new()?;
        git.version().await
    };
    match version.await {
        Ok(version) => Finding::well(format!("git is {version}")),
        Err(error) => Finding::broken(format!("git does not run: {error}"), "install git 2.34 or newer"),
    }
}
