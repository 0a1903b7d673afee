//! Filter, search and proof, by mouse and by keyboard.

use serde_json::{Value, json};

use crate::driver::{ARROW_RIGHT, Browser, ENTER, SPACE, TAB};
use crate::pages::page;

fn opened() -> Browser {
    let browser = Browser::start();
    browser.open_text(&page().text);
    browser
}

/// The names of the images that are shown, in the table and among the proofs; the two say the same.
fn shown(browser: &Browser) -> Vec<String> {
    let both = browser.run(
        "const names = (selector, name) => [...document.querySelectorAll(selector)]
           .filter((element) => element.checkVisibility())
           .map((element) => element.querySelector(name).textContent.split('/').pop());
         return [names('table.glance tbody tr', 'a'), names('details.image', 'h3')]",
    );
    let names: [Vec<String>; 2] = serde_json::from_value(both).unwrap();
    assert_eq!(names[0], names[1]);
    names[0].clone()
}

fn said(browser: &Browser) -> Value {
    browser.run("return document.getElementById('shown').textContent")
}

#[test]
fn the_worst_comes_first_and_the_top_says_what_was_decided() {
    let browser = opened();
    assert_eq!(shown(&browser), ["unsigned", "missing", "hostile"]);
    let top = browser.run("return document.querySelector('header').innerText");
    let top = top.as_str().unwrap();
    for part in
        ["Denied", "2 of 3 images may not run.", "1 denied", "1 undecided", "1 allowed", "under 1 policy"]
    {
        assert!(top.contains(part), "{part}: {top}");
    }
    let cells = browser.run(
        "return [...document.querySelectorAll('table.glance tbody tr')].map(
           (row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText.replace(/\\s+/g, ' ')))",
    );
    let expected = json!([
        ["✗ denied", "✓ signed", "✗ missing"],
        ["? undecided", "? not known", "? not known"],
        ["✓ allowed", "✓ signed", "✓ signed"]
    ]);
    assert_eq!(cells, expected);
}

#[test]
fn the_filter_works_by_mouse() {
    let browser = opened();
    for (choice, names) in [("denied", "unsigned"), ("undecided", "missing"), ("allowed", "hostile")] {
        browser.find(&format!("input[value={choice}]")).click();
        assert_eq!(shown(&browser), [names]);
        assert_eq!(said(&browser), "1 of 3 shown");
    }
    browser.find("input[value=all]").click();
    assert_eq!(shown(&browser).len(), 3);
}

#[test]
fn the_search_finds_names_keys_and_claims_and_says_when_there_is_nothing() {
    let browser = opened();
    let find = browser.find("#find");
    find.type_text("UNSIGNED");
    assert_eq!(shown(&browser), ["unsigned"]);
    for (words, names) in [("onerror", vec!["hostile"]), ("shop signed-at", vec!["unsigned", "hostile"])] {
        browser.run("document.getElementById('find').value = ''");
        find.type_text(words);
        assert_eq!(shown(&browser), names, "{words}");
    }
    find.type_text(" nowhere");
    assert_eq!(shown(&browser), Vec::<String>::new());
    assert_eq!(browser.run("return document.getElementById('nothing').checkVisibility()"), true);
}

#[test]
fn everything_works_by_keyboard_alone() {
    let browser = opened();
    let focused = || browser.run("const it = document.activeElement; return it.value ?? it.textContent");
    browser.press(&[TAB]);
    assert_eq!(focused(), "Skip to the images");
    browser.press(&[TAB, ARROW_RIGHT]);
    assert_eq!(focused(), "denied");
    assert_eq!(shown(&browser), ["unsigned"]);
    browser.press(&[TAB]);
    assert_eq!(browser.run("return document.activeElement.id"), "find");
    browser.press(&["m", "i", "s", "s", "i", "n", "g"]);
    // Denied, and for want of the second signature.
    assert_eq!(shown(&browser), ["unsigned"]);
    // The table scrolls by keyboard; then come its links, and the proofs.
    browser.press(&[TAB]);
    assert_eq!(browser.run("return document.activeElement.getAttribute('role')"), "region");
    browser.press(&[TAB, ENTER]);
    assert_eq!(browser.run("return document.activeElement.tagName"), "SUMMARY");
    let open = || browser.run("return document.activeElement.parentElement.open");
    assert_eq!(open(), true);
    browser.press(&[SPACE]);
    assert_eq!(open(), false);
    browser.press(&[ENTER]);
    assert_eq!(open(), true);
}

#[test]
fn a_link_opens_a_proof_even_if_the_filter_hides_it() {
    let browser = opened();
    browser.find("details.good summary").click();
    assert_eq!(browser.run("return document.querySelector('details.good').open"), true);
    let text = browser.run("return document.querySelector('details.good').innerText");
    let digest = page().hostile.digest.to_string();
    for part in [digest.as_str(), "countersign.dev/scan-result", "legacy", "before this run"] {
        assert!(text.as_str().unwrap().contains(part), "{part}: {text}");
    }
    browser.find("input[value=denied]").click();
    browser.run("location.hash = document.querySelector('details.good').id");
    let opened = browser.run(
        "return new Promise((done) => setTimeout(() => {
           const it = document.querySelector('details.good'); done([it.open, it.checkVisibility()]) }, 100))",
    );
    assert_eq!(opened, json!([true, true]));
}

#[test]
fn all_proofs_open_and_close_at_once() {
    let browser = opened();
    let open = || browser.run("return document.querySelectorAll('details.image[open]').length");
    assert_eq!(open(), 2);
    let button = browser.find("#unfold");
    button.click();
    assert_eq!((open(), button.accessible_name().as_str()), (json!(3), "Close all"));
    button.click();
    assert_eq!(open(), 0);
}

#[test]
fn the_proofs_tell_why_and_where() {
    let browser = opened();
    let told = |image: &str| {
        let script = format!(
            "return [...document.querySelectorAll('details.image')].find(
               (it) => it.querySelector('h3').textContent.endsWith('{image}')).textContent"
        );
        browser.run(&script).as_str().unwrap().to_owned()
    };
    assert!(told("unsigned").contains("no signature by its key"), "{}", told("unsigned"));
    assert!(told("unsigned").contains(&page().unsigned.pinned()));
    assert!(told("unsigned").contains("pod.yaml:6"));
    assert!(told("missing").contains("not in the registry"), "{}", told("missing"));
    assert!(told("missing").contains(&page().missing.pinned()));
}
