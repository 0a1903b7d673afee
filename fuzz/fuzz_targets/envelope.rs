//! DSSE envelopes, as they stand in a bundle.
#![no_main]

use countersign::model::bundle::{Bundle, MEDIA_TYPE};
use countersign::model::envelope::pae;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|envelope: &str| {
    let bundle = format!(
        r#"{{"mediaType":"{MEDIA_TYPE}","verificationMaterial":{{"publicKey":{{}}}},"dsseEnvelope":{envelope}}}"#
    );
    let Ok(Bundle::Keyed { envelope, .. }) = Bundle::parse(bundle.as_bytes()) else { return };
    let message = pae(&envelope.payload_type, &envelope.payload);
    assert!(message.ends_with(&envelope.payload));
});
