// One panel: reads its films, shows them with their switches, and says what is under the mouse.

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function inflated(letters) {
  const text = atob(letters);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function readSteps(packed) {
  return stepsOf(await inflated(packed.letters), packed.shape);
}

async function readTrack(track) {
  const { shape, step } = track.values;
  return {
    tau: track.tau,
    smooth: track.smooth,
    step,
    axes: shape[1],
    things: shape[2],
    each: shape[1] * shape[2],
    whole: await readSteps(track.values),
  };
}

async function readHeat(heat) {
  if (!heat) return null;
  const shares = bytesOf(await inflated(heat.shares.letters));
  const [, rows, columns] = heat.shares.shape;
  const density = new Float32Array(shares.length);
  for (let i = 0; i < shares.length; i++) {
    density[i] = (shares[i] / 255) ** 2 * heat.tops[Math.floor(i / (rows * columns))];
  }
  return { ...heat, rows, columns, density };
}

async function readWay(way) {
  const tracks = {};
  for (const [name, track] of Object.entries(way.tracks)) tracks[name] = await readTrack(track);
  const hue = bytesOf(await inflated(way.hue.letters));
  return { tracks, meshes: way.meshes, hue, heat: await readHeat(way.heat) };
}

class Panel {
  constructor(data, ways, outline, tables, inks, words) {
    this.data = data;
    this.words = words;
    this.ways = ways;
    this.layers = data.goes === "layers" ? data.layers.length : 0;
    this.shown = new Set(data.shown);
    this.build();
    this.picture = new Picture(this.canvas, { ...data, outline }, tables, inks, words);
    this.picture.shown = this.shown;
    this.visible = true;
    this.acting = -1;
  }

  build() {
    const head = made("header", "head");
    head.append(made("span", `square ${this.data.lane}`), made("h2", "", this.data.title));
    this.placed = made("span", "place");
    head.append(this.placed);
    this.canvas = made("canvas", "picture");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", this.data.title);
    this.reading = made("p", "reading", this.data.caption || this.words.hover);
    const chips = made("div", "chips");
    for (const name of this.data.chips) chips.append(this.chip(name));
    this.element = made("article", "panel");
    this.element.append(head, this.canvas, this.reading, chips);
  }

  chip(name) {
    const chip = made("button", "chip", this.words[`chip_${name}`]);
    chip.type = "button";
    chip.title = this.words[`tip_${name}`];
    chip.setAttribute("aria-pressed", String(this.shown.has(name)));
    chip.addEventListener("click", () => {
      if (!this.shown.delete(name)) this.shown.add(name);
      chip.setAttribute("aria-pressed", String(this.shown.has(name)));
      page.wake();
    });
    return chip;
  }

  turn(direction) {
    this.picture.way = this.ways[direction] || Object.values(this.ways)[0];
  }

  pace(tau) {
    return withRests(tau, this.layers);
  }

  draw(clock, forward, followed) {
    const tau = this.pace(clock);
    this.picture.draw(tau, (moment) => this.pace(moment), clock, forward, followed);
    this.tellPlace(tau);
  }

  tellPlace(tau) {
    const { goes, layers } = this.data;
    if (goes !== "layers") {
      const values = { t: tau.toFixed(2), share: Math.round(100 * tau) };
      this.say([filled(this.words[goes], values)]);
    } else if (this.layers) {
      const acting = actingLayer(tau, this.layers);
      const done = Math.round(tau * this.layers);
      const words = acting >= 0 ? this.words.layer : done ? this.words.after : this.words.base;
      const place = filled(words, { n: acting < 0 ? done : acting + 1, count: this.layers });
      this.say(acting < 0 ? [place] : [`${place} · ${layers[acting]}`, place]);
      this.act(acting);
    }
  }

  // Say where the clock is in the longest form that there is room for.
  say(forms) {
    if (this.said === forms[0]) return;
    this.said = forms[0];
    for (const form of forms) {
      this.placed.textContent = form;
      if (this.placed.scrollWidth <= this.placed.clientWidth) return;
    }
  }

  // Light up the layer that acts in the list below.
  act(layer) {
    if (layer === this.acting) return;
    this.acting = layer;
    (this.cards || []).forEach((card, k) => card.classList.toggle("acting", k === layer));
  }

  // What can be read off at a point, in words.
  read(at, tau, followed) {
    const said = [point(at.x, at.y)];
    const density = this.picture.densityAt(at, tau);
    if (density > 0) {
      const values = { density: written(density, 3), log_prob: written(Math.log(density), 3) };
      said.push(filled(this.words.reading, values));
    }
    const text = said.join(" · ");
    if (followed < 0) return text;
    const [z, x] = [0, 1].map((end) => this.picture.place(followed, end));
    return `${text}\nz = ${point(z.x, z.y)} → x = ${point(x.x, x.y)}`;
  }
}
