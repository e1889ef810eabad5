//! Any two JSON texts: comparing them never panics, finds nothing between equals, and finds as much one way as the other.
#![no_main]

use galeno::plan::diff::compare;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut texts = bytes.splitn(2, |byte| *byte == 0);
    let mut value = || serde_json::from_slice::<serde_json::Value>(texts.next().unwrap_or_default()).ok();
    let (Some(old), Some(new)) = (value(), value()) else { return };
    assert!(compare(&old, &old).is_empty());
    assert_eq!(compare(&old, &new).is_empty(), compare(&new, &old).is_empty());
});
