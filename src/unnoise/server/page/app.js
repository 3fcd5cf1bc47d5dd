// Puts the page together. Each part is described in its file:
//
//   desk      the images and their work     item, lane, api, token
//   stage     the compare view              camera, gestures, split, view, pyramid, orientation
//   pixels    work on every pixel           pixels-worker, gaussian, png, colours
//   the rest  one control or list each      intake, gallery, strip, settings, verdict, reading,
//                                           overlay, noise, download, theme

import { readModels } from "./api.js";
import { Desk } from "./desk.js";
import { byId } from "./dom.js";
import { offerDownloads } from "./download.js";
import { showGallery } from "./gallery.js";
import { followGestures } from "./gestures.js";
import { takeImages } from "./intake.js";
import { offerNoise } from "./noise.js";
import { Overlay } from "./overlay.js";
import { showReading } from "./reading.js";
import { offerModels, offerStrength } from "./settings.js";
import { Split } from "./split.js";
import { Stage } from "./stage.js";
import { showStrip } from "./strip.js";
import { showVerdict } from "./verdict.js";
import { View } from "./view.js";

const desk = new Desk();
const stage = new Stage();
const split = new Split(stage);
const overlay = new Overlay(desk, stage);
const view = new View(desk, stage, split, overlay);
followGestures(stage, split);

/** @param {string} message */
function complain(message) {
  byId("notice").textContent = message;
  byId("notice").hidden = false;
}

/** @param {File[]} files */
function take(files) {
  byId("notice").hidden = true;
  desk.add(files);
  scrollTo({ top: 0 });
}

desk.addEventListener("list", () => {
  byId("welcome").hidden = desk.items.length > 0;
  byId("work").hidden = desk.items.length === 0;
});
showVerdict(desk);
showReading(desk);
showStrip(desk);
offerStrength(desk);
offerNoise(desk, view);
offerDownloads(desk, complain);
takeImages(take);

// Report every failure, such as a picture that is too large for the memory.
addEventListener("unhandledrejection", ({ reason }) => complain(reason?.message ?? `${reason}`));

const { models, limits } = await readModels();
desk.limits = limits;
offerModels(desk, models);
await showGallery(take, complain);
