//! What people read, in each language.

use galeno_contract::api::Locale;

/// A message in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Spanish.
    pub es: &'static str,
    /// English.
    pub en: &'static str,
}

/// A message: Spanish, then English.
pub const fn text(es: &'static str, en: &'static str) -> Text {
    Text { es, en }
}

impl Text {
    /// The message in one language.
    pub const fn in_locale(self, locale: Locale) -> &'static str {
        match locale {
            Locale::Es => self.es,
            Locale::En => self.en,
        }
    }
}

/// The language that an `Accept-Language` header prefers among ours.
pub fn preferred(header: Option<&str>, default: Locale) -> Locale {
    let mut best: Option<(Locale, f32)> = None;
    for part in header.unwrap_or_default().split(',') {
        let mut fields = part.split(';');
        let language = fields.next().unwrap_or_default().trim();
        let quality = fields
            .find_map(|field| field.trim().strip_prefix("q="))
            .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        let locale = match language.split('-').next().unwrap_or_default() {
            "es" | "ES" => Locale::Es,
            "en" | "EN" => Locale::En,
            _ => continue,
        };
        if quality > 0.0 && best.is_none_or(|(_, known)| quality > known) {
            best = Some((locale, quality));
        }
    }
    best.map_or(default, |(locale, _)| locale)
}

#[cfg(test)]
mod tests {
    use galeno_contract::api::Locale;

    use super::preferred;

    #[test]
    fn follows_the_header_by_weight() {
        assert_eq!(preferred(Some("en-GB,es;q=0.8"), Locale::Es), Locale::En);
        assert_eq!(preferred(Some("en;q=0.3, es;q=0.8"), Locale::En), Locale::Es);
        assert_eq!(preferred(Some("de, fr;q=0.5"), Locale::En), Locale::En);
        assert_eq!(preferred(Some("en;q=0"), Locale::Es), Locale::Es);
        assert_eq!(preferred(None, Locale::Es), Locale::Es);
    }
}
