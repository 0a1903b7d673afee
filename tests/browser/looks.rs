//! Themes, small windows and paper.

use serde_json::json;

use crate::driver::Browser;
use crate::pages::{mixed, page};

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

#[test]
fn on_paper_an_image_has_room_beside_six_signers() {
    let browser = Browser::start();
    browser.open_text(mixed());
    assert_eq!(browser.run("return document.querySelectorAll('thead tr:last-child th').length"), 6 + 3);
    let paper = json!({"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": false});
    browser.chromium("Emulation.setDeviceMetricsOverride", paper);
    browser.chromium("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let widths = browser.run(
        "const width = (it) => document.querySelector(it).getBoundingClientRect().width;
         return [width('.glance tbody th'), width('table.glance')]",
    );
    let [image, table]: [f64; 2] = serde_json::from_value(widths).unwrap();
    assert!(image >= 180.0 && table <= 718.0, "{image} {table}");
}

#[test]
fn a_mark_and_its_words_stand_in_one_line() {
    let browser = Browser::start();
    browser.open_text(mixed());
    let narrow = json!({"width": 600, "height": 900, "deviceScaleFactor": 1, "mobile": false});
    browser.chromium("Emulation.setDeviceMetricsOverride", narrow);
    let heights = browser.run(
        "const range = document.createRange();
         return [...document.querySelectorAll('.glance td')].map((cell) => {
           range.selectNodeContents(cell); return range.getBoundingClientRect().height })",
    );
    let heights: Vec<f64> = serde_json::from_value(heights).unwrap();
    assert!(heights.len() > 20 && heights.iter().all(|height| *height < 40.0), "{heights:?}");
}
