//! Component `monitoring`.

use super::Output;
use crate::topology::{Region, Topology};

pub(super) fn render(_topology: &Topology, _region: &Region, _output: &mut Output) {}
