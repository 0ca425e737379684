// The picture with its first n proposals: the slider follows the hand, a click chooses a box.

/** Every number up to some dozens, then ever larger steps: a slider that is fine where it matters. */
function stopsUpTo(count) {
  const stops = [];
  for (let stop = 1; stop < count; stop += Math.max(1, Math.round(stop / 25))) stops.push(stop);
  return count ? [...stops, count] : [];
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.slider = root.querySelector("#first");
    this.typed = root.querySelector("#typed");
    this.stage = new Stage(this.canvas, () => this.draw());
    this.slider.oninput = () => this.show(this.stops[this.slider.value]);
    this.typed.onchange = () => this.show(Number(this.typed.value) || 1);
    root.querySelector("#only-best").onchange = () => this.stage.redraw();
    this.canvas.onpointermove = (event) => event.pointerType === "mouse" && this.hover(this.stage.at(event));
    this.canvas.onpointerleave = () => this.hover(null);
    this.canvas.onclick = (event) => this.choose(this.under(this.stage.at(event)));
    this.canvas.onkeydown = (event) => event.key === "Escape" && this.choose([]);
  }

  async take({ data, setStateValue }) {
    const arrays = await unpackAll(data.arrays);
    Object.assign(this, data, arrays);
    this.setStateValue = setStateValue;
    this.count = this.boxes.length / 4;
    this.stops = stopsUpTo(this.count);
    this.slider.max = Math.max(0, this.stops.length - 1);
    this.slider.disabled = this.typed.disabled = this.count === 0;
    this.typed.max = this.count;
    this.root.querySelector("#of").textContent = `of ${plural(this.count, "proposal")}`;
    this.stage.show(data);
    this.under_pointer = null;
    const first = this.first === undefined ? data.first : this.first;
    this.show(data.chosen === null ? first : Math.max(first, data.chosen + 1));
  }

  /** The first n proposals: everything below follows. */
  show(first) {
    this.first = Math.max(1, Math.round(first));
    const n = (this.n = Math.min(this.first, this.count));
    this.typed.value = n;
    const stop = this.stops.findIndex((count) => count >= n);
    this.slider.value = Math.max(0, stop);
    this.slider.setAttribute("aria-valuetext", `the first ${n}`);
    this.figures(n);
    this.legend(n);
    this.stage.redraw();
  }

  /** Best box of a pedestrian among the first n: its index, or -1. */
  best(person, n) {
    return n ? this.best_index[n * this.people.length + person] : -1;
  }

  overlap(person, n) {
    return this.overlaps[n * this.people.length + person];
  }

  figures(n) {
    const judged = [["Recall at IoU 0.5", 0], ["Recall at IoU 0.7", 1], ["MABO", 2]];
    const text = (column, at) => decimals(this.scores[at * 3 + column]);
    this.root.querySelector(".figures").innerHTML = this.people.length
      ? judged.map(([name, column]) => `<div><dt>${name}</dt><dd>${text(column, n)} <small>of ${text(column, this.count)}</small></dd></div>`).join("")
      : "";
    const words = this.people.map((_, person) => `${this.noun} ${person + 1}: best IoU ${decimals(this.overlap(person, n))}`);
    this.canvas.setAttribute("aria-label", [`${this.name}, the first ${n} of ${plural(this.count, "proposal")}`, ...words].join("; "));
  }

  draw() {
    const { stage, n, looks } = this;
    stage.background();
    const only = this.root.querySelector("#only-best").checked;
    if (!only) stage.boxes(Array.from({ length: n }, (_, index) => row(this.boxes, index)), { ...looks.proposal, opacity: n > 400 ? 0.35 : 0.75 });
    stage.boxes(this.people, looks.ground_truth);
    const best = this.people.map((_, person) => this.best(person, n));
    stage.boxes(best.filter((index) => index >= 0).map((index) => row(this.boxes, index)), { ...looks.proposal, width: 3, opacity: 1, halo: 0.7 });
    const pointed = [...new Set([this.chosen, this.under_pointer])].filter((proposal) => proposal !== null && proposal < this.count);
    for (const index of pointed) this.point_out(row(this.boxes, index));
    // No line runs through a word.
    this.people.forEach((box, person) => stage.tag(`${person + 1}: ${decimals(this.overlap(person, n))}`, box, looks.ground_truth.colour));
    for (const index of pointed) stage.tag(`rank ${index + 1}`, row(this.boxes, index), looks.chosen.colour, { below: true });
  }

  point_out(box) {
    this.stage.boxes([box], this.looks.chosen);
    this.stage.ring(box);
  }

  /** The shown boxes around a point, smallest first. */
  under([x, y]) {
    const only = this.root.querySelector("#only-best").checked;
    const shown = only ? this.people.map((_, person) => this.best(person, this.n)).filter((proposal) => proposal >= 0) : [...Array(this.n).keys()];
    const area = (index) => { const [x1, y1, x2, y2] = row(this.boxes, index); return (x2 - x1) * (y2 - y1); };
    const around = (index) => { const [x1, y1, x2, y2] = row(this.boxes, index); return x >= x1 && x <= x2 && y >= y1 && y <= y2; };
    return shown.filter(around).sort((a, b) => area(a) - area(b));
  }

  hover(point) {
    const next = point ? (this.under(point)[0] ?? null) : null;
    if (next !== this.under_pointer) {
      this.under_pointer = next;
      this.stage.redraw();
    }
  }

  /** The smallest box at the click; at a second click on it, the next larger one. */
  choose(candidates) {
    const again = candidates.indexOf(this.chosen);
    this.chosen = candidates.length ? candidates[(again + 1) % candidates.length] : null;
    this.under_pointer = null;
    this.setStateValue("chosen", this.chosen);
    this.stage.redraw();
  }

  /** Names of the lines; a noun may come from a file, and is text, not markup. */
  legend(n) {
    const { ground_truth, proposal } = this.looks;
    const entry = (name, look, width, halo) => {
      const item = document.createElement("span");
      item.setAttribute("role", "listitem");
      item.innerHTML = `<svg width="28" height="12" aria-hidden="true">${halo ? `<path d="M1 6h26" stroke="${HALO}" stroke-width="${width + 2.5}"/>` : ""}<path d="M1 6h26" stroke="${look.colour}" stroke-width="${width}"/></svg>`;
      item.append(name);
      return item;
    };
    const with_people = [
      entry(`Ground truth, with its best IoU among the first ${n.toLocaleString("en")}`, ground_truth, 2.5),
      entry("Proposal", proposal, 1.5),
      entry(`Best of the first ${n.toLocaleString("en")} for a ${this.noun}`, proposal, 3, true),
    ];
    this.root.querySelector(".legend").replaceChildren(...(this.people.length ? with_people : [entry("Proposal", proposal, 1.5)]));
    this.root.querySelector("#only-best").parentElement.hidden = !this.people.length;
  }

  close() {
    this.stage.close();
  }
}

const viewers = new WeakMap();
export default (component) => mounted(viewers, Viewer, component);
