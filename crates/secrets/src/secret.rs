//! A value that can't be shown by accident and leaves nothing in memory.

use zeroize::Zeroize;

/// Holds a secret: no `Debug`, no `Display`, no `Serialize`, and its bytes are overwritten when it goes.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a secret in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Gives it out; every use of this is worth a look in review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
