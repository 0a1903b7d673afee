//! Reads a text into a [`Tree`], and refuses what two readers of YAML could read as two documents: duplicate and
//! merged keys, directives, tags, keys that are no scalars, and names and plain scalars that YAML 1.1 ends earlier.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StructureStyle, Tag, options};

use super::node::{Content, Member, Node, NodeId, Style, Tree};
use super::{DEPTH_LIMIT, DOCUMENT_LIMIT, NODE_LIMIT, Refusal};
use crate::model::yaml::Place;

const TAGGED: &str = "a tag other than `!!str` on text, which readers of YAML take differently; remove it";

/// Reads all documents of a text.
pub(super) fn parse(text: &str) -> Result<Tree, Refusal> {
    let options = options! { disallow_directives: true, emit_anchor_events: true, emit_comments: false };
    let mut builder = Builder { text, tree: Tree::default(), open: Vec::new(), anchors: BTreeMap::new() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            Refusal::of_text(Some(place(error.marker())), format!("not YAML: {}", error.info()))
        })?;
        builder.event(event, &span)?;
    }
    Ok(builder.tree)
}

fn place(marker: &Marker) -> Place {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Place { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}

/// A collection that has begun.
struct Open {
    id: NodeId,
    /// The parser's number of its anchor; 0 where it has none.
    anchor: usize,
    style: StructureStyle,
    items: Items,
}

enum Items {
    Sequence(Vec<NodeId>),
    Mapping { members: Vec<Member>, key: Option<(String, Place)> },
}

struct Builder<'a> {
    text: &'a str,
    tree: Tree,
    open: Vec<Open>,
    /// What has ended, by its anchor's number.
    anchors: BTreeMap<usize, NodeId>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Refusal> {
        let at = place(&span.start);
        match event {
            Event::DocumentStart(explicit, _) => self.document(explicit, at),
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.scalar(&text, style, tag.as_deref(), span)?;
                self.add_scalar(text, style, anchor, tag.is_some(), span)
            }
            Event::SequenceStart(style, anchor, tag) => {
                only_tag("seq", tag.as_deref(), at)?;
                self.begin(Items::Sequence(Vec::new()), style, anchor, span)
            }
            Event::MappingStart(style, anchor, tag) => {
                only_tag("map", tag.as_deref(), at)?;
                self.begin(Items::Mapping { members: Vec::new(), key: None }, style, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Anchor(_, name) => anchor_name(&name, at),
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd => Ok(()),
            other => Err(Refusal::of_text(Some(at), format!("{other:?} is not read"))),
        }
    }

    /// kubectl reads one document between two lines `---`, and nothing after it.
    fn document(&mut self, explicit: bool, at: Place) -> Result<(), Refusal> {
        if !explicit && !self.tree.roots.is_empty() {
            return Err(Refusal::of_text(
                Some(at),
                "a document after `...`, which kubectl does not read; begin it with `---`",
            ));
        }
        if self.tree.roots.len() >= DOCUMENT_LIMIT {
            return Err(Refusal::of_text(Some(at), format!("more than {DOCUMENT_LIMIT} documents")));
        }
        Ok(())
    }

    /// The text of a scalar; an empty one is empty, whatever the parser calls it.
    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<String, Refusal> {
        let at = place(&span.start);
        only_tag("str", tag, at)?;
        if style != ScalarStyle::Plain {
            return Ok(text.to_owned());
        }
        if span.is_empty() {
            return Ok(String::new());
        }
        if self.in_flow() && (text.starts_with(':') || text.contains('?')) {
            return Err(Refusal::of_text(
                Some(at),
                "text with `?` or `:` where Kubernetes takes it for the sign of a key; put it in quotes",
            ));
        }
        Ok(text.to_owned())
    }

    /// Whether the collection that is open is written with brackets or braces.
    fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.style == StructureStyle::Flow)
    }

    fn add_scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        anchor: usize,
        tagged: bool,
        span: &Span,
    ) -> Result<(), Refusal> {
        let at = place(&span.start);
        if let Some(Open { items: Items::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut() {
            if anchor != 0 {
                return Err(Refusal::of_text(Some(at), "an anchor on a key is not read; remove it"));
            }
            if text == "<<" {
                return Err(Refusal::of_text(
                    Some(at),
                    "a merge (`<<`): which member counts then is not the same for every reader; write the members out",
                ));
            }
            *key = Some((text, at));
            return Ok(());
        }
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            _ => Style::Block,
        };
        let id = self.add(Content::Scalar { text, style, tagged }, span)?;
        self.name(anchor, id);
        self.place_node(id)
    }

    fn begin(
        &mut self,
        items: Items,
        style: StructureStyle,
        anchor: usize,
        span: &Span,
    ) -> Result<(), Refusal> {
        let at = place(&span.start);
        if self.open.len() >= DEPTH_LIMIT {
            return Err(Refusal::of_text(Some(at), format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        if self.expects_key() {
            return Err(Refusal::of_text(Some(at), "a key that is no text"));
        }
        let id = self.add(Content::Sequence(Vec::new()), span)?;
        self.open.push(Open { id, anchor, style, items });
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Mapping { key: None, .. }, .. }))
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Some(Open { id, anchor, items, .. }) = self.open.pop() else { return Ok(()) };
        let content = match items {
            Items::Sequence(elements) => Content::Sequence(elements),
            Items::Mapping { members, .. } => {
                distinct(&members)?;
                Content::Mapping(members)
            }
        };
        self.tree.fill(id, content);
        self.name(anchor, id);
        self.place_node(id)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Refusal> {
        let at = place(&span.start);
        let name = span.slice(self.text).and_then(|token| token.strip_prefix('*')).unwrap_or_default();
        anchor_name(name, at)?;
        if self.expects_key() {
            return Err(Refusal::of_text(Some(at), "an alias as a key is not read; write the key out"));
        }
        let Some(target) = self.anchors.get(&anchor).copied() else {
            return Err(Refusal::of_text(Some(at), format!("the alias `*{name}` stands in what it repeats")));
        };
        let id = self.add(Content::Alias(target), span)?;
        self.place_node(id)
    }

    fn add(&mut self, content: Content, span: &Span) -> Result<NodeId, Refusal> {
        let at = place(&span.start);
        if self.tree.len() >= NODE_LIMIT {
            return Err(Refusal::of_text(Some(at), format!("more than {NODE_LIMIT} values")));
        }
        let span: Range<usize> = span.byte_range().unwrap_or_default();
        Ok(self.tree.push(Node { content, place: at, span }))
    }

    fn name(&mut self, anchor: usize, id: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    /// Puts a node that has ended into the collection that is open, or among the documents.
    fn place_node(&mut self, id: NodeId) -> Result<(), Refusal> {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.tree.roots.push(id),
            Some(Items::Sequence(elements)) => elements.push(id),
            Some(Items::Mapping { members, key }) => {
                let Some((key, place)) = key.take() else {
                    return Err(Refusal::of_text(Some(self.tree.node(id).place), "a key that is no text"));
                };
                members.push(Member { key, place, value: id });
            }
        }
        Ok(())
    }
}

fn only_tag(allowed: &str, tag: Option<&Tag>, at: Place) -> Result<(), Refusal> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(allowed) => Err(Refusal::of_text(Some(at), TAGGED)),
        _ => Ok(()),
    }
}

/// YAML 1.1 ends a name at the first other character, YAML 1.2 at a space.
fn anchor_name(name: &str, at: Place) -> Result<(), Refusal> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(word) {
        return Ok(());
    }
    Err(Refusal::of_text(Some(at), format!("`{name}` as an anchor's name; use letters, digits, `-` and `_`")))
}

fn distinct(members: &[Member]) -> Result<(), Refusal> {
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by_key(|member| (member.key.as_str(), member.place));
    match sorted.windows(2).find(|two| two[0].key == two[1].key) {
        Some(two) => {
            let first = two[0].place;
            let reason = format!("the key `{}` stands at {first} already", two[1].key);
            Err(Refusal::of_text(Some(two[1].place), reason))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<Place>, String) {
        let refusal = parse(text).map(|_| text).unwrap_err();
        (refusal.place, refusal.reason)
    }

    #[test]
    fn what_two_readers_could_read_as_two_documents_is_refused_where_it_stands() {
        for (text, line, column, reason) in [
            ("a: 1\nb: 2\n\"\\x61\": 3\n", 3, 1, "the key `a` stands at line 1, column 1 already"),
            ("a: {b: 1, 'b': 2}\n", 1, 11, "stands at line 1, column 5 already"),
            ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "a merge"),
            ("{\"<<\": {}}", 1, 2, "a merge"),
            ("%YAML 1.1\n---\na: b\n", 1, 1, "directives"),
            ("%TAG ! tag:yaml.org,2002:\n---\na: !str b\n", 1, 1, "directives"),
            ("a: !!binary bmdpbng=\n", 1, 13, "a tag"),
            ("a: ! b\n", 1, 6, "a tag"),
            ("a: !!map [b]\n", 1, 10, "a tag"),
            ("a: !!set {b}\n", 1, 10, "a tag"),
            ("? [a]\n: b\n", 1, 3, "a key that is no text"),
            ("{{a: b}: c}", 1, 2, "a key that is no text"),
            ("&x a: b\n", 1, 4, "an anchor on a key"),
            ("a: &x b\n*x : c\n", 2, 1, "an alias as a key"),
            ("a: &x [*x]\n", 1, 8, "stands in what it repeats"),
            ("a: *x\n", 1, 4, "unknown anchor"),
            ("a: &x:y b\n", 1, 4, "as an anchor's name"),
            ("a: &x b\nc: &x.1 d\ne: *x.1\n", 2, 4, "as an anchor's name"),
            ("a: b\n...\nc: d\n", 3, 1, "after `...`"),
            ("{?a: b}", 1, 2, "put it in quotes"),
            ("[a, b?c: d]", 1, 5, "put it in quotes"),
            ("[a, :b]", 1, 5, "put it in quotes"),
            ("[{a: b?c}]", 1, 6, "put it in quotes"),
            ("{\"a\": 1}\n{\"b\": 2}\n", 2, 1, "not YAML"),
            ("a: b\n  c: d\n", 2, 4, "not YAML"),
        ] {
            let (place, why) = refused(text);
            assert!(why.contains(reason), "{text:?}: {why}");
            assert_eq!(place, Some(Place { line, column }), "{text:?}: {why}");
        }
    }

    #[test]
    fn what_every_reader_takes_alike_is_read() {
        for text in [
            "a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n",
            "--- # one\na: http://b/c?d\n...\n---\n? a\n: !!str 1\n",
            "a: !!map {b: !!seq [c]}\n",
            "a: |\n  <<: b\n  --- c\nb: >-\n\n  d\n",
            "{\"a\":\"b\",'c':d,e: -f}\n",
            "a:\n- b\n- - c\n  - d\n",
            "a: :8080\nb:\n- ?c\n- d?\n",
        ] {
            assert!(parse(text).is_ok(), "{text:?}: {:?}", parse(text).map(|_| ()));
        }
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        for open in ["[", "{a: ", "- ", "- [", "a: ["] {
            let text = open.repeat(DEPTH_LIMIT + 1);
            let deep = parse(&text).map(|_| ()).unwrap_err().reason;
            assert!(
                deep.contains("deep") || deep.contains("nest") || deep.contains("not YAML"),
                "{open}: {deep}"
            );
        }
        assert!(parse(&format!("{}{}", "[".repeat(DEPTH_LIMIT), "]".repeat(DEPTH_LIMIT))).is_ok());
        assert!(refused(&format!("[{}]", "a,".repeat(NODE_LIMIT))).1.contains("values"));
        assert!(refused(&"---\n".repeat(DOCUMENT_LIMIT + 1)).1.contains("documents"));
    }
}
