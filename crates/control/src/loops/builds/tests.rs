//! Of what waits, only what says something of its own is asked about.

use model::{Announcement, Timestamp};
use store::{BuildId, BuildRow, BuildState};

use super::coalesced;

fn row(id: i64, project: &str, tag: &str, digest: Option<char>) -> BuildRow {
    let digest = digest.map(|digit| format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap());
    BuildRow {
        id: BuildId(id),
        project: project.parse().unwrap(),
        sender: "ci".to_owned(),
        announcement: Announcement {
            image: "registry.example/acme/shop".parse().unwrap(),
            tag: Some(tag.parse().unwrap()),
            digest,
            chart: None,
            commit: Some(format!("{id:040x}")),
            branch: None,
            author: None,
            message: None,
            build_url: None,
        },
        received_at: Timestamp(id),
        state: BuildState::Received { attempts: 0, why: None, retry_at: Timestamp(id) },
    }
}

fn ids(rows: &[BuildRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id.0).collect()
}

#[test]
fn of_builds_that_say_the_same_the_newest_is_asked_about() {
    let rows = vec![row(1, "shop", "2.0", None), row(2, "shop", "2.1", None), row(3, "shop", "2.0", None)];
    let (newest, superseded) = coalesced(rows);
    assert_eq!(ids(&newest[&"shop".parse().unwrap()]), [2, 3], "in the order of their announcement");
    assert_eq!(superseded, [(BuildId(1), BuildId(3))]);
}

#[test]
fn builds_of_other_projects_or_with_other_digests_are_asked_about_on_their_own() {
    let rows = vec![
        row(1, "shop", "2.0", None),
        row(2, "todo", "2.0", None),
        row(3, "shop", "2.0", Some('a')),
        row(4, "shop", "2.0", Some('b')),
    ];
    let (newest, superseded) = coalesced(rows);
    assert_eq!(ids(&newest[&"shop".parse().unwrap()]), [1, 3, 4]);
    assert_eq!(ids(&newest[&"todo".parse().unwrap()]), [2]);
    assert_eq!(superseded, []);
}
