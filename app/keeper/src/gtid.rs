//! Positions in MariaDB's global transaction ids: `domain-server-sequence`, one for each domain.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// How far each domain has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gtids(BTreeMap<u32, (u32, u64)>);

/// A text that is no GTID position.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a GTID position; one looks like 1-1-5700, or several with commas")]
pub(crate) struct NotGtids(String);

impl Gtids {
    /// Whether everything in `other` is also in this.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|(domain, (_, sequence))| self.0.get(domain).is_some_and(|(_, ours)| ours >= sequence))
    }

    /// Goes on to `other`, domain by domain, never back.
    pub(crate) fn advance(&mut self, other: &Self) {
        for (domain, (server, sequence)) in &other.0 {
            let ours = self.0.entry(*domain).or_insert((*server, *sequence));
            if *sequence > ours.1 {
                *ours = (*server, *sequence);
            }
        }
    }

    /// Takes out of `later` what says nothing about what this position misses: domains that it does not have, and that
    /// stand still in all of them. A restored generation remembers the domains of the generations before it on the
    /// members that were restored, and not on those that took the state of others.
    pub(crate) fn settle(&self, mut later: Vec<&mut Self>) {
        let settled = self.settled(later.iter().map(|position| &**position));
        for position in &mut later {
            position.0.retain(|domain, _| !settled.contains(domain));
        }
    }

    fn settled<'a>(&self, later: impl Iterator<Item = &'a Self>) -> BTreeSet<u32> {
        let mut seen: BTreeMap<u32, Option<u64>> = BTreeMap::new();
        for (domain, (_, sequence)) in later.flat_map(|position| &position.0) {
            seen.entry(*domain)
                .and_modify(|known| *known = known.filter(|known| known == sequence))
                .or_insert(Some(*sequence));
        }
        let still = |(domain, sequence): &(u32, Option<u64>)| sequence.is_some() && !self.0.contains_key(domain);
        seen.into_iter().filter(still).map(|(domain, _)| domain).collect()
    }

    /// Whether there is anything of the domain that belongs to no generation. A member that was killed has been seen to begin
    /// with it: it counts the transactions that it takes from the others anew, 0-1-1, 0-1-2, and what comes later too low.
    pub(crate) fn counts_anew(&self) -> bool {
        self.0.contains_key(&0)
    }

    /// Where to begin in a binary log that begins at `head` and comes to `end`: at this position in the domains that the log
    /// knows; and at its beginning in one that is not here, which is of a generation before and stands still (see
    /// [`Self::settle`]). `mariadb-binlog` refuses a log that knows another domain than it is told, or one less.
    pub(crate) fn within(&self, head: &Self, end: &Self) -> Self {
        let known = end.0.keys().filter_map(|domain| {
            let at = self.0.get(domain).or_else(|| head.0.get(domain))?;
            Some((*domain, *at))
        });
        Self(known.collect())
    }

    /// What it has of a domain.
    pub(crate) fn of_domain(&self, domain: u32) -> Option<Self> {
        let own = self.0.get(&domain)?;
        Some(Self(BTreeMap::from([(domain, *own)])))
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Gtids {
    type Err = NotGtids;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut gtids = Self::default();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let mut numbers = one.split('-');
            let mut next = || numbers.next().and_then(|number| number.parse::<u64>().ok());
            let parsed = (next(), next(), next());
            let (Some(domain), Some(server), Some(sequence)) = parsed else {
                return Err(NotGtids(text.to_owned()));
            };
            let (Ok(domain), Ok(server)) = (u32::try_from(domain), u32::try_from(server)) else {
                return Err(NotGtids(text.to_owned()));
            };
            if numbers.next().is_some() {
                return Err(NotGtids(text.to_owned()));
            }
            gtids.advance(&Self(BTreeMap::from([(domain, (server, sequence))])));
        }
        Ok(gtids)
    }
}

impl fmt::Display for Gtids {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (domain, (server, sequence))) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{domain}-{server}-{sequence}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gtids(text: &str) -> Gtids {
        text.parse().unwrap()
    }

    #[test]
    fn positions_are_compared_domain_by_domain() {
        assert!(gtids("1-1-5,2-1-3").covers(&gtids("1-9-5")));
        assert!(!gtids("1-1-5").covers(&gtids("1-1-6")));
        assert!(!gtids("1-1-5").covers(&gtids("1-1-5,2-1-1")));
        assert!(gtids("").covers(&gtids("")) && gtids("1-1-1").covers(&gtids("")));
        let mut position = gtids("1-1-5,2-1-3");
        position.advance(&gtids("1-2-9,2-1-1,3-1-1"));
        assert_eq!(position.to_string(), "1-2-9,2-1-3,3-1-1");
    }

    #[test]
    fn what_stands_still_and_was_never_here_is_told_from_what_is_missing() {
        let mut later = [gtids("2-2-774,3-3-5"), gtids("2-2-774,3-3-9,4-4-1"), gtids("4-4-2")];
        let settled = |start: &str| gtids(start).settled(later.iter());
        assert_eq!(settled("3-3-5"), BTreeSet::from([2]));
        // What this position has counts, also where it stands still later: it could be behind.
        assert_eq!(settled("2-2-700,3-3-5"), BTreeSet::new());
        assert_eq!(settled("2-2-774"), BTreeSet::new());
        gtids("3-3-5").settle(later.iter_mut().collect());
        assert_eq!(later[0].to_string(), "3-3-5");
    }

    #[test]
    fn a_replay_begins_where_the_log_can_follow() {
        let start = |at: &str, head: &str, end: &str| gtids(at).within(&gtids(head), &gtids(end)).to_string();
        assert_eq!(start("7-7-15", "7-7-10", "7-7-20"), "7-7-15");
        assert_eq!(
            start("7-7-15", "2-2-9,7-7-10", "2-2-9,7-7-20"),
            "2-2-9,7-7-15",
            "unknown here"
        );
        assert_eq!(start("2-2-9,7-7-15", "7-7-10", "7-7-20"), "7-7-15", "unknown there");
        assert_eq!(
            start("7-7-15", "2-2-9", "2-2-9,7-7-20"),
            "2-2-9,7-7-15",
            "it begins in the log"
        );
        assert_eq!(start("2-2-9", "2-2-9", "2-2-9,7-7-20"), "2-2-9", "and is not here yet");
    }

    #[test]
    fn a_member_that_counts_anew_is_known_for_good() {
        assert!(gtids("0-1-436,1-1-864").counts_anew());
        assert!(!gtids("1-1-1184,2-2-5020").counts_anew() && !gtids("").counts_anew());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["1-1", "1-1-1-1", "a-1-1", "1-1-1;2-1-1", "99999999999-1-1"] {
            assert!(text.parse::<Gtids>().is_err(), "{text}");
        }
    }
}
