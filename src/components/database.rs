//! Component `database`.

use super::Output;
use crate::topology::{DataRegion, Topology};

pub(super) fn render(_topology: &Topology, _region: DataRegion<'_>, _output: &mut Output) {}
