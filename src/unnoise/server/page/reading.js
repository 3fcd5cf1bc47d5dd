// How a file was read: the viewed image and channel, how values are shown, what is lost.

import { byId } from "./dom.js";

const NAMELESS = "NQI"; // axes whose meaning is not known

/** @typedef {import("./item.js").Item} Item */

/** @param {import("./desk.js").Desk} desk */
export function showReading(desk) {
  const nameSlice = (/** @type {number} */ index) => nameOfImage(index, desk.viewed);
  const slice = offerSlider("slice", nameSlice, (index) => {
    if (desk.viewed) desk.choosePart(desk.viewed, index, desk.viewed.channel);
  });
  const nameChannel = (/** @type {number} */ index, /** @type {number} */ count) =>
    `Channel ${index + 1} of ${count}`;
  const channel = offerSlider("channel", nameChannel, (index) => {
    if (desk.viewed) desk.choosePart(desk.viewed, desk.viewed.index, index);
  });
  const update = () => {
    const item = desk.viewed;
    slice(item?.index ?? 0, item?.images ?? 1);
    channel(item?.channel ?? 0, item?.channels ?? 1);
    const words = item ? sentences(item) : [];
    byId("reading").hidden = words.length === 0;
    byId("reading").textContent = words.join(" ");
  };
  desk.addEventListener("list", update);
  desk.addEventListener("item", update);
}

/**
 * Offer a slider through the parts of a file.
 *
 * @param {string} id The id of the slider; its label is called `${id}s`.
 * @param {(index: number, count: number) => string} name Names a part.
 * @param {(index: number) => void} choose
 * @returns {(index: number, count: number) => void} Shows the place of the slider.
 */
function offerSlider(id, name, choose) {
  /** @type {HTMLInputElement} */
  const slider = byId(id);
  const label = () => {
    const words = name(slider.valueAsNumber - 1, Number(slider.max));
    byId(`${id}s-label`).textContent = words;
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", label);
  slider.addEventListener("change", () => choose(slider.valueAsNumber - 1));
  return (index, count) => {
    byId(`${id}s`).hidden = count < 2;
    slider.max = `${count}`;
    slider.value = `${index + 1}`;
    label();
  };
}

/**
 * Name an image of a stack by its place along each axis, the last of which changes first.
 *
 * @param {number} index
 * @param {Item | null} item
 */
function nameOfImage(index, item) {
  const words = [];
  let left = index;
  for (const [axis, length] of Object.entries(item?.stack ?? {}).reverse()) {
    words.unshift(`${NAMELESS.includes(axis) ? "Image" : axis} ${(left % length) + 1} of ${length}`);
    left = Math.floor(left / length);
  }
  return words.join(", ");
}

/** @param {Item} item */
function sentences(item) {
  const found = [];
  if (item.shown.length) found.push(`Shown: ${item.shown.join(", ")}; the download is not changed by this.`);
  for (const note of item.notes) found.push(`${note[0].toUpperCase()}${note.slice(1)}.`);
  if (item.lost.length) found.push(`The download does not have: ${item.lost.join(", ")}.`);
  return found;
}
