//! Patient, as clients write it.

use jiff::civil::Date;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    input::{Address, Communication, Contact, HumanName, Identifier, Reference, instant, not_kept},
    json::{DNI, PASSPORT},
};
use crate::{
    db::{Day, Stamp},
    http::{Check, Faults, Result},
    people::DocumentType,
    resources::patients::{Document, PatientContent, Sex},
};

/// A patient.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PatientInput {
    #[serde(rename = "resourceType")]
    _kind: String,
    pub(super) id: Option<String>,
    #[serde(rename = "meta")]
    _meta: Option<IgnoredAny>,
    #[serde(rename = "text")]
    _text: Option<IgnoredAny>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    active: Option<bool>,
    #[serde(default)]
    name: Vec<HumanName>,
    #[serde(default)]
    telecom: Vec<Contact>,
    gender: Option<Sex>,
    birth_date: Option<String>,
    deceased_boolean: Option<bool>,
    deceased_date_time: Option<String>,
    #[serde(default)]
    address: Vec<Address>,
    #[serde(default)]
    communication: Vec<Communication>,
    #[serde(rename = "managingOrganization")]
    _managing_organization: Option<Reference>,
}

/// FHIR's name for a field of the content.
pub(super) fn named(pointer: &str) -> String {
    match pointer {
        "/document/number" => "Patient.identifier[0].value",
        "/given_name" => "Patient.name[0].given",
        "/family_name" => "Patient.name[0].family",
        "/birth_date" => "Patient.birthDate",
        "/phone" => "Patient.telecom.where(system='phone').value",
        "/email" => "Patient.telecom.where(system='email').value",
        "/address" => "Patient.address[0].line",
        "/postal_code" => "Patient.address[0].postalCode",
        "/language" => "Patient.communication[0].language",
        "/deceased_at" => "Patient.deceasedDateTime",
        other => other,
    }
    .to_owned()
}

/// Which document a number is of: DNI and NIE are of one register, and a NIE begins with a letter.
fn document(identifiers: &[Identifier], faults: &mut Faults) -> Option<Document> {
    let [one] = identifiers else {
        not_kept(identifiers.is_empty(), "Patient.identifier", faults);
        return None;
    };
    let number = one.value.clone().unwrap_or_default();
    let kind = match one.system.as_deref() {
        Some(DNI)
            if number
                .trim_start()
                .starts_with(|first: char| first.is_ascii_alphabetic()) =>
        {
            DocumentType::Nie
        }
        Some(DNI) => DocumentType::Dni,
        Some(PASSPORT) => DocumentType::Passport,
        _ => {
            not_kept(false, "Patient.identifier[0].system", faults);
            return None;
        }
    };
    Some(Document::new(kind, number))
}

/// The one number or address of a system.
fn telecom(all: &[Contact], system: &str, faults: &mut Faults) -> Option<String> {
    let mut found = all.iter().filter(|one| one.system.as_deref() == Some(system));
    let value = found.next().and_then(|one| one.value.clone());
    not_kept(found.next().is_none(), "Patient.telecom", faults);
    value
}

/// Address in one line, as it is kept: what is not the postal code is joined.
fn address(all: &[Address], faults: &mut Faults) -> (Option<String>, Option<String>) {
    let [one] = all else {
        not_kept(all.is_empty(), "Patient.address", faults);
        return (None, None);
    };
    let mut parts: Vec<&str> = one.line.iter().map(String::as_str).collect();
    if parts.is_empty() {
        parts.extend(one.text.as_deref());
    }
    parts.extend(
        [&one.district, &one.city, &one.state, &one.country]
            .into_iter()
            .filter_map(|part| part.as_deref()),
    );
    let line = parts.join(", ");
    ((!line.is_empty()).then_some(line), one.postal_code.clone())
}

fn language(all: &[Communication], faults: &mut Faults) -> String {
    let [one] = all else {
        not_kept(all.is_empty(), "Patient.communication", faults);
        return "es".to_owned();
    };
    let code = one.language.coding.first().and_then(|coding| coding.code.as_deref());
    let code = code.unwrap_or_default();
    code.split('-').next().unwrap_or_default().to_owned()
}

impl PatientInput {
    /// The content that it comes to, checked as every content is.
    pub(super) fn content(self) -> Result<PatientContent> {
        let mut faults = Faults::default();
        let name = self.name.first();
        faults.expect(
            self.name.len() == 1,
            "Patient.name",
            "Hace falta un nombre, y solo uno.",
            "One name is needed, and only one.",
        );
        not_kept(self.active != Some(false), "Patient.active", &mut faults);
        not_kept(
            self.deceased_boolean != Some(true),
            "Patient.deceasedBoolean",
            &mut faults,
        );
        let others = |one: &Contact| !matches!(one.system.as_deref(), Some("phone" | "email"));
        not_kept(!self.telecom.iter().any(others), "Patient.telecom.system", &mut faults);
        let born: Option<Date> = self.birth_date.as_deref().and_then(|day| day.parse().ok());
        faults.expect(
            born.is_some(),
            "Patient.birthDate",
            "Hace falta el día de nacimiento.",
            "The day of birth is needed.",
        );
        faults.expect(
            self.gender.is_some(),
            "Patient.gender",
            "Hace falta: female, male, other o unknown.",
            "Needed: female, male, other or unknown.",
        );
        let died = instant(
            self.deceased_date_time.as_deref(),
            "Patient.deceasedDateTime",
            &mut faults,
        );
        let document = document(&self.identifier, &mut faults);
        let (phone, email) = (
            telecom(&self.telecom, "phone", &mut faults),
            telecom(&self.telecom, "email", &mut faults),
        );
        let (address, postal_code) = address(&self.address, &mut faults);
        let language = language(&self.communication, &mut faults);
        let content = PatientContent {
            document,
            given_name: name.map(|name| name.given.join(" ")).unwrap_or_default(),
            family_name: name.and_then(|name| name.family.clone()).unwrap_or_default(),
            birth_date: Day::from(born.unwrap_or(super::dates::LONG_AGO)),
            sex: self.gender.unwrap_or(Sex::Unknown),
            phone,
            email,
            address,
            postal_code,
            language,
            deceased_at: died.map(Stamp::from),
        };
        if born.is_some() {
            content.check(&mut faults);
        }
        faults.into_result().map_err(|problem| problem.rename_fields(named))?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::PatientInput;
    use crate::{
        db::Stamp,
        fhir::patient::{Shown, patient},
        people::{DocumentType, dni},
        resources::patients::{Document, PatientContent, Sex},
    };

    fn contents() -> impl Strategy<Value = PatientContent> {
        let name = "[A-Za-zÁÉÍÓÚÑáéíóúñ][A-Za-zñáé' -]{0,38}[a-z]";
        let documents = prop_oneof![
            Just(None),
            (0..100_000_000_u32).prop_map(|number| Some(Document::new(DocumentType::Dni, dni(number)))),
            Just(Some(Document::new(DocumentType::Nie, "X1234567L".to_owned()))),
            "[A-Z]{2}[0-9]{6}".prop_map(|number| Some(Document::new(DocumentType::Passport, number))),
        ];
        let sexes = prop_oneof![Just(Sex::Female), Just(Sex::Male), Just(Sex::Other), Just(Sex::Unknown)];
        (
            documents,
            (name, name),
            (1900..2020_i16, 1..=12_i8, 1..=28_i8),
            sexes,
            prop::option::of("\\+34[0-9]{9}"),
            prop::option::of("[a-z]{1,10}@[a-z]{1,10}\\.es"),
            prop::option::of("[A-Za-z][A-Za-z0-9, ]{0,60}[0-9]"),
            prop::option::of("[0-9]{5}"),
            prop_oneof![Just("es"), Just("en")],
            prop::option::of(1_500_000_000_000_000..1_700_000_000_000_000_i64),
        )
            .prop_map(
                |(
                    document,
                    (given_name, family_name),
                    (year, month, day),
                    sex,
                    phone,
                    email,
                    address,
                    postal_code,
                    language,
                    died,
                )| {
                    PatientContent {
                        document,
                        given_name,
                        family_name,
                        birth_date: Date::new(year, month, day).unwrap().into(),
                        sex,
                        phone,
                        email,
                        address,
                        postal_code,
                        language: language.to_owned(),
                        deceased_at: died.map(|at| Stamp::from(jiff::Timestamp::from_microsecond(at).unwrap())),
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn a_patient_comes_back_as_it_went_out(content in contents()) {
            let (id, at, organization) = (Uuid::now_v7(), Stamp::now(), Uuid::now_v7());
            let resource = patient(&Shown::of(id, 1, at, false, content), organization);
            let input: PatientInput = serde_json::from_value(resource.clone()).unwrap();
            let back = input.content().map_err(|problem| TestCaseError::fail(format!("{problem:?} {resource:#}")))?;
            prop_assert_eq!(patient(&Shown::of(id, 1, at, false, back), organization), resource);
        }
    }

    #[test]
    fn what_there_is_no_place_for_is_refused_by_name() {
        let full = json!({
            "resourceType": "Patient", "name": [{"family": "Gil", "given": ["Ana", "María"]}], "gender": "female",
            "birthDate": "1980-05-17", "address": [{"line": ["Calle Sol 1", "2º"], "city": "Soria", "postalCode": "42001"}],
        });
        let content = |value: serde_json::Value| serde_json::from_value::<PatientInput>(value).unwrap().content();
        let good = content(full.clone()).unwrap();
        assert_eq!(good.given_name, "Ana María");
        assert_eq!(good.address.unwrap(), "Calle Sol 1, 2º, Soria");
        for (member, value, place) in [
            ("active", json!(false), "Patient.active"),
            ("deceasedBoolean", json!(true), "Patient.deceasedBoolean"),
            (
                "identifier",
                json!([{"system": "urn:x", "value": "1"}]),
                "Patient.identifier[0].system",
            ),
            (
                "identifier",
                json!([{"system": super::DNI, "value": "12345678A"}]),
                "Patient.identifier[0].value",
            ),
            (
                "telecom",
                json!([{"system": "fax", "value": "1"}]),
                "Patient.telecom.system",
            ),
            (
                "telecom",
                json!([{"system": "phone", "value": "600"}]),
                "Patient.telecom.where(system='phone').value",
            ),
            ("birthDate", json!("1980"), "Patient.birthDate"),
            ("birthDate", json!("1780-01-01"), "Patient.birthDate"),
            ("deceasedDateTime", json!("2020"), "Patient.deceasedDateTime"),
            ("name", json!([]), "Patient.name"),
        ] {
            let mut value_with = full.clone();
            value_with[member] = value;
            let problem = format!("{:?}", content(value_with).unwrap_err());
            assert!(problem.contains(&format!("\"{place}\"")), "{member}: {problem}");
        }
        let mut odd = full;
        odd["maritalStatus"] = json!({"text": "S"});
        assert!(serde_json::from_value::<PatientInput>(odd).is_err());
    }
}
