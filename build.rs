//! Puts the files of `policies/` into the program, so that a new policy is two files and no line of Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=policies");
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("policies");
    let mut names: Vec<String> = std::fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, std::io::Error>>()?;
    names.sort_unstable();
    let mut code = String::new();
    for (constant, ending) in [("POLICIES", ".yaml"), ("CASES", ".cases.yaml")] {
        writeln!(code, "const {constant}: &[(&str, &str)] = &[")?;
        for name in &names {
            let Some(stem) = name.strip_suffix(ending).filter(|stem| !stem.contains('.')) else {
                continue;
            };
            println!("cargo::rerun-if-changed=policies/{name}");
            let path = folder.join(name).display().to_string();
            writeln!(code, "    ({stem:?}, include_str!({path:?})),")?;
        }
        writeln!(code, "];")?;
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("policies.rs"), code)?;
    Ok(())
}
