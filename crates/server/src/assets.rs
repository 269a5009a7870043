//! The page's own files, in the binary. Each name carries a hash of its content, so that a browser keeps it for ever.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::app::App;

const FILES: [(&str, &str, &[u8]); 2] = [
    ("page.css", "text/css; charset=utf-8", include_bytes!("../assets/page.css")),
    ("page.js", "text/javascript; charset=utf-8", include_bytes!("../assets/page.js")),
];

/// The embedded files by the names that they are served under.
pub(crate) struct Assets {
    served: Vec<Served>,
}

struct Served {
    name: &'static str,
    path: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Assets {
    /// Names them by their content.
    pub(crate) fn embedded() -> Self {
        let mut served: Vec<Served> = FILES.iter().map(|(name, kind, bytes)| serve_as(name, kind, bytes)).collect();
        let icons = crate::pages::Shape::ALL.into_iter();
        served.extend(icons.map(|shape| serve_as(shape.icon_name(), "image/svg+xml", shape.icon().as_bytes())));
        Self { served }
    }

    /// The address of a file.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.served.iter().find(|file| file.name == name).map_or("", |file| &file.path)
    }
}

fn serve_as(name: &'static str, kind: &'static str, bytes: &[u8]) -> Served {
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..9]);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    Served { name, path: format!("/assets/{stem}.{hash}.{ending}"), kind, bytes: bytes.to_vec() }
}

/// `GET /assets/{file}`.
pub(crate) async fn show(State(app): State<App>, Path(file): Path<String>) -> Response {
    let path = format!("/assets/{file}");
    let Some(found) = app.assets.served.iter().find(|served| served.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(header::CONTENT_TYPE, found.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, found.bytes.clone()).into_response()
}
