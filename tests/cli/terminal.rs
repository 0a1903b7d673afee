//! What a terminal gets, and what everything else gets.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::cli::Countersign;
use crate::world::World;

/// Turns a terminal red, and the reading direction round.
const HOSTILE: &str = "\u{1b}[31mred\u{202e}dex\u{9b}2J";

/// `script` with a line to run on a pseudo terminal.
fn script(world: &World, line: &str) -> Vec<String> {
    let home = world.home().path().display();
    let command = format!("cd '{home}' && exec {} {line}", env!("CARGO_BIN_EXE_countersign"));
    ["-qec", &command, "/dev/null"].map(str::to_owned).to_vec()
}

/// Runs a line on a pseudo terminal; what the terminal was sent.
fn on_a_terminal(world: &World, line: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Countersign::program("script").args(script(world, line));
    for (name, value) in variables {
        command = command.env(name, value);
    }
    command.run().stdout
}

/// Waits until the terminal of the only child of `parent` shows nothing that is typed.
fn until_nothing_is_echoed(parent: u32) {
    for _ in 0..1_000 {
        let child = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        let terminal = std::fs::read_link(format!("/proc/{}/fd/0", child.trim()));
        let settings = terminal.map(|path| Command::new("stty").arg("-aF").arg(path).output().unwrap());
        if settings.is_ok_and(|shown| String::from_utf8_lossy(&shown.stdout).contains("-echo ")) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the terminal goes on showing what is typed");
}

#[test]
fn colours_are_for_terminals_and_people_who_want_them() {
    let world = World::new();
    let line = "verify oci:app:1.0 --key build.pub";
    let shown = on_a_terminal(&world, line, &[]);
    assert!(shown.contains("\u{1b}[31mdenied\u{1b}[0m"), "{shown:?}");
    let shown = on_a_terminal(&world, line, &[("NO_COLOR", "1")]);
    assert!(shown.contains("denied") && !shown.contains('\u{1b}'), "{shown:?}");
    let shown = on_a_terminal(&world, line, &[("NO_COLOR", "")]);
    assert!(shown.contains('\u{1b}'), "{shown:?}");
    let run = world.run(line);
    assert!(run.stdout.contains("denied") && !run.all().contains('\u{1b}'), "{run:?}");
}

#[test]
fn a_copy_says_how_far_it_is_on_a_terminal_only() {
    let world = World::new();
    let shown = on_a_terminal(&world, "copy oci:app:1.0 oci:elsewhere:1.0", &[]);
    assert!(shown.contains("\r\u{1b}[K"), "{shown:?}");
    let run = world.run("copy oci:app:1.0 oci:another:1.0").expect_code(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let world = World::new();
    let mut running = Command::new("script")
        .args(script(&world, "sign oci:app:1.0 --allow-tag --key encrypted.key"))
        .env_remove("COUNTERSIGN_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until_nothing_is_echoed(running.id());
    running.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let shown = String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap();
    assert!(shown.contains("encrypted.key") && shown.contains("signed"), "{shown:?}");
    assert!(!shown.contains("horse"), "{shown:?}");
}

#[test]
fn claims_are_escaped_wherever_they_are_shown() {
    let world = World::new();
    let sign = |more: &str| {
        world.command(&format!("sign APP --key build.key {more}")).args(["-a", &format!("stage={HOSTILE}")])
    };
    for line in ["verify APP --key build.pub", "inspect APP"] {
        sign("").run().expect_code(0);
        let text = world.run(line).expect_code(0);
        assert!(text.stdout.contains("stage = \\u{1b}[31mred\\u{202e}dex\\u{9b}2J"), "{text:?}");
        let json = world.run(&format!("{line} --output json")).expect_code(0);
        for run in [&text, &json] {
            assert!(!run.all().contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{run:?}");
        }
        // A program gets the claim as it was signed.
        assert!(json.json().to_string().contains(&serde_json::to_string(HOSTILE).unwrap()), "{json:?}");
    }
    assert!(!sign("--output json").run().expect_code(0).all().contains('\u{1b}'));
    let unmet = world
        .command("verify APP --key build.pub")
        .args(["-a", &format!("x={HOSTILE}")])
        .run()
        .expect_code(1);
    assert!(unmet.stdout.contains("not with x=\\u{1b}[31m") && !unmet.all().contains('\u{1b}'), "{unmet:?}");
}

#[test]
fn an_output_that_nobody_reads_is_an_error_and_no_panic() {
    let world = World::new();
    for line in
        ["inspect oci:app:1.0", "inspect oci:app:1.0 --output json", "verify APP --key nowhere --output json"]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(line.replace("APP", crate::world::APP).split_whitespace())
            .current_dir(world.home().path())
            .stdout(writer)
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(matches!(ended.status.code(), Some(2 | 3)), "{line}: {ended:?}", ended = ended.status);
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{line}: {said}");
    }
}

#[test]
fn the_log_is_on_standard_error_in_the_form_asked_for() {
    let world = World::new();
    // Nobody listens on that port.
    let run = world.run("inspect localhost:1/shop/app:1.0 -v --log-format json --timeout 30s --output json");
    let run = run.expect_code(3);
    run.json();
    let log: Vec<_> = run.stderr.lines().filter(|line| line.starts_with('{')).collect();
    assert!(log.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{run:?}");
}
