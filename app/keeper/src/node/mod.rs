//! `keeper node`: one Galera node, from the empty volume to the clean end.

mod accounts;
mod cnf;
mod gate;
mod guard;
mod lock;
mod memory;
mod metrics;
mod numbering;
mod probe;
mod process;
mod recover;
mod run;
mod settings;
mod sql;
mod status;
mod watch;
mod words;

pub(crate) use run::run;
pub(crate) use settings::Settings;
