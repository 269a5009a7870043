//! The verbs that people call, the loops that keep them true, and the performing of effects.

pub mod registry;
