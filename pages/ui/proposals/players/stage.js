// What both canvases share: unpacking what Python sent, and a picture with boxes over it in the picture's own pixels.

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, int32: Int32Array, float32: Float32Array };

/** A typed array out of what `pack` in Python made: zlib in base64, little-endian. */
async function unpack({ type, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new ARRAYS[type](await new Response(inflated).arrayBuffer());
}

async function unpackAll(packed) {
  const names = Object.keys(packed);
  const arrays = await Promise.all(names.map((name) => unpack(packed[name])));
  return Object.fromEntries(names.map((name, index) => [name, arrays[index]]));
}

const HALO = "#1B1B1B";
const decimals = (value) => (value === null || Number.isNaN(value) ? "–" : value.toFixed(2));
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** A canvas that fills its place and calls `draw(stage)` at most once a frame; all coordinates are the picture's pixels. */
class Stage {
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.draw = draw;
    this.context = canvas.getContext("2d");
    this.picture = new Image();
    this.words = [];
    this.picture.onload = () => this.redraw();
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(canvas);
  }

  show({ picture, width, height, scale }) {
    this.zoom = scale;
    this.width = width;
    this.height = height;
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.canvas.style.maxWidth = `min(100%, max(min(16rem, ${((150 * width) / height).toFixed(2)}vh), ${((72 * width) / height).toFixed(2)}vh))`;
    this.picture.src = picture;
  }

  redraw() {
    if (!this.waiting) this.waiting = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.waiting = null;
    const ratio = window.devicePixelRatio || 1;
    const across = this.canvas.clientWidth;
    if (!across || !this.width) return;
    this.scale = across / this.width;
    const size = [Math.round(across * ratio), Math.round(this.height * this.scale * ratio)];
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, across, this.height * this.scale);
    this.words = [];
    this.draw(this);
  }

  /** Where in the picture a pointer is. */
  at(event) {
    const place = this.canvas.getBoundingClientRect();
    return [((event.clientX - place.left) * this.width) / place.width, ((event.clientY - place.top) * this.height) / place.height];
  }

  background(source = this.picture, smooth = true) {
    if (source === this.picture && !this.picture.complete) return;
    this.context.imageSmoothingEnabled = smooth;
    this.context.drawImage(source, 0, 0, this.width * this.scale, this.height * this.scale);
  }

  path([x1, y1, x2, y2]) {
    const s = this.scale;
    this.context.rect(x1 * s, y1 * s, (x2 - x1) * s, (y2 - y1) * s);
  }

  /** Boxes in one look; the lines' width is in pixels of the screen. */
  boxes(boxes, { colour, width = 2, dash = [], opacity = 1, halo = 0 }) {
    const { context, zoom } = this;
    context.beginPath();
    for (const box of boxes) this.path(box);
    context.setLineDash([]);
    if (halo) {
      context.globalAlpha = halo;
      context.strokeStyle = HALO;
      context.lineWidth = (width + 2.5) * zoom;
      context.stroke();
    }
    context.globalAlpha = opacity;
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width * zoom;
    context.stroke();
    context.globalAlpha = 1;
  }

  /**
   * A word on a dark ground over a box's top left corner; under the box where `below` says so, or where the picture
   * ends above: there the word would lie on a face. Where another word stands already, it goes to the box's right
   * corner, or over that word.
   */
  tag(text, box, colour, { below = false } = {}) {
    const { context, scale, zoom } = this;
    context.font = `600 ${12 * zoom}px system-ui, sans-serif`;
    const across = context.measureText(text).width + 10;
    const high = 18 * zoom;
    const inside = (x) => Math.max(0, Math.min(x, this.width * scale - across));
    const above = box[1] * scale - high;
    const y_first = below || above < 0 ? Math.min(box[3] * scale, this.height * scale - high) : above;
    const corners = [box[0] * scale, box[2] * scale - across].map(inside);
    const [x, y] = this.free(corners.flatMap((left) => [0, 1, 2].map((up) => [left, y_first - up * high])).sort((a, b) => b[1] - a[1]), across, high);
    context.fillStyle = "rgba(16, 22, 28, 0.82)";
    context.fillRect(x, y, across, high);
    context.fillStyle = colour;
    context.fillRect(x, y, 3, high);
    context.fillStyle = "#FFFFFF";
    context.textBaseline = "middle";
    context.fillText(text, x + 7, y + 0.53 * high);
  }

  /** The first of these places where no word stands yet, and from now on one does; the very first if all are taken. */
  free(places, across, high) {
    const taken = ([x, y]) => y < 0 || this.words.some((word) => x < word.x + word.across && word.x < x + across && y < word.y + word.high && word.y < y + high);
    const [x, y] = places.find((place) => !taken(place)) ?? places[0];
    this.words.push({ x, y, across, high });
    return [x, y];
  }

  /** A ring around what is too small to be seen. */
  ring([x1, y1, x2, y2]) {
    const { context, scale } = this;
    if (Math.max(x2 - x1, y2 - y1) * scale > 30) return;
    context.setLineDash([]);
    for (const [colour, width] of [[HALO, 4], ["#FFFFFF", 1.5]]) {
      context.beginPath();
      context.arc(((x1 + x2) / 2) * scale, ((y1 + y2) / 2) * scale, 24, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.waiting);
  }
}

/** The same places, moved as little as it takes until no two are closer than `least`, and none is beyond `last`. */
function apart(places, least, last) {
  const order = places.map((_, index) => index).sort((a, b) => places[a] - places[b]);
  const moved = [...places];
  order.forEach((index, turn) => { if (turn) moved[index] = Math.max(moved[index], moved[order[turn - 1]] + least); });
  let end = last;
  for (const index of order.reverse()) end = (moved[index] = Math.min(moved[index], end)) - least;
  return moved;
}

const row = (array, index, length = 4) => array.subarray(index * length, (index + 1) * length);

/** One instance a place on the page: Streamlit calls again with new data, and what the visitor did must stay. */
function mounted(instances, Kind, component) {
  const { parentElement } = component;
  const root = parentElement.querySelector("[data-root]");
  let instance = instances.get(parentElement);
  if (!instance || instance.root !== root) {
    instance?.close();
    instance = new Kind(root);
    instances.set(parentElement, instance);
  }
  const ready = instance.take(component);
  return ready.then(() => () => {
    instance.close();
    instances.delete(parentElement);
  });
}
