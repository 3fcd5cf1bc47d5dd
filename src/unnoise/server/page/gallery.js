// The examples of the server.

import { readExample, readExamples } from "./api.js";
import { byId, make } from "./dom.js";

/**
 * @param {(files: File[]) => void} take
 * @param {(message: string) => void} complain
 */
export async function showGallery(take, complain) {
  const examples = await readExamples();
  byId("examples").append(
    ...examples.map(({ file, title, credit }) => {
      const src = `/examples/${encodeURIComponent(file)}`;
      const image = make("img", { src, alt: "", loading: "lazy", decoding: "async" });
      const button = make("button", { type: "button" }, image, make("span", {}, title));
      button.addEventListener("click", async () => {
        try {
          take([await readExample(file)]);
        } catch (error) {
          complain(/** @type {Error} */ (error).message);
        }
      });
      return make("li", {}, button, make("p", { className: "small" }, credit));
    }),
  );
  byId("gallery").hidden = examples.length === 0;
}
