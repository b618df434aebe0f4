//! The page's own files, in the program.

use std::borrow::Cow;
use std::path::Path;

use axum::extract::Path as InPath;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Nothing from elsewhere, nothing inline, and no text ever becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../page/", $name)))),*];
    };
}

files!(
    "index.html",
    "icon.svg",
    "theme.css",
    "layout.css",
    "chat.css",
    "panels.css",
    "app.js",
    "server.js",
    "world.js",
    "dom.js",
    "markdown.js",
    "time.js",
    "press.js",
    "sidebar.js",
    "feed.js",
    "message.js",
    "embed.js",
    "controls.js",
    "composer.js",
    "commands.js",
    "form.js",
    "hits.js",
    "menu.js",
    "people.js",
    "backstage.js",
    "tour.js",
    "toast.js",
);

pub(super) async fn index() -> Response {
    serve("index.html")
}

pub(super) async fn asset(InPath(file): InPath<String>) -> Response {
    serve(&file)
}

fn serve(file: &str) -> Response {
    let Some((name, text)) = FILES.iter().find(|(name, _)| *name == file) else {
        return (StatusCode::NOT_FOUND, "there is no such file").into_response();
    };
    let text = from_folder(name).unwrap_or(Cow::Borrowed(text));
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    };
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

/// The file as it is on the disk, for whoever works on the page: `STANDIN_PAGE=standin/page` saves building anew.
fn from_folder(name: &str) -> Option<Cow<'static, str>> {
    let folder = std::env::var_os("STANDIN_PAGE")?;
    std::fs::read_to_string(Path::new(&folder).join(name)).ok().map(Cow::Owned)
}
