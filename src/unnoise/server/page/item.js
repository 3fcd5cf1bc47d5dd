// One image on the page: its file, the file that is sent, and the result.

import { decode, readOrientation } from "./orientation.js";

const THUMBNAIL = 112; // pixels of the longer side

/**
 * @typedef {import("./orientation.js").Picture} Picture
 * @typedef {import("./api.js").Verdict} Verdict
 * @typedef {import("./api.js").Inspection} Inspection
 * @typedef {import("./pixels.js").Errors} Errors
 * @typedef {"waiting" | "denoising" | "busy" | "done" | "failed"} State
 */

export class Item {
  /** @type {State} */
  state = "waiting";
  message = ""; // the error
  wait = 0; // seconds until a busy server is asked again
  sigma = 0; // of the noise that is added, of 255
  /** @type {Picture | null} The file, as the browser can show it. */
  original = null;
  /** @type {Picture | null} With noise added. */
  noisy = null;
  /** @type {Picture | null} */
  after = null;
  /** @type {Verdict | null} */
  verdict = null;
  /** @type {string[]} */
  reasons = [];
  /** @type {Inspection | null} */
  inspection = null;
  inspectionProblem = "";
  /** @type {Errors | null} Against the clean image, where noise was added. */
  errors = null;
  /** @type {HTMLCanvasElement | null} */
  thumbnail = null;
  /** @type {{width: number, height: number} | null} */
  size = null;
  index = 0; // of the viewed image of a stack
  images = 1; // in the file
  /** @type {Object<string, number>} The axes that count them, with their lengths. */
  stack = {};
  channel = 0; // of that image, if channels are not colours
  channels = 1; // that are shown one by one
  originalPart = "0/0"; // the index and the channel that the original shows
  isServerShown = false; // whether the server made the original, which the browser could not show
  /** @type {string[]} How the server shows it, if not as it is stored. */
  shown = [];
  /** @type {string[]} How the file was read. */
  notes = [];
  /** @type {string[]} What a download does not contain. */
  lost = [];
  run = new AbortController();
  decoded = Promise.resolve(); // when it is known whether the browser can show the file

  /** @param {File} file */
  constructor(file) {
    this.file = file;
    this.name = file.name || "pasted.png";
  }

  /** The image to denoise, as the browser can show it. */
  get before() {
    return this.noisy ?? this.original;
  }

  /** The image to denoise, as it is sent. */
  get input() {
    return this.noisy?.blob ?? this.file;
  }

  /** The viewed part of the file. */
  get part() {
    return `${this.index}/${this.channel}`;
  }

  /** The name under which the result is stored. */
  get resultName() {
    const [, stem, ending] = /^(.*?)(\.[^.]*)?$/.exec(this.name) ?? [];
    return `${stem}_denoised${this.noisy ? ".png" : (ending ?? "")}`;
  }

  /** Forget every result, and stop the work on it. */
  restart() {
    this.run.abort();
    this.run = new AbortController();
    this.state = "waiting";
    this.message = this.inspectionProblem = "";
    this.noisy = this.after = this.verdict = this.inspection = this.errors = null;
    this.reasons = [];
  }

  /**
   * Take a picture as the original, if the browser can decode it.
   *
   * @param {Blob} blob
   * @returns {Promise<boolean>}
   */
  async readOriginal(blob) {
    try {
      const original = { blob, orientation: await readOrientation(blob) };
      const bitmap = await decode(original);
      this.size = { width: bitmap.width, height: bitmap.height };
      this.thumbnail = drawThumbnail(bitmap);
      bitmap.close();
      this.original = original;
      return true;
    } catch {
      return false;
    }
  }
}

/** @param {ImageBitmap} bitmap */
function drawThumbnail(bitmap) {
  const scale = THUMBNAIL / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}
