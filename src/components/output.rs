//! Where components put what they render.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::charts::Installed;
use crate::bundle::{Manifest, Reason, to_object};
use crate::topology::Region;

/// What components have rendered.
#[derive(Debug, Default)]
pub struct Output {
    /// The objects.
    pub manifests: Vec<Manifest>,
    /// Objects that could not be written as JSON, which is a mistake in Galeno: the component and what went wrong.
    pub broken: Vec<String>,
    /// Upstream charts that components ask for; `argocd` makes an Application of each.
    pub(super) charts: Vec<Installed>,
}

impl Output {
    /// Adds one typed object with the reasons for its parts. The first reason speaks for the whole object.
    pub(super) fn add<T: Serialize>(
        &mut self,
        region: &Region,
        component: &'static str,
        typed: &T,
        whole: Reason,
        parts: impl IntoIterator<Item = Reason>,
    ) {
        match to_object(typed) {
            Ok(object) => {
                let mut reasons = vec![whole];
                reasons.extend(parts);
                self.manifests.push(Manifest {
                    region: Arc::from(region.name.as_str()),
                    component,
                    object,
                    reasons,
                });
            }
            Err(error) => self.broken.push(format!("{component} in {}: {error}", region.name)),
        }
    }
}

/// The reason for a whole object, or for everything in it that has no nearer one.
pub(super) fn because(rule: impl Into<Cow<'static, str>>) -> Reason {
    Reason {
        path: Cow::Borrowed(""),
        rule: rule.into(),
        source: None,
    }
}

impl Reason {
    /// Narrows the reason to a part of the object (JSON pointer, RFC 6901; `/` in a key is `~1`).
    #[must_use]
    pub(super) fn on(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// Names the field of the environment file that the rule follows (JSON pointer).
    #[must_use]
    pub(super) fn from(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
