//! The platform's own controllers: cert-manager, External Secrets, Argo CD.

use super::{Edges, Peer, all, at};
use crate::topology::model::{StoreServer, Topology};
use crate::topology::names::{Namespace, Port, ports};
use crate::topology::storage::StorageKind;
use crate::topology::values::HttpsUrl;

impl Edges<'_> {
    pub(super) fn infrastructure(&mut self, topology: &Topology) {
        for (namespace, why) in [
            (Namespace::CertManager, "cert-manager's parts speak to each other"),
            (
                Namespace::ExternalSecrets,
                "External Secrets' parts speak to each other",
            ),
            (Namespace::ArgoCd, "Argo CD's parts speak to each other"),
        ] {
            let pods = all(namespace);
            self.add(&pods, &pods, &[], why, None);
            self.add(&pods, &Peer::ApiServer, &[], "controllers watch their objects", None);
        }
        for namespace in [Namespace::CertManager, Namespace::ExternalSecrets] {
            let why = "the API server calls admission webhooks";
            self.add(&Peer::ControlPlane, &all(namespace), &[ports::WEBHOOK], why, None);
        }
        self.secret_store(topology);
        self.repository(topology, &all(Namespace::ArgoCd), "Argo CD reads its repository");
        let outside = self.outside();
        let why = "Argo CD reads charts from upstream";
        self.add(
            &all(Namespace::ArgoCd),
            &outside,
            &[ports::HTTPS],
            why,
            Some("/versions"),
        );
    }

    /// The secret store's address stands in the cluster's own `ClusterSecretStore`, which Galeno does not see: the
    /// environment may say where it is, and anywhere outside is allowed where it does not.
    fn secret_store(&mut self, topology: &Topology) {
        let from = all(Namespace::ExternalSecrets);
        let why = "External Secrets reads the secret store";
        let (to, source) = match &topology.secrets.server {
            StoreServer::Namespace(namespace) => (Peer::Namespace(namespace.as_str().to_owned()), "/secrets/namespace"),
            StoreServer::Outside(ranges) => (self.addresses(ranges), "/secrets/store"),
        };
        self.add(&from, &to, &[], why, Some(source));
    }

    /// Vault, where it keeps the disks' keys.
    pub(super) fn vault(&self, topology: &Topology) -> Option<(Peer, Port)> {
        let StorageKind::Ceph(ceph) = &topology.storage.kind else {
            return None;
        };
        let url: HttpsUrl = ceph.kms.as_ref()?.address.parse().ok()?;
        Some((self.host(url.host()), at(ports::HTTPS, url.port())))
    }

    /// The repository that holds `generated/`: by HTTPS, or by SSH (`git@host:path`, `ssh://host:port/path`).
    pub(super) fn repository(&mut self, topology: &Topology, from: &Peer, why: &'static str) {
        let (host, port) = git_host(&topology.argocd.repository);
        let to = self.host(host);
        self.add(from, &to, &[port], why, Some("/argocd/repository"));
    }
}

/// Host and port of a git address.
fn git_host(address: &str) -> (&str, Port) {
    let (default, rest) = match address.split_once("://") {
        Some(("ssh" | "git+ssh", rest)) => (ports::SSH, rest),
        Some(("http", rest)) => (ports::HTTP, rest),
        Some((_, rest)) => (ports::HTTPS, rest),
        // `git@host:path`: what follows the colon is a path, not a port.
        None => {
            let host = address.split_once(':').map_or(address, |(host, _)| host);
            return (host.rsplit_once('@').map_or(host, |(_, host)| host), ports::SSH);
        }
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_or(default, |port| at(default, port))),
        None => (authority, default),
    }
}

#[cfg(test)]
mod tests {
    use super::git_host;

    #[test]
    fn git_addresses_of_every_form_have_a_host_and_a_port() {
        let of = |address| {
            let (host, port) = git_host(address);
            (host.to_owned(), port.number)
        };
        let git = "git.example.org".to_owned();
        assert_eq!(of("https://git.example.org/clinic/platform.git"), (git.clone(), 443));
        assert_eq!(
            of("https://git.example.org:8443/clinic/platform.git"),
            (git.clone(), 8443)
        );
        assert_eq!(of("git@git.example.org:clinic/platform.git"), (git.clone(), 22));
        assert_eq!(of("ssh://git@git.example.org:2222/clinic/platform.git"), (git, 2222));
    }
}
