//! Which plain scalars YAML 1.1 reads as something other than text: Kubernetes reads manifests so
//! (sigs.k8s.io/yaml, over go-yaml 2).

/// Texts of null (go-yaml 2, resolve.go).
const NULLS: [&str; 5] = ["", "~", "null", "Null", "NULL"];
/// Texts of true and false, in lower case; go-yaml knows three spellings of each, and all are refused here.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// Whether a plain scalar is null.
pub(super) fn is_null(plain: &str) -> bool {
    NULLS.contains(&plain)
}

/// Whether every reader takes a plain scalar for text. It says no to more than Kubernetes does: whatever begins
/// as a number and has nothing in it that no number, date or time has.
pub(super) fn is_text(plain: &str) -> bool {
    if plain.is_empty() || plain == "<<" || plain == "=" || WORDS.contains(&plain.to_lowercase().as_str()) {
        return false;
    }
    let numeric = |c: char| c.is_ascii_hexdigit() || "xXoO_+-.:tTzZ ".contains(c);
    let begins = plain.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let lower = plain.trim_start_matches(['+', '-']).to_lowercase();
    !(begins && plain.chars().all(numeric) || matches!(lower.as_str(), ".inf" | ".nan"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_1_1_reads_as_something_else_is_not_text() {
        for plain in [
            "",
            "~",
            "null",
            "NULL",
            "y",
            "N",
            "yes",
            "No",
            "ON",
            "off",
            "True",
            "<<",
            "=",
            "1",
            "0x1f",
            "1_000",
            "1e3",
            "-1",
            "+.5",
            ".inf",
            "-.INF",
            ".NaN",
            "0o7",
            "0b1",
            "1.5",
            "12:30",
            "2001-12-14",
            "685.230_15",
            "2001-12-14t21:59:43.10-05:00",
            "0b1_0",
        ] {
            assert!(!is_text(plain), "{plain}");
        }
        for plain in
            ["nginx", "nginx:1.2", "3proxy", "a1", "10.0.0.1:5000/a", "yes/no", "1password/connect:1"]
        {
            assert!(is_text(plain), "{plain}");
        }
    }
}
