//! What an instance's page shows when it is asked to look closer.

use http::StatusCode;

use super::support::World;

#[tokio::test]
async fn a_page_offers_every_look_and_says_what_can_not_be_seen() {
    let world = World::new().await;
    let ann = world.sign_in("ann").await;
    let page = world.get_as(&ann, "/i/shop/prod").await;
    for what in ["plan", "diff", "render", "adopt"] {
        assert!(page.body.contains(&format!("/i/shop/prod?look={what}#look-title")), "{what}");
        // There is no cluster, and the folder is empty.
        let looked = world.get_as(&ann, &format!("/i/shop/prod?look={what}")).await;
        assert_eq!(looked.status, StatusCode::OK, "{what}");
        assert!(looked.body.contains("class=\"unseen\""), "{what}: {}", looked.body);
    }
    let odd = world.get_as(&ann, "/i/shop/prod?look=%3Cb%3E").await;
    assert!(odd.body.contains("nothing called `&#60;b&#62;` to look at"), "{}", odd.body);
}
