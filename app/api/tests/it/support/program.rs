//! `api serve` as a process of its own.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use super::{Client, eventually};

/// A running `api serve`; it ends with this value.
pub struct Api {
    pub child: Child,
    pub directory: tempfile::TempDir,
    pub address: std::net::SocketAddr,
    pub management: std::net::SocketAddr,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Api {
    /// Starts it, and waits until it is ready.
    pub async fn start(config: &serde_json::Value) -> Self {
        Self::of(env!("CARGO_BIN_EXE_api"), config).await
    }

    /// The same, of another program.
    pub async fn of(program: &str, config: &serde_json::Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| -> PathBuf { directory.path().join(name) };
        std::fs::write(path("api.yaml"), config.to_string()).unwrap();
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(path("api.yaml"))
            .arg("--addresses")
            .arg(path("addresses"))
            .stderr(Stdio::from(std::fs::File::create(path("log")).unwrap()))
            .spawn()
            .unwrap();
        let text = eventually("api serve listens", || async {
            std::fs::read_to_string(path("addresses")).ok()
        })
        .await;
        let mut lines = text.lines().map(|line| line.parse().unwrap());
        let (address, management) = (lines.next().unwrap(), lines.next().unwrap());
        let api = Self {
            child,
            directory,
            address,
            management,
        };
        let client = Client::new(management);
        eventually("api serve is ready", || async {
            (client.at("/readyz").await.status == 200).then_some(())
        })
        .await;
        api
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(sent.success());
    }
}
