// Shows whether the viewed result can be trusted, and the figures behind that, in plain words.

import { byId, make } from "./dom.js";

/**
 * @typedef {import("./item.js").Item} Item
 * @typedef {import("./api.js").Inspection} Inspection
 * @typedef {{name: string, title: string, text: string}} Words
 */

/** @type {Object<string, Words>} */
const VERDICTS = {
  trust: {
    name: "trust",
    title: "You can trust this result",
    text: "Noise, content and removed part are typical of the images that this model knows.",
  },
  check: {
    name: "check",
    title: "Check this result",
    text: "Something is unusual. Compare before and after in the places that matter to you.",
  },
  reject: {
    name: "reject",
    title: "Do not rely on this result",
    text: "The image is far from the images that this model knows. Details may be lost or invented.",
  },
};

/** @type {Object<import("./item.js").State, Words>} */
const STATES = {
  waiting: { name: "none", title: "Waiting for its turn", text: "" },
  denoising: { name: "none", title: "Denoising…", text: "The result appears when it is ready." },
  busy: { name: "none", title: "Server busy, waiting", text: "The page tries again automatically." },
  done: {
    name: "unknown",
    title: "No verdict",
    text: "This model has no statistics to rate its results with.",
  },
  failed: { name: "failed", title: "No result", text: "" },
};

/** Shown in place of the figures until they are known. */
const PENDING = {
  waiting: "Measured as soon as the image is denoised.",
  denoising: "Measured as soon as the image is denoised.",
  busy: "Measured as soon as the image is denoised.",
  done: "Measuring…",
  failed: "There is no result to measure.",
};

/** Least noise, of 255, for each word. */
const NOISE_WORDS = /** @type {const} */ ([
  [40, "very strong"],
  [20, "strong"],
  [8, "moderate"],
  [2, "light"],
  [0, "hardly any"],
]);

/** @param {Item} item */
export function verdictWords(item) {
  if (item.state !== "done") return STATES[item.state];
  return VERDICTS[item.verdict ?? ""] ?? STATES.done;
}

/** @param {import("./desk.js").Desk} desk */
export function showVerdict(desk) {
  const update = () => desk.viewed && show(desk.viewed);
  desk.addEventListener("list", update);
  desk.addEventListener("item", update);
}

/** @param {Item} item */
function show(item) {
  const { name, title, text } = verdictWords(item);
  byId("verdict").dataset.verdict = name;
  byId("verdict-icon").setAttribute("href", `#icon-${name}`);
  setText("verdict-title", title);
  setText("verdict-text", text);
  byId("reasons").replaceChildren(...item.reasons.map((reason) => make("li", {}, reason)));
  const figures = item.inspection ? figuresOf(item.inspection) : [];
  byId("figures").replaceChildren(...figures);
  byId("figures-empty").hidden = figures.length > 0;
  setText("figures-empty", item.inspectionProblem || PENDING[item.state]);
}

/**
 * Set a text only if it changes: screen readers read a text again whenever it is set.
 *
 * @param {string} id
 * @param {string} text
 */
function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Inspection} found */
function figuresOf(found) {
  const noise = 255 * found.noise_level.std;
  const word = NOISE_WORDS.find(([least]) => noise >= least)?.[1] ?? "none";
  const rows = [
    figure("Noise", `${noise.toFixed(1)} of 255`, `Estimated in the image: ${word}.`),
    found.psnr === null
      ? figure("Quality", "–", `Not estimated: ${found.psnr_untold}.`)
      : figure(
          "Quality",
          `${found.psnr.toFixed(1)} dB`,
          "Estimated PSNR of the result: more is better, above 30 dB is good for photographs.",
        ),
    figure(
      "Removed structure",
      found.removed_structure.toFixed(2).replace("-", "−"),
      "0 if only noise was removed, 15 if only structure was removed.",
    ),
  ];
  if (found.familiarity !== null) {
    const share = found.familiarity < 0.01 ? "Less than 1 %" : `${Math.round(100 * found.familiarity)} %`;
    rows.push(
      figure(
        "Familiarity",
        `p = ${found.familiarity.toPrecision(2)}`,
        `${share} of images like those in training are at least as unusual as this one.`,
      ),
    );
  }
  if (found.psnr_hidden !== null) {
    const text = "Estimated from pixels that were hidden from the model; the result is better.";
    rows.push(figure("Quality, at least", `${found.psnr_hidden.toFixed(1)} dB`, text));
  }
  if (found.interval_width !== null) {
    const half = (255 * found.interval_width) / 2;
    const text = "Half the distance between the bounds of a pixel, on average.";
    rows.push(figure("Bounds", `± ${half.toFixed(1)} of 255`, text));
  }
  return rows;
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} text
 */
function figure(name, value, text) {
  const said = make("dd", { className: "small" }, text);
  return make("div", {}, make("dt", {}, name), make("dd", {}, value), said);
}
