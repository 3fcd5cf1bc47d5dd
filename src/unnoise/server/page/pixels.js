// Calls the functions of the worker.

/** @typedef {import("./orientation.js").Picture} Picture */

const worker = new Worker(new URL("./pixels-worker.js", import.meta.url), { type: "module" });
/** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
let last = 0;

worker.addEventListener("message", ({ data: { id, result, error } }) => {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error) asked?.reject(new Error(error));
  else asked?.resolve(result);
});

/**
 * @param {string} task
 * @param {...unknown} values
 * @returns {Promise<any>}
 */
function ask(task, ...values) {
  last += 1;
  const id = last;
  worker.postMessage({ id, task, values });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

/** @type {(clean: Picture, sigma: number) => Promise<Blob>} */
export const addNoise = (clean, sigma) => ask("addNoise", clean, sigma);

/** @typedef {{noisy: number, both: number, denoised: number}} Errors  Means of products of errors. */

/** @type {(clean: Picture, noisy: Picture, denoised: Picture) => Promise<Errors>} */
export const measure = (clean, noisy, denoised) => ask("measure", clean, noisy, denoised);

/** @type {(png: string, orientation: number, colours: string) => Promise<ImageBitmap>} */
export const colour = (png, orientation, colours) => ask("colour", png, orientation, colours);
