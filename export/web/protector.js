// h_p in WebAssembly: what turns a plain picture into a protected one, inside this page.

const RUNTIME = new URL('vendor/', import.meta.url).href;
const MODEL = new URL('protector_web.tflite', import.meta.url).href;

export class Protector {
  #model;
  #Tensor;

  constructor(model, Tensor) {
    this.#model = model;
    this.#Tensor = Tensor;
    /** Sides of the squares that the model takes, ascending. */
    this.sizes = Object.keys(model.signatures)
        .map((name) => Number(/^protect_(\d+)$/.exec(name)?.[1]))
        .filter((size) => size > 0)
        .sort((a, b) => a - b);
    /** Whether it draws at random, anew for each picture. */
    this.draws = this.sizes.some((size) => this.#taken(size));
  }

  /** Loads LiteRT.js and the model, both from the server that this page came from. */
  static async load() {
    const {loadLiteRt, loadAndCompile, Tensor} = await runtime();
    const content = await file(MODEL);
    await loadLiteRt(RUNTIME);
    const protector = new Protector(await loadAndCompile(content, {accelerator: 'wasm'}), Tensor);
    if (protector.sizes.length === 0) {
      throw new Error('protector_web.tflite has no signature named protect_SIZE');
    }
    return protector;
  }

  /**
   * Protects a picture.
   *
   * @param {Uint8Array} pixels RGB, row by row, size * size * 3 of them.
   * @param {number} size One of `sizes`.
   * @param {Int32Array} [noise] For a model that draws at random; drawn here if not given.
   * @returns {Promise<Uint8Array>} As many protected pixels.
   */
  async protect(pixels, size, noise = this.#draw(size)) {
    if (noise && !noise.some(Boolean)) {
      throw new Error('the noise is 0 throughout: it was not drawn');
    }
    const inputs = {image: new this.#Tensor(pixels, [1, size, size, 3])};
    if (noise) inputs.noise = new this.#Tensor(noise, [1, noise.length]);
    let answer;
    try {
      ({protected: answer} = await this.#model.run(`protect_${size}`, inputs));
      // A copy: the tensor's own memory is given back below.
      return answer.toTypedArray().slice();
    } finally {
      for (const input of Object.values(inputs)) input.delete();
      answer?.delete();
    }
  }

  /** Draws what one picture is protected with, by the system's generator; undefined for nothing. */
  #draw(size) {
    const taken = this.#taken(size);
    return taken && crypto.getRandomValues(new Int32Array(taken.shape[1]));
  }

  #taken(size) {
    return this.#model.signatures[`protect_${size}`].getInputDetails()
        .find(({dtype}) => dtype === 'int32');
  }
}

async function runtime() {
  try {
    return await import('./vendor/litert.js');
  } catch {
    throw new Error('LiteRT.js is missing on the server; there, run: npm ci --prefix export/web');
  }
}

async function file(url) {
  try {
    // Never an old one from the cache: the server's classifier knows the new one only.
    const response = await fetch(url, {cache: 'no-cache'});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`protector_web.tflite cannot be loaded: ${error.message}`);
  }
}
