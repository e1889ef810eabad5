//! Backups, restores and what must be refused, on real programs: MariaDB with Galera, mariadb-backup, an S3 server
//! (`SeaweedFS`), and `gpg`. Everything listens on 127.0.0.1 and ends with the test process.

#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails in a test may panic, and its statements are plainest one by one"
)]

mod alerts;
mod certificates;
mod faults;
mod fixture;
mod making;
mod point_in_time;
mod pruning;
mod refusals;
mod restoring;
mod stand_ins;
mod tls;
