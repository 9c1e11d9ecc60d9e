
"use strict";
// Choosing a suggestion lights its evidence; choosing words lights the first suggestion on them.
for (const article of document.querySelectorAll("article")) {
  const picks = [...article.querySelectorAll("[data-evidence]")];
  const marks = [...article.querySelectorAll("[data-m]")];
  const keys = (list) => (list ? list.split(" ") : []);
  const choose = (pick) => {
    const wanted = new Set(pick ? keys(pick.dataset.evidence) : []);
    for (const other of picks) other.setAttribute("aria-pressed", String(other === pick));
    for (const mark of marks) mark.classList.toggle("lit", keys(mark.dataset.m).some((k) => wanted.has(k)));
    article.classList.toggle("chosen", Boolean(pick));
  };
  for (const pick of picks) {
    pick.addEventListener("click", () => {
      const again = pick.getAttribute("aria-pressed") === "true";
      choose(again ? null : pick);
      const lit = article.querySelector(".lit");
      if (lit) lit.scrollIntoView({ block: "nearest" });
    });
  }
  for (const mark of marks) {
    mark.addEventListener("click", () => {
      const pick = keys(mark.dataset.m)
        .map((own) => picks.find((p) => keys(p.dataset.evidence).includes(own))).find(Boolean);
      if (!pick) return;
      const fold = pick.closest("aside > details");
      if (fold) fold.open = true;
      choose(pick);
      pick.scrollIntoView({ block: "nearest" });
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") choose(null); });
}
// Paper has nothing to click: open what is folded, and fold it again afterwards.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("aside > details:not([open])")];
  for (const fold of opened) fold.open = true;
});
addEventListener("afterprint", () => { for (const fold of opened) fold.open = false; });
