//! Configuration of the clinical API.
