// Stores results: the bytes that the server returns for the chosen strength.

import { byId, make } from "./dom.js";

const KEPT = 60_000; // milliseconds that a browser may take to begin storing

/**
 * @param {import("./desk.js").Desk} desk
 * @param {(message: string) => void} complain
 */
export function offerDownloads(desk, complain) {
  /** @type {HTMLButtonElement} */
  const one = byId("download");
  /** @type {HTMLButtonElement} */
  const all = byId("download-all");
  let isBusy = false;

  const update = () => {
    one.disabled = isBusy || desk.viewed?.state !== "done";
    one.textContent = isBusy ? "Preparing the file…" : `Download ${desk.viewed?.resultName ?? ""}`;
    all.hidden = desk.items.length < 2;
    all.disabled = isBusy || !desk.items.some((item) => item.state === "done");
  };
  for (const event of ["list", "item"]) desk.addEventListener(event, update);

  const store = async (/** @type {import("./item.js").Item[]} */ items) => {
    isBusy = true;
    update();
    try {
      for (const item of items) save(await desk.result(item), item.resultName);
    } catch (error) {
      complain(/** @type {Error} */ (error).message);
    }
    isBusy = false;
    update();
  };
  one.addEventListener("click", () => desk.viewed && store([desk.viewed]));
  all.addEventListener("click", () => store(desk.items.filter((item) => item.state === "done")));
}

/**
 * @param {Blob} file
 * @param {string} name
 */
function save(file, name) {
  const href = URL.createObjectURL(file);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT);
}
