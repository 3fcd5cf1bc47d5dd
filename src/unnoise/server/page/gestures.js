// Mouse, fingers, keys and buttons move the camera of the stage; if the whole image is visible, they
// move the split.

import { byId } from "./dom.js";

const WHEEL = 0.0016; // doublings of the scale for each pixel of the wheel
const PINCH = 8; // times that, for a pinch on a touch pad, which browsers report as a wheel
const STILL = 4; // CSS pixels that a pointer may move during a click
const PAN = 60; // CSS pixels for a key

/**
 * @param {import("./stage.js").Stage} stage
 * @param {import("./split.js").Split} split
 */
export function followGestures(stage, split) {
  const { camera } = stage;
  const canvas = byId("canvas");
  /** @type {Map<number, {x: number, y: number}>} */
  const pointers = new Map();
  let isDragging = false;

  const place = (/** @type {MouseEvent} */ event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: (event.clientX - left) * stage.density, y: (event.clientY - top) * stage.density };
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    isDragging = false;
  });

  canvas.addEventListener("pointermove", (event) => {
    const from = pointers.get(event.pointerId);
    if (!from) return;
    const to = place(event);
    const moved = Math.hypot(to.x - from.x, to.y - from.y) / stage.density;
    if (!isDragging && moved < STILL) return;
    isDragging = true;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const middle = { x: (from.x + other.x) / 2, y: (from.y + other.y) / 2 };
      const spread = Math.hypot(to.x - other.x, to.y - other.y);
      const spreadBefore = Math.hypot(from.x - other.x, from.y - other.y);
      camera.zoom((camera.scale * spread) / Math.max(spreadBefore, 1), middle.x, middle.y);
      camera.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
    } else if (camera.canPan) {
      camera.pan(to.x - from.x, to.y - from.y);
    } else {
      split.moveTo(event.clientX);
    }
    pointers.set(event.pointerId, to);
    stage.draw();
  });

  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => pointers.delete(/** @type {PointerEvent} */ (event).pointerId));
  }

  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    if (camera.fitted) camera.zoom(Math.max(1, 2 * camera.scale), x, y);
    else camera.fit();
    stage.draw();
  });

  // On the stage, so that the wheel also works over the handle of the split.
  byId("stage").addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1);
      const { x, y } = place(event);
      camera.zoom(camera.scale * 2 ** (-pixels * WHEEL * (event.ctrlKey ? PINCH : 1)), x, y);
      stage.draw();
    },
    { passive: false },
  );

  /** @type {Object<string, () => void>} */
  const actions = {
    "+": () => camera.step(1),
    "=": () => camera.step(1),
    "-": () => camera.step(-1),
    0: () => camera.fit(),
    1: () => camera.zoom(1),
    ArrowLeft: () => camera.pan(PAN * stage.density, 0),
    ArrowRight: () => camera.pan(-PAN * stage.density, 0),
    ArrowUp: () => camera.pan(0, PAN * stage.density),
    ArrowDown: () => camera.pan(0, -PAN * stage.density),
  };
  const act = (/** @type {string} */ key) => {
    actions[key]();
    stage.draw();
  };

  byId("stage").addEventListener("keydown", (event) => {
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event.key);
  });
  for (const [id, key] of [["zoom-in", "+"], ["zoom-out", "-"], ["zoom-fit", "0"], ["zoom-one", "1"]]) {
    byId(id).addEventListener("click", () => act(key));
  }

  stage.addEventListener("drawn", () => {
    const percent = 100 * camera.scale;
    const scale = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    byId("zoom-scale").textContent = stage.layers.left ? scale : "–";
    // A finger on a fitted image may still move the page up and down.
    canvas.style.touchAction = camera.canPan ? "none" : "pan-y";
    canvas.style.cursor = camera.canPan ? "grab" : "ew-resize";
  });
}
