//! Our own format: what a `curl` at the end of a CI run sends.

use model::{AnnouncedChart, Announcement, Digest, ImageRef, Tag};
use serde::Deserialize;

use super::text::{line, link};
use super::{Format, FormatError};

pub(super) const FORMAT: Format = Format { name: "generic", sample: include_str!("generic/sample.json"), parse };

/// The body. Fields that we don't know are left alone: senders may tell others more.
#[derive(Deserialize)]
struct Body {
    image: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
    chart: Option<Chart>,
    commit: Option<String>,
    branch: Option<String>,
    author: Option<String>,
    message: Option<String>,
    #[serde(alias = "buildUrl")]
    build_url: Option<String>,
}

/// A chart's version that goes with the image, or alone.
#[derive(Deserialize)]
struct Chart {
    name: Option<String>,
    version: Option<String>,
}

fn parse(bytes: &[u8]) -> Result<Announcement, FormatError> {
    let body = read(bytes)?;
    let (image, tag, digest) = image_of(&body)?;
    let cut = |text: &Option<String>, longest| text.as_deref().and_then(|text| line(text, longest));
    Ok(Announcement {
        image,
        tag,
        digest,
        chart: chart_of(&body)?,
        commit: cut(&body.commit, 64),
        branch: cut(&body.branch, 200),
        author: cut(&body.author, 200),
        message: cut(&body.message, 500),
        build_url: link(body.build_url.as_deref().unwrap_or_default())
            .map_err(|reason| FormatError::Link { field: "build_url", reason })?,
    })
}

fn read(bytes: &[u8]) -> Result<Body, FormatError> {
    // Serde would take an array as the fields in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(FormatError::NotTheShape { reason: "it does not begin with `{`".to_owned() });
    }
    serde_json::from_slice(bytes).map_err(|error| FormatError::NotTheShape { reason: shape_reason(&error) })
}

fn shape_reason(error: &serde_json::Error) -> String {
    // The parser repeats what it found, which may be long.
    let said: String = error.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
    let number = said.contains("invalid type: integer") || said.contains("invalid type: floating point");
    if number { format!("{said}; versions and commits are texts: put them in quotes") } else { said }
}

type Image = (model::ImageRepository, Option<Tag>, Option<Digest>);

/// `image` may be a repository, or a whole reference as build tools print it.
fn image_of(body: &Body) -> Result<Image, FormatError> {
    let image = filled(body.image.as_ref()).ok_or(FormatError::NoImage)?;
    let image: ImageRef = image.parse().map_err(|source| FormatError::Image { field: "image", source })?;
    let tag = merge("tag", image.tag, body.tag.as_ref())?;
    let digest = merge("digest", image.digest, body.digest.as_ref())?;
    if tag.is_none() && digest.is_none() && body.chart.is_none() {
        return Err(FormatError::NeitherTagNorDigest);
    }
    Ok((image.repository, tag, digest))
}

/// Name and version go into an address, and into a file.
fn chart_of(body: &Body) -> Result<Option<AnnouncedChart>, FormatError> {
    let Some(chart) = &body.chart else { return Ok(None) };
    let good = |text: &str, more: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        !text.is_empty() && text.len() <= 120 && text.chars().all(inner) && !text.starts_with(['.', '-'])
    };
    let name = filled(chart.name.as_ref()).filter(|name| good(name, "-_."));
    let version = filled(chart.version.as_ref()).filter(|version| good(version, ".-+"));
    match (name, version) {
        (Some(name), Some(version)) => Ok(Some(AnnouncedChart { name: name.to_owned(), version: version.to_owned() })),
        _ => Err(FormatError::Chart),
    }
}

fn merge<T>(field: &'static str, in_image: Option<T>, in_field: Option<&String>) -> Result<Option<T>, FormatError>
where
    T: std::str::FromStr<Err = model::InvalidImage> + PartialEq + ToString,
{
    let Some(text) = filled(in_field) else { return Ok(in_image) };
    let given: T = text.parse().map_err(|source| FormatError::Image { field, source })?;
    match in_image {
        Some(other) if other != given => {
            Err(FormatError::Contradiction { field, in_image: other.to_string(), in_field: given.to_string() })
        }
        _ => Ok(Some(given)),
    }
}

/// CI variables that are not set arrive as empty texts.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
