//! The `Link` header of a listing (RFC 8288): where its next page is.

/// The target of the link with `rel=next` in these header values; `None` where there is none.
///
/// # Errors
/// A value that is no list of links: where the listing goes on is not known then.
pub(super) fn next_page<'a>(values: impl Iterator<Item = &'a str>) -> Result<Option<String>, &'static str> {
    for value in values {
        let mut rest = value.trim();
        while !rest.is_empty() {
            let (target, after) =
                rest.strip_prefix('<').and_then(|r| r.split_once('>')).ok_or("its `Link` cannot be read")?;
            let (parameters, others) = split_at_comma(after);
            if split(parameters, ';').any(|parameter| is_next(&parameter)) {
                return Ok(Some(target.trim().to_owned()));
            }
            rest = others.trim();
        }
    }
    Ok(None)
}

/// Whether a parameter is `rel` with `next` among its relations.
fn is_next(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        let relations = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel")
            && relations.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("next"))
    })
}

/// What stands before the first comma outside quotes, and what after.
fn split_at_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => return (&text[..i], &text[i + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// The parts of `text` between separators outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = String> + '_ {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(values: &[&str]) -> Result<Option<String>, &'static str> {
        next_page(values.iter().copied())
    }

    #[test]
    fn the_next_page_is_found_among_links_parameters_and_headers() {
        let target = Ok(Some("/v2/a/referrers/x?last=1,2&n=1".to_owned()));
        assert_eq!(next(&["</v2/a/referrers/x?last=1,2&n=1>; rel=\"next\""]), target);
        assert_eq!(next(&["<a>; rel=prev, </v2/a/referrers/x?last=1,2&n=1>;Rel=\"last NEXT\""]), target);
        assert_eq!(
            next(&["<a>; title=\"b, <c>; rel=next\"", "</v2/a/referrers/x?last=1,2&n=1>; rel=next"]),
            target
        );
    }

    #[test]
    fn a_listing_without_next_ends_and_one_that_cannot_be_read_is_an_error() {
        assert_eq!(next(&[]), Ok(None));
        assert_eq!(next(&["<a>; rel=prev", ""]), Ok(None));
        assert!(next(&["/v2/a; rel=next"]).is_err());
        assert!(next(&["<a"]).is_err());
    }
}
