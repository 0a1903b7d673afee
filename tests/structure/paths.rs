//! The paths that a file names, in full: `use` trees taken apart, and `crate`, `self`, `super`, modules and names
//! brought in by `use` resolved. `crate` stands first in a path of this package.

use std::collections::BTreeMap;

use crate::tokens::{Kind, Token};

/// A path named on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub path: Vec<String>,
    pub line: usize,
    /// Whether everything below the path is brought in (`::*`).
    pub glob: bool,
}

/// All paths of two or more segments, and all that `use` names, in the file of the module `module`
/// (`["crate", "model", "key"]`).
pub(crate) fn named(tokens: &[Token], module: &[String]) -> Vec<Named> {
    let mut reading = Reading { tokens, at: 0, module, raw: Vec::new(), names: children(tokens, module) };
    reading.read();
    let names = reading.names;
    let resolved = |named: Named| Named { path: resolve(&named.path, module, &names), ..named };
    reading.raw.into_iter().map(resolved).collect()
}

type Names = BTreeMap<String, Vec<String>>;

/// The modules that a file declares (`mod name;`), by name.
fn children(tokens: &[Token], module: &[String]) -> Names {
    let declared = tokens.windows(3).filter(|three| three[0].is_word("mod") && three[2].is_sign(';'));
    let name = |three: &[Token]| {
        let name = three[1].word()?.to_owned();
        Some((name.clone(), [module, &[name]].concat()))
    };
    declared.filter_map(name).collect()
}

/// `path` with its beginning replaced by what it stands for, until nothing is left to replace.
fn resolve(path: &[String], module: &[String], names: &Names) -> Vec<String> {
    let mut path = path.to_vec();
    // A name that stands for itself would never end: eight names deep is deeper than anybody writes.
    for _ in 0..8 {
        let above = path.iter().take_while(|segment| *segment == "super").count();
        let stands_for = match path.first().map(String::as_str) {
            Some("super") => module[..module.len().saturating_sub(above)].to_vec(),
            Some("self") => module.to_vec(),
            Some("countersign") => vec!["crate".to_owned()],
            Some(name) => match names.get(name) {
                Some(full) if full.first() != path.first() || full.len() == 1 => full.clone(),
                _ => return path,
            },
            None => return path,
        };
        path.splice(..above.max(1), stands_for);
    }
    path
}

struct Reading<'a> {
    tokens: &'a [Token],
    at: usize,
    module: &'a [String],
    raw: Vec<Named>,
    names: Names,
}

impl Reading<'_> {
    fn read(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            let method = self.at > 0 && self.tokens[self.at - 1].is_sign('.');
            let captures = self.peek(1).is_some_and(|next| next.is_sign('<'));
            if token.is_word("use") && !captures {
                self.at += 1;
                self.read_use(Vec::new());
            } else if token.word().is_some() && !method {
                self.read_path();
            } else {
                self.at += 1;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    /// `Word(::Word)*`, from the word that stands here.
    fn segments(&mut self) -> Vec<String> {
        let mut segments = Vec::new();
        while let Some(word) = self.peek(0).and_then(Token::word) {
            segments.push(word.to_owned());
            self.at += 1;
            let goes_on = self.peek(0).is_some_and(Token::is_separator)
                && self.peek(1).is_some_and(|token| token.word().is_some());
            if !goes_on {
                break;
            }
            self.at += 1;
        }
        segments
    }

    fn read_path(&mut self) {
        let line = self.tokens[self.at].line;
        let path = self.segments();
        if path.len() > 1 {
            self.raw.push(Named { path, line, glob: false });
        }
    }

    /// One branch of a `use` tree below `stem`.
    fn read_use(&mut self, stem: Vec<String>) {
        if self.peek(0).is_some_and(Token::is_separator) {
            self.at += 1;
        }
        let line = self.peek(0).map_or(0, |token| token.line);
        let path = [stem, self.segments()].concat();
        if self.peek(0).is_some_and(Token::is_separator) {
            self.at += 1;
        }
        match self.peek(0).map(|token| &token.kind) {
            Some(Kind::Sign('{')) => self.read_group(&path),
            Some(Kind::Sign('*')) => {
                self.at += 1;
                self.raw.push(Named { path, line, glob: true });
            }
            _ => self.bring_in(path, line),
        }
    }

    fn read_group(&mut self, stem: &[String]) {
        self.at += 1;
        while let Some(token) = self.peek(0) {
            match token.kind {
                Kind::Sign('}') => {
                    self.at += 1;
                    return;
                }
                Kind::Sign(',') => self.at += 1,
                // Not a `use` tree: leave it to whoever reads on.
                Kind::Sign(sign) if sign != '*' && sign != '{' => return,
                _ => self.read_use(stem.to_vec()),
            }
        }
    }

    /// A path that `use` brings in, under its own name or another.
    fn bring_in(&mut self, mut path: Vec<String>, line: usize) {
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned();
        if self.peek(0).is_some_and(|token| token.is_word("as")) {
            name = self.peek(1).and_then(Token::word).map(str::to_owned);
            self.at += 2;
        }
        if let Some(name) = name.filter(|name| path.as_slice() != [name.clone()]) {
            let full = resolve(&path, self.module, &Names::new());
            self.names.insert(name, full);
        }
        self.raw.push(Named { path, line, glob: false });
    }
}

#[cfg(test)]
fn paths_of(source: &str) -> Vec<String> {
    let module = ["crate", "model", "key"].map(str::to_owned);
    let found = named(&crate::tokens::tokens(source), &module).into_iter();
    found.map(|named| named.path.join("::") + if named.glob { "::*" } else { "" }).collect()
}

#[test]
fn a_use_tree_is_taken_apart() {
    let source = "use std::{fs::{self, File as Open}, io::*}; pub use ::a::b; use super::super::c;";
    assert_eq!(paths_of(source), ["std::fs", "std::fs::File", "std::io::*", "a::b", "crate::c"]);
}

#[test]
fn a_path_in_code_is_resolved_through_the_names_that_use_brought_in() {
    let source = "use std as s; use s::time as t; mod pem; \
                  fn a() { t::Instant::now(); pem::x(); self::y(); x.y::<z>(); crate::registry::R }";
    let expected = [
        "std",
        "std::time",
        "std::time::Instant::now",
        "crate::model::key::pem::x",
        "crate::model::key::y",
        "crate::registry::R",
    ];
    assert_eq!(paths_of(source), expected);
}

#[test]
fn the_package_is_known_by_its_name_in_a_binary() {
    assert_eq!(paths_of("use countersign::cli;"), ["crate::cli"]);
}
