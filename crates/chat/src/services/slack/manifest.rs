//! The app that a person creates in Slack: everything that it may do, in one text to paste.

use serde_json::{Value, json};

/// What the bot may do, and why: post and edit (`chat:write`), find a message again whose answer was lost
/// (`channels:history`, `groups:history`), find a channel by its name (`channels:read`, `groups:read`), and see whether
/// an account is a guest or a bot (`users:read`).
const SCOPES: [&str; 6] =
    ["channels:history", "channels:read", "chat:write", "groups:history", "groups:read", "users:read"];

/// The app manifest as JSON, with Socket Mode on: no public address is needed.
pub fn manifest() -> String {
    format!("{:#}", app())
}

fn app() -> Value {
    json!({
        "display_information": {
            "name": "Pinnace",
            "description": "Asks about a new build, pins it, and writes it to git once it was seen working.",
            "background_color": "#0b3c5d",
        },
        "features": {"bot_user": {"display_name": "pinnace", "always_online": true}},
        "oauth_config": {"scopes": {"bot": SCOPES}},
        "settings": {
            "interactivity": {"is_enabled": true},
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_json_with_socket_mode_and_within_slacks_limits() {
        let app: Value = serde_json::from_str(&manifest()).unwrap();
        assert_eq!(app["settings"]["socket_mode_enabled"], true);
        assert_eq!(app["settings"]["interactivity"]["is_enabled"], true);
        assert!(app["display_information"]["name"].as_str().unwrap().len() <= 35);
        assert!(app["display_information"]["description"].as_str().unwrap().len() <= 140);
    }
}
