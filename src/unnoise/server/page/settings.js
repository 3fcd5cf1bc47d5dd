// The model, the strength and the other options, which are the same for all images.

import { byId, make } from "./dom.js";

const SLIDING = 300; // milliseconds without a change before the server is asked

/** @param {import("./desk.js").Desk} desk */
export function offerStrength(desk) {
  /** @type {HTMLInputElement} */
  const [strength, chroma, detail] = ["strength", "chroma", "detail"].map(byId);
  /** @type {HTMLInputElement} */
  const own = byId("chroma-own");
  /** @type {HTMLInputElement} */
  const hot = byId("hot-pixels");
  let timer = 0;

  const choose = () => {
    for (const input of [strength, chroma, detail]) {
      byId(`${input.id}-value`).textContent = `${input.value} %`;
    }
    byId("chroma-part").hidden = !own.checked;
    const isNew = desk.chooseFinish({
      strength: strength.valueAsNumber / 100,
      chroma: own.checked ? chroma.valueAsNumber / 100 : null,
      detail: detail.valueAsNumber / 100,
      hotPixels: hot.checked,
    });
    if (!isNew) return;
    clearTimeout(timer);
    timer = setTimeout(() => desk.allAgain(), SLIDING);
  };
  own.addEventListener("change", () => {
    chroma.value = strength.value;
    choose();
  });
  for (const input of [strength, chroma, detail, hot]) input.addEventListener("input", choose);
}

/**
 * @param {import("./desk.js").Desk} desk
 * @param {import("./api.js").Model[]} models
 */
export function offerModels(desk, models) {
  /** @type {HTMLSelectElement} */
  const select = byId("model");
  select.append(...models.map(({ name }) => make("option", { value: name }, name)));
  select.value = models.find((model) => model.default)?.name ?? models[0].name;
  desk.model = select.value;
  const describe = () => {
    const chosen = models.find((model) => model.name === select.value);
    byId("model-text").textContent = chosen?.summary ?? "";
  };
  describe();
  select.addEventListener("change", () => {
    describe();
    desk.chooseModel(select.value);
  });
}
