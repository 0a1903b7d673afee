//! A headless Chromium, driven through chromedriver: the W3C's WebDriver over HTTP, and the parts of Chromium's own
//! protocol that it passes on.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::support::peers::{free_port, tool};
use crate::support::registry::runtime;
use crate::support::temp::TempFolder;

/// How long chromedriver may take to listen, and any command to be done.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a page may take to load, and a script to end, in milliseconds.
const PAGE_LIMIT: u64 = 20_000;
/// The key of an element's reference (WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const SPACE: &str = " ";
pub(crate) const ARROW_RIGHT: &str = "\u{e014}";

/// A browser with one window; it ends with its owner.
pub(crate) struct Browser {
    driver: Child,
    host: String,
    session: String,
    /// The browser's process, which the driver does not end with itself.
    browser_process: Option<u64>,
    /// Profile and logs.
    folder: TempFolder,
    runtime: Runtime,
}

/// An element of the page.
pub(crate) struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let folder = TempFolder::new();
        let port = free_port();
        let log = File::create(folder.join("log")).unwrap();
        let driver = Command::new(tool("chromedriver"))
            .arg(format!("--port={port}"))
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut browser = Self {
            driver,
            host: format!("127.0.0.1:{port}"),
            session: String::new(),
            browser_process: None,
            folder,
            runtime: runtime(),
        };
        browser.wait();
        let made = browser.new_session();
        browser.browser_process = made["capabilities"]["goog:processID"].as_u64();
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.try_ask("GET", "/status", &Value::Null).is_err() {
            assert!(self.driver.try_wait().unwrap().is_none(), "chromedriver ended: {}", self.log_file());
            assert!(Instant::now() < deadline, "chromedriver does not listen: {}", self.log_file());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log_file(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn new_session(&self) -> Value {
        let profile = format!("--user-data-dir={}", self.folder.join("profile").display());
        // Containers and CI run this as root, where Chromium's sandbox cannot be had; the page is our own.
        let args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "timeouts": {"pageLoad": PAGE_LIMIT, "script": PAGE_LIMIT, "implicit": 0},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": tool("chromium"), "args": args},
        }}});
        self.ask("POST", "/session", &capabilities)
    }

    /// A command; its value. An error of the driver's fails the test.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.try_ask(method, path, body).unwrap();
        let error = reply["value"]["error"].as_str();
        assert!(error.is_none(), "{method} {path}: {reply:#}");
        reply["value"].clone()
    }

    /// One request on a connection of its own; chromedriver speaks HTTP/1.1 only.
    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        // Only what is posted has a body; chromedriver refuses others that have one.
        let body = if method == "POST" { Bytes::from(body.to_string()) } else { Bytes::new() };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", &self.host)
            .header("Content-Type", "application/json")
            .body(Full::new(body))?;
        self.runtime.block_on(async {
            let answer = async {
                let stream = TcpStream::connect(&self.host).await?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                let body = sender.send_request(request).await?.into_body().collect().await?;
                Ok(serde_json::from_slice(&body.to_bytes())?)
            };
            tokio::time::timeout(PATIENCE, answer).await?
        })
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// Opens a page, and waits until it has loaded.
    pub(crate) fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    /// Writes a page into a file and opens that; its address.
    pub(crate) fn open_text(&self, page: &str) -> String {
        let url = format!("file://{}", self.folder.write("page.html", page).display());
        self.open(&url);
        url
    }

    /// Runs a script in the page, the body of a function; what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// A command of Chromium's own protocol.
    pub(crate) fn chromium(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// What was logged since the last call: `browser` for the console, `performance` for what went over the network.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.command("se/log", &json!({ "type": kind })).as_array().unwrap().clone()
    }

    /// The one element of that selector.
    pub(crate) fn find(&self, selector: &str) -> Element<'_> {
        let found = self.command("element", &json!({"using": "css selector", "value": selector}));
        Element { browser: self, id: found[ELEMENT].as_str().unwrap().to_owned() }
    }

    /// Types at whatever has the focus.
    pub(crate) fn press(&self, keys: &[&str]) {
        let each = keys.iter().flat_map(|key| [("keyDown", key), ("keyUp", key)]);
        let actions: Vec<Value> = each.map(|(kind, key)| json!({"type": kind, "value": key})).collect();
        self.command("actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
    }
}

impl Element<'_> {
    pub(crate) fn click(&self) {
        self.browser.command(&format!("element/{}/click", self.id), &json!({}));
    }

    /// Types into it.
    pub(crate) fn type_text(&self, text: &str) {
        self.browser.command(&format!("element/{}/value", self.id), &json!({ "text": text }));
    }

    /// What a screen reader calls it.
    pub(crate) fn accessible_name(&self) -> String {
        self.ask("computedlabel")
    }

    /// What a screen reader says that it is.
    pub(crate) fn role(&self) -> String {
        self.ask("computedrole")
    }

    fn ask(&self, what: &str) -> String {
        let path = format!("/session/{}/element/{}/{what}", self.browser.session, self.id);
        self.browser.ask("GET", &path, &Value::Null).as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser. The driver does not take it along when it is killed.
        let path = format!("/session/{}", self.session);
        let ended = self.try_ask("DELETE", &path, &Value::Null);
        if let (Err(_), Some(browser)) = (ended, self.browser_process) {
            let _ = Command::new("kill").arg(browser.to_string()).status();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
