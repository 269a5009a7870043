//! Values that are shared: set only where every use is an image of that repository.

use super::*;

#[test]
fn an_anchor_whose_uses_are_all_the_image_is_set_once() {
    let edit = check(&deployment("      - {name: a, image: &img IMG} # x\n      - {name: b, image: *img}\n"));
    assert_eq!(edit.places.len(), 2);
}

#[test]
fn an_anchor_used_for_something_else_names_the_other_line() {
    let text = deployment("      - {name: a, image: &img IMG}\n      - {name: b, args: [*img]}\n");
    assert!(
        refused(&text).starts_with("line 8: this value is shared by an anchor, and its use in line 9"),
        "{}",
        refused(&text)
    );
}

#[test]
fn an_anchor_defined_as_something_else_is_refused() {
    let text =
        "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {x: &img IMG}}\nspec:\n  containers:\n  - image: *img\n";
    assert!(refused(text).starts_with("line 3: this value is shared by an anchor, and the place where it is defined"));
}

#[test]
fn a_key_that_only_holds_anchors_is_no_other_use() {
    check("x-image: &img IMG\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: *img\n  - image: *img\n");
    check(".image: &img IMG\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: *img\n");
}

#[test]
fn a_merge_key_that_is_overridden_does_not_share_the_image() {
    check(&deployment("      - &base {name: a, image: IMG, tty: true}\n      - {<<: *base, name: b, image: nginx}\n"));
    check(&deployment("      - &base {name: a, image: nginx, tty: true}\n      - {<<: *base, name: b, image: IMG}\n"));
    check(&deployment("      - &base {name: a, image: IMG}\n      - {<<: [*base], name: b, image: nginx}\n"));
}

#[test]
fn a_merge_key_that_brings_the_image_in_is_a_use_of_it() {
    let edit = check(&deployment("      - &base {name: a, image: IMG}\n      - {<<: *base, name: b}\n"));
    assert_eq!(edit.places.len(), 2);
    let edit = check(&deployment("      - &base {name: a, image: IMG}\n      - {<<: [*base], name: b}\n"));
    assert_eq!(edit.places.len(), 2);
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {annotations: &base {image: IMG}}\nspec:\n  containers:\n  - {<<: *base, name: b}\n";
    assert!(refused(text).starts_with("line 3: this value is shared"), "{}", refused(text));
}

#[test]
fn a_shared_list_of_containers_is_followed() {
    let pod = |containers: &str| format!("- apiVersion: v1\n  kind: Pod\n  spec:\n    containers: {containers}\n");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}{}", pod("&c [{image: IMG}]"), pod("*c"));
    check(&list);
    let text = format!("{list}- apiVersion: v1\n  kind: ConfigMap\n  data: *c\n");
    assert!(refused(&text).contains("its use in line 14"), "{}", refused(&text));
}

#[test]
fn a_use_that_is_itself_repeated_elsewhere_is_seen() {
    let text = "apiVersion: v1\nkind: Pod\nspec: &s\n  containers:\n  - image: &img IMG\n  - &second\n    image: *img\nother: *second\n";
    assert!(refused(text).contains("its use in line 8"), "{}", refused(text));
}

#[test]
fn a_shared_tag_is_set_only_when_both_images_are_ours() {
    let values = |repository: &str| {
        format!(
            "a: {{repository: registry.example/acme/shop, tag: &tag v1}}\nb: {{repository: {repository}, tag: *tag}}\n"
        )
    };
    let edit = set_image(&values("registry.example/acme/shop"), &shop(), &shop_at("v2")).unwrap();
    assert_eq!(edit.text, values("registry.example/acme/shop").replace("v1", "v2"));
    let error = set_image(&values("registry.example/acme/other"), &shop(), &shop_at("v2")).unwrap_err();
    assert_eq!(error, EditError::SharedAnchor { line: 1, other_line: 2 });
}

#[test]
fn anchors_end_with_their_document() {
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: &i IMG}]}\n";
    let other = "apiVersion: v1\nkind: ConfigMap\ndata: {a: &i x, b: *i}\n";
    check(&format!("{pod}---\n{other}"));
}
