//! What a change of `generated/` does: between two revisions, by object and field, the most dangerous first.
//!
//! Files that differ (`gitops`) → objects (`objects`) → differences (`diff`) and what they do (`checks::upgrade`) → who made
//! them (`author`) → what repeats, once (`fold`) → a text (`tell`).

pub mod diff;

mod author;
mod build;
mod fold;
mod inputs;
mod model;
mod objects;
mod survival;
mod tell;

pub use build::plan;
pub use model::{Entry, EnvironmentChange, Plan, Requested, Revision, State, Target, Verb};
pub use survival::SurvivalChange;
pub use tell::{Format, tell};
