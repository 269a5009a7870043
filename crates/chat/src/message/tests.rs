use super::*;

#[test]
fn a_value_survives_the_way_through_the_service() {
    let value = ButtonValue { pin: PinId::from_random([7; 16]), nonce: "0123456789abcdef".into() };
    assert_eq!(value.to_string().parse(), Ok(value));
}

#[test]
fn a_forged_value_is_not_parsed() {
    for text in ["", "117", "117.k3f", "07.0123456789abcdef", &format!("{}.", "0".repeat(32)), &"0".repeat(5000)] {
        assert_eq!(text.parse::<ButtonValue>(), Err(InvalidButtonValue), "{text:?}");
    }
}

#[test]
fn every_action_is_found_by_its_id() {
    for action in Action::ALL {
        assert_eq!(action.id().parse(), Ok(action));
    }
    assert!("open".parse::<Action>().is_err());
}
