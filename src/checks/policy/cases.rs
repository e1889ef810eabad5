//! The cases of policies: what each must admit, and what it must reject, with what it says then.

use serde_json::Value;

use super::judge;
use super::matching::World;
use super::model::{self, Policy};
use super::read::{Case, Cases};
use super::subject::{self, Subject};
use crate::bundle::{Item, Object};
use crate::checks::schema::{self, Catalog, KubeVersion};
use crate::finding::{Finding, has_errors};
use crate::policies::{self, Texts, item, place};
use crate::yaml::{self, Limits, Positions};

/// What came of a policy's cases.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The policy.
    pub name: String,
    /// How many cases it admitted as it must.
    pub admitted: usize,
    /// How many cases it rejected as it must.
    pub rejected: usize,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Holds each policy against the schemas of every Kubernetes version that is known, and against its cases.
pub fn test(texts: &[Texts], catalog: &Catalog) -> Vec<Tested> {
    let work = || texts.iter().map(|texts| one(texts, catalog)).collect();
    match &*schema::THREADS {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

fn one(texts: &Texts, catalog: &Catalog) -> Tested {
    let mut tested = Tested {
        name: texts.name.clone(),
        admitted: 0,
        rejected: 0,
        findings: Vec::new(),
    };
    let (items, findings) = policies::items(&texts.file, &texts.policy);
    tested.findings.extend(findings);
    let versions: Vec<KubeVersion> = KubeVersion::all().collect();
    tested.findings.extend(schema::check(&items, catalog, &versions));
    for item in items
        .iter()
        .filter(|item| item.object.kind() == "ValidatingAdmissionPolicy")
    {
        if item.object.name() != texts.name {
            let message = format!(
                "the policy is named `{}`, and its file `{}.yaml`",
                item.object.name(),
                texts.name
            );
            tested.findings.push(
                Finding::error("policy/name", message)
                    .mend("name the file after the policy")
                    .at(item.place("/metadata/name")),
            );
        }
    }
    let (policies, findings) = model::policies(&items.iter().collect::<Vec<_>>());
    tested.findings.extend(findings);
    if !has_errors(&tested.findings) {
        run_cases(texts, &items, &policies, catalog, &mut tested);
    }
    tested
}

fn run_cases(texts: &Texts, items: &[Item], policies: &[Policy], catalog: &Catalog, tested: &mut Tested) {
    let file = texts.cases_file();
    let missing = |message: &str| {
        Finding::error("policy/no-rejecting-case", message)
            .because("a policy that was never seen to reject anything may be one that cannot")
            .mend("write `rejects:` with an object and the message expected")
            .at(place(&file))
    };
    let Some(text) = &texts.cases else {
        return tested
            .findings
            .push(missing("there is no file with the policy's cases"));
    };
    let mut stream = yaml::read(&file, text, &Limits::ENVIRONMENT);
    tested.findings.append(&mut stream.findings);
    let (mut cases, mut positions) = (Cases::default(), None);
    if let Some(document) = stream.documents.into_iter().next() {
        positions = Some(document.positions);
        match serde_json::from_value(document.value) {
            Ok(read) => cases = read,
            Err(error) => {
                let message = format!("the cases cannot be read: {error}");
                return tested
                    .findings
                    .push(Finding::error("policy/cases", message).at(place(&file)));
            }
        }
    }
    if cases.rejects.is_empty() {
        return tested
            .findings
            .push(missing("the policy has no case that it must reject"));
    }
    let mut runner = Runner {
        file: &file,
        positions: positions.as_ref(),
        items,
        policies,
        catalog,
        tested,
    };
    for (index, case) in cases.admits.iter().enumerate() {
        runner.admits(index, case);
    }
    for (index, case) in cases.rejects.iter().enumerate() {
        runner.rejects(index, case);
    }
}

struct Runner<'a> {
    file: &'a str,
    positions: Option<&'a Positions>,
    items: &'a [Item],
    policies: &'a [Policy],
    catalog: &'a Catalog,
    tested: &'a mut Tested,
}

impl Runner<'_> {
    fn fail(&mut self, pointer: &str, message: String) {
        let mut at = place(self.file);
        at.span = self.positions.and_then(|positions| positions.nearest(pointer));
        at.pointer = Some(pointer.to_owned());
        self.tested.findings.push(Finding::error("policy/case", message).at(at));
    }

    fn admits(&mut self, index: usize, case: &Case) {
        match self.said(case) {
            Ok(said) if said.is_empty() => self.tested.admitted += 1,
            Ok(said) => {
                let message = format!("`{}` must be admitted, and is not: {}", case.name, said.join("; "));
                self.fail(&format!("/admits/{index}"), message);
            }
            Err(problem) => self.fail(&format!("/admits/{index}"), format!("`{}`: {problem}", case.name)),
        }
    }

    fn rejects(&mut self, index: usize, case: &Case) {
        let pointer = format!("/rejects/{index}");
        let Some(expected) = &case.message else {
            return self.fail(
                &pointer,
                format!("`{}` does not say which message is expected", case.name),
            );
        };
        match self.said(case) {
            Ok(said) if said.contains(expected) => self.tested.rejected += 1,
            Ok(said) if said.is_empty() => {
                self.fail(&pointer, format!("`{}` must be rejected, and is admitted", case.name));
            }
            Ok(said) => {
                let message = format!(
                    "`{}` must be rejected with another message; it says: {}",
                    case.name,
                    said.join("; ")
                );
                self.fail(&pointer, message);
            }
            Err(problem) => self.fail(&pointer, format!("`{}`: {problem}", case.name)),
        }
    }

    /// What the policy says of a case.
    fn said(&self, case: &Case) -> Result<Vec<String>, String> {
        let value = case
            .object
            .as_ref()
            .or(case.old_object.as_ref())
            .ok_or("it has no object")?;
        let object = |value: &Value| Object::new(value.clone()).map_err(|error| error.to_string());
        let asked = item(self.file, None, object(value)?);
        let given: Vec<Item> = case
            .given
            .iter()
            .map(|value| Ok(item(self.file, None, object(value)?)))
            .collect::<Result<_, String>>()?;
        let defaults: Vec<&Item> = self.items.iter().collect();
        let around: Vec<&Item> = given.iter().chain([&asked]).collect();
        let world = World::new(&around, &defaults);
        let mut subjects = subject::of(&asked, self.catalog);
        let direct: &mut Subject<'_> = subjects.first_mut().ok_or("it has no object")?;
        if let Some(user) = &case.user {
            direct.user = user.clone().into();
        }
        direct.old.clone_from(&case.old_object);
        match (&case.object, &case.old_object) {
            (None, _) => {
                direct.operation = "DELETE";
                direct.object = std::borrow::Cow::Owned(Value::Null);
                subjects.truncate(1);
            }
            (Some(_), Some(_)) => direct.operation = "UPDATE",
            (Some(_), None) => {}
        }
        let concerned = |subject: &Subject<'_>| self.policies.iter().any(|policy| policy.may_concern(subject));
        if !subjects.iter().any(concerned) {
            return Err("the policy is not about such an object, so that the case shows nothing".to_owned());
        }
        let found = subjects
            .iter()
            .flat_map(|subject| judge(subject, self.policies, &world));
        found
            .map(|finding| match finding.code {
                "policy/not-evaluated" => Err(finding.message),
                _ => Ok(finding.message),
            })
            .collect()
    }
}
