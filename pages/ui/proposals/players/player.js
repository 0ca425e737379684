// The grouping as a film: position 0 is the segmentation, position m shows what merge m joined.

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zM14 5h4v14h-4z";
const NAMES = ["Colour", "Texture", "Size", "Fill"];

/** Packed as a pixel of a canvas. */
const rgba = (red, green, blue, opacity = 255) => (opacity << 24) | (blue << 16) | (green << 8) | red;
const channels = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));

/** The regions at every position: which node each first region belongs to, and the node's mean colour. */
class Regions {
  constructor({ labels, labels_width, pairs, sizes, colours, count }) {
    Object.assign(this, { labels, pairs, sizes, count, width: labels_width, height: labels.length / labels_width });
    this.parent = new Int32Array(sizes.length).fill(sizes.length);
    this.colours = new Float32Array(3 * sizes.length);
    this.colours.set(colours);
    pairs.forEach((node, index) => (this.parent[node] = count + (index >> 1)));
    for (let node = count; node < sizes.length; node++) {
      const [first, second] = row(pairs, node - count, 2);
      const share = sizes[first] / sizes[node];
      for (let channel = 0; channel < 3; channel++)
        this.colours[3 * node + channel] = share * this.colours[3 * first + channel] + (1 - share) * this.colours[3 * second + channel];
    }
    this.canvas = document.createElement("canvas");
    [this.canvas.width, this.canvas.height] = [this.width, this.height];
    this.image = this.canvas.getContext("2d").createImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.node = new Int32Array(sizes.length);
  }

  /** For every node that exists then, the region that it is part of after `merges` merges. */
  roots(merges) {
    const last = this.count + merges - 1;
    for (let node = last; node >= 0; node--) this.node[node] = this.parent[node] <= last ? this.node[this.parent[node]] : node;
    return this.node;
  }

  /** Draw the regions after so many merges, two of them in colours of their own. */
  paint(merges, [first, second], [tint_one, tint_other], with_colours) {
    const roots = this.roots(merges);
    const fills = new Uint32Array(this.count);
    const lines = new Uint32Array(this.count);
    for (let region = 0; region < this.count; region++) {
      const node = roots[region];
      const tint = node === first ? tint_one : node === second ? tint_other : null;
      const [red, green, blue] = row(this.colours, node, 3);
      const dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110;
      lines[region] = tint ? rgba(...tint) : with_colours ? rgba(...[red, green, blue].map((level) => (dark ? level + 38 : level - 38)).map((level) => Math.max(0, Math.min(255, level)))) : rgba(255, 255, 255, 110);
      fills[region] = tint ? rgba(...tint.map((level, channel) => 0.7 * level + 0.3 * [red, green, blue][channel]), with_colours ? 255 : 150) : with_colours ? rgba(red, green, blue) : 0;
    }
    const { labels, pixels, width, height } = this;
    for (let y = 0, place = 0; y < height; y++)
      for (let x = 0; x < width; x++, place++) {
        const label = labels[place];
        const root = roots[label];
        const edge = (x + 1 < width && roots[labels[place + 1]] !== root) || (y + 1 < height && roots[labels[place + width]] !== root);
        pixels[place] = edge ? lines[label] : fills[label];
      }
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

class Player {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.scrubber = root.querySelector(".scrubber");
    this.stage = new Stage(this.canvas, () => this.draw());
    this.scrubber.oninput = () => this.go(Number(this.scrubber.value));
    for (const button of root.querySelectorAll("button")) button.onclick = () => this.press(button.dataset.go);
    for (const input of root.querySelectorAll(".switches input")) input.onchange = () => this.stage.redraw();
    this.canvas.onclick = (event) => this.follow(this.stage.at(event));
    root.onkeydown = (event) => this.key(event);
    this.chart = root.querySelector(".chart");
    this.chart.onpointerdown = (event) => { this.chart.setPointerCapture(event.pointerId); this.scrub(event); };
    this.chart.onpointermove = (event) => event.buttons && this.scrub(event);
    this.chart_observer = new ResizeObserver(() => this.curve());
    this.chart_observer.observe(this.chart);
  }

  async take({ data }) {
    const is_new = data.wish !== null && data.wish.number !== this.granted;
    const same = this.identity === data.identity;
    if (is_new) this.granted = data.wish.number;
    if (same) {
      this.stage.zoom = data.scale;
      if (is_new) this.grant(data.wish);
      return this.stage.redraw();
    }
    const arrays = await unpackAll(data.arrays);
    Object.assign(this, data, arrays);
    this.merges = this.pairs.length / 2;
    this.scrubber.max = this.merges;
    this.regions = new Regions(this);
    this.scored = this.people.length > 0;
    this.better = this.find_better();
    this.root.querySelector("[data-go=better]").hidden = this.root.querySelector(".people").hidden = !this.scored;
    this.root.querySelector("figure").hidden = !this.scored;
    this.stage.show(data);
    this.pause();
    if (is_new) this.grant(data.wish);
    else this.go(0, {});
    this.curve();
  }

  // Go to the merge that somebody asked for, and bring it before his eyes: the button may be a screen above. Only once,
  // also if the player is taken away and put back.
  grant(wish) {
    this.go(wish.merge, wish);
    const shared = document.documentElement.dataset;
    if (Number(shared.grantedWish ?? 0) >= wish.number) return;
    shared.grantedWish = wish.number;
    this.root.style.scrollMarginTop = "5rem"; // the app's own bar stands there
    this.root.scrollIntoView({ block: "start" });
  }

  overlap(person, position = this.position) {
    return this.overlaps[position * this.people.length + person];
  }

  /** Positions whose new box shows somebody better than any box before. */
  find_better() {
    const positions = [];
    for (let position = 1; position <= this.merges; position++)
      if (this.people.some((_, person) => this.overlap(person, position) > this.overlap(person, position - 1))) positions.push(position);
    return positions;
  }

  best_box(person) {
    const best = this.best[this.position * this.people.length + person];
    return best < 0 ? null : row(this.best_boxes, best);
  }

  /** To a position; to a pair that was compared then and passed over, if there is one, with its similarities. */
  go(position, { pair = null, similarities = null } = {}) {
    this.position = Math.max(0, Math.min(this.merges, position));
    this.passed_over = pair;
    this.passed_over_similarities = similarities;
    this.scrubber.value = this.position;
    this.words();
    this.bars();
    this.mark();
    this.stage.redraw();
  }

  press(action) {
    const { position } = this;
    if (action === "play") return this.timer ? this.pause() : this.play();
    this.pause();
    const next = this.better.find((merge) => merge > position);
    this.go({ first: 0, back: position - 1, forward: position + 1, last: this.merges, better: next ?? position }[action]);
  }

  key(event) {
    const step = event.shiftKey ? 10 : 1;
    const typing = event.target.matches("select");
    const acts = {
      ArrowLeft: () => this.go(this.position - step),
      ArrowRight: () => this.go(this.position + step),
      Home: () => this.go(0),
      End: () => this.go(this.merges),
      b: () => this.press("better"),
      " ": event.target.matches("button") ? null : () => this.press("play"),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== " ") this.pause();
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  play() {
    if (this.position >= this.merges) this.go(0);
    const speed = Number(this.root.querySelector("select").value);
    const from = { time: performance.now(), position: this.position };
    const tick = (now) => {
      const target = from.position + Math.floor(((now - from.time) / 1000) * speed);
      if (target > this.position) this.go(target);
      if (this.position >= this.merges) return this.pause();
      this.timer = requestAnimationFrame(tick);
    };
    this.root.querySelector("select").onchange = () => this.timer && (this.pause(), this.play());
    this.timer = requestAnimationFrame(tick);
    this.icon(PAUSE, "Pause");
  }

  pause() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.icon(PLAY, "Play");
  }

  icon(shape, label) {
    const button = this.root.querySelector("[data-go=play]");
    button.setAttribute("aria-label", label);
    button.querySelector("path").setAttribute("d", shape);
  }

  /** A click on a region goes on to the merge that takes it in. */
  follow([x, y]) {
    const { regions } = this;
    const column = Math.min(regions.width - 1, Math.floor((x / this.width) * regions.width));
    const line = Math.min(regions.height - 1, Math.floor((y / this.height) * regions.height));
    const node = regions.roots(this.position)[regions.labels[line * regions.width + column]];
    const parent = regions.parent[node];
    this.pause();
    if (parent < this.sizes.length) this.go(parent - this.count + 1);
  }

  draw() {
    if (!this.regions) return;
    const { stage, looks } = this;
    const with_colours = this.root.querySelector("[value=regions]").checked;
    const tints = [looks.one, looks.other].map(channels);
    if (!with_colours) stage.background();
    const before = this.passed_over ? this.position : Math.max(0, this.position - 1);
    stage.background(this.regions.paint(before, this.pair() ?? [-1, -1], tints, with_colours), false);
    const with_people = this.scored && this.root.querySelector(".people input").checked;
    if (with_people) {
      stage.boxes(this.people, looks.ground_truth);
      const best = this.people.map((_, person) => this.best_box(person)).filter(Boolean);
      stage.boxes(best, { ...looks.proposal, width: 2.5, opacity: 1, halo: 0.7 });
    }
    const union = this.box();
    if (union) {
      stage.boxes([union], this.passed_over ? { ...looks.chosen, dash: [7, 4] } : looks.chosen);
      stage.ring(union);
    }
    if (with_people) this.people.forEach((box, person) => stage.tag(`${person + 1}: ${decimals(this.overlap(person))}`, box, looks.ground_truth.colour));
  }

  /** The two nodes that are shown in colours of their own: those that merge, or that were passed over. */
  pair() {
    return this.passed_over ?? (this.position ? row(this.pairs, this.position - 1, 2) : null);
  }

  /** The box around the pair. */
  box() {
    const pair = this.pair();
    if (!pair) return null;
    const [first, second] = [...pair].map((node) => row(this.boxes, node));
    return [Math.min(first[0], second[0]), Math.min(first[1], second[1]), Math.max(first[2], second[2]), Math.max(first[3], second[3])];
  }

  words() {
    const { position } = this;
    const place = `${position.toLocaleString("en")} of ${this.merges.toLocaleString("en")}`;
    const merged = position ? `Merge ${place}` : "The segmentation";
    const now = this.passed_over ? `Compared ${position ? `after merge ${place}` : "at the start"}` : merged;
    const left = plural(this.count - position, "region");
    this.root.querySelector(".now").textContent = `${now} · ${left}${position ? " left" : ""}`;
    const pair = this.root.querySelector(".pair");
    if (!this.pair()) {
      pair.textContent = this.merges ? "No merge yet. Play, or step on: the two most similar touching regions become one." : "The whole picture is one region: there is nothing to merge.";
    } else {
      const [first, second] = this.pair();
      const [x1, y1, x2, y2] = this.box();
      const fate = this.passed_over ? "were compared and passed over, for others were more alike: the box around both is" : "become one region, in a box of";
      const swatch = (colour) => `<i style="background:${colour}"></i>`;
      pair.innerHTML = `${swatch(this.looks.one)}${plural(this.sizes[first], "pixel")} and ${swatch(this.looks.other)}${plural(this.sizes[second], "pixel")} ${fate} ${Math.round(x2 - x1)} × ${Math.round(y2 - y1)} pixels.`;
    }
    const people = this.people.map((_, person) => `${this.noun} ${person + 1}: best IoU so far ${decimals(this.overlap(person))}`);
    this.canvas.setAttribute("aria-label", [`${now}, ${left}`, ...people].join("; "));
    this.scrubber.setAttribute("aria-valuetext", now);
    this.root.querySelector("[data-go=back]").disabled = this.root.querySelector("[data-go=first]").disabled = position === 0;
    this.root.querySelector("[data-go=forward]").disabled = this.root.querySelector("[data-go=last]").disabled = position === this.merges;
    this.root.querySelector("[data-go=better]").disabled = !this.better.some((merge) => merge > position);
    this.root.querySelector("[data-go=play]").disabled = !this.merges;
  }

  bars() {
    const bars = this.root.querySelector(".bars");
    if (bars.children.length !== NAMES.length)
      bars.innerHTML = NAMES.map((name) => `<div class="bar"><span>${name}</span><div class="track"><div class="fill"></div></div><output></output></div>`).join("");
    NAMES.forEach((name, index) => {
      const bar = bars.children[index];
      const values = this.passed_over ? this.passed_over_similarities : this.position ? row(this.similarities, this.position - 1) : null;
      const value = values ? values[index] : 0;
      bar.classList.toggle("unused", !this.used[index]);
      bar.title = this.used[index] ? `${name} similarity` : `${name} similarity; this strategy does not look at it`;
      bar.querySelector(".fill").style.width = `${100 * value}%`;
      bar.querySelector("output").textContent = values ? decimals(value) : "–";
    });
  }

  /** Best IoU so far of each pedestrian over the merges. */
  curve() {
    if (!this.scored) return;
    const { width, height } = this.chart.getBoundingClientRect();
    if (!width) return;
    const [left, right, top, bottom] = [26, 18, 8, 20];
    this.x = (position) => left + ((width - left - right) * position) / Math.max(1, this.merges);
    this.y = (iou) => height - bottom - (height - top - bottom) * iou;
    this.x_back = (x) => Math.round(((x - left) / (width - left - right)) * this.merges);
    const grid = [0, 0.5, 1].map((iou) => `<line class="grid ${iou === 0.5 ? "half" : ""}" x1="${left}" x2="${width - right}" y1="${this.y(iou)}" y2="${this.y(iou)}"/><text x="0" y="${this.y(iou) + 4}">${iou}</text>`);
    const lines = this.people.map((_, person) => this.line(person));
    const last = this.people.map((_, person) => this.overlap(person, this.merges));
    const heights = apart(last.map(this.y), 13, height - bottom);
    const ends = heights.map((y, person) => `<text x="${width - right + 4}" y="${y + 4}">${person + 1}</text>`);
    const axis = `<text x="${left}" y="${height - 4}">0</text><text x="${width - right}" y="${height - 4}" text-anchor="end">${this.merges.toLocaleString("en")} merges</text>`;
    this.chart.innerHTML = grid.join("") + lines.join("") + ends.join("") + axis + `<line class="position" y1="${top}" y2="${height - bottom}"/>` + this.people.map(() => '<circle r="4"/>').join("");
    this.root.querySelector("figcaption").textContent = `Best IoU so far of each ${this.noun}; drag to move`;
    this.chart.setAttribute("aria-label", `Best IoU so far over the merges; at the end ${last.map((iou, person) => `${this.noun} ${person + 1} has ${decimals(iou)}`).join(", ")}`);
    this.mark();
  }

  line(person) {
    let path = `M${this.x(0)} ${this.y(this.overlap(person, 0))}`;
    for (const position of this.better) path += `H${this.x(position)}V${this.y(this.overlap(person, position))}`;
    return `<path d="${path}H${this.x(this.merges)}" stroke="${this.looks.ground_truth.colour}"/>`;
  }

  mark() {
    const line = this.chart.querySelector(".position");
    if (!line || !this.x) return;
    line.setAttribute("x1", this.x(this.position));
    line.setAttribute("x2", this.x(this.position));
    this.chart.querySelectorAll("circle").forEach((dot, person) => {
      dot.setAttribute("cx", this.x(this.position));
      dot.setAttribute("cy", this.y(this.overlap(person)));
    });
  }

  scrub(event) {
    if (!this.x_back) return;
    this.pause();
    this.go(this.x_back(event.clientX - this.chart.getBoundingClientRect().left));
  }

  close() {
    this.pause();
    this.stage.close();
    this.chart_observer.disconnect();
  }
}

const players = new WeakMap();
export default (component) => mounted(players, Player, component);
