// What the stand-in is asked, and what it tells.

export async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return read(answer);
}

export async function get(path, query) {
  return read(await fetch(`${path}?${new URLSearchParams(query)}`));
}

async function read(answer) {
  const text = await answer.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = { error: text };
  }
  if (!answer.ok) throw new Error(body.error ?? `the stand-in answered ${answer.status}`);
  return body;
}

// Follows the world as `user` sees it. `tell(name, data)` hears "open" (all that follows replaces what was there),
// "scene", "commands", "messages", and "lost". Returns what ends it.
export function follow(user, tell) {
  const source = new EventSource(`/live?user=${user}`);
  source.addEventListener("open", () => tell("open"));
  for (const name of ["scene", "commands", "messages"]) {
    source.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  }
  source.addEventListener("error", () => tell("lost"));
  return () => source.close();
}
