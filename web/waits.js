/** Waiting: for a while, for longer and longer, for a turn. */

/** Resolves after some milliseconds; rejects with the signal's reason as soon as it is aborted. */
export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Growing delays in milliseconds, until together they would pass `total`.
 *
 * Each varies by a fifth, so that many pages that began together don't go on asking together.
 */
export function* delays({ first, factor, longest, total }) {
  let spent = 0;
  for (let delay = first; spent + delay <= total; delay = Math.min(delay * factor, longest)) {
    spent += delay;
    yield delay * (0.8 + 0.4 * Math.random());
  }
}

/** Lets a number of tasks run at once; the others wait in order. */
export class Lanes {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  /** The task's result. A task whose signal is aborted before its turn never begins. */
  async run(task, signal) {
    await this.#turn(signal);
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #turn(signal) {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      this.#waiting.push(begin);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #release() {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
