//! The beat for the dead man's switch.

use std::time::Duration;

/// How long a beat may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Calls one address, and shows it to nobody: whoever knows it could beat in our place.
#[derive(Clone)]
pub struct Heart {
    client: reqwest::Client,
    url: String,
}

impl Heart {
    /// A heart that beats at `url`. It follows no redirect: what is not where we were told is not our switch.
    pub fn new(url: String) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .use_rustls_tls()
            .user_agent(concat!("firebell/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(WITHIN)
            .build()?;
        Ok(Self { client, url })
    }

    /// Beats once; why it was not taken.
    pub async fn beat(&self) -> Result<(), String> {
        let answer = self.client.get(&self.url).send().await.map_err(|error| error.without_url().to_string())?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("it was answered with {status}")) }
    }
}
