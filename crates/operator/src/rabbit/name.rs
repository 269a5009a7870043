//! Names of virtual hosts, users and policies.

use std::fmt;
use std::str::FromStr;

/// AMQP gives names so many bytes.
const LONGEST: usize = 255;

/// A name of a virtual host, a user or a policy: 1 to 255 bytes of any characters but control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RabbitName(String);

/// A text that can't be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name in RabbitMQ has 1 to 255 bytes without control characters, and is neither `.` nor `..`: `{0}`")]
pub struct InvalidName(String);

impl RabbitName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RabbitName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        // An address leads up by `..`, however it is written: such a name can't be asked for.
        let is_path = [".", ".."].contains(&text);
        let is_name = (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control) && !is_path;
        let shown = || text.chars().filter(|c| !c.is_control()).take(80).collect();
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName(shown())) }
    }
}

impl fmt::Display for RabbitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_1_to_255_bytes_and_may_hold_what_addresses_do_not() {
        for good in ["shop", "/", "a/b", "100%", "größe", "...", &"x".repeat(255)] {
            assert_eq!(good.parse::<RabbitName>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a\0b", "a\nb", &"x".repeat(256), &"ö".repeat(128)] {
            assert!(bad.parse::<RabbitName>().is_err(), "{bad:?}");
        }
    }
}
