//! Themes, small windows and paper.

use serde_json::json;

use crate::driver::Browser;
use crate::pages::page;

fn opened() -> Browser {
    let browser = Browser::start();
    browser.open_text(&page().text);
    browser
}

#[test]
fn the_page_follows_the_readers_theme() {
    let browser = opened();
    let mut papers = Vec::new();
    for theme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        browser.chromium("Emulation.setEmulatedMedia", features);
        papers.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
    }
    assert_eq!(papers, [json!("rgb(247, 247, 245)"), json!("rgb(18, 21, 24)")]);
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_window() {
    let browser = opened();
    let phone = json!({"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true});
    browser.chromium("Emulation.setDeviceMetricsOverride", phone);
    browser.find("#unfold").click();
    let widths = browser.run("return [innerWidth, document.documentElement.scrollWidth]");
    assert_eq!(widths, json!([360, 360]));
}

#[test]
fn on_paper_every_proof_is_open_and_then_as_it_was() {
    let browser = opened();
    browser.run(
        "window.atPrint = null;
         addEventListener('beforeprint', () => {
           atPrint = [...document.querySelectorAll('details.image')].every((it) => it.open) })",
    );
    let pdf = browser.chromium("Page.printToPDF", json!({"printBackground": true}));
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi0"), "no PDF");
    assert_eq!(browser.run("return atPrint"), true);
    let after = browser.run("return document.querySelectorAll('details.image[open]').length");
    assert_eq!(after, 2);
    // Without the script, too.
    browser.chromium("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let seen = browser.run("return [...document.querySelectorAll('.body')].every((it) => it.checkVisibility({ contentVisibilityAuto: true }) && it.offsetHeight > 0)");
    assert_eq!(seen, true);
}
