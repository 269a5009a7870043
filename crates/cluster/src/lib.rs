//! Kubernetes: server-side apply, inventory, prune, watch, logs.
