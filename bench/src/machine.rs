//! What a figure was measured on: without it a figure says nothing.

use std::fs;
use std::io::Write as _;

/// One line on the machine and the moment.
pub(crate) fn described() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = line("/proc/meminfo", "MemTotal:").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    let memory = memory.map_or_else(|| "?".to_owned(), |kib| (kib / 1024 / 1024).to_string());
    let model = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unnamed processor".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(1).collect();
    format!(
        "{} UTC; {cores} cores ({}), {memory} GiB, Linux {}, load before it began {}",
        jiff::Timestamp::now().strftime("%F %H:%M"),
        model.trim_start_matches(':').trim(),
        kernel.trim(),
        load.join(" "),
    )
}

/// The profile that this was built with.
pub(crate) fn profile() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

fn line(file: &str, begins: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(begins)).map(|rest| rest.trim().to_owned())
}

/// Says on stderr what is being done, with the time.
pub(crate) fn say(line: &str) {
    // A closed terminal can't be told about.
    let _ = writeln!(std::io::stderr(), "{} {line}", jiff::Timestamp::now().strftime("%T"));
}
