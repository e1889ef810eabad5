//! Figures in Prometheus' text format, for the node exporter's `textfile` collector.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// Figures of one command.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    text: String,
}

impl Metrics {
    /// Adds a gauge; `labels` are pairs.
    pub(crate) fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        if !self.text.contains(&format!("# TYPE {name} ")) {
            let _ = writeln!(self.text, "# TYPE {name} gauge");
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    /// Replaces the file, so that a reader sees the old figures or the new ones.
    pub(crate) fn write(&self, path: Option<&Path>) -> anyhow::Result<()> {
        let Some(path) = path else { return Ok(()) };
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(directory)
            .with_context(|| format!("cannot write metrics to {}", directory.display()))?;
        file.write_all(self.text.as_bytes())?;
        file.persist(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let mut metrics = Metrics::default();
        metrics.gauge("keeper_phase_seconds", &[("phase", "a \"b\"")], 1.5);
        metrics.gauge("keeper_phase_seconds", &[("phase", "c")], 2.0);
        metrics.gauge("keeper_bytes", &[], 7.0);
        let expected = "# TYPE keeper_phase_seconds gauge\nkeeper_phase_seconds{phase=\"a \\\"b\\\"\"} 1.5\n\
                        keeper_phase_seconds{phase=\"c\"} 2\n# TYPE keeper_bytes gauge\nkeeper_bytes 7\n";
        assert_eq!(metrics.text, expected);
    }
}
