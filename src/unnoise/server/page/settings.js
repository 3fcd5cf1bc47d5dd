// Strength and model, which are the same for all images.

import { byId, make } from "./dom.js";

/** @param {import("./desk.js").Desk} desk */
export function offerStrength(desk) {
  /** @type {HTMLInputElement} */
  const input = byId("strength");
  input.addEventListener("input", () => {
    byId("strength-value").textContent = `${input.value} %`;
    desk.chooseStrength(input.valueAsNumber / 100);
  });
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
