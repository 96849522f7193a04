// The operator's page: shows what the session says, and sends what the person wishes.

import { HEADERS, WRONG_KEY, follow } from "./link.js";
import { Pictures } from "./pictures.js";
import { TimePlot } from "./plot.js";
import { watchStop } from "./stop.js";

const STALE = 1.5; // without a word from the session for longer, what is shown is not believed [s]
const WISHES = { // in the order of the buttons
  clear: "I have looked at the robot: clear the stop", start: "Start", end: "End",
  success: "Success", failure: "Failure", unsure: "Unsure", keep: "Keep", redo: "Redo", discard: "Discard",
  quit: "Quit the session",
};
const MAIN = ["start", "clear"];
const ASKED_TWICE = { discard: "Really discard?", quit: "Really quit?" };
const $ = id => document.getElementById(id);

let state = null, plots = null, known = "", reason = "", stopProblem = "";
const pictures = new Pictures($("cameras"));
const buttons = new Map(Object.entries(WISHES).map(([wish, label]) => [wish, wishButton(wish, label)]));

buttons.get("clear").hidden = true;

function wishButton(wish, label) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: label, disabled: true });
  button.classList.toggle("main", MAIN.includes(wish));
  button.dataset.wish = wish;
  const rest = () => { button.classList.remove("sure"); button.textContent = label; };
  button.onclick = () => {
    if (wish in ASKED_TWICE && !button.classList.contains("sure")) {
      button.classList.add("sure");
      button.textContent = ASKED_TWICE[wish];
      setTimeout(rest, 3000);
      return;
    }
    rest();
    ask(wish);
  };
  $(wish === "quit" ? "end" : "buttons").append(button);
  return button;
}

async function ask(wish, text = "") {
  try {
    const answer = await fetch("v1/session/wish", {
      method: "POST", signal: AbortSignal.timeout(3000),
      headers: { ...HEADERS, "Content-Type": "application/json" }, body: JSON.stringify({ wish, text }),
    });
    const told = await answer.json();
    reason = answer.ok ? told.refused : told.detail;
  } catch (error) {
    reason = `${wish}: no answer (${error.message})`;
  }
  if (state) showMessage();
  return reason === "";
}

for (const form of document.querySelectorAll("form[data-wish]")) {
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const input = form.querySelector("input"), text = input.value.trim();
    if (text && await ask(form.dataset.wish, text)) input.value = "";
  });
}

function show(view) {
  if (!state || state.message !== view.state.message || state.phase !== view.state.phase) reason = "";
  state = view.state;
  document.body.dataset.phase = state.phase;
  put($("phase-word"), state.phase);
  $("seconds").textContent = duration(state.seconds);
  put($("prompt"), state.prompt);
  put($("task"), `${state.mode}: ${state.task}${state.operator ? ` (${state.operator})` : ""}`);
  showMessage();
  showCounts();
  showGauges();
  showCoverage();
  const isStopped = state.wishes.includes("clear");
  buttons.get("clear").hidden = !isStopped;
  buttons.get("start").hidden = buttons.get("end").hidden = isStopped;
  enable();
  if (plots && view.step) {
    const { time, limits } = view.step;
    for (const plot of plots.state) plot.push(time, view.step.state, null);
    for (const plot of plots.action) plot.push(time, view.step.sent, view.step.requested);
    $("plots").dataset.limits = limits.join(", ");
  }
  const stopped = state.stop_reason || (view.arm.stopped ? `${view.arm.reason}: ${view.arm.detail}` : "");
  showAlarm(stopped && `Stopped. ${stopped}`);
}

function put(element, text) { if (element.textContent !== text) element.textContent = text; }

function showMessage() {
  put($("message"), reason || state.message);
  $("message").classList.toggle("refused", reason !== "");
}

function showCounts() {
  const { num_kept: kept, target, num_success, num_failure, num_unsure, num_discarded } = state;
  const judged = `${num_success} success, ${num_failure} failure, ${num_unsure} unsure; ${num_discarded} discarded`;
  const text = `${kept} of ${target} episodes kept`;
  if ($("counts").dataset.shown === text + judged) return;
  $("counts").dataset.shown = text + judged;
  const line = document.createElement("b"), small = document.createElement("small");
  line.textContent = text;
  small.textContent = judged;
  $("counts").replaceChildren(line, bar(kept, target, text), small);
}

function bar(value, target, label) {
  const element = document.createElement("progress");
  Object.assign(element, { max: target || 1, value: Math.min(value, target || 1) });
  element.setAttribute("aria-label", label);
  return element;
}

function showGauges() {
  $("gauges").hidden = !state.gauges.length;
  $("gauges").replaceChildren(...state.gauges.map(({ name, value, unit, is_alarming, detail }) => {
    const element = document.createElement("div");
    element.className = is_alarming ? "gauge alarming" : "gauge";
    element.append(span("small", name), span("b", value === null ? "–" : `${figure(value)} ${unit}`));
    if (detail) element.append(span("small", detail));
    return element;
  }));
}

function showCoverage() {
  $("coverage").hidden = !state.coverage.length;
  $("coverage").replaceChildren(...state.coverage.map(({ name, value, target, unit, missing }) => {
    const element = document.createElement("div"), text = `${figure(value)} of ${figure(target)} ${unit}`;
    element.append(span("span", name), span("span", text), bar(value, target, `${name}: ${text}`));
    if (missing) element.append(span("small", missing));
    return element;
  }));
}

function span(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function figure(value) {
  return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function duration(seconds) {
  return seconds < 60 ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

function enable() {
  const isLost = document.body.classList.contains("lost");
  for (const [wish, button] of buttons) button.disabled = isLost || !state?.wishes.includes(wish);
  for (const form of document.querySelectorAll("form[data-wish]")) {
    form.querySelector("button").disabled = isLost || !state?.wishes.includes(form.dataset.wish);
  }
}

function showAlarm(text) {
  const isLost = document.body.classList.contains("lost");
  $("alarm").className = isLost ? "lost" : "";
  const all = [stopProblem, text].filter(Boolean).join(" ");
  put($("alarm"), all);
  $("alarm").hidden = !all;
}

async function learn() {
  const answer = await fetch("v1/session", { headers: HEADERS });
  if (!answer.ok) return;
  const text = await answer.text();
  if (text === known) return;
  known = text;
  const facts = JSON.parse(text);
  const make = (groups, dashed) => groups.map(group => new TimePlot(group, dashed));
  plots = { state: make(facts.plots.state, false), action: make(facts.plots.action, true) };
  for (const plot of plots.action) plot.element.querySelector("h2").prepend("action: ");
  $("plots").replaceChildren(...[...plots.state, ...plots.action].map(plot => plot.element));
  $("details").querySelector("dl").replaceChildren(
    ...Object.entries(facts.details).flatMap(([name, text]) => [span("dt", name), span("dd", text)]));
}

function look() {
  const silence = session.silence, isLost = !session.isOpen || silence > STALE;
  if (isLost !== document.body.classList.contains("lost")) {
    document.body.classList.toggle("lost", isLost);
    enable();
    if (!isLost) stopProblem = "";
  }
  put($("link"), isLost ? "not connected" : "live");
  if (!isLost) return;
  const since = Number.isFinite(silence) ? ` for ${silence.toFixed(0)}\u00a0s` : "";
  showAlarm(lastCode === WRONG_KEY ? "This address lacks the key; open the page by the address printed."
    : `No connection to the session${since}: what is shown is old. If the robot moves, press STOP or cut its power.`);
}

function draw() {
  for (const plot of [...plots?.state ?? [], ...plots?.action ?? []]) plot.draw();
}

let lastCode = 0, isLearned = false;
watchStop($("stop"), problem => { stopProblem = problem; if (problem) showAlarm(""); });
const session = follow("v1/session/state", async text => {
  lastCode = 0;
  show(JSON.parse(text));
  if (!isLearned) await learn();
  isLearned = true;
}, code => { lastCode = code; isLearned = false; });
follow("v1/session/pictures", message => pictures.show(message));
setInterval(look, 200);
setInterval(() => requestAnimationFrame(draw), 100);
