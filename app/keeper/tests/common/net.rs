//! Network namespaces: one for each node, and a hub with the bridge, where clients live.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Runs a program that must succeed; its output.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

pub struct Net {
    prefix: String,
    nodes: usize,
    /// The last byte of each node's address.
    addresses: Vec<u8>,
}

impl Net {
    pub fn new(nodes: usize) -> Self {
        let prefix = format!("k{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let net = Self {
            prefix,
            nodes,
            addresses: (0..nodes).map(|i| 10 + u8::try_from(i).unwrap()).collect(),
        };
        let hub = net.hub();
        run("ip", &["netns", "add", &hub]);
        run("ip", &["-n", &hub, "link", "add", "br0", "type", "bridge"]);
        run("ip", &["-n", &hub, "addr", "add", "10.99.0.1/24", "dev", "br0"]);
        run("ip", &["-n", &hub, "link", "set", "br0", "up"]);
        run("ip", &["-n", &hub, "link", "set", "lo", "up"]);
        for i in 0..nodes {
            let (ns, port) = (net.ns(i), format!("p{i}"));
            run("ip", &["netns", "add", &ns]);
            run(
                "ip",
                &[
                    "-n", &hub, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &ns,
                ],
            );
            run("ip", &["-n", &hub, "link", "set", &port, "master", "br0", "up"]);
            run("ip", &["-n", &ns, "link", "set", "lo", "up"]);
            run(
                "ip",
                &[
                    "-n",
                    &ns,
                    "addr",
                    "add",
                    &format!("{}/24", net.address(i)),
                    "dev",
                    "eth0",
                ],
            );
            run("ip", &["-n", &ns, "link", "set", "eth0", "up"]);
            fs::create_dir_all(net.etc(i)).unwrap();
        }
        for i in 0..nodes {
            net.write_hosts(i, &(0..nodes).collect::<Vec<_>>());
            // A name that is not in the hosts file is asked for here, where nobody answers: DNS that hangs.
            fs::write(
                net.etc(i).join("resolv.conf"),
                "nameserver 10.99.0.1\noptions timeout:2 attempts:2\n",
            )
            .unwrap();
        }
        let drop = "add table inet f; add chain inet f in { type filter hook input priority 0; }; \
                    add rule inet f in udp dport 53 drop";
        run("ip", &["netns", "exec", &hub, "nft", drop]);
        net
    }

    pub fn hub(&self) -> String {
        format!("{}h", self.prefix)
    }

    pub fn ns(&self, node: usize) -> String {
        format!("{}n{node}", self.prefix)
    }

    pub fn host(node: usize) -> String {
        format!("db-{node}.db.test")
    }

    pub fn address(&self, node: usize) -> String {
        format!("10.99.0.{}", self.addresses[node])
    }

    fn etc(&self, node: usize) -> PathBuf {
        PathBuf::from("/etc/netns").join(self.ns(node))
    }

    /// Which names `node` knows; in place, so that processes that run see it.
    pub fn write_hosts(&self, node: usize, known: &[usize]) {
        let mut text = String::from("127.0.0.1 localhost\n");
        for &other in known {
            let _ = writeln!(text, "{} {}", self.address(other), Self::host(other));
        }
        fs::write(self.etc(node).join("hosts"), text).unwrap();
    }

    /// Gives a node another address, as a pod gets one that moves.
    pub fn move_node(&mut self, node: usize, last: u8) {
        let ns = self.ns(node);
        run(
            "ip",
            &[
                "-n",
                &ns,
                "addr",
                "del",
                &format!("{}/24", self.address(node)),
                "dev",
                "eth0",
            ],
        );
        self.addresses[node] = last;
        run(
            "ip",
            &[
                "-n",
                &ns,
                "addr",
                "add",
                &format!("{}/24", self.address(node)),
                "dev",
                "eth0",
            ],
        );
        for i in 0..self.nodes {
            self.write_hosts(i, &(0..self.nodes).collect::<Vec<_>>());
        }
    }

    /// From now on nothing passes between nodes of different groups. Clients reach all.
    pub fn cut(&self, groups: &[&[usize]]) {
        for (g, group) in groups.iter().enumerate() {
            let others: Vec<String> = groups
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != g)
                .flat_map(|(_, nodes)| nodes.iter().map(|&n| self.address(n)))
                .collect();
            let set = others.join(", ");
            for &node in *group {
                let rules = format!(
                    "add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; \
                     add chain inet cut out {{ type filter hook output priority 0; }}; \
                     add rule inet cut in ip saddr {{ {set} }} drop; add rule inet cut out ip daddr {{ {set} }} drop"
                );
                run("ip", &["netns", "exec", &self.ns(node), "nft", &rules]);
            }
        }
    }

    pub fn heal(&self) {
        for i in 0..self.nodes {
            run(
                "ip",
                &[
                    "netns",
                    "exec",
                    &self.ns(i),
                    "nft",
                    "add table inet cut; delete table inet cut",
                ],
            );
        }
    }

    /// Runs something in the clients' network, in a thread of its own.
    pub fn among_clients<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let hub = self.hub();
        thread::scope(|scope| {
            scope
                .spawn(|| {
                    enter(&hub);
                    work()
                })
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// Moves the calling thread into a network namespace.
pub fn enter(ns: &str) {
    let file = File::open(format!("/run/netns/{ns}")).unwrap();
    let kind = rustix::thread::LinkNameSpaceType::Network;
    rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(kind)).unwrap();
}

impl Drop for Net {
    fn drop(&mut self) {
        for ns in (0..self.nodes).map(|i| self.ns(i)).chain([self.hub()]) {
            let _ = Command::new("ip").args(["netns", "del", &ns]).status();
            let _ = fs::remove_dir_all(PathBuf::from("/etc/netns").join(ns));
        }
    }
}
