// Drives a robot with thumbs or by pose. Says thirty times a second what the hands do now; says nothing that is old.

import { Link, WRONG_KEY } from "./link.js";
import { Pad } from "./pad.js";
import { watchStop } from "./stop.js";
import { Tracker, offered } from "./tracked.js";

const PERIOD = 33; // of messages [ms]
const STALE = 0.5; // without a tick for longer, the connection is lost [s]
const STUCK = 100; // a pose older than this moves nothing [ms]
const TAKEN = 4409;
const WORDS = { move: ["forward", "back", "left", "right"], turn: ["nose down", "nose up", "roll left", "roll right"] };
const ASKED_TWICE = { discard: "Really?", redo: "Really?" };
const $ = id => document.getElementById(id);

let number = 0, seen = 0, mode = "move", events = [], gripper = null, pose = null, poseTime = 0, lastCode = 0;
let tick = null, stopProblem = "", link = null;

const left = new Pad($("left"), () => say()), right = new Pad($("right"), () => say());
right.label("up", "down", "turn left", "turn right");

link = new Link("v1/phone", {
  opened: () => { number = seen = 0; forget(); },
  heard: text => {
    tick = JSON.parse(text);
    seen = tick.number;
    lastCode = 0;
  },
  closed: code => { lastCode = code; forget(); },
});

/** What was pressed while nobody listened is not done later. */
function forget() { events = []; gripper = null; }

function say() {
  if (!link?.isOpen || link.socket.bufferedAmount > 0) return; // newest only
  const isTracked = pose !== null && performance.now() - poseTime < STUCK;
  link.send(JSON.stringify({
    number: ++number, seen, twist: twist(), clutch: isTracked || left.isHeld || right.isHeld,
    speed: Number($("speed").value) / 100, gripper, events, pose: isTracked ? pose : null,
  }));
  forget();
}

/** x y z roll pitch yaw: forwards, left, up, and turns about them. */
function twist() {
  const [forwards, sideways, roll, pitch] =
    mode === "move" ? [left.up, -left.right, 0, 0] : [0, 0, left.right, left.up];
  return [forwards, sideways, right.up, roll, pitch, -right.right].map(each => each || 0);
}

function choose(name) {
  mode = name;
  left.label(...WORDS[name]);
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === name));
  }
}

for (const button of document.querySelectorAll("[data-mode]")) button.onclick = () => choose(button.dataset.mode);
for (const button of document.querySelectorAll("[data-event]")) {
  const { event } = button.dataset, label = button.textContent;
  const rest = () => { button.classList.remove("sure"); button.textContent = label; };
  button.onclick = () => {
    if (event in ASKED_TWICE && !button.classList.contains("sure")) {
      button.classList.add("sure");
      button.textContent = ASKED_TWICE[event];
      setTimeout(rest, 3000);
      return;
    }
    rest();
    events.push(event);
    say();
  };
}
$("gripper").onclick = () => { gripper = gripper === null ? "toggle" : null; say(); };
$("speed").oninput = () => { $("percent").textContent = `${$("speed").value} %`; };

const tracker = new Tracker({
  pose: found => {
    pose = found;
    poseTime = performance.now();
    if (!found) say();
  },
  gripper: () => $("gripper").click(),
  stop: () => { events.push("stop"); say(); $("stop").requestSubmit(); },
  ended: () => { $("track").textContent = "Drive by its pose"; tracker.session = null; },
});

async function offerTracking() {
  const { mode: kind, why } = await offered();
  $("track").disabled = !kind;
  $("track-note").textContent = why ?? "Hold the trigger, or the screen, to move; grip: gripper; B or Y: stop.";
  $("track").onclick = async () => {
    if (tracker.session) { tracker.end(); return; }
    try {
      await tracker.start(kind);
      $("track").textContent = "End";
    } catch (error) {
      $("track-note").textContent = `No pose: ${error.message}`;
    }
  };
}

function rest() {
  left.lift();
  right.lift();
  pose = null;
  say();
}

function look() {
  const isLost = !link.isOpen || link.silence > STALE;
  document.body.classList.toggle("lost", isLost);
  const isLate = tick && (tick.age === null || tick.age > tick.max_age);
  $("link").classList.toggle("late", !isLost && Boolean(isLate));
  const age = tick?.age == null ? "" : `${Math.round(1000 * tick.age)} ms`;
  const text = lastCode === WRONG_KEY ? "this address lacks the key"
    : lastCode === TAKEN ? "another phone drives"
    : isLost ? "not connected: the robot rests"
    : isLate ? `late (${age}): the robot rests` : "connected";
  if ($("link").textContent !== text) $("link").textContent = text;
  if (!isLost && stopProblem) tell("");
}

function tell(problem) {
  stopProblem = problem;
  $("alarm").textContent = problem;
  $("alarm").hidden = !problem;
}

choose("move");
watchStop($("stop"), tell);
offerTracking();
setInterval(say, PERIOD);
setInterval(look, 200);
for (const kind of ["blur", "pagehide"]) addEventListener(kind, rest);
document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); });
addEventListener("pointerdown", () => navigator.wakeLock?.request("screen").catch(() => {}), { once: true });
