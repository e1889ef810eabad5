//! Figures for Prometheus. Labels are routes and codes, never identifiers.

use std::{fmt::Write as _, sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::db::Cluster;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Node {
    node: String,
}

/// Counters and gauges.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
    retries: Counter,
    refused: Counter<u64, AtomicU64>,
    sign_in_failures: Counter,
    emergencies: Counter,
    fit: Family<Node, Gauge>,
    open: Family<Node, Gauge>,
    idle: Family<Node, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("galeno_api"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 14))),
            in_flight: Gauge::default(),
            retries: Counter::default(),
            refused: Counter::default(),
            sign_in_failures: Counter::default(),
            emergencies: Counter::default(),
            fit: Family::default(),
            open: Family::default(),
            idle: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit("request", "Time to answer", Unit::Seconds, metrics.seconds.clone());
        registry.register("requests_in_flight", "Requests at work", metrics.in_flight.clone());
        registry.register(
            "retries",
            "Transactions run again after a conflict or a lost node",
            metrics.retries.clone(),
        );
        registry.register(
            "refused",
            "Accesses that the table of permissions refused",
            metrics.refused.clone(),
        );
        registry.register("sign_in_failures", "Failed sign-ins", metrics.sign_in_failures.clone());
        registry.register(
            "emergency_accesses",
            "Records opened in an emergency",
            metrics.emergencies.clone(),
        );
        registry.register("database_node_fit", "1 while the node may serve", metrics.fit.clone());
        registry.register("database_connections", "Open connections", metrics.open.clone());
        registry.register(
            "database_connections_idle",
            "Open connections at rest",
            metrics.idle.clone(),
        );
        metrics
    }

    pub(super) fn started(&self) {
        self.in_flight.inc();
    }

    pub(super) fn ended(&self) {
        self.in_flight.dec();
    }

    pub(super) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.seconds
            .get_or_create(&Route {
                method: method.clone(),
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&Request { method, route, status }).inc();
    }

    pub(super) fn retried(&self) {
        self.retries.inc();
    }

    pub(super) fn refused(&self) {
        self.refused.inc();
    }

    /// A sign-in failed.
    pub fn sign_in_failed(&self) {
        self.sign_in_failures.inc();
    }

    /// A record was opened in an emergency.
    pub fn emergency_opened(&self) {
        self.emergencies.inc();
    }

    /// Everything in the text format.
    pub fn text(&self, cluster: &Cluster) -> String {
        for (node, fitness) in cluster.states() {
            self.fit.get_or_create(&Node { node }).set(i64::from(fitness.in_time()));
        }
        for (node, open, idle) in cluster.usage() {
            self.open
                .get_or_create(&Node { node: node.clone() })
                .set(i64::try_from(open).unwrap_or(i64::MAX));
            self.idle
                .get_or_create(&Node { node })
                .set(i64::try_from(idle).unwrap_or(i64::MAX));
        }
        let mut out = String::new();
        if encode(&mut out, &self.registry).is_err() {
            let _ = writeln!(out, "# EOF");
        }
        out
    }
}
