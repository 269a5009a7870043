//! The engines in their rooms, against the same programs run plainly, and against what must not come in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by it what is broken")]

mod compare;
mod hostile;
mod support;
