//! Every effect on the outside has a key that lives there, so that after an unknown answer it is looked for before it is
//! repeated (design 3). What a run announces and this does not know has none yet.

use model::{Effect, KeyPlace};
use testkit::crash::Point;

/// Where the key of something announced lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// As an effect of a pin says.
    Of(KeyPlace),
    /// The pin's id in the metadata of its message.
    ChatMetadata,
}

/// What an effect does in detail, by how its announcement begins, and where its key lives.
const DETAILS: [(&str, Key); 19] = [
    ("write inventory", Key::Of(KeyPlace::Inventory)),
    ("apply ", Key::Of(KeyPlace::Inventory)),
    ("repair ", Key::Of(KeyPlace::Inventory)),
    ("install ", Key::Of(KeyPlace::Inventory)),
    ("run hook ", Key::Of(KeyPlace::Inventory)),
    ("note hook ", Key::Of(KeyPlace::Inventory)),
    ("note end of hook ", Key::Of(KeyPlace::Inventory)),
    ("delete hook ", Key::Of(KeyPlace::Inventory)),
    ("converge back ", Key::Of(KeyPlace::Inventory)),
    ("drop from inventory", Key::Of(KeyPlace::Inventory)),
    ("delete dropped ", Key::Of(KeyPlace::Inventory)),
    ("delete stuck pods of ", Key::Of(KeyPlace::Inventory)),
    ("settle inventory", Key::Of(KeyPlace::Inventory)),
    ("prune ", Key::Of(KeyPlace::Inventory)),
    ("forget pruned", Key::Of(KeyPlace::Inventory)),
    ("make commit", Key::Of(KeyPlace::CommitTrailer)),
    ("push commit", Key::Of(KeyPlace::CommitTrailer)),
    ("post chat message", Key::ChatMetadata),
    ("edit chat message", Key::ChatMetadata),
];

/// Fails when something of a recorded run has none: what is announced between an effect and the next one is done for it, and
/// has its key.
pub(crate) fn each_has_one(announced: &[Point]) {
    let mut within = None;
    for point in announced {
        if let Some(effect) = effect(&point.effect) {
            within = Some(effect);
            continue;
        }
        let key = detail(&point.effect);
        let Key::Of(place) = key else { continue };
        if let Some(effect) = within {
            assert_eq!(place, effect.key_place(), "`{}` is done for `{effect}` and has another key", point.effect);
        }
    }
}

fn effect(name: &str) -> Option<Effect> {
    Effect::ALL.into_iter().find(|effect| effect.name() == name)
}

fn detail(name: &str) -> Key {
    let Some((_, key)) = DETAILS.into_iter().find(|(begins, _)| name.starts_with(begins)) else {
        panic!("`{name}` is announced, and nobody said where its key lives: give it one, and a line in `DETAILS`")
    };
    key
}

#[test]
fn an_effect_that_nobody_gave_a_key_is_found() {
    let point = |effect: &str| Point { effect: effect.to_owned(), occurrence: 1 };
    let caught = |announced: &[&str]| {
        let announced: Vec<Point> = announced.iter().map(|effect| point(effect)).collect();
        std::panic::catch_unwind(|| each_has_one(&announced)).is_err()
    };
    assert!(!caught(&["push", "push commit", "edit chat message", "settle", "settle inventory"]));
    assert!(caught(&["push", "send mail"]), "it is not known");
    assert!(caught(&["render", "apply Deployment/web"]), "it is said to touch nothing outside");
}
