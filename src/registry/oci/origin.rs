//! Where requests may go: the scheme, host and port of a registry, which hosts plain HTTP is allowed for, and
//! which hops from one URL to another are.

use reqwest::Url;

use crate::model::reference::DOCKER_HUB;

/// The host that answers for Docker Hub.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// Hosts besides loopback that plain HTTP is allowed for.
#[derive(Debug, Clone, Default)]
pub(super) struct PlainHosts(Vec<String>);

impl PlainHosts {
    /// From `HOST` or `HOST:PORT`; a host without a port allows every port.
    ///
    /// # Errors
    /// What is neither, such as a URL: it would never match a host, and nobody would notice.
    pub(super) fn new(hosts: &[String]) -> Result<Self, String> {
        let normalised = |host: &String| host.trim().trim_end_matches('.').to_ascii_lowercase();
        let named = hosts.iter().map(normalised).filter(|host| !host.is_empty());
        named
            .map(|host| if is_host(&host) { Ok(host) } else { Err(host) })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `host[:port]` was named.
    pub(super) fn names(&self, host: &str) -> bool {
        let without_port = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => host,
        };
        self.0.iter().any(|named| named == host || named == without_port)
    }

    /// Whether plain HTTP may be spoken with the host of `url`.
    pub(super) fn allow(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
        is_loopback(url) || self.names(host) || port.is_some_and(|host| self.names(&host))
    }
}

/// Whether a URL can have `text` as its host and port, and nothing else of it is left over.
fn is_host(text: &str) -> bool {
    let url = Url::parse(&format!("http://{text}/"));
    url.is_ok_and(|url| {
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains(['@', '/'])
    })
}

/// Whether the host of `url` is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The root of a registry's URLs, `scheme://host[:port]/`.
///
/// # Errors
/// A host that no URL can hold.
pub(super) fn root(host: &str, plain: bool) -> Result<Url, String> {
    let connected = if host == DOCKER_HUB { DOCKER_HUB_HOST } else { host };
    let scheme = if plain { "http" } else { "https" };
    format!("{scheme}://{connected}/").parse().map_err(|e| format!("`{host}` is not a host: {e}"))
}

/// Whether two URLs have scheme, host and port in common: the bound of credentials.
pub(super) fn same(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
}

/// Where `location`, relative or absolute, leads from `from`.
///
/// # Errors
/// The reason why it is not followed: not a URL, from https to http, plain HTTP with a host that it is not
/// allowed for, another scheme, or a URL that brings its own user.
pub(super) fn hop(from: &Url, location: &str, plain: &PlainHosts) -> Result<Url, String> {
    let to = from.join(location).map_err(|e| format!("leads to what is no URL ({e})"))?;
    if !to.username().is_empty() || to.password().is_some() {
        return Err("leads to a URL with a user in it, which is not followed".to_owned());
    }
    match (from.scheme(), to.scheme()) {
        ("http" | "https", "https") => Ok(to),
        ("http", "http") if plain.allow(&to) => Ok(to),
        ("http", "http") => Err(format!(
            "leads to plain HTTP with {}, which is not allowed",
            to.host_str().unwrap_or_default()
        )),
        (_, "http") => Err("leads from https to http, which is not followed".to_owned()),
        (_, scheme) => Err(format!("leads to the scheme `{scheme}`, which is not followed")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn plain_http_is_for_loopback_and_named_hosts_only() {
        let named = ["Registry.LAN:5000", "any.lan", "", "[fd00::1]:5000"].map(str::to_owned);
        let plain = PlainHosts::new(&named).unwrap();
        for allowed in ["localhost:1", "127.9.9.9", "[::1]:5000", "registry.lan:5000", "any.lan", "any.lan:7"]
        {
            assert!(plain.allow(&url(&format!("http://{allowed}/"))), "{allowed}");
        }
        for refused in ["registry.lan", "10.0.0.1", "localhost.example", "127.0.0.1.example", "[::2]:1"] {
            assert!(!plain.allow(&url(&format!("http://{refused}/"))), "{refused}");
        }
    }

    #[test]
    fn what_can_match_no_host_is_refused() {
        for wrong in
            ["http://r.lan:5000", "r.lan/app", "r.lan/", "a@r.lan", "fd00::1", "r.lan:port", "r.lan?x", "a b"]
        {
            assert_eq!(PlainHosts::new(&[wrong.to_owned()]).unwrap_err(), wrong);
        }
    }

    #[test]
    fn docker_hub_answers_at_another_host() {
        assert_eq!(root("docker.io", false).unwrap().as_str(), "https://registry-1.docker.io/");
        assert_eq!(root("[::1]:5000", true).unwrap().as_str(), "http://[::1]:5000/");
        assert!(root("999.999.999.999", false).is_err());
    }

    #[test]
    fn credentials_stay_with_scheme_host_and_port() {
        assert!(same(&url("https://a/x"), &url("https://a:443/y")));
        for other in ["http://a/", "https://b/", "https://a:444/", "https://a.b/"] {
            assert!(!same(&url("https://a/"), &url(other)), "{other}");
        }
    }

    #[test]
    fn a_hop_never_leads_to_less_security() {
        let plain = PlainHosts::default();
        let to = |from: &str, location: &str| hop(&url(from), location, &plain);
        assert_eq!(to("https://a/v2/x", "/y?_state=1").unwrap(), url("https://a/y?_state=1"));
        assert_eq!(to("https://a/", "https://cdn/z").unwrap(), url("https://cdn/z"));
        assert_eq!(to("http://localhost/", "http://127.0.0.1/z").unwrap(), url("http://127.0.0.1/z"));
        assert!(to("https://a/", "http://a/").unwrap_err().contains("from https to http"));
        assert!(to("https://localhost/", "http://localhost/").is_err());
        assert!(to("http://localhost/", "http://cdn/").unwrap_err().contains("plain HTTP with cdn"));
        assert!(to("https://a/", "https://user:pass@a/").is_err());
        assert!(to("https://a/", "file:///etc/passwd").unwrap_err().contains("`file`"));
        assert!(to("https://a/", "https://[").is_err());
    }
}
