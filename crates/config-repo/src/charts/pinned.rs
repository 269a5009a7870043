//! The version of a chart that one instance runs, in a file of its own: what a pin edits, so that no other instance moves.

use model::Digest;
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

use super::{ChartVersion, LockedChart};

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedChart(pub LockedChart);

/// Why the file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}: it holds a `version` and the `digest` of the chart's archive; run `pinnace charts lock`")]
pub struct PinnedError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    digest: String,
}

const LONGEST_FILE: usize = 64 << 10;

impl PinnedChart {
    /// Reads the file.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, PinnedError> {
        let wrong = |why: String| PinnedError { file: file.to_owned(), why };
        if bytes.len() > LONGEST_FILE {
            return Err(wrong(format!("it has {} bytes; at most {LONGEST_FILE} are read", bytes.len())));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
        let options = serde_saphyr::options! { with_snippet: false };
        let read: File = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| wrong(DefaultMessageFormatter.format_message(&error).chars().take(300).collect()))?;
        let version: ChartVersion =
            read.version.parse().map_err(|error: super::InvalidVersion| wrong(error.to_string()))?;
        let digest: Digest = read.digest.parse().map_err(|error: model::InvalidImage| wrong(error.to_string()))?;
        Ok(Self(LockedChart { version, digest }))
    }

    /// A new file's text.
    pub fn to_text(&self, chart: &str) -> String {
        let (version, digest) = (serde_json::Value::from(self.0.version.as_str()), &self.0.digest);
        format!(
            "# The version of the chart {chart} that runs here; a pin edits it.\nversion: {version}\ndigest: {digest}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_whole_is_refused() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = PinnedChart(LockedChart { version: "1.4.2".parse().unwrap(), digest: digest.parse().unwrap() });
        let text = pinned.to_text("oci://r.example/charts/web");
        assert_eq!(PinnedChart::parse(text.as_bytes(), "chart.yaml").unwrap(), pinned);
        for bad in ["", "version: 1.4.2", "version: x\ndigest: y", &text.replace("sha256:", ""), "\u{0}"] {
            let error = PinnedChart::parse(bad.as_bytes(), "apps/web/chart.yaml").unwrap_err().to_string();
            assert!(error.starts_with("apps/web/chart.yaml") && error.contains("run `pinnace charts lock`"), "{error}");
        }
    }
}
