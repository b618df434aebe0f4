//! A wire between the program and its database that a test can cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what goes over it, until it is cut.
pub struct Wire {
    port: u16,
    cut: Arc<AtomicBool>,
    cuts: watch::Sender<u64>,
}

impl Wire {
    /// Lays a wire to a port on this machine.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let cuts = watch::Sender::new(0);
        let (is_cut, cuts_seen) = (cut.clone(), cuts.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let mut cuts = cuts_seen.subscribe();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => (),
                        _ = cuts.changed() => (),
                    }
                });
            }
        });
        Self { port, cut, cuts }
    }

    /// The address of a database, over this wire.
    pub fn over(&self, url: &str) -> String {
        let (head, tail) = url.split_once("127.0.0.1:").unwrap();
        let (_, database) = tail.split_once('/').unwrap();
        format!("{head}127.0.0.1:{}/{database}", self.port)
    }

    /// Cuts it, or mends it. What was on its way is lost.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
        self.cuts.send_modify(|count| *count += 1);
    }
}
