// Numbers and key frames: decodes what explorer/export/page_data.py wrote, and says what is seen at
// a moment as explorer/panels/keyframes.py and pace.py do. Touches no document.

const UNKNOWN = -32768;
const REST = 0.22; // share of a layer's time in which the picture stands, half at either end

function product(shape) {
  return shape.reduce((all, side) => all * side, 1);
}

function stepsOf(bytes, shape) {
  const count = product(shape);
  const each = count / shape[0];
  const whole = new Int16Array(count);
  for (let i = 0; i < count; i++) whole[i] = bytes[i] | (bytes[count + i] << 8);
  for (let order = 0; order < 2; order++) {
    for (let i = each; i < count; i++) whole[i] += whole[i - each];
  }
  return whole;
}

function bytesOf(bytes) {
  const numbers = new Uint8Array(bytes.length);
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) {
    sum = (sum + bytes[i]) & 255;
    numbers[i] = sum;
  }
  return numbers;
}

// Which key frames make the picture at tau, and how much of each.
function frameWeights(keys, tau, smooth) {
  const last = keys.length - 1;
  const at = Math.min(Math.max(tau, keys[0]), keys[last]);
  let k = 0;
  while (k < last - 1 && keys[k + 1] <= at) k++;
  if (last === 0 || at === keys[k]) return { first: k, weights: [1] };
  if (at === keys[k + 1]) return { first: k + 1, weights: [1] };
  const step = keys[k + 1] - keys[k];
  const u = (at - keys[k]) / step;
  if (!smooth || last < 2) return { first: k, weights: [1 - u, u] };
  const before = Math.max(k - 1, 0);
  const after = Math.min(k + 2, last);
  const weights = new Array(after - before + 1).fill(0);
  weights[k - before] += (1 + 2 * u) * (1 - u) * (1 - u);
  weights[k + 1 - before] += u * u * (3 - 2 * u);
  const slopes = [
    [u * (1 - u) * (1 - u), before, k + 1],
    [u * u * (u - 1), k, after],
  ];
  for (const [slope, left, right] of slopes) {
    const share = (slope * step) / (keys[right] - keys[left]);
    weights[right - before] += share;
    weights[left - before] -= share;
  }
  return { first: before, weights };
}

// Numbers at a moment, as many as fit into `into`, from `from` on in every frame.
function mixInto(into, frames, tau, from) {
  const { first, weights } = frameWeights(frames.tau, tau, frames.smooth);
  const { whole, step, each } = frames;
  for (let i = 0; i < into.length; i++) {
    let sum = 0;
    for (let k = 0; k < weights.length; k++) {
      const value = whole[(first + k) * each + from + i];
      sum += value === UNKNOWN ? NaN : weights[k] * value;
    }
    into[i] = sum * step;
  }
  return into;
}

// Where a picture of `frames` equally spaced moments lies at tau: two of them and a share.
function neighbours(frames, tau) {
  const place = Math.min(Math.max(tau, 0), 1) * (frames - 1);
  const low = Math.min(Math.floor(place), Math.max(frames - 2, 0));
  return { low, high: Math.min(low + 1, frames - 1), share: place - low };
}

function withRests(tau, layers) {
  if (layers < 1 || !(tau > 0 && tau < 1)) return tau;
  const layer = Math.floor(tau * layers);
  let way = (tau * layers - layer - REST / 2) / (1 - REST);
  way = Math.min(Math.max(way, 0), 1);
  return (layer + way * way * (3 - 2 * way)) / layers;
}

// The layer, from 0, that moves the picture at the shown moment; -1 between two layers.
function actingLayer(tau, layers) {
  const place = tau * layers;
  const layer = Math.floor(place);
  const atAnEnd = Math.abs(place - Math.round(place)) < 1e-9;
  return atAnEnd || layer < 0 || layer >= layers ? -1 : layer;
}

// Moments of the clock from where a trail begins up to tau.
function trailMoments(tau, back, corners) {
  const start = Math.min(Math.max(tau - back, 0), 1);
  const moments = [];
  for (let i = 0; i < corners; i++) moments.push(start + ((tau - start) * i) / (corners - 1));
  return moments;
}

// A measured number to some significant digits, with a real minus sign.
function written(value, digits) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (exponent >= -3 && exponent < 7) {
    return value.toFixed(Math.max(0, digits - 1 - exponent)).replace("-", "−");
  }
  const [whole, power] = value.toExponential(digits - 1).split("e");
  const mantissa = whole.includes(".") ? whole.replace(/\.?0+$/, "") : whole;
  const raised = String(Number(power)).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  return `${mantissa}·10${raised}`.replace("-", "−");
}

function point(x, y) {
  return `(${x.toFixed(2)}, ${y.toFixed(2)})`.replace(/-/g, "−");
}

function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? String(values[name]) : blank));
}
