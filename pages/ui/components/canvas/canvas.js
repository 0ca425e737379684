// A picture with boxes over it in the picture's own pixels: hover, choose, zoom, switch roles on and off, save.
// What the visitor did (zoom, switched-off roles) stays when Python sends new boxes, because the canvas is never replaced.

const HALO = "#1B1B1B";
const MOST = 40; // as many times may a picture be enlarged
const FEW = 60; // up to so many boxes of a layer have a mark in their middle

class Drawing {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.note = root.querySelector(".note");
    this.off = new Map(); // by layer: switched off by the visitor, or not
    this.pointers = new Map();
    this.picture = new Image();
    this.tint = new Image();
    this.picture.onload = this.tint.onload = () => this.redraw();
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.canvas);
    const acts = { in: () => this.zoom(1.5), out: () => this.zoom(1 / 1.5), whole: () => this.whole(), save: () => this.save() };
    for (const button of root.querySelectorAll(".tools button")) button.onclick = () => acts[button.dataset.do]();
    this.canvas.onkeydown = (event) => ({ "+": acts.in, "=": acts.in, "-": acts.out, 0: acts.whole })[event.key]?.();
    this.canvas.onpointerdown = (event) => this.press(event);
    this.canvas.onpointermove = (event) => this.move(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => this.release(event);
    this.canvas.onpointerleave = (event) => event.pointerType === "mouse" && this.point(null);
    this.canvas.ondblclick = (event) => (this.view.zoom > 1 ? this.whole() : this.zoom(3, this.place(event)));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  take({ data, setTriggerValue }) {
    if (this.data?.identity !== data.identity) this.view = { zoom: 1, x: 0, y: 0 };
    if (this.data?.picture !== data.picture) this.picture.src = data.picture;
    if (this.data?.tint !== data.tint) {
      if (data.tint) this.tint.src = data.tint;
      else this.tint.removeAttribute("src");
    }
    this.data = data;
    this.tell = (chosen) => setTriggerValue("chosen", chosen);
    this.under = null;
    this.note.hidden = true;
    this.canvas.style.aspectRatio = `${data.width} / ${data.height}`;
    this.canvas.style.maxWidth = `min(100%, max(min(14rem, ${((150 * data.width) / data.height).toFixed(2)}vh), ${((70 * data.width) / data.height).toFixed(2)}vh))`;
    this.canvas.setAttribute("aria-label", data.alt);
    this.legend();
    this.redraw();
  }

  // ---- where things are: the view's x, y is the picture's pixel at the canvas's top left corner

  get fit() {
    return this.canvas.clientWidth / this.data.width;
  }

  /** A pointer's place on the canvas, in pixels of the screen. */
  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  /** The picture's pixel at a place on the canvas. */
  at([x, y]) {
    const scale = this.fit * this.view.zoom;
    return [this.view.x + x / scale, this.view.y + y / scale];
  }

  zoom(factor, [x, y] = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    const fixed = this.at([x, y]);
    this.view.zoom = Math.min(MOST, Math.max(1, this.view.zoom * factor));
    const scale = this.fit * this.view.zoom;
    this.shift(fixed[0] - x / scale, fixed[1] - y / scale);
  }

  shift(x, y) {
    const { data, view } = this;
    view.x = Math.max(0, Math.min(data.width * (1 - 1 / view.zoom), x));
    view.y = Math.max(0, Math.min(data.height * (1 - 1 / view.zoom), y));
    this.canvas.classList.toggle("zoomed", view.zoom > 1);
    this.redraw();
  }

  whole() {
    this.view.zoom = 1;
    this.shift(0, 0);
  }

  // ---- the hand

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 200), this.place(event));
  }

  press(event) {
    this.pointers.set(event.pointerId, this.place(event));
    this.canvas.setPointerCapture(event.pointerId);
    this.moved = this.pointers.size > 1;
  }

  move(event) {
    const now = this.place(event), before = this.pointers.get(event.pointerId);
    if (!before) return this.point(now);
    const rest = [...this.pointers].filter(([id]) => id !== event.pointerId);
    if (rest.length) this.pinch(before, now, rest[0][1]);
    else if (this.moved || Math.hypot(now[0] - before[0], now[1] - before[1]) > 4) this.drag(before, now);
    else return;
    this.pointers.set(event.pointerId, now);
  }

  drag(before, now) {
    this.moved = true;
    if (this.view.zoom === 1) return;
    this.canvas.classList.add("held");
    const scale = this.fit * this.view.zoom;
    this.shift(this.view.x - (now[0] - before[0]) / scale, this.view.y - (now[1] - before[1]) / scale);
  }

  pinch(before, now, second) {
    this.moved = true;
    const apart = (pair) => Math.hypot(pair[0] - second[0], pair[1] - second[1]);
    this.zoom(apart(now) / Math.max(1, apart(before)), [(now[0] + second[0]) / 2, (now[1] + second[1]) / 2]);
  }

  release(event) {
    const was = this.pointers.delete(event.pointerId);
    this.canvas.classList.remove("held");
    if (!was || this.moved || event.type === "pointercancel" || event.button) return;
    const place = this.place(event);
    this.point(place);
    if (this.data.choose) this.choose(this.around(place));
  }

  /** The smallest box at the click; at a second click on it, the next larger one. */
  choose(candidates) {
    if (!candidates.length) return;
    const again = candidates.findIndex((candidate) => candidate.layer.key === this.last?.layer.key && candidate.index === this.last.index);
    const next = (this.last = candidates[(again + 1) % candidates.length]);
    this.tell({ role: next.layer.role, index: next.index, identity: this.data.identity });
  }

  /** The shown boxes around a place, smallest first, of equal ones the topmost; what only marks a choice is not one. */
  around(place) {
    const [x, y] = this.at(place), slack = 4 / (this.fit * this.view.zoom), found = [];
    for (const layer of this.shown().filter(({ role }) => role !== "chosen"))
      layer.boxes.forEach(([x1, y1, x2, y2], index) => {
        if (x < x1 - slack || x > x2 + slack || y < y1 - slack || y > y2 + slack) return;
        found.unshift({ layer, index, area: (x2 - x1) * (y2 - y1) });
      });
    return found.sort((left, right) => left.area - right.area);
  }

  point(place) {
    const next = place && (this.around(place)[0] ?? null);
    this.canvas.classList.toggle("over", Boolean(next && this.data.choose));
    this.say(next, place);
    if (next?.layer === this.under?.layer && next?.index === this.under?.index) return;
    this.under = next;
    this.redraw();
  }

  say(found, place) {
    const words = found?.layer.notes[found.index];
    this.note.hidden = !words;
    if (!words) return;
    this.note.style.setProperty("--role", found.layer.colour);
    this.note.replaceChildren(...written(words));
    const frame = this.note.parentElement.getBoundingClientRect(), canvas = this.canvas.getBoundingClientRect();
    const [x, y] = [place[0] + canvas.left - frame.left, place[1]];
    const left = x + 16 + this.note.offsetWidth > frame.width ? x - 12 - this.note.offsetWidth : x + 16;
    this.note.style.left = `${Math.max(2, left)}px`;
    this.note.style.top = `${Math.max(2, Math.min(y + 12, frame.height - this.note.offsetHeight - 2))}px`;
  }

  // ---- drawing

  shown() {
    return this.data.layers.filter((layer) => !this.is_off(layer));
  }

  is_off(layer) {
    return this.off.get(layer.key) ?? !layer.shown;
  }

  redraw() {
    this.waiting ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.waiting = null;
    const ratio = window.devicePixelRatio || 1, { canvas, view, data } = this;
    if (!canvas.clientWidth || !data) return;
    const size = [Math.round(canvas.clientWidth * ratio), Math.round(((canvas.clientWidth * data.height) / data.width) * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    canvas.dataset.view = JSON.stringify({ ...view, fit: this.fit });
    this.scene(this.context, { scale: this.fit * view.zoom * ratio, x: view.x, y: view.y, line: data.scale * ratio });
  }

  /** Everything, into a canvas: `scale` of its pixels to one of the picture, `x`, `y` at its corner. */
  scene(context, { scale, x, y, line }) {
    const { data } = this;
    const frame = [-x * scale, -y * scale, data.width * scale, data.height * scale];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    // Enlarged pixels stay squares: what is looked at closely must not be made up.
    context.imageSmoothingEnabled = scale * data.width < 2 * this.picture.naturalWidth;
    for (const image of [this.picture, this.tint]) if (image.complete && image.naturalWidth) context.drawImage(image, ...frame);
    const on = ([x1, y1, x2, y2]) => [(x1 - x) * scale, (y1 - y) * scale, (x2 - x1) * scale, (y2 - y1) * scale];
    for (const layer of this.shown()) this.layer(context, layer, layer.boxes.map(on), line);
    if (this.under) this.point_out(context, on(this.under.layer.boxes[this.under.index]), this.under.layer, line);
    const words = [];
    for (const layer of this.shown()) layer.texts.forEach((text, index) => text && tag(context, text, on(layer.boxes[index]), layer.colour, line, words));
  }

  layer(context, layer, rectangles, line) {
    if (layer.hatch) rectangles.forEach((rectangle) => hatch(context, rectangle, layer.colour, line));
    const crowd = Math.min(1, Math.max(0.4, Math.sqrt(100 / Math.max(1, rectangles.length))));
    if (layer.halo) stroke(context, rectangles, { colour: HALO, width: (layer.width + 3) * line, opacity: layer.halo });
    stroke(context, rectangles, { colour: layer.colour, width: layer.width * line, opacity: layer.opacity * crowd, dash: layer.dash.map((length) => length * line) });
    if (rectangles.length <= FEW && this.data.marks) rectangles.forEach((rectangle) => mark(context, rectangle, layer, line));
  }

  point_out(context, rectangle, layer, line) {
    stroke(context, [rectangle], { colour: HALO, width: (layer.width + 5) * line, opacity: 0.8 });
    stroke(context, [rectangle], { colour: "#FFFFFF", width: (layer.width + 2.5) * line });
    stroke(context, [rectangle], { colour: layer.colour, width: layer.width * line, dash: layer.dash.map((length) => length * line) });
  }

  /** The legend's entries are switches. */
  legend() {
    const place = this.root.querySelector(".legend");
    place.replaceChildren(
      ...(this.data.legend ? this.data.layers.filter((layer) => layer.name) : []).map((layer) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-pressed", String(!this.is_off(layer)));
        button.title = this.is_off(layer) ? "Show" : "Hide";
        button.append(swatch(layer), layer.name, ...(this.is_off(layer) ? [off()] : []));
        button.onclick = () => this.flip(layer);
        return button;
      }),
    );
  }

  flip(layer) {
    const hidden = !this.is_off(layer);
    for (const same of this.data.layers) if (same.key === layer.key) this.off.set(same.key, hidden);
    this.under = null;
    this.legend();
    this.redraw();
  }

  /** The whole picture with what is shown, at least 1200 pixels wide, without what only a pointer shows. */
  save() {
    const { data } = this, canvas = document.createElement("canvas");
    const scale = Math.max(1, 1200 / data.width, Math.min(2, 1600 / data.width));
    [canvas.width, canvas.height] = [Math.round(data.width * scale), Math.round(data.height * scale)];
    this.under = null;
    this.scene(canvas.getContext("2d"), { scale, x: 0, y: 0, line: Math.max(1, canvas.width / 900) * data.scale });
    const link = document.createElement("a");
    link.download = `${data.file}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.waiting);
  }
}

/** Boxes in one look. */
function stroke(context, rectangles, { colour, width, opacity = 1, dash = [] }) {
  context.beginPath();
  for (const rectangle of rectangles) context.rect(...rectangle);
  context.globalAlpha = opacity;
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.globalAlpha = 1;
}

function hatch(context, [left, top, width, height], colour, line) {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.beginPath();
  for (let at = -height; at < width; at += 10 * line) {
    context.moveTo(left + at, top + height);
    context.lineTo(left + at + height, top);
  }
  context.setLineDash([]);
  context.globalAlpha = 0.75;
  context.strokeStyle = colour;
  context.lineWidth = 1.5 * line;
  context.stroke();
  context.restore();
}

function mark(context, [left, top, width, height], layer, line) {
  context.beginPath();
  context.arc(left + width / 2, top + height / 2, 3.5 * line, 0, 2 * Math.PI);
  context.globalAlpha = layer.opacity;
  context.fillStyle = layer.colour;
  context.fill();
  context.setLineDash([]);
  context.strokeStyle = HALO;
  context.lineWidth = line;
  context.stroke();
  context.globalAlpha = 1;
}

/** A word on a dark ground at a box's upper corner, inside the canvas, where none of the `words` stands that came before. */
function tag(context, text, [left, top, width, height], colour, line, words) {
  const { width: across, height: down } = context.canvas, high = 17 * line;
  if (left > across || top > down || left + width < 0 || top + height < 0) return;
  context.font = `600 ${12 * line}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + 9 * line;
  const corners = [left, left + width - wide].map((corner) => Math.max(0, Math.min(corner, across - wide)));
  const places = [0, -1, -2, 1, 2].flatMap((rows) => corners.map((x) => ({ x, y: Math.max(0, top - high) + rows * high, wide, high })));
  const { x, y } = free(places, words, down);
  context.fillStyle = "rgba(16, 22, 28, 0.82)";
  context.fillRect(x, y, wide, high);
  context.fillStyle = colour;
  context.fillRect(x, y, 3 * line, high);
  context.fillStyle = "#FFFFFF";
  context.textBaseline = "middle";
  context.fillText(text, x + 6 * line, y + 0.54 * high);
}

/** The first of these places where no word stands, and from now on one does; the very first if all are taken. */
function free(places, words, down) {
  const meets = (a, b) => a.x < b.x + b.wide && b.x < a.x + a.wide && a.y < b.y + b.high && b.y < a.y + a.high;
  const inside = ({ y, high }) => y >= 0 && y + high <= down;
  const place = places.find((spot) => inside(spot) && !words.some((word) => meets(spot, word))) ?? places[0];
  words.push(place);
  return place;
}

function swatch({ colour, dash, width, halo, hatch: hatched }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", "26");
  svg.setAttribute("height", "12");
  svg.setAttribute("aria-hidden", "true");
  const path = (look) => {
    const node = document.createElementNS(svg.namespaceURI, "path");
    for (const [name, value] of Object.entries({ d: hatched ? "M2 2H24V10H2z" : "M1 6H25", fill: "none", ...look })) node.setAttribute(name, value);
    svg.append(node);
  };
  if (halo) path({ stroke: "currentColor", "stroke-width": width + 3, "stroke-opacity": halo });
  path({ stroke: colour, "stroke-width": width + 0.5, "stroke-dasharray": dash.map((length) => 0.8 * length).join(" ") });
  return svg;
}

/** What stands behind a layer's name while it is not drawn; a screen reader knows it from the button's state. */
function off() {
  const sign = document.createElement("span");
  sign.className = "off";
  sign.setAttribute("aria-hidden", "true");
  sign.innerHTML = `<svg viewBox="0 0 24 24"><path d="M2 12Q12 1 22 12Q12 23 2 12zM12 8.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7zM4 3L20 21"/></svg>off`;
  return sign;
}

/** A note's lines: `<br>` breaks, `<b>` is bold, everything else is text. */
function written(words) {
  return words.split(/(<br>|<b>.*?<\/b>)/).filter(Boolean).map((part) => {
    if (part === "<br>") return document.createElement("br");
    const bold = part.match(/^<b>(.*)<\/b>$/);
    return bold ? Object.assign(document.createElement("b"), { textContent: bold[1] }) : document.createTextNode(part);
  });
}

const drawings = new WeakMap();

export default function (component) {
  const { parentElement } = component, root = parentElement.querySelector("[data-root]");
  let drawing = drawings.get(parentElement);
  if (drawing?.root !== root) {
    drawing?.close();
    drawings.set(parentElement, (drawing = new Drawing(root)));
  }
  drawing.take(component);
  return () => {
    drawing.close();
    drawings.delete(parentElement);
  };
}
