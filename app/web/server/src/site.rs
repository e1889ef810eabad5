//! The built files, in memory.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use ring::digest::{SHA256, digest};

/// A file in each of its encodings.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) media_type: &'static str,
    /// Named by its content: browsers may keep it for ever.
    pub(crate) hashed: bool,
    pub(crate) etag: String,
    pub(crate) plain: Bytes,
    pub(crate) brotli: Option<Bytes>,
    pub(crate) gzip: Option<Bytes>,
}

/// Every file, by the path of its address.
#[derive(Clone, Debug)]
pub(crate) struct Site(BTreeMap<String, File>);

impl Site {
    /// Reads a directory. `NAME.br` and `NAME.gz` are encodings of `NAME`.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        collect(directory, "", &mut files)?;
        if !files.contains_key("/index.html") {
            bail!(
                "{} holds no index.html; build the application first: npm run build",
                directory.display()
            );
        }
        Ok(Self(files))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, File>) -> Result<()> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            bail!("{} holds a name that is not UTF-8", directory.display());
        };
        let address = format!("{prefix}/{name}");
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, &address, files)?;
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        if matches!(extension, "br" | "gz") {
            continue;
        }
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let encoded = |suffix: &str| {
            let path = directory.join(format!("{name}.{suffix}"));
            path.exists().then(|| read(&path).map(Bytes::from)).transpose()
        };
        let plain = read(&path)?;
        let hash = digest(&SHA256, &plain);
        let tag = hash.as_ref()[..8]
            .iter()
            .fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        let file = File {
            media_type: media_type(extension),
            hashed: address.starts_with("/assets/"),
            etag: format!("\"{tag}\""),
            brotli: encoded("br")?,
            gzip: encoded("gz")?,
            plain: plain.into(),
        };
        files.insert(address, file);
    }
    Ok(())
}

fn media_type(extension: &str) -> &'static str {
    match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
