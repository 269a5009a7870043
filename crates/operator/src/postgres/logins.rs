//! The two logins of a database, which take turns: the one in use is never changed, so no request fails while a password is replaced.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrets::Secret;
use zeroize::Zeroize as _;

use super::Wanted;
use super::error::PostgresError;
use super::name::PgName;
use super::scram;
use super::server::Server;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginName {
    /// The first.
    A,
    /// The second.
    B,
}

impl LoginName {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// Its role.
    pub fn role(self, wanted: &Wanted) -> PgName {
        wanted.owner.with(match self {
            Self::A => "_a",
            Self::B => "_b",
        })
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// With what an app logs in.
#[derive(Clone)]
pub struct Login {
    /// The role's name.
    pub role: String,
    /// Its password.
    pub password: Secret<String>,
}

impl Login {
    /// A role with a new password.
    pub(crate) fn new(role: &PgName) -> Result<Self, PostgresError> {
        Ok(Self { role: role.to_string(), password: made_password()? })
    }

    /// What the server is told of the password.
    pub(crate) fn verifier(&self) -> Result<String, PostgresError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| PostgresError::Random(error.to_string()))?;
        Ok(scram::verifier(self.password.expose(), salt))
    }
}

/// 32 random bytes, in letters that need no escape anywhere.
pub fn made_password() -> Result<Secret<String>, PostgresError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| PostgresError::Random(error.to_string()))?;
    let password = URL_SAFE_NO_PAD.encode(bytes);
    bytes.zeroize();
    Ok(Secret::new(password))
}

/// Whether the server takes a login.
pub async fn works(server: &Server, login: &Login, database: &PgName) -> Result<bool, PostgresError> {
    match server.connect_as(&login.role, &login.password, database.as_str()).await {
        Ok(_) => Ok(true),
        Err(PostgresError::Login { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
