//! The command line: arguments, rendering, exit codes. What the commands do is in [`crate::flow`].

pub mod error;
