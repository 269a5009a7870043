//! What a build really is: the image's digest by its registry, the chart's by the place that the project takes it from.

use config_repo::Instance;
use config_repo::charts::{ChartPlace, ChartVersion};
use model::{AnnouncedChart, Build, BuildChart, Digest, ImageRef};
use store::BuildRow;

use super::MOST_ATTEMPTS_NOT_FOUND;
use crate::Control;
use crate::charts::ChartError;
use crate::registry::ResolveError;
use crate::sources;

/// What the registries confirmed.
pub(super) struct Confirmed {
    /// What the build is known by: the image's digest, or that of the chart alone.
    pub(super) digest: Digest,
    chart: Option<BuildChart>,
}

/// Why a build is not confirmed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfirmed {
    #[error(transparent)]
    Image(#[from] ResolveError),
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error("{0}")]
    Odd(String),
}

impl Confirmed {
    fn is_chart_alone(&self) -> bool {
        self.chart.as_ref().is_some_and(|chart| chart.alone)
    }
}

impl Unconfirmed {
    /// Whether asking again makes no sense.
    pub(super) fn gives_up(&self, attempts: u32) -> bool {
        match self {
            Self::Image(ResolveError::NotFound { .. }) | Self::Chart(ChartError::NoVersion { .. }) => {
                attempts >= MOST_ATTEMPTS_NOT_FOUND
            }
            Self::Image(error) => {
                matches!(error, ResolveError::DigestMismatch { .. } | ResolveError::NotAnImage { .. })
            }
            Self::Chart(error) => error.is_content(),
            Self::Odd(_) => true,
        }
    }
}

/// Asks about everything that was announced.
pub(super) async fn confirm(control: &Control, row: &BuildRow) -> Result<Confirmed, Unconfirmed> {
    let said = &row.announcement;
    let image = if said.names_image() {
        Some(control.inner.resolve(&said.image, said.tag.as_ref(), said.digest.as_ref()).await?)
    } else {
        None
    };
    let chart = match &said.chart {
        Some(chart) => Some(chart_of(control, row, chart, image.is_none()).await?),
        None => None,
    };
    let digest = image.or_else(|| chart.as_ref().map(|chart| chart.digest.clone()));
    let digest = digest.ok_or_else(|| Unconfirmed::Odd("neither an image nor a chart was announced".to_owned()))?;
    Ok(Confirmed { digest, chart })
}

async fn chart_of(
    control: &Control,
    row: &BuildRow,
    said: &AnnouncedChart,
    alone: bool,
) -> Result<BuildChart, Unconfirmed> {
    let version: ChartVersion = said
        .version
        .parse()
        .map_err(|error: config_repo::charts::InvalidVersion| Unconfirmed::Odd(error.to_string()))?;
    let place = place(control, row, said, &version).map_err(Unconfirmed::Odd)?;
    let access = control.inner.configuration.registry_access(&control.inner.mirror, &place.host()).await?;
    let locked = control.inner.charts.locked_as(&place, &version, &access).await?;
    Ok(BuildChart { name: said.name.clone(), version: version.to_string(), digest: locked.digest, alone })
}

/// Where the project takes the chart from; else why it can't take this version.
fn place(
    control: &Control,
    row: &BuildRow,
    said: &AnnouncedChart,
    version: &ChartVersion,
) -> Result<ChartPlace, String> {
    let (config, AnnouncedChart { name, .. }) = (control.inner.config(), said);
    let sources = config.projects.get(&row.project).map(|project| project.sources.as_slice()).unwrap_or_default();
    let remotes = sources.iter().filter_map(|source| source.remote.as_ref());
    let pinned: Vec<_> = remotes.filter(|remote| remote.pinned.is_some() && remote.place.name() == name).collect();
    let Some(first) = pinned.first() else {
        return Err(format!(
            "no source of `{}` takes the chart `{name}` from elsewhere with a file for its version: name one as `pinned` in pinnace.yaml",
            row.project
        ));
    };
    let allowing = pinned.iter().find(|remote| remote.range.holds(version));
    allowing.map(|remote| remote.place.clone()).ok_or_else(|| {
        format!(
            "the chart `{name}` may be of `{}`, and {version} is not: change its `version` in pinnace.yaml first",
            first.range
        )
    })
}

/// The build for one instance. A chart alone leaves the image that stands there.
pub(super) async fn build(control: &Control, row: &BuildRow, confirmed: &Confirmed, instance: &Instance) -> Build {
    let announced = &row.announcement;
    let (repository, chart) = (announced.image.clone(), confirmed.chart.clone());
    let image = if confirmed.is_chart_alone() {
        let files = control.inner.files(instance, &control.inner.mirror.head()).await.unwrap_or_default();
        let there = config_repo::image_in_files(&sources::own(instance, &files), &instance.image);
        there.unwrap_or(ImageRef { repository, tag: None, digest: None })
    } else {
        ImageRef { repository, tag: announced.tag.clone(), digest: Some(confirmed.digest.clone()) }
    };
    Build { image, chart, announced: Some(announced.clone()) }
}
