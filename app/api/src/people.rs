//! What identifies and reaches people: national documents, telephones, addresses, names as they are searched.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kind of an identity document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentType {
    /// Spanish national identity document.
    Dni,
    /// Spanish foreigner's identity number.
    Nie,
    /// Passport of any country.
    Passport,
}

impl DocumentType {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dni => "dni",
            Self::Nie => "nie",
            Self::Passport => "passport",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Dni, Self::Nie, Self::Passport]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// The number in its one spelling, when it is a valid one.
    pub fn normalize(self, number: &str) -> Option<String> {
        let number: String = number
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-' && *c != '.')
            .flat_map(char::to_uppercase)
            .collect();
        if !number.is_ascii() {
            return None;
        }
        let good = match self {
            Self::Dni => number.len() == 9 && control_letter(&number[..8], &number[8..]),
            Self::Nie => {
                let prefix = match number.as_bytes().first() {
                    Some(b'X') => "0",
                    Some(b'Y') => "1",
                    Some(b'Z') => "2",
                    _ => return None,
                };
                number.is_ascii()
                    && number.len() == 9
                    && control_letter(&[prefix, &number[1..8]].concat(), &number[8..])
            }
            Self::Passport => {
                (5..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
        };
        good.then_some(number)
    }
}

/// The number of a document as it is looked for, whichever kind it is of: without signs, in capitals.
pub fn document_number(number: &str) -> String {
    number
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .flat_map(char::to_uppercase)
        .collect()
}

/// The letter that a DNI's or NIE's number calls for (Real Decreto 1553/2005).
fn control_letter(digits: &str, letter: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    digits.len() == 8
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits
            .parse::<usize>()
            .is_ok_and(|number| letter.as_bytes() == [LETTERS[number % 23]])
}

/// The letter for a number: for synthetic people.
pub fn dni(number: u32) -> String {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let number = number % 100_000_000;
    format!("{number:08}{}", char::from(LETTERS[number as usize % 23]))
}

/// Whether a telephone number is in the international form (E.164).
pub fn phone(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    })
}

/// Whether an e-mail address can be one. Whether it is somebody's, only a message shows.
pub fn email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    address.len() <= 254
        && (1..=64).contains(&local.len())
        && local.bytes().all(|byte| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'@' | b'[' | b'\\' | b']'
                )
        })
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Whether a user name can be one: what stands in addresses and logs without quotes.
pub fn username(name: &str) -> bool {
    (3..=254).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_' | b'@' | b'+')
        })
}

/// The words of a name as they are searched: lower case, without accents, at most 60 letters each.
pub fn words(name: &str) -> Vec<String> {
    let folded: String = name.chars().flat_map(char::to_lowercase).map(fold).collect();
    let mut words: Vec<String> = folded
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() > 1)
        .map(|word| word.chars().take(60).collect())
        .collect();
    words.sort();
    words.dedup();
    words
}

/// What comes after every word that begins so: words hold letters and digits alone, and `~` comes after all of them.
pub fn after(word: &str) -> String {
    format!("{word}~")
}

/// A letter without its accent. Letters of other scripts become word breaks.
fn fold(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ő' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ñ' | 'ń' | 'ň' => 'n',
        'ç' | 'ć' | 'č' => 'c',
        'š' | 'ś' | 'ş' | 'ș' => 's',
        'ž' | 'ź' | 'ż' => 'z',
        'ý' | 'ÿ' => 'y',
        'ł' => 'l',
        'ř' => 'r',
        'ť' | 'ţ' | 'ț' => 't',
        'ď' | 'đ' => 'd',
        'ğ' => 'g',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::{DocumentType, dni, email, phone, username, words};

    #[test]
    fn documents_are_checked_by_their_letter_and_kept_in_one_spelling() {
        assert_eq!(DocumentType::Dni.normalize("12.345.678-z").unwrap(), "12345678Z");
        assert_eq!(DocumentType::Dni.normalize("12345678A"), None);
        assert_eq!(DocumentType::Nie.normalize("x1234567l").unwrap(), "X1234567L");
        assert_eq!(DocumentType::Nie.normalize("A1234567L"), None);
        assert_eq!(DocumentType::Passport.normalize("ab 123456").unwrap(), "AB123456");
        for wrong in ["", "ñ2345678Z", "1234567ñ", "123456789"] {
            assert_eq!(DocumentType::Dni.normalize(wrong), None, "{wrong}");
            assert_eq!(DocumentType::Nie.normalize(wrong), None, "{wrong}");
        }
        assert_eq!(DocumentType::Dni.normalize(&dni(7)).unwrap(), dni(7));
    }

    #[test]
    fn names_are_searched_without_accents() {
        assert_eq!(
            words("Núñez de la Peña, María José"),
            ["de", "jose", "la", "maria", "nunez", "pena"]
        );
        assert!(words("李").is_empty());
    }

    #[test]
    fn telephones_and_addresses() {
        assert!(phone("+34912345678") && !phone("912345678") && !phone("+34 912"));
        assert!(email("lucia@clinic.example") && !email("lucia@clinic") && !email("lucia@-x.es") && !email("a b@c.es"));
        assert!(username("lucia.perez@clinic.example") && !username("Lucía") && !username("ab"));
    }
}
