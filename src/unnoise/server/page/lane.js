// Runs a few tasks at a time. When a place becomes free, urgent tasks go first.

export class Lane {
  /** @param {number} places */
  constructor(places) {
    this.free = places;
    /** @type {{start: () => void, urgent: () => boolean}[]} */
    this.waiting = [];
  }

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @param {() => boolean} urgent Called when a place becomes free, not now.
   * @returns {Promise<T>}
   */
  async run(task, urgent) {
    if (this.free > 0) this.free -= 1;
    else await new Promise((start) => this.waiting.push({ start: () => start(null), urgent }));
    try {
      return await task();
    } finally {
      this.#passOn();
    }
  }

  #passOn() {
    const first = this.waiting.findIndex((entry) => entry.urgent());
    const [next] = this.waiting.splice(Math.max(first, 0), 1);
    if (next) next.start();
    else this.free += 1;
  }
}
