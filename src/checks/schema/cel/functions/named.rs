//! Formats that have names: `format.dns1123Label().validate(text)`.

use std::any::Any;

use cel::common::types::{CelOptional, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env};

use super::urls::Url;
use super::{argument, opaque, strings, text};
use crate::checks::schema::formats;

/// A format that texts can be held against: `format.dns1123Label().validate(text)`.
#[derive(Clone, Debug, PartialEq)]
struct Format(&'static str);
opaque!(Format, FORMAT, "kubernetes.NamedFormat");

impl Format {
    fn complaint(&self, text: &str) -> Option<&'static str> {
        let verdict = match self.0 {
            "dns1123Label" => formats::dns_label(text),
            "dns1123Subdomain" => formats::dns_subdomain(text),
            "dns1035Label" => formats::dns_1035_label(text),
            "dns1123LabelPrefix" => formats::dns_label(text.trim_end_matches('-')),
            "dns1123SubdomainPrefix" => formats::dns_subdomain(text.trim_end_matches(['-', '.'])),
            "dns1035LabelPrefix" => formats::dns_1035_label(text.trim_end_matches('-')),
            "qualifiedName" => formats::label_key(text),
            "labelValue" => formats::label_value(text),
            "uri" => Url::parse(text).map(|_| ()).ok_or("must be a URL"),
            "byte" => formats::base64(text).map(|_| ()).ok_or("must be base64"),
            "date" => text
                .parse::<jiff::civil::Date>()
                .map(|_| ())
                .map_err(|_| "must be a date"),
            _ => text
                .parse::<jiff::Timestamp>()
                .map(|_| ())
                .map_err(|_| "must be a time"),
        };
        verdict.err()
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    /// Declares the function that names a format.
    macro_rules! named {
        ($($name:literal),* $(,)?) => {
            $(env.add_overload(concat!("format.", $name), concat!("format_", $name), vec![], |_| {
                Ok(CowVal::owned(Format($name)))
            })?;)*
        };
    }
    named!(
        "dns1123Label",
        "dns1123Subdomain",
        "dns1035Label",
        "dns1123LabelPrefix",
        "dns1123SubdomainPrefix",
        "dns1035LabelPrefix",
        "qualifiedName",
        "labelValue",
        "uri",
        "byte",
        "date",
        "datetime",
    );
    env.add_member_overload(
        "validate",
        "format_validate",
        FORMAT.to_owned(),
        vec![STRING_TYPE],
        |a| {
            let complaint = argument::<Format>(&a, 0)?.complaint(text(&a, 1)?);
            Ok(CowVal::owned(match complaint {
                None => CelOptional::none(),
                Some(complaint) => CelOptional::of(Box::new(strings(std::iter::once(complaint.to_owned())))),
            }))
        },
    )?;
    Ok(())
}
