//! Versions that are known to work together.
//!
//! Sources: Rook 1.20 documentation ("Kubernetes Version", "Ceph Version"), Argo CD and Traefik release notes, the
//! Gateway API conformance reports, read in August and November 2026.

use std::fmt;
use std::str::FromStr;

/// A version of three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major.
    pub major: u16,
    /// Minor.
    pub minor: u16,
    /// Patch.
    pub patch: u16,
}

impl Version {
    /// `Version::new(1, 20, 6)`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .map(|part| part.parse::<u16>().map_err(|_| ()));
        let mut next = || parts.next().unwrap_or(Err(()));
        let version = Self::new(next()?, next()?, next()?);
        if parts.next().is_some() { Err(()) } else { Ok(version) }
    }
}

/// A Kubernetes minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(pub u16);

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// The oldest and newest Kubernetes that Galeno has schemas for.
pub const KUBERNETES: (Minor, Minor) = (Minor(33), Minor(37));

/// What is installed, and in which versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Rook's operator.
    pub rook: Version,
    /// Ceph.
    pub ceph: Version,
    /// Argo CD.
    pub argocd: Version,
    /// Traefik.
    pub traefik: Version,
    /// Gateway API's custom resources.
    pub gateway_api: Version,
    /// cert-manager.
    pub cert_manager: Version,
}

/// The newest set that is known to work together.
pub const KNOWN: Versions = Versions {
    rook: Version::new(1, 20, 6),
    ceph: Version::new(20, 2, 4),
    argocd: Version::new(3, 5, 1),
    traefik: Version::new(3, 7, 11),
    gateway_api: Version::new(1, 5, 1),
    cert_manager: Version::new(1, 21, 1),
};

/// trust-manager, which no choice depends on.
pub const TRUST_MANAGER: Version = Version::new(0, 24, 0);
/// External Secrets.
pub const EXTERNAL_SECRETS: Version = Version::new(2, 9, 0);
/// CSI external-snapshotter.
pub const SNAPSHOTTER: Version = Version::new(8, 6, 0);
/// Longhorn.
pub const LONGHORN: Version = Version::new(1, 12, 1);
/// Traefik's Helm chart. 41.3.0 is the release for Traefik 3.7.11 (traefik-helm-chart pull requests 1973 to 1975); another
/// patch of 3.7 runs on it by its image's tag.
pub const TRAEFIK_CHART: Version = Version::new(41, 3, 0);
/// The `kube-prometheus-stack` chart. 88.0.0 brings prometheus-operator 0.93.0 (helm-charts pull request 7152).
pub const PROMETHEUS_STACK_CHART: Version = Version::new(88, 0, 0);
/// prometheus-operator, for its custom resources.
pub const PROMETHEUS_OPERATOR: Version = Version::new(0, 93, 0);

/// Digest of `quay.io/ceph/ceph` at [`KNOWN`]'s version (all architectures).
const CEPH_DIGEST: &str = "sha256:6bb1c8a42fbc0bf87938946990b65174466997bc11c31eb5a323225a779fd8f9";

/// Ceph's image, by tag and, where it is known, by digest.
pub fn ceph_image(ceph: Version) -> String {
    if ceph == KNOWN.ceph {
        format!("quay.io/ceph/ceph:v{ceph}@{CEPH_DIGEST}")
    } else {
        format!("quay.io/ceph/ceph:v{ceph}")
    }
}

/// Kubernetes minors that a Rook minor supports.
fn rook_supports(rook: Version) -> Option<(Minor, Minor)> {
    match (rook.major, rook.minor) {
        (1, 20) => Some((Minor(31), Minor(36))),
        (1, 19) => Some((Minor(30), Minor(35))),
        _ => None,
    }
}

/// The first Rook of each minor without CVE-2025-30156.
const ROOK_SAFE: [Version; 2] = [Version::new(1, 19, 9), Version::new(1, 20, 5)];
/// The first Ceph of each major without CVE-2025-30156.
const CEPH_SAFE: [Version; 2] = [Version::new(19, 2, 6), Version::new(20, 2, 4)];
/// The first Argo CD that does not take a new commit for "no change" during a sync (argo-cd 60d29acb, c71119fe).
const ARGOCD_SAFE: Version = Version::new(3, 4, 5);

/// A pair of versions that does not go together: which field is wrong, why, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Field of `versions`, or `kubernetes`.
    pub field: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub mend: String,
}

/// Everything in a set that is known not to go together, with `ceph` meaning that Rook is used at all.
pub fn conflicts(kubernetes: &[Minor], versions: &Versions, ceph: bool) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut add = |field, problem: String, mend: String| found.push(Conflict { field, problem, mend });
    if ceph {
        match rook_supports(versions.rook) {
            None => add(
                "rook",
                format!("Rook {} is not in the table of versions known to work", versions.rook),
                format!("write {}", KNOWN.rook),
            ),
            Some((low, high)) => {
                for minor in kubernetes.iter().filter(|minor| **minor < low || **minor > high) {
                    add(
                        "kubernetes",
                        format!(
                            "Rook {} does not go with Kubernetes {minor}: it supports {low} to {high}",
                            versions.rook
                        ),
                        format!("write a Kubernetes version from {low} to {high}"),
                    );
                }
            }
        }
        if !ROOK_SAFE
            .iter()
            .any(|safe| versions.rook.minor == safe.minor && versions.rook >= *safe)
            && rook_supports(versions.rook).is_some()
        {
            add(
                "rook",
                format!("Rook {} has CVE-2025-30156 (CephX keys)", versions.rook),
                format!("write {} or newer", KNOWN.rook),
            );
        }
        if !CEPH_SAFE
            .iter()
            .any(|safe| versions.ceph.major == safe.major && versions.ceph >= *safe)
        {
            let problem = if (19..=20).contains(&versions.ceph.major) {
                format!("Ceph {} has CVE-2025-30156 (CephX keys)", versions.ceph)
            } else {
                format!("Rook {} does not support Ceph {}", versions.rook, versions.ceph)
            };
            add("ceph", problem, format!("write {} or newer of major 20", KNOWN.ceph));
        }
    }
    if versions.argocd < ARGOCD_SAFE {
        add(
            "argocd",
            format!(
                "Argo CD {} may miss a commit that arrives during a sync",
                versions.argocd
            ),
            format!("write {ARGOCD_SAFE} or newer; {} is known to work", KNOWN.argocd),
        );
    }
    let (traefik, gateway) = (versions.traefik, versions.gateway_api);
    if (traefik.major, traefik.minor) != (3, 7) {
        add(
            "traefik",
            format!("Traefik {traefik} is not in the table of versions known to work"),
            format!("write {}", KNOWN.traefik),
        );
    } else if (gateway.major, gateway.minor) != (1, 5) {
        add(
            "gatewayApi",
            format!("Traefik {traefik} implements Gateway API 1.5, not {gateway}"),
            format!("write {}", KNOWN.gateway_api),
        );
    }
    if (versions.cert_manager.major, versions.cert_manager.minor) != (1, 21) {
        add(
            "certManager",
            format!(
                "cert-manager {} is not in the table of versions known to work",
                versions.cert_manager
            ),
            format!("write {}", KNOWN.cert_manager),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, Minor, Version, Versions, conflicts};

    #[test]
    fn the_known_set_has_no_conflict() {
        assert_eq!(conflicts(&[Minor(35), Minor(36)], &KNOWN, true), []);
    }

    #[test]
    fn each_conflict_names_its_field() {
        let fields = |kubernetes: u16, versions: Versions, ceph| -> Vec<&str> {
            conflicts(&[Minor(kubernetes)], &versions, ceph)
                .iter()
                .map(|c| c.field)
                .collect()
        };
        assert_eq!(fields(37, KNOWN, true), ["kubernetes"]);
        assert_eq!(fields(37, KNOWN, false), [""; 0]);
        assert_eq!(
            fields(
                36,
                Versions {
                    rook: Version::new(1, 20, 4),
                    ..KNOWN
                },
                true
            ),
            ["rook"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    rook: Version::new(1, 16, 0),
                    ..KNOWN
                },
                true
            ),
            ["rook"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    ceph: Version::new(21, 2, 0),
                    ..KNOWN
                },
                true
            ),
            ["ceph"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    ceph: Version::new(20, 2, 3),
                    ..KNOWN
                },
                true
            ),
            ["ceph"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    argocd: Version::new(3, 4, 4),
                    ..KNOWN
                },
                true
            ),
            ["argocd"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    gateway_api: Version::new(1, 6, 1),
                    ..KNOWN
                },
                true
            ),
            ["gatewayApi"]
        );
        assert_eq!(
            fields(
                36,
                Versions {
                    cert_manager: Version::new(1, 12, 0),
                    ..KNOWN
                },
                true
            ),
            ["certManager"]
        );
    }

    #[test]
    fn versions_have_three_numbers() {
        assert_eq!("v1.20.6".parse(), Ok(Version::new(1, 20, 6)));
        for bad in ["1.20", "1.20.6.1", "1.x.6", ""] {
            assert_eq!(bad.parse::<Version>(), Err(()), "{bad}");
        }
    }
}
