//! Galeno's own policies: the files of `policies/`, as they were when the program was built, and how such files are read.

use std::sync::{Arc, LazyLock};

use crate::bundle::{Item, Object};
use crate::finding::{Finding, Place, has_errors};
use crate::yaml::{self, Limits, Positions};

include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// The texts of a policy's two files.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The file's name without its ending, which is the policy's name.
    pub name: String,
    /// The path of `NAME.yaml`, as a person would type it.
    pub file: String,
    /// `NAME.yaml`.
    pub policy: String,
    /// `NAME.cases.yaml`, if there is one.
    pub cases: Option<String>,
}

impl Texts {
    /// The path of the file of its cases.
    pub fn cases_file(&self) -> String {
        let stem = self.file.strip_suffix(".yaml").unwrap_or(&self.file);
        format!("{stem}.cases.yaml")
    }
}

/// One of Galeno's policies.
#[derive(Debug)]
pub struct Builtin {
    /// The policy's name, and its file's without the ending.
    pub name: &'static str,
    /// Its file's path in Galeno's repository.
    pub file: String,
    /// The policy, its binding, and its parameters as they are where nobody renders others.
    pub items: Vec<Item>,
}

/// Every policy, by name.
pub fn builtin() -> &'static [Builtin] {
    static ALL: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
        let read = |(name, text): &(&'static str, &'static str)| {
            let file = format!("policies/{name}.yaml");
            // `galeno policy test` says what is wrong with a file.
            let (items, _) = items(&file, text);
            Builtin { name, file, items }
        };
        POLICIES.iter().map(read).collect()
    });
    &ALL
}

/// Every policy's name, its text and that of its cases.
pub fn texts() -> Vec<Texts> {
    let cases = |name: &str| {
        CASES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| (*text).to_owned())
    };
    POLICIES
        .iter()
        .map(|(name, text)| Texts {
            file: format!("policies/{name}.yaml"),
            name: (*name).to_owned(),
            policy: (*text).to_owned(),
            cases: cases(name),
        })
        .collect()
}

/// The objects of a policy's file, and what is wrong with it.
pub fn items(file: &str, text: &str) -> (Vec<Item>, Vec<Finding>) {
    let stream = yaml::read(file, text, &Limits::ENVIRONMENT);
    let mut findings = stream.findings;
    let mut items = Vec::new();
    for document in stream.documents {
        match Object::new(document.value) {
            Ok(object) => items.push(item(file, Some(Arc::new(document.positions)), object)),
            Err(error) => findings.push(Finding::error("policy/form", error.to_string()).at(place(file))),
        }
    }
    for kind in ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] {
        if !has_errors(&findings) && !items.iter().any(|item| item.object.kind() == kind) {
            findings.push(
                Finding::error("policy/form", format!("there is no {kind} in the file"))
                    .because("a policy without a binding is enforced nowhere, and a binding alone does nothing")
                    .mend("write both, and the ConfigMap of its parameters, as documents of one file")
                    .at(place(file)),
            );
        }
    }
    (items, findings)
}

/// A file as a place.
pub(crate) fn place(file: &str) -> Place {
    Place {
        file: Some(file.to_owned()),
        ..Place::default()
    }
}

/// An object of a policy's file, or of its cases, as an item of a cluster.
pub(crate) fn item(file: &str, positions: Option<Arc<Positions>>, object: Object) -> Item {
    Item {
        cluster: Arc::from(""),
        file: Arc::from(file),
        positions,
        object,
    }
}
