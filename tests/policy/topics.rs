//! What the cases must cover, and the cases that do.

use crate::case::cases;

const TOPICS: [(&str, &[&str]); 41] = [
    (
        "AND over signers",
        &["both_signed", "only_build_signed", "only_validation_signed", "two_of_three_signed"],
    ),
    ("any key in a signer", &["second_key_of_a_signer", "both_keys_of_a_signer", "no_key_of_a_signer"]),
    (
        "rotation step by step",
        &[
            "rotating_build_1_new_key_beside_the_old",
            "rotating_build_2_new_image",
            "rotating_build_3_old_image_signed_again",
            "rotating_build_4_old_key_removed_too_early",
            "rotating_build_4_old_key_removed_before_validating_again",
            "rotating_build_5_validated_again",
            "rotating_validation_1_new_key_beside_the_old",
            "rotating_validation_2_validated_again",
            "rotating_validation_3_old_key_removed",
        ],
    ),
    (
        "the same key in two signers",
        &[
            "one_key_in_two_signers",
            "one_key_in_two_signers_from_two_sources",
            "one_key_spelled_out_and_referred_to",
        ],
    ),
    (
        "the same key in two spellings",
        &[
            "one_key_in_two_signers_in_two_spellings",
            "one_rsa_key_in_two_signers_in_two_containers",
            "revoked_key_in_another_spelling",
        ],
    ),
    (
        "all matching policies",
        &["two_policies_satisfied", "two_policies_one_not_satisfied", "two_policies_in_one_file"],
    ),
    ("Allow", &["allow", "allow_without_a_digest", "allow_satisfies_only_itself"]),
    ("Deny", &["deny", "deny_beats_signatures", "deny_beats_allow", "deny_without_a_digest"]),
    ("exclude", &["excluded_image_matches_nothing", "excluded_image_is_another_policys"]),
    ("no match in its three settings", &["no_match_is_denied", "no_match_warns", "no_match_is_allowed"]),
    ("not pinned", &["not_pinned", "no_match_without_a_digest", "digest_of_a_tag_and_digest"]),
    ("modes", &["warn_not_satisfied", "audit_not_satisfied", "deny_that_warns", "warn_beside_enforce"]),
    (
        "host boundaries",
        &[
            "pattern_host_is_not_a_prefix",
            "pattern_host_is_not_a_suffix",
            "pattern_subdomain_is_another_host",
        ],
    ),
    (
        "stars",
        &["pattern_star_does_not_cross", "pattern_two_stars_cross", "pattern_with_a_wildcard_in_the_host"],
    ),
    ("Docker Hub names", &["pattern_hub_short_name", "pattern_hub_old_host", "pattern_hub_one_star"]),
    (
        "ports",
        &["pattern_port_is_part_of_the_host", "pattern_with_a_port", "pattern_default_port_in_the_image"],
    ),
    ("a trailing dot", &["pattern_trailing_dot_in_the_image", "pattern_trailing_dot_in_the_pattern"]),
    ("case", &["pattern_upper_case_host_in_the_image", "pattern_upper_case_host_in_the_pattern"]),
    ("countersigns a rotated key", &["rotating_build_4_old_key_removed_before_validating_again"]),
    ("countersigns a key no longer trusted", &["countersigned_key_is_no_longer_trusted"]),
    ("countersigns itself", &["countersigns_itself", "countersigned_itself", "countersigns_in_a_circle"]),
    ("expired and warned", &["age_expired", "age_expired_and_let_pass", "age_in_the_last_fifth"]),
    (
        "future times",
        &["time_in_the_future", "time_a_little_in_the_future", "time_of_the_scan_in_the_future"],
    ),
    ("missing times", &["time_of_the_scan_missing", "time_of_the_signature_missing", "time_malformed"]),
    ("revoked digest and key", &["revoked_digest", "revoked_key", "revoked_key_was_countersigned"]),
    ("signed for another repository", &["signed_for_another_repository", "signed_for_no_pattern"]),
    (
        "the role validation under the build key",
        &["validation_role_under_the_build_key", "one_key_gives_both_roles"],
    ),
    ("a build signature made by cosign, without claims", &["build_signature_by_cosign"]),
    (
        "evidence in another repository",
        &["evidence_in_another_repository", "evidence_in_another_policys_place"],
    ),
    ("Warn and Audit undecided", &["warn_undecided", "audit_undecided"]),
    (
        "excluded and unknown namespaces",
        &["namespace_left_out", "namespace_not_left_out", "namespace_unknown"],
    ),
    ("a revoked key's extra signature", &["revoked_key_beside_a_good_one"]),
    (
        "unreachable with enough proof and without",
        &["unreachable_with_enough_proof", "unreachable_without_proof"],
    ),
    ("denied beside undecided", &["denied_beside_undecided", "undecided_beside_allowed"]),
    (
        "any one key of a Tanzu policy",
        &["tanzu_first_key_signed", "tanzu_second_key_signed", "tanzu_entries_that_both_match_add_up"],
    ),
    ("Tanzu's words", &["tanzu_nobody_signed", "tanzu_no_match_is_denied", "tanzu_namespace_left_out"]),
    (
        "images that no Tanzu pattern matches",
        &["tanzu_no_match_is_allowed_by_the_webhooks_setting", "tanzu_unmatched_setting_leaves_denials"],
    ),
    ("Tanzu's patterns", &["tanzu_pattern_any_tag", "tanzu_pattern_star_crosses", "tanzu_pattern_hub_short"]),
    ("objects out of a cluster", &["tanzu_as_kubectl_writes_it", "tanzu_old_group"]),
    (
        "policies of two dialects",
        &["tanzu_and_native_in_one_file", "tanzu_beside_a_native_policy_that_is_not_satisfied"],
    ),
    (
        "what a Tanzu policy cannot say",
        &["tanzu_unknown_field", "tanzu_key_that_is_not_there", "tanzu_entry_without_keys"],
    ),
];

#[test]
fn every_topic_has_its_cases() {
    let cases = cases();
    for (topic, names) in TOPICS {
        assert!(!names.is_empty(), "{topic}");
        for name in names {
            assert!(cases.contains_key(*name), "{topic}: {name}");
        }
    }
}
