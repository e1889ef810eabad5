//! The page for people: tables and nothing else. Everything that comes from data is escaped in one place.

use std::fmt::Write as _;

use galeno_contract::api::Locale;
use serde_json::Value;

use super::labels::label;
use crate::http::text;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}\
    h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}table{border-collapse:collapse;width:100%;font-size:.9rem}\
    th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid #d0d7de}th{background:#f6f8fa}\
    caption{text-align:left;color:#57606a}.scroll{overflow-x:auto}dl{display:grid;grid-template-columns:max-content 1fr;\
    gap:.1rem .8rem;margin:0}dt{color:#57606a}dd{margin:0}@media print{h2{break-after:avoid}tr{break-inside:avoid}}";

/// The page of an export.
pub(super) fn page(export: &Value, locale: Locale) -> String {
    let title = text("Sus datos", "Your data").in_locale(locale);
    let language = match locale {
        Locale::Es => "es",
        Locale::En => "en",
    };
    let mut out = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>"
    );
    let made = export["made_at"].as_str().unwrap_or_default();
    let intro = text(
        "Todo lo que esta organización guarda sobre usted (RGPD, artículo 15). Hecho el",
        "Everything that this organization keeps about you (GDPR, article 15). Made on",
    );
    let _ = write!(out, "<p>{} {}.</p>", intro.in_locale(locale), escaped(made));
    section(&mut out, "responsible", &[export["responsible"].clone()], locale);
    for (name, rows) in export["data"].as_object().into_iter().flatten() {
        section(&mut out, name, rows.as_array().map_or(&[], Vec::as_slice), locale);
    }
    let documents = export["documents"].as_array().map_or(&[][..], Vec::as_slice);
    section(&mut out, "documents", documents, locale);
    if let Some(elsewhere) = export["elsewhere"].as_array().filter(|parts| !parts.is_empty()) {
        section(&mut out, "elsewhere", elsewhere, locale);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn section(out: &mut String, name: &str, rows: &[Value], locale: Locale) {
    let _ = write!(out, "<section><h2>{}</h2>", escaped(label(name, locale)));
    let Some(first) = rows.first().and_then(Value::as_object) else {
        let _ = write!(out, "<p>{}</p></section>", text("Nada.", "Nothing.").in_locale(locale));
        return;
    };
    let columns: Vec<&String> = first.keys().collect();
    out.push_str("<div class=\"scroll\"><table><thead><tr>");
    for column in &columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(label(column, locale)));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for column in &columns {
            out.push_str("<td>");
            cell(out, &row[column.as_str()], locale);
            out.push_str("</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div></section>");
}

fn cell(out: &mut String, value: &Value, locale: Locale) {
    match value {
        Value::Null => out.push('–'),
        Value::Bool(true) => out.push_str(text("sí", "yes").in_locale(locale)),
        Value::Bool(false) => out.push_str("no"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(words) => out.push_str(&escaped(words)),
        Value::Array(items) => {
            for item in items {
                out.push_str("<div>");
                cell(out, item, locale);
                out.push_str("</div>");
            }
        }
        Value::Object(members) => {
            out.push_str("<dl>");
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                let _ = write!(out, "<dt>{}</dt><dd>", escaped(label(name, locale)));
                cell(out, member, locale);
                out.push_str("</dd>");
            }
            out.push_str("</dl>");
        }
    }
}

/// Text that can be nothing but text, in an element or in a quoted attribute.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use galeno_contract::api::Locale;
    use serde_json::json;

    use super::page;

    #[test]
    fn what_somebody_wrote_stays_text() {
        let evil = "<script>alert(1)</script> \"'&";
        let export = json!({
            "made_at": "2026-01-01T00:00:00Z", "responsible": {"controller": evil},
            "data": {evil: [{"given_name": evil, evil: {evil: [evil]}}], "entries": []}, "documents": []
        });
        for locale in [Locale::Es, Locale::En] {
            let page = page(&export, locale);
            assert!(!page.contains("<script"), "{page}");
            assert!(page.contains("&lt;script&gt;"));
        }
        assert!(page(&export, Locale::Es).contains("Nombre"));
    }
}
