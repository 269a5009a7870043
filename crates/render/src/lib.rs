//! Files of a commit to Kubernetes objects, canonical and hashed.
