//! Ingress: Current at once. Many controllers never write an address, and waiting for one would never end.

use crate::rules::Subject;
use crate::verdict::Verdict;

pub(crate) fn judge(_: &Subject<'_>) -> Verdict {
    Verdict::Current
}
