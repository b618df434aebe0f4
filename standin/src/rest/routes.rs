//! The table of routes: what is answered, by which function, and out of which rate-limit bucket.

use std::collections::BTreeMap;

use crate::state::State;

use super::call::{Answer, Call};
use super::error::ApiError;
use super::limiter::Quota;
use super::{channels, commands, guild, interactions, messages, pins, reactions, threads, users, webhooks};

/// What answers a route.
pub(crate) type Work = fn(&mut State, &Call<'_>) -> Result<Answer, ApiError>;

/// One route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub method: &'static str,
    /// The path below `/api/v10`, with its variables in braces.
    pub template: &'static str,
    pub quota: Quota,
    pub access: Access,
    pub work: Work,
}

/// Who may call a route, and whether it counts against the global limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The bot by its token.
    Bot,
    /// Whoever has the token in the path; not counted in the global limit.
    Token,
    /// Anybody.
    Open,
}

const fn quota(name: &'static str, requests: u32, seconds: i64) -> Quota {
    Quota { name, requests, seconds }
}

const GENERAL: Quota = quota("general", 50, 1);
const GUILD: Quota = quota("guild", 10, 1);
const COMMANDS: Quota = quota("commands", 20, 20);
const CHANNEL: Quota = quota("channel", 10, 15);
const CREATE_CHANNEL: Quota = quota("create-channel", 10, 10);
const OVERWRITES: Quota = quota("overwrites", 10, 5);
const READ_MESSAGES: Quota = quota("read-messages", 10, 5);
const CREATE_MESSAGE: Quota = quota("create-message", 5, 5);
const EDIT_MESSAGE: Quota = quota("edit-message", 5, 5);
const DELETE_MESSAGE: Quota = quota("delete-message", 5, 1);
const PINS: Quota = quota("pins", 5, 4);
const REACTIONS: Quota = quota("reactions", 4, 1);
const THREADS: Quota = quota("threads", 10, 10);
const TYPING: Quota = quota("typing", 5, 5);
const CALLBACK: Quota = quota("callback", 50, 1);
const WEBHOOK: Quota = quota("webhook", 5, 2);

const fn bot(method: &'static str, template: &'static str, quota: Quota, work: Work) -> Route {
    Route { method, template, quota, access: Access::Bot, work }
}

const fn token(method: &'static str, template: &'static str, quota: Quota, work: Work) -> Route {
    Route { method, template, quota, access: Access::Token, work }
}

/// Every route. Where two fit, the first one counts: fixed words stand before variables.
pub(crate) const ROUTES: &[Route] = &[
    Route { method: "GET", template: "/gateway", quota: GENERAL, access: Access::Open, work: users::gateway },
    bot("GET", "/gateway/bot", GENERAL, users::gateway_bot),
    bot("GET", "/users/@me", GENERAL, users::me),
    bot("GET", "/users/@me/guilds", GENERAL, users::guilds),
    bot("POST", "/users/@me/channels", GENERAL, users::open_direct),
    bot("GET", "/users/{user}", GENERAL, users::user),
    bot("GET", "/applications/@me", GENERAL, users::application),
    bot("GET", "/oauth2/applications/@me", GENERAL, users::application),
    bot("GET", "/applications/{application}/commands", COMMANDS, commands::list),
    bot("PUT", "/applications/{application}/commands", COMMANDS, commands::replace),
    bot("POST", "/applications/{application}/commands", COMMANDS, commands::create),
    bot("GET", "/applications/{application}/commands/{command}", COMMANDS, commands::get),
    bot("PATCH", "/applications/{application}/commands/{command}", COMMANDS, commands::change),
    bot("DELETE", "/applications/{application}/commands/{command}", COMMANDS, commands::delete),
    bot("GET", "/applications/{application}/guilds/{guild}/commands", COMMANDS, commands::list),
    bot("PUT", "/applications/{application}/guilds/{guild}/commands", COMMANDS, commands::replace),
    bot("POST", "/applications/{application}/guilds/{guild}/commands", COMMANDS, commands::create),
    bot("GET", "/applications/{application}/guilds/{guild}/commands/{command}", COMMANDS, commands::get),
    bot("PATCH", "/applications/{application}/guilds/{guild}/commands/{command}", COMMANDS, commands::change),
    bot("DELETE", "/applications/{application}/guilds/{guild}/commands/{command}", COMMANDS, commands::delete),
    bot("GET", "/guilds/{guild}", GUILD, guild::get),
    bot("GET", "/guilds/{guild}/roles", GUILD, guild::roles),
    bot("GET", "/guilds/{guild}/members", GUILD, guild::members),
    bot("GET", "/guilds/{guild}/members/search", GUILD, guild::search_members),
    bot("GET", "/guilds/{guild}/members/{user}", GUILD, guild::member),
    bot("GET", "/guilds/{guild}/channels", GUILD, channels::list),
    bot("POST", "/guilds/{guild}/channels", CREATE_CHANNEL, channels::create),
    bot("GET", "/guilds/{guild}/threads/active", GUILD, threads::active),
    bot("GET", "/channels/{channel}", CHANNEL, channels::get),
    bot("PATCH", "/channels/{channel}", CHANNEL, channels::change),
    bot("DELETE", "/channels/{channel}", CHANNEL, channels::delete),
    bot("PUT", "/channels/{channel}/permissions/{overwrite}", OVERWRITES, channels::set_overwrite),
    bot("DELETE", "/channels/{channel}/permissions/{overwrite}", OVERWRITES, channels::delete_overwrite),
    bot("POST", "/channels/{channel}/typing", TYPING, channels::typing),
    bot("GET", "/channels/{channel}/messages/pins", PINS, pins::list),
    bot("PUT", "/channels/{channel}/messages/pins/{message}", PINS, pins::pin),
    bot("DELETE", "/channels/{channel}/messages/pins/{message}", PINS, pins::unpin),
    bot("GET", "/channels/{channel}/pins", PINS, pins::old_list),
    bot("PUT", "/channels/{channel}/pins/{message}", PINS, pins::pin),
    bot("DELETE", "/channels/{channel}/pins/{message}", PINS, pins::unpin),
    bot("GET", "/channels/{channel}/messages", READ_MESSAGES, messages::list),
    bot("POST", "/channels/{channel}/messages", CREATE_MESSAGE, messages::create),
    bot("GET", "/channels/{channel}/messages/{message}", READ_MESSAGES, messages::get),
    bot("PATCH", "/channels/{channel}/messages/{message}", EDIT_MESSAGE, messages::edit),
    bot("DELETE", "/channels/{channel}/messages/{message}", DELETE_MESSAGE, messages::delete),
    bot("POST", "/channels/{channel}/messages/{message}/threads", THREADS, threads::from_message),
    bot("POST", "/channels/{channel}/threads", THREADS, threads::create),
    bot("GET", "/channels/{channel}/thread-members", THREADS, threads::members),
    bot("PUT", "/channels/{channel}/thread-members/@me", THREADS, threads::join),
    bot("DELETE", "/channels/{channel}/thread-members/@me", THREADS, threads::leave),
    bot("PUT", "/channels/{channel}/thread-members/{user}", THREADS, threads::add_member),
    bot("DELETE", "/channels/{channel}/thread-members/{user}", THREADS, threads::remove_member),
    bot("GET", "/channels/{channel}/messages/{message}/reactions/{emoji}", REACTIONS, reactions::list),
    bot("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", REACTIONS, reactions::add),
    bot("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", REACTIONS, reactions::remove_own),
    bot("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}", REACTIONS, reactions::remove),
    token("POST", "/interactions/{interaction}/{token}/callback", CALLBACK, interactions::callback),
    token("POST", "/webhooks/{application}/{token}", WEBHOOK, webhooks::create),
    token("GET", "/webhooks/{application}/{token}/messages/{message}", WEBHOOK, webhooks::get),
    token("PATCH", "/webhooks/{application}/{token}/messages/{message}", WEBHOOK, webhooks::edit),
    token("DELETE", "/webhooks/{application}/{token}/messages/{message}", WEBHOOK, webhooks::delete),
];

/// The route of a request, and the variables in its path.
pub(crate) fn find(method: &str, path: &str) -> Result<(Route, BTreeMap<&'static str, String>), ApiError> {
    let mut known_path = false;
    for route in ROUTES {
        let Some(variables) = fit(route.template, path) else { continue };
        if route.method == method {
            return Ok((*route, variables));
        }
        known_path = true;
    }
    Err(if known_path { ApiError::MethodNotAllowed } else { ApiError::NoSuchRoute })
}

/// The part of a path that has a rate-limit bucket of its own: the channel, the guild or the token.
pub(crate) fn major(variables: &BTreeMap<&'static str, String>) -> String {
    let own = ["channel", "guild", "token"].into_iter().find_map(|name| variables.get(name));
    own.cloned().unwrap_or_default()
}

fn fit(template: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let mut variables = BTreeMap::new();
    let mut parts = path.split('/');
    for wanted in template.split('/') {
        let part = parts.next()?;
        match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(_) if part.is_empty() => return None,
            Some(name) => {
                variables.insert(name, part.to_owned());
            }
            None if wanted == part => (),
            None => return None,
        }
    }
    parts.next().is_none().then_some(variables)
}

#[cfg(test)]
mod tests {
    use super::{find, fit};
    use crate::rest::error::ApiError;

    #[test]
    fn a_path_fits_its_template_part_by_part() {
        let variables = fit("/channels/{channel}/messages/{message}", "/channels/1/messages/2").expect("it fits");
        assert_eq!((variables["channel"].as_str(), variables["message"].as_str()), ("1", "2"));
        assert_eq!(fit("/channels/{channel}", "/channels/1/messages"), None);
        assert_eq!(fit("/channels/{channel}", "/channels/"), None);
    }

    #[test]
    fn fixed_words_win_over_variables_and_a_wrong_method_is_told_apart() {
        let (route, _) = find("GET", "/channels/1/messages/pins").expect("it is a route");
        assert_eq!(route.template, "/channels/{channel}/messages/pins");
        assert_eq!(find("GET", "/nowhere").err(), Some(ApiError::NoSuchRoute));
        assert_eq!(find("POST", "/gateway").err(), Some(ApiError::MethodNotAllowed));
    }
}
