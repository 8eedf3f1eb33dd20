// Copies what is shown once, and keeps the live part of a page fresh. Every page works without this.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  if (!field || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
(() => {
  const every = 2000;
  const live = () => document.getElementById("live");
  const refresh = async () => {
    const part = live();
    // Nobody's half-written answer is taken away from under their hands.
    if (!part || document.hidden || part.contains(document.activeElement)) return;
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
      part.replaceWith(document.adoptNode(fresh));
    }
  };
  const again = () => refresh().catch(() => {}).finally(() => setTimeout(again, every));
  if (live()) setTimeout(again, every);
})();
