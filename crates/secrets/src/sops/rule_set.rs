//! The file `.sops.yaml`: its rules in order, of which the first that matches counts, and what in it is wrong or misspelt.

mod typos;

use serde_json::{Map, Value as Json};

use super::creation::{Creation, bad, text_of};
use super::error::{Problem, SopsError};
use super::examine::Finding;
use super::format::conflict;
use super::rules::pattern;
use typos::Typo;

const LONGEST_RULES: usize = 1024 * 1024;

/// A file of rules, read once for many files.
pub struct RuleSet {
    name: String,
    text: String,
    file: Json,
}

impl RuleSet {
    /// Reads it; `name` is for errors.
    pub fn parse(name: &str, text: &str) -> Result<Self, SopsError> {
        let of = |problem: Problem| problem.of(name);
        if text.len() > LONGEST_RULES {
            return Err(of(Problem::TooLarge { bytes: text.len(), most: LONGEST_RULES }));
        }
        let file: Json = serde_saphyr::from_str(text).map_err(|error| {
            if let Some(line) = conflict(text) {
                return of(Problem::syntax(line, "a conflict of git stands in the rules (`<<<<<<<`): resolve it"));
            }
            let line = error.location().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
            of(Problem::syntax(line, "this is not valid YAML: correct the rules"))
        })?;
        match file.get("creation_rules") {
            None | Some(Json::Null | Json::Array(_)) => {}
            Some(_) => return Err(of(bad("`creation_rules` is not a list"))),
        }
        Ok(Self { name: name.to_owned(), text: text.to_owned(), file })
    }

    /// The rule for a file, by its path from the folder of the rules.
    pub fn creation(&self, path: &str) -> Result<Creation, SopsError> {
        self.find(path).map_err(|problem| problem.of(&self.name))
    }

    /// What is wrong in it, whatever file is asked about.
    pub fn faults(&self) -> Vec<Finding> {
        let line_of = |typo: &Typo, from: usize| self.line_of_key(&typo.key, from);
        let of_file = typos::in_file(&self.file);
        let mut faults: Vec<Finding> =
            of_file.iter().map(|typo| Finding { line: line_of(typo, 1), what: typo.to_string() }).collect();
        for (at, rule) in self.rules().iter().enumerate() {
            let line = self.line_of_rule(at);
            let typos = typos::in_rule(rule, at);
            faults.extend(typos.iter().map(|typo| Finding { line: line_of(typo, line), what: typo.to_string() }));
            let wrong = match usable(rule, at) {
                // SOPS can use it.
                Ok(()) | Err(Problem::CloudRule { .. }) => continue,
                Err(problem) => problem.to_string(),
            };
            if typos.is_empty() {
                faults.push(Finding { line, what: wrong });
            }
        }
        faults
    }

    fn rules(&self) -> &[Json] {
        self.file.get("creation_rules").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn find(&self, path: &str) -> Result<Creation, Problem> {
        for (at, rule) in self.rules().iter().enumerate() {
            let (rule_map, wanted) = matched(rule, at)?;
            if wanted.as_ref().is_none_or(|pattern| pattern.is_match(path)) {
                if let Some(typo) = typos::in_rule(rule, at).first() {
                    return Err(bad(&typo.shown()));
                }
                return Ok(Creation { by_path: wanted.is_some(), ..Creation::of_rule(rule_map, at)? });
            }
        }
        match typos::in_file(&self.file).first() {
            Some(typo) => Err(Problem::Rule { what: typo.shown() }),
            None => Err(Problem::NoRule { path: crate::clip(&crate::clean_terminal(path), 200) }),
        }
    }

    fn line_of_key(&self, key: &str, from: usize) -> usize {
        let is_here = |line: &str| {
            let bare = line.trim_start_matches([' ', '-', '"', '\'', '{', '[']);
            bare.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
                || line.contains(&format!(", {key}:"))
        };
        let lines = self.text.lines().enumerate().skip(from.saturating_sub(1));
        lines.filter(|(_, line)| is_here(line)).map(|(at, _)| at + 1).next().unwrap_or(from)
    }

    /// Where a rule begins, as people write such files; else where the rules do.
    fn line_of_rule(&self, at: usize) -> usize {
        let begin =
            self.text.lines().position(|line| line.trim_start().starts_with("creation_rules")).unwrap_or_default();
        let mut depth = None;
        let items = self.text.lines().enumerate().skip(begin + 1).filter(|(_, line)| {
            let bare = line.trim_start();
            let column = line.len() - bare.len();
            bare.starts_with('-') && *depth.get_or_insert(column) == column
        });
        items.map(|(line, _)| line + 1).nth(at).unwrap_or(begin + 1)
    }
}

/// Whether files could be encrypted by a rule.
fn usable(rule: &Json, at: usize) -> Result<(), Problem> {
    let (rule, _) = matched(rule, at)?;
    Creation::of_rule(rule, at)?.rules().map(drop)
}

/// A rule with the pattern of the paths that it is for; none: for every file.
fn matched(rule: &Json, at: usize) -> Result<(&Map<String, Json>, Option<regex::Regex>), Problem> {
    let rule = rule.as_object().ok_or_else(|| bad(&format!("`creation_rules[{at}]` is not a mapping")))?;
    let wanted = text_of(rule, "path_regex", at)?;
    let no_pattern = || bad(&format!("`creation_rules[{at}].path_regex` is not a regular expression that can be used"));
    let wanted = if wanted.is_empty() { None } else { Some(pattern(&wanted).ok_or_else(no_pattern)?) };
    Ok((rule, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> RuleSet {
        RuleSet::parse(".sops.yaml", text).unwrap()
    }

    #[test]
    fn a_misspelt_key_is_said_by_name_with_the_one_that_is_meant() {
        let (_, public) = super::super::generate();
        for (wrong, meant) in [
            ("path_regexp", "path_regex"),
            ("path-regex", "path_regex"),
            ("pathRegex", "path_regex"),
            ("encrypted-regex", "encrypted_regex"),
            ("encrypt_regex", "encrypted_regex"),
            ("unencrypted_sufix", "unencrypted_suffix"),
            ("pinnace-scope", "pinnace_scope"),
            ("mac_only_encryptd", "mac_only_encrypted"),
            ("keygroups", "key_groups"),
        ] {
            let set = rules(&format!("# rules\ncreation_rules:\n  - age: {public}\n    {wrong}: x\n"));
            let error = set.creation("a.yaml").err().unwrap().to_string();
            let want = format!("`{wrong}` in `creation_rules[0]` is a key that SOPS does not know: `{meant}` is meant");
            assert_eq!(error, format!(".sops.yaml: {want}: correct the rule"));
            assert_eq!(set.faults(), [Finding { line: 4, what: format!("{want}: correct the rule") }]);
        }
        let set = rules(&format!("creation_rule:\n  - age: {public}\n"));
        let error = set.creation("a.yaml").err().unwrap().to_string();
        assert!(
            error.contains("`creation_rule` is a key that SOPS does not know: `creation_rules` is meant"),
            "{error}"
        );
        let set = rules(&format!("creation_rules:\n  - key_groups:\n      - agee: [{public}]\n"));
        assert!(
            set.creation("a.yaml").err().unwrap().to_string().contains("`agee` in `creation_rules[0].key_groups[0]`")
        );
    }

    #[test]
    fn what_sops_knows_or_people_note_is_no_typo() {
        let (_, public) = super::super::generate();
        let text = format!(
            "keys:\n  - &ann {public}\nstores: {{yaml: {{indent: 2}}}}\ndestination_rules: []\ncreation_rules:\n  - aws_profile: x\n    \
             description: for all\n    pgp: ''\n    shamir_threshold: 0\n    age: *ann\n"
        );
        let set = rules(&text);
        assert!(set.creation("a.yaml").is_ok());
        assert_eq!(set.faults(), []);
        let cloud = rules("creation_rules:\n  - kms: arn:aws:kms:x\n");
        assert_eq!(cloud.faults(), [], "SOPS can use it");
        assert!(matches!(cloud.creation("a.yaml").err().unwrap().problem, Problem::CloudRule { .. }));
    }

    #[test]
    fn a_rule_that_can_not_be_used_is_told_with_its_line() {
        let (_, public) = super::super::generate();
        let set = rules(&format!(
            "creation_rules:\n- age: {public}\n  path_regex: ^a\n- path_regex: '('\n  age: {public}\n- age: nobody\n"
        ));
        let faults: Vec<String> = set.faults().into_iter().map(|one| format!("{}: {}", one.line, one.what)).collect();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("4: `creation_rules[1].path_regex` is not a regular expression"), "{faults:?}");
        assert!(faults[1].starts_with("6: `nobody` is not an age recipient"), "{faults:?}");
        let error = RuleSet::parse("r", "creation_rules:\n  - a: [\n").err().unwrap().to_string();
        assert!(error.starts_with("r: line ") && error.contains("this is not valid YAML"), "{error}");
        let error = RuleSet::parse("r", "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n").err().unwrap().to_string();
        assert!(error.starts_with("r: line 1: a conflict of git stands in the rules"), "{error}");
        assert!(RuleSet::parse("r", "creation_rules: x\n").is_err());
    }
}
