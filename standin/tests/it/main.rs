//! The stand-in, seen from outside: by a bare HTTP client, and by the real serenity.

mod bot;
mod control;
mod limits;
mod page;
mod permissions;
mod rest;
mod serenity_client;
mod support;
