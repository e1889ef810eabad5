//! The table of what exists without a manifest (`provided.txt`), and the same lines where a person writes them
//! (annotation `galeno.dev/provides`, [`super::Options::provides`]).

use std::sync::LazyLock;

use super::apis;

/// When the lines of a section hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// In every cluster.
    Kubernetes,
    /// Where Argo CD's objects are.
    ArgoCd,
    /// Where a Helm chart is installed.
    Chart(&'static str),
    /// Where manifests come from a repository whose URL holds this.
    Repository(&'static str),
    /// For each object of a group and kind.
    Kind(&'static str, &'static str),
}

/// A section of the table.
pub(super) struct Section {
    /// When it holds.
    pub(super) when: When,
    /// Its lines, as written.
    pub(super) lines: Vec<&'static str>,
}

static TABLE: LazyLock<Vec<Section>> = LazyLock::new(|| parse(include_str!("provided.txt")));

/// The sections, in the order written.
pub(super) fn sections() -> &'static [Section] {
    &TABLE
}

fn parse(text: &'static str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let when = match head.split_once(' ') {
                Some(("chart", name)) => When::Chart(name),
                Some(("repository", part)) => When::Repository(part),
                Some(("kind", kind)) => kind
                    .split_once('/')
                    .map_or(When::Kind("", kind), |(g, k)| When::Kind(g, k)),
                _ if head == "argocd" => When::ArgoCd,
                _ => When::Kubernetes,
            };
            sections.push(Section {
                when,
                lines: Vec::new(),
            });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        }
    }
    sections
}

/// A port that pods or a Service have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GivenPort {
    pub(super) name: String,
    pub(super) number: u16,
    pub(super) protocol: String,
}

/// One thing that exists without a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Provision {
    /// `Secret`; or `Pods`, or `API`.
    pub(super) kind: String,
    /// "" for what is cluster-scoped, `*` for every namespace.
    pub(super) ns: String,
    /// Its name; `x*` for all that start so.
    pub(super) name: String,
    /// Keys of a ConfigMap or Secret; none are known where it is empty.
    pub(super) keys: Vec<String>,
    /// Labels of a Service or of pods.
    pub(super) labels: Vec<(String, String)>,
    /// Ports of a Service or of pods; none are known where it is empty.
    pub(super) ports: Vec<GivenPort>,
    /// Who provides it, for people.
    pub(super) by: std::sync::Arc<str>,
    /// The object (by its number in the cluster) that exists for its sake, if there is such a one.
    pub(super) from: Option<usize>,
}

impl Provision {
    /// A thing of which nothing more is known.
    pub(super) fn new(kind: &str, ns: &str, name: &str, by: &std::sync::Arc<str>) -> Self {
        Self {
            kind: kind.to_owned(),
            ns: ns.to_owned(),
            name: name.to_owned(),
            keys: Vec::new(),
            labels: Vec::new(),
            ports: Vec::new(),
            by: by.clone(),
            from: None,
        }
    }

    /// With the keys that it has.
    pub(super) fn with_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// Made by this object.
    pub(super) fn from(mut self, item: usize) -> Self {
        self.from = Some(item);
        self
    }
}

/// Reads one line whose placeholders are filled in. `ns` is the namespace where the line names none.
pub(super) fn line(line: &str, ns: &str, by: &std::sync::Arc<str>) -> Result<Provision, String> {
    let mut words = line.split_ascii_whitespace();
    let (Some(kind), Some(name)) = (words.next(), words.next()) else {
        return Err(format!("`{line}` is not `KIND [NAMESPACE/]NAME FACT...`"));
    };
    if !kind.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err(format!("`{kind}` is no kind: a kind starts with a capital letter"));
    }
    let (ns, name) = match name.split_once('/') {
        Some((ns, name)) => (ns, name),
        None if kind == "API" || apis::is_kind_cluster_scoped(kind) => ("", name),
        None => (ns, name),
    };
    let mut provision = Provision::new(kind, ns, name, by);
    for word in words {
        match kind {
            "ConfigMap" | "Secret" => provision.keys.push(word.to_owned()),
            _ => match word.split_once('=') {
                Some((key, value)) => provision.labels.push((key.to_owned(), value.to_owned())),
                None => provision.ports.push(port(word).ok_or_else(|| {
                    format!("`{word}` is neither a label KEY=VALUE nor a port [NAME:]NUMBER[/PROTOCOL]")
                })?),
            },
        }
    }
    Ok(provision)
}

fn port(word: &str) -> Option<GivenPort> {
    let (word, protocol) = word.split_once('/').unwrap_or((word, "TCP"));
    let (name, number) = word.split_once(':').unwrap_or(("", word));
    Some(GivenPort {
        name: name.to_owned(),
        number: number.parse().ok()?,
        protocol: protocol.to_owned(),
    })
}

/// A line without its conditions `?PATH`, `?+PATH`, `?-PATH`; `None` if one of them does not hold.
pub(super) fn holds<'l>(line: &'l str, value: &dyn Fn(&str) -> Option<String>) -> Option<&'l str> {
    let mut line = line;
    while let Some((rest, condition)) = line.rsplit_once(" ?") {
        let holds = match (condition.strip_prefix('+'), condition.strip_prefix('-')) {
            (Some(path), _) => value(path).as_deref() == Some("true"),
            (_, Some(path)) => value(path).is_none(),
            _ => value(condition).as_deref() != Some("false"),
        };
        if !holds {
            return None;
        }
        line = rest;
    }
    Some(line)
}

/// Fills in `{placeholders}`; `None` if one of them has no value, so that the line does not hold.
pub(super) fn fill(line: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, tail) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&match inner.split_once('|') {
            Some((path, default)) => value(path)
                .or_else(|| value(default))
                .unwrap_or_else(|| default.to_owned()),
            None => value(inner)?,
        });
        rest = tail;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_can_be_read() {
        let by = std::sync::Arc::from("the table");
        let mut count = 0;
        for section in sections() {
            assert!(!section.lines.is_empty(), "{:?} has no lines", section.when);
            for written in &section.lines {
                let bare = written.split(" ?").next().expect("a line");
                let filled = fill(bare, &|key| {
                    let several = key == "ports" || key.starts_with('*');
                    Some(if several { String::new() } else { "80".to_owned() })
                });
                let provision = line(&filled.expect(written), "ns", &by).expect(written);
                assert!(!provision.name.is_empty(), "{written}");
                count += 1;
            }
        }
        assert!(count > 150, "{count}");
    }

    #[test]
    fn a_line_says_what_it_says() {
        let by = std::sync::Arc::from("a person");
        let pods = line("Pods web app=web http:8080 53/UDP", "clinic", &by).expect("a good line");
        assert_eq!((pods.ns.as_str(), pods.name.as_str()), ("clinic", "web"));
        assert_eq!(pods.labels, [("app".to_owned(), "web".to_owned())]);
        assert_eq!(
            pods.ports[0],
            GivenPort {
                name: "http".into(),
                number: 8080,
                protocol: "TCP".into()
            }
        );
        assert_eq!(
            pods.ports[1],
            GivenPort {
                name: String::new(),
                number: 53,
                protocol: "UDP".into()
            }
        );
        assert_eq!(
            line("StorageClass standard", "clinic", &by).expect("a good line").ns,
            ""
        );
        assert_eq!(
            line("Secret other/x a b", "clinic", &by).expect("a good line").keys,
            ["a", "b"]
        );
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        let by = std::sync::Arc::from("a person");
        for (bad, says) in [
            ("Secret", "is not"),
            ("secret x", "capital"),
            ("Service x http:eighty", "neither"),
            ("", "is not"),
        ] {
            let error = line(bad, "ns", &by).expect_err(bad);
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn conditions() {
        let value = |key: &str| match key {
            "on" => Some("true".to_owned()),
            "off" => Some("false".to_owned()),
            _ => None,
        };
        for (line, kept) in [
            ("X y", Some("X y")),
            ("X y ?on ?unset", Some("X y")),
            ("X y ?off", None),
            ("X y ?+on", Some("X y")),
            ("X y ?+unset", None),
            ("X y ?-unset", Some("X y")),
            ("X y ?-on", None),
            ("X y ?on ?+off", None),
        ] {
            assert_eq!(holds(line, &value), kept, "{line}");
        }
    }

    #[test]
    fn placeholders_take_values_then_defaults() {
        let value = |key: &str| match key {
            "name" => Some("web".to_owned()),
            "a.b" => Some("set".to_owned()),
            _ => None,
        };
        assert_eq!(
            fill("X {a.b|name} {c.d|name} {c.d|7}", &value).as_deref(),
            Some("X set web 7")
        );
        assert_eq!(fill("X {unknown}", &value), None);
    }
}
