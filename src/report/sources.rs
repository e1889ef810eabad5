//! The texts that findings speak of.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Texts by the names that findings carry. What was not given is read from the disk when it is first shown.
#[derive(Debug, Default)]
pub struct Sources {
    root: PathBuf,
    texts: RefCell<BTreeMap<String, Option<Rc<str>>>>,
}

/// A text longer than this is not shown: its lines could not be read anyway.
const LONGEST: u64 = 16 << 20;

impl Sources {
    /// Texts below a folder.
    pub fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            texts: RefCell::default(),
        }
    }

    /// Gives a text that is not on the disk, such as standard input's.
    pub fn give(&self, file: &str, text: &str) {
        self.texts.borrow_mut().insert(file.to_owned(), Some(Rc::from(text)));
    }

    /// The text of a file, if it can be read as such.
    pub(super) fn text(&self, file: &str) -> Option<Rc<str>> {
        let read = || {
            let path = self.root.join(file);
            let small = std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= LONGEST);
            small
                .then(|| std::fs::read_to_string(&path).ok())
                .flatten()
                .map(Rc::from)
        };
        self.texts
            .borrow_mut()
            .entry(file.to_owned())
            .or_insert_with(read)
            .clone()
    }
}
