// While somebody presses, nothing is drawn anew: a button that is replaced under the pointer would never be clicked.

const LONGEST_MS = 1000;

let since = null;
let waiting = [];

function release() {
  since = null;
  // After the click, which follows the release.
  setTimeout(() => {
    for (const work of waiting.splice(0)) work();
  });
}

addEventListener("pointerdown", () => {
  since = performance.now();
  // Some releases are never told, such as those on a scroll bar.
  setTimeout(release, LONGEST_MS);
}, true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);

// Does something now, or as soon as nobody presses.
export function whenReleased(work) {
  if (since === null || performance.now() - since > LONGEST_MS) work();
  else waiting.push(work);
}
