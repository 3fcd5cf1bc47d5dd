// How a file was read: which image of a stack is looked at, how values are shown, what is lost.

import { byId } from "./dom.js";

/** @param {import("./desk.js").Desk} desk */
export function showReading(desk) {
  /** @type {HTMLInputElement} */
  const slice = byId("slice");
  slice.addEventListener("change", () => {
    if (desk.viewed) desk.chooseImage(desk.viewed, slice.valueAsNumber - 1);
  });
  slice.addEventListener("input", () => label(slice.valueAsNumber, Number(slice.max)));
  const update = () => {
    const item = desk.viewed;
    byId("slices").hidden = !item || item.images < 2;
    if (item) {
      slice.max = `${item.images}`;
      slice.value = `${item.index + 1}`;
      label(item.index + 1, item.images);
    }
    const words = item ? sentences(item) : [];
    byId("reading").hidden = words.length === 0;
    byId("reading").textContent = words.join(" ");
  };
  desk.addEventListener("list", update);
  desk.addEventListener("item", update);
}

/**
 * @param {number} number
 * @param {number} count
 */
function label(number, count) {
  byId("slices-label").textContent = `Image ${number} of ${count}`;
}

/** @param {import("./item.js").Item} item */
function sentences(item) {
  const found = [];
  if (item.shown) found.push(`Shown with values ${item.shown} as black to white; the download is not stretched.`);
  for (const note of item.notes) found.push(`${note[0].toUpperCase()}${note.slice(1)}.`);
  if (item.lost.length) found.push(`The download does not have: ${item.lost.join(", ")}.`);
  return found;
}
