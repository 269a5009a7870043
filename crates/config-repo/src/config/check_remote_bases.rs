//! From the file's form to the domain: where kustomizations may take bases from.

use super::check::Problems;
use super::file::Text;
use crate::RemoteUrl;

/// The addresses, each of a repository or of what holds several.
pub(super) fn check_remote_bases(addresses: Vec<Text>, problems: &mut Problems) -> Vec<String> {
    let mut good = Vec::new();
    for address in addresses {
        let text = address.value.trim_end_matches('/');
        let has_login =
            text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or(rest).contains('@'));
        if has_login {
            problems.add_secret(
                address.referenced,
                "the address holds a login",
                "bases are fetched without one: write `https://`, the host and the path",
            );
        } else if !is_address(text) {
            let help = "write what the addresses begin with: `https://git.example/acme`, or one repository: `https://git.example/acme/base`";
            problems.add(address.referenced, format!("`{text}` is not the address of git repositories"), help);
        } else {
            good.push(text.to_owned());
        }
    }
    good
}

fn is_address(text: &str) -> bool {
    // A host alone would allow everything that anybody puts there.
    let has_path =
        text.split_once("://").is_some_and(|(_, rest)| rest.split_once('/').is_some_and(|(_, path)| !path.is_empty()));
    has_path
        && text.parse::<RemoteUrl>().is_ok()
        && !text.contains(['?', '#', ' '])
        && !text.contains("//..")
        && !text.contains("/../")
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn parsed(addresses: &str) -> Result<Vec<String>, String> {
        let text = format!("apiVersion: pinnace.dev/v1\nkind: Config\nremoteBases: {addresses}\n");
        Config::parse(&text, "pinnace.yaml").map(|config| config.remote_bases).map_err(|error| error.to_string())
    }

    #[test]
    fn repositories_and_what_holds_them_may_be_named() {
        assert_eq!(
            parsed("[https://git.example/acme/, 'https://git.example/acme/base']").unwrap(),
            ["https://git.example/acme", "https://git.example/acme/base"]
        );
        for bad in [
            "https://git.example",
            "https://git.example/",
            "git.example/acme",
            "http://git.example/acme",
            "https://git.example/acme?ref=v1",
        ] {
            assert!(parsed(&format!("['{bad}']")).unwrap_err().contains("is not the address"), "{bad}");
        }
        let error = parsed("['https://bot:hunter2@git.example/acme']").unwrap_err();
        assert!(error.contains("holds a login") && !error.contains("hunter2"), "{error}");
    }
}
