//! Whether a value in the clear looks like a secret: by what its key is called, and by itself. In doubt no, since who is told too
//! much reads nothing any more.

/// What it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// A secret that somebody uses.
    Secret,
    /// What stands where a secret belongs: `changeme`.
    Placeholder,
    /// An address with a password in it.
    Address,
}

/// What this value of this key looks like.
pub(super) fn looks(key: &str, value: &str) -> Option<Looks> {
    let value = value.trim();
    if is_elsewhere(value) {
        return None;
    }
    if let Some(password) = password_in_address(value) {
        let used = if is_placeholder(password) { Looks::Placeholder } else { Looks::Address };
        return (!is_elsewhere(password)).then_some(used);
    }
    let kind = Key::of(key)?;
    if value.contains("://") || is_path(value) || is_word(value) || value.split_whitespace().count() > 5 {
        return None;
    }
    if value.starts_with("-----BEGIN ") {
        // A certificate or a public key; a private one is found wherever it stands.
        return None;
    }
    if kind != Key::Maybe && is_placeholder(value) {
        return Some(Looks::Placeholder);
    }
    let is_secret = match kind {
        Key::Password => true,
        Key::Token => value.len() >= 8 && !is_name(value) && !value.bytes().all(|byte| byte.is_ascii_digit()),
        Key::Maybe => is_random(value),
    };
    is_secret.then_some(Looks::Secret)
}

/// The same of a value that is a secret by its place, whatever its key is called.
pub(super) fn looks_in_the_clear(value: &str) -> Option<Looks> {
    let value = value.trim();
    let used = if is_placeholder(value) { Looks::Placeholder } else { Looks::Secret };
    (!is_elsewhere(value)).then_some(used)
}

/// Whether nothing is here, or only the name of a place where it is.
fn is_elsewhere(value: &str) -> bool {
    const PLACES: [&str; 10] =
        ["vault:", "ref+", "op://", "secretref:", "arn:", "file:", "ssm:", "awssm:", "keyvault:", "secret://"];
    let within = |begin: &str, end: &str| {
        value.len() > begin.len() + end.len() && value.starts_with(begin) && value.ends_with(end)
    };
    value.is_empty()
        || value.starts_with("ENC[")
        || ["{{", "}}", "${", "$("].iter().any(|mark| value.contains(mark))
        || value
            .strip_prefix('$')
            .is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        || [("__", "__"), ("@", "@"), ("%(", ")s"), ("%{", "}"), ("#{", "}#")]
            .iter()
            .any(|(begin, end)| within(begin, end))
        || PLACES.iter().any(|place| value.get(..place.len()).is_some_and(|start| start.eq_ignore_ascii_case(place)))
}

/// What the name of a key says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Whatever stands there is a secret.
    Password,
    /// What stands there is one where it is more than a name.
    Token,
    /// Only what can't be anything else is one.
    Maybe,
}

impl Key {
    fn of(key: &str) -> Option<Self> {
        const PASSWORDS: [&str; 4] = ["password", "passwd", "passphrase", "passwort"];
        const TOKENS: [&str; 6] = ["token", "apikey", "accesskey", "privatekey", "credentials", "clientsecret"];
        const OF_KEYS: [&str; 17] = [
            "secret",
            "api",
            "access",
            "private",
            "encryption",
            "signing",
            "master",
            "account",
            "auth",
            "jwt",
            "cookie",
            "session",
            "hmac",
            "app",
            "service",
            "shared",
            "storage",
        ];
        const OF_SECRETS: [&str; 14] = [
            "client", "app", "api", "shared", "jwt", "session", "cookie", "oauth", "signing", "webhook", "hmac",
            "consumer", "auth", "token",
        ];
        const MAYBE: [&str; 15] = [
            "key",
            "keys",
            "auth",
            "salt",
            "seed",
            "dsn",
            "creds",
            "credential",
            "secret",
            "secrets",
            "tokens",
            "passwords",
            "psk",
            "bearer",
            "cookie",
        ];
        // What is meant to be seen, names something else that holds the secret, or says what to do with one.
        const OTHERS: [&str; 12] = [
            "public", "existing", "example", "pub", "allow", "random", "enable", "require", "requires", "use", "has",
            "generate",
        ];
        let words = words(key);
        let (last, before) = words.split_last()?;
        let before = before.last().map_or("", String::as_str);
        let ends = |ends: &[&str]| ends.iter().any(|end| last.ends_with(end));
        if words.iter().any(|word| OTHERS.contains(&word.as_str())) {
            return None;
        }
        if ends(&PASSWORDS) || ["pwd", "pass"].contains(&last.as_str()) {
            return Some(Self::Password);
        }
        let named = (last == "key" && OF_KEYS.contains(&before)) || (last == "secret" && OF_SECRETS.contains(&before));
        if ends(&TOKENS) || named {
            return Some(Self::Token);
        }
        MAYBE.contains(&last.as_str()).then_some(Self::Maybe)
    }
}

/// `DB_PASSWORD`, `dbPassword` and `db-password` are `db` and `password`.
fn words(key: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut chars = key.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        let after_small = c.is_uppercase() && (last.is_lowercase() || last.is_ascii_digit());
        // The `K` of `APIKey`.
        let begins = c.is_uppercase() && last.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
        if (after_small || begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        last = c;
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Words of settings that are no secret anywhere.
fn is_word(value: &str) -> bool {
    ["true", "false", "null", "none", "yes", "no", "on", "off", "~", "{}", "[]"]
        .contains(&value.to_ascii_lowercase().as_str())
}

fn is_path(value: &str) -> bool {
    let begins = ["/", "./", "../", "~/"].iter().any(|begin| value.starts_with(begin));
    let is_small = value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/.-_~".contains(c));
    begins && !value.contains(['=', '+', ' ']) && (is_small || value.matches(['/', '.']).count() > 1)
}

/// `database`, `shop-db.credentials`: what something is called.
fn is_name(value: &str) -> bool {
    let letters = value.chars().all(|c| c.is_ascii_lowercase() || "-_./".contains(c));
    let capitals = value.chars().all(|c| c.is_ascii_uppercase() || "-_".contains(c));
    let camel = value.chars().all(|c| c.is_ascii_alphabetic()) && value.len() <= 24;
    letters || capitals || camel
}

fn is_placeholder(value: &str) -> bool {
    const WHOLE: [&str; 18] = [
        "password",
        "passwd",
        "secret",
        "mysecret",
        "mypassword",
        "supersecret",
        "test",
        "testing",
        "todo",
        "tbd",
        "fixme",
        "foo",
        "bar",
        "foobar",
        "token",
        "mytoken",
        "string",
        "value",
    ];
    const PARTS: [&str; 9] = [
        "changeme",
        "changethis",
        "changeit",
        "replaceme",
        "replacethis",
        "placeholder",
        "example",
        "dummy",
        "redacted",
    ];
    const BEGINS: [&str; 4] = ["your", "insert", "replacewith", "tobe"];
    let bare: String = value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let bracketed =
        (value.starts_with('<') && value.ends_with('>')) || (value.starts_with('[') && value.ends_with(']'));
    let mut chars = value.chars();
    let one = chars.next();
    let same = value.len() >= 3 && chars.all(|c| Some(c) == one) && one.is_some_and(|c| "xX*.-_?#".contains(c));
    bracketed
        || same
        || WHOLE.contains(&bare.as_str())
        || PARTS.iter().any(|part| bare.contains(part))
        || BEGINS.iter().any(|begin| bare.starts_with(begin))
}

/// `scheme://user:password@host`: the password.
fn password_in_address(value: &str) -> Option<&str> {
    value.match_indices("://").find_map(|(at, mark)| {
        let rest = value.get(at + mark.len()..)?;
        let authority = rest.split(['/', '?', '#', ' ', '\n', '"', '\'']).next()?;
        let (who, _) = authority.rsplit_once('@')?;
        let (_, password) = who.split_once(':')?;
        (!password.is_empty()).then_some(password)
    })
}

/// Whether nobody would have thought of it: long, of one alphabet of codes, and with as many different characters as chance gives.
fn is_random(value: &str) -> bool {
    const SHORTEST: usize = 20;
    let in_code = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    let mixed = value.contains(|c: char| c.is_ascii_digit()) && value.contains(|c: char| c.is_ascii_alphabetic());
    let is_uuid = value.len() == 36 && value.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let is_public =
        ["sha256:", "sha512:", "sha256-", "sha512-", "age1", "ssh-"].iter().any(|begin| value.starts_with(begin));
    if value.len() < SHORTEST || !value.chars().all(in_code) || !mixed || is_uuid || is_public {
        return false;
    }
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex { value.len() >= 32 && entropy(value) > 3.0 } else { entropy(value) > 3.6 }
}

/// Bits for a character, by how often each stands there.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_way_of_writing() {
        assert_eq!(words("DB_PASSWORD"), ["db", "password"]);
        assert_eq!(words("dbPassword"), ["db", "password"]);
        assert_eq!(words("spring.data-source.APIKey"), ["spring", "data", "source", "api", "key"]);
        assert_eq!(words("s3Key"), ["s3", "key"]);
    }

    #[test]
    fn what_somebody_uses_is_told_from_placeholders_references_and_names() {
        let random = "q8Zr2mVx91LkTb7WcY4eHs0N";
        for (key, value, want) in [
            ("password", "hunter22", Some(Looks::Secret)),
            ("DB_PASSWORD", "12345", Some(Looks::Secret)),
            ("PGPASSWORD", "postgres", Some(Looks::Secret)),
            ("smtpPass", "x", Some(Looks::Secret)),
            ("apiKey", "0123456789abcdef", Some(Looks::Secret)),
            ("client_secret", "n0t-a-name-1", Some(Looks::Secret)),
            ("AUTH_TOKEN", random, Some(Looks::Secret)),
            ("SECRET_KEY", random, Some(Looks::Secret)),
            ("tls.key", random, Some(Looks::Secret)),
            ("DATABASE_URL", "postgres://shop:hunter22@db/shop", Some(Looks::Address)),
            ("anything", "amqp://u:p%40ss@mq:5672", Some(Looks::Address)),
            ("password", "changeme", Some(Looks::Placeholder)),
            ("password", "<your password>", Some(Looks::Placeholder)),
            ("password", "xxxxxxxx", Some(Looks::Placeholder)),
            ("apiToken", "your-token-here", Some(Looks::Placeholder)),
            ("url", "postgres://shop:changeme@db/shop", Some(Looks::Placeholder)),
            ("password", "", None),
            ("password", "{{ .Values.password }}", None),
            ("password", "${DB_PASSWORD}", None),
            ("password", "$DB_PASSWORD", None),
            ("password", "$(DB_PASSWORD)", None),
            ("password", "ENC[AES256_GCM,data:x]", None),
            ("password", "vault:secret/data/shop#password", None),
            ("password", "ref+awsssm://shop/password", None),
            ("password", "null", None),
            ("existingSecretPassword", "shop-db", None),
            ("passwordFile", "/run/secrets/password", None),
            ("password", "/run/secrets/password", None),
            ("PWD", "/app", None),
            ("PWD", "/root", None),
            ("passwordKey", "db-password", None),
            ("secretName", "shop-tls", None),
            ("secret", "shop-db-credentials", None),
            ("secretKey", "db-password", None),
            ("secretKey", "DB_PASSWORD", None),
            ("publicKey", random, None),
            ("tokenUrl", "https://login.example.org/token", None),
            ("maxTokens", "4096", None),
            ("token", "3600", None),
            ("tokenTTL", "24h", None),
            ("usePassword", "true", None),
            ("MYSQL_ALLOW_EMPTY_PASSWORD", "1", None),
            ("url", "https://db.example.org:5432/x@y", None),
            ("url", "postgres://shop:${PASSWORD}@db/shop", None),
            ("url", "postgres://shop@db/shop", None),
            ("checksum", random, None),
            ("key", "0f8fad5b-d9cb-469f-a165-70867728950e", None),
            ("image", "registry.example/shop@sha256:0123", None),
            ("password", "the password of the user that the app logs in as", None),
        ] {
            assert_eq!(looks(key, value), want, "{key}: {value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_they_are_there_is_an_answer(key in proptest::prelude::any::<String>(), value in proptest::prelude::any::<String>()) {
            let _ = (looks(&key, &value), looks_in_the_clear(&value));
        }
    }
}
