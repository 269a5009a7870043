//! The version of a chart set in the file of one instance: two scalars, and no other instance moves.

use config_repo::charts::{PinnedChart, PinnedError};
use config_repo::yaml_edit::{self, set_scalar};
use config_repo::{FilesError, Instance};
use model::BuildChart;

use crate::charts::ChartError;
use crate::sources::Files;

/// Why a pin's edit can't be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum EditError {
    #[error(transparent)]
    Image(#[from] FilesError),
    #[error(
        "the build brings the {chart}, and no source of {instance} has a file for its version: name one as `pinned` in pinnace.yaml"
    )]
    NoPlace { chart: String, instance: String },
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error(transparent)]
    File(#[from] PinnedError),
    #[error("{file}: {problem}")]
    Scalar { file: String, problem: yaml_edit::EditError },
}

/// Sets the version wherever the instance takes this chart; what stood there first.
pub(super) fn set(
    files: &Files,
    instance: &Instance,
    chart: &BuildChart,
    changed: &mut Files,
) -> Result<BuildChart, EditError> {
    let mut before = None;
    let named = instance.sources.iter().filter_map(|source| source.remote.as_ref());
    for remote in named.filter(|remote| remote.place.name() == chart.name) {
        let Some(file) = &remote.pinned else { continue };
        let none = || ChartError::NoPinned { file: file.clone(), chart: remote.place.to_string() };
        let bytes = changed.get(file).or_else(|| files.get(file)).ok_or_else(none)?;
        let pinned = PinnedChart::parse(bytes, file)?.0;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let scalar = |problem| EditError::Scalar { file: file.clone(), problem };
        let new = set_scalar(&text, 0, "version", &chart.version).map_err(scalar)?;
        let new = set_scalar(&new, 0, "digest", chart.digest.as_str()).map_err(scalar)?;
        if new != text {
            changed.insert(file.clone(), new.into_bytes());
        }
        let (version, digest) = (pinned.version.to_string(), pinned.digest);
        before.get_or_insert(BuildChart { name: chart.name.clone(), version, digest, alone: chart.alone });
    }
    before.ok_or_else(|| EditError::NoPlace { chart: chart.to_string(), instance: instance.id.to_string() })
}

#[cfg(test)]
mod tests {
    use config_repo::Config;

    use super::*;

    fn instance(id: &str) -> Instance {
        let config = "apiVersion: pinnace.dev/v1\nkind: Config\nenvironments: {dev: {context: a}, prod: {context: b}}\nprojects:\n  shop:\n    image: r.example/acme/shop\n    sources: [{chart: 'oci://r.example/charts/web', version: ^1, pinned: 'apps/{environment}/chart.yaml'}]\n    namespaces: {dev: shop-dev, prod: shop}\n    rules: {dev: auto, prod: auto}\n";
        Config::parse(config, "pinnace.yaml").unwrap().instance(&id.parse().unwrap()).unwrap()
    }

    fn chart(name: &str, version: &str, fill: &str) -> BuildChart {
        let digest = format!("sha256:{}", fill.repeat(64)).parse().unwrap();
        BuildChart { name: name.to_owned(), version: version.to_owned(), digest, alone: true }
    }

    #[test]
    fn two_scalars_of_one_instance_change_and_nothing_else() {
        let old = chart("web", "1.4.2", "a");
        let text = format!("# ours\nversion: '1.4.2'  # proven\ndigest: {}\n", old.digest);
        let of = |environment: &str| (format!("apps/{environment}/chart.yaml"), text.clone().into_bytes());
        let files = Files::from([of("dev"), of("prod")]);
        let (mut changed, new) = (Files::new(), chart("web", "1.5.0", "b"));
        assert_eq!(set(&files, &instance("shop/prod"), &new, &mut changed).unwrap(), old);
        let expected = text.replace("1.4.2", "1.5.0").replace(old.digest.as_str(), new.digest.as_str());
        assert_eq!(changed, Files::from([("apps/prod/chart.yaml".to_owned(), expected.into_bytes())]));
        let mut none = Files::new();
        set(&files, &instance("shop/prod"), &old, &mut none).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn without_a_place_it_is_said_what_to_do() {
        let told = |files: &Files, chart: &BuildChart| {
            set(files, &instance("shop/prod"), chart, &mut Files::new()).unwrap_err().to_string()
        };
        assert!(told(&Files::new(), &chart("db", "1.0.0", "a")).contains("name one as `pinned`"));
        assert!(told(&Files::new(), &chart("web", "1.0.0", "a")).contains("run `pinnace charts lock`"));
    }
}
