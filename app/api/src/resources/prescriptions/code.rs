//! The code on a prescription: 94 unpredictable bits and a check letter, in Crockford's base 32, which has no letters that
//! are taken for one another.

use crate::{db::Fault, keys::Keys};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS: usize = 19;

/// A new code, as it is stored: 20 letters.
pub(super) fn new(keys: &Keys) -> Result<String, Fault> {
    let random: [u8; LETTERS] = keys.random()?;
    let mut values: Vec<u8> = random.iter().map(|byte| byte % BASE).collect();
    values.push(check(&values));
    Ok(values
        .iter()
        .map(|value| char::from(ALPHABET[usize::from(*value)]))
        .collect())
}

/// A prime: every single wrong letter and every swap of neighbours changes the check letter. The last letter of the
/// alphabet is never used.
const BASE: u8 = 31;

fn check(values: &[u8]) -> u8 {
    let sum = values
        .iter()
        .fold(0_u32, |sum, value| (sum * 3 + u32::from(*value) + 1) % u32::from(BASE));
    u8::try_from(sum).unwrap_or(0)
}

/// What somebody typed, in the one spelling. None: not one of our codes.
pub(super) fn parse(text: &str) -> Option<String> {
    let mut values = Vec::with_capacity(LETTERS + 1);
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        };
        let value = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
        values.push(u8::try_from(value).ok().filter(|value| *value < BASE)?);
    }
    let (last, body) = values.split_last()?;
    (body.len() == LETTERS && check(body) == *last).then(|| {
        values
            .iter()
            .map(|value| char::from(ALPHABET[usize::from(*value)]))
            .collect()
    })
}

/// For people: groups of five.
pub(super) fn shown(code: &str) -> String {
    code.as_bytes()
        .chunks(5)
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>()
        .join("-")
}

/// What holds for every text: a code that is read is shown in a form that is read as the same. For the fuzzer.
pub(crate) fn holds(text: &str) {
    if let Some(code) = parse(text) {
        assert_eq!(parse(&shown(&code)), Some(code));
    }
}

#[cfg(test)]
mod tests {
    use super::{new, parse, shown};
    use crate::keys::Keys;

    #[test]
    fn a_code_survives_a_person_and_a_wrong_letter_is_caught() {
        let keys = Keys::from_secrets(&[vec![7; 32]]);
        for _ in 0..200 {
            let code = new(&keys).unwrap();
            let typed = shown(&code)
                .to_lowercase()
                .replace('0', "o")
                .replace('1', "l")
                .replace('-', " ");
            assert_eq!(parse(&typed).unwrap(), code);
            let bytes = code.as_bytes();
            for place in 0..20 {
                let mut wrong = bytes.to_vec();
                wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
                assert_eq!(parse(std::str::from_utf8(&wrong).unwrap()), None, "{code} at {place}");
            }
        }
        assert_eq!(parse("ABC"), None);
        assert_eq!(parse("U"), None);
    }
}
