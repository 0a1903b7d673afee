//! What must never happen: a module for each of the nine lines of product.md's section of that name, with what would
//! break it first. Other groups prove most of them more widely; here they are shown from end to end.

mod line1_signed_only_what_was_named;
mod line2_no_signature_is_lost;
mod line3_no_other_statement_is_a_signature;
mod line4_two_keys_and_no_hints;
mod line5_unreachable_is_no_answer;
mod line6_what_is_checked_is_deployed;
mod line7_no_secret_gets_out;
mod line8_nothing_is_never_allowed;
mod line9_other_repositories_times_and_scans;
