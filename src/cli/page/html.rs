//! HTML as text. Markup is written in this program and nowhere else: it is taken as `&'static str`, and every other text
//! goes through [`escape`].

use super::room::cut;
use crate::model::escape_untrusted;

/// An attribute: its name, and a value that is escaped.
pub(super) type Attribute<'a> = (&'static str, &'a str);

/// A document as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of this program.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape(text));
        self
    }

    /// A text that somebody else wrote, as far as there is room.
    pub(super) fn cut(&mut self, text: &str) -> &mut Self {
        let (shown, rest) = cut(text);
        self.text(shown);
        match rest {
            Some(rest) => self.raw(" <small>").text(&rest).raw("</small>"),
            None => self,
        }
    }

    /// A sentence for people, in which what stands between backticks is code; as far as there is room.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        let (shown, rest) = cut(text);
        let mut parts = shown.split('`').peekable();
        while let Some(part) = parts.next() {
            self.text(part);
            match (parts.next(), parts.peek()) {
                (Some(code), Some(_)) => drop(self.raw("<code>").text(code).raw("</code>")),
                // Nothing ends it.
                (Some(left), None) => drop(self.text("`").text(left)),
                (None, _) => {}
            }
        }
        match rest {
            Some(rest) => self.raw(" <small>").text(&rest).raw("</small>"),
            None => self,
        }
    }

    /// A paragraph that says why.
    pub(super) fn why(&mut self, text: &str) -> &mut Self {
        self.raw("<p class=\"why\">").prose(text).raw("</p>")
    }

    /// The start of an element.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) -> &mut Self {
        self.raw("<").raw(tag);
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"").text(value).raw("\"");
        }
        self.raw(">")
    }

    /// The end of an element.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// An element with a text in it.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// `text` as HTML shows it, in elements and in quoted attributes: first what a reader would not see or would be misled
/// by as `\u{…}`, then the characters that are markup.
fn escape(text: &str) -> String {
    let shown = escape_untrusted(text);
    let mut escaped = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_stays_text() {
        let shown = |text: &str| {
            let mut html = Html::default();
            html.prose(text);
            html.finish()
        };
        assert_eq!(shown("a `b <i>` c `d`"), "a <code>b &lt;i&gt;</code> c <code>d</code>");
        assert_eq!(shown("`a` b `c"), "<code>a</code> b `c");
        assert_eq!(shown("plain"), "plain");
    }

    #[test]
    fn no_text_becomes_markup_in_an_element_or_an_attribute() {
        let hostile = "</script><img src=x onerror='a()'>\"&amp;\u{202e}\u{1b}[31m\n";
        let mut html = Html::default();
        html.element("p", &[("title", hostile)], hostile);
        let escaped =
            r"&lt;/script&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;&quot;&amp;amp;\u{202e}\u{1b}[31m\u{a}";
        assert_eq!(html.finish(), format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}
