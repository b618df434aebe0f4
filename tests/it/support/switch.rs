//! A dead man's switch: counts who beats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server on loopback that counts the calls of one address.
pub struct Switch {
    pub url: String,
    beats: Arc<AtomicU64>,
}

impl Switch {
    /// Starts it; every call is answered with `status`, such as `200 OK`.
    pub async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/7f3a", listener.local_addr().unwrap());
        let beats = Arc::new(AtomicU64::new(0));
        let counted = beats.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counted = counted.clone();
                tokio::spawn(async move {
                    let mut read = vec![0; 4096];
                    let count = stream.read(&mut read).await.unwrap_or(0);
                    if read[..count].starts_with(b"GET /ping/7f3a ") {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: /ping/7f3a\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { url, beats }
    }

    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::SeqCst)
    }
}
