//! Who may see whom: `model ← policy, scan, workload ← registry, signer, sandbox (ports) ← flow ← cli, admission ← bin`,
//! and adapters see ports and model.

use crate::{paths, tokens};

/// A room of src/.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Model,
    Policy,
    Scan,
    Workload,
    /// What `registry`, `signer` and `sandbox` define.
    Port(&'static str),
    /// What implements a port.
    Adapter(&'static str),
    /// What adapters share of the machine.
    Local,
    Flow,
    Cli,
    Admission,
    Bin,
    /// lib.rs.
    Root,
}

/// Modules of `registry`, `signer`, `sandbox` and the package that implement a port.
pub(crate) const ADAPTERS: [&str; 6] =
    ["registry::oci", "registry::layout", "registry::routes", "signer::keyring", "sandbox::child", "kube"];
/// Modules that belong to the port they stand in.
pub(crate) const PORT_PARTS: [&str; 5] =
    ["signer::cluster", "signer::error", "signer::pair", "signer::passwords", "signer::reference"];

/// The room of a path or module of this package (`["crate", "registry", "oci", …]`); nothing where there is no
/// such room.
pub(crate) fn room(path: &[String]) -> Option<Room> {
    let rest = path.strip_prefix(&["crate".to_owned()])?.join("::");
    let below =
        |stem: &str| rest.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    if let Some(adapter) = ADAPTERS.iter().find(|adapter| below(adapter)) {
        return Some(Room::Adapter(adapter));
    }
    match rest.split("::").next()? {
        "" => Some(Room::Root),
        "model" => Some(Room::Model),
        "policy" => Some(Room::Policy),
        "scan" => Some(Room::Scan),
        "workload" => Some(Room::Workload),
        "registry" => Some(Room::Port("registry")),
        "signer" => Some(Room::Port("signer")),
        "sandbox" => Some(Room::Port("sandbox")),
        "local" => Some(Room::Local),
        "flow" => Some(Room::Flow),
        "cli" => Some(Room::Cli),
        "admission" => Some(Room::Admission),
        "bin" => Some(Room::Bin),
        _ => None,
    }
}

/// Whether `from` may name `to`.
pub(crate) fn may_see(from: Room, to: Room) -> bool {
    use Room::{Adapter, Admission, Bin, Cli, Flow, Local, Model, Policy, Port, Root, Scan, Workload};
    if from == to {
        return true;
    }
    match (from, to) {
        // Root only declares modules; binaries see everything but one another.
        (_, Root | Bin) | (Root | Model, _) => false,
        (Bin, _) => true,
        (Policy | Scan | Workload | Port(_), Model) => true,
        (Port(_), Policy | Scan | Workload) => true,
        // Where each repository lives is decided among the adapters of one port.
        (Adapter("registry::routes"), Adapter(to)) => to.starts_with("registry::"),
        (Adapter(_), Model | Port(_) | Local) | (Local, Model) => true,
        (Flow, Model | Policy | Scan | Workload | Port(_)) => true,
        (Cli | Admission, Model | Policy | Scan | Workload | Port(_) | Adapter(_) | Local | Flow) => true,
        _ => false,
    }
}

/// The arrows in `source`, the file of `module`, that point back: line and path.
pub(crate) fn arrows_back(source: &str, module: &[String]) -> Vec<(usize, String)> {
    let tokens = tokens::product_tokens(source);
    let Some(from) = room(module) else {
        return vec![(1, format!("{} is no room of ARCHITECTURE.md", module.join("::")))];
    };
    let inside = |named: &paths::Named| named.path.first().is_some_and(|first| first == "crate");
    // Everything of a room that has adapters would bring their names in unseen.
    let hides =
        |named: &paths::Named, to: Room| named.glob && matches!(to, Room::Port(_) | Room::Root) && from != to;
    let back = |named: &paths::Named| match room(&named.path) {
        Some(to) => !may_see(from, to) || hides(named, to),
        None => true,
    };
    let all = paths::named(&tokens, module).into_iter();
    all.filter(inside).filter(back).map(|named| (named.line, named.path.join("::"))).collect()
}

#[cfg(test)]
fn found_in(module: &str, source: &str) -> Vec<String> {
    let module: Vec<_> = module.split("::").map(str::to_owned).collect();
    arrows_back(source, &module).into_iter().map(|(_, path)| path).collect()
}

#[test]
fn an_arrow_that_points_back_is_found_however_it_is_spelt() {
    let cases = [
        ("crate::model::key", "use crate::policy::Policy;", "crate::policy::Policy"),
        ("crate::model::key", "use super::super::registry::Registry;", "crate::registry::Registry"),
        ("crate::policy", "fn a() { crate::flow::verify::gather() }", "crate::flow::verify::gather"),
        ("crate::scan", "use crate::policy::Policy;", "crate::policy::Policy"),
        ("crate::registry", "pub use oci::Client; pub mod oci;", "crate::registry::oci::Client"),
        (
            "crate::flow::sign",
            "use crate::registry::{Registry, oci::Client};",
            "crate::registry::oci::Client",
        ),
        (
            "crate::flow::sign",
            "use crate::registry; fn a(c: registry::oci::Client) {}",
            "crate::registry::oci::Client",
        ),
        ("crate::flow::sign", "use crate::registry::*;", "crate::registry"),
        ("crate::flow", "fn a() { crate::kube::read() }", "crate::kube::read"),
        ("crate::flow::keys", "use crate::signer::keyring;", "crate::signer::keyring"),
        ("crate::flow", "use crate::cli::error::Exit;", "crate::cli::error::Exit"),
        ("crate::kube", "use crate::registry::oci::Client;", "crate::registry::oci::Client"),
        ("crate::registry::layout", "use super::oci::Client;", "crate::registry::oci::Client"),
        ("crate::registry::oci::auth", "use crate::flow::FlowError;", "crate::flow::FlowError"),
        ("crate::registry::oci::auth", "use crate::policy::Policy;", "crate::policy::Policy"),
        ("crate::flow::sign", "use crate::local::files;", "crate::local::files"),
        ("crate::local", "use crate::registry::Registry;", "crate::registry::Registry"),
        ("crate::model", "use crate::util::x;", "crate::util::x"),
    ];
    for (module, source, path) in cases {
        assert_eq!(found_in(module, source), [path], "{module}: {source}");
    }
}

#[test]
fn an_arrow_that_points_forward_is_not() {
    let cases = [
        ("crate::model::key", "use super::digest::Digest; use crate::model::json;"),
        ("crate::registry", "use crate::model::{Digest, Tag}; pub mod oci;"),
        ("crate::registry::oci::auth", "use super::Client; use crate::registry::{Kind, Registry};"),
        ("crate::registry::routes", "use super::{Registry, layout, oci};"),
        ("crate::signer", "pub use reference::KeyRef; pub mod reference;"),
        ("crate::kube", "use crate::signer::Signer;"),
        ("crate::flow::verify", "use crate::policy::decide; use crate::registry::Registry;"),
        ("crate::cli", "use crate::flow::sign; use crate::registry::oci::Client;"),
        ("crate::bin::countersign", "use countersign::cli;"),
        ("crate::model", "//! crate::flow\n#[cfg(test)] mod tests { use crate::flow; }"),
    ];
    for (module, source) in cases {
        assert_eq!(found_in(module, source), Vec::<String>::new(), "{module}: {source}");
    }
}
