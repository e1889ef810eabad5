//! Names of the figures that alerts are built on.
//!
//! A program exports a figure by the name that stands here and the generator writes its alerts with the same constant,
//! so that no alert watches a name that nobody exports.

/// Figures of the keeper of one database node (`/metrics` of its probe port). All are gauges but those that end in
/// `_total`.
pub mod keeper {
    /// 1 while mariadbd runs, else 0.
    pub const UP: &str = "galeno_keeper_up";
    /// 1 while the node takes statements (`wsrep_ready`), else 0.
    pub const READY: &str = "galeno_keeper_ready";
    /// 1 while the node is in a Primary component, else 0.
    pub const PRIMARY: &str = "galeno_keeper_primary";
    /// 1 while the node is synced (or a donor that does not block), else 0.
    pub const SYNCED: &str = "galeno_keeper_synced";
    /// `wsrep_local_state`: 1 joining, 2 donor, 3 joined, 4 synced, 5 inconsistent; 0 while mariadbd does not answer.
    pub const LOCAL_STATE: &str = "galeno_keeper_local_state";
    /// Members in the node's component (`wsrep_cluster_size`); 0 while mariadbd does not run.
    pub const CLUSTER_SIZE: &str = "galeno_keeper_cluster_size";
    /// Members that the generation should have.
    pub const EXPECTED_SIZE: &str = "galeno_keeper_expected_size";
    /// Members that do not answer this node's keeper.
    pub const SILENT: &str = "galeno_keeper_members_silent";
    /// `wsrep_last_committed`: the last write-set that the node has committed; -1 where it is not known.
    pub const LAST_COMMITTED: &str = "galeno_keeper_last_committed";
    /// Part of the last half minute in which flow control held replication (`wsrep_flow_control_paused_ns`), from 0 to 1.
    pub const FLOW_CONTROL_PAUSED: &str = "galeno_keeper_flow_control_paused";
    /// Write-sets that wait to be applied (`wsrep_local_recv_queue`).
    pub const RECEIVE_QUEUE: &str = "galeno_keeper_receive_queue";
    /// Sessions (`Threads_connected`).
    pub const CONNECTIONS: &str = "galeno_keeper_connections";
    /// The number of the node's generation.
    pub const GENERATION: &str = "galeno_keeper_generation";
    /// 1 while the node's generation is the active one, else 0.
    pub const ACTIVE: &str = "galeno_keeper_active";
    /// 1 when the generation's acceptance is recorded in its own data, else 0.
    pub const ACCEPTED: &str = "galeno_keeper_accepted";
    /// 1 while clients are let in: active, accepted and started safely; else 0.
    pub const OPEN: &str = "galeno_keeper_open";
    /// Members that this node waits for before anybody may start a new component; 0 while it does not wait.
    pub const WAITING_FOR: &str = "galeno_keeper_waiting_for";
    /// 1 while nothing but a person's decision can go on (an unsafe or contradictory state), else 0.
    pub const NEEDS_A_PERSON: &str = "galeno_keeper_needs_a_person";
    /// The highest epoch of a bootstrap that this member has granted.
    pub const EPOCH: &str = "galeno_keeper_epoch";
    /// When the member's certificate expires, in seconds of Unix time.
    pub const CERTIFICATE_EXPIRY: &str = "galeno_keeper_certificate_expiry_timestamp_seconds";
    /// Starts of mariadbd by this keeper, a counter.
    pub const STARTS: &str = "galeno_keeper_starts_total";

    /// All of them.
    pub const ALL: &[&str] = &[
        UP,
        READY,
        PRIMARY,
        SYNCED,
        LOCAL_STATE,
        CLUSTER_SIZE,
        EXPECTED_SIZE,
        SILENT,
        LAST_COMMITTED,
        FLOW_CONTROL_PAUSED,
        RECEIVE_QUEUE,
        CONNECTIONS,
        GENERATION,
        ACTIVE,
        ACCEPTED,
        OPEN,
        WAITING_FOR,
        NEEDS_A_PERSON,
        EPOCH,
        CERTIFICATE_EXPIRY,
        STARTS,
    ];
}

/// Figures of the API (`/metrics` of its management port).
pub mod api {
    /// Requests answered, a counter by `method`, `route` and `status`.
    pub const REQUESTS: &str = "galeno_api_requests_total";
    /// Time to answer, a histogram by `method` and `route`, in seconds.
    pub const REQUEST_SECONDS: &str = "galeno_api_request_seconds";
    /// Requests at work.
    pub const REQUESTS_IN_FLIGHT: &str = "galeno_api_requests_in_flight";
    /// 1 while the database node `node` may serve, else 0.
    pub const DATABASE_NODE_FIT: &str = "galeno_api_database_node_fit";
    /// Transactions run again after a conflict or a lost node, a counter.
    pub const RETRIES: &str = "galeno_api_retries_total";
    /// Failed sign-ins, a counter.
    pub const SIGN_IN_FAILURES: &str = "galeno_api_sign_in_failures_total";
    /// Records opened in an emergency, a counter.
    pub const EMERGENCY_ACCESSES: &str = "galeno_api_emergency_accesses_total";

    /// Every name above: the API's tests ask for each of them.
    pub const ALL: &[&str] = &[
        REQUESTS,
        REQUEST_SECONDS,
        REQUESTS_IN_FLIGHT,
        DATABASE_NODE_FIT,
        RETRIES,
        SIGN_IN_FAILURES,
        EMERGENCY_ACCESSES,
    ];
}
