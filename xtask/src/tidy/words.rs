//! What may stand in a few places only, or in none.

use super::{Complaints, File, House};

/// A word, where it may stand (paths that begin so), and why nowhere else.
struct Rule {
    word: &'static str,
    may: &'static [&'static str],
    why: &'static str,
}

/// For Rust that ships.
const IN_PRODUCTION: [Rule; 5] = [
    Rule {
        word: "Command::new(",
        may: &[
            "crates/config-repo/src/git.rs",
            "crates/cli/src/commands/demo/",
            "crates/cli/src/commands/secrets/programs/",
            "crates/cluster/src/client/login.rs",
            "crates/render/src/engine/run.rs",
            "crates/render/src/engine/sandbox.rs",
            "crates/testkit/",
        ],
        why: "outside programs are started in one place, with an empty environment, a timeout and bounds",
    },
    Rule {
        word: "SystemTime::now(",
        may: &["crates/control/src/clock.rs", "crates/testkit/"],
        why: "the time of day comes from the one clock, so that tests can say what time it is",
    },
    Rule {
        word: "Timestamp::now(",
        may: &[
            "crates/cluster/src/client/connection.rs",
            "crates/control/src/clock.rs",
            "crates/operator/src/driver/clock.rs",
            "crates/testkit/",
        ],
        why: "the time of day comes from the one clock, so that tests can say what time it is",
    },
    Rule { word: "thread::sleep(", may: &["crates/testkit/"], why: "no worker sleeps" },
    Rule {
        word: "time::sleep(",
        may: &[
            "crates/chat/src/services/",
            "crates/cli/src/commands/demo/",
            "crates/cli/src/remote/wait.rs",
            "crates/cluster/src/apply.rs",
            "crates/cluster/src/client/request.rs",
            "crates/cluster/src/watch/stream.rs",
            "crates/control/src/effects/watch.rs",
            "crates/control/src/loops/",
            "crates/control/src/steps.rs",
            "crates/operator/src/driver/lead.rs",
            "crates/operator/src/driver/lane.rs",
            "crates/server/src/glance.rs",
            "crates/server/src/live.rs",
            "crates/server/src/serve.rs",
            "crates/testkit/",
        ],
        why: "waiting is for a signal; a pause stands between tries, or beside a signal as its limit",
    },
];

/// For every file. The words are put together here so that they do not stand here.
const ANYWHERE: [Rule; 6] = [
    Rule { word: concat!("crates", ".io/"), may: &["Cargo.lock"], why: HOSTS },
    Rule { word: concat!("npm", "js."), may: &[], why: HOSTS },
    Rule { word: concat!("pypi", ".org"), may: &[], why: HOSTS },
    Rule { word: concat!("proxy.", "golang.org"), may: &[], why: HOSTS },
    Rule { word: concat!("/wo", "rk/"), may: &[], why: MACHINE },
    Rule { word: concat!("/ro", "ot/"), may: &[], why: MACHINE },
];

const HOSTS: &str = "which package registry is asked is the machine's affair";
const MACHINE: &str = "a path of somebody's machine is nobody else's";

/// Every word that stands where it may not.
pub(super) fn check(house: &House) -> Complaints {
    let shipped =
        house.production().filter(|file| !file.path.starts_with("xtask/") && !file.path.starts_with("bench/"));
    let in_production = shipped.flat_map(|file| {
        let code = file.production_lines().filter(|line| !line.trim_start().starts_with("//"));
        broken(file, &code.collect::<Vec<_>>().join("\n"), &IN_PRODUCTION)
    });
    let anywhere = house.files.iter().flat_map(|file| broken(file, &file.text, &ANYWHERE));
    in_production.chain(anywhere).collect()
}

fn broken(file: &File, text: &str, rules: &[Rule]) -> Complaints {
    let rules = rules.iter().filter(|rule| text.contains(rule.word));
    let broken = rules.filter(|rule| !rule.may.iter().any(|place| file.path.starts_with(place)));
    broken.map(|rule| format!("{} has `{}`: {}", file.path, rule.word, rule.why)).collect()
}
