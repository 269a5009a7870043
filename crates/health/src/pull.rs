//! Why an image could not be pulled: whether trying again can help.

/// What a failed pull means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pull {
    /// The registry has no such image.
    Missing,
    /// The registry will not hand it out.
    Refused,
    /// The registry is in trouble, or nothing is known: another try may do.
    Trouble,
}

/// What another try may cure. Asked first: a rate limit often comes with words of refusal.
const TROUBLE: &[&str] = &[
    "code = unavailable",
    "toomanyrequests",
    "too many requests",
    "429",
    "500 internal",
    "502 bad",
    "503 service",
    "504 gateway",
    "deadline exceeded",
    "timeout",
    "timed out",
    "connection refused",
    "connection reset",
    "no such host",
    "server misbehaving",
    "unexpected eof",
];

const MISSING: &[&str] = &[
    "code = notfound",
    "not found",
    "not_found",
    "manifest unknown",
    "manifest_unknown",
    "name unknown",
    "name_unknown",
    "404",
    "no match for platform",
];

const REFUSED: &[&str] = &[
    "unauthorized",
    "unauthenticated",
    "authentication required",
    "authorization failed",
    "401",
    "403",
    "denied",
    "forbidden",
    "insufficient_scope",
    "no basic auth credentials",
];

/// Reads the message of a failed pull. The image's own name is taken out first, as it may hold any of these words.
pub(crate) fn classify(message: &str, image: &str) -> Pull {
    let mut told = without_quotes(message);
    let repository = image.split('@').next().unwrap_or(image);
    let untagged =
        repository.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(repository, |(name, _)| name);
    for name in [image, repository, untagged] {
        if name.len() > 2 {
            told = told.replace(name, " ");
        }
    }
    told.make_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(TROUBLE) {
        Pull::Trouble
    } else if says(REFUSED) {
        // Some registries answer a missing image with a refusal that mentions both; access is what people then check.
        if says(&["code = notfound", "manifest unknown"]) { Pull::Missing } else { Pull::Refused }
    } else if says(MISSING) {
        Pull::Missing
    } else {
        Pull::Trouble
    }
}

/// The message without what stands in quotes: URLs and image names.
fn without_quotes(message: &str) -> String {
    message.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_is_refused_only_when_the_registry_says_so() {
        let image = "registry.example/denied/404:not-found";
        let table = [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example/denied/404:not-found\": \
                 failed to resolve reference: registry.example/denied/404:not-found: not found",
                Pull::Missing,
            ),
            (
                "manifest for registry.example/denied/404:not-found not found: manifest unknown: manifest unknown",
                Pull::Missing,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
                Pull::Refused,
            ),
            (
                "pull access denied for registry.example/denied/404, repository does not exist or may require authorization",
                Pull::Refused,
            ),
            (
                "unexpected status from HEAD request to \"https://registry.example/v2/denied\": 503 Service Unavailable",
                Pull::Trouble,
            ),
            ("toomanyrequests: You have reached your unauthenticated pull rate limit", Pull::Trouble),
            ("dial tcp: lookup registry.example: no such host", Pull::Trouble),
            ("Back-off pulling image \"registry.example/denied/404:not-found\"", Pull::Trouble),
            (
                "Back-off pulling image \"x\": ErrImagePull: rpc error: code = NotFound desc = y: not found",
                Pull::Missing,
            ),
            ("", Pull::Trouble),
            ("\"", Pull::Trouble),
        ];
        for (message, expected) in table {
            assert_eq!(classify(message, image), expected, "{message}");
        }
    }
}
