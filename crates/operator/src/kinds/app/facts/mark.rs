//! The mark that an App leaves on its database, which may outlive it: that there are data, which nothing is to be seeded into once more.

use serde_json::Value;

use crate::objects::uid_of;

/// Set on a database: name and uid of the first App that began in it, and the database's own uid, as a copy of it may be of other data.
pub(crate) const BEGUN_ANNOTATION: &str = "pinnace.dev/begun-by";

/// Which App began in a database first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark<'a> {
    pub(crate) app: &'a str,
    pub(crate) uid: &'a str,
}

impl<'a> Mark<'a> {
    /// That of a database, where it is about its data.
    pub(crate) fn of(database: &'a Value) -> Option<Self> {
        let mut parts = database["metadata"]["annotations"][BEGUN_ANNOTATION].as_str()?.split('/');
        let mark = Self { app: parts.next()?, uid: parts.next()? };
        // One of before says nothing of the database.
        parts.next().is_none_or(|of| of == uid_of(database)).then_some(mark)
    }

    /// As it is written on a database.
    pub(crate) fn written_on(self, database: &Value) -> String {
        format!("{}/{}/{}", self.app, self.uid, uid_of(database))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mark_counts_for_the_database_that_it_was_left_on_and_one_of_before_for_any() {
        let on = |text: &str| json!({"metadata": {"uid": "d", "annotations": {BEGUN_ANNOTATION: text}}});
        let mark = Mark { app: "shop", uid: "a" };
        let written = mark.written_on(&on(""));
        assert_eq!(written, "shop/a/d");
        for text in [&written, "shop/a"] {
            assert_eq!(Mark::of(&on(text)), Some(mark), "{text}");
        }
        for text in ["shop/a/other", "shop", ""] {
            assert_eq!(Mark::of(&on(text)), None, "{text}");
        }
    }
}
