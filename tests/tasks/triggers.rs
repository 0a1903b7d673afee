//! Objects of Tekton Triggers: read by its own types and validation (tests/tools/triggers), as its webhook does.

use std::path::Path;
use std::process::{Command, Output};

use crate::pipelines::folder;

fn check(path: &Path) -> Output {
    Command::new("triggers-check").arg(path).output().unwrap()
}

#[test]
fn triggers_takes_its_objects() {
    let file = folder().join("two-signatures/triggers.yaml");
    let answer = check(&file);
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    // An EventListener, a TriggerBinding and a TriggerTemplate.
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "3");
    let text = std::fs::read_to_string(&file).unwrap();
    for (right, wrong) in
        [("interceptors:", "intercepters:"), ("$(tt.params.revision)", "$(tt.params.revison)")]
    {
        let broken = std::env::temp_dir().join(format!("countersign-triggers-{}.yaml", std::process::id()));
        std::fs::write(&broken, text.replace(right, wrong)).unwrap();
        let refused = !check(&broken).status.success();
        std::fs::remove_file(&broken).unwrap();
        assert!(refused, "{wrong}");
    }
}
