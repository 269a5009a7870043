//! 41 files that editors of YAML are known to get wrong. One value is set; the output is compared byte for byte.

use super::super::set_scalar;

/// Sets `«app:1»` to `app:2` and expects every other byte to stay.
fn exact(path: &str, document: usize, text: &str) {
    let before = text.replace(['«', '»'], "");
    let after = text.replace("«app:1»", "app:2");
    assert_ne!(before, after, "the case has a target");
    assert_eq!(set_scalar(&before, document, path, "app:2").unwrap_or_else(|e| panic!("{e}\n{text}")), after);
}

fn becomes(path: &str, before: &str, after: &str) {
    assert_eq!(set_scalar(before, 0, path, "app:2").unwrap(), after);
}

fn refused(path: &str, text: &str) {
    assert!(set_scalar(text, 0, path, "app:2").is_err(), "{text}");
}

#[test]
fn case_01_plain_with_comments_and_odd_indent() {
    exact("a.image", 0, "# top\na:\n     # why\n     image:   «app:1»   # here\n     b:  [ 1,2 ]\n\n\n# end\n");
}

#[test]
fn case_02_crlf() {
    exact("a.image", 0, "a:\r\n  image: «app:1»\r\n  b: 1\r\n");
}

#[test]
fn case_03_no_final_newline() {
    exact("image", 0, "b: 1\nimage: «app:1»");
}

#[test]
fn case_04_byte_order_mark() {
    exact("image", 0, "\u{feff}image: «app:1»\nb: 1\n");
}

#[test]
fn case_05_multibyte_text_before_the_target() {
    exact("image", 0, "a: \"größer 🎉 日本\" # ü\nimage: «app:1»\n");
}

#[test]
fn case_06_double_quoted() {
    exact("image", 0, "image: \"«app:1»\" # x\n");
}

#[test]
fn case_07_single_quoted() {
    exact("image", 0, "image: '«app:1»' # x\n");
}

#[test]
fn case_08_quoted_key() {
    exact("image", 0, "\"image\": «app:1»\n");
}

#[test]
fn case_09_key_with_dots_and_slash() {
    exact("a[\"x.io/image\"]", 0, "a:\n  x.io/image: «app:1»\n");
}

#[test]
fn case_10_number_like_key() {
    exact("a.8080", 0, "a:\n  8080: «app:1»\n  8081: x\n");
}

#[test]
fn case_11_tab_after_colon() {
    exact("image", 0, "image:\t«app:1»\n");
}

#[test]
fn case_12_trailing_blanks_and_blank_lines() {
    exact("image", 0, "a: 1   \n\n   \nimage: «app:1»  \n\n\n");
}

#[test]
fn case_13_second_of_three_documents() {
    exact("image", 1, "image: app:1\n---\nimage: «app:1»\n...\n---\nimage: app:1\n");
}

#[test]
fn case_14_leading_empty_document() {
    exact("image", 1, "---\n---\nimage: «app:1»\n");
}

#[test]
fn case_15_yaml_directive() {
    exact("image", 0, "%YAML 1.1\n---\nimage: «app:1»\n");
}

#[test]
fn case_16_anchor_on_the_target() {
    exact("image", 0, "image: &img «app:1»\nb: 1\n");
}

#[test]
fn case_17_target_is_an_alias() {
    refused("b", "a: &img app:1\nb: *img\n");
}

#[test]
fn case_18_path_through_an_alias() {
    refused("b.image", "a: &base\n  image: app:1\nb: *base\n");
}

#[test]
fn case_19_merge_key_overridden() {
    exact("b.image", 0, "a: &base\n  image: app:0\nb:\n  <<: *base\n  image: «app:1»\n");
}

#[test]
fn case_20_merge_key_only_inherited() {
    refused("b.image", "a: &base\n  image: app:1\nb:\n  <<: *base\n  c: 1\n");
}

#[test]
fn case_21_flow_map() {
    exact("a.image", 0, "a: {name: x, image: «app:1», b: 1}\n");
}

#[test]
fn case_22_flow_sequence() {
    exact("a[1]", 0, "a: [x, «app:1», y]\n");
}

#[test]
fn case_23_multi_line_flow_with_comments() {
    exact("a.image", 0, "a: {\n  name: x, # one\n  # two\n  image: «app:1», # three\n}\n");
}

#[test]
fn case_24_json_file() {
    exact("a.image", 0, "{\n\t\"a\": {\n\t\t\"image\": \"«app:1»\",\n\t\t\"b\": 1\n\t}\n}\n");
}

#[test]
fn case_25_dash_at_indent_0() {
    exact("a[name=y].image", 0, "a:\n- name: x\n  image: app:1\n- name: y\n  image: «app:1»\n");
}

#[test]
fn case_26_nested_dashes() {
    exact("a[0][1].image", 0, "a:\n- - x\n  - image: «app:1»\n    b: 1\n- z\n");
}

#[test]
fn case_27_block_literal_before() {
    exact("image", 0, "a: |+\n  image: app:1\n\n   x\n\n\nimage: «app:1»\n");
}

#[test]
fn case_28_crlf_and_block_literal() {
    exact("image", 0, "a: |\r\n  image: app:1\r\n  x\r\nimage: «app:1»\r\n");
}

#[test]
fn case_29_value_on_the_line_after_a_comment() {
    exact("image", 0, "image: # why\n  «app:1»\nb: 1\n");
}

#[test]
fn case_30_explicit_key() {
    exact("image", 0, "? image\n: «app:1»\n? b\n: 1\n");
}

#[test]
fn case_31_empty_value_then_comment() {
    becomes("image", "image: # later\nb: 1\n", "image: app:2 # later\nb: 1\n");
    becomes("image", "image:\nb: 1\n", "image: app:2\nb: 1\n");
    becomes("image", "image:", "image: app:2");
    becomes("image", "{image: , b: 1}\n", "{image: \"app:2\" , b: 1}\n");
    becomes("image", "image: &img # later\n", "image: &img app:2 # later\n");
    becomes("image", "? image\n:\n? b\n", "? image\n: app:2\n? b\n");
    refused("b", "? image\n: x\n? b\n");
}

#[test]
fn case_32_hash_and_colon_inside_quotes_nearby() {
    exact("image", 0, "a: \"x # y: z\"\nb: 'it''s: # not'\nimage: «app:1» # a: b\n");
}

#[test]
fn case_33_tagged_target() {
    exact("image", 0, "image: !!str «app:1» # x\n");
    exact("image", 0, "image: &a !!str '«app:1»'\n");
    becomes("image", "image: !!str # later\n", "image: !!str app:2 # later\n");
    refused("image", "image: !!int 1\n");
}

#[test]
fn case_34_a_line_of_one_megabyte_before() {
    exact("image", 0, &format!("a: \"{}\"\nimage: «app:1»\n", "x".repeat(1_000_000)));
}

#[test]
fn case_35_duplicate_key() {
    refused("image", "image: app:1\nb: 1\nimage: app:3\n");
}

#[test]
fn case_36_helm_template() {
    refused("a.image", "a:\n{{- if .Values.x }}\n  image: app:1\n{{- end }}\n");
    refused("image", "image: {{ .Values.image }}\n");
}

#[test]
fn case_37_key_absent() {
    refused("a.image", "a:\n  b: 1\n");
}

#[test]
fn case_38_target_is_a_mapping() {
    refused("image", "image:\n  repository: app\n  tag: 1\n");
}

#[test]
fn case_39_tab_indentation() {
    refused("a.image", "a:\n\timage: app:1\n");
}

#[test]
fn case_40_block_scalar_target() {
    exact("image", 0, "a: 1\nimage: |-\n  «app:1»\nb: 1\n");
    exact("image", 0, "image: >- # why\n    «app:1»\n\n\nb: 1\n");
    exact("image", 0, "image: |+\r\n  «app:1»\r\n\r\nb: 1\r\n");
    exact("image", 0, "image: |\n  «app:1»");
    exact("a[0].image", 0, "a:\n  - image: |-\n      «app:1»\n  # x\n  - b\n");
    becomes("image", "image: |-\n  app\n  :1\nb: 1\n", "image: |-\n  app:2\nb: 1\n");
}

#[test]
fn case_41_multi_line_plain_target() {
    becomes("image", "image: app\n  1\n\n  x # c\nb: 1\n", "image: app:2 # c\nb: 1\n");
    becomes("image", "image: \"app\\\n  :1\"\nb: 1\n", "image: \"app:2\"\nb: 1\n");
}

#[test]
fn a_long_file_of_many_documents_changes_in_one_byte() {
    let one = |i: usize| format!("---\nkind: X\nmetadata:\n  name: n{i}\nspec:\n  image: app:1 # x\n");
    let text: String = (0..2000).map(one).collect();
    let edited = set_scalar(&text, 1900, "spec.image", "app:2").unwrap();
    assert_eq!(edited.bytes().zip(text.bytes()).filter(|(new, old)| new != old).count(), 1);
    assert_eq!(edited.len(), text.len());
}

#[test]
fn values_that_a_reader_could_mistake_are_quoted() {
    for value in ["1.10", "1e5", "no", "0x1F", "y", "1_000", "12:30", "null", "2026-01-01", "~"] {
        assert_eq!(set_scalar("tag: v1 # x\n", 0, "tag", value).unwrap(), format!("tag: \"{value}\" # x\n"));
        assert_eq!(set_scalar("tag: 'v1'\n", 0, "tag", value).unwrap(), format!("tag: '{value}'\n"));
    }
    for value in ["", "a\nb", "a\u{7f}", "\u{feff}", "a\u{2028}b"] {
        assert!(set_scalar("tag: v1\n", 0, "tag", value).is_err(), "{value:?}");
    }
    assert_eq!(set_scalar("a: 'x'\n", 0, "a", "it's").unwrap(), "a: 'it''s'\n");
    assert_eq!(set_scalar("a: \"x\"\n", 0, "a", "a\"\\b").unwrap(), "a: \"a\\\"\\\\b\"\n");
}
