//! Texts with places to be filled in: `postgis://$(database.username):$(database.password|url)@$(database.host)/shop`.

use secrets::in_address;

use super::Texts;

/// Fills in a text. `$$(` is written `$(`. The error says what is wrong, and repeats no value.
pub(super) fn fill_in(text: &str, parts: &Texts) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        if rest[..at].ends_with('$') {
            filled.push_str(&rest[..at]);
            filled.push('(');
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(&rest[..at]);
        let (place, after) =
            rest[at + 2..].split_once(')').ok_or_else(|| format!("a `$(` is not closed in the text {text}"))?;
        filled.push_str(&value(place, parts)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn value(place: &str, parts: &Texts) -> Result<String, String> {
    let (name, form) = place.split_once('|').map_or((place, None), |(name, form)| (name, Some(form)));
    let value = parts.get(name).ok_or_else(|| {
        let known: Vec<&str> = parts.keys().map(String::as_str).collect();
        format!("there is no $({name}); there are: {}", known.join(", "))
    })?;
    match form {
        None => Ok(value.clone()),
        Some("url") => Ok(in_address(value)),
        Some(other) => Err(format!("$({place}): there is no form `{other}`, only `url`")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts() -> Texts {
        [("database.host".to_owned(), "db".to_owned()), ("database.password".to_owned(), "a/b$(c)".to_owned())].into()
    }

    #[test]
    fn places_are_filled_in_once_and_as_addresses_need_it() {
        let filled = |text: &str| fill_in(text, &parts()).unwrap();
        assert_eq!(filled("$(database.host):5432"), "db:5432");
        assert_eq!(filled("$(database.password)"), "a/b$(c)");
        assert_eq!(filled("$(database.password|url)"), "a%2Fb%24%28c%29");
        assert_eq!(filled("$5 $$(database.host)"), "$5 $(database.host)");
    }

    proptest! {
        #[test]
        fn whatever_the_text_is_there_is_an_answer(text in "[$()|a-z. ]{0,40}") {
            let _ = fill_in(&text, &parts());
        }
    }
}
