//! Quantities: `500m`, `1.5Gi`, `1e3`.

use std::cmp::Ordering;

/// An amount of a resource, in thousand-millionths, which is as fine as the API server keeps it (finer is rounded up).
/// What is beyond its range counts as the limit of the range, as with the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::checks) struct Quantity(i128);

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Reads a quantity; `None` if the API server would not.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let nano = scale(whole, fraction, &Suffix::parse(suffix)?);
        Some(Self(if negative { -nano } else { nano }))
    }

    /// Reads a quantity from JSON, which may also write a plain number.
    pub(in crate::checks) fn of(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => Self::parse(text),
            serde_json::Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// A whole number of units.
    pub(in super::super) fn from_integer(value: i64) -> Self {
        Self(i128::from(value) * NANO)
    }

    pub(in super::super) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(in super::super) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The whole number it is, if it is one that 64 bits hold.
    pub(in super::super) fn as_integer(self) -> Option<i64> {
        (self.0 % NANO == 0)
            .then(|| i64::try_from(self.0 / NANO).ok())
            .flatten()
    }

    /// Its value, rounded to what a float can hold.
    #[allow(clippy::cast_precision_loss, reason = "it is asked for as an approximation")]
    pub(in super::super) fn as_float(self) -> f64 {
        self.0 as f64 / NANO as f64
    }

    /// Whether it is a whole number of thousandths: processor time is not kept finer.
    pub(in super::super) fn is_milli(self) -> bool {
        self.0 % (NANO / 1000) == 0
    }

    pub(in super::super) fn sum(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(in super::super) fn difference(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// -1, 0 or 1.
    pub(in super::super) fn sign(self) -> i64 {
        match self.0.cmp(&0) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }
}

/// What a number is multiplied by.
enum Suffix {
    /// 1024 to this power.
    Binary(u32),
    /// 10 to this power.
    Decimal(i32),
}

impl Suffix {
    fn parse(text: &str) -> Option<Self> {
        const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        const DECIMAL: [(&str, i32); 10] = [
            ("n", -9),
            ("u", -6),
            ("m", -3),
            ("", 0),
            ("k", 3),
            ("M", 6),
            ("G", 9),
            ("T", 12),
            ("P", 15),
            ("E", 18),
        ];
        if let Some(power) = (1..)
            .zip(BINARY)
            .find_map(|(power, suffix)| (suffix == text).then_some(power))
        {
            return Some(Self::Binary(power));
        }
        if let Some(power) = DECIMAL
            .iter()
            .find_map(|(suffix, power)| (*suffix == text).then_some(*power))
        {
            return Some(Self::Decimal(power));
        }
        let exponent = text.strip_prefix(['e', 'E'])?;
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // An exponent too long for 32 bits is refused, as by the API server.
        exponent.parse().ok().map(Self::Decimal)
    }
}

/// The number `whole.fraction` times the suffix, in thousand-millionths, rounded up, at most what an `i128` holds.
fn scale(whole: &str, fraction: &str, suffix: &Suffix) -> i128 {
    let mut value: i128 = 0;
    // More digits than an i128 holds saturate; digits of the fraction beyond its range only round.
    let mut exponent: i32 = 9;
    let mut rest = false;
    for (digit, is_fraction) in whole
        .bytes()
        .map(|b| (b, false))
        .chain(fraction.bytes().map(|b| (b, true)))
    {
        let digit = i128::from(digit - b'0');
        match value.checked_mul(10).and_then(|v| v.checked_add(digit)) {
            Some(next) if value < i128::MAX / 100_000 => {
                value = next;
                exponent -= i32::from(is_fraction);
            }
            _ if is_fraction => rest |= digit != 0,
            _ => return i128::MAX,
        }
    }
    match suffix {
        Suffix::Binary(power) => value = value.saturating_mul(1024_i128.saturating_pow(*power)),
        Suffix::Decimal(power) => exponent = exponent.saturating_add(*power),
    }
    if value == 0 {
        return i128::from(rest);
    }
    let power = exponent.unsigned_abs();
    if exponent >= 0 {
        return 10_i128
            .checked_pow(power)
            .map_or(i128::MAX, |factor| value.saturating_mul(factor));
    }
    // What is smaller than the smallest part counts as one.
    10_i128
        .checked_pow(power)
        .map_or(1, |factor| value / factor + i128::from(value % factor != 0 || rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nano(text: &str) -> Option<i128> {
        Quantity::parse(text).map(|q| q.0)
    }

    #[test]
    fn quantities_are_read() {
        for (text, value) in [
            ("0", 0),
            ("1", NANO),
            ("-1", -NANO),
            ("+1", NANO),
            ("500m", NANO / 2),
            ("1.5Gi", 1536 * 1024 * 1024 * NANO),
            (".5", NANO / 2),
            ("1.", NANO),
            ("1.G", NANO * NANO),
            ("1e3", 1000 * NANO),
            ("1E-3", NANO / 1000),
            ("1E", 1_000_000_000_000_000_000 * NANO),
            ("1Ei", (1 << 60) * NANO),
            ("0.1n", 1),
            ("1e-40", 1),
            ("100000000000000000000000000000000000000000000", i128::MAX),
            ("1e2147483647", i128::MAX),
        ] {
            assert_eq!(nano(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "m",
            "1K",
            "1ki",
            "1KB",
            "1 Gi",
            "1.2.3",
            "1e",
            "1e1.5",
            "--1",
            "1e99999999999",
            "½",
        ] {
            assert_eq!(nano(text), None, "{text}");
        }
    }

    #[test]
    fn quantities_compare_by_value() {
        let q = |text| Quantity::parse(text).unwrap();
        assert_eq!(q("1000m"), q("1"));
        assert!(q("1Gi") > q("1G"));
        assert!(q("0.1").is_milli() && !q("0.0001").is_milli());
        assert_eq!(q("50k").as_integer(), Some(50_000));
        assert_eq!(q("1.5").as_integer(), None);
        assert_eq!(
            q("50k").difference(q("20k")).sum(q("1")),
            Quantity::from_integer(30_001)
        );
    }
}
