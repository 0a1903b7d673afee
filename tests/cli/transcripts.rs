//! Transcripts: commands and what they print, in a copy of `transcripts/fixture`. What differs from run to run is
//! written `[..]`. `TRYCMD=overwrite` writes them anew; read the difference before it is committed.

#[test]
fn commands_print_what_the_transcripts_say() {
    trycmd::TestCases::new()
        .register_bin("countersign", std::path::Path::new(env!("CARGO_BIN_EXE_countersign")))
        // Nobody's own settings.
        .env("HOME", "/nonexistent")
        .env("COSIGN_REPOSITORY", "")
        .case("tests/cli/transcripts/*.trycmd");
}
