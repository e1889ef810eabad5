//! Backups, restores and what must be refused, on real programs: MariaDB with Galera, mariadb-backup, an S3 server
//! (`SeaweedFS`), and `gpg`. Everything listens on 127.0.0.1 and ends with the test process.

mod alerts;
mod faults;
mod fixture;
mod making;
mod point_in_time;
mod pruning;
mod refusals;
mod restoring;
mod stand_ins;
