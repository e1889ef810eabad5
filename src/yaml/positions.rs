//! Where each value of a document stands.

use crate::finding::Span;

/// A [`Span`] in 16 bytes; texts are shorter than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
}

impl From<Mark> for Span {
    fn from(mark: Mark) -> Self {
        Self {
            line: mark.line,
            column: mark.column,
            offset: mark.offset as usize,
            length: mark.length as usize,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    value: Mark,
    /// The key's place and its name's range in `names`; none for the items of a sequence and for the root.
    key: Option<(Mark, u32, u32)>,
    /// The node after the last one below this one.
    end: u32,
}

/// Where each value of a document stands, by JSON pointer (RFC 6901); the root is the empty pointer.
///
/// The nodes lie in the order of reading, each followed by those below it: 52 bytes a value, and no name is stored as a
/// string of its own. A look-up walks from the root, which is fast enough for the few places that findings name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    nodes: Vec<Node>,
    names: String,
}

impl Positions {
    /// Where the value at `pointer` stands, or the nearest value above it that is there.
    ///
    /// A mapping or sequence is told by its key, since its own first character is that of its first child.
    pub fn nearest(&self, pointer: &str) -> Option<Span> {
        let (found, _) = self.find(pointer)?;
        Some(self.nodes.get(found)?.value.into())
    }

    /// Where the key of the value at `pointer` stands, if the value is in a mapping.
    pub fn key(&self, pointer: &str) -> Option<Span> {
        let (found, exact) = self.find(pointer)?;
        if !exact {
            return None;
        }
        self.nodes.get(found)?.key.map(|(mark, _, _)| mark.into())
    }

    /// The positions of the part at `pointer`, as if it were a document of its own; none where there is no such part.
    #[must_use]
    pub fn below(&self, pointer: &str) -> Self {
        let Some((found, true)) = self.find(pointer) else {
            return Self::default();
        };
        let end = self.nodes[found].end as usize;
        let shift = u32::try_from(found).unwrap_or(u32::MAX);
        let mut nodes = self.nodes[found..end].to_vec();
        for node in &mut nodes {
            node.end -= shift;
        }
        Self {
            nodes,
            names: self.names.clone(),
        }
    }

    /// The deepest node on the way to `pointer`, and whether it is the one asked for.
    fn find(&self, pointer: &str) -> Option<(usize, bool)> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut found = 0;
        for token in pointer.split('/').skip(1) {
            match self.child(found, token) {
                Some(child) => found = child,
                None => return Some((found, false)),
            }
        }
        Some((found, true))
    }

    fn child(&self, parent: usize, token: &str) -> Option<usize> {
        let end = self.nodes[parent].end as usize;
        let (mut at, mut position) = (parent + 1, 0_usize);
        while at < end {
            let node = &self.nodes[at];
            let matches = match node.key {
                Some((_, start, stop)) => is_token(&self.names[start as usize..stop as usize], token),
                None => token.parse() == Ok(position),
            };
            if matches {
                return Some(at);
            }
            at = node.end as usize;
            position += 1;
        }
        None
    }
}

/// Whether a token of a JSON pointer, with its `~0` and `~1`, means this name.
fn is_token(name: &str, token: &str) -> bool {
    if token.contains('~') {
        token.replace("~1", "/").replace("~0", "~") == name
    } else {
        token == name
    }
}

/// Takes the nodes in the order of reading.
#[derive(Default)]
pub(super) struct Recorder {
    positions: Positions,
}

/// A node that is still open.
pub(super) struct Open(usize);

impl Recorder {
    /// Begins a value and everything below it.
    pub(super) fn open(&mut self, value: Mark, key: Option<(&str, Mark)>) -> Open {
        let names = &mut self.positions.names;
        let key = key.map(|(name, mark)| {
            let start = to_u32(names.len());
            names.push_str(name);
            (mark, start, to_u32(names.len()))
        });
        self.positions.nodes.push(Node { value, key, end: 0 });
        Open(self.positions.nodes.len() - 1)
    }

    /// Ends it.
    pub(super) fn close(&mut self, open: &Open) {
        let end = to_u32(self.positions.nodes.len());
        self.positions.nodes[open.0].end = end;
    }

    pub(super) fn finish(self) -> Positions {
        self.positions
    }
}

/// Texts are checked to be shorter than 4 GiB, and each node takes at least one byte of them or of the alias budget.
pub(super) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
