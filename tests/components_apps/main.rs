//! The components that make and deliver the platform's programs: API, web application, ingress, access regions,
//! monitoring and Argo CD, rendered from the environments that ship.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

mod access;
mod alerts;
mod argocd;
mod backups;
mod health;
mod ingress;
mod keeper;
mod platform;
mod programs;
mod references;
