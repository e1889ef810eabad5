//! What a plain scalar means to Go.
//!
//! The rules of `go.yaml.in/yaml/v2` (`resolve.go`), which `sigs.k8s.io/yaml` 1.6 uses, followed by what Go's
//! `encoding/json` and Kubernetes' decoder make of the result.

/// A resolved scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    /// Written as a number with a point or an exponent; may be infinite or not a number.
    Float(f64),
    /// The text itself.
    Text,
}

/// Resolves the text of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'0'..=b'9' | b'+' | b'-') => special(text).unwrap_or_else(|| number(text)),
        Some(b'.') => special(text).or_else(|| fraction(text)).unwrap_or(Scalar::Text),
        Some(_) => word(text),
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text,
    }
}

fn special(text: &str) -> Option<Scalar> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// A number that begins with its point goes to Go's `strconv.ParseFloat`, which takes an underscore between two digits.
fn fraction(text: &str) -> Option<Scalar> {
    if !text.contains('_') {
        return decimal(text).map(Scalar::Float);
    }
    let bytes = text.as_bytes();
    let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    let between = |at: usize| at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1));
    if !bytes.iter().enumerate().all(|(at, b)| *b != b'_' || between(at)) {
        return None;
    }
    decimal(&text.replace('_', "")).map(Scalar::Float)
}

/// Go takes out every underscore, then tries an integer with a prefix, then a decimal number. Base 60 is text to it.
fn number(text: &str) -> Scalar {
    let removed;
    let plain = if text.contains('_') {
        removed = text.replace('_', "");
        removed.as_str()
    } else {
        text
    };
    if let Some(integer) = integer(plain) {
        return integer;
    }
    if let Some(number) = decimal(plain) {
        return Scalar::Float(number);
    }
    // A leftover of Go's reader: a sign after the prefix.
    let digits = plain.strip_prefix("0b").filter(|digits| digits.starts_with(['+', '-']));
    match digits.map(|digits| i64::from_str_radix(digits, 2)) {
        Some(Ok(number)) => Scalar::Int(number),
        _ => Scalar::Text,
    }
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, unsigned, signed) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..], true),
        b'+' => (false, &text[1..], true),
        _ => (false, text, false),
    };
    let magnitude = magnitude(unsigned)?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(number)) => Some(Scalar::Int(number)),
        (true, Ok(number)) => Some(Scalar::Int(-number)),
        (true, Err(_)) if magnitude == i64::MIN.unsigned_abs() => Some(Scalar::Int(i64::MIN)),
        (false, Err(_)) if !signed => Some(Scalar::Uint(magnitude)),
        _ => None,
    }
}

fn magnitude(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
        [b'0'] => return Some(0),
        [b'0', ..] => (8, &text[1..]),
        _ => (10, text),
    };
    // `from_str_radix` would take a sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, within the range of a double.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let well_formed = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e));
    if !well_formed {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number with a point or an exponent as JSON writes and Kubernetes reads it: without a fraction it is an integer.
pub(super) fn whole(number: f64) -> Option<i64> {
    // Go's `encoding/json` writes digits up to 1e21: the shortest that mean this double, then zeros.
    if number.fract() != 0.0 || number.abs() >= 1e21 {
        return None;
    }
    format!("{number}").parse().ok()
}

/// How Go writes such a number where it is a mapping's key: `strconv.FormatFloat(f, 'g', -1, 32)`.
pub(super) fn float_key(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "Go rounds to single precision here, so must we"
    )]
    let single = number as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    // Rust writes the shortest digits as `-1.25e3`; Go shows the exponent outside of 1e-4..1e6.
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        format!("{single}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}
