use proptest::prelude::*;

use super::*;
use crate::Secret;

const NOW: &str = "2026-01-31T12:00:00Z";
const TEXT: &str = "db:\n    user: shop\n    password: hunter2\n    ports:\n        - 5432\n        - 5433\nempty: \"\"\nclear_unencrypted: public\n";

fn keys() -> (Identities, Creation) {
    let (private, public) = generate();
    let identities = Identities::parse(&Secret::new(private.expose().to_owned())).unwrap();
    (identities, Creation::for_recipients(vec![Recipient::parse(&public).unwrap()]))
}

fn encrypted(creation: &Creation) -> String {
    String::from_utf8(encrypt("s.yaml", TEXT.as_bytes(), Format::Yaml, creation, NOW).unwrap()).unwrap()
}

fn refusal(text: &str, identities: &Identities) -> String {
    let opened = Encrypted::parse("s.yaml", text.as_bytes(), Format::Yaml);
    match opened.and_then(|file| file.open(identities).map(drop)) {
        Ok(()) => "it was opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The value of a line that begins so.
fn line<'t>(text: &'t str, begin: &str) -> &'t str {
    text.lines().map(str::trim_start).find_map(|line| line.strip_prefix(begin)).unwrap()
}

#[test]
fn damaged_files_are_refused_with_file_and_key() {
    let (keys, creation) = keys();
    let good = encrypted(&creation);
    let user = line(&good, "user: ");
    let password = line(&good, "password: ");
    let mac = line(&good, "mac: ");
    let cut = &password[..password.len() - 30];
    let flipped = password.replacen("data:", "data:AAAA", 1);
    let (start, end) = (good.find("    user").unwrap(), good.find("    ports").unwrap());
    let armor = good.find("-----BEGIN").unwrap();
    let damages = [
        (
            good.replace(password, cut),
            "`db.password` is not an encrypted value as SOPS writes it (it does not end with `]`)",
        ),
        (good.replace(password, &flipped), "`db.password` does not open with the file's key"),
        (good.replace(password, user), "`db.password` does not open with the file's key"),
        (good.replace(password, "hunter3"), "`db.password` is in the clear and should be encrypted"),
        (
            good.replace(password, &password.replace("type:str", "type:int")),
            "`db.password` is marked as int and holds something",
        ),
        (good.replace(password, &password.replace("type:str", "type:odd")), "(its `type` is unknown)"),
        (good.replace("password:", "passwort:"), "`db.passwort` does not open with the file's key"),
        (good.replace("public", "publik"), "the MAC does not match"),
        (good.replace(&good[start..end], ""), "the MAC does not match"),
        (good.replace("empty: \"\"", "empty: \"\"\nadded_unencrypted: x"), "the MAC does not match"),
        (good.replace(mac, &mac.replacen("data:", "data:AAAA", 1)), "`sops.mac` does not open"),
        (good.replace(NOW, "2026-01-31T12:00:01Z"), "`sops.mac` does not open"),
        (good.replace(NOW, "yesterday"), "`sops.lastmodified`: it is not a time"),
        (good.replace("mac:", "mak:"), "`sops.mac`: it is missing"),
        (
            good.replace(&good[armor + 60..armor + 70], "xxxxxxxxxx"),
            "the private key that was given does not open the file",
        ),
        (good[..good.find("sops:").unwrap()].to_owned(), "the file is not encrypted with SOPS"),
        (
            good.replace("unencrypted_suffix: _unencrypted", "encrypted_regex: \"(\""),
            "`sops.encrypted_regex`: it is not a regular",
        ),
        (good.replace("    user:", "  user:"), "line 3: this is not valid YAML"),
        (good.replace("user:", "password:"), "a key stands twice"),
    ];
    for (damaged, told) in damages {
        assert_ne!(damaged, good, "{told}");
        let error = refusal(&damaged, &keys);
        assert!(error.starts_with("s.yaml: ") && error.contains(told), "{told}\n{error}\n{damaged}");
        assert!(!error.contains("hunter") && !error.contains("data:"), "{error}");
    }
    assert_eq!(refusal(&good, &keys), "it was opened");
}

#[test]
fn the_order_of_values_is_under_the_mac() {
    let (keys, creation) = keys();
    let good = encrypted(&creation);
    let items: Vec<&str> = good.lines().filter(|line| line.starts_with("        - ENC[")).collect();
    let swapped = good.replace(items[0], "\0").replace(items[1], items[0]).replace('\0', items[1]);
    assert!(refusal(&swapped, &keys).contains("the MAC does not match"));
}

#[test]
fn what_is_in_the_clear_stays_byte_for_byte() {
    let (keys, creation) = keys();
    let text = "# größe\na:   {b: [x,  z], c: 1}\n\n\"quoted key\":   'x'\ncert: |\n  one\n\n  two\nlast: end";
    let encrypted = encrypt("a.yaml", text.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
    let file = Encrypted::parse("a.yaml", &encrypted, Format::Yaml).unwrap();
    let plain = file.open(&keys).unwrap().plaintext().unwrap().expose().clone();
    let want = text.replace("'x'", "x") + "\n";
    assert_eq!(String::from_utf8(plain).unwrap(), want);
}

#[test]
fn what_sops_would_expand_or_lose_is_refused() {
    let (_, creation) = keys();
    for (text, told) in [
        ("a: &x 1\nb: *x\n", "line 1: an anchor can't be in an encrypted file"),
        ("a: !custom x\n", "line 1: `a` has the tag `!custom`, which SOPS would take away"),
        ("1: a\n", "line 1: a key is not a text"),
        ("- a\n", "a document must be a mapping"),
        ("sops: x\n", "the file has a key `sops` already"),
        ("a: 99999999999999999999\n", "does not fit into 64 bits"),
        ("a: b: c\n", "this is not valid YAML"),
    ] {
        let error = encrypt("a.yaml", text.as_bytes(), Format::Yaml, &creation, NOW).unwrap_err().to_string();
        assert!(error.starts_with("a.yaml: ") && error.contains(told), "{text}\n{error}");
    }
}

#[test]
fn the_first_rule_that_matches_counts() {
    let public = generate().1;
    let other = generate().1;
    let rules = format!(
        "keys: [&me {public}]\ncreation_rules:\n- path_regex: ^prod/\n  encrypted_regex: ^data$\n  age: [*me, {other}]\n- path_regex: ^pgp/\n  pgp: ABCD\n  age: {other}\n- path_regex: ^kms/\n  kms: arn:aws:kms:eu:1:key/a\n  age: {other}\n- age: '{other}, {public}'\n"
    );
    let groups = |path: &str| {
        Creation::from_rules(".sops.yaml", &rules, path).map(|creation| {
            let keys = creation.groups[0].age.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>();
            (keys, creation.rules.encrypted_regex)
        })
    };
    assert_eq!(groups("prod/a.yaml").unwrap(), (vec![public.clone(), other.clone()], "^data$".to_owned()));
    assert_eq!(groups("dev/prod/a.yaml").unwrap(), (vec![other, public], String::new()));
    assert!(groups("kms/a.yaml").unwrap_err().to_string().contains("also names keys of the kind `kms`"));
    assert!(groups("pgp/a.yaml").unwrap_err().to_string().contains("`ABCD` is no fingerprint of a PGP key"));
    let none = Creation::from_rules("x/.sops.yaml", "creation_rules: [{path_regex: ^a$}]", "b").err().unwrap();
    assert_eq!(
        none.to_string(),
        "x/.sops.yaml: no rule in `creation_rules` matches `b`: add one, or give the recipient with --age"
    );
    let two = "creation_rules: [{encrypted_regex: a, unencrypted_regex: b}]";
    assert!(Creation::from_rules("r", two, "b").err().unwrap().to_string().contains("more than one of"));
}

#[test]
fn a_private_key_given_as_a_recipient_is_not_repeated() {
    let private = generate().0;
    let error = Recipient::parse(private.expose()).err().unwrap().to_string();
    assert!(error.contains("(a private key)") && !error.contains(private.expose()), "{error}");
    let error = Identities::parse(&Secret::new("# ok\nnonsense".to_owned())).err().unwrap();
    assert_eq!(error, IdentityError::Line { line: 2 });
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \\n\"'#:\\[\\]{},a-c|>-]{0,40}",
        prop::sample::select(vec![
            "yes", "~", "0x1", "1.0", "", " ", "\n", "a\nb", "a\n\n", " a\nb", "- a", "a: b", "a #b", "\u{feff}",
            "\r\n", "ENC[", "..."
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200), text in texts()) {
        for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Binary] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = Encrypted::parse("f", bytes, format);
                let _ = format.parse(bytes);
            }
        }
        let _ = KeyPath::parse(&text);
        let _ = Creation::from_rules("r", &text, "p");
    }

    #[test]
    fn any_text_comes_back_as_it_was(key in texts(), value in texts(), item in texts()) {
        let (keys, creation) = keys();
        let object = serde_json::json!({"k": {&key: [value, {"x": item}]}});
        for name in ["f.json", "f.yaml"] {
            let text = object.to_string();
            let Ok(file) = encrypt(name, text.as_bytes(), Format::of_name(name), &creation, NOW) else { continue };
            let file = Encrypted::parse(name, &file, Format::of_name(name)).unwrap();
            let plain = file.open(&keys).unwrap().plaintext();
            if name == "f.json" {
                let read: serde_json::Value = serde_json::from_slice(plain.unwrap().expose()).unwrap();
                prop_assert_eq!(&read, &object);
            }
        }
    }

    #[test]
    fn any_text_in_a_block_comes_back_or_is_refused(value in texts(), other in texts()) {
        let (keys, creation) = keys();
        let text = format!("a:\n    b: {}\n    c: x # c\n", serde_json::Value::from(value.clone()));
        let Ok(file) = encrypt("f.yaml", text.as_bytes(), Format::Yaml, &creation, NOW) else { return Ok(()) };
        let file = Encrypted::parse("f.yaml", &file, Format::Yaml).unwrap();
        let opened = file.open(&keys).unwrap();
        prop_assert!(opened.plaintext().is_ok());
        let path = KeyPath::parse("a.b").unwrap();
        prop_assert!(opened.get(&path).unwrap().expose().expose() == value.as_bytes());
        let set = opened.set(&path, &Value::text(other.clone()), NOW).unwrap();
        let set = Encrypted::parse("f.yaml", &set, Format::Yaml).unwrap();
        prop_assert!(set.open(&keys).unwrap().get(&path).unwrap().expose().expose() == other.as_bytes());
    }
}

/// Documents of few words, so that two of them have much in common: nested, with lists and comments wherever they may stand.
fn documents() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(vec!["a", "b", "c", "true", "12", "1.50", "\"x y\"", "''", "~", "2001-12-14"]);
    let comment = || prop::sample::select(vec!["", "", "", "# one", "# two"]);
    let lines = (word(), word(), comment(), comment(), 0..4_u8);
    prop::collection::vec(lines, 0..6).prop_map(|entries| {
        let mut text = String::new();
        for (at, (one, two, above, beside, kind)) in entries.into_iter().enumerate() {
            let beside = if beside.is_empty() { String::new() } else { format!(" {beside}") };
            if !above.is_empty() {
                text.push_str(&format!("{above}\n"));
            }
            text.push_str(&match kind {
                0 => format!("k{at}: {one}{beside}\n"),
                1 => format!("k{at}:{beside}\n    {above}\n    x: {one}\n    y: {two}{beside}\n").replace("    \n", ""),
                2 => format!("k{at}:\n    - {one}{beside}\n    {above}\n    - {two}\n").replace("    \n", ""),
                _ => format!("k{at}: [{one}, {{z: {two}}}]{beside}\n"),
            });
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_new_text_is_what_is_read_afterwards_and_the_same_text_changes_no_ciphertext(old in documents(), new in documents()) {
        let (keys, creation) = keys();
        let sealed = encrypt("f.yaml", old.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
        let file = Encrypted::parse("f.yaml", &sealed, Format::Yaml).unwrap();
        let opened = file.open(&keys).unwrap();
        let plain = opened.plaintext().unwrap();
        let kept = |text: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(text).into_owned();
            text.lines().filter(|line| !line.starts_with("    mac:")).map(str::to_owned).collect()
        };
        let same = opened.edited(plain.expose(), NOW).unwrap();
        prop_assert_eq!(kept(&same), kept(&sealed));

        let edited = opened.edited(new.as_bytes(), NOW).unwrap();
        let edited = Encrypted::parse("f.yaml", &edited, Format::Yaml).unwrap();
        let read = edited.open(&keys).unwrap().plaintext().unwrap();
        let fresh = encrypt("f.yaml", new.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
        let fresh = Encrypted::parse("f.yaml", &fresh, Format::Yaml).unwrap();
        let want = fresh.open(&keys).unwrap().plaintext().unwrap();
        prop_assert_eq!(String::from_utf8_lossy(read.expose()), String::from_utf8_lossy(want.expose()));
    }
}

#[test]
fn what_an_object_is_called_is_no_secret() {
    let (keys, creation) = keys();
    let of = |text: &str| -> Vec<String> {
        let file = encrypt("s.yaml", text.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
        let file = Encrypted::parse("s.yaml", &file, Format::Yaml).unwrap();
        let opened = file.open(&keys).unwrap();
        opened.secrets().map(|value| value.as_text().unwrap().to_owned()).collect()
    };
    let object = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, labels: {app: shop}, annotations: {a: one}}\nstringData: {name: two}\n";
    assert_eq!(of(object), ["one", "two"]);
    let list =
        "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {b: one}}]\n";
    assert_eq!(of(list), ["one"]);
    assert_eq!(of("kind: one\nmetadata: {name: two}\n"), ["one", "two"], "values of a chart are all secret");
}

/// The scope in two keys: the MAC is the same.
fn split(text: &str) -> String {
    let line = text.lines().find(|line| line.contains(SCOPE_KEY)).unwrap();
    let (key, value) = line.split_once(SCOPE_KEY).unwrap();
    let rest = value.replace("shop/prod", "/prod");
    let first = value.replace("shop/prod", "shop");
    let comma = if line.contains('{') {
        ""
    } else if text.trim_start().starts_with('{') && !first.trim_end().ends_with(',') {
        ","
    } else {
        ""
    };
    if line.contains('{') {
        let at = line.find("shop/prod").unwrap();
        let quote = if line[..at].ends_with('"') { "\"" } else { "" };
        let two = format!("{quote}, \"x_unencrypted\": {quote}");
        return text.replace("shop/prod", &format!("shop{two}/prod"));
    }
    text.replace(line, &format!("{key}{SCOPE_KEY}{first}{comma}\n{key}x_unencrypted{rest}"))
}

#[test]
fn a_scope_is_kept_and_checked_and_not_handed_on() {
    let (keys, creation) = keys();
    let creation = creation.within(Scope::parse("shop/prod").unwrap());
    for (name, text) in [
        ("s.yaml", TEXT),
        ("a.yaml", "# of all\n---\n# of a\na: b\n---\nc: d\n"),
        ("flow.yaml", "{a: b}\n"),
        ("s.json", "{\n  \"a\": \"b\"\n}\n"),
        ("empty.json", "{}\n"),
        ("s.env", "A=b\n"),
        ("s.bin", "any bytes"),
    ] {
        let format = Format::of_name(name);
        let bytes = encrypt(name, text.as_bytes(), format, &creation, NOW).unwrap();
        let file = Encrypted::parse(name, &bytes, format).unwrap();
        let opened = file.open(&keys).unwrap();
        assert_eq!(opened.scope().unwrap().unwrap().to_string(), "shop/prod", "{name}");
        assert_eq!(opened.content().unwrap().expose(), text.as_bytes(), "{name}");
        let whole = opened.plaintext().unwrap();
        let kept = String::from_utf8_lossy(whole.expose()).contains(SCOPE_KEY);
        assert_eq!(kept, format != Format::Binary, "{name}");
        let text = String::from_utf8(bytes).unwrap();
        let moved = text.replace("shop/prod", "shop/stage");
        let moved = Encrypted::parse(name, moved.as_bytes(), format).unwrap();
        assert!(matches!(moved.open(&keys).err().unwrap().problem, Problem::MacMismatch), "{name}");
        // The MAC is over values without their names.
        for renamed in [text.replace(SCOPE_KEY, "other_unencrypted"), split(&text)] {
            let renamed = Encrypted::parse(name, renamed.as_bytes(), format).unwrap();
            let opened = renamed.open(&keys).unwrap();
            assert_eq!(opened.scope().unwrap_err().problem, Problem::ScopeChanged, "{name}");
        }
    }
}

#[test]
fn a_scope_that_the_mac_leaves_out_or_that_is_another_is_refused() {
    let (_, creation) = keys();
    let scope = |text: &str| Scope::parse(text).unwrap();
    let rules = RawRules { encrypted_regex: "^a$".to_owned(), mac_only_encrypted: true, ..RawRules::default() };
    let loose = Creation { rules, ..creation.clone() }.within(scope("shop"));
    let error = encrypt("s.yaml", b"a: b\n", Format::Yaml, &loose, NOW).unwrap_err();
    assert_eq!(error.problem, Problem::ScopeNotBound);
    let text = format!("{SCOPE_KEY}: shop/prod\na: b\n");
    assert!(
        encrypt("s.yaml", text.as_bytes(), Format::Yaml, &creation.clone().within(scope("shop/prod")), NOW).is_ok()
    );
    let error = encrypt("s.yaml", text.as_bytes(), Format::Yaml, &creation.within(scope("shop")), NOW).unwrap_err();
    assert!(error.to_string().contains("is for `shop/prod` already"), "{error}");
}

#[test]
fn what_edits_or_sets_does_not_change_the_scope() {
    let (keys, creation) = keys();
    let creation = creation.within(Scope::parse("shop/prod").unwrap());
    let bytes = encrypt("s.yaml", b"a: b\n", Format::Yaml, &creation, NOW).unwrap();
    let file = Encrypted::parse("s.yaml", &bytes, Format::Yaml).unwrap();
    let opened = file.open(&keys).unwrap();
    for text in ["a: c\n".to_owned(), format!("{SCOPE_KEY}: shop/stage\na: b\n")] {
        assert_eq!(opened.edited(text.as_bytes(), NOW).unwrap_err().problem, Problem::ScopeChanged, "{text}");
    }
    assert!(opened.edited(format!("{SCOPE_KEY}: shop/prod\na: c\n").as_bytes(), NOW).is_ok());
    let at = KeyPath::parse(SCOPE_KEY).unwrap();
    assert_eq!(opened.set(&at, &Value::text("shop/stage"), NOW).unwrap_err().problem, Problem::ScopeChanged);
}

#[test]
fn scopes_hold_what_is_below_them() {
    for (scope, instance, holds) in [
        ("shop", "shop/prod", true),
        ("shop/prod", "shop/prod", true),
        ("shop/prod", "shop/prod/acme", true),
        ("shop/prod/acme", "shop/prod/acme", true),
        ("*/prod", "other/prod", true),
        ("shop/prod", "shop/stage", false),
        ("shop/prod", "shop2/prod", false),
        ("shop/prod/acme", "shop/prod", false),
        ("shop", "shopping/prod", false),
    ] {
        assert_eq!(Scope::parse(scope).unwrap().holds(instance), holds, "{scope} {instance}");
    }
    for bad in ["", "/", "shop/", "a/b/c/d", "shop prod", "shop\n"] {
        assert!(Scope::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_file_of_keys_that_holds_an_ssh_key_is_read_and_a_cut_one_is_refused_without_it() {
    let private = generate().0;
    let cut = format!(
        "{}\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
        private.expose()
    );
    let error = Identities::parse(&Secret::new(cut)).err().unwrap();
    assert_eq!(error.to_string(), "line 2: the SSH key can't be read: is it cut off?");
    let rsa = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n";
    let error = Identities::parse(&Secret::new(rsa.to_owned())).err().unwrap();
    assert!(error.to_string().contains("is not of the kind ed25519"), "{error}");
    for bad in
        ["ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E= ann", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="]
    {
        assert!(Recipient::parse(bad).is_err(), "{bad}");
    }
}
