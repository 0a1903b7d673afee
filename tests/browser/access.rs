//! What a screen reader has to go by.

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::pages::{mixed, page};

fn opened() -> Browser {
    let browser = Browser::start();
    browser.open_text(&page().text);
    browser
}

#[test]
fn controls_and_tables_have_roles_and_names() {
    let browser = opened();
    for (selector, role, name) in [
        ("#find", "searchbox", "Search"),
        ("input[value=denied]", "radio", "denied 1"),
        ("#tools fieldset", "group", "Show"),
        ("#unfold", "button", "Open all"),
        (".scroll", "region", "At a glance"),
        ("#shown", "status", ""),
        ("h1", "heading", "Denied"),
        ("main", "main", ""),
        ("body > header", "banner", ""),
        ("footer", "contentinfo", ""),
    ] {
        let element = browser.find(selector);
        assert_eq!((element.role().as_str(), element.accessible_name().as_str()), (role, name), "{selector}");
    }
    let table = browser.find("table.glance");
    assert!(table.accessible_name().starts_with("Every image"), "{}", table.accessible_name());
    let unnamed = browser.run("return document.querySelectorAll('th:not([scope])').length");
    assert_eq!(unnamed, 0);
    assert_eq!(browser.run("return document.documentElement.lang"), "en");
}

#[test]
fn what_scrolls_can_be_reached_and_has_a_name_of_its_own() {
    let browser = opened();
    browser.find("#unfold").click();
    let scrollers = browser.run(
        "return [...document.querySelectorAll('.scroll')].map((it) => [it.tabIndex,
           it.getAttribute('aria-label') ?? document.getElementById(it.getAttribute('aria-labelledby')).textContent])",
    );
    let expected =
        json!([[0, "At a glance"], [0, "Findings in hostile, linux/amd64"], [0, "Policies of this run"]]);
    assert_eq!(scrollers, expected);
    // Its words say what it does next; a state beside them would say the opposite.
    assert_eq!(browser.run("return document.getElementById('unfold').hasAttribute('aria-pressed')"), false);
}

#[test]
fn the_chosen_filter_is_seen_in_forced_colours() {
    let browser = opened();
    let features = json!({"features": [{"name": "forced-colors", "value": "active"}]});
    browser.chromium("Emulation.setEmulatedMedia", features);
    assert_eq!(browser.run("return matchMedia('(forced-colors: active)').matches"), true);
    let colours = browser.run(
        "return ['checked', 'not(:checked)'].map((state) =>
           getComputedStyle(document.querySelector(`.choice input:${state} + span`)).backgroundColor)",
    );
    assert_ne!(colours[0], colours[1]);
}

#[test]
fn every_policy_and_every_decision_says_in_words_what_it_is() {
    let browser = Browser::start();
    browser.open_text(mixed());
    let cells = browser.run(
        "return [...document.querySelectorAll('table.glance tbody tr')].map(
           (row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim()))",
    );
    let (dash, lacks, signed) = ("\u{2013} not asked", "\u{2717} missing", "\u{2713} signed");
    let expected = json!([
        ["\u{2717} denied", dash, dash, signed, lacks, lacks],
        ["\u{2717} denied", "\u{2717} denied", dash, dash, dash],
        ["\u{2717} denied: no policy", dash, dash, dash, dash],
        ["\u{2713} allowed", dash, signed, "\u{2013} not needed", dash, dash],
    ]);
    assert_eq!(cells, expected);
    let policies =
        browser.run("return [...document.querySelectorAll('th.policy')].map((it) => it.textContent)");
    assert_eq!(policies, json!(["forbidden", "image-policy", "production", "watch (warns)"]));
}

#[test]
fn headings_go_down_one_at_a_time() {
    let browser = opened();
    let levels = browser.run(
        "return [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((it) => Number(it.tagName[1]))",
    );
    let levels: Vec<u8> = serde_json::from_value(levels).unwrap();
    assert_eq!(levels[0], 1);
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
}

#[test]
fn what_is_proved_is_in_the_accessibility_tree_and_marks_are_not() {
    let browser = opened();
    browser.find("#unfold").click();
    let tree = browser.chromium("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let names = |role: &str| -> Vec<&str> {
        let fit = nodes.iter().filter(|node| node["role"]["value"] == role && node["ignored"] != true);
        fit.filter_map(|node| node["name"]["value"].as_str()).collect()
    };
    assert!(names("StaticText").contains(&page().hostile.digest.to_string().as_str()));
    for mark in ["✓", "✗", "?"] {
        assert!(!names("StaticText").contains(&mark), "{mark}");
    }
    assert!(names("rowheader").iter().any(|name| name.contains("unsigned")), "{:?}", names("rowheader"));
    for name in ["Image", "Decision", "build", "validation"] {
        assert!(names("columnheader").contains(&name), "{:?}", names("columnheader"));
    }
}

/// Texts whose contrast with what is behind them is below what WCAG 2.2 asks for at level AA (1.4.3).
const FAINT: &str = r"
  const channels = (colour) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (channels(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const seen = new Map();
  const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  for (const element of texts) {
    const style = getComputedStyle(element);
    const [one, other] = [luminance(style.color), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    if (ratio < least) seen.set(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`, element.textContent.slice(0, 40));
  }
  return [texts.length, Object.fromEntries(seen)];";

#[test]
fn every_text_stands_out_in_both_themes() {
    let browser = opened();
    browser.find("#unfold").click();
    for theme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        browser.chromium("Emulation.setEmulatedMedia", features);
        let found = browser.run(FAINT);
        assert!(found[0].as_u64().unwrap() > 60, "{found}");
        assert_eq!(found[1], json!({}), "{theme}");
    }
}

#[test]
fn the_focus_can_be_seen() {
    let browser = opened();
    for selector in ["table.glance a", "summary", "#find", "#unfold", ".skip"] {
        let outline = browser.run(&format!(
            "const it = document.querySelector('{selector}'); it.focus({{ focusVisible: true }});
             const style = getComputedStyle(it); return [style.outlineStyle, style.outlineWidth]"
        ));
        assert_eq!(outline, json!(["solid", "3px"]), "{selector}");
    }
    let chosen: Value = browser.run(
        "const it = document.querySelector('input[value=denied]'); it.focus({ focusVisible: true });
         return getComputedStyle(it.nextElementSibling).outlineStyle",
    );
    assert_eq!(chosen, "solid");
}
