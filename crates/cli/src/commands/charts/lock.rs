//! `pinnace charts lock`: chooses versions and writes them down.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use config_repo::charts::{ChartLock, LockedChart, PinnedChart};
use control::charts::Charts;

use super::{Wanted, wanted};
use crate::checkout::{Checkout, CheckoutArgs};
use crate::remote::exit;

/// Write down which version of each chart is used, with the digest of its archive
///
/// What is locked already and still allowed stays as it is. The exit code of --check is 3 when something is to be locked.
///
/// Examples:
///   pinnace charts lock
///   pinnace charts lock --update web
///   pinnace charts lock --check
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Lock {
    #[command(flatten)]
    checkout: CheckoutArgs,
    /// Write nothing and ask nobody; exit with 3 when the files do not fit pinnace.yaml
    #[arg(long, conflicts_with_all = ["update", "update_all"])]
    check: bool,
    /// Take the newest version of this chart that its range allows; may be given again
    #[arg(long, value_name = "NAME")]
    update: Vec<String>,
    /// Take the newest version of each chart that its range allows
    #[arg(long)]
    update_all: bool,
}

/// Locks them.
pub(super) async fn run(args: &Lock) -> anyhow::Result<ExitCode> {
    let checkout = args.checkout.open()?;
    let wanted = wanted(&checkout);
    if let Some(name) = args.update.iter().find(|name| !wanted.iter().any(|one| one.chart.place.name() == **name)) {
        bail!("no source in pinnace.yaml names the chart `{name}`: correct --update");
    }
    let old = Before::read(&checkout, &wanted)?;
    let mut new = BTreeMap::new();
    let mut lock = ChartLock::default();
    let folder = tempfile::tempdir().context("making a folder for the archives")?;
    let charts = Charts::new(folder.path().to_owned());
    let (mut lines, mut differs) = (Vec::new(), false);
    for one in &wanted {
        let before = old.of(one);
        let update = args.update_all || args.update.iter().any(|name| name == one.chart.place.name());
        let kept = before.clone().filter(|locked| !update && one.chart.range.holds(&locked.version));
        differs |= kept.is_none();
        let now = match kept {
            Some(kept) => kept,
            None if args.check => {
                lines.push(format!("{}: {} {} is to be locked", one.file, one.chart.place, one.chart.range));
                continue;
            }
            None => {
                let access = checkout.access(&one.chart.place.host())?;
                charts.resolve(&one.chart, &access).await?
            }
        };
        lines.extend(line(one, before.as_ref(), &now));
        if one.chart.pinned.is_some() {
            new.insert(one.file.clone(), PinnedChart(now).to_text(&one.chart.place.to_string()));
        } else {
            lock.set(&one.chart, now);
        }
    }
    if !lock.is_empty() || old.lock_text.is_some() {
        new.insert(checkout.config.lock_file.clone(), lock.to_text());
    }
    let stale = old.lock_text.is_some() && old.lock.len() > lock.len();
    if args.check {
        if stale && !differs {
            lines.push(format!("{}: has charts that no source names", checkout.config.lock_file));
        }
        print(&lines)?;
        return Ok(if differs || stale { ExitCode::from(exit::DIFFERS) } else { ExitCode::SUCCESS });
    }
    for (file, text) in &new {
        write(&checkout, &old, file, text)?;
    }
    print(&lines)?;
    Ok(ExitCode::SUCCESS)
}

/// A file of an instance that is there keeps all bytes but the two values.
fn write(checkout: &Checkout, old: &Before, file: &str, text: &str) -> anyhow::Result<()> {
    let before = checkout.text(file)?;
    let text = match (&before, old.pinned.get(file)) {
        (Some(before), Some(_)) => {
            let new = PinnedChart::parse(text.as_bytes(), file)?.0;
            let set = |text: &str, path: &str, value: &str| config_repo::yaml_edit::set_scalar(text, 0, path, value);
            let version = set(before, "version", new.version.as_str()).with_context(|| file.to_owned())?;
            set(&version, "digest", new.digest.as_str()).with_context(|| file.to_owned())?
        }
        _ => text.to_owned(),
    };
    if before.as_ref() == Some(&text) { Ok(()) } else { checkout.write(file, &text) }
}

/// What is locked now.
struct Before {
    lock: ChartLock,
    lock_text: Option<String>,
    pinned: BTreeMap<String, LockedChart>,
}

impl Before {
    fn read(checkout: &Checkout, wanted: &[Wanted]) -> anyhow::Result<Self> {
        let lock_text = checkout.text(&checkout.config.lock_file)?;
        let lock = match &lock_text {
            Some(text) => ChartLock::parse(text, &checkout.config.lock_file)?,
            None => ChartLock::default(),
        };
        let mut pinned = BTreeMap::new();
        for one in wanted.iter().filter(|one| one.chart.pinned.is_some()) {
            if let Some(text) = checkout.text(&one.file)? {
                pinned.insert(one.file.clone(), PinnedChart::parse(text.as_bytes(), &one.file)?.0);
            }
        }
        Ok(Self { lock, lock_text, pinned })
    }

    fn of(&self, wanted: &Wanted) -> Option<LockedChart> {
        match wanted.chart.pinned {
            Some(_) => self.pinned.get(&wanted.file).cloned(),
            None => self.lock.entry(&wanted.chart).cloned(),
        }
    }
}

/// What became of a chart, where something did.
fn line(wanted: &Wanted, before: Option<&LockedChart>, now: &LockedChart) -> Option<String> {
    let (place, file) = (&wanted.chart.place, &wanted.file);
    match before {
        Some(before) if before == now => None,
        Some(before) => Some(format!("{file}: {place} {} -> {}", before.version, now.version)),
        None => Some(format!("{file}: {place} {}", now.version)),
    }
}

fn print(lines: &[String]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if lines.is_empty() {
        writeln!(out, "all charts are locked")?;
    }
    for line in lines {
        writeln!(out, "{}", secrets::clean_terminal(line))?;
    }
    Ok(())
}
