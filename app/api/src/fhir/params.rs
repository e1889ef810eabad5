//! What a search asks: parsed and typed, before anything is looked up.

use uuid::Uuid;

use super::{
    cursor::Cursor,
    dates::DateCriterion,
    kind::{Definition, Include, ParamType, Type},
};
use crate::http::{Kind, Problem, Result};

/// Items on a page, when the client does not say.
const USUAL: u32 = 50;
/// Items on a page at most.
const MOST: u32 = 100;
/// Values that may stand behind one parameter, joined by commas.
pub(super) const ALTERNATIVES: usize = 10;

/// A coded value: `code`, `system|code`, `|code`, `system|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// None: any system. Empty: none.
    pub(super) system: Option<String>,
    /// Empty: any code of the system.
    pub(super) code: String,
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Begins with, accents and case ignored.
    Start,
    /// Holds, accents and case ignored.
    Contains,
    /// Letter by letter.
    Exact,
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) mode: Mode,
    pub(super) value: String,
}

/// What a parameter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Tokens(Vec<Token>),
    Date(DateCriterion),
    /// None among them: a reference to something that cannot be here.
    References(Vec<Option<Uuid>>),
    Text(Text),
}

/// Whether to say how many there are on all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// Nothing was said of it.
    Usual,
    Wanted,
    Unwanted,
}

/// A search.
#[derive(Clone, Debug)]
pub(super) struct Search {
    values: Vec<(&'static str, Value)>,
    pub(super) count: u32,
    /// The parameter, and whether the largest comes first.
    pub(super) sort: Option<(&'static str, bool)>,
    pub(super) includes: Vec<(&'static Include, Option<Type>)>,
    pub(super) total: Total,
    /// `_summary=count`: how many, and nothing else.
    pub(super) only_count: bool,
    pub(super) cursor: Option<Cursor>,
    /// Parameters that nobody here knows.
    pub(super) ignored: Vec<String>,
    /// What was understood, as it was written; without the cursor.
    pub(super) understood: Vec<(String, String)>,
}

/// A refusal with the reason; the client's own words go back to the client alone.
pub(super) fn refused(why: String) -> Problem {
    Problem::new(Kind::Malformed)
        .detail("La búsqueda no se entiende.", "The search cannot be understood.")
        .with("diagnostics", why)
}

/// A cursor of another list.
pub(super) fn foreign() -> Problem {
    refused("_cursor: not of this search".to_owned())
}

/// Splits at a separator that no backslash precedes, and takes the backslashes away.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == separator {
            parts.push(String::new());
            continue;
        }
        let letter = if letter == '\\' {
            letters.next().unwrap_or('\\')
        } else {
            letter
        };
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

/// Splits at commas that no backslash precedes; the backslashes stay, for the parts to be split further.
fn alternatives(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for letter in text.chars() {
        if letter == ',' && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = letter == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn token(text: &str) -> Token {
    let mut parts = split(text, '|');
    match parts.len() {
        0 | 1 => Token {
            system: None,
            code: parts.pop().unwrap_or_default(),
        },
        _ => {
            let code = parts.split_off(1).join("|");
            Token {
                system: parts.pop(),
                code,
            }
        }
    }
}

/// The identifier behind `id`, `Type/id` or an address of ours. None: it points elsewhere.
pub(super) fn reference(text: &str, kind: Option<Type>, base: &str) -> Option<Uuid> {
    let local = match text.strip_prefix(base) {
        Some(rest) => rest.strip_prefix('/')?,
        None => text,
    };
    match local.split_once('/') {
        None => local.parse().ok(),
        Some((of, id)) => {
            let of = Type::from_name(of)?;
            kind.is_none_or(|kind| kind == of).then(|| id.parse().ok())?
        }
    }
}

impl Search {
    /// One page of all there is.
    pub(super) fn page(count: u32, cursor: Option<Cursor>) -> Self {
        Self {
            values: Vec::new(),
            count,
            sort: None,
            includes: Vec::new(),
            total: Total::Unwanted,
            only_count: false,
            cursor,
            ignored: Vec::new(),
            understood: Vec::new(),
        }
    }

    /// Parses what stands in an address or a form. What is not known is refused when the client wants it strict, and
    /// otherwise noted.
    pub(super) fn parse(definition: &Definition, pairs: &[(String, String)], strict: bool, base: &str) -> Result<Self> {
        let mut search = Self {
            total: Total::Usual,
            ..Self::page(USUAL, None)
        };
        for (name, text) in pairs {
            if text.is_empty() {
                // FHIR: a parameter without a value is as if it was not there.
                continue;
            }
            if search.control(definition, name, text)? {
                continue;
            }
            let (plain, modifier) = name
                .split_once(':')
                .map_or((name.as_str(), None), |(plain, modifier)| (plain, Some(modifier)));
            let Some(param) = definition.param(plain) else {
                if plain
                    .split_once('.')
                    .is_some_and(|(first, _)| definition.param(first).is_some())
                {
                    return Err(refused(format!("{name}: chained parameters are not supported")));
                }
                if strict {
                    return Err(refused(format!(
                        "{name}: {} has no such search parameter here",
                        definition.kind.name()
                    )));
                }
                search.ignored.push(name.clone());
                continue;
            };
            let value = value(param.kind, modifier, text, base).map_err(|why| refused(format!("{name}: {why}")))?;
            search.values.push((param.name, value));
            search.understood.push((name.clone(), text.clone()));
        }
        Ok(search)
    }

    /// Parameters about the answer and not about what is looked for.
    fn control(&mut self, definition: &Definition, name: &str, text: &str) -> Result<bool> {
        match name {
            "_count" => {
                let count: u32 = text.parse().map_err(|_| refused("_count: not a number".to_owned()))?;
                // FHIR: zero asks for the total alone.
                self.only_count |= count == 0;
                self.count = count.clamp(1, MOST);
            }
            "_sort" => {
                let (wanted, down) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
                let known = definition.sorts.iter().find(|known| **known == wanted);
                let Some(known) = known else {
                    return Err(refused(format!("_sort: only one of {}", definition.sorts.join(", "))));
                };
                self.sort = Some((*known, down));
            }
            "_include" => self.include(definition, text)?,
            "_total" => {
                self.total = match text {
                    "none" => Total::Unwanted,
                    "accurate" | "estimate" => Total::Wanted,
                    _ => return Err(refused("_total: none, estimate or accurate".to_owned())),
                };
            }
            "_summary" => match text {
                "count" => self.only_count = true,
                "false" => {}
                _ => return Err(refused("_summary: only count or false".to_owned())),
            },
            "_cursor" => {
                self.cursor = Some(Cursor::parse(text).ok_or_else(foreign)?);
                return Ok(true);
            }
            "_format" | "_pretty" => return Ok(true),
            _ => return Ok(false),
        }
        self.understood.push((name.to_owned(), text.to_owned()));
        Ok(true)
    }

    fn include(&mut self, definition: &Definition, text: &str) -> Result<()> {
        let mut parts = text.split(':');
        let (source, param, target) = (parts.next(), parts.next(), parts.next());
        let known = definition
            .includes
            .iter()
            .find(|known| source == Some(definition.kind.name()) && param == Some(known.param));
        let target = target.map(|target| Type::from_name(target).ok_or(())).transpose();
        if let (Some(known), Ok(target), None) = (known, target, parts.next()) {
            self.includes.push((known, target));
            return Ok(());
        }
        let known: Vec<_> = definition.includes.iter().map(|known| known.param).collect();
        Err(refused(format!(
            "_include: only {} followed by one of {}",
            definition.kind.name(),
            known.join(", ")
        )))
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.values
            .iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether a parameter was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    /// Whether nothing else was asked.
    pub(super) fn only(&self, name: &str) -> bool {
        !self.is_empty() && self.values.iter().all(|(known, _)| *known == name)
    }

    /// Whether anything was asked.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The codes that fulfil every token parameter of that name, where codes are of `system`; None when there is none.
    pub(super) fn codes(&self, name: &str, system: Option<&str>) -> Option<Vec<String>> {
        let mut left: Option<Vec<String>> = None;
        for value in self.of(name) {
            let Value::Tokens(tokens) = value else { continue };
            let fits = |token: &&Token| token.system.is_none() || token.system.as_deref() == system;
            if tokens.iter().filter(fits).any(|token| token.code.is_empty()) {
                // `system|`: any code of that system.
                continue;
            }
            let codes: Vec<String> = tokens.iter().filter(fits).map(|token| token.code.clone()).collect();
            left = Some(match left {
                None => codes,
                Some(left) => left.into_iter().filter(|code| codes.contains(code)).collect(),
            });
        }
        left
    }

    /// The tokens of a parameter that stands once; none when it is not there.
    pub(super) fn tokens<'a>(&'a self, name: &'a str) -> Result<Option<&'a [Token]>> {
        let mut values = self.of(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(refused(format!("{name}: only once")));
        }
        Ok(match first {
            Some(Value::Tokens(tokens)) => Some(tokens),
            _ => None,
        })
    }

    /// The identifiers that fulfil every parameter of that name, references or `_id`.
    pub(super) fn ids(&self, name: &str) -> Option<Vec<Uuid>> {
        let mut left: Option<Vec<Uuid>> = None;
        for value in self.of(name) {
            let ids: Vec<Uuid> = match value {
                Value::References(ids) => ids.iter().filter_map(|id| *id).collect(),
                Value::Tokens(tokens) => tokens.iter().filter_map(|token| token.code.parse().ok()).collect(),
                _ => continue,
            };
            left = Some(match left {
                None => ids,
                Some(left) => left.into_iter().filter(|id| ids.contains(id)).collect(),
            });
        }
        left
    }

    /// The dates of that name.
    pub(super) fn dates(&self, name: &str) -> Vec<DateCriterion> {
        self.of(name)
            .filter_map(|value| match value {
                Value::Date(date) => Some(date.clone()),
                _ => None,
            })
            .collect()
    }

    /// The text of that name, which may stand once.
    pub(super) fn text(&self, name: &str) -> Result<Option<Text>> {
        let mut values = self.of(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(refused(format!("{name}: only once")));
        }
        Ok(match first {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        })
    }

    /// Only of this patient, whatever else was asked.
    pub(super) fn narrow(&mut self, name: &'static str, id: Uuid) {
        self.values.push((name, Value::References(vec![Some(id)])));
    }
}

fn value(kind: ParamType, modifier: Option<&str>, text: &str, base: &str) -> Result<Value, String> {
    let parts = alternatives(text);
    if parts.len() > ALTERNATIVES {
        return Err(format!("at most {ALTERNATIVES} values"));
    }
    let unknown = |modifier: &str| format!("the modifier :{modifier} is not supported");
    Ok(match (kind, modifier) {
        (ParamType::Token, None) => Value::Tokens(parts.iter().map(|part| token(part)).collect()),
        (ParamType::Date, None) => {
            let [one] = parts.as_slice() else {
                return Err("one date only".to_owned());
            };
            Value::Date(DateCriterion::parse(one).ok_or("not a date of FHIR, or a prefix that is not supported")?)
        }
        (ParamType::Reference, modifier) => {
            let kind = match modifier {
                None => None,
                Some(modifier) => Some(Type::from_name(modifier).ok_or_else(|| unknown(modifier))?),
            };
            Value::References(parts.iter().map(|part| reference(part, kind, base)).collect())
        }
        (ParamType::Text, modifier) => {
            let mode = match modifier {
                None => Mode::Start,
                Some("contains") => Mode::Contains,
                Some("exact") => Mode::Exact,
                Some(modifier) => return Err(unknown(modifier)),
            };
            let [one] = parts.as_slice() else {
                return Err("one text only".to_owned());
            };
            let value = split(one, '\0').concat();
            if value.chars().count() > 200 || value.chars().any(char::is_control) {
                return Err("too long, or with control characters".to_owned());
            }
            Value::Text(Text { mode, value })
        }
        (_, Some(modifier)) => return Err(unknown(modifier)),
    })
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
