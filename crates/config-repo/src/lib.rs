//! The git repository that says what should run: mirror, read, edit one scalar, commit, push.
