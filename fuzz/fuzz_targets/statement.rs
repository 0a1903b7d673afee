//! In-toto statements: claims that are read are written and read as the same again.
#![no_main]

use countersign::model::Digest;
use countersign::model::statement::{self, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = Statement::parse(bytes) else { return };
    for subject in read.subjects {
        let written = statement::to_bytes(&Digest::of(bytes), &subject.claims);
        let again = Statement::parse(&written).map(|again| again.subjects);
        assert!(matches!(again.as_deref(), Ok([only]) if only.claims == subject.claims));
    }
});
