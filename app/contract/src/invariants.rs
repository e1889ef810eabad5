//! What holds in the application's data, always: asked of a database that was restored before it may serve.

macro_rules! queries {
    ($($name:literal,)*) => {
        [$(($name, include_str!(concat!("../invariants/", $name)))),*]
    };
}

/// Name and text of each: one query, which returns the keys of what breaks it, and so nothing.
pub const ALL: [(&str, &str); 8] = queries![
    "access-log-heads.sql",
    "appointments-apart.sql",
    "appointments-in-slots.sql",
    "appointments-told.sql",
    "dispensed-as-recorded.sql",
    "merged-with-history.sql",
    "nothing-overwritten.sql",
    "signed-prescriptions.sql",
];

#[cfg(test)]
mod tests {
    #[test]
    fn none_is_left_out() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/invariants");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(super::ALL.map(|(name, _)| name).to_vec(), files);
    }
}
