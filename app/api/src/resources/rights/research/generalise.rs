//! Making people alike: age bands, provinces, quarters, and leaving out who still stands out.

use std::collections::BTreeMap;

use jiff::{Unit, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::Stamp;

/// What is told about who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct Cell {
    /// Five years; `90+` is one band.
    #[schema(example = "40-44")]
    pub(super) age: String,
    pub(super) sex: String,
    /// The first two digits of a Spanish postal code.
    #[schema(example = "28")]
    pub(super) province: Option<String>,
}

/// The band of five years that an age is in.
pub(super) fn age_band(born: Date, today: Date) -> String {
    let age = born
        .until((Unit::Year, today))
        .map_or(0, |span| i32::from(span.get_years()))
        .max(0);
    if age >= 90 {
        return "90+".to_owned();
    }
    let from = age / 5 * 5;
    format!("{from}-{}", from + 4)
}

/// The province of a Spanish postal code.
pub(super) fn province(postal: Option<&str>) -> Option<String> {
    let postal = postal?.trim();
    let spanish = postal.len() == 5 && postal.bytes().all(|byte| byte.is_ascii_digit());
    let province = spanish.then(|| postal[..2].to_owned())?;
    ("01"..="52").contains(&province.as_str()).then_some(province)
}

/// The quarter that a moment is in.
pub(super) fn quarter(at: Stamp) -> String {
    let date = at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    format!("{}-Q{}", date.year(), (date.month() + 2) / 3)
}

/// The beginning of a code: a group of illnesses or substances instead of one.
pub(super) fn category(code: &str, length: usize) -> String {
    code.chars().take(length).collect()
}

/// Leaves nobody in a cell with fewer than `smallest` people: first without the province, then, if that does not help,
/// without the person. Whoever keeps a province shares it with as many others.
pub(super) fn suppress(cells: Vec<Cell>, smallest: usize) -> Vec<Option<Cell>> {
    let whole = counts(cells.iter().cloned());
    let wider: Vec<Cell> = cells
        .into_iter()
        .map(|cell| {
            if whole[&cell] >= smallest {
                cell
            } else {
                Cell { province: None, ..cell }
            }
        })
        .collect();
    let after = counts(wider.iter().cloned());
    wider
        .into_iter()
        .map(|cell| (after[&cell] >= smallest).then_some(cell))
        .collect()
}

fn counts(cells: impl Iterator<Item = Cell>) -> BTreeMap<Cell, usize> {
    let mut counts = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{Cell, age_band, category, counts, province, quarter, suppress};
    use crate::db::Stamp;

    #[test]
    fn what_is_told_is_coarse() {
        let today = date(2026, 11, 25);
        assert_eq!(age_band(date(1986, 11, 25), today), "40-44");
        assert_eq!(age_band(date(1986, 11, 26), today), "35-39");
        assert_eq!(age_band(date(1936, 1, 1), today), "90+");
        assert_eq!(age_band(date(1910, 1, 1), today), "90+");
        assert_eq!(age_band(date(2026, 11, 24), today), "0-4");
        assert_eq!(province(Some("28013")).as_deref(), Some("28"));
        for foreign in [None, Some("SW1A 1AA"), Some("99000"), Some("2801"), Some("ñandú")] {
            assert_eq!(province(foreign), None);
        }
        let at = Stamp::from("2026-03-31T23:59:59Z".parse::<jiff::Timestamp>().unwrap());
        assert_eq!(quarter(at), "2026-Q1");
        assert_eq!(
            (category("E11.9", 3), category("J01CA04", 5)),
            ("E11".into(), "J01CA".into())
        );
    }

    proptest! {
        #[test]
        fn nobody_stands_out_and_nobody_is_made_up(
            drawn in prop::collection::vec((0_u8..4, 0_u8..2, prop::option::of(0_u8..3)), 0..80), smallest in 2_usize..8
        ) {
            let cells: Vec<Cell> = drawn.iter().map(|(age, sex, province)| Cell {
                age: age.to_string(), sex: sex.to_string(), province: province.map(|p| p.to_string()),
            }).collect();
            let told = suppress(cells.clone(), smallest);
            prop_assert_eq!(told.len(), cells.len());
            for (before, after) in cells.iter().zip(&told) {
                if let Some(after) = after {
                    prop_assert!(after.age == before.age && after.sex == before.sex);
                    prop_assert!(after.province.is_none() || after.province == before.province);
                }
            }
            for people in counts(told.into_iter().flatten()).values() {
                prop_assert!(*people >= smallest);
            }
        }
    }
}
