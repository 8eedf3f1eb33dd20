// Helps while a policy is written: what is wrong with it, and what may stand at the cursor. The page
// works without this: the button below the text says the same.
"use strict";
(() => {
  const editor = document.getElementById("editor");
  if (!editor) return;
  const form = editor.form;
  document.getElementById("editor-help").hidden = false;
  const box = editor.parentElement;
  const numbers = box.querySelector("pre");
  const restMs = 400;
  const restOffersMs = 120;

  const make = (tag, attributes, parent) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent?.append(made);
    return made;
  };

  const ask = async (what, more, signal) => {
    const body = new URLSearchParams({ csrf: form.elements.csrf.value, text: editor.value, ...more });
    const answer = await fetch(`/console/policy/${what}`, {
      method: "POST", body, signal, credentials: "same-origin", redirect: "error",
    });
    return answer.ok ? answer.json() : null;
  };

  // What is wrong.
  const report = make("div", { class: "report" });
  box.after(report);
  const says = make("p", { role: "status", "aria-live": "polite", class: "soft" }, report);
  const list = make("ul", { "aria-label": "Problems in the text" }, report);

  const go = (at) => {
    editor.focus();
    editor.setSelectionRange(at, at);
    const line = editor.value.slice(0, at).split("\n").length;
    box.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(editor).lineHeight));
  };

  const count = () => {
    const lines = editor.value.split("\n").length;
    if (Number(editor.rows) === lines + 1) return;
    editor.rows = lines + 1;
    numbers.textContent = Array.from({ length: lines }, (_, index) => index + 1).join("\n");
  };

  let asked = null;
  const lint = async () => {
    asked?.abort();
    asked = new AbortController();
    const found = await ask("lint", {}, asked.signal);
    if (!found) {
      says.textContent = "The text could not be checked.";
      return;
    }
    const all = [...found.problems, ...found.warnings];
    list.replaceChildren();
    for (const one of all) {
      const item = make("li", { class: found.problems.includes(one) ? "bad-word" : "warn" }, list);
      const button = make("button", { type: "button", class: "second" }, item);
      button.textContent = `Line ${one.line}, column ${one.column}`;
      button.addEventListener("click", () => go(one.at));
      make("span", {}, item).textContent = ` ${one.message} `;
      if (one.pointer) make("code", {}, item).textContent = one.pointer;
    }
    const some = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
    const said = found.count ? `${some(found.count, "problem")}, the first in line ${found.problems[0].line}.`
      : found.warnings.length ? `No problem, ${some(found.warnings.length, "warning")}.` : "No problem.";
    // The same sentence again is no news.
    if (says.textContent !== said) says.textContent = said;
  };
  let resting = 0;
  const lintSoon = () => {
    clearTimeout(resting);
    resting = setTimeout(() => lint().catch(() => {}), restMs);
  };

  // What may stand at the cursor.
  const offers = make("ul", { id: "offers", class: "offers", role: "listbox", "aria-label": "What may stand here", hidden: "" });
  box.after(offers);
  editor.setAttribute("aria-autocomplete", "list");
  editor.setAttribute("aria-haspopup", "listbox");
  editor.setAttribute("aria-controls", "offers");
  const hint = make("p", { role: "status", "aria-live": "polite", class: "unseen" });
  box.after(hint);
  let shown = null;
  let chosen = 0;
  let question = null;

  const close = () => {
    question?.abort();
    shown = null;
    offers.hidden = true;
    editor.removeAttribute("aria-activedescendant");
  };

  const mark = (index) => {
    chosen = (index + shown.offers.length) % shown.offers.length;
    [...offers.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === chosen)));
    const option = offers.children[chosen];
    editor.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const place = () => {
    const style = getComputedStyle(editor);
    const before = editor.value.slice(0, shown.from).split("\n");
    const letter = make("span", { class: "letter" }, box);
    letter.textContent = "0".repeat(20);
    const width = letter.getBoundingClientRect().width / 20;
    letter.remove();
    const top = box.offsetTop - box.scrollTop + editor.offsetTop - box.offsetTop + parseFloat(style.paddingTop)
      + before.length * parseFloat(style.lineHeight);
    const left = editor.offsetLeft + parseFloat(style.paddingLeft) + before.at(-1).length * width - editor.scrollLeft;
    offers.style.top = `${Math.min(top, box.offsetTop + box.offsetHeight)}px`;
    offers.style.left = `${Math.max(0, Math.min(left, form.clientWidth - offers.offsetWidth))}px`;
  };

  const offer = async (wanted) => {
    question?.abort();
    const own = new AbortController();
    question = own;
    const at = editor.selectionStart;
    const found = await ask("complete", { at }, own.signal);
    if (own.signal.aborted || at !== editor.selectionStart) return;
    const here = editor.value.slice(found?.from ?? 0, found?.to ?? 0).replaceAll('"', "");
    const only = found?.offers.length === 1 && found.offers[0].label === here;
    if (!found || !found.offers.length || (only && !wanted)) {
      close();
      if (wanted) hint.textContent = "Nothing is offered here.";
      return;
    }
    shown = found;
    offers.replaceChildren();
    found.offers.forEach((one, index) => {
      const option = make("li", { role: "option", id: `offer-${index}`, "aria-selected": "false" }, offers);
      make("strong", {}, option).textContent = one.label;
      make("span", {}, option).textContent = one.about;
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(index);
      });
    });
    offers.hidden = false;
    place();
    mark(0);
    hint.textContent = `${found.offers.length} offered; arrows choose, Enter takes, Escape closes.`;
  };

  const take = (index) => {
    const { from, to } = shown;
    const { insert, caret } = shown.offers[index];
    close();
    editor.focus();
    editor.setSelectionRange(from, to);
    // So that it can be undone with the keyboard.
    if (!document.execCommand("insertText", false, insert)) {
      editor.setRangeText(insert, from, to, "end");
      editor.dispatchEvent(new Event("input", { bubbles: true }));
    }
    editor.setSelectionRange(from + caret, from + caret);
    clearTimeout(waiting);
  };

  let waiting = 0;
  editor.addEventListener("input", (event) => {
    count();
    lintSoon();
    clearTimeout(waiting);
    const typed = event.inputType === "insertText" && event.data?.length === 1;
    if (typed && /[\w."*$]/.test(event.data)) {
      waiting = setTimeout(() => offer(false).catch(() => {}), restOffersMs);
    } else if (event.inputType === "deleteContentBackward" && shown) {
      waiting = setTimeout(() => offer(false).catch(() => {}), restOffersMs);
    } else {
      close();
    }
  });

  editor.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      offer(true).catch(() => {});
      return;
    }
    if (!shown) return;
    const keys = {
      ArrowDown: () => mark(chosen + 1),
      ArrowUp: () => mark(chosen - 1),
      Enter: () => take(chosen),
      Tab: () => take(chosen),
      Escape: close,
    };
    if (keys[event.key] && !event.shiftKey) {
      event.preventDefault();
      keys[event.key]();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      close();
    }
  });
  editor.addEventListener("blur", close);
  box.addEventListener("scroll", close);
  lintSoon();
})();
