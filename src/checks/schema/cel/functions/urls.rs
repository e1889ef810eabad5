//! URLs.

use std::any::Any;

use cel::common::types::{STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env};

use super::{argument, boolean, failed, opaque, string, text};

/// A URL in its parts, as far as rules ask for them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Url {
    scheme: String,
    host: String,
    path: String,
}
opaque!(Url, URL, "kubernetes.URL");

impl Url {
    /// Reads an absolute URL or a path from the root, as Go's `url.ParseRequestURI`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.bytes().any(|b| b.is_ascii_control() || b == b' ') {
            return None;
        }
        let without_query = text.split('?').next().unwrap_or_default();
        if text.starts_with('/') {
            return Some(Self {
                scheme: String::new(),
                host: String::new(),
                path: without_query.to_owned(),
            });
        }
        let (scheme, rest) = without_query.split_once(':')?;
        let valid = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !valid {
            return None;
        }
        let Some(rest) = rest.strip_prefix("//") else {
            return rest.starts_with('/').then(|| Self {
                scheme: scheme.to_owned(),
                host: String::new(),
                path: rest.to_owned(),
            });
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The host and the port, apart.
    fn host_and_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => (host, port),
            _ => (&self.host, ""),
        }
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || URL.to_owned();
    env.add_overload("isURL", "is_url", vec![STRING_TYPE], |a| {
        boolean(Url::parse(text(&a, 0)?).is_some())
    })?;
    env.add_overload("url", "string_to_url", vec![STRING_TYPE], |a| {
        match Url::parse(text(&a, 0)?) {
            Some(url) => Ok(CowVal::owned(url)),
            None => failed("url", "the text is no URL"),
        }
    })?;
    env.add_member_overload("getScheme", "url_scheme", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.scheme.clone())
    })?;
    env.add_member_overload("getHost", "url_host", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host.clone())
    })?;
    env.add_member_overload("getHostname", "url_hostname", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host_and_port().0.trim_matches(['[', ']']))
    })?;
    env.add_member_overload("getPort", "url_port", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host_and_port().1)
    })?;
    env.add_member_overload("getEscapedPath", "url_path", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.path.clone())
    })
}
