//! countersign signs container images twice, after the build and after the scan, and stops them wherever a
//! signature is missing.
//!
//! ARCHITECTURE.md is the map. Arrows point one way:
//! `model ← policy, scan, workload ← registry, signer, sandbox (ports) ← flow ← cli ← bin`.

pub mod cli;
pub mod flow;
pub mod kube;
mod local;
pub mod model;
pub mod policy;
pub mod registry;
pub mod sandbox;
pub mod scan;
pub mod signer;
pub mod workload;
