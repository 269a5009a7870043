use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    text.parse::<RemoteUrl>().unwrap().to_string()
}

#[test]
fn the_usual_forms_are_taken_and_shown_without_the_user() {
    assert_eq!(shown("https://github.example/acme/config.git"), "https://github.example/acme/config.git");
    assert_eq!(shown("ssh://git@host:2222/acme/config.git"), "ssh://host:2222/acme/config.git");
    assert_eq!(shown("git@github.example:acme/config.git"), "github.example:acme/config.git");
    assert_eq!(shown("file:///srv/git/config.git"), "file:///srv/git/config.git");
    assert_eq!(shown("/srv/git/config.git"), "/srv/git/config.git");
    assert_eq!(shown("http://127.0.0.1:8080/c.git"), "http://127.0.0.1:8080/c.git");
    assert_eq!(shown("ssh://git@[::1]:22/c.git"), "ssh://[::1]:22/c.git");
}

#[test]
fn hostile_forms_are_refused_with_a_next_step() {
    for bad in [
        "",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "fd::17",
        "git@host::x",
        "ssh://-oProxyCommand=x/repo",
        "ssh://git@-oProxyCommand=x/repo",
        "ssh://git@ho%73t/repo",
        "-x@host:path",
        "git@-host:path",
        "git@host:-path",
        "git@host:",
        "https://host/a\nb",
        "https://host/a%0ab",
        "https://host/a b",
        "https://user:pass@host/x",
        "https://token@host/x",
        "ssh://git:pass@host/x",
        "http://git.example/x",
        "git://host/x",
        "ftp://host/x",
        "file://host/x",
        "https:///x",
        "https://host/x?a=b",
        "https://host/x#y",
        "relative/path",
        "host:path",
        "../up",
        "HTTPS://host/x",
    ] {
        let error = bad.parse::<RemoteUrl>().expect_err(bad);
        assert!(error.to_string().contains("; "), "{error}");
    }
}

#[test]
fn an_error_never_repeats_the_address_for_it_may_hold_a_password() {
    let error = "https://bot:hunter2@host/x".parse::<RemoteUrl>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn plain_http_needs_loopback_or_a_word() {
    assert!("http://[::1]/x".parse::<RemoteUrl>().is_ok());
    assert!("http://localhost/x".parse::<RemoteUrl>().is_ok());
    assert!("http://127.0.0.1.evil.example/x".parse::<RemoteUrl>().is_err());
    assert!(RemoteUrl::parse_with_plain_http("http://git.internal/x").is_ok());
}

proptest! {
    #[test]
    fn whatever_is_taken_is_safe_in_argv(text in "(https|ssh|file|ext|-)?(:|::|://|@)?[ -~]{0,40}") {
        if let Ok(url) = text.parse::<RemoteUrl>() {
            let given = url.for_git();
            prop_assert!(!given.starts_with('-'));
            prop_assert!(!given.contains("::") || given.contains("://") || given.starts_with('/'));
            prop_assert!(!given.chars().any(|c| c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(text in any::<String>()) {
        let _whatever = text.parse::<RemoteUrl>();
    }
}
