//! Redaction of secret values in everything that leaves the process.
