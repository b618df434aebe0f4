//! A guild to test in, and a bare client that speaks REST as a bot does.

use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::Value;
use standin::{ChannelKind, Discord, Id, NewChannel, Options, Person};

/// A stand-in with one person and one channel, and a client that trusts it.
pub struct World {
    pub discord: Discord,
    pub ana: Id,
    pub general: Id,
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Seen {
    /// Discord's own code for what is wrong.
    pub fn code(&self) -> u64 {
        self.body["code"].as_u64().unwrap_or_default()
    }

    pub fn id(&self) -> Id {
        self.body["id"].as_str().and_then(|id| id.parse().ok()).expect("an answer with an id")
    }
}

/// A client for which `discord.com` is the stand-in.
pub fn client(discord: &Discord) -> Client {
    let ca = Certificate::from_pem(discord.ca_pem().as_bytes()).expect("the CA is PEM");
    Client::builder().add_root_certificate(ca).resolve("discord.com", discord.address()).build().expect("a client")
}

impl World {
    /// Without rate limits, which have tests of their own.
    pub async fn start() -> Self {
        Self::with(Options { rate_limits: false, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let discord = Discord::start(options).await.expect("ports are free");
        let ana = discord.add_person(Person { id: None, name: "Ana", roles: vec![] });
        let general =
            discord.add_channel(NewChannel { id: None, name: "general", kind: ChannelKind::Text, parent: None });
        let client = client(&discord);
        Self { discord, ana, general, client }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        // `discord.com` has no port of its own in the real world; the resolver above brings one.
        let url = format!("https://discord.com/api/v10{path}");
        self.client.request(method, url).header("authorization", format!("Bot {}", self.discord.token()))
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Seen {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        seen(request).await.expect("the stand-in answers")
    }

    pub async fn get(&self, path: &str) -> Seen {
        self.call("GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Seen {
        self.call("POST", path, body).await
    }

    /// Writes a message in the general channel.
    pub async fn write(&self, body: Value) -> Seen {
        self.post(&format!("/channels/{}/messages", self.general), body).await
    }
}

pub async fn seen(request: RequestBuilder) -> Result<Seen, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok(Seen { status, headers, body })
}
