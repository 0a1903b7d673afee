//! Our binary as people run it: arguments in; exit code, standard output and standard error out.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::temp::TempFolder;

/// A command that runs longer than this has hung: the product's own limit is 60 s.
const PATIENCE: Duration = Duration::from_secs(180);

/// A command line to be run in a clean environment: a home of its own, no proxies, no colours.
#[derive(Debug, Clone)]
pub struct Countersign {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
    home: Arc<TempFolder>,
}

/// What a command ended with.
#[derive(Debug, Clone)]
pub struct Run {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A command that is running.
#[derive(Debug)]
pub struct Running {
    child: Child,
    command: String,
    output: TempFolder,
    _home: Arc<TempFolder>,
}

impl Countersign {
    /// Our binary, as built for this test run.
    pub fn new() -> Self {
        Self::program(env!("CARGO_BIN_EXE_countersign"))
    }

    /// Another program in the same clean environment.
    pub fn program(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            input: None,
            home: Arc::new(TempFolder::new()),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// What it reads from standard input; without this, that is empty.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Its home folder, which is also its working folder.
    pub fn home(&self) -> &TempFolder {
        &self.home
    }

    /// Writes `~/.docker/config.json` with a user and password for `host`.
    #[must_use]
    pub fn login(self, host: &str, user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let config = serde_json::json!({"auths": {host: {"auth": auth}}});
        self.home.write(".docker/config.json", config.to_string());
        self
    }

    /// Starts it.
    pub fn spawn(&self) -> Running {
        let output = TempFolder::new();
        // Files and not pipes: a full pipe would stop the child while another one is waited for.
        let input = match &self.input {
            Some(bytes) => Stdio::from(File::open(output.write("in", bytes)).unwrap()),
            None => Stdio::null(),
        };
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .envs(self.environment.iter().cloned())
            .current_dir(self.home.path())
            .stdin(input)
            .stdout(File::create(output.join("out")).unwrap())
            .stderr(File::create(output.join("err")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()));
        Running { child, command: format!("{:?}", self.arguments), output, _home: self.home.clone() }
    }

    /// Runs it to its end.
    pub fn run(&self) -> Run {
        self.spawn().wait()
    }
}

/// Starts all at once and waits for each.
pub fn run_together(commands: &[Countersign]) -> Vec<Run> {
    let running: Vec<Running> = commands.iter().map(Countersign::spawn).collect();
    running.into_iter().map(Running::wait).collect()
}

impl Running {
    /// Waits for its end.
    pub fn wait(mut self) -> Run {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "{} hangs: {:?}", self.command, self.read("err"));
            std::thread::sleep(Duration::from_millis(5));
        };
        Run { code: status.code().unwrap_or(-1), stdout: self.read("out"), stderr: self.read("err") }
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.output.join(name)).unwrap()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Both outputs, for looking for a sentence or for a secret in them.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Demands an exit code, showing everything if it is another one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
    /// Demands any other exit code, showing everything if it is this one.
    #[track_caller]
    pub fn expect_not_code(self, code: i32) -> Self {
        assert_ne!(self.code, code, "{self:#?}");
        self
    }
}
