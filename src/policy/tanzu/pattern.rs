//! Name patterns of the Tanzu image policy webhook: a name, where `*` is any run of characters, `/` included. Without a
//! tag it means any tag (docs-tap, scst-sign, "Image name patterns"). The webhook holds it against the name as somebody
//! wrote it; here one image is one image, so it is held against every spelling that the image has.

use std::fmt;
use std::str::FromStr;

use crate::model::reference::{DOCKER_HUB, host_spellings, literal_host};
use crate::model::{ImageRef, Repository, escape_untrusted};
use crate::policy::glob::Glob;

/// Longest pattern, in bytes: a name of 255, a tag of 128 and a digest, with what is between them.
const LENGTH_LIMIT: usize = 512;

/// A pattern of image names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    written: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// `*`: every image, those in folders too.
    Everything,
    /// The repository; any tag, any digest.
    Repository(Glob),
    /// The repository and the tag; any digest.
    Tagged(Glob),
    /// The repository and the digest, with the tag where one is written.
    Pinned(Glob),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no name pattern: {0}")]
pub struct PatternError(String);

impl Pattern {
    /// Whether `image` matches in any of its spellings.
    pub fn matches(&self, image: &ImageRef) -> bool {
        match &self.form {
            Form::Everything => true,
            Form::Repository(glob) => {
                spellings(image.repository()).iter().any(|spelling| glob.matches(spelling))
            }
            Form::Tagged(glob) => tagged(image).iter().any(|name| glob.matches(name)),
            Form::Pinned(glob) => pinned(image).iter().any(|name| glob.matches(name)),
        }
    }

    /// Whether a wildcard reaches over an end of a host's name, so that hosts of others match.
    pub fn reaches_other_hosts(&self) -> bool {
        let host = self.written.split('/').next().unwrap_or_default();
        let open_end = self.written.contains('/') || host.contains('.');
        let stars_alone = host.bytes().all(|byte| byte == b'*');
        let open_start = host.starts_with('*') && !host.starts_with("*.");
        !stars_alone && (open_start && self.written.contains('/') || open_end && host.ends_with('*'))
    }
}

/// Every spelling of a repository that pods may have; none of one in a folder.
fn spellings(repository: &Repository) -> Vec<String> {
    let (Some(host), Some(path)) = (repository.host(), repository.path()) else { return Vec::new() };
    let hosts = host_spellings(host);
    let is_hub = host == DOCKER_HUB;
    let short = path.strip_prefix("library/").filter(|short| is_hub && !short.contains('/'));
    let paths = [Some(path), short].into_iter().flatten();
    paths
        .flat_map(|path| {
            let whole = hosts.iter().map(move |host| format!("{host}/{path}"));
            whole.chain(is_hub.then(|| path.to_owned()))
        })
        .collect()
}

/// Its spellings with a tag: the one that is written, `latest` where neither tag nor digest is.
fn tagged(image: &ImageRef) -> Vec<String> {
    match (image.tag(), image.digest()) {
        (None, Some(_)) => Vec::new(),
        _ => {
            let tag = image.tag_or_latest();
            spellings(image.repository()).into_iter().map(|name| format!("{name}:{tag}")).collect()
        }
    }
}

/// Its spellings with the digest, with the tag between and without.
fn pinned(image: &ImageRef) -> Vec<String> {
    let Some(digest) = image.digest() else { return Vec::new() };
    let names = spellings(image.repository());
    let with_tag = image.tag().map(|tag| names.iter().map(|name| format!("{name}:{tag}")).collect());
    let with_tag: Vec<String> = with_tag.unwrap_or_default();
    names.into_iter().chain(with_tag).map(|name| format!("{name}@{digest}")).collect()
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let stands_in_names = |c: char| c.is_ascii_alphanumeric() || "._-/:@*[]".contains(c);
        if text.is_empty() || text.len() > LENGTH_LIMIT {
            return Err(PatternError(format!("a pattern is 1 to {LENGTH_LIMIT} characters")));
        }
        if let Some(c) = text.chars().find(|c| !stands_in_names(*c)) {
            let shown = escape_untrusted(&c.to_string());
            return Err(PatternError(format!("`{shown}` stands in no image's name")));
        }
        Ok(Self { written: text.to_owned(), form: form(text)? })
    }
}

/// Names of repositories have small letters only, whatever letters hosts are written with; tags have both.
fn form(text: &str) -> Result<Form, PatternError> {
    let last = text.rfind('/').map_or(0, |slash| slash + 1);
    let (before, last) = text.split_at(last);
    let (name, rest) = match last.find([':', '@']) {
        Some(at) => last.split_at(at),
        None => (last, ""),
    };
    let name = with_normal_host(&format!("{before}{name}").to_lowercase())?;
    Ok(match rest {
        "" | ":*" if name.bytes().all(|byte| byte == b'*') && !name.is_empty() => Form::Everything,
        "" | ":*" => Form::Repository(Glob::of_runs(&name)),
        _ if rest.contains('@') => Form::Pinned(Glob::of_runs(&format!("{name}{rest}"))),
        _ => Form::Tagged(Glob::of_runs(&format!("{name}{rest}"))),
    })
}

/// A name whose host is in its normal form, if it has one in full. One that no reference can have would match nothing.
fn with_normal_host(name: &str) -> Result<String, PatternError> {
    let Some((host, path)) = name.split_once('/') else { return Ok(name.to_owned()) };
    let host = match host.contains('*') {
        true => host.to_owned(),
        false => literal_host(host).map_err(PatternError)?.unwrap_or_else(|| host.to_owned()),
    };
    match host.rsplit_once(':').is_some_and(|(_, port)| port.starts_with('0')) {
        true => Err(PatternError("its port begins with 0: write the number alone".to_owned())),
        false => Ok(format!("{host}/{path}")),
    }
}

impl fmt::Display for Pattern {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn matches(pattern: &str, image: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(&image.parse().unwrap())
    }

    /// The table of the webhook's documentation.
    #[test]
    fn the_examples_of_the_webhook_s_documentation_match() {
        let own = "registry.example.org/myproject/my-image";
        for (pattern, images) in [
            ("registry.example.org/myproject/my-image:mytag", vec![format!("{own}:mytag")]),
            (own, vec![format!("{own}:mytag"), format!("{own}:other-tag")]),
            (
                "registry.example.org/myproject/my-image:*",
                vec![format!("{own}:mytag"), format!("{own}:other-tag")],
            ),
            (
                "registry.example.org/myproject/*",
                vec![
                    format!("{own}:mytag"),
                    "registry.example.org/myproject/anotherimage:anothertag".to_owned(),
                ],
            ),
            (
                "registry.example.org/*/my-image:mytag",
                vec![format!("{own}:mytag"), "registry.example.org/anotherproject/my-image:mytag".to_owned()],
            ),
            ("registry.example.org/*/my-image", vec![format!("{own}:mytag"), format!("{own}:anothertag")]),
            (
                "registry.example.org/*",
                vec!["registry.example.org/anotherproject/anotherimage:anothertag".to_owned()],
            ),
            (
                "*.example.org/*",
                vec![
                    "my-registry.example.org/myproject/my-image:mytag".to_owned(),
                    format!("{own}:anothertag"),
                ],
            ),
            ("*", vec![format!("{own}:mytag"), "registry.io/project/image:tag".to_owned()]),
        ] {
            for image in images {
                assert!(matches(pattern, &image), "{pattern} {image}");
            }
        }
    }

    #[test]
    fn a_pattern_reaches_no_further_than_it_says() {
        for (pattern, image) in [
            (
                "registry.example.org/myproject/my-image:mytag",
                "registry.example.org/myproject/my-image:other",
            ),
            ("registry.example.org/myproject/my-image", "registry.example.org/myproject/my-image2"),
            ("registry.example.org/myproject/my-image", "registry.example.org/myproject/my-image/sub"),
            ("registry.example.org/myproject/*", "registry.example.org/myproject2/my-image"),
            ("registry.example.org/*", "registry.example.org:5000/my-image"),
            ("registry.example.org/*", "evil-registry.example.org/my-image"),
            ("registry.example.org/*", "evil.example/registry.example.org/my-image"),
            ("*.example.org/*", "example.org/my-image"),
            ("my-image:1.*", "my-image:2.0"),
        ] {
            assert!(!matches(pattern, image), "{pattern} {image}");
        }
    }

    #[test]
    fn every_spelling_of_an_image_meets_the_same_patterns() {
        for pattern in [
            "busybox",
            "library/busybox",
            "docker.io/busybox",
            "docker.io/library/busybox",
            "index.docker.io/library/*",
            "index.docker.io/busybox",
            "busy*",
            "*busybox:1.36",
        ] {
            for image in ["busybox:1.36", "docker.io/library/busybox:1.36", "index.docker.io/busybox:1.36"] {
                assert!(matches(pattern, image), "{pattern} {image}");
            }
            assert!(!matches(pattern, "registry.example.org/busybox2:1.36"), "{pattern}");
        }
        assert!(
            matches("shop/*", "docker.io/shop/app") && !matches("shop/*", "registry.example.org/shop/app")
        );
        for pattern in ["Registry.Example.org/shop/*", "registry.example.org:443/shop/*"] {
            assert!(matches(pattern, "REGISTRY.example.org/shop/app"), "{pattern}");
        }
        assert!(!matches("registry.example.org:443/shop/*", "registry.example.org:5000/shop/app"));
        assert!(matches("[::1]:443/*", "[::1]/app") && !matches("[::1]:443/*", "[::1]:5000/app"));
        for (pattern, image) in [
            ("docker.io:443/library/*", "docker.io:443/library/x:1"),
            ("docker.io.:443/x", "docker.io.:443/x"),
            ("*.docker.io:443/x", "registry-1.docker.io:443/x"),
            ("registry.example.org./*", "registry.example.org./app"),
            ("registry.example.org.:443/*", "registry.example.org./app"),
            ("*.example.org./*", "registry.example.org./app"),
            ("registry.example.org:*/app", "registry.example.org:443/app"),
            ("[0:0::1]/*", "[0:0::1]/app"),
            ("127.0.0.1:05000/*", "127.0.0.1:05000/app"),
            ("registry.:443/*", "registry:443/app"),
        ] {
            assert!(matches(pattern, image), "{pattern} {image}");
        }
        for pattern in ["127.1/*", "r_x.example/app", "*.example.org:05000/*"] {
            assert!(pattern.parse::<Pattern>().is_err(), "{pattern}");
        }
    }

    #[test]
    fn digests_stand_beside_tags_and_do_not_hide_them() {
        let (tagged, bare) =
            (format!("registry.example.org/app:1.4@{DIGEST}"), format!("registry.example.org/app@{DIGEST}"));
        for pattern in ["registry.example.org/app", "registry.example.org/app:*", "registry.example.org/*"] {
            assert!(matches(pattern, &tagged) && matches(pattern, &bare), "{pattern}");
        }
        assert!(matches("registry.example.org/app:1.4", &tagged));
        assert!(!matches("registry.example.org/app:1.4", &bare));
        for pattern in [format!("registry.example.org/app@{DIGEST}"), "registry.example.org/*@*".to_owned()] {
            assert!(matches(&pattern, &tagged) && matches(&pattern, &bare), "{pattern}");
            assert!(!matches(&pattern, "registry.example.org/app:1.4"), "{pattern}");
        }
        assert!(matches(&format!("registry.example.org/app:1.4@{DIGEST}"), &tagged));
        assert!(!matches(&format!("registry.example.org/app:1.5@{DIGEST}"), &tagged));
    }

    #[test]
    fn a_name_without_a_tag_is_the_latest() {
        assert!(matches("busybox:latest", "busybox"));
        assert!(!matches("busybox:latest", "busybox:1.36"));
        assert!(!matches("busybox:latest", &format!("busybox@{DIGEST}")));
    }

    #[test]
    fn only_the_star_alone_matches_a_folder() {
        assert!(matches("*", "oci:app") && matches("*:*", "oci:app") && matches("**", "oci:app"));
        assert!(!matches("*/*", "oci:app") && !matches("*pp", "oci:app"));
    }

    #[test]
    fn what_stands_in_no_name_is_refused() {
        for text in ["", "a b", "a\u{202e}", "https://a/b?c", "a/{b,c}", &"a".repeat(513)] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert_eq!(escape_untrusted(&error), error);
        }
    }

    #[test]
    fn a_wildcard_at_the_end_of_a_host_is_noticed() {
        for (pattern, reaches) in [
            ("registry.example.org*", true),
            ("registry.example.org*/app", true),
            ("*example.org/app", true),
            ("*.example.org/*", false),
            ("registry.example.org/*", false),
            ("*", false),
            ("*/app", false),
            ("busy*", false),
            ("gcr.io/projectsigstore/cosign*", false),
        ] {
            assert_eq!(pattern.parse::<Pattern>().unwrap().reaches_other_hosts(), reaches, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern: Pattern = format!("r.example/{}b", "a*".repeat(200)).parse().unwrap();
        assert!(!pattern.matches(&format!("r.example/{}", "a".repeat(240)).parse().unwrap()));
    }
}
