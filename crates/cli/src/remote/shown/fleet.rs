//! A fleet pin at a terminal.

use std::fmt::Write as _;

use serde::Deserialize;

/// A fleet pin.
#[derive(Debug, Deserialize)]
pub(crate) struct FleetShown {
    pub(crate) number: u64,
    project: String,
    environment: String,
    pub(crate) state: String,
    pub(crate) ended: bool,
    pub(crate) headline: String,
    pub(crate) sentence: String,
    to: Image,
    waves: Waves,
    instances: Tally,
    failure: Option<Failure>,
    /// Names what people are asked; none while they are not.
    pub(crate) shown: Option<String>,
    #[serde(default)]
    pins: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Image {
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Waves {
    begun: usize,
    all: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Tally {
    all: usize,
    waiting: usize,
    running: usize,
    done: usize,
    failed: usize,
    left_out: usize,
}

#[derive(Debug, Deserialize)]
struct Failure {
    pin: u64,
    instance: String,
    sentence: String,
    technical: String,
    log: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Member {
    number: u64,
    instance: String,
    place: String,
    sentence: String,
}

impl FleetShown {
    /// Where, how many, and what would run.
    pub(crate) fn what(&self) -> String {
        format!("{}/{}, {} instances -> {}", self.project, self.environment, self.instances.all, self.to.version)
    }

    /// A line in a list.
    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            format!("F{}", self.number),
            format!("{}/{}", self.project, self.environment),
            self.to.version.clone(),
            self.state.clone(),
            format!("{}/{}", self.instances.done, self.instances.all),
            self.sentence.clone(),
        ]
    }

    /// All of it.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("{}\n{}\n\n", self.headline, self.sentence);
        for member in &self.pins {
            let sentence = if member.sentence.is_empty() { String::new() } else { format!("  {}", member.sentence) };
            let _ = writeln!(text, "  {:9}  #{} {}{sentence}", member.place, member.number, member.instance);
        }
        if let Some(failure) = &self.failure {
            let Failure { pin, instance, sentence, technical, log } = failure;
            let _ = writeln!(text, "\nfirst failed: #{pin} {instance}: {sentence}\n{technical}");
            for line in log {
                let _ = writeln!(text, "  | {line}");
            }
        }
        secrets::clean_terminal(&text)
    }

    /// How many waves were begun.
    pub(crate) fn wave(&self) -> usize {
        self.waves.begun
    }

    /// Whether something of it is recorded.
    pub(crate) fn did_something(&self) -> bool {
        self.instances.done > 0
    }

    /// Where it is, in a line: the wave that runs, else its sentence.
    pub(crate) fn line(&self) -> String {
        let Tally { waiting, running, done, failed, left_out, .. } = self.instances;
        if self.waves.begun == 0 || self.ended {
            return self.sentence.clone();
        }
        let counts =
            [(running, "begun"), (done, "done"), (failed, "failed"), (waiting, "to come"), (left_out, "left out")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts = counts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
        format!("wave {} of {}: {counts}", self.waves.begun, self.waves.all)
    }
}
