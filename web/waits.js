/** Sleep, growing delays, and a limit of concurrent tasks. */

/** Resolve after some milliseconds; reject with the signal's reason if it is aborted. */
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
 * Yield growing delays in milliseconds, until their sum would exceed `total`.
 *
 * Each varies by a fifth, so that many pages do not send their requests at the same time.
 */
export function* delays({ first, factor, longest, total }) {
  let spent = 0;
  for (let delay = first; spent + delay <= total; delay = Math.min(delay * factor, longest)) {
    spent += delay;
    yield delay * (0.8 + 0.4 * Math.random());
  }
}

/** Limits the number of tasks that run at once; the others wait in order. */
export class Lanes {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  /** Return the task's result. A task whose signal is aborted before its turn never starts. */
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
