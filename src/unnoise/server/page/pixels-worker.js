// Work on every pixel, outside of the page, which stays responsive with large images.

import { colourTable } from "./colours.js";
import { gaussian } from "./gaussian.js";
import { decode } from "./orientation.js";
import { encodePng } from "./png.js";

/** @typedef {import("./orientation.js").Picture} Picture */

/**
 * Add normal noise, cut off at the ends of 8 bits. Grey images stay grey, transparency stays.
 *
 * @param {Picture} clean
 * @param {number} sigma Standard deviation, of 255.
 * @returns {Promise<Blob>} A PNG file.
 */
async function addNoise(clean, sigma) {
  const { data, width, height } = await readPixels(clean);
  const count = width * height;
  let isGrey = true;
  let isOpaque = true;
  for (let i = 0; i < data.length; i += 4) {
    isGrey &&= data[i] === data[i + 1] && data[i] === data[i + 2];
    isOpaque &&= data[i + 3] === 255;
  }
  const colours = isGrey ? 1 : 3;
  const channels = colours + (isOpaque ? 0 : 1);
  const noisy = new Uint8ClampedArray(count * channels);
  const next = gaussian();
  for (let i = 0; i < count; i += 1) {
    for (let c = 0; c < colours; c += 1) noisy[i * channels + c] = data[4 * i + c] + sigma * next();
    if (!isOpaque) noisy[i * channels + colours] = data[4 * i + 3];
  }
  return encodePng(new Uint8Array(noisy.buffer), width, height, channels);
}

/**
 * Compare with the clean image. Let n and d be the errors of a pixel before and after denoising. A
 * result of strength s has the error (1 - s) n + s d, so three means give its square for every s.
 *
 * @param {Picture} clean
 * @param {Picture} noisy
 * @param {Picture} denoised
 * @returns {Promise<{noisy: number, both: number, denoised: number}>} Means of n², n d and d².
 */
async function measure(clean, noisy, denoised) {
  const [a, b, c] = await Promise.all([clean, noisy, denoised].map(readPixels));
  const sums = { noisy: 0, both: 0, denoised: 0 };
  for (let i = 0; i < a.data.length; i += 1) {
    if (i % 4 === 3) continue;
    const n = b.data[i] - a.data[i];
    const d = c.data[i] - a.data[i];
    sums.noisy += n * n;
    sums.both += n * d;
    sums.denoised += d * d;
  }
  const count = 3 * a.width * a.height;
  const { noisy: nn, both: nd, denoised: dd } = sums;
  return { noisy: nn / count, both: nd / count, denoised: dd / count };
}

/**
 * Colour a grey map.
 *
 * @param {string} png In base64.
 * @param {number} orientation
 * @param {string} colours
 * @returns {Promise<ImageBitmap>}
 */
async function colour(png, orientation, colours) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const pixels = await readPixels({ blob: new Blob([bytes], { type: "image/png" }), orientation });
  const table = new Uint32Array(colourTable(colours).buffer);
  const painted = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < painted.length; i += 1) painted[i] = table[pixels.data[4 * i]];
  return createImageBitmap(pixels);
}

/** @param {Picture} picture */
async function readPixels(picture) {
  const bitmap = await decode(picture);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const options = { willReadFrequently: true }; // read back by the CPU, so drawn by it
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", options));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** @type {Object<string, (...values: any[]) => Promise<any>>} */
const TASKS = { addNoise, measure, colour };

addEventListener("message", async ({ data: { id, task, values } }) => {
  try {
    const result = await TASKS[task](...values);
    postMessage({ id, result }, { transfer: result instanceof ImageBitmap ? [result] : [] });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
