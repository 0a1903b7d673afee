//! Every algorithm, in every format, on a registry without and one with the referrers API: both ways.

use countersign::model::key::Algorithm;
use serde_json::json;

use super::bed::{
    Bed, COSIGN_NO_BUNDLE, COSIGN_NO_LEGACY, Pair, Place, cosign_signs, cosign_verifies, flag_name, image,
    we_sign, we_verify,
};
use super::support::image::Pushed;

/// One cell: an image that cosign signs first and we second, and one the other way round. Each signs with the
/// key that the other made.
struct Cell {
    algorithm: Algorithm,
    format: &'static str,
    place: Place,
}

impl Cell {
    fn image(&self, bed: &Bed, name: &str) -> Pushed {
        let algorithm = flag_name(self.algorithm);
        image(bed, self.place, &format!("matrix/{algorithm}/{}/{name}", self.format))
    }

    /// cosign's exit code when signatures are there and none of them is good.
    fn refusal(&self) -> i32 {
        if self.format == "bundle" { COSIGN_NO_BUNDLE } else { COSIGN_NO_LEGACY }
    }

    /// cosign on a signature of its own: it cannot verify the Ed25519 signatures that it makes.
    #[track_caller]
    fn cosign_on_its_own(&self, key: &Pair, image: &Pushed, claim: &str) {
        let code = if self.algorithm == Algorithm::Ed25519 { self.refusal() } else { 0 };
        cosign_verifies(key, &image.pinned(), &["-a", claim]).expect_code(code);
    }

    /// The claim holds and another value does not, for cosign and for us.
    #[track_caller]
    fn both_accept_ours(&self, key: &Pair, image: &Pushed) {
        for (claim, cosigns, ours) in [("team=shop", 0, 0), ("team=other", self.refusal(), 1)] {
            cosign_verifies(key, &image.pinned(), &["-a", claim]).expect_code(cosigns);
            self.we_accept(key, image, claim, ours);
        }
    }

    #[track_caller]
    fn we_accept(&self, key: &Pair, image: &Pushed, claim: &str, code: i32) {
        let answer = we_verify(&[key], &image.pinned(), &["-a", claim]).expect_code(code).json();
        if code == 0 {
            let by = &answer["images"][0]["policies"][0]["signers"][0]["by"];
            assert_eq!(by[0]["format"], json!(self.format), "{answer:#}");
        }
    }

    fn hold(self) {
        let bed = Bed::share();
        let keys = bed.keys(self.algorithm);
        let we_write = ["--format", self.format, "-a", "team=shop"];

        let first = self.image(&bed, "cosign-first");
        cosign_signs(&keys.ours, &first.pinned(), self.format, &["-a", "env=live"]);
        self.we_accept(&keys.ours, &first, "env=live", 0);
        self.we_accept(&keys.ours, &first, "env=test", 1);
        we_sign(&keys.cosigns, &first.pinned(), &we_write);
        self.both_accept_ours(&keys.cosigns, &first);
        self.cosign_on_its_own(&keys.ours, &first, "env=live");
        we_verify(&[&keys.ours, &keys.cosigns], &first.pinned(), &[]).expect_code(0);

        let second = self.image(&bed, "we-first");
        we_sign(&keys.ours, &second.pinned(), &we_write);
        self.both_accept_ours(&keys.ours, &second);
        cosign_signs(&keys.cosigns, &second.pinned(), self.format, &["-a", "env=live"]);
        self.both_accept_ours(&keys.ours, &second);
        self.cosign_on_its_own(&keys.cosigns, &second, "env=live");
        we_verify(&[&keys.ours, &keys.cosigns], &second.pinned(), &[]).expect_code(0);
    }
}

macro_rules! interchangeable {
    ($($name:ident: $algorithm:expr;)*) => {$(
        mod $name {
            use super::{Algorithm, Cell, Place};

            #[test]
            fn legacy_signatures_are_interchangeable_without_the_referrers_api() {
                Cell { algorithm: $algorithm, format: "legacy", place: Place::WithoutReferrers }.hold();
            }

            #[test]
            fn legacy_signatures_are_interchangeable_with_the_referrers_api() {
                Cell { algorithm: $algorithm, format: "legacy", place: Place::WithReferrers }.hold();
            }

            #[test]
            fn bundles_are_interchangeable_without_the_referrers_api() {
                Cell { algorithm: $algorithm, format: "bundle", place: Place::WithoutReferrers }.hold();
            }

            #[test]
            fn bundles_are_interchangeable_with_the_referrers_api() {
                Cell { algorithm: $algorithm, format: "bundle", place: Place::WithReferrers }.hold();
            }
        }
    )*};
}

interchangeable! {
    p256: Algorithm::EcdsaP256;
    p384: Algorithm::EcdsaP384;
    p521: Algorithm::EcdsaP521;
    ed25519: Algorithm::Ed25519;
    rsa2048: Algorithm::Rsa(2048);
    rsa4096: Algorithm::Rsa(4096);
}
