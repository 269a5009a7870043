//! A value that can't be shown by accident.

use zeroize::Zeroize as _;

/// Holds a secret text. There is no `Debug`, no `Display` and no `Serialize`, so a struct that holds one can't be
/// logged, formatted or stored without somebody writing [`Hidden::expose`]. Its bytes are overwritten when it goes.
#[derive(Clone)]
pub struct Hidden(String);

impl Hidden {
    /// Takes a secret in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Gives it out; every use of this is worth a look in review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is anything in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Hidden {
    fn from(value: String) -> Self {
        Self(value)
    }
}
