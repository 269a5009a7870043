//! What happened: append-only facts in SQLite. All SQL is here.
