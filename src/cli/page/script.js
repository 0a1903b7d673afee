"use strict";
// Filter, search, and what opens by itself. Nothing is read from outside and no markup is made.
(() => {
  const byId = (id) => document.getElementById(id);
  const cards = [...document.querySelectorAll("details.image")].map((card) => ({
    card,
    row: document.querySelector(`tr[data-image="${card.id}"]`),
    verdict: card.dataset.verdict,
    text: null,
  }));
  const tools = byId("tools"), find = byId("find"), shown = byId("shown"), unfold = byId("unfold");

  const matches = (entry, verdict, words) => {
    if (verdict !== "all" && entry.verdict !== verdict) return false;
    entry.text ??= `${entry.row.textContent} ${entry.card.textContent}`.toLowerCase();
    return words.every((word) => entry.text.includes(word));
  };

  const update = () => {
    const verdict = tools.querySelector("input[name=show]:checked").value;
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of cards) {
      const fits = matches(entry, verdict, words);
      entry.card.hidden = entry.row.hidden = !fits;
      count += fits;
    }
    byId("nothing").hidden = count > 0;
    shown.textContent = `${count} of ${cards.length} shown`;
  };

  let every = false;
  const open = (all) => {
    for (const { card } of cards) card.open = all;
  };

  // A link leads to an image: its proof opens, and whatever filter hid it gives way.
  const follow = () => {
    const entry = cards.find(({ card }) => `#${card.id}` === location.hash);
    if (!entry) return;
    if (entry.card.hidden) {
      tools.reset();
      update();
    }
    entry.card.open = true;
    entry.card.scrollIntoView();
    entry.card.querySelector("summary").focus({ preventScroll: true });
  };

  tools.addEventListener("input", update);
  tools.addEventListener("submit", (event) => event.preventDefault());
  unfold.addEventListener("click", () => {
    every = !every;
    unfold.textContent = every ? "Close all" : "Open all";
    open(every);
  });
  addEventListener("hashchange", follow);
  document.querySelector("table.glance").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && link.hash === location.hash) follow();
  });

  // What is closed would be missing on paper.
  let before = null;
  addEventListener("beforeprint", () => {
    before ??= cards.map(({ card }) => card.open);
    open(true);
  });
  addEventListener("afterprint", () => {
    before?.forEach((was, at) => { cards[at].card.open = was; });
    before = null;
  });

  tools.hidden = unfold.hidden = false;
  update();
  follow();
})();
