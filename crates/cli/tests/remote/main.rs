//! The command line against a running server: what it prints, and the exit codes that scripts go by (docs/command-line.md).
#![cfg(test)]

mod fleets;
mod terminal;
mod to_git;

use testkit::Shop;
use testkit::shop::Plan;

use terminal::{PINNACE, Terminal, code, out, talk};

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_approved_followed_and_taken_back_at_a_terminal() {
    let shop = Shop::start(Plan::of(PINNACE)).await.unwrap();
    let ann = Terminal::logged_in(&shop.sign_in_link("ann").await.unwrap()).await;
    let bo = Terminal::logged_in(&shop.sign_in_link("bo").await.unwrap()).await;

    // What works is seen, approved and followed.
    let good = shop.asked_about("1.1").await.unwrap().to_string();
    let shown = ann.run(&["show", &good]).await;
    assert!(out(&shown).contains("+          image:") && out(&shown).contains("--shown"), "{}", out(&shown));
    let refused = bo.run(&["approve", &good]).await;
    assert_eq!(code(&refused), 4, "{}", talk(&refused));
    assert!(talk(&refused).contains("ask one of: ann"), "{}", talk(&refused));
    let stale = ann.run(&["approve", &good, "--shown", "0000000000000000"]).await;
    assert_eq!(code(&stale), 1, "{}", talk(&stale));
    let impatient = ann.run(&["show", &good, "--wait", "--timeout", "0"]).await;
    assert_eq!(code(&impatient), 6, "{}", talk(&impatient));
    let approved = ann.run(&["approve", &good, "--wait"]).await;
    assert_eq!(code(&approved), 0, "{}", talk(&approved));
    assert!(talk(&approved).contains("✓ verified") && talk(&approved).contains("✓ recorded"), "{}", talk(&approved));

    // What crashes is dropped, and the exit code says so.
    let bad = shop.asked_about("1.2-crash-loop").await.unwrap().to_string();
    let dropped = ann.run(&["approve", &format!("#{bad}"), "--wait"]).await;
    assert_eq!(code(&dropped), 7, "{}", talk(&dropped));

    // No, and a reason.
    let unwanted = shop.asked_about("1.3").await.unwrap().to_string();
    let rejected = ann.run(&["reject", &unwanted, "--reason", "not before the sale"]).await;
    assert_eq!(code(&rejected), 0, "{}", talk(&rejected));
    assert!(out(&rejected).contains("not before the sale"), "{}", out(&rejected));
    assert_eq!(code(&ann.run(&["show", &unwanted, "--wait"]).await), 8);
    assert_eq!(code(&ann.run(&["approve", &unwanted]).await), 1);

    // Back, locked, and unlocked.
    let back = ann.run(&["unpin", "shop/prod", "--reason", "prices are wrong", "--wait"]).await;
    assert_eq!(code(&back), 0, "{}", talk(&back));
    let status = ann.run(&["status", "shop/prod", "--check"]).await;
    assert_eq!((code(&status), out(&status).contains("locked")), (0, true), "{}", out(&status));
    assert_eq!(code(&ann.run(&["unlock", "shop/prod"]).await), 0);
    assert_eq!(ann.json(&["status"]).await["items"][0]["version"]["version"], "1.0");
    assert_eq!(ann.json(&["pins", "shop/prod"]).await["items"].as_array().unwrap().len(), 4);
    assert_eq!(ann.json(&["builds", "shop"]).await["items"].as_array().unwrap().len(), 3);
    assert_eq!(shop.disagreements().await.unwrap(), "none");

    // Looked at without touching anything: all is as git has it.
    let plan = ann.run(&["plan", "shop/prod"]).await;
    assert_eq!((code(&plan), out(&plan).contains("stay as they are")), (0, true), "{}{}", out(&plan), talk(&plan));
    let diff = ann.run(&["diff", "shop/prod"]).await;
    assert_eq!((code(&diff), out(&diff).as_str()), (0, "nothing differs\n"), "{}", talk(&diff));
    let rendered = ann.run(&["render", "shop/prod"]).await;
    assert!(out(&rendered).contains("kind: Deployment"), "{}{}", out(&rendered), talk(&rendered));
    assert_eq!(code(&ann.run(&["render", "shop/prod", "--at", "main"]).await), 2);
    let foreign = ann.run(&["adopt", "shop/prod", "--check"]).await;
    assert_eq!((code(&foreign), out(&foreign).contains("without being ours")), (0, true), "{}", talk(&foreign));
    assert_eq!(code(&ann.run(&["sync", "shop/prod"]).await), 0);
    assert_eq!(code(&bo.run(&["sync", "shop/prod"]).await), 4);

    // What is not there, what is signed out, and what nobody rewrote.
    assert_eq!(code(&ann.run(&["show", "999"]).await), 5);
    assert_eq!(code(&ann.run(&["lock", "shop/dev", "--reason", "x"]).await), 5);
    let rewrite = ann.run(&["accept-rewrite", &shop.remote.head().unwrap()]).await;
    assert!(talk(&rewrite).contains("was not rewritten"), "{}", talk(&rewrite));
    assert_eq!(code(&ann.run(&["logout"]).await), 0);
    let signed_out = ann.run(&["status", "--server", &shop.url()]).await;
    assert_eq!(code(&signed_out), 4, "{}", talk(&signed_out));
    assert!(talk(&signed_out).contains("pinnace login"), "{}", talk(&signed_out));
    shop.close().await.unwrap();
}

#[tokio::test]
async fn what_can_not_be_asked_says_what_to_type_next() {
    let nobody = Terminal { home: tempfile::tempdir().unwrap() };
    let unnamed = nobody.run(&["status"]).await;
    assert_eq!((code(&unnamed), talk(&unnamed).contains("--server")), (2, true), "{}", talk(&unnamed));
    let odd = nobody.typed(&["login"], "hello\n").await;
    assert_eq!((code(&odd), talk(&odd).contains("pinnace sign-in")), (2, true), "{}", talk(&odd));
    let away = nobody.typed(&["login"], "http://127.0.0.1:1/sign-in/abc\n").await;
    assert_eq!((code(&away), talk(&away).contains("pinnace serve")), (1, true), "{}", talk(&away));
    let scheme = nobody.run(&["status", "--server", "file:///etc"]).await;
    assert_eq!(code(&scheme), 4, "{}", talk(&scheme));
}
