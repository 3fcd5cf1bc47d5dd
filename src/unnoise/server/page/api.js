// Requests to the server, and how its refusals are handled. Knows nothing of the page.

import { askForToken, authorization } from "./token.js";

const HOME = new URL("../", import.meta.url); // a proxy may have the server under a path
const PATIENCE = 5; // seconds before a busy server is asked again, by default

/**
 * @typedef {{name: string, default: boolean, channels: number, summary: string}} Model
 * @typedef {{bytes: number, pixels: number}} Limits
 * @typedef {"trust" | "check" | "reject"} Verdict
 * @typedef {{png: string, low: number, high: number}} ValueMap
 * @typedef {{
 *   verdict: Verdict, reasons: string[], noise_level: {std: number}, familiarity: number | null,
 *   removed_structure: number, psnr: number | null, psnr_untold: string | null,
 *   psnr_hidden: number | null,
 *   interval_width: number | null, maps: Object<string, ValueMap>,
 * }} Inspection
 * @typedef {{
 *   image: Blob, verdict: Verdict | null, reasons: string[], notes: string[], lost: string[],
 *   images: number, stack: Object<string, number>, channels: number, shown: string[],
 * }} Denoised  The numbers of images and of channels to view one by one; the axes that count the
 *   images, with their lengths; how the image is shown.
 * @typedef {{strength: number, chroma: number | null, detail: number, hotPixels: boolean}} Finish
 *   How a model is applied; without chroma, colour noise has the same strength.
 * @typedef {{
 *   index?: number, channel?: number, model: string, finish?: Finish, accept?: string, signal?: AbortSignal,
 *   onBusy?: (seconds: number) => void,
 * }} Wishes  An empty model is the server's default. With an index
 *   the result is one image to look at: upright, in 8 bits, low contrast stretched. onBusy is called before each wait.
 */

/** @returns {Promise<{models: Model[], limits: Limits}>} */
export async function readModels() {
  return (await request("v1/models", {})).json();
}

/** @returns {Promise<{file: string, title: string, credit: string}[]>} */
export async function readExamples() {
  return (await request("examples/index.json", {})).json();
}

/** @param {string} name */
export async function readExample(name) {
  const blob = await (await request(`examples/${encodeURIComponent(name)}`, {})).blob();
  return new File([blob], name, { type: blob.type });
}

/**
 * @param {Blob} image
 * @param {Wishes} wishes
 * @returns {Promise<Denoised>}
 */
export async function denoise(image, wishes) {
  /** @type {Object<string, unknown>} */
  const asked = {};
  if (wishes.finish) {
    const { strength, chroma, detail, hotPixels } = wishes.finish;
    Object.assign(asked, { strength, detail, hot_pixels: hotPixels });
    if (chroma !== null) Object.assign(asked, { chroma_strength: chroma });
  }
  if (wishes.index !== undefined) Object.assign(asked, { index: wishes.index, display: true });
  if (wishes.channel) Object.assign(asked, { channel: wishes.channel });
  const response = await post("v1/denoise", asked, image, wishes);
  const verdict = /** @type {Verdict | null} */ (response.headers.get("Unnoise-Verdict"));
  const reasons = JSON.parse(response.headers.get("Unnoise-Reasons") ?? "[]");
  const list = (/** @type {string} */ name) => JSON.parse(response.headers.get(name) ?? "[]");
  return {
    image: await response.blob(),
    verdict,
    reasons,
    notes: list("Unnoise-Notes"),
    lost: list("Unnoise-Lost"),
    images: Number(response.headers.get("Unnoise-Images") ?? 1),
    stack: JSON.parse(response.headers.get("Unnoise-Stack") ?? "{}"),
    channels: Number(response.headers.get("Unnoise-Channels") ?? 1),
    shown: list("Unnoise-Shown"),
  };
}

/**
 * @param {Blob} image
 * @param {Wishes} wishes
 * @returns {Promise<Inspection>}
 */
export async function inspect(image, wishes) {
  return (await post("v1/inspect", { maps: true, index: wishes.index ?? 0 }, image, wishes)).json();
}

/**
 * @param {string} path
 * @param {Object<string, unknown>} query
 * @param {Blob} image
 * @param {Wishes} wishes
 */
function post(path, query, image, wishes) {
  const asked = wishes.model ? { model: wishes.model, ...query } : query;
  const words = new URLSearchParams(Object.entries(asked).map(([key, value]) => [key, `${value}`]));
  const headers = { "Content-Type": image.type || "application/octet-stream" };
  if (wishes.accept) Object.assign(headers, { Accept: wishes.accept });
  const options = { method: "POST", body: image, headers, signal: wishes.signal };
  return request(`${path}?${words}`, options, wishes.onBusy);
}

/**
 * Ask until there is an answer: wait while the server is busy, and ask for a missing token.
 *
 * @param {string} url
 * @param {RequestInit} options
 * @param {(seconds: number) => void} [onBusy]
 */
async function request(url, options, onBusy = () => {}) {
  for (;;) {
    const token = authorization();
    const response = await reach(url, { ...options, headers: { ...options.headers, ...token } });
    if (response.ok) return response;
    if (response.status === 503 || response.status === 429) {
      const seconds = Number(response.headers.get("Retry-After")) || PATIENCE;
      onBusy(seconds);
      await pause(seconds, options.signal);
    } else if (response.status !== 401 || !(await askForToken(token))) {
      throw new Error(await explain(response));
    }
  }
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function reach(url, options) {
  try {
    return await fetch(new URL(url, HOME), options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new Error("The server cannot be reached. Is it still running?", { cause: error });
  }
}

/** @param {Response} response */
async function explain(response) {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text);
    if (typeof detail === "string") return detail;
  } catch {
    // Something between here and the server may answer with a page of its own.
  }
  return `The server answered ${response.status} ${response.statusText}.`;
}

/**
 * @param {number} seconds
 * @param {AbortSignal | null} [signal]
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)));
  });
}
