//! Where Pinnace grows by one file and one line in a list: each such list has a page that says how.

use super::{Complaints, House};

/// A place to grow: the file with the list, how the list is declared there, and the page in `docs/adding`.
struct Point {
    list: &'static str,
    declared: &'static str,
    page: &'static str,
}

const POINTS: [Point; 8] = [
    Point { list: "crates/chat/src/services.rs", declared: "pub const SERVICES:", page: "chat-service.md" },
    Point { list: "crates/cli/src/commands/doctor.rs", declared: "const AREAS:", page: "doctor-check.md" },
    Point { list: "crates/cli/src/main.rs", declared: "enum Pinnace {", page: "command.md" },
    Point { list: "crates/health/src/rules.rs", declared: "const RULES:", page: "health-rule.md" },
    Point { list: "crates/operator/src/kinds.rs", declared: "pub const KINDS:", page: "custom-resource.md" },
    Point { list: "crates/render/src/lint.rs", declared: "const RULES:", page: "lint-rule.md" },
    Point { list: "crates/render/src/references.rs", declared: "const RULES:", page: "reference-rule.md" },
    Point { list: "crates/webhooks/src/formats.rs", declared: "const ALL:", page: "webhook-format.md" },
];

const PAGES: &str = "docs/adding/";

/// Every list without a page, and every page without a list.
pub(super) fn check(house: &House) -> Complaints {
    let mut complaints = Vec::new();
    for Point { list, declared, page } in POINTS {
        if !house.file(list).is_some_and(|file| file.text.contains(declared)) {
            complaints.push(format!("{list} has no `{declared}`: xtask/src/tidy/growth.rs should name the list"));
        }
        let path = format!("{PAGES}{page}");
        match house.file(&path) {
            None => complaints.push(format!("{list} has no page: write {path}, with the files to touch in order")),
            Some(file) if !file.text.contains(list) => complaints.push(format!("{path} does not name {list}")),
            Some(_) => {}
        }
    }
    let pages = house.files.iter().filter_map(|file| file.path.strip_prefix(PAGES));
    let unknown = pages.filter(|page| !POINTS.iter().any(|point| point.page == *page));
    complaints.extend(unknown.map(|page| format!("{PAGES}{page} belongs to no list in xtask/src/tidy/growth.rs")));
    complaints
}
