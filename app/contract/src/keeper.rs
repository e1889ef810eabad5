//! Configuration of `keeper node`: one Galera node.
