//! Findings and topology for people and machines.
