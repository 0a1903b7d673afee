//! `countersign`: the program for pipelines and terminals. All it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::main(std::env::args_os().collect()).into()
}
