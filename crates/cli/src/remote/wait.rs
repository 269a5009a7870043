//! Waiting for the end of a pin or a fleet pin, and saying meanwhile where it is.

use std::io::{Write as _, stderr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::problem::exit;
use super::{Client, FleetShown, PinShown, Problem, read};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Nothing is silent for longer.
const SPEAK_EVERY: Duration = Duration::from_secs(10);

/// Whether to wait, and how long.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Wait {
    /// Wait until it is over. Exit codes: 0 done, 7 dropped or stopped, 8 never tried, 6 still under way
    #[arg(long)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
    timeout: u64,
}

impl Wait {
    /// Waits for the end of a pin where that was asked for; `wanted` are the stages that are a success.
    pub(crate) async fn then(&self, client: &Client, pin: u64, wanted: &[&str]) -> Result<ExitCode, Problem> {
        if !self.wait {
            say(&format!("follow it: pinnace show {pin} --wait, or {}/pins/{pin}", client.url()));
            return Ok(ExitCode::SUCCESS);
        }
        self.until_over(client, pin, wanted).await
    }

    async fn until_over(&self, client: &Client, number: u64, wanted: &[&str]) -> Result<ExitCode, Problem> {
        let begun = Instant::now();
        let mut told = Told::default();
        loop {
            let pin: PinShown = read(&client.get(&format!("/pins/{number}")).await?)?;
            told.tell(&pin);
            if pin.ended {
                return outcome(&pin, wanted);
            }
            if begun.elapsed() >= Duration::from_secs(self.timeout) {
                let what = format!("pin #{number} is still under way after {} s: {}", self.timeout, pin.sentence);
                return Err(Problem::with(exit::TIMED_OUT, what, format!("go on with: pinnace show {number} --wait")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for the end of a fleet pin where that was asked for; `wanted` are the states that are a success.
    pub(crate) async fn then_fleet(&self, client: &Client, fleet: u64, wanted: &[&str]) -> Result<ExitCode, Problem> {
        if !self.wait {
            say(&format!("follow it: pinnace show F{fleet} --wait, or {}/fleets/{fleet}", client.url()));
            return Ok(ExitCode::SUCCESS);
        }
        let begun = Instant::now();
        let mut told = FleetTold::default();
        loop {
            let shown: FleetShown = read(&client.get(&format!("/fleets/{fleet}")).await?)?;
            told.tell(&shown);
            if shown.ended {
                return outcome_of_fleet(&shown, wanted);
            }
            if begun.elapsed() >= Duration::from_secs(self.timeout) {
                let what =
                    format!("fleet pin F{fleet} is still under way after {} s: {}", self.timeout, shown.sentence);
                return Err(Problem::with(exit::TIMED_OUT, what, format!("go on with: pinnace show F{fleet} --wait")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether waiting was asked for.
    pub(crate) fn wanted(&self) -> bool {
        self.wait
    }
}

/// How a pin that is over ends the command.
fn outcome(pin: &PinShown, wanted: &[&str]) -> Result<ExitCode, Problem> {
    if wanted.contains(&pin.stage.as_str()) {
        return Ok(ExitCode::SUCCESS);
    }
    let hint = format!("pinnace show {}", pin.number);
    let problem = |code| Err(Problem::with(code, format!("{}: {}", pin.headline, pin.sentence), hint));
    match pin.stage.as_str() {
        "dropped" => problem(exit::DROPPED),
        "rejected" | "expired" | "cancelled" | "superseded" => problem(exit::NOT_TRIED),
        _ => problem(1),
    }
}

/// How a fleet pin that is over ends the command.
fn outcome_of_fleet(fleet: &FleetShown, wanted: &[&str]) -> Result<ExitCode, Problem> {
    let is_success = wanted.contains(&fleet.state.as_str()) && (fleet.state != "over" || fleet.did_something());
    if is_success {
        return Ok(ExitCode::SUCCESS);
    }
    let what = format!("{}: {}", fleet.headline, fleet.sentence);
    let code = if fleet.state == "stopped" { exit::DROPPED } else { exit::NOT_TRIED };
    Err(Problem::with(code, what, format!("pinnace show F{}", fleet.number)))
}

/// What was said already of a fleet pin: one line for each wave and each state, and a word when nothing happens for long.
struct FleetTold {
    about: Option<(String, usize)>,
    at: Instant,
}

impl Default for FleetTold {
    fn default() -> Self {
        Self { about: None, at: Instant::now() }
    }
}

impl FleetTold {
    fn tell(&mut self, fleet: &FleetShown) {
        let about = Some((fleet.state.clone(), fleet.wave()));
        if about != self.about || self.at.elapsed() >= SPEAK_EVERY {
            say(&fleet.line());
            (self.about, self.at) = (about, Instant::now());
        }
    }
}

/// What was said already.
struct Told {
    steps: usize,
    sentence: String,
    at: Instant,
}

impl Default for Told {
    fn default() -> Self {
        Self { steps: 0, sentence: String::new(), at: Instant::now() }
    }
}

impl Told {
    /// One line for each step that is new, and a word when nothing happens for long.
    fn tell(&mut self, pin: &PinShown) {
        let reached: Vec<_> = pin.steps.iter().filter(|step| step.reached()).collect();
        for step in reached.iter().skip(self.steps) {
            self.say(&step.line());
        }
        self.steps = reached.len();
        if pin.sentence != self.sentence || self.at.elapsed() >= SPEAK_EVERY {
            self.say(&pin.sentence);
            self.sentence.clone_from(&pin.sentence);
        }
    }

    fn say(&mut self, line: &str) {
        say(line);
        self.at = Instant::now();
    }
}

/// Talk goes to stderr.
fn say(line: &str) {
    // A closed terminal can't be told about.
    let _ = writeln!(stderr(), "{}", secrets::clean_terminal(line));
}
