//! The images of manifests, end to end. The 41 cases of one scalar are in `tests/cases.rs`, the properties in
//! `tests/properties.rs`.

use super::*;

mod anchors;
mod cases;
mod forms;
mod properties;

pub(super) const SHA1: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
pub(super) const SHA2: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

pub(super) fn shop() -> ImageRepository {
    "registry.example/acme/shop".parse().unwrap()
}

/// `version` is `tag`, `tag@digest` or `@digest`.
pub(super) fn shop_at(version: &str) -> ImageRef {
    let colon = if version.starts_with('@') { "" } else { ":" };
    format!("registry.example/acme/shop{colon}{version}").parse().unwrap()
}

/// Sets the shop to `2.0` in a text where `IMG` stands for its image at `1.0`, and checks that nothing else moved.
pub(super) fn check(text: &str) -> Edit {
    let before = text.replace("IMG", "registry.example/acme/shop:1.0");
    let after = text.replace("IMG", "registry.example/acme/shop:2.0");
    let edit = set_image(&before, &shop(), &shop_at("2.0")).unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(edit.text, after);
    assert!(edit.from.iter().all(|from| *from == shop_at("1.0")));
    edit
}

pub(super) fn refused(text: &str) -> String {
    let before = text.replace("IMG", "registry.example/acme/shop:1.0");
    set_image(&before, &shop(), &shop_at("2.0")).expect_err("to be refused").to_string()
}

/// A Deployment whose containers are these lines.
pub(super) fn deployment(containers: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec:\n  template:\n    spec:\n      containers:\n{containers}"
    )
}
