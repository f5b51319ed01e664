// Draws one panel's picture onto a canvas, as explorer/panels/rasterizer.py does.

const HALF_SPAN = 4.2; // data units from the middle to the nearest edge
const TRAIL = 0.11; // of the clock
const TRAIL_CORNERS = 8;
const TRAILS = 500;
const BOLD = 1500;
const FADE = 48; // colours of the density that fade into the empty plane
const TINT_RANGE = 2; // nats
const HUES = 32; // in which trails are drawn
const LIGHTS = 6; // in which strokes of the field are drawn
const REACH = 14; // CSS pixels to the particle that is meant

class Picture {
  constructor(canvas, panel, tables, inks, words) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.panel = panel;
    this.tables = tables;
    this.inks = inks;
    this.words = words;
    this.ratio = 1;
    this.outline = panel.outline;
    this.heatCanvas = document.createElement("canvas");
    this.backdrop = document.createElement("canvas");
    this.heatColours = heatColours(tables[panel.colours]);
    this.dots = [];
  }

  // --- where things lie -----------------------------------------------------------------------

  fit() {
    const box = this.canvas.getBoundingClientRect();
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const side = Math.max(Math.round(box.width * ratio), 1);
    if (side === this.canvas.width && ratio === this.ratio) return;
    this.canvas.width = this.canvas.height = side;
    this.ratio = ratio;
    this.scale = side / (2 * HALF_SPAN);
    this.dots = [
      dotSprites(this.tables.wheel, 0.55 * ratio, 0.4, 0),
      dotSprites(this.tables.wheel, 1.15 * ratio, 0.95, 1.9 * ratio),
    ];
    this.drawBackdrop(side);
  }

  x(value) {
    return this.canvas.width / 2 + this.scale * value;
  }

  y(value) {
    return this.canvas.height / 2 - this.scale * value;
  }

  toData(event) {
    const box = this.canvas.getBoundingClientRect();
    const unit = box.width / (2 * HALF_SPAN);
    return {
      x: (event.clientX - box.left - box.width / 2) / unit,
      y: -(event.clientY - box.top - box.height / 2) / unit,
    };
  }

  // --- what is seen at a moment ---------------------------------------------------------------

  seen(name, tau, count) {
    const track = this.way.tracks[name];
    if (!track) return null;
    const things = track.things;
    const shown = Math.min(count === undefined ? things : count, things);
    const values = [];
    for (let axis = 0; axis < track.axes; axis++) {
      values.push(mixInto(new Float32Array(shown), track, tau, axis * things));
    }
    return values;
  }

  densityAt(at, tau) {
    const heat = this.way.heat;
    if (!heat) return null;
    const [left, right, low, high] = heat.extent;
    const column = Math.floor(((at.x - left) / (right - left)) * heat.columns);
    const row = Math.floor(((at.y - low) / (high - low)) * heat.rows);
    if (row < 0 || row >= heat.rows || column < 0 || column >= heat.columns) return null;
    const { low: before, high: after, share } = neighbours(heat.tops.length, tau);
    const cell = row * heat.columns + column;
    const each = heat.rows * heat.columns;
    const now = heat.density[before * each + cell];
    return now + share * (heat.density[after * each + cell] - now);
  }

  nearest(at, tau) {
    const seen = this.seen("particles", tau);
    if (!seen || !this.shown.has("points")) return -1;
    const [xs, ys] = seen;
    let best = -1;
    let least = ((REACH * this.ratio) / this.scale) ** 2;
    for (let i = 0; i < xs.length; i++) {
      const away = (xs[i] - at.x) ** 2 + (ys[i] - at.y) ** 2;
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }

  // Where a particle is at a moment; NaN for one that is not known.
  place(index, tau) {
    const track = this.way.tracks.particles;
    const out = new Float32Array(1);
    if (!track || index >= track.things) return { x: NaN, y: NaN };
    const x = mixInto(out, track, tau, index)[0];
    return { x, y: mixInto(out, track, tau, track.things + index)[0] };
  }

  // --- drawing --------------------------------------------------------------------------------

  draw(tau, pace, clock, forward, followed) {
    this.fit();
    const context = this.context;
    context.drawImage(this.backdrop, 0, 0);
    if (this.shown.has("density") && this.way.heat) this.drawHeat(tau);
    if (this.shown.has("field")) this.drawField(tau);
    if (this.shown.has("outline")) this.drawOutline();
    this.drawLegends(tau);
    const seen = this.shown.has("points") ? this.seen("particles", tau) : null;
    if (seen) this.drawDots(seen, this.dots[0], BOLD, seen[0].length);
    if (this.shown.has("grid")) this.drawGrid(tau);
    if (this.shown.has("trails")) this.drawTrails(pace, clock, forward);
    if (seen) this.drawDots(seen, this.dots[1], 0, Math.min(BOLD, seen[0].length));
    if (followed >= 0) this.drawRing(this.place(followed, tau));
  }

  drawBackdrop(side) {
    this.backdrop.width = this.backdrop.height = side;
    const context = this.backdrop.getContext("2d");
    context.fillStyle = this.inks.panel;
    context.fillRect(0, 0, side, side);
    const line = Math.max(1, Math.round(this.ratio));
    const step = this.scale / this.ratio < 28 ? 2 : 1;
    context.fillStyle = this.inks.grid_line;
    for (let k = -4; k <= 4; k += step) {
      context.globalAlpha = k ? 0.4 : 1;
      context.fillRect(Math.round(this.x(k)), 0, line, side);
      context.fillRect(0, Math.round(this.y(k)), side, line);
    }
    context.globalAlpha = 0.75;
    context.fillStyle = this.inks.panel_muted;
    context.font = `${10 * this.ratio}px Inter, system-ui, sans-serif`;
    context.textBaseline = "bottom";
    context.textAlign = "center";
    for (let k = -2; k <= 4; k += 2) {
      context.fillText(String(k).replace("-", "−"), this.x(k), side - 4 * this.ratio);
    }
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (let k = -2; k <= 2; k += 2) {
      context.fillText(String(k).replace("-", "−"), 4 * this.ratio, this.y(k));
    }
  }

  drawHeat(tau) {
    const { rows, columns, density, extent, peaks } = this.way.heat;
    const { low, high, share } = neighbours(peaks.length, tau);
    const peak = peaks[low] + share * (peaks[high] - peaks[low]);
    const each = rows * columns;
    if (this.heatCanvas.width !== columns || this.heatCanvas.height !== rows) {
      [this.heatCanvas.width, this.heatCanvas.height] = [columns, rows];
      this.heatImage = this.heatCanvas.getContext("2d").createImageData(columns, rows);
      this.heatWords = new Uint32Array(this.heatImage.data.buffer);
    }
    const top = this.heatColours.length - 1;
    for (let row = 0; row < rows; row++) {
      const line = (rows - 1 - row) * columns;
      for (let column = 0; column < columns; column++) {
        const cell = row * columns + column;
        const now = density[low * each + cell];
        const value = now + share * (density[high * each + cell] - now);
        this.heatWords[line + column] =
          this.heatColours[Math.min(Math.sqrt(value / peak), 1) * top | 0];
      }
    }
    this.heatCanvas.getContext("2d").putImageData(this.heatImage, 0, 0);
    const [left, right, bottom, above] = extent;
    this.context.imageSmoothingEnabled = true;
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(
      this.heatCanvas, this.x(left), this.y(above),
      this.scale * (right - left), this.scale * (above - bottom),
    );
  }

  drawDots([xs, ys], sprites, from, to) {
    const { strip, side } = sprites;
    const hue = this.way.hue;
    const last = this.canvas.width + side;
    for (let i = from; i < to; i++) {
      const x = this.x(xs[i]);
      const y = this.y(ys[i]);
      if (!(x > -side && x < last && y > -side && y < last)) continue;
      this.context.drawImage(strip, hue[i] * side, 0, side, side, x - side / 2, y - side / 2, side, side);
    }
  }

  drawGrid(tau) {
    const mesh = this.way.meshes.grid;
    if (!mesh) return;
    const [xs, ys] = this.seen("grid", tau);
    const [logDet] = this.seen("log_det", tau);
    const table = this.tables.tint;
    const paths = new Map();
    const line = (a, b) => {
      const strength = (logDet[a] + logDet[b]) / 2 / TINT_RANGE;
      const tint = Math.round(((Math.min(Math.max(strength || 0, -1), 1) + 1) / 2) * (table.length / 3 - 1));
      if (!paths.has(tint)) paths.set(tint, new Path2D());
      const path = paths.get(tint);
      path.moveTo(this.x(xs[a]), this.y(ys[a]));
      path.lineTo(this.x(xs[b]), this.y(ys[b]));
    };
    const { rows, columns } = mesh;
    const [overRows, overColumns] = [every(rows, 21), every(columns, 21)];
    for (let r = 0; r < rows; r += overRows) {
      for (let c = 1; c < columns; c++) line(r * columns + c - 1, r * columns + c);
    }
    for (let c = 0; c < columns; c += overColumns) {
      for (let r = 1; r < rows; r++) line((r - 1) * columns + c, r * columns + c);
    }
    this.context.lineWidth = this.ratio;
    this.context.globalAlpha = 0.55;
    for (const [tint, path] of paths) {
      this.context.strokeStyle = colour(table, tint);
      this.context.stroke(path);
    }
    this.context.globalAlpha = 1;
  }

  drawTrails(pace, clock, forward) {
    if (!this.way.tracks.particles) return;
    const moments = trailMoments(clock, forward ? TRAIL : -TRAIL, TRAIL_CORNERS);
    if (moments[0] === clock) return;
    const corners = moments.map((tau) => this.seen("particles", pace(tau), TRAILS));
    this.context.lineWidth = this.ratio;
    for (let piece = 1; piece < corners.length; piece++) {
      const [[fromX, fromY], [toX, toY]] = [corners[piece - 1], corners[piece]];
      const paths = Array.from({ length: HUES }, () => new Path2D());
      for (let i = 0; i < toX.length; i++) {
        const path = paths[(this.way.hue[i] * HUES) >> 8];
        path.moveTo(this.x(fromX[i]), this.y(fromY[i]));
        path.lineTo(this.x(toX[i]), this.y(toY[i]));
      }
      this.context.globalAlpha = 0.8 * (0.1 + (0.9 * piece) / (corners.length - 1)) ** 2;
      paths.forEach((path, k) => {
        this.context.strokeStyle = colour(this.tables.wheel, Math.floor(((k + 0.5) * 256) / HUES));
        this.context.stroke(path);
      });
    }
    this.context.globalAlpha = 1;
  }

  drawField(tau) {
    const mesh = this.way.meshes.velocity;
    if (!mesh) return;
    const [across, up] = this.seen("velocity", tau);
    const { rows, columns, extent } = mesh;
    const speeds = across.map((v, i) => Math.hypot(v, up[i]) || 0);
    const fast = Math.max(2 * [...speeds].sort((a, b) => a - b)[speeds.length >> 1], 1e-9);
    const longest = (0.9 * (extent[1] - extent[0])) / columns;
    const paths = Array.from({ length: LIGHTS }, () => [new Path2D(), new Path2D()]);
    for (let i = 0; i < speeds.length; i++) {
      if (!speeds[i]) continue;
      const share = Math.sqrt(Math.min(speeds[i] / fast, 1));
      const half = ((longest / 2) * share) / speeds[i];
      const x = extent[0] + ((extent[1] - extent[0]) * ((i % columns) + 0.5)) / columns;
      const y = extent[2] + ((extent[3] - extent[2]) * (Math.floor(i / columns) + 0.5)) / rows;
      const [tail, head] = paths[Math.min(Math.floor(share * LIGHTS), LIGHTS - 1)];
      tail.moveTo(this.x(x - half * across[i]), this.y(y - half * up[i]));
      tail.lineTo(this.x(x), this.y(y));
      head.moveTo(this.x(x), this.y(y));
      head.lineTo(this.x(x + half * across[i]), this.y(y + half * up[i]));
    }
    this.context.lineWidth = this.ratio;
    this.context.strokeStyle = this.inks[this.panel.lane];
    paths.forEach(([tail, head], k) => {
      const light = 0.75 * (0.3 + (0.7 * (k + 0.5)) / LIGHTS);
      this.context.globalAlpha = 0.35 * light;
      this.context.stroke(tail);
      this.context.globalAlpha = light;
      this.context.stroke(head);
    });
    this.context.globalAlpha = 1;
  }

  drawOutline() {
    const ends = this.outline;
    const path = new Path2D();
    for (let i = 0; i < ends.length; i += 4) {
      path.moveTo(this.x(ends[i]), this.y(ends[i + 1]));
      path.lineTo(this.x(ends[i + 2]), this.y(ends[i + 3]));
    }
    this.context.lineWidth = 1.2 * this.ratio;
    this.context.globalAlpha = 0.9;
    this.context.strokeStyle = this.inks.target;
    this.context.stroke(path);
    this.context.globalAlpha = 1;
  }

  drawRing({ x, y }) {
    if (!Number.isFinite(x + y)) return;
    const path = new Path2D();
    path.arc(this.x(x), this.y(y), 6 * this.ratio, 0, 2 * Math.PI);
    for (const [ink, width] of [["#0009", 4], ["#fff", 1.6]]) {
      this.context.strokeStyle = ink;
      this.context.lineWidth = width * this.ratio;
      this.context.stroke(path);
    }
  }

  drawLegends(tau) {
    if (this.canvas.width < 230 * this.ratio) return;
    let top = 7;
    if (this.shown.has("density") && this.way.heat) {
      const { peaks } = this.way.heat;
      const { low, high, share } = neighbours(peaks.length, tau);
      const peak = peaks[low] + share * (peaks[high] - peaks[low]);
      top = this.drawScale(top, this.words.density, ["0", written(peak, 2)], this.tables[this.panel.colours]);
    }
    if (this.shown.has("grid") && this.way.meshes.grid) {
      this.drawScale(top, this.words.log_det, [`−${TINT_RANGE}`, "0", `+${TINT_RANGE}`], this.tables.tint);
    }
  }

  drawScale(top, title, labels, table) {
    const context = this.context;
    const [width, bar] = [92, 5];
    context.save();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const left = this.canvas.width / this.ratio - width - 7;
    context.font = "10px Inter, system-ui, sans-serif";
    const widest = Math.max(width, context.measureText(title).width);
    context.globalAlpha = 0.7;
    context.fillStyle = this.inks.panel;
    context.fillRect(left + width - widest - 4, top - 2, widest + 8, 36);
    context.globalAlpha = 1;
    context.fillStyle = this.inks.panel_muted;
    context.textBaseline = "top";
    context.textAlign = "right";
    context.fillText(title, left + width, top + 1);
    const ramp = context.createLinearGradient(left, 0, left + width, 0);
    for (let k = 0; k <= 16; k++) {
      ramp.addColorStop(k / 16, colour(table, Math.round((k / 16) * (table.length / 3 - 1))));
    }
    context.fillStyle = ramp;
    context.fillRect(left, top + 14, width, bar);
    context.fillStyle = this.inks.panel_muted;
    labels.forEach((label, k) => {
      const share = k / (labels.length - 1);
      context.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
      context.fillText(label, left + share * width, top + 21);
    });
    context.restore();
    return top + 37;
  }
}

function every(count, most) {
  return Math.max(1, Math.round((count - 1) / (most - 1)));
}

function colour(table, k) {
  return `rgb(${table[3 * k]} ${table[3 * k + 1]} ${table[3 * k + 2]})`;
}

// A density's colours as words of image data; the lowest fade out.
function heatColours(table) {
  const bytes = new Uint8ClampedArray((table.length / 3) * 4);
  for (let k = 0; k < table.length / 3; k++) {
    bytes.set(table.subarray(3 * k, 3 * k + 3), 4 * k);
    bytes[4 * k + 3] = Math.round(255 * Math.min(k / FADE, 1));
  }
  return new Uint32Array(bytes.buffer);
}

// A strip of dots, one for each colour of the wheel, with a shadow if it has a radius.
function dotSprites(wheel, radius, opacity, shadow) {
  const side = 2 * Math.ceil(Math.max(radius, shadow) + 1);
  const strip = document.createElement("canvas");
  [strip.width, strip.height] = [side * 256, side];
  const context = strip.getContext("2d");
  for (let hue = 0; hue < 256; hue++) {
    const disc = (size, ink, alpha) => {
      context.globalAlpha = alpha;
      context.fillStyle = ink;
      context.beginPath();
      context.arc((hue + 0.5) * side, side / 2, size, 0, 2 * Math.PI);
      context.fill();
    };
    if (shadow) disc(shadow, "#000", 0.25);
    disc(radius, colour(wheel, hue), opacity);
  }
  return { strip, side };
}
