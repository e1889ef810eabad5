//! Passwords: argon2id, and what makes one acceptable.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::http::{Kind, Problem, Result};

/// Passwords that every guesser tries first and that are long enough.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "123123123123",
    "111111111111",
    "000000000000",
    "qwertyuiop12",
    "qwertyuiopas",
    "passwordpassword",
    "password1234",
    "password12345",
    "contraseña123",
    "contrasena123",
    "contrasenacontrasena",
    "administrador",
    "administrator",
    "administrador1",
    "hospital1234",
    "hospitalhospital",
    "clinica12345",
    "iloveyou1234",
    "teamo1234567",
    "abcdefghijkl",
    "abcd12345678",
    "letmein12345",
    "welcome12345",
    "bienvenido12",
    "changeme1234",
    "barcelona123",
    "realmadrid123",
    "españa123456",
    "galeno123456",
    "medico123456",
];

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Why a password is not acceptable: NIST SP 800-63B asks for length and for none of the usual ones.
pub(super) fn acceptable(password: &str, username: &str) -> Result<()> {
    let folded = password.to_lowercase();
    let length = password.chars().count();
    let one = password.chars().next();
    let name = username.split('@').next().unwrap_or_default().to_lowercase();
    if !(12..=128).contains(&length) {
        return Err(Problem::field(
            "/password",
            "Entre 12 y 128 caracteres.",
            "Between 12 and 128 characters.",
        ));
    }
    if COMMON.contains(&folded.as_str())
        || password.chars().all(|c| Some(c) == one)
        || (name.len() > 3 && folded.contains(&name))
    {
        return Err(Problem::field(
            "/password",
            "Demasiado fácil de adivinar.",
            "Too easy to guess.",
        ));
    }
    Ok(())
}

/// The hash to store, in the PHC format.
pub async fn hash(places: &Semaphore, password: &str) -> Result<String> {
    let password = password.to_owned();
    let _place = places.acquire().await.map_err(|_| Problem::new(Kind::Busy))?;
    tokio::task::spawn_blocking(move || hasher().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await
        .map_err(|_| Problem::bug("password hashing stopped"))?
        .map_err(|_| Problem::bug("password hashing failed"))
}

/// Whether the password is the one of the hash. Without a hash it takes as long and says no.
pub(super) async fn matches(places: &Semaphore, password: &str, hash: Option<&str>) -> Result<bool> {
    // A hash of nothing that anybody can type, so that an unknown name answers as slowly as a known one.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$Z2FsZW5vZ2FsZW5vMDA$JTYhU4e1cHfmIyUuwSvnT+pmFEm2mZM4Hn5vQhGVSmI";
    let known = hash.is_some();
    let (password, hash) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned());
    let _place = places.acquire().await.map_err(|_| Problem::new(Kind::Busy))?;
    let same = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .map_err(|_| Problem::bug("password hashing stopped"))?;
    Ok(same && known)
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::{acceptable, hash, matches};

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let places = Semaphore::new(1);
        let stored = hash(&places, "correcta caballo pila").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(matches(&places, "correcta caballo pila", Some(&stored)).await.unwrap());
        assert!(!matches(&places, "correcta caballo grapa", Some(&stored)).await.unwrap());
        assert!(!matches(&places, "anything", None).await.unwrap());
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        for bad in ["short", "password1234", "aaaaaaaaaaaaaa", "lucia.perez1234"] {
            assert!(acceptable(bad, "lucia.perez@clinic.example").is_err(), "{bad}");
        }
        assert!(acceptable("tres gatos en el tejado", "lucia.perez@clinic.example").is_ok());
    }
}
