//! Starting and recovering, on real processes.

mod common;

use common::cluster::Cluster;
use common::writer::Writer;

#[test]
fn three_empty_nodes_become_one_database() {
    let cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 1, 2]);
    writer.wait_for_more(&cluster, 200);
    writer.finish(&cluster, &[0, 1, 2]);
}
