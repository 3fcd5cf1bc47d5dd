// Adds noise to the viewed image, to measure how well denoising removes it.

import { byId } from "./dom.js";

const TYPING = 250; // milliseconds without a change, after which the noise is added

/**
 * @param {import("./desk.js").Desk} desk
 * @param {import("./view.js").View} view
 */
export function offerNoise(desk, view) {
  /** @type {HTMLInputElement} */
  const input = byId("noise");
  /** @type {HTMLInputElement} */
  const clean = byId("show-clean");
  let timer = 0;

  const tellValue = () => {
    byId("noise-value").textContent = input.value === "0" ? "none" : `σ ${input.value} of 255`;
  };

  input.addEventListener("input", () => {
    tellValue();
    clearTimeout(timer);
    const item = desk.viewed;
    timer = setTimeout(() => {
      if (item && item.sigma !== input.valueAsNumber) desk.chooseNoise(item, input.valueAsNumber);
    }, TYPING);
  });

  clean.addEventListener("change", () => {
    view.isCleanShown = clean.checked;
    view.update();
  });

  desk.addEventListener("list", () => {
    clearTimeout(timer);
    input.valueAsNumber = desk.viewed?.sigma ?? 0;
    tellValue();
  });
  const update = () => desk.viewed && showQuality(desk.viewed, desk.blend);
  for (const event of ["list", "item", "settings"]) desk.addEventListener(event, update);
}

/**
 * @param {import("./item.js").Item} item
 * @param {number} strength
 */
function showQuality({ sigma, errors }, strength) {
  byId("noise-result").hidden = sigma === 0;
  const decibels = (/** @type {number} */ square) => `${(10 * Math.log10(255 ** 2 / square)).toFixed(2)} dB`;
  byId("psnr-before").textContent = errors ? decibels(errors.noisy) : "–";
  byId("psnr-after").textContent = errors ? decibels(blendedError(errors, strength)) : "…";
}

/**
 * The mean of ((1 - s) n + s d)², from the means of n², n d and d².
 *
 * @param {import("./pixels.js").Errors} errors
 * @param {number} s
 */
function blendedError({ noisy, both, denoised }, s) {
  return (1 - s) ** 2 * noisy + 2 * s * (1 - s) * both + s ** 2 * denoised;
}
