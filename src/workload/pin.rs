//! Puts digests into the text of manifests, each at its image's own place; every other byte stays as it is.

use std::collections::BTreeMap;

use super::compare;
use super::node::{Content, NodeId, Style};
use super::reach;
use super::scalar;
use super::{ImageUse, Manifests, Refusal, WorkloadError, read};
use crate::model::Digest;

/// What the values that are written anew are to say.
pub(super) type Edits = BTreeMap<NodeId, String>;

impl Manifests {
    /// The text with `@DIGEST` after every image for which `digest` has one. The repository and the tag stay as
    /// they are written; where no tag is, the one that is meant is, `latest`. An alias that stands for an image is kept where what it leads to gets the same digest,
    /// and else replaced by the image.
    ///
    /// # Errors
    /// [`WorkloadError`]: an image that has another digest already, two uses of one text that need two digests, a
    /// text that is used elsewhere too, not as an image; and, whatever the reason, a result that would differ from
    /// what was read in anything but the images.
    pub fn pin(&self, digest: impl Fn(&ImageUse) -> Option<Digest>) -> Result<String, WorkloadError> {
        let mut wanted = Vec::with_capacity(self.images.len());
        for image in &self.images {
            let text = pinned_text(image, digest(image)).map_err(|refusal| self.at(image, refusal))?;
            wanted.push(text);
        }
        let edits = self.edits(&wanted)?;
        self.check_reach(&edits)?;
        let output = self.spliced(&edits)?;
        self.check_output(&output, &wanted, &edits)?;
        Ok(output)
    }

    fn at(&self, image: &ImageUse, refusal: Refusal) -> WorkloadError {
        refusal.in_object(Some(image.object.clone()))
    }

    /// The values to write anew. An alias is among them only where what it leads to will not say the same.
    fn edits(&self, wanted: &[String]) -> Result<Edits, WorkloadError> {
        let mut values: BTreeMap<NodeId, &str> = BTreeMap::new();
        for (image, text) in self.images.iter().zip(wanted) {
            if values.insert(image.value, text).is_some_and(|other| other != text) {
                let reason =
                    "stands for several objects, which need different digests; write it out for each";
                return Err(self.at(image, refused(image, reason)));
            }
        }
        let mut edits = Edits::new();
        for (image, text) in self.images.iter().zip(wanted) {
            let target = self.tree.resolve(image.value);
            let will_say = values.get(&target).copied().unwrap_or(&image.text);
            let now_says = if target == image.value { &image.text } else { will_say };
            if now_says != text {
                edits.insert(image.value, text.clone());
            }
        }
        Ok(edits)
    }

    /// Refuses to write anew what stands somewhere else too, where it is no image.
    fn check_reach(&self, edits: &Edits) -> Result<(), WorkloadError> {
        let reached = reach::counts(&self.tree);
        let mut uses: BTreeMap<NodeId, u64> = BTreeMap::new();
        for image in &self.images {
            *uses.entry(image.value).or_default() += 1;
            if image.value != self.tree.resolve(image.value) && !edits.contains_key(&image.value) {
                *uses.entry(self.tree.resolve(image.value)).or_default() += 1;
            }
        }
        // What leads to a value only by aliases that are replaced leads there no longer.
        let mut gone: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (alias, target) in edits.keys().map(|value| (*value, self.tree.resolve(*value))) {
            if alias != target {
                let led_here = gone.entry(target).or_default();
                *led_here = led_here.saturating_add(reached.of(alias));
            }
        }
        for image in self.images.iter().filter(|image| edits.contains_key(&image.value)) {
            let gone = gone.get(&image.value).copied().unwrap_or_default();
            let all = reached.of(image.value).saturating_sub(gone);
            if uses.get(&image.value) != Some(&all) {
                let reason = "is used elsewhere by an alias too, and not as an image; write it out there";
                return Err(self.at(image, refused(image, reason)));
            }
        }
        Ok(())
    }

    fn spliced(&self, edits: &Edits) -> Result<String, WorkloadError> {
        let mut spans: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for (value, text) in edits {
            let node = self.tree.node(*value);
            let written = self.text.get(node.span.clone()).unwrap_or_default();
            let replacement = respelled(&node.content, written, text).ok_or_else(|| {
                Refusal::of_text(Some(node.place), "the place of an image in the text is not clear")
                    .in_object(None)
            })?;
            spans.push((node.span.clone(), replacement));
        }
        spans.sort_by_key(|(span, _)| span.start);
        let mut output = String::with_capacity(self.text.len() + spans.len() * 80);
        let mut done = 0;
        for (span, replacement) in spans {
            output.push_str(self.text.get(done..span.start).unwrap_or_default());
            output.push_str(&replacement);
            done = span.end;
        }
        output.push_str(self.text.get(done..).unwrap_or_default());
        Ok(output)
    }

    /// Reads the output again: the same objects with the images that were wanted, and nothing else changed.
    fn check_output(&self, output: &str, wanted: &[String], edits: &Edits) -> Result<(), WorkloadError> {
        let again = read(output.as_bytes(), &self.options)?;
        let same = |(old, (new, text)): (&ImageUse, (&ImageUse, &String))| {
            old.object == new.object && old.path == new.path && new.text == *text
        };
        let all_same = self.images.len() == again.images.len()
            && self.images.iter().zip(again.images.iter().zip(wanted)).all(same);
        match all_same && compare::differ_only_in(&self.tree, &again.tree, edits) {
            true => Ok(()),
            false => {
                let reason = "digests cannot be put into this text without changing more; write its images on lines of \
                              their own";
                Err(Refusal::of_text(None, reason).in_object(None))
            }
        }
    }
}

fn refused(image: &ImageUse, reason: &str) -> Refusal {
    Refusal::of_text(Some(image.place), format!("{} `{}` {reason}", image.path, image.text))
}

fn pinned_text(image: &ImageUse, digest: Option<Digest>) -> Result<String, Refusal> {
    match (digest, image.image.digest()) {
        (Some(digest), None) => {
            // Policies may ask for the tag, and Kubernetes pulls a `latest` always.
            let tag = if image.image.tag().is_none() { ":latest" } else { "" };
            Ok(format!("{}{tag}@{digest}", image.text))
        }
        (Some(digest), Some(written)) if digest != written => {
            Err(refused(image, &format!("has a digest already, and not {digest}")))
        }
        _ => Ok(image.text.clone()),
    }
}

/// `text` in the place of `written`. It begins with what stands there, so its end goes before the closing quote, and
/// escapes stay as they are. Nothing where `written` is not what it should be.
fn respelled(content: &Content, written: &str, text: &str) -> Option<String> {
    let (old, style) = match content {
        Content::Scalar { text: old, style, .. } => (old, style),
        _ => return written.starts_with('*').then(|| plain(text)),
    };
    let more = text.strip_prefix(old.as_str())?;
    let quoted = |quote: char| {
        let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(format!("{quote}{inner}{more}{quote}"))
    };
    match style {
        Style::SingleQuoted => quoted('\''),
        Style::DoubleQuoted => quoted('"'),
        // A reference that is plain text remains so with a digest: there is no space after the colon.
        Style::Plain => (old == written).then(|| text.to_owned()),
        Style::Block => None,
    }
}

/// A reference as a plain scalar, in a list with brackets too, or else in quotes: an IPv6 host begins with `[`.
fn plain(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._/:@-".contains(c);
    let legal = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.ends_with(':');
    match legal && text.chars().all(harmless) && scalar::is_text(text) {
        true => text.to_owned(),
        false => format!("\"{text}\""),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::workload::ReadOptions;

    const HEAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n";

    fn digest() -> Digest {
        Digest::of(b"x")
    }

    fn pinned(text: &str) -> Result<String, String> {
        pinned_by(text, |_| Some(digest()))
    }

    fn pinned_by(text: &str, digest: impl Fn(&ImageUse) -> Option<Digest>) -> Result<String, String> {
        let manifests =
            read(text.as_bytes(), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        manifests.pin(digest).map_err(|error| error.to_string())
    }

    #[test]
    fn a_digest_is_put_after_the_image_and_every_other_byte_stays() {
        for (text, image) in [
            ("  containers: # all\r\n\r\n  -   image:   nginx:1.2   # web\r\n      name: a", "nginx:1.2"),
            ("  containers: [{image: nginx,name: a}, {'image':'r.example/a:1'}]\n", ""),
            ("  containers:\n  - {\"image\":\"nginx\"}\n  volumes: [{image: {reference: a}}]\n", ""),
            ("  containers: [{image: \"r.example\\/a\\x62\"}]\n", ""),
            ("  containers:\n  - image: !!str &a nginx\n...\n", "nginx:latest"),
            ("  containers:\n  - image:\n      nginx:1.2\n    name: größe\n", "nginx:1.2"),
        ] {
            let text = format!("\u{feff}{HEAD}{text}");
            let output = pinned(&text).unwrap();
            let bare = output.replace(&format!(":latest@{}", digest()), "");
            assert_eq!(bare.replace(&format!("@{}", digest()), ""), text);
            assert!(image.is_empty() || output.contains(&format!("{image}@{}", digest())), "{output}");
        }
    }

    #[test]
    fn an_image_with_its_digest_stays_and_with_another_is_refused() {
        let text = format!("{HEAD}  containers: [{{image: 'a:1@{}'}}]\n", digest());
        assert_eq!(pinned(&text).unwrap(), text);
        let error = pinned_by(&text, |_| Some(Digest::of(b"y"))).unwrap_err();
        assert!(error.contains("has a digest already"), "{error}");
    }

    #[test]
    fn an_image_without_a_pin_stays_as_it_is() {
        let text = format!("{HEAD}  containers: [{{image: a}}, {{image: b}}]\n");
        let output = pinned_by(&text, |image| (image.text == "b").then(digest)).unwrap();
        assert_eq!(output, text.replace("image: b", &format!("image: b:latest@{}", digest())));
    }

    #[test]
    fn a_host_that_plain_text_cannot_begin_with_gets_quotes_where_an_alias_stood() {
        let text = format!("{HEAD}  containers: [{{image: &a '[::1]:5000/a'}}, {{image: *a}}]\n");
        let output = pinned_by(&text, |image| image.path.contains("[1]").then(digest)).unwrap();
        assert_eq!(output, text.replace("*a", &format!("\"[::1]:5000/a:latest@{}\"", digest())));
    }

    #[test]
    fn an_alias_of_an_image_stays_where_it_then_says_the_same() {
        let text = format!("{HEAD}  containers: [{{image: &a nginx}}, {{image: *a}}]\n");
        let output = pinned(&text).unwrap();
        assert_eq!(output, text.replace("&a nginx", &format!("&a nginx:latest@{}", digest())));
    }

    #[test]
    fn aliases_that_give_way_no_longer_hold_what_they_stood_for() {
        let aliases = ["{image: *a}"; 3].join(", ");
        let text = format!("{HEAD}  containers: [{{image: &a nginx}}, {aliases}]\n");
        let output = pinned_by(&text, |image| image.path.contains("[0]").then(digest)).unwrap();
        let expected =
            text.replace("*a", "nginx").replace("&a nginx", &format!("&a nginx:latest@{}", digest()));
        assert_eq!(output, expected);
    }

    #[test]
    fn an_alias_of_something_else_is_replaced_by_the_image() {
        let text = format!("{}  containers: [{{image: *a}}]\n", HEAD.replace("name: p", "name: &a p"));
        let output = pinned(&text).unwrap();
        assert_eq!(output, text.replace("*a", &format!("p:latest@{}", digest())));
    }

    #[test]
    fn an_image_that_is_used_elsewhere_too_is_refused() {
        let text = format!("{HEAD}  containers: [{{image: &a nginx, name: *a}}]\n");
        let error = pinned(&text).unwrap_err();
        assert!(
            error.contains("line 5, column 27: Pod p: spec.containers[0].image `nginx` is used elsewhere"),
            "{error}"
        );
        let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {containers: &c [{image: a}]}}\n\
                    - {apiVersion: v1, kind: ConfigMap, data: *c}\n";
        assert!(pinned(list).unwrap_err().contains("is used elsewhere"));
    }

    #[test]
    fn containers_that_several_objects_share_are_pinned_once_or_refused() {
        let pod = |name: &str, containers: &str| {
            format!(
                "- {{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: {containers}}}}}\n"
            )
        };
        let text = format!(
            "apiVersion: v1\nkind: List\nitems:\n{}{}",
            pod("a", "&c [{image: x1}, {image: x2}]"),
            pod("b", "*c")
        );
        let output = pinned(&text).unwrap();
        assert_eq!(output.matches(&digest().to_string()).count(), 2);
        let only_a = |image: &ImageUse| (image.object.name.as_deref() == Some("a")).then(digest);
        let error = pinned_by(&text, only_a).unwrap_err();
        assert!(error.contains("need different digests"), "{error}");
    }

    #[test]
    fn aliases_that_multiply_are_counted_without_writing_them_out() {
        let laughs = (1..40).fold("  a0: &a0 [x]\n".to_owned(), |text, n| {
            format!("{text}  a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)
        });
        let text = format!("{HEAD}  containers: [{{image: nginx}}]\n{laughs}");
        let output = pinned(&text).unwrap();
        assert_eq!(output, text.replace("nginx", &format!("nginx:latest@{}", digest())));
    }
}
