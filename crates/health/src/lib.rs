//! Objects in, verdict out: whether what was applied is Current, in progress or failed, and why, in words. No IO.
//!
//! In the life of a pin this stands between *applied* and *verified*: `cluster` hands over what it sees, [`judge`]
//! says what that means, and [`Watch`] says when it has meant it for long enough. The rules are one file a kind in
//! `rules/`. A workload is judged from the pods of its newest revision only, so that old pods that still run never
//! make a broken version look well, and a broken old pod never makes a good version look ill.
//!
//! Texts of the cluster (messages of events and conditions) are carried in `technical` and, where nothing better is
//! known, in sentences: whoever shows them passes them through the redactor first.

mod children;
mod containers;
mod custom;
mod expression;
mod key;
mod observation;
mod pods;
mod pull;
mod read;
mod revision;
mod rules;
mod verdict;
mod watch;
mod words;

pub use children::{Baseline, Children};
pub use custom::{BadKind, CustomRule, CustomRules, check_annotations, check_kind};
pub use expression::{BadExpression, Expression};
pub use key::ObjectKey;
pub use observation::{Applied, Judgement, Observation, Observed, judge, judge_object};
pub use rules::{kinds_with_a_rule, needs_children, rests_on_status};
pub use verdict::{Cause, Failure, LogSource, Progress, Verdict};
pub use watch::{Decision, Watch};
