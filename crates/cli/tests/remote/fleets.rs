//! A fleet pin at a terminal.

use server::ServerSettings;
use testkit::World;
use testkit::world::{Plan, person};
use tokio::net::TcpListener;

use crate::terminal::{Terminal, code, out, talk};

const CUSTOMERS: &[&str] = &["c1", "c2", "c3"];

/// The world's process, served, and ann and bo at their terminals.
async fn served(world: &World) -> (Terminal, Terminal) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(server::serve(listener, world.control.clone(), ServerSettings::default(), std::future::pending()));
    let terminal = async |who: &str| {
        let link = server::sign_in_link(&world.control, &person(who)).await.unwrap();
        let token = link.rsplit('/').next().unwrap();
        Terminal::logged_in(&format!("{url}/sign-in/{token}")).await
    };
    (terminal("ann").await, terminal("cy").await)
}

async fn asked(world: &mut World, version: &str) -> String {
    world.build(version).await;
    let number = world
        .until("people are asked about the fleet", async |world| {
            let newest = world.control.fleets(None).await.ok()?.into_iter().next()?;
            (newest.shown.is_some() && newest.fleet.build.image.version() == version).then_some(newest.fleet.number)
        })
        .await;
    number.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_pin_is_approved_followed_stopped_and_cancelled_at_a_terminal() {
    let plan = Plan { customers: CUSTOMERS, waves: "{size: 1, pause: 0s}", ..Plan::default() };
    let mut world = World::planned(plan).await;
    for customer in CUSTOMERS {
        let id = format!("shop/prod/{customer}").parse().unwrap();
        world
            .until("every instance is proven", async |world| {
                world.control.instance_view(&id).await.ok()?.state.verified.map(drop)
            })
            .await;
    }
    let (ann, cy) = served(&world).await;

    // What works is seen, approved and followed, a line for each wave.
    let good = asked(&mut world, "2.0").await;
    let shown = ann.run(&["show", &good]).await;
    assert!(out(&shown).contains("shop → prod (3 instances): pin 2.0?"), "{}", out(&shown));
    assert!(
        out(&shown).contains("asked      #1 shop/prod/c1") && out(&shown).contains("approve F1 --shown"),
        "{}",
        out(&shown)
    );
    let refused = cy.run(&["approve", &good]).await;
    assert_eq!((code(&refused), talk(&refused).contains("ask one of: ann, bo")), (4, true), "{}", talk(&refused));
    let stale = ann.run(&["approve", &good, "--shown", "0000000000000000"]).await;
    assert_eq!(code(&stale), 1, "{}", talk(&stale));
    let impatient = ann.run(&["show", "f1", "--wait", "--timeout", "0"]).await;
    assert_eq!(code(&impatient), 6, "{}", talk(&impatient));
    let approved = ann.run(&["approve", &good, "--wait"]).await;
    assert_eq!(code(&approved), 0, "{}", talk(&approved));
    // A wave that is over before anybody looks has no line.
    for words in ["approve F1: shop/prod, 3 instances -> 2.0", " of 3: ", "Each was seen healthy on 2.0 and recorded."]
    {
        assert!(talk(&approved).contains(words), "{words}: {}", talk(&approved));
    }

    // What crashes stops it, and the exit code says so.
    let bad = asked(&mut world, "3.0-crash-loop").await;
    let stopped = ann.run(&["approve", &bad, "--wait"]).await;
    assert_eq!(code(&stopped), 7, "{}", talk(&stopped));
    assert!(talk(&stopped).contains("failed in wave 1 of 3, stopped"), "{}", talk(&stopped));
    let shown = out(&ann.run(&["show", &bad]).await);
    assert!(
        shown.contains("first failed: #4 shop/prod/c1: ") && shown.contains("left-out   #5 shop/prod/c2"),
        "{shown}"
    );

    // No, and stop.
    let unwanted = asked(&mut world, "4.0").await;
    let rejected = ann.run(&["reject", &unwanted, "--reason", "not before the sale"]).await;
    assert_eq!((code(&rejected), out(&rejected).contains("not before the sale")), (0, true), "{}", talk(&rejected));
    assert_eq!(code(&ann.run(&["show", &unwanted, "--wait"]).await), 8);
    assert_eq!(code(&ann.run(&["approve", &unwanted]).await), 1);
    let stopped = asked(&mut world, "5.0").await;
    assert_eq!(code(&ann.run(&["cancel", &stopped, "--wait"]).await), 0);

    let list = ann.json(&["fleets"]).await;
    let states: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|fleet| fleet["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["cancelled", "rejected", "stopped", "over"]);
    let listed = out(&ann.run(&["fleets", "--before", "F2"]).await);
    assert!(listed.contains("F1     shop/prod  2.0  over   3/3"), "{listed}");
    assert_eq!(code(&ann.run(&["show", "F9"]).await), 5);
}
