//! Whether a request that would change something comes from our own page.

use http::{HeaderMap, header};

/// Browsers say where a request comes from; one that says nothing is no browser of ours.
pub(crate) fn from_our_own_page(headers: &HeaderMap, base_url: &str) -> bool {
    if let Some(site) = text(headers, "sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(headers, header::ORIGIN.as_str()) else { return false };
    if origin.eq_ignore_ascii_case(base_url.trim_end_matches('/')) {
        return true;
    }
    // The same server under another of its names: the cookie that proves the person is that name's.
    let host = text(headers, header::HOST.as_str());
    let theirs = origin.split_once("://").map(|(_, host)| host);
    theirs.is_some() && theirs == host
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        from_our_own_page(&headers, "https://pinnace.example")
    }

    #[test]
    fn only_our_own_page_counts() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://pinnace.example")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        for other in ["cross-site", "same-site", "none", ""] {
            assert!(!ours(&[("sec-fetch-site", other), ("origin", "https://pinnace.example")]), "{other}");
        }
        assert!(!ours(&[("origin", "https://evil.example"), ("host", "pinnace.example")]));
        assert!(!ours(&[("origin", "null"), ("host", "null")]));
        assert!(!ours(&[]));
    }
}
