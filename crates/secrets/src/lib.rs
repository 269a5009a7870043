//! What must not be seen, made unseen: the one `redact`, the one `safe_url` and the one way to show a Secret.
//!
//! Every text that leaves the process (log, error, chat, page, command line, database) passes [`Redactor::redact`];
//! every object that is shown or compared passes [`mask_object`]; every text of others that a terminal may print
//! passes [`clean_terminal`]; every link passes [`safe_url`].

mod hidden;
mod mask;
mod redactor;
mod secret;
pub mod sops;
mod text;

pub use hidden::Hidden;
pub use mask::{MaskKey, NoRandomness, is_secret, mask_object, secret_values};
pub use redactor::{REDACTED, Redactor, SHORTEST_REGISTERED};
pub use secret::Secret;
pub use text::{clean_terminal, clip, escape_terminal, in_address, safe_url};
