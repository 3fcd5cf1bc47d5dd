// The row of images: name, state, and which one is viewed.

import { byId, make } from "./dom.js";
import { verdictWords } from "./verdict.js";

/** @typedef {import("./item.js").Item} Item */

/** @param {import("./desk.js").Desk} desk */
export function showStrip(desk) {
  const list = byId("items");
  /** @type {Map<Item, Entry>} */
  const entries = new Map();

  desk.addEventListener("list", () => {
    for (const item of desk.items) {
      if (entries.has(item)) continue;
      const entry = new Entry(desk, item);
      entries.set(item, entry);
      list.append(entry.element);
    }
    for (const [item, entry] of entries) {
      if (desk.items.includes(item)) entry.update(item === desk.viewed);
      else {
        entry.element.remove();
        entries.delete(item);
      }
    }
  });

  desk.addEventListener("item", (event) => {
    const item = /** @type {CustomEvent<Item>} */ (event).detail;
    entries.get(item)?.update(item === desk.viewed);
    announce(item);
  });
}

class Entry {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {Item} item
   */
  constructor(desk, item) {
    this.item = item;
    this.picture = make("span", { className: "thumbnail" });
    this.state = make("span", { className: "state" });
    const name = make("span", { className: "name", title: item.name }, item.name);
    const words = make("span", { className: "words" }, name, this.state);
    this.button = make("button", { type: "button", className: "show" }, this.picture, words);
    this.button.addEventListener("click", () => desk.view(item));
    const remove = make("button", { type: "button", className: "remove" }, "×");
    remove.setAttribute("aria-label", `Remove ${item.name}`);
    remove.addEventListener("click", () => {
      desk.remove(item);
      // The button that had the focus is gone.
      const next = document.querySelector("#items .show[aria-current]");
      if (next instanceof HTMLElement) next.focus();
    });
    this.element = make("li", {}, this.button, remove);
  }

  /** @param {boolean} isViewed */
  update(isViewed) {
    const { item } = this;
    if (item.thumbnail && this.picture.firstChild !== item.thumbnail) {
      this.picture.replaceChildren(item.thumbnail);
    }
    this.state.textContent = stateWords(item);
    this.element.dataset.state = item.state;
    this.element.dataset.verdict = item.state === "done" ? verdictWords(item).name : "none";
    if (isViewed && !this.button.hasAttribute("aria-current")) {
      this.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    if (isViewed) this.button.setAttribute("aria-current", "true");
    else this.button.removeAttribute("aria-current");
  }
}

/** @param {Item} item */
function stateWords(item) {
  const verdicts = { trust: "✓ trust", check: "! check", reject: "✕ reject" };
  const words = {
    waiting: "waiting",
    denoising: "denoising…",
    busy: `server busy, waiting ${item.wait} s`,
    done: item.verdict ? verdicts[item.verdict] : "done",
    failed: "✕ failed",
  };
  return words[item.state];
}

/** @type {WeakMap<Item, string>} */
const announced = new WeakMap();

/** @param {Item} item */
function announce(item) {
  const words = `${item.name}: ${stateWords(item)} ${item.message}`.trim();
  if (item.state === "waiting" || announced.get(item) === words) return;
  announced.set(item, words);
  byId("status").textContent = words;
}
