//! One object spelt in many ways: block and flow style, quotes, escapes, comments, anchors, JSON. The same seed
//! gives the same text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % sides
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// `object` as a YAML text.
pub fn spelt(object: &Value, dice: &mut Dice) -> String {
    if dice.one_in(8) {
        let json =
            if dice.one_in(2) { object.to_string() } else { serde_json::to_string_pretty(object).unwrap() };
        return json.replace('/', "\\/").replace("  ", "\t");
    }
    let mut speller = Speller { dice, text: String::new(), anchors: BTreeMap::new() };
    if speller.dice.one_in(4) {
        speller.text.push_str("--- # one\n");
    }
    speller.mapping(object.as_object().unwrap(), 0, false);
    speller.text.push('\n');
    if speller.dice.one_in(6) {
        speller.text.push_str("...\n");
    }
    let (text, windows, mark) = (speller.text, dice.one_in(8), dice.one_in(10));
    let text = if windows { text.replace('\n', "\r\n") } else { text };
    let text = text.trim_start_matches(['\r', '\n']).to_owned();
    if mark { format!("\u{feff}{text}") } else { text }
}

struct Speller<'d> {
    dice: &'d mut Dice,
    text: String,
    anchors: BTreeMap<String, usize>,
}

impl Speller<'_> {
    fn line(&mut self, indent: usize) {
        if self.dice.one_in(12) {
            self.text.push_str(" # image: commented");
        }
        self.text.push('\n');
        if self.dice.one_in(12) {
            self.text.push_str("# - image: commented\n\n");
        }
        self.text.push_str(&" ".repeat(indent));
    }

    fn mapping(&mut self, members: &Map<String, Value>, indent: usize, inline: bool) {
        for (index, (key, value)) in members.iter().enumerate() {
            if index > 0 || !inline {
                self.line(indent);
            }
            let key = self.key(key);
            if self.dice.one_in(15) {
                self.text.push_str(&format!("? {key}\n{}:", " ".repeat(indent)));
            } else {
                self.text.push_str(&format!("{key}:"));
            }
            self.member(value, indent);
        }
    }

    fn member(&mut self, value: &Value, indent: usize) {
        let step = 1 + usize::try_from(self.dice.roll(4)).unwrap();
        match value {
            Value::Object(members) if !members.is_empty() && !self.dice.one_in(5) => {
                self.mapping(members, indent + step, false);
            }
            Value::Array(elements) if !elements.is_empty() && !self.dice.one_in(5) => {
                let step = if self.dice.one_in(2) { 0 } else { step };
                self.sequence(elements, indent + step);
            }
            Value::String(text) => {
                if self.dice.one_in(12) {
                    self.text.push_str(&format!("\n{}", " ".repeat(indent + step)));
                } else {
                    self.text.push_str(if self.dice.one_in(3) { "   " } else { " " });
                }
                self.string(text);
            }
            other => {
                self.text.push(' ');
                self.flow(other);
            }
        }
    }

    fn sequence(&mut self, elements: &[Value], indent: usize) {
        for element in elements {
            self.line(indent);
            match element {
                Value::Object(members) if !members.is_empty() && !self.dice.one_in(3) => {
                    let step = 1 + usize::try_from(self.dice.roll(3)).unwrap();
                    self.text.push_str(&format!("-{}", " ".repeat(step)));
                    self.mapping(members, indent + 1 + step, true);
                }
                other => {
                    self.text.push_str("- ");
                    self.flow(other);
                }
            }
        }
    }

    fn flow(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                self.text.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    self.comma(index);
                    let key = self.key(key);
                    self.text.push_str(&format!("{key}: "));
                    self.flow(value);
                }
                self.text.push('}');
            }
            Value::Array(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.comma(index);
                    self.flow(element);
                }
                self.text.push(']');
            }
            Value::String(text) => self.string(text),
            other => self.text.push_str(&other.to_string()),
        }
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.text.push_str([",", ", ", " , "][usize::try_from(self.dice.roll(3)).unwrap()]);
        }
    }

    fn key(&mut self, key: &str) -> String {
        match self.dice.roll(10) {
            0 => format!("'{key}'"),
            1 => format!("\"{key}\""),
            2 => escaped(key, self.dice),
            _ => key.to_owned(),
        }
    }

    fn string(&mut self, text: &str) {
        let anchor = text.contains('/') && self.dice.one_in(3);
        if let Some(number) = self.anchors.get(text).filter(|_| anchor) {
            // A colon right after it would belong to the name for some.
            self.text.push_str(&format!("*i{number} "));
            return;
        }
        if anchor {
            let number = self.anchors.len();
            self.anchors.insert(text.to_owned(), number);
            self.text.push_str(&format!("&i{number} "));
        }
        let plain = is_plain(text);
        let spelt = match self.dice.roll(6) {
            0 => format!("'{text}'"),
            1 => format!("\"{text}\""),
            2 => escaped(text, self.dice),
            3 if plain => format!("!!str {text}"),
            _ if plain => text.to_owned(),
            _ => format!("'{text}'"),
        };
        self.text.push_str(&spelt);
    }
}

/// Whether every reader takes a text for text without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._/:@-".contains(c);
    begins && text.chars().all(harmless) && !text.ends_with(':') && !WORDS.contains(&text)
}

/// Between double quotes, with some characters as escapes.
fn escaped(text: &str, dice: &mut Dice) -> String {
    let one = |c: char| match dice.roll(6) {
        0 if u32::from(c) < 0x100 => format!("\\x{:02x}", u32::from(c)),
        1 => format!("\\u{:04x}", u32::from(c)),
        2 => format!("\\U{:08X}", u32::from(c)),
        _ => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(one).collect::<String>())
}
