//! Interactions between medications: a small table, each line with its source. It is a safety net and not a substitute
//! for a maintained interaction service; absence from it proves nothing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Text, text};

/// How grave a warning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// To be thought of.
    Moderate,
    /// Only with a reason.
    High,
    /// Contraindicated by the product's own information.
    Contraindicated,
}

/// Two groups of medications (beginnings of ATC codes) that do not go together.
pub(super) struct Interaction {
    pub(super) one: &'static str,
    pub(super) other: &'static str,
    pub(super) severity: Severity,
    pub(super) text: Text,
    /// Which document says so: SmPC is the summary of product characteristics.
    pub(super) source: &'static str,
}

const fn pair(
    one: &'static str,
    other: &'static str,
    severity: Severity,
    text: Text,
    source: &'static str,
) -> Interaction {
    Interaction {
        one,
        other,
        severity,
        text,
        source,
    }
}

pub(super) const INTERACTIONS: &[Interaction] = &[
    pair(
        "B01AA",
        "M01A",
        Severity::High,
        text("Más riesgo de hemorragia grave.", "Higher risk of serious bleeding."),
        "SmPC warfarin, 4.5",
    ),
    pair(
        "B01AA",
        "N02BA",
        Severity::High,
        text("Más riesgo de hemorragia grave.", "Higher risk of serious bleeding."),
        "SmPC warfarin, 4.5",
    ),
    pair(
        "B01AA",
        "J02AC",
        Severity::High,
        text(
            "Aumenta el efecto anticoagulante.",
            "Increases the anticoagulant effect.",
        ),
        "SmPC fluconazole, 4.5",
    ),
    pair(
        "B01AF",
        "J02AB02",
        Severity::Contraindicated,
        text(
            "Aumenta mucho el anticoagulante en sangre.",
            "Strongly raises the anticoagulant's level.",
        ),
        "SmPC rivaroxaban, 4.5",
    ),
    pair(
        "B01AC04",
        "A02BC01",
        Severity::Moderate,
        text(
            "Omeprazol reduce el efecto de clopidogrel.",
            "Omeprazole reduces clopidogrel's effect.",
        ),
        "SmPC clopidogrel, 4.5; EMA public statement 2010",
    ),
    pair(
        "C09A",
        "C03DA",
        Severity::High,
        text("Riesgo de hiperpotasemia.", "Risk of hyperkalaemia."),
        "SmPC enalapril, 4.5",
    ),
    pair(
        "C09C",
        "C03DA",
        Severity::High,
        text("Riesgo de hiperpotasemia.", "Risk of hyperkalaemia."),
        "SmPC losartan, 4.5",
    ),
    pair(
        "C09A",
        "C09D",
        Severity::High,
        text(
            "Doble bloqueo del sistema renina-angiotensina.",
            "Dual blockade of the renin-angiotensin system.",
        ),
        "EMA referral on RAS-acting agents, 2014",
    ),
    pair(
        "C09A",
        "C09C",
        Severity::High,
        text(
            "Doble bloqueo del sistema renina-angiotensina.",
            "Dual blockade of the renin-angiotensin system.",
        ),
        "EMA referral on RAS-acting agents, 2014",
    ),
    pair(
        "G04BE",
        "C01DA",
        Severity::Contraindicated,
        text("Hipotensión grave.", "Severe hypotension."),
        "SmPC sildenafil, 4.3",
    ),
    pair(
        "N06AB",
        "N06AF",
        Severity::Contraindicated,
        text("Síndrome serotoninérgico.", "Serotonin syndrome."),
        "SmPC sertraline, 4.3",
    ),
    pair(
        "N06AB",
        "N06AG",
        Severity::High,
        text("Síndrome serotoninérgico.", "Serotonin syndrome."),
        "SmPC sertraline, 4.5",
    ),
    pair(
        "N06AB",
        "N02AX02",
        Severity::High,
        text(
            "Síndrome serotoninérgico y convulsiones.",
            "Serotonin syndrome and seizures.",
        ),
        "SmPC tramadol, 4.5",
    ),
    pair(
        "N02A",
        "N05BA",
        Severity::High,
        text(
            "Sedación y depresión respiratoria.",
            "Sedation and respiratory depression.",
        ),
        "SmPC morphine, 4.5",
    ),
    pair(
        "C10AA01",
        "J01FA09",
        Severity::Contraindicated,
        text("Rabdomiólisis.", "Rhabdomyolysis."),
        "SmPC simvastatin, 4.3",
    ),
    pair(
        "C10AA01",
        "J02AC02",
        Severity::Contraindicated,
        text("Rabdomiólisis.", "Rhabdomyolysis."),
        "SmPC simvastatin, 4.3",
    ),
    pair(
        "C10AA",
        "C10AB04",
        Severity::High,
        text("Miopatía y rabdomiólisis.", "Myopathy and rhabdomyolysis."),
        "SmPC gemfibrozil, 4.5",
    ),
    pair(
        "C01AA05",
        "C01BD01",
        Severity::High,
        text("Aumenta la digoxina en sangre.", "Raises the level of digoxin."),
        "SmPC digoxin, 4.5",
    ),
    pair(
        "N05AN01",
        "M01A",
        Severity::High,
        text("Aumenta el litio en sangre.", "Raises the level of lithium."),
        "SmPC lithium carbonate, 4.5",
    ),
    pair(
        "N05AN01",
        "C03A",
        Severity::High,
        text("Aumenta el litio en sangre.", "Raises the level of lithium."),
        "SmPC lithium carbonate, 4.5",
    ),
    pair(
        "J01MA02",
        "M03BX02",
        Severity::Contraindicated,
        text("Hipotensión y sedación.", "Hypotension and sedation."),
        "SmPC ciprofloxacin, 4.3",
    ),
    pair(
        "M04AA01",
        "L04AX01",
        Severity::High,
        text(
            "Toxicidad de azatioprina en la médula ósea.",
            "Bone-marrow toxicity of azathioprine.",
        ),
        "SmPC azathioprine, 4.5",
    ),
    pair(
        "L04AX03",
        "J01EA",
        Severity::High,
        text(
            "Toxicidad de metotrexato en la médula ósea.",
            "Bone-marrow toxicity of methotrexate.",
        ),
        "SmPC methotrexate, 4.5",
    ),
    pair(
        "L04AX03",
        "J01EE",
        Severity::High,
        text(
            "Toxicidad de metotrexato en la médula ósea.",
            "Bone-marrow toxicity of methotrexate.",
        ),
        "SmPC methotrexate, 4.5",
    ),
    pair(
        "L01BA01",
        "J01EE",
        Severity::High,
        text(
            "Toxicidad de metotrexato en la médula ósea.",
            "Bone-marrow toxicity of methotrexate.",
        ),
        "SmPC methotrexate, 4.5",
    ),
    pair(
        "A10BA02",
        "V08A",
        Severity::High,
        text(
            "Acidosis láctica: suspender antes del contraste.",
            "Lactic acidosis: stop before the contrast medium.",
        ),
        "SmPC metformin, 4.4",
    ),
];

/// The interactions between two medications.
pub(super) fn between(one: &str, other: &str) -> impl Iterator<Item = &'static Interaction> {
    let (one, other) = (one.to_owned(), other.to_owned());
    INTERACTIONS.iter().filter(move |pair| {
        (one.starts_with(pair.one) && other.starts_with(pair.other))
            || (one.starts_with(pair.other) && other.starts_with(pair.one))
    })
}

#[cfg(test)]
mod tests {
    use super::{INTERACTIONS, Severity, between};
    use crate::resources::records::atc;

    #[test]
    fn interactions_hold_in_both_directions_and_each_has_a_source() {
        assert_eq!(between("B01AA03", "M01AE01").count(), 1);
        assert_eq!(between("M01AE01", "B01AA03").count(), 1);
        assert_eq!(between("J01CA04", "M01AE01").count(), 0);
        assert!(between("G04BE03", "C01DA08").any(|pair| pair.severity == Severity::Contraindicated));
        for pair in INTERACTIONS {
            assert!(
                !pair.source.is_empty() && atc(pair.one) && atc(pair.other),
                "{}",
                pair.one
            );
        }
    }
}
