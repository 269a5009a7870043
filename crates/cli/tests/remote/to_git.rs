//! Plans that are kept, and what a person has written to git, at a terminal.

use testkit::shop::Plan;
use testkit::{Person, Shop};

use crate::terminal::{PINNACE, Terminal, code, out, talk};

const CACHE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\ndata: {SIZE: \"9\"}\n";
const PATH: &str = "apps/shop/prod/cache.yaml";

async fn proven(shop: &Shop, commit: &str) {
    shop.until("the commit is proven", |seen| seen["verified"] == commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_kept_and_what_was_pruned_comes_back_at_a_terminal() {
    let shop = Shop::start(Plan::of(PINNACE)).await.unwrap();
    let ann = Terminal::logged_in(&shop.sign_in_link("ann").await.unwrap()).await;
    let bo = Terminal::logged_in(&shop.sign_in_link("bo").await.unwrap()).await;

    // A plan is carried out as it was shown, and not once git says something else.
    let plan = ann.run(&["plan", "shop/prod", "--save"]).await;
    assert_eq!(code(&plan), 0, "{}", talk(&plan));
    assert!(out(&plan).contains("saved as plan 1: pinnace sync shop/prod --plan 1"), "{}", out(&plan));
    let synced = ann.run(&["sync", "shop/prod", "--plan", "1"]).await;
    assert_eq!(code(&synced), 0, "{}", talk(&synced));
    assert_eq!(code(&bo.run(&["sync", "shop/prod", "--plan", "1"]).await), 4);
    assert_eq!(code(&ann.run(&["sync", "shop/prod", "--plan", "9"]).await), 5);
    proven(&shop, &shop.remote.commit_as(Person::BOB, PATH, CACHE).unwrap()).await;
    let stale = ann.run(&["sync", "shop/prod", "--plan", "1"]).await;
    assert_eq!(code(&stale), 3, "{}", talk(&stale));
    assert!(talk(&stale).contains("plan 1 of shop/prod is no longer what would be done"), "{}", talk(&stale));

    // What git no longer has is pruned, listed, shown and brought back.
    assert!(out(&ann.run(&["pruned", "shop/prod"]).await).contains("nothing was pruned"));
    proven(&shop, &shop.remote.remove_as(Person::BOB, PATH).unwrap()).await;
    let pruned = ann.run(&["pruned", "shop/prod"]).await;
    assert!(out(&pruned).contains("ConfigMap/cache"), "{}{}", out(&pruned), talk(&pruned));
    let shown = ann.run(&["pruned", "shop/prod", "--show", "1"]).await;
    assert!(out(&shown).contains("SIZE: \"9\""), "{}{}", out(&shown), talk(&shown));
    assert_eq!(code(&ann.run(&["pruned", "shop/prod", "--show", "7"]).await), 5);
    assert_eq!(code(&ann.run(&["restore", "shop/prod", "ConfigMap/none"]).await), 5);
    assert_eq!(code(&bo.run(&["restore", "shop/prod", "ConfigMap/cache"]).await), 4);
    let branch = ann.run(&["restore", "shop/prod", "ConfigMap/cache", "--branch"]).await;
    assert!(out(&branch).contains("on branch pinnace/restore-shop-prod-1"), "{}{}", out(&branch), talk(&branch));
    let back = ann.json(&["restore", "shop/prod", "ConfigMap/cache", "--at", "1"]).await;
    proven(&shop, back["written"]["commit"].as_str().unwrap()).await;
    assert_eq!(shop.remote.file(PATH).unwrap(), CACHE);

    // Where nothing differs or fails there is nothing to write, and it is said.
    let nothing = ann.run(&["write-drift", "shop/prod", "ConfigMap/cache"]).await;
    assert_eq!(code(&nothing), 1, "{}", out(&nothing));
    assert!(talk(&nothing).contains("nothing of ConfigMap/cache differs"), "{}", talk(&nothing));
    assert_eq!(code(&bo.run(&["write-drift", "shop/prod", "--branch"]).await), 4);
    assert_eq!(code(&ann.run(&["revert", "shop/prod", "--branch"]).await), 1);
    assert_eq!(shop.disagreements().await.unwrap(), "none");
    shop.close().await.unwrap();
}
