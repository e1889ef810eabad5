//! Which backups stay and which go.

mod calendar;
mod overdue;
mod plan;
mod prune;

pub(crate) use calendar::slot;
pub(crate) use prune::prune;
