//! Configuration of the keeper's backup, restore, rehearsal and acceptance commands.
