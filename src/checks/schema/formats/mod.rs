//! The small languages inside Kubernetes' strings: names, quantities, durations, schedules, addresses.
//!
//! Each says of a text what is wrong with it, as the end of a sentence ("must …"), or nothing.

mod address;
mod cron;
mod duration;
mod names;
mod quantity;

pub(super) use address::{address, cidr};
pub(super) use cron::{impossible_date, schedule, time_zone};
pub(super) use duration::duration;
pub(super) use names::{
    annotation_key, config_key, dns_1035_label, dns_label, dns_subdomain, env_name, label_key, label_value,
    path_segment, port_name, qualified_path, wildcard_subdomain,
};
pub(in crate::checks) use quantity::Quantity;

/// What is wrong with a text, as the end of a sentence: "must start with a letter".
pub(super) type Complaint = &'static str;

/// The bytes of a base64 text as Go reads it: standard alphabet, padded, line ends ignored.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let clean: std::borrow::Cow<'_, str> = if text.contains(['\r', '\n']) {
        text.chars()
            .filter(|c| !matches!(c, '\r' | '\n'))
            .collect::<String>()
            .into()
    } else {
        text.into()
    };
    base64::engine::general_purpose::STANDARD.decode(clean.as_bytes()).ok()
}
