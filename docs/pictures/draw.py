#!/usr/bin/env python3
"""Draws the README's picture of an incident's room from what the bot really posted.

    cargo run --release -- demo --play plays/fraud-score-drift.toml --record /tmp/traffic.jsonl
    python3 docs/pictures/draw.py /tmp/traffic.jsonl docs/pictures/room.png

Needs Chromium, and nothing from elsewhere: the page has no outside address.
"""

import datetime
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

NAMES = {"318204517762990080": "Ana", "402817363190480896": "Ben", "455190284619350016": "Chloe",
         "271839460178001920": "Dana", "529374018265120768": "Liam", "613082745190039552": "Mia"}
STYLES = {1: "#5865f2", 2: "#4e5058", 3: "#248046", 4: "#da373c"}
NOW = datetime.datetime(2026, 2, 4, 2, 11, tzinfo=datetime.timezone.utc)
BEGAN = NOW - datetime.timedelta(minutes=25)
CSS = """
body{margin:0;background:#313338;color:#dbdee1;font:15px/1.4 'Noto Sans','DejaVu Sans',sans-serif;width:760px;padding:18px 22px}
h1{font-size:16px;margin:0 0 14px;color:#f2f3f5;border-bottom:1px solid #26272b;padding-bottom:10px}
.m{display:flex;gap:14px;margin:0 0 16px}.a{width:38px;height:38px;border-radius:50%;background:#f23f43;flex:none;
display:grid;place-items:center;font-size:20px}.w{flex:1;min-width:0}.n{font-weight:600;color:#f2f3f5}
.b{background:#5865f2;color:#fff;font-size:10px;border-radius:4px;padding:1px 4px;margin:0 6px}.t{color:#949ba4;font-size:12px}
.e{background:#2b2d31;border-left:4px solid;border-radius:4px;padding:10px 14px;margin-top:6px}
.h{font-weight:600;color:#f2f3f5;margin-bottom:4px}.f{color:#b5bac1;font-size:12px;margin-top:6px}
.at{background:#3c4270;color:#c9cdfb;border-radius:3px;padding:0 2px}.ts{background:#3b3c41;border-radius:3px;padding:0 3px}
.s{color:#949ba4;font-size:12px}a{color:#00a8fc;text-decoration:none}.r{display:flex;gap:8px;margin-top:8px;flex-wrap:wrap}
.k{color:#fff;border-radius:4px;padding:6px 14px;font-size:13px;font-weight:500}code,pre{background:#1e1f22;border-radius:4px;padding:1px 4px}
"""


def relative(seconds):
    minutes = round(abs(seconds) / 60)
    text = f"{minutes} minutes" if minutes < 90 else f"{round(minutes / 60)} hours"
    if not minutes:
        return "just now"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def timestamp(match, now):
    at = datetime.datetime.fromtimestamp(int(match[1]), datetime.timezone.utc)
    shown = relative((at - now).total_seconds()) if match[2] == "R" else at.strftime("%H:%M")
    return f'<span class="ts">{shown}</span>'


def markdown(text, now=NOW):
    kept = []

    def keep(markup):
        kept.append(markup)
        return f"\x00{len(kept) - 1}\x00"

    text = re.sub(r"\\([^\w\s])", lambda match: keep(html.escape(match[1])), text)
    text = re.sub(r"\[([^\]]+)\]\(<?(https?://[^)>]+)>?\)", lambda match: keep(f'<a>{html.escape(match[1])}</a>'), text)
    text = re.sub(r"<@(\d+)>", lambda match: keep(f'<span class="at">@{NAMES.get(match[1], "somebody")}</span>'), text)
    text = re.sub(r"<#(\d+)>", lambda match: keep('<span class="at">#status</span>'), text)
    text = re.sub(r"<t:(\d+):?(\w?)>", lambda match: keep(timestamp(match, now)), text)
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
    text = re.sub(r"(?m)^-# (.*)$", r'<span class="s">\1</span>', text).replace("\n", "<br>")
    return re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], text)


def drawn(message, now):
    parts = [f'<div>{markdown(message["content"], now)}</div>' if message["content"] else ""]
    for embed in message.get("embeds", []):
        title = f'<div class="h">{markdown(embed["title"])}</div>' if embed.get("title") else ""
        footer = f'<div class="f">{html.escape(embed["footer"]["text"])}</div>' if embed.get("footer") else ""
        body = markdown(embed.get("description", ""), now)
        parts.append(f'<div class="e" style="border-color:#{embed.get("color", 0):06x}">{title}{body}{footer}</div>')
    for row in message.get("components", []):
        buttons = "".join(f'<span class="k" style="background:{STYLES[button["style"]]}">{html.escape(button["label"])}</span>'
                          for button in row["components"])
        parts.append(f'<div class="r">{buttons}</div>')
    head = '<span class="n">Firebell</span><span class="b">APP</span><span class="t">' + now.strftime("%H:%M") + "</span>"
    return f'<div class="m"><div class="a">🔔</div><div class="w">{head}{"".join(parts)}</div></div>'


def main(traffic, picture):
    # What the room showed when the liaison had the external draft before him: its first text, waiting for a key.
    messages, draft, page, room = {}, None, None, None
    for line in pathlib.Path(traffic).read_text().splitlines():
        entry = json.loads(line)
        if entry["t"] != "rest" or entry["method"] not in ("POST", "PATCH") or not isinstance(entry["resp"], dict):
            continue
        if entry["method"] == "POST" and entry["path"].endswith("/channels") and "topic" in entry["resp"]:
            room = room or entry["resp"]
        message = entry["resp"]
        if "embeds" not in message or not room or message.get("channel_id") != room["id"]:
            continue
        messages[message["id"]] = message
        if "📟" in message["content"] and not page:
            page = message
        if "external" in message["content"] and "📝" in message["content"]:
            draft = message
            break
    card = next(message for message in messages.values() if message["embeds"] and "INC-1" in message["embeds"][0].get("title", ""))
    body = "".join(drawn(message, at) for message, at in ((card, NOW), (page, BEGAN), (draft, NOW)))
    page_html = f'<!doctype html><meta charset="utf-8"><style>{CSS}</style><h1># {room["name"]}</h1>{body}'
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "room.html")
        source.write_text(page_html)
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                        "--no-first-run", f"--user-data-dir={folder}/profile", "--hide-scrollbars",
                        "--force-device-scale-factor=1.5", "--window-size=804,1320", f"--screenshot={picture}",
                        source.as_uri()], check=True, stderr=subprocess.DEVNULL)


main(*sys.argv[1:])
