//! Kubernetes quantities: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use std::fmt;
use std::str::FromStr;

use super::Invalid;

/// A number of bytes, greater than zero, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    text: String,
    bytes: u64,
}

const UNITS: [(&str, u64); 11] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("", 1),
];

impl Size {
    /// In bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A whole number of mebibytes, at least one.
    pub fn from_mebibytes(mebibytes: u64) -> Self {
        let mebibytes = mebibytes.max(1);
        let text = if mebibytes.is_multiple_of(1024) {
            format!("{}Gi", mebibytes / 1024)
        } else {
            format!("{mebibytes}Mi")
        };
        Self {
            text,
            bytes: mebibytes << 20,
        }
    }

    /// That many percent of it, in whole mebibytes.
    #[must_use]
    pub fn percent(&self, percent: u64) -> Self {
        Self::from_mebibytes((self.bytes >> 20) * percent / 100)
    }

    /// In whole mebibytes, rounded down.
    pub fn mebibytes(&self) -> u64 {
        self.bytes >> 20
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Size {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || {
            Invalid::new(
                format!("`{text}` is not a size"),
                "write a whole number and a unit: `500Mi`, `200Gi`, `1Ti` (powers of 1024) or `500M`, `200G`, `1T`",
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(invalid)?;
        let bytes = number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(factor))
            .ok_or_else(invalid)?;
        if bytes == 0 {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            bytes,
        })
    }
}

/// Processors, greater than zero: `2` or `500m`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cpu {
    text: String,
    millis: u32,
}

impl Cpu {
    /// That many thousandths of a processor, at least one.
    pub fn from_millis(millis: u32) -> Self {
        let millis = millis.max(1);
        let text = if millis.is_multiple_of(1000) {
            (millis / 1000).to_string()
        } else {
            format!("{millis}m")
        };
        Self { text, millis }
    }

    /// In thousandths of a processor.
    pub fn millis(&self) -> u32 {
        self.millis
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Cpu {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let millis = match text.strip_suffix('m') {
            Some(millis) => millis.parse::<u32>().ok(),
            None => text.parse::<u32>().ok().and_then(|n| n.checked_mul(1000)),
        };
        match millis {
            Some(millis) if millis > 0 => Ok(Self {
                text: text.to_owned(),
                millis,
            }),
            _ => Err(Invalid::new(
                format!("`{text}` is not a number of processors"),
                "write `2` for two processors or `500m` for half of one",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cpu, Size};

    #[test]
    fn sizes() {
        assert_eq!("2Gi".parse::<Size>().unwrap().bytes(), 2 << 30);
        assert_eq!("2G".parse::<Size>().unwrap().bytes(), 2_000_000_000);
        assert_eq!("10Gi".parse::<Size>().unwrap().percent(60).to_string(), "6Gi");
        for bad in ["", "Gi", "0Gi", "1.5Gi", "-1Gi", "2gb", "99999999999Pi"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn processors() {
        assert_eq!("500m".parse::<Cpu>().unwrap().millis(), 500);
        assert_eq!("2".parse::<Cpu>().unwrap().millis(), 2000);
        for bad in ["", "0", "0m", "1.5", "two"] {
            assert!(bad.parse::<Cpu>().is_err(), "{bad}");
        }
    }
}
