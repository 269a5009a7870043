//! Objects in, verdict out: when a set of Kubernetes objects is Current, in progress or failed, and why. No IO.
