//! What somebody or something was told, searched for what must not be in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use crate::surfaces::Surfaces;

/// What was told, by where.
#[derive(Default)]
pub(crate) struct Outputs(Vec<(String, Vec<u8>)>);

impl Outputs {
    pub(crate) fn take(&mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.push((name.into(), content.into()));
    }

    pub(crate) async fn page(&mut self, surfaces: &Surfaces, path: &str) {
        let (status, body) = surfaces.get(path).await;
        self.take(format!("{path} ({status})"), body);
    }

    /// Every file below a folder.
    pub(crate) fn files(&mut self, folder: &std::path::Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(&path);
            } else if path.is_file() {
                self.take(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }

    /// The outputs in which this stands, in any of the ways in which a value is commonly written.
    pub(crate) fn holding(&self, value: &str) -> Vec<&str> {
        let forms = forms(value);
        let found = self.0.iter().filter(|(_, content)| forms.iter().any(|form| holds(content, form)));
        found.map(|(name, _)| name.as_str()).collect()
    }
}

/// As it is, in base64 at each place in what is encoded, in a URL, in JSON as Rust and as Go write it, and in a page.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_matches('"').to_owned();
    let of_go = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let page = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let of_askama = value.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
    let url: String = value
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let plain = [value.to_owned(), json, of_go, page, of_askama, url].map(String::into_bytes);
    plain.into_iter().chain((0..3).map(|before| within_base64(value, before))).collect()
}

/// What is there of it wherever so many bytes stand before it; the ends depend on what is around.
fn within_base64(value: &str, before: usize) -> Vec<u8> {
    let encoded = BASE64.encode([&b"   "[..before], value.as_bytes()].concat());
    let begin = if before == 0 { 0 } else { before + 1 };
    encoded.as_bytes()[begin..encoded.len() - 1].to_vec()
}

fn holds(content: &[u8], value: &[u8]) -> bool {
    content.windows(value.len()).any(|window| window == value)
}
