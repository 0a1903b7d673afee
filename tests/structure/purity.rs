//! Rooms that decide must not touch the world: no files, network, environment, processes, threads, clock,
//! randomness, runtime or terminal.

use crate::paths::{self, Named};
use crate::tokens::{self, Token};

/// Rooms that are pure.
pub(crate) const PURE: [&str; 4] = ["model", "policy", "scan", "workload"];

/// Paths that lead out into the world, with everything below them.
const FORBIDDEN: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "aws_lc_rs::rand",
    "tokio",
    "reqwest",
];
/// Types below a forbidden path that only hold what they are given.
const ALLOWED: [&str; 3] = ["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];
/// Types that `now` asks the clock of.
const CLOCKS: [&str; 4] = ["SystemTime", "Instant", "Timestamp", "Zoned"];
const KEYWORDS: [&str; 2] = ["async", "await"];
const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
/// Methods of `Path` that ask the file system, and the one of times that asks the clock.
const METHODS: [&str; 11] = [
    "exists",
    "try_exists",
    "metadata",
    "symlink_metadata",
    "read_dir",
    "read_link",
    "canonicalize",
    "is_file",
    "is_dir",
    "is_symlink",
    "elapsed",
];

/// What in `source`, the file of `module`, is not pure: line and token.
pub(crate) fn impurities(source: &str, module: &[String]) -> Vec<(usize, String)> {
    let tokens = tokens::product_tokens(source);
    let mut found: Vec<_> = paths::named(&tokens, module).iter().filter_map(impure_path).collect();
    found.extend(tokens.windows(2).filter_map(|two| impure_word(&two[0], &two[1])));
    found
}

fn impure_path(named: &Named) -> Option<(usize, String)> {
    let text = named.path.join("::");
    let below =
        |stem: &str| text.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let hides = |stem: &str| named.glob && stem.starts_with(&format!("{text}::"));
    let leads_out =
        FORBIDDEN.iter().any(|stem| below(stem) || hides(stem)) && !ALLOWED.iter().any(|stem| below(stem));
    let clock = named.path.windows(2).any(|two| CLOCKS.contains(&two[0].as_str()) && two[1] == "now");
    (leads_out || clock).then_some((named.line, text))
}

fn impure_word(first: &Token, second: &Token) -> Option<(usize, String)> {
    let keyword = first.word().filter(|word| KEYWORDS.contains(word));
    let after_dot = second
        .word()
        .filter(|word| first.is_sign('.') && (METHODS.contains(word) || KEYWORDS.contains(word)));
    let printing = first.word().filter(|word| second.is_sign('!') && MACROS.contains(word));
    let word = keyword.or(after_dot).or(printing)?;
    Some((second.line, word.to_owned()))
}

#[cfg(test)]
fn found_in(source: &str) -> Vec<String> {
    let module = ["crate", "model"].map(str::to_owned);
    impurities(source, &module).into_iter().map(|(_, what)| what).collect()
}

#[test]
fn everything_that_touches_the_world_is_found() {
    let cases = [
        ("use std::fs;", "std::fs"),
        ("use std::{collections::BTreeMap, fs::File};", "std::fs::File"),
        ("fn a() { std::env::var(\"A\"); }", "std::env::var"),
        ("use std as s; fn a() { s::process::exit(1) }", "std::process::exit"),
        ("use std::*;", "std"),
        ("use std::net::TcpStream;", "std::net::TcpStream"),
        ("use std::net;", "std::net"),
        ("use std::thread::spawn;", "std::thread::spawn"),
        ("use std::time::SystemTime; fn a() { SystemTime::now(); }", "std::time::SystemTime::now"),
        ("use std::time::Instant as Clock; fn a() { Clock::now(); }", "std::time::Instant::now"),
        ("fn a() { jiff::Timestamp::now(); }", "jiff::Timestamp::now"),
        ("fn a() { jiff::Zoned::now(); }", "jiff::Zoned::now"),
        ("use aws_lc_rs as lc; fn a() { lc::rand::fill(b); }", "aws_lc_rs::rand::fill"),
        ("use tokio::sync::Mutex;", "tokio::sync::Mutex"),
        ("pub async fn a() {}", "async"),
        ("fn a() { println!(\"\"); }", "println"),
        ("fn a(p: &Path) { p.exists(); }", "exists"),
    ];
    for (source, what) in cases {
        assert!(found_in(source).contains(&what.to_owned()), "{source}: {:?}", found_in(source));
    }
}

#[test]
fn what_only_speaks_of_the_world_is_not() {
    let source = r#"//! std::fs and tokio
        use std::net::{IpAddr, Ipv6Addr};
        use std::path::Path; // std::env
        const TEXT: &str = "async std::thread";
        fn a(now: Timestamp) { std::io::Error::other("x"); fs::read(now) }
        #[cfg(test)] mod tests { use std::fs; }"#;
    assert_eq!(found_in(source), Vec::<String>::new());
}
