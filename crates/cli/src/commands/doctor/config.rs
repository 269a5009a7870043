//! The config repo: reachable, readable, every instance renders, and we may push to it.

use config_repo::PushOutcome;

use super::finding::Finding;
use super::subject::Subject;

pub(super) async fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let mirror = match &subject.mirror {
        Ok(mirror) => mirror,
        Err(why) => return vec![Finding::broken(subject.clean(why), "check --repo, --branch and the credentials")],
    };
    let mut found = vec![Finding::well(format!("{} is at {}", mirror.url(), mirror.head().short()))];
    found.push(match mirror.check_push().await {
        Ok(PushOutcome::Pushed) => Finding::well("we may push there, as far as it says so beforehand"),
        Ok(PushOutcome::Refused { reason }) => {
            let todo = "let the server's credentials push to the branch: every verified pin is committed there";
            Finding::broken(format!("we may not push there: {}", subject.clean(&reason)), todo)
        }
        Ok(PushOutcome::HeadMoved) => Finding::warning("whether we may push there can't be told", "run it again"),
        Err(error) => Finding::broken(subject.clean(&error.to_string()), "check the credentials"),
    });
    let file = &subject.args.repo.config_file;
    let config = match &subject.config {
        Ok(config) => config,
        Err(why) => {
            found.push(Finding::broken(
                subject.clean(why),
                format!("correct `{file}`; the last good config stays in force"),
            ));
            return found;
        }
    };
    let instances = config.instances().len();
    found
        .push(Finding::well(format!("`{file}` is right; projects: {}, instances: {instances}", config.projects.len())));
    found.extend(config.found.odd.iter().map(|odd| Finding::warning(subject.clean(odd), "give it a name that fits")));
    for (context, rendered) in subject.rights().await {
        found.push(match rendered {
            Ok(_) => Finding::well(format!("all instances in the context `{context}` render")),
            Err(problem) => Finding::broken(subject.clean(&problem.what), problem.next.clone()),
        });
    }
    found
}
