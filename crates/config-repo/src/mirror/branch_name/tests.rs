use std::process::Command;

use proptest::prelude::*;

use super::*;

fn git_takes(text: &str) -> bool {
    let run = Command::new("git").args(["check-ref-format", &format!("refs/heads/{text}")]).status().unwrap();
    // `--branch` would expand `@{-1}`; these are the two further rules it has.
    run.success() && !text.starts_with('-') && text != "HEAD"
}

#[test]
fn plain_names_are_taken() {
    for good in ["main", "deploy/prod", "release-1.2", "a", "äöü", "x@y"] {
        assert_eq!(good.parse::<BranchName>().unwrap().full(), format!("refs/heads/{good}"));
    }
}

#[test]
fn names_that_mean_something_else_to_git_are_refused() {
    for bad in [
        "",
        "-x",
        "--output=x",
        "../../x",
        "a..b",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a/",
        "/a",
        "a//b",
        "a b",
        "a\nb",
        "a:b",
        "a~1",
        "a^",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "@",
        "@{-1}",
        "HEAD",
        "a.",
        "+main",
    ] {
        if bad == "+main" {
            // A plus is an ordinary character in a name; the refspecs we write put `refs/heads/` before it.
            assert!(bad.parse::<BranchName>().is_ok());
            continue;
        }
        assert!(bad.parse::<BranchName>().is_err(), "{bad:?}");
    }
    assert!("a".repeat(201).parse::<BranchName>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn whatever_is_taken_git_takes_too(text in "[-a@{}.:~^ /*+\\\\]{1,8}|([a-z]{1,3}[/.]){1,3}(lock|HEAD|x)?") {
        if text.parse::<BranchName>().is_ok() {
            prop_assert!(git_takes(&text), "{text:?}");
        } else {
            // The one rule of ours that is stricter: `@` alone.
            prop_assert!(!git_takes(&text) || text == "@", "{text:?}");
        }
    }
}
