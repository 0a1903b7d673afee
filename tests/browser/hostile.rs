//! Hostile text stays text.

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::pages::{HOSTILE, LONG, MANIFEST, page};

fn opened() -> Browser {
    let browser = Browser::start();
    browser.open_text(&page().text);
    browser
}

#[test]
fn hostile_claims_are_shown_as_they_are_and_become_nothing_else() {
    let browser = opened();
    let claims = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('.claims dt')].map(
           (name) => [name.textContent, name.nextElementSibling.textContent]))",
    );
    for (name, _, shown) in HOSTILE {
        assert_eq!(claims[name], shown, "{name}");
    }
    let cut = format!("{} \u{2026} {} more characters, see the JSON", "x".repeat(512), LONG - 512);
    assert_eq!(claims["long"], cut);
    assert_eq!(browser.run("return typeof window.hostile"), "undefined");
    let elements = browser.run(
        "return ['script', 'style', 'img', 'iframe', 'base', 'svg [onload]', '[onerror]', 'body *:not(svg) > rect']
           .map((selector) => document.querySelectorAll(selector).length)",
    );
    assert_eq!(elements, json!([1, 1, 0, 0, 0, 0, 0, 0]));
    let inner = browser.run(
        "return [...document.querySelectorAll('.claims dd, .scan tbody *')].filter(
           (it) => it.matches('dd, th, td') && it.querySelector(':not(small)')).length",
    );
    assert_eq!(inner, 0);
    let object = browser.run("return document.querySelector('.facts li').textContent");
    assert!(object.as_str().unwrap().contains("Pod <script>window.hostile=4</script>"), "{object}");
    assert!(object.as_str().unwrap().contains(MANIFEST), "{object}");
    let finding = browser
        .run("return [...document.querySelectorAll('.scan tbody tr > *')].map((it) => it.textContent)");
    let text = |number: u8| format!("<img src=x onerror='window.hostile={number}'>");
    assert_eq!(finding, json!([text(5), "low", text(6), text(7), text(8)]));
}

#[test]
fn nothing_is_asked_of_anybody_and_nothing_is_complained_of() {
    let browser = Browser::start();
    // What the browser's own first page asks for is not of interest.
    browser.open("about:blank");
    browser.log("performance");
    let url = browser.open_text(&page().text);
    assert_eq!(
        browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)"),
        json!([])
    );
    let requests: Vec<String> = browser
        .log("performance")
        .iter()
        .map(|entry| serde_json::from_str::<Value>(entry["message"].as_str().unwrap()).unwrap())
        .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
        .map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(requests, [url]);
    assert_eq!(browser.log("browser"), Vec::<Value>::new());
}

#[test]
fn only_the_pages_own_script_and_style_run() {
    let browser = opened();
    browser.run(
        "window.violations = [];
         addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
         const add = (tag, text) => {
           const element = document.createElement(tag);
           element.textContent = text;
           document.body.append(element);
         };
         add('script', 'window.injected = 1');
         add('style', 'body { display: none }');
         const button = document.createElement('button');
         button.setAttribute('onclick', 'window.injected = 2');
         document.body.append(button);
         button.click();
         document.body.setAttribute('style', 'visibility: hidden');
         const image = new Image();
         image.src = 'https://example.org/x.png';
         document.body.append(image);",
    );
    let seen = browser.run(
        "return [typeof window.injected, getComputedStyle(document.body).display,
                 getComputedStyle(document.body).visibility]",
    );
    assert_eq!(seen, json!(["undefined", "block", "visible"]));
    let violations = browser.run("return [...new Set(violations)].sort()");
    assert_eq!(
        violations,
        json!(["img-src", "script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem"])
    );
}
